//! Which pages a command needs. A user who fits the root page never needs any.

use super::UserState;
use super::line::Line;
use super::pages::Page;
use crate::budget::{ALL, Budget, Policy};
use crate::commands::Context;
use crate::events::BudgetSet;
use crate::stable_hash::id_hash;
use crate::transaction::Transaction;
use crate::{Command, CommandId, Entry, Event, Input, Month, Outcome, PageKey};

impl UserState {
    /// Pages that must be inserted before `input` can be handled; ask again until empty.
    pub fn missing(&self, input: &Input) -> Vec<PageKey> {
        let needs_pages = input.command.as_ref().is_ok_and(Command::needs_pages);
        if !self.has_spilled() && self.rate_years().is_none() && !needs_pages {
            return Vec::new();
        }
        let mut keys = self.missing_id(&input.id);
        let Ok(command) = &input.command else {
            return keys;
        };
        if let Some(target) = command.target() {
            self.add_transaction(target, &mut keys);
        }
        if keys.is_empty() && self.decided(&input.id).is_none() {
            let context = Context { id: &input.id, time: input.time };
            command.pages(self, &context, &mut keys);
            let named_all = matches!(command, Command::RestoreUser(_));
            if !keys.is_empty() || !self.has_spilled() || named_all {
                return keys;
            }
            if let Some(read) = command.reads(self, &context) {
                // Such a command changes no total, and could not be decided without those it reads.
                for page in self.pages_read(&read) {
                    self.add(page, &mut keys);
                }
                return keys;
            }
            // What is decided without the totals can only be too generous: it still names every total that it touches.
            if let Ok(events) = command.decide(self, &context) {
                self.add_totals(&events, &mut keys);
                self.add_taken_over(&events, &mut keys);
                self.add_traces(&events, &mut keys);
                if !self.root.spilled_years.is_empty() {
                    self.add_predicted(&events, Some(input.time), &mut keys);
                }
            }
        }
        keys
    }

    /// Pages that must be inserted before `entry` can be applied; ask again until empty.
    pub fn missing_to_apply(&self, entry: &Entry) -> Vec<PageKey> {
        match &entry.outcome {
            Outcome::Accepted(events) => self.missing_to_evolve(events),
            Outcome::Refused(_) => Vec::new(),
        }
    }

    /// Pages that must be inserted before the events of a command can be applied; ask again until empty.
    pub(super) fn missing_to_evolve(&self, events: &[Event]) -> Vec<PageKey> {
        let mut keys = Vec::new();
        if let [Event::UserRestored(event)] = events {
            self.add_restored(event, &mut keys);
        } else if self.has_spilled() || self.rate_years().is_some() {
            for event in events {
                match event {
                    Event::TransactionUpdated(event) => {
                        self.add_transaction(&event.previous.id, &mut keys);
                    }
                    Event::TransactionDeleted(event) => {
                        self.add_transaction(&event.transaction.id, &mut keys);
                    }
                    Event::ExchangeRateRecorded(event) => {
                        self.add_rate_page(event.from, event.to, event.date, &mut keys);
                    }
                    _ => {}
                }
            }
            self.add_totals(events, &mut keys);
            self.add_traces(events, &mut keys);
        }
        keys
    }

    fn has_spilled(&self) -> bool {
        self.root.spilled_transactions
            || self.root.spilled_seen
            || !self.root.spilled_years.is_empty()
            || self.has_spilled_traces()
    }

    /// Where a command with this id could be, unless the root page knows it.
    pub(super) fn missing_id(&self, id: &CommandId) -> Vec<PageKey> {
        let mut keys = Vec::new();
        if self.decided(id).is_none() {
            let hash = id_hash(id);
            let places = [
                (self.root.spilled_transactions, PageKey::Transaction(hash)),
                (self.root.spilled_seen, PageKey::SeenId(hash)),
            ];
            keys.extend(places.iter().filter(|(spilled, _)| *spilled).map(|(_, key)| *key));
            keys.retain(|key| !self.pages.is_loaded(*key));
        }
        keys
    }

    /// First where the transaction is, then the transaction.
    pub(crate) fn add_transaction(&self, id: &CommandId, keys: &mut Vec<PageKey>) {
        if !self.root.spilled_transactions || self.root.tail.find(id).is_some() {
            return;
        }
        let place = PageKey::Transaction(id_hash(id));
        match self.pages.get(place) {
            Some(Page::Pointer(pointer)) => {
                let row = pointer.date.map(|date| PageKey::ByDate(date, pointer.ordinal));
                if let Some(row) = row {
                    self.add(row, keys);
                }
            }
            _ => self.add(place, keys),
        }
    }

