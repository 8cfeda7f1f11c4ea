//! What a user prefers, and what is assumed of who never said.

use crate::budget::DEFAULT_THRESHOLDS;
use crate::{Currency, MonthStart, Refusal, Zone};
use serde::{Deserialize, Serialize};
use std::fmt;

/// All of a user's preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Where the user's days begin and end.
    pub time_zone: Zone,
    /// The day their months begin on.
    pub month_start: MonthStart,
    /// What amounts without a currency are in.
    pub base_currency: Currency,
    /// The percentages that budgets without their own tell about, ascending.
    pub thresholds: Box<[u16]>,
    /// When not to be disturbed.
    pub quiet_hours: Option<QuietHours>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            time_zone: Zone::default(),
            month_start: MonthStart::default(),
            base_currency: Currency::default(),
            thresholds: DEFAULT_THRESHOLDS.into(),
            quiet_hours: None,
        }
    }
}

/// A part of each day, in the user's zone; past midnight where `to` is before `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QuietHours {
    /// Its first minute.
    pub from: TimeOfDay,
    /// The first minute after it.
    pub to: TimeOfDay,
}

/// Hours and minutes, `00:00` to `23:59`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

impl TimeOfDay {
    /// Reads `HH:MM`. Refuses with `invalid_time_of_day`, without a field.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let number = |tens: u8, ones: u8| {
            (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + ones - b'0')
        };
        let read = match text.as_bytes() {
            [h1, h0, b':', m1, m0] => number(*h1, *h0).zip(number(*m1, *m0)),
            _ => None,
        };
        read.filter(|(hour, minute)| *hour < 24 && *minute < 60)
            .map(|(hour, minute)| Self { hour, minute })
            .ok_or_else(|| Refusal::plain("invalid_time_of_day", "a time of day is HH:MM, as in \"22:30\""))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::read(&text)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_reads_and_writes_itself() {
        for text in ["00:00", "07:05", "23:59"] {
            assert_eq!(TimeOfDay::read(text).expect(text).to_string(), text);
        }
        for text in ["24:00", "7:05", "07:60", "0705", "07:5", "", "noon", "٠٧:٠٠"] {
            assert_eq!(TimeOfDay::read(text).expect_err(text).code, "invalid_time_of_day");
        }
    }
}
