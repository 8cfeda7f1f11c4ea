//! `pass_time`: what time alone has brought is told.

use super::{Context, Decide};
use crate::read::from_json;
use crate::{Alarm, CommandId, Event, Input, Refusal, UserState};
use jiff::Timestamp;
use serde::Deserialize;

/// Wants nothing of its own: as with every accepted command, what was due by its time and did not come is told. centime gives
/// it when a user's alarm rings; anybody may.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassTime {}

impl PassTime {
    /// The command as centime gives it: one for each alarm, however often it rings.
    pub fn input(alarm: Alarm, now: Timestamp) -> Input {
        let id = CommandId::derived(&format!("pass_time\n{}", alarm.minutes()));
        Input::read(id, now, "pass_time", b"{}")
    }
}

impl Decide for PassTime {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        from_json(data)
    }

    fn decide(&self, _state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{Alarm, Handled, Outcome};
    use jiff::Timestamp;
    use serde_json::{Value, json};

    fn rent(starts: &str) -> Value {
        json!({"transaction_type": "Expense", "payee": "Landlord", "amount": "800", "cadence": "monthly", "starts": starts})
    }

    fn paid(date: &str) -> Value {
        json!({"transaction_type": "Expense", "payee": "Landlord", "amount": "800", "date": date})
    }

    fn time(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    fn alarm(text: &str) -> Alarm {
        Alarm::at_or_after(time(text))
    }

    #[test]
    fn what_was_due_and_did_not_come_is_told_once() {
        Story::new()
            .when("declare_recurring", rent("2026-02-12"))
            .on("2026-02-17")
            .when("pass_time", json!({}))
            .then_events(&[])
            .on("2026-02-18")
            .when("pass_time", json!({}))
            .then_recurring(&["missed Landlord 2026-02-12 #1"])
            .when("pass_time", json!({}))
            .then_events(&[])
            .when("pass_time", json!({"now": true}))
            .then_refused("unknown_field", "now");
    }

    #[test]
    fn the_alarm_is_the_end_of_the_grace_in_the_users_zone() {
        let story = Story::new();
        assert_eq!(story.state.alarm(), None);
        // Due on the 12th, with five days of grace.
        let story = story.when("declare_recurring", rent("2026-02-12"));
        assert_eq!(story.state.alarm(), Some(alarm("2026-02-18T00:00:00Z")));
        let story = story.when("set_preferences", json!({"time_zone": "America/Los_Angeles"}));
        assert_eq!(story.state.alarm(), Some(alarm("2026-02-18T08:00:00Z")));
        let story = story.on("2026-02-19").when("pass_time", json!({}));
        assert_eq!(story.state.alarm(), Some(alarm("2026-03-18T07:00:00Z")), "the next one, in summer time");
        let story = story.when("cancel_recurring", json!({"id": "c1"}));
        assert_eq!(story.state.alarm(), None);
    }

    #[test]
    fn an_alarm_rings_only_for_what_would_be_told() {
        let story = Story::new().when("declare_recurring", rent("2026-02-12"));
        let (due, after) = (time("2026-02-18T00:00:00Z"), time("2026-02-20T00:00:00Z"));
        let next = Some(alarm("2026-03-18T00:00:00Z"));
        assert!(!story.state.has_to_tell(time("2026-02-17T23:59:59Z")));
        assert!(story.state.has_to_tell(due) && story.state.has_to_tell(after));
        assert_eq!(story.state.alarm_after(after), next);
        let story = story.when("create_transaction", paid("2026-02-10"));
        assert_eq!(
            story.state.alarm(),
            Some(alarm("2026-02-18T00:00:00Z")),
            "whatever was paid: commands are cheap"
        );
        assert!(!story.state.has_to_tell(due), "but nothing would be told");
        assert_eq!(story.state.alarm_after(due), next);
    }

    #[test]
    fn the_same_alarm_gives_the_same_command_and_what_it_leads_to_can_be_restored() {
        let mut story = Story::new().when("declare_recurring", rent("2026-02-12"));
        let rings = story.state.alarm().expect("an alarm");
        for (now, again) in [("2026-02-18T00:00:30Z", false), ("2026-02-18T01:00:00Z", true)] {
            match story.handle(&super::PassTime::input(rings, time(now))) {
                Handled::Decided(Outcome::Accepted(events)) => assert!(!again && events.len() == 1),
                handled => assert!(again && matches!(handled, Handled::Repeated { .. }), "{handled:?}"),
            }
        }
        assert!(!story.state.has_to_tell(time("2026-02-18T01:00:00Z")));
    }
}
