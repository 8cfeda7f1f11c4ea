//! What a new budget finds in its months: spending that is not known in its currency yet is converted, each transaction at its
//! own date's rate, and the transaction says so from then on.

use super::UserState;
use super::line::Line;
use super::pages::Page;
use crate::budget::ALL_NAME;
use crate::events::{BudgetSet, TransactionUpdated};
use crate::transaction::{Figure, Transaction};
use crate::{Event, Month, PageKey, PageRange, Refusal};
use std::collections::BTreeMap;

/// Transactions that one command may convert, and months it may look for them in: it bounds what is read, and the events.
const MOST_PARTS: i64 = 1_000;
const MOST_MONTHS: usize = 36;

impl UserState {
    /// The transactions a budget's months hold that are not known in its currency, converted: by date, then as they were
    /// created. Refuses with `unknown_exchange_rate` what has no rate, with `too_many_to_convert` more than can be looked at.
    pub(crate) fn converted_for(&self, new: &BudgetSet) -> Result<Vec<Event>, Refusal> {
        // A budget for all categories is about what reports have.
        if &*new.category == ALL_NAME {
            return Ok(Vec::new());
        }
        let months = self.months_to_convert(new);
        if months.len() > MOST_MONTHS || months.values().sum::<i64>() > MOST_PARTS {
            let text = format!(
                "more than {MOST_PARTS} transactions, or {MOST_MONTHS} months, are in other currencies than {:?}: begin in a \
                 later month",
                new.currency
            );
            return Err(Refusal::new("too_many_to_convert", "from", text));
        }
        let mut events = Vec::new();
        for previous in self.to_convert(new, &months) {
            let transaction = self
                .recounted(&previous, false, Some(new.currency))
                .map_err(|refusal| explained(refusal, &previous, new))?;
            events.push(Event::TransactionUpdated(Box::new(TransactionUpdated { transaction, previous })));
        }
        Ok(events)
    }

    /// The pages that [`UserState::converted_for`] still needs: totals first, then the months' transactions, then where these are
    /// and their rates.
    pub(crate) fn add_converted_for(&self, new: &BudgetSet, keys: &mut Vec<PageKey>) {
        if &*new.category == ALL_NAME {
            return;
        }
        if let Some(number) = self.category_number(&new.category) {
            let until = self.budget_of(number).and_then(|budget| budget.until(new.from));
            for page in self.totals_pages(Line::spending(number), new.from, until) {
                self.add(page, keys);
            }
        }
        let months = self.months_to_convert(new);
        if !keys.is_empty() || months.len() > MOST_MONTHS || months.values().sum::<i64>() > MOST_PARTS {
            return;
        }
        if self.has_spilled_transactions() {
            for month in months.keys() {
                self.add(PageKey::Month(*month), keys);
            }
        }
        if keys.is_empty() {
            for transaction in self.to_convert(new, &months) {
                self.add_transaction(&transaction.id, keys);
                self.add_recounted(&transaction, Some(new.currency), keys);
            }
        }
    }

    /// The months with spending that is not known in the budget's currency, and how many parts of transactions that is.
    fn months_to_convert(&self, new: &BudgetSet) -> BTreeMap<Month, i64> {
        let mut lacking = BTreeMap::new();
        let Some(number) = self.category_number(&new.category) else {
            return lacking;
        };
        let until = self.budget_of(number).and_then(|budget| budget.until(new.from));
        for line in [Line::spending(number), Line::budgeted(number)] {
            for cell in self.cells_of(line, new.from, until).filter(|cell| cell.parts > 0) {
                let parts = i64::from(cell.parts);
                let sum = lacking.entry(cell.month).or_insert(0);
                // All that counts is there once without what counts for budgets only; what is known in the currency is done.
                if line == Line::budgeted(number) {
                    *sum -= parts;
                } else if cell.currency != new.currency {
                    *sum += parts;
                }
            }
        }
        lacking.retain(|_, parts| *parts > 0);
        lacking
    }

    fn to_convert(&self, new: &BudgetSet, months: &BTreeMap<Month, i64>) -> Vec<Transaction> {
        let lacks = |transaction: &Transaction| {
            let spends = |(figure, _)| figure == Figure::Spending(Some(&*new.category));
            months.contains_key(&self.month_of(transaction.date))
                && transaction.currencies().all(|currency| currency != new.currency)
                && transaction.figures().any(spends)
        };
        if months.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<_> = self.tail().filter(|(_, transaction)| lacks(transaction)).collect();
        for (key, page) in self.pages.iter() {
            if let (PageKey::ByDate(_, ordinal), Page::Transaction(transaction)) = (key, page)
                && lacks(transaction)
            {
                found.push((ordinal, (**transaction).clone()));
            }
        }
        found.sort_by_key(|(ordinal, transaction)| (transaction.date, *ordinal));
        found.into_iter().map(|(_, transaction)| transaction).collect()
    }

    /// What a key stands for that is no page but a run of pages; `None`: it is a page.
    pub fn run(&self, key: PageKey) -> Option<PageRange> {
        let PageKey::Month(month) = key else {
            return None;
        };
        let (start, last) = (self.month_start(), u16::MAX);
        // What would be before the first month counts for it.
        let first = if month == Month::FIRST { crate::Date::FIRST } else { start.date(month, 1) };
        let from = self.stored_key(PageKey::ByDate(first, 0));
        let to = self.stored_key(PageKey::ByDate(start.date(month, last), u64::MAX));
        Some(PageRange { from, to, descending: true, limit: usize::MAX })
    }
}

/// The refusal that says which transaction stands in the way, and what helps.
fn explained(refusal: Refusal, transaction: &Transaction, new: &BudgetSet) -> Refusal {
    if refusal.code != "unknown_exchange_rate" {
        return refusal;
    }
    let (own, date) = (transaction.currency, transaction.date);
    let text = format!(
        "the spending of {date} in {own:?} has no exchange rate from {own:?} to {:?} on or before that date: record one, or begin \
         in a later month",
        new.currency
    );
    Refusal::new("unknown_exchange_rate", "currency", text)
}
