//! Amounts of money: exact decimals, strings in JSON.

use crate::Refusal;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The most a single amount may be: 10^15. With at most four digits after the point this leaves room for more than
/// 10^9 such amounts in one sum and for the ×1000 of a threshold's comparison before a decimal's 28 digits are full.
/// (Imported amounts with up to seven leave room for 10^6 of the largest: more than fit in anybody's files.)
pub(super) const LARGEST: u128 = 1_000_000_000_000_000;

/// No currency has more digits after the point.
const MOST_DIGITS: u32 = 4;

/// What banks write may have more: up to so many after the point, if all its digits make a number up to this.
const MOST_IMPORTED_DIGITS: u32 = 7;
const LARGEST_IMPORTED: u128 = 10_000_000_000_000_000_000;

/// An exact decimal number of currency units. What commands carry is never negative; figures (spent, remaining,
/// balance) may be. Keeps the digits it was given: `12.50` stays `12.50`, though it equals `12.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(Decimal);

impl Amount {
    /// The most a single amount may be.
    pub(crate) const LARGEST: Self = Self(Decimal::from_parts(0xa4c6_8000, 0x3_8d7e, 0, false, 0));

    /// Nothing at all.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Reads `digits[.digits]`, above zero. Refuses, without a field, with `amount_not_a_number`, `amount_signed`,
    /// `amount_too_many_digits`, `amount_too_large`, `amount_zero`.
    pub fn read_positive(text: &str) -> Result<Self, Refusal> {
        let amount = Self::read(text)?;
        if amount.is_zero() {
            return Err(Refusal::plain("amount_zero", "an amount must be above zero"));
        }
        Ok(amount)
    }

