//! A user's own days and months.

use super::UserState;
use crate::budget::DEFAULT_THRESHOLDS;
use crate::preferences::Preferences;
use crate::{Currency, Date, Month, MonthStart, Refusal, When};
use jiff::Timestamp;

impl UserState {
    /// What the user prefers; `None`: they never said.
    pub(crate) fn preferences(&self) -> Option<&Preferences> {
        self.root.extras.as_ref()?.preferences.as_ref()
    }

    /// What amounts without a currency are in.
    pub(crate) fn base_currency(&self) -> Currency {
        self.preferences().map_or_else(Currency::default, |preferences| preferences.base_currency)
    }

    /// The month a date is in.
    pub(crate) fn month_of(&self, date: Date) -> Month {
        self.month_start().month_of(date)
    }

    /// The month a date is in, and which of its days it is, from 1.
    pub(crate) fn place_of(&self, date: Date) -> (Month, u16) {
        self.month_start().place_of(date)
    }

    /// The percentages that budgets without their own tell about.
    pub(crate) fn default_thresholds(&self) -> &[u16] {
        self.preferences().map_or(&DEFAULT_THRESHOLDS, |preferences| &preferences.thresholds)
    }

    /// Whether anything is added up by months yet.
    pub(crate) fn has_history(&self) -> bool {
        self.root.created > 0
    }

    /// The day the user's months begin on.
    pub(crate) fn month_start(&self) -> MonthStart {
        self.preferences().map_or_else(MonthStart::default, |preferences| preferences.month_start)
    }

    /// The user's date at an instant. Refuses, without a field, with `invalid_date` beyond the calendar.
    pub(crate) fn date_at(&self, time: Timestamp) -> Result<Date, Refusal> {
        match self.preferences() {
            Some(preferences) => preferences.time_zone.date_of(time),
            None => Date::of_utc(time),
        }
    }

    /// The civil date of a day as it was given, or of the command's time. Refuses like [`UserState::date_at`].
    pub(crate) fn date_given(&self, given: Option<When>, now: Timestamp) -> Result<Date, Refusal> {
        match given {
            Some(When::Date(date)) => Ok(date),
            Some(When::Instant(time)) => self.date_at(time),
            None => self
                .date_at(now)
                .map_err(|_| Refusal::plain("invalid_date", "the command's time is outside 1900 to 2200")),
        }
    }

    /// The user's month at an instant. Refuses with `clock_out_of_range` beyond the calendar.
    pub(crate) fn month_at(&self, time: Timestamp) -> Result<Month, Refusal> {
        self.date_at(time).map(|date| self.month_of(date)).map_err(|_| {
            Refusal::plain("clock_out_of_range", "the engine's clock is beyond the calendar; name a month")
        })
    }
}
