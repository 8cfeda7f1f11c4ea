//! A command's way through a state, first in the present, then again from the journal.

use super::UserState;
use super::rows::{Content, Origin};
use crate::commands::Context;
use crate::stable_hash::id_hash;
use crate::{Command, CommandId, Entry, Event, Handled, Input, Outcome, PageKey, Refusal};
use jiff::Timestamp;

/// The one refusal that leaves no trace: the id belongs to the command that had it first.
const ID_REUSED: &str = "id_reused";

impl UserState {
    /// Decides, evolves and reacts. `sequence` is that of the commit record the outcome will be in.
    /// Everything [`UserState::missing`] asks for must be inserted.
    pub fn handle(&mut self, input: &Input, sequence: u64) -> Handled {
        debug_assert!(self.missing(input).is_empty(), "handle needs every page that `missing` names");
        if let Some(first) = self.decided(&input.id) {
            return answer_again(first, input.body_hash);
        }
        let origin = Origin::new(input.body_hash, sequence);
        let outcome = match &input.command {
            Ok(command) => self.decide(command, input, &origin),
            Err(refusal) => Outcome::Refused(refusal.clone()),
        };
        let events = match &outcome {
            Outcome::Accepted(events) => &events[..],
            Outcome::Refused(_) => &[],
        };
        self.remember(&input.id, origin, events);
        Handled::Decided(outcome)
    }

    /// Applies what the journal says was decided: the same effect on the state as [`UserState::handle`] had.
    /// Everything [`UserState::missing_to_apply`] asks for must be inserted.
    pub fn apply(&mut self, entry: &Entry, sequence: u64) {
        debug_assert!(
            self.missing_to_apply(entry).is_empty(),
            "apply needs every page that `missing_to_apply` names"
        );
        let origin = Origin::new(entry.body_hash, sequence);
        match &entry.outcome {
            Outcome::Accepted(events) => {
                self.apply_events(&entry.command_id, entry.time_us, origin, events);
            }
            Outcome::Refused(refusal) if refusal.code == ID_REUSED => {}
            Outcome::Refused(_) => self.remember(&entry.command_id, origin, &[]),
        }
    }

    /// What a command came to, once again.
    pub(super) fn apply_events(&mut self, id: &CommandId, time_us: i64, origin: Origin, events: &[Event]) {
        let time = Timestamp::from_microsecond(time_us).ok();
        self.evolve_all(events, time, &origin);
        self.pass_due_dates(events, time);
        self.remember(id, origin, events);
    }

    pub(super) fn decide(&mut self, command: &Command, input: &Input, origin: &Origin) -> Outcome {
        if let Err(refusal) = self.check_not_restoring(command) {
            return Outcome::Refused(refusal);
        }
        let context = Context { id: &input.id, time: input.time };
        match command.decide(self, &context) {
            Ok(events) => Outcome::Accepted(self.follow_up(events, &context, origin)),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    /// Applies what was decided, and adds what follows from it.
    pub(super) fn follow_up(
        &mut self,
        mut events: Vec<Event>,
        context: &Context<'_>,
        origin: &Origin,
    ) -> Vec<Event> {
        let before = self.root.today;
        self.evolve_all(&events, Some(context.time), origin);
        if let [Event::UserRestored(_)] = events[..] {
            // What followed from the past is part of it.
            return events;
        }
        let alerts = self.react(&events);
        self.evolve_all(&alerts, Some(context.time), origin);
        let predictions = self.predict(&events, before);
        self.evolve_all(&predictions, Some(context.time), origin);
        let ended = self.end_without_evidence(&events);
        self.evolve_all(&ended, Some(context.time), origin);
        let recurring = self.recur(&events, context);
        self.evolve_all(&recurring, Some(context.time), origin);
        events.extend(alerts);
        events.extend(predictions);
        events.extend(ended);
        events.extend(recurring);
        self.pass_due_dates(&events, Some(context.time));
        events
    }

    /// `time` is the command's; `None`: its entry holds a number that is no instant, so that no day is known.
    fn evolve_all(&mut self, events: &[Event], time: Option<Timestamp>, origin: &Origin) {
        self.mid_change = true;
        self.root.today = self.today_after(events, time);
        for event in events {
            self.evolve(event, origin);
        }
    }

    /// A transaction that has its command's id remembers it; all else is remembered here.
    pub(super) fn remember(&mut self, id: &CommandId, origin: Origin, events: &[Event]) {
        match events.first() {
            Some(Event::TransactionCreated(event)) if event.transaction.id == *id => {}
            Some(Event::UserRestored(_)) => self.remember_outside(id, origin),
            _ => self.root.tail.push(id, origin, Content::Nothing, &self.root.categories),
        }
        if !self.pages.is_empty() {
            let hash = id_hash(id);
            self.pages.forget_absent(PageKey::Transaction(hash));
            self.pages.forget_absent(PageKey::SeenId(hash));
        }
        if let Some(today) = self.root.today
            && !self.root.predictions.is_empty()
        {
            let month = self.month_of(today);
            self.root.predictions.keep_from(month);
        }
        self.root_changed = true;
        self.spill();
        self.mid_change = false;
    }
}

fn answer_again(first: Origin, body_hash: u64) -> Handled {
    if first.had_body(body_hash) {
        return Handled::Repeated { sequence: first.sequence };
    }
    let text = "another command had this id; a new command needs a new id";
    Handled::Decided(Outcome::Refused(Refusal::new(ID_REUSED, "id", text)))
}