    /// Like [`Amount::read_positive`], but zero is fine.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let (whole, fraction) = split_at_point(text)?;
        if fraction.len() > MOST_DIGITS as usize {
            return Err(too_many_digits(MOST_DIGITS));
        }
        Self::of_digits(whole, fraction)
    }

    /// Reads an amount as a transaction may show it: `-` in front, and as many digits as banks write.
    pub(crate) fn read_shown(text: &str) -> Result<Self, Refusal> {
        let unsigned = text.strip_prefix('-');
        let (whole, fraction) = split_at_point(unsigned.unwrap_or(text))?;
        let amount = Self::imported(whole, fraction)?;
        Ok(if unsigned.is_some() { amount.negated() } else { amount })
    }

    /// What a bank wrote, by its digits before and after the point: as they are, though no currency may have so many.
    /// Refuses, without a field, with `amount_too_many_digits`, `amount_too_large`.
    pub(crate) fn imported(whole: &str, fraction: &str) -> Result<Self, Refusal> {
        if fraction.len() > MOST_IMPORTED_DIGITS as usize {
            return Err(too_many_digits(MOST_IMPORTED_DIGITS));
        }
        let amount = Self::of_digits(whole, fraction)?;
        if amount.0.mantissa().unsigned_abs() > LARGEST_IMPORTED {
            return Err(Refusal::plain("amount_too_many_digits", "an amount has at most 19 digits"));
        }
        Ok(amount)
    }

    /// The same, if a bank could have written it; refused like [`Amount::imported`] if not.
    pub(crate) fn as_imported(self) -> Result<Self, Refusal> {
        let text = self.0.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        Self::imported(whole, fraction).map(|_| self)
    }

    /// ASCII digits before and after the point, at most seven of these.
    fn of_digits(whole: &str, fraction: &str) -> Result<Self, Refusal> {
        let fraction_digits = u32::try_from(fraction.len()).expect("the callers allow a few");
        let mut mantissa: u128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa * 10 + u128::from(digit - b'0');
            // Checked at every digit, so that the length of the text can't overflow the mantissa.
            if mantissa > LARGEST * 10_u128.pow(fraction_digits) {
                return Err(Refusal::plain("amount_too_large", "an amount is at most 10^15"));
            }
        }
        let mantissa = i128::try_from(mantissa).expect("at most 10^22, checked above");
        Ok(Self(Decimal::from_i128_with_scale(mantissa, fraction_digits)))
    }

    /// Refuses with `amount_too_many_digits` what has more digits after the point than `limit`.
    pub fn check_digits(self, limit: u32) -> Result<Self, Refusal> {
        if self.0.scale() > limit { Err(too_many_digits(limit)) } else { Ok(self) }
    }

    /// What a command may carry, as the number its digits make and how many of them, 7 at most, are after the point; `None`:
    /// no command may carry it.
    pub(crate) fn digits_and_scale(self) -> Option<(u64, u8)> {
        let digits = u64::try_from(self.0.mantissa()).ok()?;
        let scale = u8::try_from(self.0.scale()).ok()?;
        (u32::from(scale) <= MOST_IMPORTED_DIGITS).then_some((digits, scale))
    }

    /// The inverse of [`Amount::digits_and_scale`].
    pub(crate) fn from_digits(digits: u64, scale: u8) -> Self {
        Self(Decimal::from_i128_with_scale(digits.into(), scale.into()))
    }

    /// A figure of either sign, as far from zero as a single amount may be; `None` beyond that.
    pub(crate) fn figure(decimal: Decimal) -> Option<Self> {
        (decimal.abs() <= Self::LARGEST.0).then_some(Self::unsigned_zero(decimal))
    }

    /// How many minor units (cents) it is, for a currency with so many digits; what is finer is cut off.
    pub(crate) fn minor_units(self, digits: u32) -> i128 {
        let (mantissa, scale) = (self.0.mantissa(), self.0.scale());
        // 29 digits at most, and at most 4 more.
        if scale <= digits {
            mantissa * 10_i128.pow(digits - scale)
        } else {
            mantissa / 10_i128.pow(scale - digits)
        }
    }

    /// An estimate that was rounded to its currency's digits.
    pub(crate) fn estimated(decimal: Decimal) -> Self {
        Self::unsigned_zero(decimal)
    }

    /// Turning and rounding leave a sign on nothing, which would be told as `-0.00`.
    fn unsigned_zero(mut decimal: Decimal) -> Self {
        if decimal.is_zero() {
            decimal.set_sign_positive(true);
        }
        Self(decimal)
    }

    /// True for 0, however written.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// True above 0.
    pub fn is_positive(self) -> bool {
        self.0.is_sign_positive() && !self.0.is_zero()
    }

    /// The exact decimal.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The same with the sign turned.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::unsigned_zero(-self.0)
    }

    /// The sum. See the cap above: more than 10^9 of the largest amounts would have to be added up to overflow.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::unsigned_zero(self.0.checked_add(other.0).expect("amounts are capped so that sums fit"))
    }

    /// The difference; see [`Amount::plus`].
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self::unsigned_zero(self.0.checked_sub(other.0).expect("amounts are capped so that sums fit"))
    }

    /// What share of `whole`, which must be above zero, this is: with four digits after the point, exactly rounded, half
    /// away from zero. The division is one of whole numbers: a decimal's would round before the last digit is known.
    pub(crate) fn share_of(self, whole: Self) -> String {
        let scale = self.0.scale().max(whole.0.scale());
        // Sums have at most 28 digits and scales are small, so all of this stays far below the 38 digits of an i128.
        let units = |amount: Decimal| amount.mantissa() * 10_i128.pow(scale - amount.scale());
        let (part, whole) = (units(self.0).unsigned_abs(), units(whole.0).unsigned_abs());
        let rounded = (2 * 10_000 * part + whole) / (2 * whole);
        let sign = if self.0.is_sign_negative() && rounded > 0 { "-" } else { "" };
        format!("{sign}{}.{:04}", rounded / 10_000, rounded % 10_000)
    }

    /// By how many per cent of this amount, which must be above zero, another one differs from it: with at most two digits
    /// after the point, half away from zero.
    pub(crate) fn percent_to(self, other: Self) -> String {
        let hundredfold = (other.0 - self.0) * Decimal::ONE_HUNDRED;
        let percent = hundredfold / self.0;
        percent.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize().to_string()
    }

    /// So many times this amount, divided by `every` (above zero): rounded to so many digits, half away from zero.
    pub(crate) fn times_every(self, times: u16, every: u16, digits: u32) -> Self {
        let exact = self.times(times).0 / Decimal::from(every);
        Self::unsigned_zero(exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero))
    }

    /// This many times; used to compare shares of a limit without dividing.
    #[must_use]
    pub fn times(self, factor: u16) -> Self {
        Self(self.0.checked_mul(factor.into()).expect("amounts are capped so that a thousand-fold fits"))
    }
}

