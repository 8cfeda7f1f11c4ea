//! What events do to a state. Nothing is decided here: the journal replays through the same functions.

use super::UserState;
use super::cells::{Cell, CellKey, Cells};
use super::line::Line;
use super::pages::Page;
use super::rows::{Content, Origin};
use crate::budget::{ALL, ALL_NAME, Budget, Level, Version};
use crate::events::BudgetSet;
use crate::stable_hash::id_hash;
use crate::transaction::Transaction;
use crate::{Amount, Currency, Event, Month, PageKey};

impl UserState {
    /// Applies one event of a command.
    pub(super) fn evolve(&mut self, event: &Event, origin: &Origin) {
        match event {
            Event::TransactionCreated(event) => self.create(&event.transaction, *origin),
            Event::TransactionUpdated(event) => {
                self.post(&event.previous, false);
                self.post(&event.transaction, true);
                self.replace(&event.previous, Some(&event.transaction));
            }
            Event::TransactionDeleted(event) => {
                self.post(&event.transaction, false);
                self.replace(&event.transaction, None);
            }
            Event::BudgetSet(event) => self.set_budget(event),
            Event::BudgetRemoved(event) => self.remove_budget(&event.category),
            Event::BudgetThresholdReached(event) => {
                let level = Level::Percent(event.threshold);
                self.cross(&event.category, event.month, event.currency, (level, event.crossing, true));
            }
            Event::BudgetExceeded(event) => {
                self.cross(
                    &event.category,
                    event.month,
                    event.currency,
                    (Level::Exceeded, event.crossing, true),
                );
            }
            Event::BudgetRecovered(event) => {
                let level = event.threshold.map_or(Level::Exceeded, Level::Percent);
                self.cross(&event.category, event.month, event.currency, (level, event.crossing, false));
            }
            // It is in the journal and the feed; nothing that is decided later depends on it.
            Event::ForecastGenerated(_) => {}
            Event::PreferencesSet(event) => {
                self.root.extras_mut().preferences = Some(event.preferences.clone());
            }
            Event::ExchangeRateRecorded(event) => self.record_rate(event),
            Event::AccountOpened(event) => self.open_account(event),
            Event::AccountClosed(event) => self.close_account(event),
            Event::TransactionsImported(event) => {
                self.note_import(&event.import_id, event.part, &event.transactions);
            }
            Event::ImportUndone(event) => {
                self.forget_import(&event.import_id, event.part, &event.transactions);
            }
            Event::UserErased(_) => self.erase(origin.sequence),
            Event::UserRestored(event) => self.restore(event, origin.sequence),
            Event::BudgetOverspendPredicted(event) => {
                let category = self.number_of(&event.category);
                self.root.predictions.stand(category, event);
            }
            Event::BudgetOverspendPredictionWithdrawn(event) => {
                let category = self.number_of(&event.category);
                self.root.predictions.withdraw(category, Some(event.month));
            }
            Event::RecurringDeclared(event) => self.declare(event),
            Event::RecurringCancelled(event) => self.end(&event.id, true),
            Event::RecurringWithdrawn(event) => self.end(&event.id, false),
            Event::RecurringDetected(event) => self.note_detected(event),
            Event::RecurringPriceChanged(event) => self.note_price(event),
            Event::RecurringMissed(event) => self.note_missed(event),
        }
    }

    fn create(&mut self, transaction: &Transaction, origin: Origin) {
        self.post(transaction, true);
        self.root.created += 1;
        self.root.tail.push(
            &transaction.id,
            origin,
            Content::Transaction(transaction),
            &self.root.categories,
        );
    }

    /// Adds what a transaction counts for to the figures, or takes it away again.
    fn post(&mut self, transaction: &Transaction, add: bool) {
        let currency = transaction.counted_currency();
        if transaction.counts() {
            let balance = transaction.balance();
            let signed = if add { balance } else { balance.negated() };
            self.root.add_balance(currency, signed);
        }
        let (month, day) = self.place_of(transaction.date);
        for (figure, amount) in transaction.figures() {
            let line = figure.map(|name| self.root.categories.intern(name)).into();
            self.post_part((month, line, currency), day, amount, add);
        }
        if self.budget_of_all().is_some() {
            let key = (month, Line::spending(ALL), currency);
            transaction.all_spending().for_each(|amount| self.post_part(key, day, amount, add));
        }
        if transaction.details.is_some() {
            self.post_budgeted(transaction, add);
            self.move_accounts(transaction, add);
        }
        if transaction.payee.is_some() {
            self.note_payment(transaction, add);
        }
    }

