//! Civil dates.

use crate::{Month, Refusal};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A civil date from 1900-01-01 to 2200-12-31, packed so that the order of the numbers is that of the days.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(u32);

impl Date {
    /// The first date there is.
    pub const FIRST: Self = Self((1 << 5) | 1);
    /// The last date there is.
    pub const LAST: Self = Self((300 << 9) | (12 << 5) | 31);

    /// Reads `YYYY-MM-DD`. Refuses with `invalid_date`, without a field.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let invalid =
            || Refusal::plain("invalid_date", "a date is YYYY-MM-DD, from 1900 to 2200, and on the calendar");
        match text.as_bytes() {
            [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] => {
                let number = |digits: &[u8]| {
                    digits
                        .iter()
                        .try_fold(0_u16, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u16::from(b - b'0')))
                };
                let year = number(&[*y0, *y1, *y2, *y3]).ok_or_else(invalid)?;
                let month = number(&[*m0, *m1]).ok_or_else(invalid)?;
                let day = number(&[*d0, *d1]).ok_or_else(invalid)?;
                Self::new(year, month, day).ok_or_else(invalid)
            }
            _ => Err(invalid()),
        }
    }

    /// The UTC date of an instant. Refuses with `invalid_date`, without a field, what is outside 1900 to 2200.
    pub(crate) fn of_utc(time: jiff::Timestamp) -> Result<Self, Refusal> {
        Self::of_civil(jiff::tz::Offset::UTC.to_datetime(time).date())
    }

    /// The date of an instant in a time zone. Refuses like [`Date::of_utc`].
    pub(super) fn of_zone(time: jiff::Timestamp, zone: jiff::tz::TimeZone) -> Result<Self, Refusal> {
        Self::of_civil(time.to_zoned(zone).date())
    }

    /// The first instant of the day in UTC.
    pub(crate) fn start_in_utc(self) -> jiff::Timestamp {
        self.start_in(jiff::tz::TimeZone::UTC)
    }

    /// The first instant of the day in a time zone: mostly midnight.
    pub(super) fn start_in(self, zone: jiff::tz::TimeZone) -> jiff::Timestamp {
        self.civil().to_zoned(zone).expect("the calendar ends long before instants do").timestamp()
    }

    fn of_civil(date: jiff::civil::Date) -> Result<Self, Refusal> {
        let part = |number: i8| u16::try_from(number).ok();
        let read = || Self::new(u16::try_from(date.year()).ok()?, part(date.month())?, part(date.day())?);
        read().ok_or_else(|| Refusal::plain("invalid_date", "this instant is outside 1900 to 2200"))
    }

    pub(super) fn new(year: u16, month: u16, day: u16) -> Option<Self> {
        let (y, m, d) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        jiff::civil::Date::new(y, m, d).ok()?;
        let since = year.checked_sub(1900).filter(|years| *years <= 300)?;
        Some(Self(u32::from(since) << 9 | u32::from(month) << 5 | u32::from(day)))
    }

    /// The month the date is in.
    pub fn month(self) -> Month {
        Month::new(self.year(), self.month_of_year()).expect("a date's month is a month")
    }

    /// So many months later (earlier if negative), on the same day or the month's last: count from the first date, not
    /// from one that was cut short, and 31 January is followed by 28 February and 31 March. `None` outside 1900 to 2200.
    pub(crate) fn plus_months(self, months: i32) -> Option<Self> {
        Some(self.month().plus(months)?.day(self.day_of_month()))
    }

    /// So many days later (earlier if negative); `None` outside 1900 to 2200.
    pub(crate) fn plus_days(self, days: i32) -> Option<Self> {
        let span = jiff::Span::new().try_days(days).ok()?;
        Self::of_civil(self.civil().checked_add(span).ok()?).ok()
    }

    /// How many days later it is than another date; negative if it is earlier.
    pub(crate) fn days_since(self, other: Self) -> i32 {
        let hours = self.civil().duration_since(other.civil()).as_hours();
        i32::try_from(hours / 24).expect("there are three centuries")
    }

    fn civil(self) -> jiff::civil::Date {
        let part = |number: u16| i8::try_from(number).expect("a month or a day");
        let year = i16::try_from(self.year()).expect("at most 2200");
        jiff::civil::Date::new(year, part(self.month_of_year()), part(self.day_of_month()))
            .expect("a date is on the calendar")
    }

    /// Which day of its month, 1 to 31.
    pub(crate) fn day_of_month(self) -> u16 {
        u16::try_from(self.0 & 0x1f).expect("five bits")
    }

    pub(crate) fn year(self) -> u16 {
        1900 + u16::try_from(self.0 >> 9).expect("packed from a u16")
    }

    fn month_of_year(self) -> u16 {
        u16::try_from(self.0 >> 5 & 0xf).expect("four bits")
    }

    /// The packed form, for keys: its order is that of the days.
    pub(crate) fn packed(self) -> u32 {
        self.0
    }

    /// The inverse of [`Date::packed`]; `None` for what is no date.
    pub(crate) fn from_packed(packed: u32) -> Option<Self> {
        let year = u16::try_from(packed >> 9).ok()?.checked_add(1900)?;
        Self::new(year, u16::try_from(packed >> 5 & 0xf).ok()?, u16::try_from(packed & 0x1f).ok()?)
    }
}

