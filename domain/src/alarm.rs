//! When a user has to be looked at though nobody sent a command.

use jiff::{SignedDuration, Timestamp};
use std::num::NonZeroU32;

/// A minute of UTC at whose beginning time alone may have brought something to tell: see [`crate::UserState::alarm`].
/// It takes four bytes, also in an `Option`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm(NonZeroU32);

impl Alarm {
    /// The first minute that begins at or after an instant; what is before 1970 or after 10136 is moved to there.
    pub fn at_or_after(time: Timestamp) -> Self {
        let seconds = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
        let minutes = (seconds + 59).div_euclid(60).clamp(1, i64::from(u32::MAX));
        Self::from_minutes(u32::try_from(minutes).expect("clamped")).expect("at least 1")
    }

    /// Minutes since 1970.
    pub fn minutes(self) -> u32 {
        self.0.get()
    }

    /// The inverse of [`Alarm::minutes`]; `None` for 0.
    pub fn from_minutes(minutes: u32) -> Option<Self> {
        NonZeroU32::new(minutes).map(Self)
    }

    /// So much later, in whole minutes.
    #[must_use]
    pub fn plus(self, later: SignedDuration) -> Self {
        let minutes = i64::from(self.minutes()) + later.as_mins();
        let minutes = u32::try_from(minutes.max(1)).unwrap_or(u32::MAX);
        Self::from_minutes(minutes).expect("at least 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_never_early_and_less_than_a_minute_late() {
        for (time, minutes) in [
            ("1970-01-01T00:01:00Z", 1),
            ("1970-01-01T00:01:00.000000001Z", 2),
            ("1970-01-01T00:01:01Z", 2),
            ("1970-01-01T00:02:00Z", 2),
            ("1960-01-01T00:00:00Z", 1),
            ("2026-02-10T12:00:00Z", 29_512_080),
        ] {
            assert_eq!(Alarm::at_or_after(time.parse().expect(time)).minutes(), minutes, "{time}");
        }
    }

    #[test]
    fn alarms_are_moved_by_minutes_and_stay_in_range() {
        let alarm = |minutes| Alarm::from_minutes(minutes).expect("not 0");
        assert_eq!(alarm(10).plus(SignedDuration::from_hours(1)), alarm(70));
        assert_eq!(alarm(10).plus(SignedDuration::from_hours(-1)), alarm(1));
        assert_eq!(alarm(u32::MAX).plus(SignedDuration::from_hours(1)), alarm(u32::MAX));
        assert_eq!(size_of::<Option<Alarm>>(), 4);
    }
}
