//! The best of the methods, and what it says about the months to come.

use super::Share;
use super::back_test::Record;
use super::method::{Band, ForecastMethod, History};
use super::seasonal;

/// From two whole years on, months of the year have levels of their own.
const SEASONAL_FROM: usize = 24;
/// Fewer months make no line whose error could be told.
const FEWEST: usize = 3;
/// A choice by fewer tries would be a choice by chance.
const FEWEST_TRIES: usize = 3;
/// Another method must have been this much better than least squares: what is nearly as good is not worth a change.
const WORTH_A_CHANGE: f64 = 0.95;

/// Least squares, the most telling first.
const SQUARES: [ForecastMethod; 2] = [ForecastMethod::OlsSeasonal, ForecastMethod::Ols];
/// What least squares has to beat.
const PLAIN: [ForecastMethod; 3] = [ForecastMethod::Mean3, ForecastMethod::Mean12, ForecastMethod::Median12];

/// Months to come, and how far to trust them.
#[derive(Debug)]
pub(crate) struct Forecast {
    /// How it was made.
    pub method: ForecastMethod,
    /// The first is the one after the history.
    pub months: Vec<Band>,
    /// Mean absolute error over the back-test; `None` if the history is too short for one.
    pub mae: Option<f64>,
    /// How many of the back-test's intervals held; `None` likewise.
    pub coverage: Option<Share>,
}

/// Looks `months` months beyond a history, with intervals that hold in `level` of all cases. `None` for no history, or
/// one without finite answers.
///
/// Least squares, seasonal from two years on, unless something plainer has done better when both were tried out on the
/// same past months.
pub(crate) fn forecast(history: &History<'_>, months: usize, level: Share) -> Option<Forecast> {
    let level = level.number();
    let (method, record) = choose(history, level)?;
    let fitted = method.fit(history)?;
    let first = history.spent.len();
    let errors = record.as_ref().map_or(&[][..], |record| &record.errors);
    let bands = (first..first + months).map(|place| fitted.band(place, level, errors));
    Some(Forecast {
        method,
        months: bands.collect::<Option<_>>()?,
        mae: record.as_ref().and_then(Record::mae),
        coverage: record.as_ref().and_then(Record::coverage),
    })
}

fn choose(history: &History<'_>, level: f64) -> Option<(ForecastMethod, Option<Record>)> {
    let n = history.spent.len();
    if n < FEWEST {
        return (n > 0).then_some((ForecastMethod::Median, None));
    }
    let seasonal = n >= SEASONAL_FROM;
    // All are tried on the same months, so the first is one that each can do.
    let first = if seasonal { seasonal::FEWEST } else { FEWEST };
    let squares: &[_] = if seasonal { &SQUARES } else { &SQUARES[1..] };
    let mut tried = squares.iter().chain(&PLAIN).filter_map(|method| {
        let record = Record::of(*method, history, first, level)?;
        Some((*method, record))
    });
    let (standard, record) = tried.next()?;
    let error = |record: &Record| record.mae().unwrap_or(f64::INFINITY);
    let bar = error(&record) * WORTH_A_CHANGE;
    let best = if record.errors.len() < FEWEST_TRIES {
        None
    } else {
        tried.min_by(|a, b| error(&a.1).total_cmp(&error(&b.1)))
    };
    let (method, record) = best.filter(|(_, record)| error(record) < bar).unwrap_or((standard, record));
    Some((method, Some(record)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead(spent: &[f64], months: usize) -> Forecast {
        forecast(&History { spent, first_of_year: 1 }, months, Share::USUAL_LEVEL).expect("a forecast")
    }

    fn rounded(forecast: &Forecast) -> Vec<f64> {
        forecast.months.iter().map(|band| (band.expected * 100.0).round() / 100.0).collect()
    }

    #[test]
    fn a_line_is_continued_by_least_squares() {
        let line: Vec<f64> = (0..12).map(|i| 100.0 + 10.0 * f64::from(i)).collect();
        let forecast = ahead(&line, 3);
        assert_eq!(forecast.method, ForecastMethod::Ols);
        assert_eq!(rounded(&forecast), [220.0, 230.0, 240.0]);
        assert_eq!(forecast.mae.map(f64::round), Some(0.0));
    }

    #[test]
    fn a_year_is_repeated_once_there_are_two() {
        let year = [100.0, 80.0, 90.0, 70.0, 60.0, 50.0, 120.0, 110.0, 65.0, 75.0, 85.0, 300.0];
        let forecast = ahead(&year.repeat(2), 12);
        assert_eq!(forecast.method, ForecastMethod::OlsSeasonal);
        assert_eq!(rounded(&forecast), year);
    }

    #[test]
    fn a_single_large_month_does_not_bend_the_rest() {
        let mut spent = vec![100.0, 110.0, 90.0, 105.0, 95.0, 100.0, 100.0, 110.0, 90.0, 100.0, 105.0];
        spent.insert(4, 5_000.0);
        assert_eq!(ahead(&spent, 1).method, ForecastMethod::Median12);
        assert_eq!(rounded(&ahead(&spent, 2)), [100.0, 100.0]);
    }

    #[test]
    fn three_months_make_a_line_and_fewer_a_median() {
        assert_eq!(ahead(&[1.0, 2.0, 4.0], 1).method, ForecastMethod::Ols);
        let two = ahead(&[10.0, 20.0], 2);
        assert_eq!((two.method, rounded(&two), two.mae), (ForecastMethod::Median, vec![15.0, 15.0], None));
        assert!(forecast(&History { spent: &[], first_of_year: 1 }, 1, Share::USUAL_LEVEL).is_none());
    }

    #[test]
    fn nothing_but_numbers_comes_out() {
        for spent in [vec![0.0; 40], vec![1e24; 40], vec![-5.0; 10], vec![0.0, 0.0, 1e24], vec![0.01; 3]] {
            for band in ahead(&spent, 36).months {
                assert!(
                    band.low <= band.expected && band.expected <= band.high && band.low >= 0.0,
                    "{band:?}"
                );
                assert!(band.high.is_finite());
            }
        }
        assert!(
            forecast(&History { spent: &[f64::NAN; 5], first_of_year: 1 }, 1, Share::USUAL_LEVEL).is_none()
        );
    }
}
