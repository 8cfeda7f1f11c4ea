//! What time alone brings, and when. The core has no clock: whoever has one asks, and gives a `pass_time`.

use super::UserState;
use crate::{Alarm, Date};
use jiff::Timestamp;

impl UserState {
    /// The first minute at which a command may tell what time alone has brought: the end of the last day of grace of a
    /// due date that was not judged yet. Only commands change it. `None`: nothing is expected.
    pub fn alarm(&self) -> Option<Alarm> {
        let deadline = self.recurring()?.deadline()?;
        self.end_of(deadline).filter(|_| !self.is_restoring())
    }

    /// Whether a command at this time would tell something that time alone has brought.
    pub fn has_to_tell(&self, now: Timestamp) -> bool {
        !self.is_restoring() && !self.missed(now).is_empty()
    }

    /// The first alarm after an instant, whatever was not judged before it: for when [`UserState::has_to_tell`] says no.
    pub fn alarm_after(&self, now: Timestamp) -> Option<Alarm> {
        let today = self.date_at(now).ok()?;
        let schedules = self.recurring()?.schedules().iter();
        let deadline = schedules.filter_map(|schedule| schedule.deadline_from(today)).min()?;
        self.end_of(deadline).filter(|_| !self.is_restoring())
    }

    /// The end of one of the user's days.
    fn end_of(&self, day: Date) -> Option<Alarm> {
        let next = day.plus_days(1)?;
        let begins = match self.preferences() {
            Some(preferences) => preferences.time_zone.start_of(next).ok()?,
            None => next.start_in_utc(),
        };
        Some(Alarm::at_or_after(begins))
    }
}
