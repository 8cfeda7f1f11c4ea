//! The day a month begins on.

use crate::{Date, Month, Refusal};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The day a user's months begin on: `2026-02` names the one that begins in February.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MonthStart {
    /// This day, 1 to 28.
    Day(u8),
    /// The calendar month's last day.
    Last,
}

impl MonthStart {
    const LATEST: u8 = 28;

    /// A day from 1 to 28. Refuses with `invalid_month_start`, without a field.
    pub(crate) fn day(day: i64) -> Result<Self, Refusal> {
        let inside = u8::try_from(day).ok().filter(|day| (1..=Self::LATEST).contains(day));
        inside.map(Self::Day).ok_or_else(invalid)
    }

    /// Reads `last`. Refuses like [`MonthStart::day`].
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        if text == "last" { Ok(Self::Last) } else { Err(invalid()) }
    }

    /// The month a date is in. What would be in the month before the first there is counts for that one.
    pub(crate) fn month_of(self, date: Date) -> Month {
        let month = date.month();
        let begun = date.day_of_month() >= self.begins(month);
        if begun { month } else { month.previous().unwrap_or(month) }
    }

    /// The month a date is in, and which of its days it is, from 1.
    pub(crate) fn place_of(self, date: Date) -> (Month, u16) {
        let (month, day) = (date.month(), date.day_of_month());
        match (day.checked_sub(self.begins(month)), month.previous()) {
            (Some(since), _) => (month, since + 1),
            (None, Some(before)) => (before, self.days_left(before) + day),
            (None, None) => (month, 1),
        }
    }

    /// How many days a month has. The last month there is ends with the calendar.
    pub(crate) fn days(self, month: Month) -> u16 {
        let next = month.next().map_or(0, |next| self.begins(next) - 1);
        self.days_left(month) + next
    }

    /// A month's so manieth day, from 1; its last where it has fewer.
    pub(crate) fn date(self, month: Month, day: u16) -> Date {
        let day = day.clamp(1, self.days(month));
        match (day.checked_sub(self.days_left(month) + 1), month.next()) {
            (Some(more), Some(next)) => next.day(more + 1),
            _ => month.day(self.begins(month) + day - 1),
        }
    }

    /// The day of the calendar month that a month has its name from and begins on.
    fn begins(self, month: Month) -> u16 {
        match self {
            Self::Day(day) => day.into(),
            Self::Last => month.day(31).day_of_month(),
        }
    }

    /// How many of a month's days are in that calendar month.
    fn days_left(self, month: Month) -> u16 {
        month.day(31).day_of_month() - self.begins(month) + 1
    }
}

fn invalid() -> Refusal {
    Refusal::plain("invalid_month_start", "a month starts on a day from 1 to 28, or on the \"last\"")
}

impl Default for MonthStart {
    fn default() -> Self {
        Self::Day(1)
    }
}

/// JSON gets the day or `"last"`; the journal and the pages the day, 0 for the last.
impl Serialize for MonthStart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Last if serializer.is_human_readable() => serializer.serialize_str("last"),
            Self::Last => serializer.serialize_u8(0),
            Self::Day(day) => serializer.serialize_u8(*day),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Json {
    Day(i64),
    Name(String),
}

impl<'de> Deserialize<'de> for MonthStart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = if deserializer.is_human_readable() {
            match Json::deserialize(deserializer)? {
                Json::Day(day) => Self::day(day),
                Json::Name(name) => Self::read(&name),
            }
        } else {
            match u8::deserialize(deserializer)? {
                0 => Ok(Self::Last),
                day => Self::day(day.into()),
            }
        };
        read.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_month_has_the_name_of_the_one_it_begins_in() {
        let cases = [
            (MonthStart::Day(1), "2026-02-01", "2026-02"),
            (MonthStart::Day(1), "2026-02-28", "2026-02"),
            (MonthStart::Day(25), "2026-02-24", "2026-01"),
            (MonthStart::Day(25), "2026-02-25", "2026-02"),
            (MonthStart::Day(25), "2026-03-24", "2026-02"),
            (MonthStart::Day(28), "2026-02-28", "2026-02"),
            (MonthStart::Day(2), "2026-01-01", "2025-12"),
            (MonthStart::Last, "2026-02-27", "2026-01"),
            (MonthStart::Last, "2026-02-28", "2026-02"),
            (MonthStart::Last, "2026-03-30", "2026-02"),
            (MonthStart::Last, "2026-03-31", "2026-03"),
            (MonthStart::Last, "2024-02-28", "2024-01"),
            (MonthStart::Last, "2024-02-29", "2024-02"),
            (MonthStart::Day(10), "1900-01-01", "1900-01"),
            (MonthStart::Last, "2200-12-31", "2200-12"),
        ];
        for (start, date, month) in cases {
            let found = start.month_of(Date::read(date).expect(date));
            assert_eq!(found.to_string(), month, "{date} where months start on {start:?}");
        }
    }

    #[test]
    fn days_are_counted_from_the_first_of_the_users_month() {
        let cases = [
            (MonthStart::Day(1), "2026-02-28", 28, 28),
            (MonthStart::Day(25), "2026-02-25", 1, 28),
            (MonthStart::Day(25), "2026-02-24", 31, 31),
            (MonthStart::Day(25), "2026-03-01", 5, 28),
            (MonthStart::Last, "2026-01-31", 1, 28),
            (MonthStart::Last, "2026-02-27", 28, 28),
            (MonthStart::Last, "2026-03-30", 31, 31),
            (MonthStart::Day(10), "2200-12-31", 22, 22),
        ];
        for (start, date, day, days) in cases {
            let (month, found) = start.place_of(Date::read(date).expect(date));
            assert_eq!((found, start.days(month)), (day, days), "{date} where months start on {start:?}");
        }
        assert_eq!(
            MonthStart::Last.place_of(Date::FIRST),
            (Month::FIRST, 1),
            "before the first month begins"
        );
    }

    #[test]
    fn only_days_that_every_month_has_may_begin_one() {
        for day in [0, 29, 31, -1, 300, i64::MAX] {
            assert_eq!(MonthStart::day(day).expect_err("refused").code, "invalid_month_start");
        }
        assert_eq!(MonthStart::read("first").expect_err("refused").code, "invalid_month_start");
    }

    proptest! {
        #[test]
        fn every_date_is_between_the_first_days_of_its_month_and_the_next(
            (day, m, y) in (1_u16..=31, 1_u16..=12, 1901_u16..=2199), start in 0_u8..=28,
        ) {
            let start = if start == 0 { MonthStart::Last } else { MonthStart::Day(start) };
            let date = Month::new(y, m).expect("a month").day(day);
            let month = start.month_of(date);
            prop_assert!(start.date(month, 1) <= date);
            prop_assert!(date < start.date(month.next().expect("not the last"), 1));
            let (same, day) = start.place_of(date);
            prop_assert!(same == month && (1..=start.days(month)).contains(&day));
            prop_assert_eq!(start.date(month, day), date);
            prop_assert_eq!(start.place_of(start.date(month, 40)), (month, start.days(month)));
        }
    }
}
