//! What commands and queries may ask a state; `totals` has the rest.

use super::pages::Page;
use super::rows::{Origin, Row};
use super::{Categories, Predicted, UserState};
use crate::budget::{ALL, ALL_NAME, Budget, Version};
use crate::events::BudgetSet;
use crate::stable_hash::id_hash;
use crate::transaction::Transaction;
use crate::{Amount, CommandId, Currency, Month, PageKey, Refusal};

impl UserState {
    /// Income less expenses, for each currency in use.
    pub(crate) fn balances(&self) -> &[(Currency, Amount)] {
        &self.root.balances
    }

    /// A transaction. Refuses with `not_found` what never was, or is deleted.
    pub(crate) fn transaction(&self, id: &CommandId) -> Result<Transaction, Refusal> {
        self.find_transaction(id)
            .ok_or_else(|| Refusal::new("not_found", "id", "there is no such transaction"))
    }

    fn find_transaction(&self, id: &CommandId) -> Option<Transaction> {
        if let Some(row) = self.root.tail.find(id) {
            return row.transaction(&self.root.categories);
        }
        let Some(Page::Pointer(pointer)) = self.pages.get(PageKey::Transaction(id_hash(id))) else {
            return None;
        };
        match self.pages.get(PageKey::ByDate(pointer.date?, pointer.ordinal)) {
            Some(Page::Transaction(transaction)) => Some((**transaction).clone()),
            _ => None,
        }
    }

    /// The transactions of the root page, each with its number.
    pub(crate) fn tail(&self) -> impl Iterator<Item = (u64, Transaction)> {
        let mut ordinals = self.root.first_ordinal()..;
        self.root.tail.iter().filter(Row::created).filter_map(move |row| {
            let ordinal = ordinals.next()?;
            Some((ordinal, row.transaction(&self.root.categories)?))
        })
    }

    /// Whether there are transactions outside the root page.
    pub(crate) fn has_spilled_transactions(&self) -> bool {
        self.root.spilled_transactions
    }

    /// What is known of a command with this id, if one was decided.
    pub(crate) fn decided(&self, id: &CommandId) -> Option<Origin> {
        if let Some(row) = self.root.tail.find(id) {
            return Some(row.origin());
        }
        if self.pages.is_empty() {
            return None;
        }
        let hash = id_hash(id);
        match (self.pages.get(PageKey::Transaction(hash)), self.pages.get(PageKey::SeenId(hash))) {
            (Some(Page::Pointer(pointer)), _) => Some(pointer.origin),
            (_, Some(Page::Seen(origin))) => Some(*origin),
            _ => None,
        }
    }

    /// A category's name, or that of [`ALL`] of them.
    pub(crate) fn category(&self, number: u16) -> &str {
        if number == ALL { ALL_NAME } else { self.root.categories.name(number) }
    }

    /// A category's number, if the category was ever used.
    pub(crate) fn category_number(&self, name: &str) -> Option<u16> {
        self.root.categories.find(name)
    }

    /// The number of what a budget is for: of a category that was ever used, or of [`ALL`].
    pub(crate) fn budgeted_number(&self, name: &str) -> Option<u16> {
        if name == ALL_NAME { Some(ALL) } else { self.category_number(name) }
    }

    /// All budgets.
    pub(crate) fn budgets(&self) -> impl Iterator<Item = Budget<'_>> {
        self.root.budgets.iter()
    }

    /// The budget of this name through time: a category's, or that for all of them.
    pub(crate) fn budget(&self, name: &str) -> Option<Budget<'_>> {
        self.budget_of(self.budgeted_number(name)?)
    }

    /// A category's own budget.
    pub(crate) fn category_budget(&self, category: &str) -> Option<Budget<'_>> {
        self.budget_of(self.category_number(category)?)
    }

    /// The budget of a category by its number, or of [`ALL`].
    pub(crate) fn budget_of(&self, number: u16) -> Option<Budget<'_>> {
        self.root.budgets.of(number)
    }

    /// What is predicted of a category's month.
    pub(crate) fn predicted(&self, category: u16, month: Month) -> Option<Predicted> {
        self.root.predictions.of(category, month)?.standing
    }

    /// Refuses with `too_many_categories` a transaction with one too many.
    pub(crate) fn check_new_categories(&self, transaction: &Transaction) -> Result<(), Refusal> {
        if self.root.categories.len() + transaction.splits.len() < Categories::MOST {
            return Ok(());
        }
        let names = transaction.figures().filter_map(|(figure, _)| figure.category());
        self.check_categories(names.filter(|name| self.category_number(name).is_none()).count())
    }

    /// Refuses with `too_many_categories` so many new ones.
    pub(crate) fn check_categories(&self, new: usize) -> Result<(), Refusal> {
        if self.root.categories.len() + new > Categories::MOST {
            let text = format!("at most {} different categories", Categories::MOST);
            return Err(Refusal::new("too_many_categories", "category", text));
        }
        Ok(())
    }

    /// Whether setting this budget would change nothing.
    pub(crate) fn has_budget(&self, new: &BudgetSet) -> bool {
        let same = |old: Version<'_>| {
            (old.from, old.limit, old.currency, old.policy) == (new.from, new.limit, new.currency, new.policy)
                && *old.thresholds == *new.thresholds
        };
        self.budget(&new.category).is_some_and(|budget| budget.versions().any(same))
    }
}
