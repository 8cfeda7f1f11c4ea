//! A straight line through points: simple ordinary least squares (Draper & Smith, Applied Regression Analysis, ch. 1).

use super::student;

/// A fitted line `y = intercept + slope·x`, and how well it fits. All figures are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    /// Where it meets x = 0.
    pub intercept: f64,
    /// What y gains where x gains one.
    pub slope: f64,
    /// Standard error of the intercept.
    pub se_intercept: f64,
    /// Standard error of the slope.
    pub se_slope: f64,
    /// The share of y's variance that the line explains, 0 to 1; `None` where y does not vary.
    pub r2: Option<f64>,
    /// `sse` for each of the n − 2 degrees of freedom.
    pub mse: f64,
    /// Sum of the squared residuals.
    pub sse: f64,
    n: f64,
    mean_x: f64,
    mean_y: f64,
    sxx: f64,
}

/// What a line says at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prediction {
    /// The line itself.
    pub fit: f64,
    /// Half the width of the interval that holds the mean of y.
    pub mean_half: f64,
    /// Half the width of the interval that holds one more y.
    pub half: f64,
}

impl Line {
    /// The line through the points `(x, y)`. `None` where there is none, or no error to be told: fewer than three points,
    /// all x equal, a different number of x and y, figures that are not finite.
    ///
    /// All sums are of differences to the means: with raw sums NIST's Norris data loses four digits.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn fit(x: &[f64], y: &[f64]) -> Option<Self> {
        if x.len() != y.len() || x.len() < 3 {
            return None;
        }
        let n = x.len() as f64;
        let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let centred = || x.iter().zip(y).map(|(x, y)| (x - mean_x, y - mean_y));
        let sxx: f64 = centred().map(|(x, _)| x * x).sum();
        let sxy: f64 = centred().map(|(x, y)| x * y).sum();
        let syy: f64 = centred().map(|(_, y)| y * y).sum();
        // A spread of x below the rounding of x itself is no spread.
        let widest = x.iter().fold(0.0_f64, |widest, x| widest.max(x.abs()));
        if sxx.sqrt() <= widest * f64::EPSILON * n {
            return None;
        }
        let slope = sxy / sxx;
        let sse: f64 = centred().map(|(x, y)| (y - slope * x).powi(2)).sum();
        let mse = sse / (n - 2.0);
        let line = Self {
            intercept: mean_y - slope * mean_x,
            slope,
            se_intercept: (mse * (1.0 / n + mean_x * mean_x / sxx)).sqrt(),
            se_slope: (mse / sxx).sqrt(),
            r2: (syy > 0.0).then(|| (1.0 - sse / syy).max(0.0)),
            mse,
            sse,
            n,
            mean_x,
            mean_y,
            sxx,
        };
        line.is_finite().then_some(line)
    }

    /// What the line says at `x0`, reckoned from the middle of the points, where it is known best.
    pub(super) fn value(&self, x0: f64) -> f64 {
        self.mean_y + self.slope * (x0 - self.mean_x)
    }

    /// What the line says at `x0`, with intervals that hold the truth in `level` of all cases:
    /// `ŷ ± t(n−2)·s·√(1/n + (x0−x̄)²/Sxx)` for the mean, one more under the root for a single y. `None` unless finite.
    pub(crate) fn at(&self, x0: f64, level: f64) -> Option<Prediction> {
        let t = student::two_sided(level, self.n - 2.0)?;
        let away = x0 - self.mean_x;
        let near = 1.0 / self.n + away * away / self.sxx;
        let s = self.mse.sqrt();
        let prediction = Prediction {
            fit: self.value(x0),
            mean_half: t * s * near.sqrt(),
            half: t * s * (1.0 + near).sqrt(),
        };
        [prediction.fit, prediction.mean_half, prediction.half]
            .iter()
            .all(|f| f.is_finite())
            .then_some(prediction)
    }

    fn is_finite(&self) -> bool {
        let figures = [
            self.intercept,
            self.slope,
            self.se_intercept,
            self.se_slope,
            self.r2.unwrap_or_default(),
            self.mse,
            self.sse,
            self.mean_y,
            self.sxx,
        ];
        figures.iter().all(|figure| figure.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found}, not {expected}");
    }

    /// NIST, Statistical Reference Datasets, Norris: points and certified values.
    #[test]
    fn nist_norris_holds_to_nine_digits() {
        let points = [
            (0.2, 0.1),
            (337.4, 338.8),
            (118.2, 118.1),
            (884.6, 888.0),
            (10.1, 9.2),
            (226.5, 228.1),
            (666.3, 668.5),
            (996.3, 998.5),
            (448.6, 449.1),
            (777.0, 778.9),
            (558.2, 559.2),
            (0.4, 0.3),
            (0.6, 0.1),
            (775.5, 778.1),
            (666.9, 668.8),
            (338.0, 339.3),
            (447.5, 448.9),
            (11.6, 10.8),
            (556.0, 557.7),
            (228.1, 228.3),
            (995.8, 998.0),
            (887.6, 888.8),
            (120.2, 119.6),
            (0.3, 0.3),
            (0.3, 0.6),
            (556.8, 557.6),
            (339.1, 339.3),
            (887.2, 888.0),
            (999.0, 998.5),
            (779.0, 778.9),
            (11.1, 10.2),
            (118.3, 117.6),
            (229.2, 228.9),
            (669.1, 668.4),
            (448.9, 449.2),
            (0.5, 0.2),
        ];
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let line = Line::fit(&x, &y).expect("a line");
        near(line.intercept, -0.262_323_073_774_029, 1e-9);
        near(line.slope, 1.002_116_818_020_45, 1e-9);
        near(line.se_intercept, 0.232_818_234_301_152, 1e-9);
        near(line.se_slope, 0.000_429_796_848_199_937, 1e-9);
        near(line.r2.expect("y varies"), 0.999_993_745_883_712, 1e-9);
        near(line.mse, 0.782_864_662_630_069, 1e-9);
        near(line.sse, 26.617_398_529_422_4, 1e-9);
    }

    #[test]
    fn a_perfect_line_has_no_error() {
        let line = Line::fit(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0]).expect("a line");
        near(line.slope, 1.0, 1e-12);
        near(line.intercept, 0.0, 1e-12);
        near(line.r2.expect("y varies"), 1.0, 1e-12);
        near(line.se_slope, 0.0, 1e-12);
        let far = line.at(10.0, 0.95).expect("a prediction");
        near(far.fit, 10.0, 1e-12);
        near(far.half, 0.0, 1e-12);
    }

    /// R's `cars`: `lm(dist ~ speed)`, and `predict` at a speed of 12, 19 and 24.
    #[test]
    fn the_intervals_of_cars_are_those_of_r() {
        let speed = [
            4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15,
            16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25,
        ];
        let dist = [
            2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20, 26,
            54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120,
            85,
        ];
        let line = Line::fit(&speed.map(f64::from), &dist.map(f64::from)).expect("a line");
        near(line.intercept, -17.579_095, 1e-6);
        near(line.slope, 3.932_409, 1e-6);
        near(line.se_intercept, 6.758_440_2, 1e-6);
        near(line.se_slope, 0.415_512_8, 1e-6);
        near(line.at(20.0, 0.95).expect("a prediction").fit, 61.069_08, 1e-5);
        let at = line.at(12.0, 0.95).expect("a prediction");
        near(at.fit, 29.609_81, 1e-5);
        near(at.fit - at.half, -1.749_529, 1e-6);
        near(at.fit + at.half, 60.969_149, 1e-6);
        for (x0, low, high) in [(12.0, 24.4, 34.8), (19.0, 51.8, 62.4), (24.0, 68.4, 85.2)] {
            let at = line.at(x0, 0.95).expect("a prediction");
            near(at.fit - at.mean_half, low, 0.06);
            near(at.fit + at.mean_half, high, 0.06);
        }
    }

    #[test]
    fn where_there_is_no_line_there_is_none() {
        let none = |x: &[f64], y: &[f64]| assert_eq!(Line::fit(x, y), None);
        none(&[], &[]);
        none(&[1.0, 2.0], &[1.0, 2.0]);
        none(&[1.0, 2.0, 3.0], &[1.0, 2.0]);
        none(&[5.0; 4], &[1.0, 2.0, 3.0, 4.0]);
        none(&[0.1 + 0.2, 0.3, 0.3], &[1.0, 2.0, 3.0]);
        none(&[1.0, 2.0, f64::NAN], &[1.0, 2.0, 3.0]);
        none(&[1.0, 2.0, 3.0], &[1.0, f64::INFINITY, 3.0]);
        none(&[1e308, -1e308, 0.0], &[1e308, -1e308, 0.0]);
    }

    #[test]
    fn a_flat_line_explains_nothing() {
        let line = Line::fit(&[1.0, 2.0, 3.0], &[7.0; 3]).expect("a line");
        assert_eq!((line.slope, line.r2), (0.0, None));
    }
}
