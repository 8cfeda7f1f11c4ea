//! The spending of all categories together: a total of each month, kept only for who has a budget for it. It is added up when
//! there is one, from the totals of all months (predictions look back beyond the budget's first), and let go of with it.

use super::UserState;
use super::line::Line;
use super::thirds::Thirds;
use crate::budget::{ALL, ALL_NAME, Budget};
use crate::events::BudgetSet;
use crate::transaction::{Figure, Transaction};
use crate::{Amount, Currency, Month, PageKey, Refusal};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// What a month's spending comes to, in one currency.
#[derive(Default)]
struct Sum {
    parts: u32,
    amount: Amount,
    thirds: Thirds,
}

impl UserState {
    /// The budget for all categories.
    pub(crate) fn budget_of_all(&self) -> Option<Budget<'_>> {
        self.root.budgets.of_all()
    }

    /// Refuses a budget for all categories in another currency than reports have, where there are rates: what they convert would
    /// be missing from it.
    pub(crate) fn check_for_all(&self, new: &BudgetSet) -> Result<(), Refusal> {
        let base = self.base_currency();
        if &*new.category != ALL_NAME || new.currency == base || self.rate_years().is_none() {
            return Ok(());
        }
        let text = format!("a budget for all categories is in the base currency, {base:?}");
        Err(Refusal::new("not_base_currency", "currency", text))
    }

    /// The budgets whose spending a transaction is part of. One may come twice.
    pub(crate) fn budgets_with<'a>(
        &'a self,
        transaction: &'a Transaction,
    ) -> impl Iterator<Item = Budget<'a>> {
        let of = |(name, _): (&str, Amount)| self.category_budget(name);
        let counts = |_: &Budget<'_>| transaction.all_spending().next().is_some();
        transaction.spending().filter_map(of).chain(self.budget_of_all().filter(counts))
    }

    /// Begins to keep the total.
    pub(super) fn keep_all_spending(&mut self) {
        for ((month, currency), Sum { parts, amount, thirds }) in self.add_up() {
            let key = (month, Line::spending(ALL), currency);
            self.cells_mut(key).set(key, parts, amount, thirds);
        }
    }

    fn add_up(&self) -> BTreeMap<(Month, Currency), Sum> {
        let mut sums: BTreeMap<(Month, Currency), Sum> = BTreeMap::new();
        // A refund without a category is in the spending without one: that part is taken out at the end, as is what counts for
        // budgets in other currencies only.
        let (mut unnamed, mut budgeted) = (Vec::new(), Vec::new());
        for cell in self.all_cells(Month::FIRST, None).filter(|cell| cell.parts > 0) {
            match cell.line.figure() {
                Figure::Spending(_) => {
                    let sum = sums.entry((cell.month, cell.currency)).or_default();
                    sum.parts += cell.parts;
                    sum.amount = sum.amount.plus(cell.sum);
                    sum.thirds = sum.thirds.plus(cell.thirds);
                }
                Figure::UnnamedRefunds => unnamed.push(cell),
                Figure::Budgeted(_) => budgeted.push(cell),
                _ => {}
            }
        }
        for cell in unnamed {
            let sum = sums.entry((cell.month, cell.currency)).or_default();
            sum.parts -= cell.parts;
            sum.amount = sum.amount.plus(cell.sum);
            // They came in: what they took off the spending is put back.
            sum.thirds = sum.thirds.plus(cell.thirds);
        }
        for cell in budgeted {
            let sum = sums.entry((cell.month, cell.currency)).or_default();
            sum.parts -= cell.parts;
            sum.amount = sum.amount.minus(cell.sum);
            sum.thirds = sum.thirds.minus(cell.thirds);
        }
        sums.retain(|_, sum| sum.parts > 0);
        sums
    }

    /// Keeps the total no longer; how often its levels were crossed is remembered.
    pub(super) fn drop_all_spending(&mut self) {
        let cells = self.cells_of(Line::spending(ALL), Month::FIRST, None);
        for key in cells.map(|cell| cell.key()).collect::<Vec<_>>() {
            self.cells_mut(key).set(key, 0, Amount::ZERO, Thirds::default());
        }
    }

    /// The pages that beginning to keep the total looks into.
    pub(super) fn pages_to_keep_all(&self) -> impl Iterator<Item = PageKey> {
        self.all_totals_pages(Month::FIRST, None).chain(self.pages_to_drop_all())
    }

    /// The pages that it is in.
    pub(super) fn pages_to_drop_all(&self) -> impl Iterator<Item = PageKey> {
        self.totals_pages(Line::spending(ALL), Month::FIRST, None)
    }
}
