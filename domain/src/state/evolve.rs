//! What events do to a state. Nothing is decided here: the journal replays through the same functions.

use super::UserState;
use super::cells::{Cell, CellKey};
use super::pages::Page;
use super::rows::{Origin, TailRow, encode};
use crate::budget::{Budget, Level, Version};
use crate::events::BudgetSet;
use crate::stable_hash::id_hash;
use crate::transaction::Transaction;
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
        }
    }

    fn create(&mut self, transaction: &Transaction, origin: Origin) {
        let hash = id_hash(&transaction.id);
        let ordinal = self.root.created;
        self.root.created += 1;
        self.root.tail.push(TailRow { hash, origin, ordinal, encoded: encode(transaction) });
        self.post(transaction, true);
    }

    /// Adds what a transaction counts for to the figures, or takes it away again.
    fn post(&mut self, transaction: &Transaction, add: bool) {
        if !transaction.excluded {
            let balance = transaction.balance();
            let signed = if add { balance } else { balance.negated() };
            self.root.add_balance(transaction.currency, signed);
        }
        for (name, amount) in transaction.spending() {
            let category = self.root.categories.intern(name);
            let key = (transaction.date.month(), category, transaction.currency);
            self.change_cell(key, |cell| {
                if add {
                    cell.spent = cell.spent.plus(amount);
                    cell.parts += 1;
                } else {
                    cell.spent = cell.spent.minus(amount);
                    cell.parts -= 1;
                }
            });
        }
    }

    /// Changes a month's total wherever it is, made if need be, dropped if it says nothing afterwards.
    fn change_cell(&mut self, key: CellKey, change: impl FnOnce(&mut Cell)) {
        let cells = match self.totals_page(key.0, key.1) {
            None => &mut self.root.cells,
            Some(page) => self.pages.totals_mut(page),
        };
        change(cells.entry(key));
        cells.tidy(key);
    }

    /// Puts a transaction in the place of another with the same id, or nothing (it stays known).
    fn replace(&mut self, old: &Transaction, new: Option<&Transaction>) {
        let hash = id_hash(&old.id);
        if let Some(row) = self.root.tail.iter_mut().rfind(|row| row.hash == hash) {
            row.encoded = new.map(encode).unwrap_or_default();
            return;
        }
        let place = PageKey::Transaction(hash);
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
            from: event.from,
            limit: event.limit,
            currency: event.currency,
            thresholds: event.thresholds.clone(),
            policy: event.policy,
        };
        let place = match self.root.budgets.binary_search_by_key(&category, |budget| budget.category) {
            Ok(place) => place,
            Err(place) => {
                self.root.budgets.insert(place, Budget { category, versions: Vec::with_capacity(1) });
                place
            }
        };
        let budget = &mut self.root.budgets[place];
        let until = budget.until(event.from);
        budget.set(version.clone());
        self.clear_levels(category, event.from, until, |level| !version.has(level));
    }

    fn remove_budget(&mut self, name: &str) {
        let Some(category) = self.category_number(name) else {
            return;
        };
        let Ok(place) = self.root.budgets.binary_search_by_key(&category, |budget| budget.category) else {
            return;
        };
        let budget = self.root.budgets.remove(place);
        if let Some(first) = budget.versions.first() {
            self.clear_levels(category, first.from, None, |_| true);
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
        let concerned = |cell: &&Cell| cell.levels.iter().any(|state| state.active && gone(state.level));
        let keys: Vec<CellKey> =
            self.cells_of(category, from, until).filter(concerned).map(Cell::key).collect();
        for key in keys {
            self.change_cell(key, |cell| {
                for state in cell.levels.iter_mut().filter(|state| gone(state.level)) {
                    state.active = false;
                }
            });
        }
    }

    fn cross(&mut self, category: &str, month: Month, currency: Currency, to: (Level, u32, bool)) {
        let category = self.root.categories.intern(category);
        let (level, crossings, active) = to;
        self.change_cell((month, category, currency), |cell| {
            cell.cross(level, crossings, active);
        });
    }
}
