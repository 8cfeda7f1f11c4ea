//! Where a month that has begun will end, if it goes on like months before it did: decimals throughout, so that every
//! machine says the same.

use super::Share;
use crate::Amount;
use rust_decimal::{Decimal, RoundingStrategy};

/// A month's spending in minor units (cents), cut in two at some day. Whole numbers, because every command asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pace {
    /// Up to that day.
    pub before: i128,
    /// After it.
    pub after: i128,
}

impl Pace {
    /// Where this month would end if it went on as `past` did. What is usual by now and has not come yet is still to
    /// come; what is known to come later (rent entered ahead) is not expected a second time.
    pub(crate) fn ends_like(self, past: Self) -> i128 {
        self.before.max(past.before) + self.after.max(past.after)
    }
}

/// How likely something is, from how many of the past months speak for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chance {
    /// Months that speak for it.
    pub with: usize,
    /// All months looked at.
    pub of: usize,
}

impl Chance {
    /// (k + ½) ÷ (n + 1): what is to be expected of a share of which k in n were seen, with Jeffreys' prior (Beta(½, ½)).
    pub(crate) fn share(self) -> Share {
        Share::of(2 * self.with + 1, 2 * self.of + 2).expect("a part of the whole")
    }

    /// Above 80 %.
    pub(crate) fn is_high(self) -> bool {
        5 * (2 * self.with + 1) > 4 * (2 * self.of + 2)
    }

    /// Under 50 %.
    pub(crate) fn is_low(self) -> bool {
        2 * self.with < self.of
    }
}

/// The mean of where the month would end, in minor units of so many digits, rounded half away from zero. Zero of none.
pub(crate) fn mean(ends: &[i128], digits: u32) -> Amount {
    // Amounts are capped so that sums fit, these with room to spare.
    let sum = Decimal::from_i128_with_scale(ends.iter().sum(), digits);
    let mean = sum.checked_div(Decimal::from(ends.len())).unwrap_or_default();
    let mut rounded = mean.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(digits);
    Amount::estimated(rounded)
}

/// The month's so manieth day on which the limit is passed if spending goes on evenly from `today` to what the month is
/// expected to end at; its last day where that is not above the limit.
pub(crate) fn exceeds_on(today: u16, last: u16, spent: Amount, expected: Amount, limit: Amount) -> u16 {
    if expected <= limit {
        return last;
    }
    let days = last.saturating_sub(today);
    let (room, rise) = (limit.minus(spent).decimal(), expected.minus(spent).decimal());
    // Multiplied first, so that what comes out even is even.
    let passed = room
        .max(Decimal::ZERO)
        .checked_mul(Decimal::from(days))
        .and_then(|room| room.checked_div(rise))
        .unwrap_or_default();
    let after = u16::try_from(passed.trunc().mantissa()).unwrap_or(days);
    today + after.saturating_add(1).min(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::read(text).expect("an amount")
    }

    fn pace(before: i128, after: i128) -> Pace {
        Pace { before, after }
    }

    #[test]
    fn a_month_goes_on_as_another_did() {
        let rent = pace(900, 0);
        let groceries = pace(100, 200);
        let cases = [
            (pace(900, 0), rent, 900),
            (pace(0, 0), rent, 900),
            (pace(0, 900), rent, 1800),
            (pace(150, 0), groceries, 350),
            (pace(20, 0), groceries, 300),
            (pace(20, 250), groceries, 350),
        ];
        for (now, past, end) in cases {
            assert_eq!(now.ends_like(past), end, "{now:?} like {past:?}");
        }
    }

    #[test]
    fn a_chance_is_never_certain() {
        let cases = [
            (3, 3, "0.875", true, false),
            (2, 3, "0.625", false, false),
            (1, 3, "0.375", false, true),
            (0, 3, "0.125", false, true),
            (10, 12, "0.8077", true, false),
            (9, 12, "0.7308", false, false),
            (6, 12, "0.5", false, false),
            (5, 12, "0.4231", false, true),
        ];
        for (with, of, share, high, low) in cases {
            let chance = Chance { with, of };
            assert_eq!(serde_json::to_string(&chance.share()).expect("JSON"), share);
            assert_eq!((chance.is_high(), chance.is_low()), (high, low), "{chance:?}");
        }
    }

    #[test]
    fn the_mean_has_the_currencys_digits() {
        assert_eq!(mean(&[100, 100, 1], 2).to_string(), "0.67");
        assert_eq!((mean(&[1, 2], 0).to_string(), mean(&[], 2).to_string()), ("2".into(), "0.00".into()));
    }

    #[test]
    fn the_day_is_where_an_even_pace_meets_the_limit() {
        let day = |today, spent, expected, limit| {
            exceeds_on(today, 28, amount(spent), amount(expected), amount(limit))
        };
        assert_eq!(day(8, "50", "150", "100"), 19);
        assert_eq!(day(8, "100", "150", "100"), 9);
        assert_eq!(day(8, "0", "100.01", "100"), 28);
        assert_eq!(day(28, "0", "150", "100"), 28);
        assert_eq!(day(8, "0", "90", "100"), 28, "more months say so than not, the mean does not");
        assert_eq!(day(8, "0", "1000000000000000", "0"), 9);
        assert_eq!(day(8, "10", "20", "0"), 9, "a limit below what is spent");
    }
}