/// The digits before and after the point; everything else is refused with the name that fits best.
pub(super) fn split_at_point(text: &str) -> Result<(&str, &str), Refusal> {
    if let Some(b'-' | b'+') = text.as_bytes().first() {
        return Err(Refusal::plain(
            "amount_signed",
            "an amount has no sign: the transaction's type gives the direction",
        ));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(Refusal::plain(
            "amount_not_a_number",
            "an amount is digits with an optional point, as in \"12.50\"",
        ));
    }
    Ok((whole, if text.len() == whole.len() { "" } else { fraction }))
}

fn too_many_digits(limit: u32) -> Refusal {
    Refusal::plain("amount_too_many_digits", format!("at most {limit} digits after the point here"))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// JSON gets the text, the journal and the pages (mantissa, scale).
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.0)
        } else {
            // A scale is at most 28.
            (self.0.mantissa(), u8::try_from(self.0.scale()).unwrap_or(u8::MAX)).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
            text.parse().map(Self).map_err(D::Error::custom)
        } else {
            let (mantissa, scale) = <(i128, u8)>::deserialize(deserializer)?;
            Decimal::try_from_i128_with_scale(mantissa, scale.into()).map(Self).map_err(D::Error::custom)
        }
    }
}

/// An amount as it is kept in large numbers: 13 bytes anywhere, not 16 at every fourth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Amount", into = "Amount")]
pub(crate) struct PackedAmount([u8; 13]);

// Of the 16 bytes a decimal gives away, 0 and 1 are unused, 2 is the scale, and all of 3 is the sign in its highest bit.
impl From<Amount> for PackedAmount {
    fn from(amount: Amount) -> Self {
        let [_, _, scale, sign, digits @ ..] = amount.0.serialize();
        let mut packed = [0; 13];
        packed[0] = scale | sign;
        packed[1..].copy_from_slice(&digits);
        Self(packed)
    }
}

impl From<PackedAmount> for Amount {
    fn from(PackedAmount([head, digits @ ..]): PackedAmount) -> Self {
        let mut bytes = [0; 16];
        (bytes[2], bytes[3]) = (head & 0x7f, head & 0x80);
        bytes[4..].copy_from_slice(&digits);
        Self(Decimal::deserialize(bytes))
    }
}

/// An amount whose digits make a number below 2^32, in five bytes: with two digits after the point up to 42,949,672.95.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SmallAmount {
    digits: [u8; 4],
    /// The number of digits after the point; [`NEGATIVE`] is added below zero.
    scale: u8,
}

const NEGATIVE: u8 = 0x80;

impl SmallAmount {
    /// `None`: it has too many digits.
    pub(crate) fn of(amount: Amount) -> Option<Self> {
        let digits = u32::try_from(amount.0.mantissa().unsigned_abs()).ok()?;
        let scale = u8::try_from(amount.0.scale()).ok()?;
        let sign = if amount.0.is_sign_negative() { NEGATIVE } else { 0 };
        Some(Self { digits: digits.to_le_bytes(), scale: scale | sign })
    }
}