/// The date as text, in an array: formatting it takes several times as long, and every event has one or two.
fn digits(date: Date) -> [u8; 10] {
    let digit = |number: u16| b'0' + u8::try_from(number % 10).expect("below ten");
    let (year, month, day) = (date.year(), date.month_of_year(), date.day_of_month());
    let [y0, y1, y2, y3] = [year / 1000, year / 100, year / 10, year].map(digit);
    let [m0, m1, d0, d1] = [month / 10, month, day / 10, day].map(digit);
    [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1]
}

fn as_text(digits: &[u8; 10]) -> &str {
    std::str::from_utf8(digits).expect("digits and hyphens")
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(as_text(&digits(*self)))
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// JSON gets the text, the journal and the pages the packed number.
impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(as_text(&digits(*self)))
        } else {
            serializer.serialize_u32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            Self::from_packed(u32::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not a date"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_and_writes_itself() {
        for text in ["1900-01-01", "2024-02-29", "2026-12-31", "2200-12-31"] {
            let date = Date::read(text).expect(text);
            assert_eq!(date.to_string(), text);
            assert_eq!(Date::from_packed(date.packed()), Some(date));
        }
        assert_eq!(Date::FIRST.to_string(), "1900-01-01");
        assert_eq!(Date::LAST.to_string(), "2200-12-31");
    }

    #[test]
    fn days_are_counted_over_months_and_leap_years() {
        let date = |text: &str| Date::read(text).expect(text);
        for (from, days, to) in [
            ("2024-02-28", 2, "2024-03-01"),
            ("2026-01-01", -1, "2025-12-31"),
            ("2026-01-01", 0, "2026-01-01"),
        ] {
            assert_eq!(date(from).plus_days(days), Some(date(to)));
            assert_eq!(date(to).days_since(date(from)), days);
        }
        assert_eq!(Date::LAST.plus_days(1), None);
        assert_eq!(Date::FIRST.plus_days(-1), None);
        assert_eq!(Date::FIRST.plus_days(i32::MAX), None);
        assert_eq!(Date::LAST.days_since(Date::FIRST), 109_937);
    }

    #[test]
    fn a_day_not_on_the_calendar_is_refused() {
        let wrong = [
            "2026-02-30",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "1899-12-31",
            "2201-01-01",
            "today",
            "",
            "2026-02-1é",
        ];
        for text in wrong {
            assert_eq!(Date::read(text).expect_err(text).code, "invalid_date");
        }
    }
}