    fn add_totals(&self, events: &[Event], keys: &mut Vec<PageKey>) {
        if self.root.spilled_years.is_empty() {
            return;
        }
        let mut new: Vec<&str> = Vec::new();
        for event in events {
            match event {
                Event::TransactionCreated(event) => {
                    self.add_totals_of(&event.transaction, &mut new, keys);
                }
                Event::TransactionUpdated(event) => {
                    self.add_totals_of(&event.previous, &mut new, keys);
                    self.add_totals_of(&event.transaction, &mut new, keys);
                }
                Event::TransactionDeleted(event) => {
                    self.add_totals_of(&event.transaction, &mut new, keys);
                }
                Event::BudgetSet(event) => self.add_category(&event.category, Some(event.from), keys),
                Event::BudgetRemoved(event) => self.add_category(&event.category, None, keys),
                // Alerts may concern later months than the event before them, where something is taken over.
                Event::BudgetThresholdReached(event) => self.add_total(&event.category, event.month, keys),
                Event::BudgetExceeded(event) => self.add_total(&event.category, event.month, keys),
                Event::BudgetRecovered(event) => self.add_total(&event.category, event.month, keys),
                // These change no total; what an import changes is in the events before it; an erasure reads none; what was
                // restored has been asked for.
                Event::ForecastGenerated(_)
                | Event::BudgetOverspendPredicted(_)
                | Event::BudgetOverspendPredictionWithdrawn(_)
                | Event::PreferencesSet(_)
                | Event::ExchangeRateRecorded(_)
                | Event::AccountOpened(_)
                | Event::AccountClosed(_)
                | Event::TransactionsImported(_)
                | Event::ImportUndone(_)
                | Event::RecurringDeclared(_)
                | Event::RecurringCancelled(_)
                | Event::RecurringDetected(_)
                | Event::RecurringPriceChanged(_)
                | Event::RecurringMissed(_)
                | Event::RecurringWithdrawn(_)
                | Event::UserErased(_)
                | Event::UserRestored(_) => {}
            }
        }
    }

    /// `new`: the categories that the events before it are the first to mention.
    fn add_totals_of<'a>(
        &self,
        transaction: &'a Transaction,
        new: &mut Vec<&'a str>,
        keys: &mut Vec<PageKey>,
    ) {
        self.add_moves(transaction, keys);
        for (figure, _) in transaction.figures() {
            let number = |name| self.category_number(name).unwrap_or_else(|| self.number_to_be(name, new));
            let line = figure.map(number).into();
            if let Some(page) = self.totals_page(self.month_of(transaction.date), line) {
                self.add(page, keys);
            }
        }
        if self.budget_of_all().is_some() && transaction.all_spending().next().is_some() {
            self.add_total_of(ALL, self.month_of(transaction.date), keys);
        }
    }

    fn add_total(&self, category: &str, month: Month, keys: &mut Vec<PageKey>) {
        if let Some(number) = self.budgeted_number(category) {
            self.add_total_of(number, month, keys);
        }
    }

    fn add_total_of(&self, number: u16, month: Month, keys: &mut Vec<PageKey>) {
        if let Some(page) = self.totals_page(month, Line::spending(number)) {
            self.add(page, keys);
        }
    }

    /// What alerts are judged by besides the totals that `events` change: those of earlier months that are taken over,
    /// and of later months that take over. The journal says which alerts there were, so only deciding needs them.
    fn add_taken_over(&self, events: &[Event], keys: &mut Vec<PageKey>) {
        if self.root.spilled_years.is_empty() {
            return;
        }
        for event in events {
            match event {
                Event::TransactionCreated(event) => self.add_flow(&event.transaction, keys),
                Event::TransactionUpdated(event) => {
                    self.add_flow(&event.previous, keys);
                    self.add_flow(&event.transaction, keys);
                }
                Event::TransactionDeleted(event) => self.add_flow(&event.transaction, keys),
                Event::BudgetSet(event) => self.add_flow_of_budget(event, keys),
                _ => {}
            }
        }
    }

    fn add_flow(&self, transaction: &Transaction, keys: &mut Vec<PageKey>) {
        let month = self.month_of(transaction.date);
        for budget in self.budgets_with(transaction).filter(|budget| budget.takes_over()) {
            let (first, until) = (budget.depends_from(month), budget.flows_until(month));
            for page in self.totals_pages(Line::spending(budget.category()), first, until) {
                self.add(page, keys);
            }
        }
    }

    /// The new version is not there yet: what it takes over is what the month before it depends on.
    fn add_flow_of_budget(&self, new: &BudgetSet, keys: &mut Vec<PageKey>) {
        let Some(budget) = self.budget(&new.category) else {
            return;
        };
        let before = new.from.previous().filter(|_| new.policy != Policy::Reset);
        let first = before.map_or(new.from, |before| budget.depends_from(before));
        for page in self.totals_pages(Line::spending(budget.category()), first, budget.starts_anew(new.from))
        {
            self.add(page, keys);
        }
    }

    /// The number a new category will get: they are given in the order of first mention.
    fn number_to_be<'a>(&self, name: &'a str, new: &mut Vec<&'a str>) -> u16 {
        let place = new.iter().position(|known| *known == name).unwrap_or_else(|| {
            new.push(name);
            new.len() - 1
        });
        u16::try_from(self.root.categories.len() + place).expect("decide refuses more than 10,000 categories")
    }

    /// All totals of a category that a change of its budget may concern; `from` is that of a new one.
    fn add_category(&self, name: &str, from: Option<Month>, keys: &mut Vec<PageKey>) {
        let Some(number) = self.budgeted_number(name) else {
            return;
        };
        if number == ALL && from.is_none() {
            return self.pages_to_drop_all().for_each(|page| self.add(page, keys));
        }
        if number == ALL && self.budget_of_all().is_none() {
            return self.pages_to_keep_all().for_each(|page| self.add(page, keys));
        }
        let Some(first) = from.or_else(|| self.budget_of(number).map(Budget::first)) else {
            return;
        };
        let until = from.and_then(|from| self.budget_of(number)?.until(from));
        for page in self.totals_pages(Line::spending(number), first, until) {
            self.add(page, keys);
        }
    }

    pub(crate) fn add(&self, key: PageKey, keys: &mut Vec<PageKey>) {
        if !self.pages.is_loaded(key) && !keys.contains(&key) {
            keys.push(key);
        }
    }
}
