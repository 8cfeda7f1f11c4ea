//! What was detected ends when none of the payments it could be detected by is left.

use super::{Touched, active, is_known, touched};
use crate::Event;
use crate::events::RecurringWithdrawn;
use crate::recurring::Schedule;
use crate::state::UserState;
use crate::state::recurring::Recurring;

impl UserState {
    /// What was detected and has no payment left after `events`, which are applied already: it ends before anything else is told of it.
    pub(in crate::state) fn end_without_evidence(&self, events: &[Event]) -> Vec<Event> {
        let Some(recurring) = self.recurring().filter(|recurring| !recurring.schedules().is_empty()) else {
            return Vec::new();
        };
        let mut taken = touched(events);
        taken.retain(|touched| !touched.entered);
        if taken.is_empty() {
            return Vec::new();
        }
        let withdrawn = |schedule: &Schedule| {
            let is_its = |taken: &&Touched<'_>| {
                taken.payment.key == schedule.key && schedule.number_of(&taken.payment.entry).is_some()
            };
            let last = taken.iter().rev().find(is_its)?;
            self.has_no_evidence(recurring, schedule).then(|| {
                Event::RecurringWithdrawn(RecurringWithdrawn {
                    id: schedule.id.clone(),
                    payee: schedule.payee.clone(),
                    transaction_id: last.transaction.id.clone(),
                })
            })
        };
        recurring.schedules().iter().filter(|schedule| !schedule.declared).filter_map(withdrawn).collect()
    }

    /// Whether none of the payments that are remembered is for a schedule, and those of as many due dates as would make it lapse are.
    fn has_no_evidence(&self, recurring: &Recurring, schedule: &Schedule) -> bool {
        let last = schedule.first.max(schedule.next - i32::from(Schedule::LAPSES_AFTER));
        self.trace(schedule.key).is_none_or(|trace| {
            is_known(schedule, last, trace)
                && schedule.met_by(&active(recurring, schedule.key), trace).is_empty()
        })
    }
}
