//! Exchange rates.

use super::amount::split_at_point;
use crate::{Amount, Refusal};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::hash::{Hash, Hasher};

/// Digits after the point that a rate may have, and that one turned around is rounded to.
const MOST_DIGITS: u32 = 12;
/// 10^12: rates are counted in units of the last digit they may have.
const UNITS: u128 = 1_000_000_000_000;
/// The most a rate may be: 10^9.
const LARGEST: u128 = 1_000_000_000 * UNITS;

/// How many units of one currency a unit of another is worth: above zero, at most 10^9, at most 12 digits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u128);

impl Rate {
    /// Of a currency to itself.
    pub(crate) const ONE: Self = Self(UNITS);

    /// Reads `digits[.digits]`. Refuses with `invalid_rate`, without a field.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let (whole, fraction) = split_at_point(text).map_err(|_| invalid())?;
        let missing = MOST_DIGITS.checked_sub(u32::try_from(fraction.len()).unwrap_or(u32::MAX));
        let mut units: u128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            units = units * 10 + u128::from(digit - b'0');
            // Checked at every digit, so that the length of the text can't overflow.
            if units > LARGEST {
                return Err(invalid());
            }
        }
        let units = units * 10_u128.pow(missing.ok_or_else(invalid)?);
        Self::of(units).ok_or_else(invalid)
    }

    fn of(units: u128) -> Option<Self> {
        (1..=LARGEST).contains(&units).then_some(Self(units))
    }

    /// The rate the other way around, rounded half away from zero; `None` where that would be no rate.
    pub(crate) fn turned(self) -> Option<Self> {
        Self::of((2 * UNITS * UNITS + self.0) / (2 * self.0))
    }

    /// The rate from one currency to a third, by way of another: rounded half away from zero; `None` where that would be no rate.
    pub(crate) fn times(self, next: Self) -> Option<Self> {
        // 10^21 × 10^21 would not fit: whole units and their fractions apart.
        let whole = self.0.checked_mul(next.0 / UNITS)?;
        let rest = self.0.checked_mul(next.0 % UNITS)?;
        Self::of(whole.checked_add((2 * rest + UNITS) / (2 * UNITS))?)
    }

    /// What an amount comes to in a currency with so many digits, rounded half away from zero, with the amount's sign. `None` if
    /// that is more than an amount can be.
    pub(crate) fn convert(self, amount: Amount, digits: u32) -> Option<Amount> {
        let decimal = amount.decimal();
        let mantissa = decimal.mantissa().unsigned_abs();
        // 10^19 (a large amount) × 10^21 (a large rate) would not fit: whole units and their fractions apart.
        let whole = mantissa.checked_mul(self.0 / UNITS).filter(|whole| *whole <= 10_u128.pow(20))?;
        let exact = (whole * UNITS).checked_add(mantissa.checked_mul(self.0 % UNITS)?)?;
        let unit = 10_u128.pow((decimal.scale() + MOST_DIGITS).checked_sub(digits)?);
        let rounded = i128::try_from((2 * exact + unit) / (2 * unit)).ok()?;
        let signed = if decimal.is_sign_negative() { -rounded } else { rounded };
        Amount::figure(Decimal::try_from_i128_with_scale(signed, digits).ok()?)
    }

    fn decimal(self) -> Decimal {
        let units = i128::try_from(self.0).expect("at most LARGEST");
        Decimal::from_i128_with_scale(units, MOST_DIGITS).normalize()
    }
}

fn invalid() -> Refusal {
    Refusal::plain(
        "invalid_rate",
        "a rate is a string of digits with an optional point, as in \"0.9234\": above 0, at most 10^9, at most 12 digits after the point",
    )
}

/// By bytes: hashes of commands are kept for ever.
impl Hash for Rate {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(&self.0.to_le_bytes());
    }
}

/// JSON gets the text, the journal and the pages the units.
impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.decimal())
        } else {
            serializer.serialize_u128(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            Self::of(u128::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not a rate"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_converted_and_rounded_half_away_from_zero() {
        let cases = [
            ("10", "0.92", 2, "9.20"),
            ("0.05", "0.5", 2, "0.03"),
            ("0.04", "0.1", 2, "0.00"),
            ("100", "163.25", 0, "16325"),
            ("1", "0.5", 0, "1"),
            ("1.005", "1", 2, "1.01"),
            ("999999999999999.9999", "1", 4, "999999999999999.9999"),
            ("1000000000000000", "0.000000000001", 2, "1000.00"),
        ];
        for (amount, rate, digits, expected) in cases {
            let (amount, rate) = (Amount::read(amount).expect(amount), Rate::read(rate).expect(rate));
            let found = rate.convert(amount, digits).expect("fits").to_string();
            assert_eq!(found, expected, "{amount} at {rate:?}");
            let below = rate.convert(amount.negated(), digits).expect("fits");
            assert_eq!(below, rate.convert(amount, digits).expect("fits").negated(), "the same below zero");
        }
    }

    #[test]
    fn what_no_amount_can_hold_is_none() {
        let largest = Amount::read("1000000000000000").expect("fine");
        for rate in ["1.000000000001", "2", "1000000000"] {
            assert_eq!(Rate::read(rate).expect(rate).convert(largest, 2), None, "{rate}");
        }
    }

    #[test]
    fn a_rate_may_be_turned_around() {
        let turned =
            |rate: &str| Rate::read(rate).expect(rate).turned().map(|rate| rate.decimal().to_string());
        assert_eq!(turned("1.10").as_deref(), Some("0.909090909091"));
        assert_eq!(turned("0.5").as_deref(), Some("2"));
        assert_eq!(turned("1000000000").as_deref(), Some("0.000000001"));
        assert_eq!(turned("0.000000000001"), None);
    }

    #[test]
    fn a_rate_leads_to_a_third_currency() {
        let times = |one: &str, next: &str| {
            let (one, next) = (Rate::read(one).expect(one), Rate::read(next).expect(next));
            one.times(next).map(|rate| rate.decimal().to_string())
        };
        assert_eq!(times("0.9", "0.85").as_deref(), Some("0.765"));
        assert_eq!(times("163.25", "0.000001000001").as_deref(), Some("0.000163250163"));
        assert_eq!(times("0.5", "0.000000000001").as_deref(), Some("0.000000000001"));
        assert_eq!(times("999999999.999999999999", "1").as_deref(), Some("999999999.999999999999"));
        assert_eq!(times("1000000000", "1000000000"), None);
        assert_eq!(times("0.000001", "0.0000001"), None);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        let long = "9".repeat(29);
        for text in
            ["", "0", "0.000", "-1", "+1", "1e400", "NaN", "1,5", "0.0000000000001", "1000000000.1", &long]
        {
            assert_eq!(Rate::read(text).expect_err(text).code, "invalid_rate");
        }
    }
}