    /// The same for budgets in other currencies. It is spending like any other there, and noted once more as what reports in that
    /// currency leave out.
    fn post_budgeted(&mut self, transaction: &Transaction, add: bool) {
        let (month, day) = self.place_of(transaction.date);
        for (currency, name, amount) in transaction.budgeted() {
            let category = self.root.categories.intern(name);
            for line in [Line::spending(category), Line::budgeted(category)] {
                self.post_part((month, line, currency), day, amount, add);
            }
        }
    }

    fn post_part(&mut self, key: CellKey, day: u16, amount: Amount, add: bool) {
        let cells = self.cells_mut(key);
        if add {
            cells.add(key, day, amount);
        } else {
            cells.take(key, day, amount);
        }
    }

    /// The number of what a budget is for, a new one if need be.
    fn number_of(&mut self, name: &str) -> u16 {
        if name == ALL_NAME { ALL } else { self.root.categories.intern(name) }
    }

    /// Where a month's total is, or would be.
    pub(super) fn cells_mut(&mut self, key: CellKey) -> &mut Cells {
        match self.totals_page(key.0, key.1) {
            None => &mut self.root.cells,
            Some(page) => self.pages.totals_mut(page),
        }
    }

    /// Puts a transaction in the place of another with the same id, or nothing (it stays known).
    fn replace(&mut self, old: &Transaction, new: Option<&Transaction>) {
        let content = new.map_or(Content::Deleted, Content::Transaction);
        if self.root.tail.replace(&old.id, content, &self.root.categories) || !self.limits.rows {
            return;
        }
        let place = PageKey::Transaction(id_hash(&old.id));
        let Some(Page::Pointer(pointer)) = self.pages.get(place) else {
            unreachable!("only what was found is replaced, and it is in the tail or behind a loaded pointer")
        };
        let mut pointer = pointer.clone();
        pointer.date = new.map(|new| new.date);
        self.pages.put(PageKey::ByDate(old.date, pointer.ordinal), None);
        if let Some(new) = new {
            let row = Page::Transaction(Box::new(new.clone()));
            self.pages.put(PageKey::ByDate(new.date, pointer.ordinal), Some(row));
        }
        self.pages.put(place, Some(Page::Pointer(pointer)));
    }

    fn set_budget(&mut self, event: &BudgetSet) {
        let category = self.number_of(&event.category);
        if category == ALL && self.budget_of_all().is_none() {
            self.keep_all_spending();
        }
        let version = Version {
            category,
            from: event.from,
            limit: event.limit,
            currency: event.currency,
            thresholds: &event.thresholds,
            policy: event.policy,
        };
        self.root.budgets.set(&version);
        let until = self.budget_of(category).and_then(|budget| budget.until(event.from));
        self.move_levels(category, event.from, until, event.currency);
        self.clear_levels(category, event.from, until, |level| !version.has(level));
    }

    fn remove_budget(&mut self, name: &str) {
        let Some(category) = self.budgeted_number(name) else {
            return;
        };
        let Some(first) = self.budget_of(category).map(Budget::first) else {
            return;
        };
        self.root.budgets.remove(category);
        self.root.predictions.withdraw(category, None);
        self.clear_levels(category, first, None, |_| true);
        if category == ALL {
            self.drop_all_spending();
        }
    }

    /// What was crossed, and stands, is the category's and the month's, whatever currency its budget is in by now.
    fn move_levels(&mut self, category: u16, from: Month, until: Option<Month>, currency: Currency) {
        let elsewhere = |cell: &Cell<'_>| cell.currency != currency && cell.levels.iter().next().is_some();
        let cells = self.cells_of(Line::spending(category), from, until).filter(elsewhere);
        let keys: Vec<CellKey> = cells.map(|cell| cell.key()).collect();
        for key in keys {
            let cells = self.cells_mut(key);
            for state in cells.take_levels(key) {
                cells.cross((key.0, key.1, currency), state.level, state.crossings, state.active);
            }
        }
    }

    /// Levels that are no more are left silently; how often they were crossed is remembered.
    fn clear_levels(
        &mut self,
        category: u16,
        from: Month,
        until: Option<Month>,
        gone: impl Fn(Level) -> bool,
    ) {
        let concerned = |cell: &Cell<'_>| cell.levels.iter().any(|state| state.active && gone(state.level));
        let cells = self.cells_of(Line::spending(category), from, until).filter(concerned);
        let keys: Vec<CellKey> = cells.map(|cell| cell.key()).collect();
        for key in keys {
            self.cells_mut(key).leave(key, &gone);
        }
    }

    fn cross(&mut self, category: &str, month: Month, currency: Currency, to: (Level, u32, bool)) {
        let key = (month, Line::spending(self.number_of(category)), currency);
        let (level, crossings, active) = to;
        self.cells_mut(key).cross(key, level, crossings, active);
    }
}
