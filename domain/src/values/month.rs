//! Calendar months.

use crate::{Date, Refusal};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A month from 1900-01 to 2200-12, counted from 1900-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u16);

impl Month {
    /// The first month there is.
    pub(crate) const FIRST: Self = Self(0);

    /// Reads `YYYY-MM`. Refuses with `invalid_month`, without a field.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::plain("invalid_month", "a month is YYYY-MM, from 1900-01 to 2200-12");
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == 7
            && bytes.iter().enumerate().all(|(i, b)| if i == 4 { *b == b'-' } else { b.is_ascii_digit() });
        if !well_formed {
            return Err(invalid());
        }
        let (year, month) = (text[..4].parse(), text[5..].parse());
        year.ok().zip(month.ok()).and_then(|(year, month)| Self::new(year, month)).ok_or_else(invalid)
    }

    /// The month of a year from 1900 to 2200; `month` is 1..=12. `None` for anything else.
    pub fn new(year: u16, month: u16) -> Option<Self> {
        let inside = (1900..=2200).contains(&year) && (1..=12).contains(&month);
        inside.then(|| Self((year - 1900) * 12 + month - 1))
    }

    /// The month after it, unless it is the last there is.
    pub fn next(self) -> Option<Self> {
        Some(Self(self.0 + 1)).filter(|next| next.year() <= 2200)
    }

    /// The month before it, unless it is the first there is.
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// How many months later it is than another one, which may not be after it.
    pub(crate) fn since(self, earlier: Self) -> Option<u16> {
        self.0.checked_sub(earlier.0)
    }

    /// The year it is in.
    pub fn year(self) -> u16 {
        1900 + self.0 / 12
    }

    /// Which of its year, 1 to 12.
    pub(crate) fn of_year(self) -> u16 {
        self.0 % 12 + 1
    }

    /// So many months later (earlier if negative); `None` outside 1900 to 2200.
    pub(crate) fn plus(self, months: i32) -> Option<Self> {
        let number = u16::try_from(i32::from(self.0).checked_add(months)?).ok()?;
        Self::new((number / 12).checked_add(1900)?, number % 12 + 1)
    }

    /// The date of a day of the month, 1 to 31; its last where it has fewer.
    pub(crate) fn day(self, day: u16) -> Date {
        let (first, last) = (28.min(day.max(1)), day.min(31));
        (first..=last)
            .rev()
            .find_map(|day| Date::new(self.year(), self.of_year(), day))
            .expect("every month has days up to the 28th")
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.of_year())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// JSON gets the text, the journal and the pages the number.
impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            let number = u16::deserialize(deserializer)?;
            Self::new((number / 12).saturating_add(1900), number % 12 + 1)
                .ok_or_else(|| D::Error::custom("not a month"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_reads_and_writes_itself() {
        for text in ["1900-01", "2026-02", "2200-12"] {
            assert_eq!(Month::read(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn months_follow_each_other_to_the_end_of_the_calendar() {
        let month = |text| Month::read(text).expect(text);
        assert_eq!(month("2026-12").next(), Some(month("2027-01")));
        assert_eq!(month("2027-01").previous(), Some(month("2026-12")));
        assert_eq!((month("2200-12").next(), month("1900-01").previous()), (None, None));
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in ["2026-13", "2026-00", "1899-12", "2201-01", "2026-2", "2026-02-01", "", "février"] {
            assert_eq!(Month::read(text).expect_err(text).code, "invalid_month");
        }
    }
}
