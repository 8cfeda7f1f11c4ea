//! Tests as stories: given some commands, when one more comes, then these events follow.

use crate::{CommandId, Entry, Event, Handled, Input, Outcome, PageKey, Query, Refusal, UserId, UserState};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// One user, a store for their pages, and a journal of what was decided.
#[derive(Clone, Default)]
pub(crate) struct Story {
    pub state: UserState,
    pub store: BTreeMap<Vec<u8>, Vec<u8>>,
    pub journal: Vec<Entry>,
    /// So many commit records of others are in the journal before the next.
    pub others: u64,
    last: Option<Outcome>,
    time: Option<Timestamp>,
}

impl Story {
    /// A user of whom nothing is known yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The same, with a root page so small that everything spills.
    pub(crate) fn tiny() -> Self {
        Self { state: UserState::tiny(None).expect("no page"), ..Self::default() }
    }

    /// A command with the id `c1`, `c2`, …
    pub(crate) fn when(self, type_name: &str, data: Value) -> Self {
        let id = format!("c{}", self.journal.len() + 1);
        self.when_as(&id, type_name, data)
    }

    /// The commands that follow are given at noon (UTC) of this day, not on 10 February 2026.
    pub(crate) fn on(mut self, day: &str) -> Self {
        self.time = Some(format!("{day}T12:00:00Z").parse().expect("an instant"));
        self
    }

    /// A command that must be new. By value, so that a story can say `json!(…)`.
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn when_as(mut self, id: &str, type_name: &str, data: Value) -> Self {
        match self.send(id, type_name, &data) {
            Handled::Decided(outcome) => self.last = Some(outcome),
            Handled::Repeated { .. } => panic!("{id} is not new"),
        }
        self
    }

    pub(crate) fn send(&mut self, id: &str, type_name: &str, data: &Value) -> Handled {
        let time = self.time.unwrap_or("2026-02-10T12:00:00Z".parse().expect("an instant"));
        let id = CommandId::parse(id).expect("an id");
        self.handle(&Input::read(id, time, type_name, data.to_string().as_bytes()))
    }

    /// The newest commit record's sequence.
    pub(crate) fn sequence(&self) -> u64 {
        self.journal.len() as u64 + self.others
    }

    /// Loads what is missing, handles, and writes the outcome to the journal.
    pub(crate) fn handle(&mut self, input: &Input) -> Handled {
        load(&mut self.state, &self.store, |state| state.missing(input));
        let handled = self.state.handle(input, self.sequence() + 1);
        if let Handled::Decided(outcome) = &handled {
            self.journal.push(Entry {
                user: UserId::parse("ada").expect("an id"),
                command_id: input.id.clone(),
                body_hash: input.body_hash,
                time_us: input.time.as_microsecond(),
                outcome: outcome.clone(),
            });
        }
        handled
    }

    /// Writes all changed pages to the store.
    pub(crate) fn flush(&mut self) {
        for (key, value) in self.state.take_changed() {
            match value {
                Some(value) => self.store.insert(key, value),
                None => self.store.remove(&key),
            };
        }
    }

    /// Writes all changed pages, and removes what an erasure left.
    pub(crate) fn sweep(&mut self) {
        self.flush();
        if let Some(range) = self.state.take_sweep() {
            self.store.retain(|key, _| *key < range.from || *key >= range.to);
        }
        self.flush();
    }

    /// Forgets everything that is not in the store.
    pub(crate) fn reload(&mut self) {
        self.flush();
        let root = self.store.get(&PageKey::Root.to_bytes());
        self.state = UserState::tiny(root.map(Vec::as_slice)).expect("a readable page");
    }

    /// The answer to a question, asked the way the engine does.
    pub(crate) fn ask(&mut self, query: &Query) -> Result<Value, Refusal> {
        self.flush();
        load(&mut self.state, &self.store, |state| query.missing(state));
        let rows = query.range(&self.state).map_or_else(Vec::new, |range| {
            let rows =
                self.store.range(range.from..range.to).map(|(key, value)| (key.clone(), value.clone()));
            let mut rows: Vec<_> = rows.collect();
            assert!(range.descending);
            rows.reverse();
            rows.truncate(range.limit);
            rows
        });
        query.answer(&self.state, &rows)
    }

