//! A line and a level of its own for each month of the year: least squares with a trend and dummies, fitted by smartcore.

use super::method::History;
use super::student;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::linear_regression::{
    LinearRegression, LinearRegressionParameters, LinearRegressionSolverName,
};

/// Months of the year but one: that one is in the intercept.
const DUMMIES: usize = 11;
/// The trend, the dummies, and the intercept.
const PARAMETERS: usize = DUMMIES + 2;
/// As few as leave a degree of freedom. Any run of so many months has every month of the year, and one of them twice,
/// which tells the trend from the year: the columns are never collinear.
pub(super) const FEWEST: usize = PARAMETERS + 1;

type Model = LinearRegression<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// What was fitted to a history.
pub(super) struct Seasonal {
    model: Model,
    first_of_year: u16,
    months: usize,
    /// Residual standard error.
    s: f64,
}

impl Seasonal {
    /// Fits a history of at least [`FEWEST`] months; `None` for a shorter one, and where no finite fit exists.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn fit(history: &History<'_>) -> Option<Self> {
        let n = history.spent.len();
        if n < FEWEST {
            return None;
        }
        let rows = matrix(history.first_of_year, n, 0..n)?;
        let spent = history.spent.to_vec();
        let parameters = LinearRegressionParameters::default().with_solver(LinearRegressionSolverName::QR);
        let model = Model::fit(&rows, &spent, parameters).ok()?;
        let fitted = model.predict(&rows).ok()?;
        let sse: f64 = fitted.iter().zip(&spent).map(|(fit, spent)| (spent - fit).powi(2)).sum();
        let s = (sse / (n - PARAMETERS) as f64).sqrt();
        let fit = Self { model, first_of_year: history.first_of_year, months: n, s };
        s.is_finite().then_some(fit)
    }

    /// The fit for a month, counted from the first.
    pub(super) fn value(&self, place: usize) -> Option<f64> {
        let row = matrix(self.first_of_year, self.months, place..place + 1)?;
        self.model.predict(&row).ok()?.first().copied()
    }

    /// Half the width of its interval:
    /// `t(n−p)·s·√(1 + 1/n + (x0−x̄)²/Sxx)`, the trend's distance from the middle standing for that of all columns.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn half(&self, place: usize, level: f64) -> Option<f64> {
        let n = self.months as f64;
        let away = from_middle(place, n);
        // Σ(i − mean)² of 0, 1, …, n−1.
        let sxx = n * (n * n - 1.0) / 12.0;
        let t = student::two_sided(level, (self.months - PARAMETERS) as f64)?;
        Some(t * self.s * (1.0 + 1.0 / n + away * away / sxx).sqrt())
    }
}

/// Months from the middle of n. Centred, the trend is nearly orthogonal to the intercept, which the solver likes.
#[allow(clippy::cast_precision_loss)]
fn from_middle(place: usize, n: f64) -> f64 {
    place as f64 - (n - 1.0) / 2.0
}

/// A row for each place: the trend in units of the history's length, then the dummies.
#[allow(clippy::cast_precision_loss)]
fn matrix(first_of_year: u16, n: usize, places: std::ops::Range<usize>) -> Option<DenseMatrix<f64>> {
    let rows: Vec<Vec<f64>> = places
        .map(|place| {
            let mut row = vec![0.0; DUMMIES + 1];
            row[0] = from_middle(place, n as f64) / n as f64;
            let of_year = (usize::from(first_of_year) - 1 + place) % 12;
            if of_year > 0 {
                row[of_year] = 1.0;
            }
            row
        })
        .collect();
    DenseMatrix::from_2d_vec(&rows).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yearly(n: usize) -> Vec<f64> {
        let year = [100.0, 80.0, 90.0, 70.0, 60.0, 50.0, 120.0, 110.0, 65.0, 75.0, 85.0, 300.0];
        (0..n).map(|i| year[(i + 3) % 12] + 2.0 * f64::from(u32::try_from(i).expect("small"))).collect()
    }

    #[test]
    fn a_year_that_repeats_is_found_again() {
        for n in [FEWEST, 24, 40] {
            let spent = yearly(n);
            let fit = Seasonal::fit(&History { spent: &spent, first_of_year: 4 }).expect("a fit");
            let more = yearly(n + 36);
            for (place, actual) in more.iter().enumerate().skip(n) {
                let expected = fit.value(place).expect("finite");
                assert!((expected - actual).abs() < 1e-6, "{n}: {expected}, not {actual}");
                assert!(fit.half(place, 0.8).expect("finite") < 1e-6);
            }
        }
    }

    #[test]
    fn too_few_months_or_no_numbers_have_no_fit() {
        let none = |spent: &[f64]| Seasonal::fit(&History { spent, first_of_year: 1 }).is_none();
        assert!(none(&yearly(FEWEST - 1)));
        assert!(none(&[f64::NAN; 30]));
    }

    #[test]
    fn a_constant_stays_what_it_is() {
        let fit = Seasonal::fit(&History { spent: &[50.0; 30], first_of_year: 1 }).expect("a fit");
        assert!((fit.value(31).expect("finite") - 50.0).abs() < 1e-9);
    }
}