impl From<SmallAmount> for Amount {
    fn from(SmallAmount { digits, scale }: SmallAmount) -> Self {
        let digits = u32::from_le_bytes(digits);
        Self(Decimal::from_parts(digits, 0, 0, scale & NEGATIVE != 0, (scale & !NEGATIVE).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Amount::read_positive(text).expect_err("must be refused").code.into_owned()
    }

    #[test]
    fn nothing_has_no_sign() {
        let (zero, cent) = (Amount::read("0.00").expect("zero"), Amount::read("0.01").expect("a cent"));
        let told = [zero.negated(), cent.negated().plus(cent), cent.minus(cent), zero.negated().minus(zero)];
        assert_eq!(told.map(|amount| amount.to_string()), ["0.00"; 4]);
        let tiny = -Decimal::new(1, 4);
        assert_eq!(Amount::figure(tiny.round_dp(2)).expect("small").to_string(), "0.00");
    }

    #[test]
    fn an_amount_keeps_the_digits_it_was_given() {
        for text in ["12.50", "12.5", "7", "0.01", "1000000000000000", "999999999999999.9999"] {
            assert_eq!(Amount::read_positive(text).expect("fine").to_string(), text);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_by_name() {
        for text in ["", ".", "1.", ".5", "1,5", "1e400", "NaN", "inf", " 1", "1 ", "0x10", "١"] {
            assert_eq!(code(text), "amount_not_a_number", "{text:?}");
        }
        assert_eq!(code("-5"), "amount_signed");
        assert_eq!(code("+5"), "amount_signed");
        assert_eq!(code("0"), "amount_zero");
        assert_eq!(code("0.00"), "amount_zero");
        assert_eq!(code("0.00001"), "amount_too_many_digits");
        assert_eq!(code("1000000000000000.01"), "amount_too_large");
        assert_eq!(code(&"9".repeat(5_000)), "amount_too_large");
        assert_eq!(code(&format!("0.{}", "0".repeat(5_000))), "amount_too_many_digits");
    }

    #[test]
    fn an_amount_survives_the_journal_with_its_digits() {
        let amount = Amount::read("12.50").expect("fine").negated();
        let bytes = postcard::to_allocvec(&amount).expect("encodes");
        assert_eq!(bytes.len(), 3);
        let back: Amount = postcard::from_bytes(&bytes).expect("decodes");
        assert_eq!(back.to_string(), "-12.50");
    }

    #[test]
    fn a_share_is_rounded_half_away_from_zero() {
        let share = |part: &str, whole: &str| {
            let part: Decimal = part.parse().expect("a number");
            Amount(part).share_of(Amount::read(whole).expect("fine"))
        };
        let shares = [
            ("1", "3", "0.3333"),
            ("2", "3", "0.6667"),
            ("0.00005", "1", "0.0001"),
            ("-0.00005", "1", "-0.0001"),
            ("-0.00004", "1", "0.0000"),
            ("0.000149999999999999999", "1", "0.0001"),
            ("-300", "200.00", "-1.5000"),
            ("50", "50", "1.0000"),
            ("-1000000000000000000000000", "0.01", "-100000000000000000000000000.0000"),
        ];
        for (part, whole, expected) in shares {
            assert_eq!(share(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn a_change_is_told_in_per_cent_of_what_was() {
        let amount = |text: &str| Amount::read(text).expect("fine");
        for (old, new, percent) in
            [("9.99", "10.99", "10.01"), ("10", "15", "50"), ("3", "2", "-33.33"), ("800", "800.04", "0.01")]
        {
            assert_eq!(amount(old).percent_to(amount(new)), percent, "{old} to {new}");
        }
    }

    #[test]
    fn a_year_of_something_is_rounded_to_its_currency() {
        let year = |text: &str, times, every| {
            Amount::read(text).expect("fine").times_every(times, every, 2).to_string()
        };
        assert_eq!((year("9.99", 12, 1), year("10", 12, 7)), ("119.88".to_owned(), "17.14".to_owned()));
        assert_eq!(year("1000000000000000", 52, 1), "52000000000000000");
    }

    #[test]
    fn the_largest_amount_is_the_largest_that_is_read() {
        assert_eq!(Amount::LARGEST, Amount::read("1000000000000000").expect("fine"));
        assert_eq!(Amount::figure(Amount::LARGEST.0 + Decimal::new(1, 4)), None);
    }

    #[test]
    fn a_packed_amount_is_the_same_amount() {
        let largest = Amount(Decimal::MAX);
        for amount in [Amount::ZERO, Amount::read("12.50").expect("fine"), largest] {
            for amount in [amount, amount.negated()] {
                let back: Amount = PackedAmount::from(amount).into();
                assert_eq!(back.to_string(), amount.to_string());
            }
        }
    }

    #[test]
    fn a_small_amount_is_the_same_amount_or_none() {
        let amount = |text| Amount::read(text).expect("fine");
        for (text, is_small) in
            [("0.00", true), ("12.50", true), ("42949672.95", true), ("42949672.96", false)]
        {
            for amount in [amount(text), amount(text).negated()] {
                let back = SmallAmount::of(amount).map(|small| Amount::from(small).to_string());
                assert_eq!(back, is_small.then(|| amount.to_string()), "{amount}");
            }
        }
    }
}
