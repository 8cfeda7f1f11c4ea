//! Figures as they were. A user's state is made again from the journal, up to some commit record, by the same functions that made
//! it then; single transactions that left the root page are not kept, so it takes as much memory as figures do.

use super::{Query, day, net_worth};
use crate::transaction::Transaction;
use crate::{Amount, Date, Entry, Event, Month, Outcome, Refusal, UserState, When};
use serde_json::Value;
use std::collections::BTreeMap;

/// A question about figures, and the user it is about, as far as their journal was read.
#[derive(Debug)]
pub struct PastFigures {
    query: Query,
    state: UserState,
    moves: Moves,
}

impl PastFigures {
    /// The user before anything happened. Refuses with `current_only` what is not about figures: budgets, reports and net worth are.
    pub fn new(query: Query) -> Result<Self, Refusal> {
        Self::of(query, UserState::figures())
    }

    pub(crate) fn of(query: Query, state: UserState) -> Result<Self, Refusal> {
        let moves = match query {
            Query::NetWorth { as_of } => Moves::around(as_of),
            Query::Budgets { .. } | Query::BudgetsAt { .. } | Query::Report(_) => Moves::default(),
            Query::Transaction { .. }
            | Query::Transactions(_)
            | Query::Preferences
            | Query::Accounts
            | Query::Account { .. }
            | Query::Balance
            | Query::Recurring
            | Query::Preview(_)
            | Query::Erased => {
                return Err(Refusal::plain(
                    "current_only",
                    "this is answered as of now, and not as of earlier",
                ));
            }
        };
        Ok(Self { query, state, moves })
    }

    /// What was decided next.
    pub fn apply(&mut self, entry: &Entry, sequence: u64) {
        self.fill(|state| state.missing_to_apply(entry));
        self.state.apply(entry, sequence);
        if let Outcome::Accepted(events) = &entry.outcome {
            for event in events.iter().flat_map(with_past) {
                self.moves.note(event);
            }
        }
    }

    /// The answer as of what was read.
    pub fn answer(&mut self) -> Result<Value, Refusal> {
        let query = self.query.clone();
        self.fill(|state| query.missing(state));
        match query {
            Query::NetWorth { as_of } => {
                Ok(net_worth::answer_past(&self.state, day(&self.state, as_of)?, &self.moves.by_day))
            }
            query => query.answer(&self.state, &[]),
        }
    }

    /// All pages there are were made here.
    fn fill(&mut self, missing: impl Fn(&UserState) -> Vec<crate::PageKey>) {
        loop {
            let keys = missing(&self.state);
            if keys.is_empty() {
                return;
            }
            for key in keys {
                self.state.note_absent(key);
            }
        }
    }
}

/// An event, and those that came with a restore.
fn with_past(event: &Event) -> impl Iterator<Item = &Event> {
    event.past().iter().flat_map(|past| &past.events).chain([event])
}

/// What moved accounts on a day, by the names transactions have for them: how much, and how many transactions.
pub(super) type MovesByDay = BTreeMap<Date, BTreeMap<Box<str>, (Amount, i64)>>;

/// The moves of the months that a net worth may have to look into day by day: which these are depends on the user's zone and the
/// day their months begin on, which are known only at the end.
#[derive(Debug, Default)]
struct Moves {
    /// The first and the last of them; `None`: no day is looked into.
    months: Option<(Month, Month)>,
    by_day: MovesByDay,
}

impl Moves {
    fn around(as_of: When) -> Self {
        let date = match as_of {
            When::Date(date) => Ok(date),
            When::Instant(time) => Date::of_utc(time),
        };
        let around = |month: Month| (month.previous().unwrap_or(month), month.plus(2).unwrap_or(month));
        Self { months: date.ok().map(|date| around(date.month())), by_day: MovesByDay::new() }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::TransactionCreated(event) => self.add(&event.transaction, 1),
            Event::TransactionUpdated(event) => {
                self.add(&event.previous, -1);
                self.add(&event.transaction, 1);
            }
            Event::TransactionDeleted(event) => self.add(&event.transaction, -1),
            Event::UserErased(_) => self.by_day.clear(),
            _ => {}
        }
    }

    /// `times`: 1 to add, -1 to take away.
    fn add(&mut self, transaction: &Transaction, times: i64) {
        let month = transaction.date.month();
        if self.months.is_none_or(|(first, last)| month < first || month > last) {
            return;
        }
        for (name, amount) in transaction.moves() {
            let moved = self.by_day.entry(transaction.date).or_default().entry(name.into()).or_default();
            let signed = if times > 0 { amount } else { amount.negated() };
            *moved = (moved.0.plus(signed), moved.1 + times);
        }
    }
}
