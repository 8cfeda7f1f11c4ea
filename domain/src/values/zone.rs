//! Time zones: where a person's days begin and end.

use crate::{Date, Refusal};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The time zones that were built in: not the machine's, so that every machine answers alike.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone by its IANA name, as in `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(Box<str>);

impl Zone {
    /// Reads an IANA name; its case is set right. Refuses with `unknown_time_zone`, without a field.
    pub fn read(name: &str) -> Result<Self, Refusal> {
        let known = find(name)?;
        Ok(Self(known.iana_name().unwrap_or("UTC").into()))
    }

    /// The civil date of an instant here. Refuses, without a field, with `invalid_date` what is outside 1900 to 2200, with
    /// `unknown_time_zone` if this centime does not know the zone any more.
    pub fn date_of(&self, time: Timestamp) -> Result<Date, Refusal> {
        if self.is_utc() { Date::of_utc(time) } else { Date::of_zone(time, find(&self.0)?) }
    }

    /// The first instant of a day here. Refuses, without a field, with `unknown_time_zone` if this centime does not know the
    /// zone any more.
    pub(crate) fn start_of(&self, day: Date) -> Result<Timestamp, Refusal> {
        if self.is_utc() { Ok(day.start_in_utc()) } else { Ok(day.start_in(find(&self.0)?)) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    fn is_utc(&self) -> bool {
        &*self.0 == "UTC"
    }
}

fn find(name: &str) -> Result<TimeZone, Refusal> {
    ZONES.get(name).map_err(|_| {
        Refusal::plain("unknown_time_zone", "a time zone is an IANA name, as in \"Europe/Berlin\"")
    })
}

impl Default for Zone {
    fn default() -> Self {
        Self("UTC".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_belongs_to_the_day_of_its_zone() {
        let cases = [
            // FoxRick/Collie#127: a Friday evening at UTC+13, Friday morning in UTC, stays Friday; the morning there does, too.
            ("Pacific/Tongatapu", "2026-02-13T07:00:00Z", "2026-02-13"),
            ("Pacific/Tongatapu", "2026-02-13T20:00:00+13:00", "2026-02-13"),
            ("Pacific/Tongatapu", "2026-02-12T19:00:00Z", "2026-02-13"),
            ("UTC", "2026-02-12T19:00:00Z", "2026-02-12"),
            ("America/Los_Angeles", "2026-03-01T07:59:59Z", "2026-02-28"),
            ("America/Los_Angeles", "2026-03-01T08:00:00Z", "2026-03-01"),
            // Summer time begins on the 29th.
            ("Europe/Berlin", "2026-03-28T22:59:59Z", "2026-03-28"),
            ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"),
            ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
            ("Asia/Kathmandu", "2025-12-31T18:15:00Z", "2026-01-01"),
        ];
        for (zone, time, date) in cases {
            let found = Zone::read(zone).expect(zone).date_of(time.parse().expect(time));
            assert_eq!(found.expect(time).to_string(), date, "{time} in {zone}");
        }
    }

    #[test]
    fn a_name_is_set_right_or_refused() {
        assert_eq!(Zone::read("europe/berlin").expect("known").name(), "Europe/Berlin");
        assert_eq!(Zone::read("UTC").expect("known"), Zone::default());
        for name in ["", "Berlin", "Mars/Olympus", "UTC+13", "../etc/passwd", "Europe/Berlin\0", "🕐"] {
            assert_eq!(Zone::read(name).expect_err(name).code, "unknown_time_zone");
        }
    }

    #[test]
    fn beyond_the_calendar_there_are_no_dates() {
        for time in ["1850-03-01T00:30:00Z", "9999-01-01T00:00:00Z"] {
            let refusal = Zone::default().date_of(time.parse().expect(time)).expect_err(time);
            assert_eq!(refusal.code, "invalid_date");
        }
    }
}
