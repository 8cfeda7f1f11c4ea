//! How well a method would have done: at each of the last months, what it would have said knowing only those before
//! (rolling origin, Tashman 2000).

use super::Share;
use super::method::{ForecastMethod, History};

/// What is longer ago tells little about now; it bounds the work, too.
const MOST_ORIGINS: usize = 24;

/// One method's record over the same months as every other's.
#[derive(Debug)]
pub(super) struct Record {
    /// What was spent less what was expected, month by month.
    pub errors: Vec<f64>,
    hits: usize,
    intervals: usize,
}

impl Record {
    /// Tries `method` at every month of the history from `fewest` known ones on, looking one month ahead. `None` if it
    /// has no answer at one of them.
    pub(super) fn of(
        method: ForecastMethod,
        history: &History<'_>,
        fewest: usize,
        level: f64,
    ) -> Option<Self> {
        let months = history.spent.len();
        let mut record = Self { errors: Vec::new(), hits: 0, intervals: 0 };
        for known in fewest.max(months.saturating_sub(MOST_ORIGINS))..months {
            let fitted = method.fit(&history.first(known))?;
            let actual = history.spent[known];
            if let Some(band) = fitted.band(known, level, &record.errors) {
                record.intervals += 1;
                record.hits += usize::from((band.low..=band.high).contains(&actual));
            }
            // What would have been told: an estimate below nothing never is.
            record.errors.push(actual - fitted.told(known)?);
        }
        Some(record)
    }

    /// The mean absolute error; `None` of none.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn mae(&self) -> Option<f64> {
        let sum: f64 = self.errors.iter().map(|error| error.abs()).sum();
        (!self.errors.is_empty()).then(|| sum / self.errors.len() as f64)
    }

    /// How many of its intervals held what was spent; `None` if there were none.
    pub(super) fn coverage(&self) -> Option<Share> {
        Share::of(self.hits, self.intervals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(method: ForecastMethod, spent: &[f64]) -> Record {
        Record::of(method, &History { spent, first_of_year: 1 }, 3, 0.8).expect("a record")
    }

    #[test]
    fn only_months_before_are_known() {
        let tried = record(ForecastMethod::Mean3, &[1.0, 2.0, 3.0, 4.0, 9.0]);
        assert_eq!(tried.errors, [2.0, 6.0]);
        assert_eq!(tried.mae(), Some(4.0));
        // The first has no error before it to make an interval of; t(1)·2 is 6.16 wide.
        assert_eq!((tried.intervals, tried.hits), (1, 1));
    }

    #[test]
    fn errors_are_those_of_what_would_have_been_told_which_is_never_below_nothing() {
        let falling = record(ForecastMethod::Ols, &[300.0, 200.0, 20.0, 60.0]);
        assert_eq!((&falling.errors[..], falling.mae()), (&[60.0][..], Some(60.0)));
    }

    #[test]
    fn a_line_goes_on_without_error() {
        let line: Vec<f64> = (1..40).map(f64::from).collect();
        let tried = record(ForecastMethod::Ols, &line);
        assert_eq!(tried.errors.len(), MOST_ORIGINS);
        assert!(tried.mae().expect("tried") < 1e-9);
    }

    #[test]
    fn what_was_never_tried_has_no_error() {
        let tried = record(ForecastMethod::Ols, &[1.0, 2.0, 4.0]);
        assert_eq!((tried.mae(), tried.coverage()), (None, None));
    }
}
