//! Quantiles of Student's t distribution.
//!
//! `P(|T| > t) = I_x(ν/2, 1/2)` with `x = ν/(ν + t²)` (Abramowitz & Stegun 26.7.1), `I` being the regularised incomplete
//! beta function: its continued fraction (DLMF 8.17.22) by Lentz's method, its factor from Lanczos' `ln Γ`.

/// Lanczos' approximation with g = 7 and nine terms (Godfrey's coefficients): about 15 digits.
const LANCZOS: [f64; 8] = [
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// The continued fraction needs about √max(a, b) rounds.
const MOST_ROUNDS: u32 = 10_000;

/// What stands in for a zero that would be divided by.
const TINY: f64 = 1e-300;

/// The `t` with `P(|T| ≤ t) = level` for `freedom` degrees of freedom. `None` unless 0 < level < 1 and freedom > 0.
pub(super) fn two_sided(level: f64, freedom: f64) -> Option<f64> {
    let sensible = level > 0.0 && level < 1.0 && freedom > 0.0 && freedom.is_finite();
    if !sensible {
        return None;
    }
    let outside = 1.0 - level;
    let mut low = 0.0;
    let mut high = 1.0;
    while tails(high, freedom)? > outside {
        (low, high) = (high, high * 2.0);
        if !high.is_finite() {
            return None;
        }
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return Some(middle);
        }
        if tails(middle, freedom)? > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// `P(|T| > t)`.
fn tails(t: f64, freedom: f64) -> Option<f64> {
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The regularised incomplete beta function. The fraction converges fast below the mean; above it the mirrored one does.
fn incomplete_beta(a: f64, b: f64, x: f64) -> Option<f64> {
    if x <= 0.0 || x >= 1.0 {
        return Some(if x <= 0.0 { 0.0 } else { 1.0 });
    }
    let factor = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        Some(factor * fraction(a, b, x)? / a)
    } else {
        Some(1.0 - factor * fraction(b, a, 1.0 - x)? / b)
    }
}

/// DLMF 8.17.22 by the modified Lentz method; `None` if it does not settle.
fn fraction(a: f64, b: f64, x: f64) -> Option<f64> {
    let kept = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut upper = 1.0;
    let mut lower = 1.0 / kept(1.0 - (a + b) * x / (a + 1.0));
    let mut result = lower;
    for round in 1..MOST_ROUNDS {
        let m = f64::from(round);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            lower = 1.0 / kept(1.0 + term * lower);
            upper = kept(1.0 + term / upper);
            change = upper * lower;
            result *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            return result.is_finite().then_some(result);
        }
    }
    None
}

/// `ln Γ(z)` for z ≥ ½, all that is asked here.
fn ln_gamma(z: f64) -> f64 {
    let z = z - 1.0;
    let mut series = 0.999_999_999_999_809_9;
    let mut place = z;
    for coefficient in LANCZOS {
        place += 1.0;
        series += coefficient / place;
    }
    let t = z + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (z + 0.5) * t.ln() - t + series.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST/SEMATECH e-Handbook 1.3.6.7.2 (three digits), and closed forms for 1 and 2 degrees of freedom.
    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        let table = [
            (0.80, 1.0, 3.078),
            (0.95, 1.0, 12.706),
            (0.90, 2.0, 2.920),
            (0.80, 5.0, 1.476),
            (0.95, 10.0, 2.228),
            (0.99, 30.0, 2.750),
            (0.998, 4.0, 7.173),
            (0.95, 48.0, 2.011),
            (0.80, 100.0, 1.290),
        ];
        for (level, freedom, expected) in table {
            let t = two_sided(level, freedom).expect("a quantile");
            assert!((t - expected).abs() < 5.1e-4, "t({level}, {freedom}) = {t}");
        }
    }

    #[test]
    fn the_quantiles_are_exact_where_there_is_a_formula() {
        for level in [0.01, 0.5, 0.8, 0.95, 0.9999] {
            let one = two_sided(level, 1.0).expect("a quantile");
            let cauchy = (std::f64::consts::FRAC_PI_2 * level).tan();
            assert!((one / cauchy - 1.0).abs() < 1e-10, "{one} {cauchy}");
            let two = two_sided(level, 2.0).expect("a quantile");
            let formula = level * (2.0 / (1.0 - level * level)).sqrt();
            assert!((two / formula - 1.0).abs() < 1e-10, "{two} {formula}");
        }
    }

    #[test]
    fn many_degrees_of_freedom_are_nearly_normal() {
        let t = two_sided(0.95, 1e5).expect("a quantile");
        assert!((t - 1.959_987_7).abs() < 1e-5, "{t}");
    }

    #[test]
    fn what_is_no_question_has_no_answer() {
        for (level, freedom) in
            [(0.0, 5.0), (1.0, 5.0), (-0.1, 5.0), (f64::NAN, 5.0), (0.5, 0.0), (0.5, f64::NAN)]
        {
            assert_eq!(two_sided(level, freedom), None, "{level} {freedom}");
        }
    }
}
