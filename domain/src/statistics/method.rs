//! The ways to look ahead.

use super::regression::Line;
use super::seasonal::Seasonal;
use super::student;
use serde::{Deserialize, Serialize};

/// How a forecast was made. The order is the journal's format: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastMethod {
    /// A straight line through all months, by least squares.
    Ols,
    /// The same with a level of its own for each month of the year.
    OlsSeasonal,
    /// The mean of the last three months.
    #[serde(rename = "mean_3")]
    Mean3,
    /// The mean of the last twelve months.
    #[serde(rename = "mean_12")]
    Mean12,
    /// The median of the last twelve months.
    #[serde(rename = "median_12")]
    Median12,
    /// The median of all months: there are fewer than three.
    Median,
}

/// What was spent in each of some months in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History<'a> {
    /// By month.
    pub spent: &'a [f64],
    /// The first month's place in its year, 1 to 12.
    pub first_of_year: u16,
}

impl History<'_> {
    /// Its first months.
    pub(super) fn first(&self, months: usize) -> History<'_> {
        History { spent: &self.spent[..months], first_of_year: self.first_of_year }
    }
}

/// What is expected of one month. Spending is seldom below nothing, so nothing here is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Band {
    /// The estimate.
    pub expected: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

/// Nothing is expected below nothing.
fn floored(figure: f64) -> f64 {
    figure.max(0.0)
}

impl Band {
    fn around(fit: f64, half: f64) -> Self {
        Self { expected: floored(fit), low: floored(fit - half), high: floored(fit + half) }
    }
}

/// A method, fitted to a history.
pub(super) enum Fitted {
    Line(Line),
    Seasonal(Box<Seasonal>),
    /// The same for every month.
    Level(f64),
    /// The same for every month, from a history too short to have been tried: half the interval's width is known apart.
    Few(f64, Vec<f64>),
}

impl ForecastMethod {
    /// Fits it; `None` where the history is too short, or has no finite fit.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn fit(self, history: &History<'_>) -> Option<Fitted> {
        let spent = history.spent;
        let level = |level: f64| level.is_finite().then_some(Fitted::Level(level));
        match self {
            Self::Ols => {
                let places: Vec<f64> = (0..spent.len()).map(|place| place as f64).collect();
                Line::fit(&places, spent).map(Fitted::Line)
            }
            Self::OlsSeasonal => Seasonal::fit(history).map(|fit| Fitted::Seasonal(Box::new(fit))),
            Self::Mean3 => level(mean(last(spent, 3))?),
            Self::Mean12 => level(mean(last(spent, 12))?),
            Self::Median12 => level(median(last(spent, 12))?),
            Self::Median => Some(Fitted::Few(median(spent)?, spent.to_vec())),
        }
    }
}

impl Fitted {
    /// The estimate for a month, counted from the history's first.
    #[allow(clippy::cast_precision_loss)]
    fn value(&self, place: usize) -> Option<f64> {
        let value = match self {
            Self::Line(line) => line.value(place as f64),
            Self::Seasonal(fit) => fit.value(place)?,
            Self::Level(level) | Self::Few(level, _) => *level,
        };
        value.is_finite().then_some(value)
    }

    /// The estimate as it is told.
    pub(super) fn told(&self, place: usize) -> Option<f64> {
        self.value(place).map(floored)
    }

    /// The same with the interval that holds it in `level` of all cases. Lines bring their own; a mean or median has that
    /// of its `errors` when it was tried out.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn band(&self, place: usize, level: f64, errors: &[f64]) -> Option<Band> {
        let half = match self {
            Self::Line(line) => line.at(place as f64, level)?.half,
            Self::Seasonal(fit) => fit.half(place, level)?,
            Self::Level(_) => spread(errors, level)?,
            Self::Few(_, spent) => few(spent, level)?,
        };
        half.is_finite().then_some(Band::around(self.value(place)?, half))
    }
}

/// Half the width of the interval that earlier errors suggest: so many of them were smaller (split conformal prediction,
/// Lei et al. 2018: the ⌈(k+1)·level⌉-th smallest, between two of them in proportion). Where that would be beyond the
/// largest, t(k) times their root mean square.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn spread(errors: &[f64], level: f64) -> Option<f64> {
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let k = sizes.len() as f64;
    let rank = (k + 1.0) * level;
    if rank >= 1.0 && rank <= k {
        let (below, between) = (rank.floor() as usize, rank.fract());
        let lower = sizes[below - 1];
        let upper = sizes.get(below).copied().unwrap_or(lower);
        return Some(lower + between * (upper - lower));
    }
    let mean_square = sizes.iter().map(|size| size * size).sum::<f64>() / k;
    (k > 0.0).then(|| student::two_sided(level, k))?.map(|t| t * mean_square.sqrt())
}

/// Of two months the median is the mean: `t(1)·s·√(1 + 1/2)`. One month says nothing about how they differ: it may as
/// well be nothing or twice as much.
fn few(spent: &[f64], level: f64) -> Option<f64> {
    match spent {
        [one] => Some(one.abs()),
        [a, b] => Some(student::two_sided(level, 1.0)? * (a - b).abs() / 2.0_f64.sqrt() * 1.5_f64.sqrt()),
        _ => None,
    }
}

fn last(spent: &[f64], months: usize) -> &[f64] {
    &spent[spent.len().saturating_sub(months)..]
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
        assert_eq!((mean(&[1.0, 2.0]), mean(&[])), (Some(1.5), None));
    }

    #[test]
    fn the_errors_of_the_past_are_the_width_of_the_future() {
        let errors = [1.0, -2.0, 3.0, -4.0];
        assert_eq!(spread(&errors, 0.8), Some(4.0));
        assert_eq!(spread(&errors, 0.5), Some(2.5));
        let wide = spread(&errors, 0.95).expect("t");
        assert!((wide - 2.776_445 * 7.5_f64.sqrt()).abs() < 1e-4, "{wide}");
        assert_eq!(spread(&[], 0.8), None);
    }

    #[test]
    fn nothing_is_expected_below_nothing() {
        let falling = History { spent: &[30.0, 20.0, 10.0], first_of_year: 1 };
        let fitted = ForecastMethod::Ols.fit(&falling).expect("a line");
        assert_eq!(fitted.band(5, 0.8, &[]), Some(Band { expected: 0.0, low: 0.0, high: 0.0 }));
    }

    #[test]
    fn one_month_alone_is_as_uncertain_as_it_is_large() {
        let fitted =
            ForecastMethod::Median.fit(&History { spent: &[40.0], first_of_year: 1 }).expect("a fit");
        assert_eq!(fitted.band(1, 0.8, &[]), Some(Band { expected: 40.0, low: 0.0, high: 80.0 }));
    }
}