    /// The last command's events.
    pub(crate) fn last_events(&self) -> &[Event] {
        match self.last.as_ref().expect("a command") {
            Outcome::Accepted(events) => events,
            Outcome::Refused(refusal) => panic!("refused: {refusal:?}"),
        }
    }

    /// The last command was accepted.
    pub(crate) fn then_accepted(self) -> Self {
        self.last_events();
        self
    }

    /// The last command's events, by name.
    pub(crate) fn then_events(self, names: &[&str]) -> Self {
        assert_eq!(self.last_events().iter().map(Event::type_name).collect::<Vec<_>>(), names);
        self
    }

    /// The last command's alerts, each as one line.
    pub(crate) fn then_alerts(self, lines: &[&str]) -> Self {
        assert_eq!(self.last_events().iter().filter_map(line).collect::<Vec<_>>(), lines);
        self
    }

    /// What the last command's events say of what comes again, each as one line.
    pub(crate) fn then_recurring(self, lines: &[&str]) -> Self {
        assert_eq!(self.last_events().iter().filter_map(recurring_line).collect::<Vec<_>>(), lines);
        self
    }

    /// The last command was refused.
    pub(crate) fn then_refused(self, code: &str, field: &str) -> Self {
        match self.last.as_ref().expect("a command") {
            Outcome::Refused(refusal) => {
                assert_eq!(
                    (refusal.code.as_ref(), refusal.field.as_deref()),
                    (code, Some(field)),
                    "{refusal:?}"
                );
            }
            Outcome::Accepted(events) => panic!("accepted: {events:?}"),
        }
        self
    }
}

/// Inserts pages from a store until nothing is missing.
pub(crate) fn load(
    state: &mut UserState,
    store: &BTreeMap<Vec<u8>, Vec<u8>>,
    missing: impl Fn(&UserState) -> Vec<PageKey>,
) {
    for _ in 0..10 {
        let keys = missing(state);
        if keys.is_empty() {
            return;
        }
        for key in keys {
            if let Some(range) = state.run(key) {
                let rows: Vec<_> = store
                    .range(range.from..range.to)
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                state.insert_run(key, &rows).expect("readable pages");
                continue;
            }
            state.insert(key, store.get(&state.stored_key(key)).map(Vec::as_slice)).expect("a readable page");
        }
    }
    panic!("`missing` asks for ever");
}

/// An alert in one line: `reached 80 Food 2026-02 #1: 80 of 100`.
pub(crate) fn line(event: &Event) -> Option<String> {
    let (what, category, month, crossing, spent, limit) = match event {
        Event::BudgetThresholdReached(e) => {
            (format!("reached {}", e.threshold), &e.category, e.month, e.crossing, e.spent, e.limit)
        }
        Event::BudgetExceeded(e) => {
            assert_eq!(e.over_by, e.spent.minus(e.limit));
            ("exceeded".to_owned(), &e.category, e.month, e.crossing, e.spent, e.limit)
        }
        Event::BudgetRecovered(e) => {
            let level = e.threshold.map_or("exceeded".to_owned(), |threshold| threshold.to_string());
            (format!("recovered {level}"), &e.category, e.month, e.crossing, e.spent, e.limit)
        }
        _ => return None,
    };
    Some(format!("{what} {category} {month} #{crossing}: {spent} of {limit}"))
}

/// What comes again, or does not, in one line: `detected Netflix monthly 9.99 3 next 2026-03-15`.
pub(crate) fn recurring_line(event: &Event) -> Option<String> {
    let range = |most: Option<crate::Amount>| most.map_or(String::new(), |most| format!("-{most}"));
    Some(match event {
        Event::RecurringDetected(e) => {
            let (seen, most) = (e.evidence.len(), range(e.amount_max));
            format!("detected {} {} {}{most} {seen} next {}", e.payee, e.cadence, e.amount, e.next_due)
        }
        Event::RecurringPriceChanged(e) => {
            format!("changed {} {}: {} to {}, {} %", e.payee, e.due, e.old_amount, e.new_amount, e.percent)
        }
        Event::RecurringWithdrawn(e) => format!("withdrawn {}", e.payee),
        Event::RecurringMissed(e) => format!("missed {} {} #{}", e.payee, e.due, e.in_a_row),
        _ => return None,
    })
}
