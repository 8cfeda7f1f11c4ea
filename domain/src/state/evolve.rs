//! What events do to a state. Nothing is decided here: the journal replays through the same functions.

use super::UserState;
use super::cells::{Cell, CellKey, Cells};
use super::line::Line;
use super::pages::Page;
use super::rows::{Content, Origin};
use crate::budget::{Budget, Level, Version};
use crate::events::BudgetSet;
use crate::stable_hash::id_hash;
use crate::transaction::{Transaction, TransactionType};
use crate::{Currency, Event, Month, PageKey};

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
                let category = self.root.categories.intern(&event.category);
                self.root.predictions.stand(category, event);
            }
            Event::BudgetOverspendPredictionWithdrawn(event) => {
                let category = self.root.categories.intern(&event.category);
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
        if !transaction.excluded && transaction.transaction_type != TransactionType::Transfer {
            let balance = transaction.balance();
            let signed = if add { balance } else { balance.negated() };
            self.root.add_balance(currency, signed);
        }
        let (month, day) = self.place_of(transaction.date);
        for (figure, amount) in transaction.figures() {
            let line = figure.map(|name| self.root.categories.intern(name)).into();
            let key = (month, line, currency);
            let cells = self.cells_mut(key);
            if add {
                cells.add(key, day, amount);
            } else {
                cells.take(key, day, amount);
            }
        }
        if transaction.details.is_some() {
            self.move_accounts(transaction, add);
        }
        if transaction.payee.is_some() {
            self.note_payment(transaction, add);
        }
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
        let category = self.root.categories.intern(&event.category);
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
        self.clear_levels(category, event.from, until, |level| !version.has(level));
    }

    fn remove_budget(&mut self, name: &str) {
        let Some(category) = self.category_number(name) else {
            return;
        };
        let Some(first) = self.budget_of(category).map(Budget::first) else {
            return;
        };
        self.root.budgets.remove(category);
        self.root.predictions.withdraw(category, None);
        self.clear_levels(category, first, None, |_| true);
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
        let key = (month, Line::spending(self.root.categories.intern(category)), currency);
        let (level, crossings, active) = to;
        self.cells_mut(key).cross(key, level, crossings, active);
    }
}
