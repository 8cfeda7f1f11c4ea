//! What was spent month by month, for who wants to look at many months together.

use super::UserState;
use super::cells::Cell;
use super::line::Line;
use crate::statistics::to_float;
use crate::transaction::Figure;
use crate::{Amount, Currency, Month, PageKey};
use std::collections::BTreeMap;

/// Which month totals a command wants to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TotalsRead<'a> {
    /// The spending of which category; `None`: all spending.
    pub category: Option<&'a str>,
    /// The first month.
    pub from: Month,
    /// The first month that is not read any more.
    pub until: Month,
}

/// Months in a row, in one currency.
pub(crate) struct Spending {
    /// The first month with a transaction.
    pub first: Month,
    /// In what.
    pub currency: Currency,
    /// Expenses less refunds of each month from the first on, to be estimated with.
    pub by_month: Vec<f64>,
}

impl UserState {
    /// What was spent from the first month with a transaction until the end of `read`; months without one are 0. In the
    /// base currency, or the one with the most transactions where there is none in that, unless one is named. `None` if
    /// there is no transaction at all.
    pub(crate) fn monthly_spending(
        &self,
        read: &TotalsRead<'_>,
        currency: Option<Currency>,
    ) -> Option<Spending> {
        let counted = self.counted(read);
        let currency = currency.or_else(|| self.main_currency(&counted))?;
        let in_currency = counted.iter().filter(|((known, _), _)| *known == currency);
        let months: BTreeMap<Month, Amount> =
            in_currency.map(|((_, month), (sum, _))| (*month, *sum)).collect();
        let first = *months.keys().next()?;
        let all = (0..).map_while(|ahead| first.plus(ahead).filter(|month| *month < read.until));
        let by_month = all.map(|month| months.get(&month).copied().map_or(0.0, to_float)).collect();
        Some(Spending { first, currency, by_month })
    }

    /// What counts in each currency, by month: the sum, and of how many parts of transactions. What counts for budgets only is
    /// left out.
    fn counted(&self, read: &TotalsRead<'_>) -> BTreeMap<(Currency, Month), (Amount, i64)> {
        let mut counted: BTreeMap<_, (Amount, i64)> = BTreeMap::new();
        for cell in self.cells_read(read) {
            let (sum, parts) = counted.entry((cell.currency, cell.month)).or_default();
            if let Figure::Budgeted(_) = cell.line.figure() {
                (*sum, *parts) = (sum.minus(cell.sum), *parts - i64::from(cell.parts));
            } else {
                (*sum, *parts) = (sum.plus(cell.sum), *parts + i64::from(cell.parts));
            }
        }
        counted.retain(|_, (_, parts)| *parts > 0);
        counted
    }

    fn main_currency(&self, counted: &BTreeMap<(Currency, Month), (Amount, i64)>) -> Option<Currency> {
        let mut parts: BTreeMap<Currency, i64> = BTreeMap::new();
        for ((currency, _), (_, more)) in counted {
            *parts.entry(*currency).or_default() += more;
        }
        let base = self.base_currency();
        parts
            .into_iter()
            .max_by_key(|(currency, parts)| (*currency == base, *parts))
            .map(|(currency, _)| currency)
    }

    fn cells_read(&self, read: &TotalsRead<'_>) -> Vec<Cell<'_>> {
        let (from, until) = (read.from, Some(read.until));
        let is_spending =
            |cell: &Cell<'_>| matches!(cell.line.figure(), Figure::Spending(_) | Figure::Budgeted(_));
        match read.category {
            None => self.all_cells(from, until).filter(is_spending).collect(),
            // A category that was never used has no number, and no totals.
            Some(name) => self
                .category_number(name)
                .map(|number| {
                    let lines = [Line::spending(number), Line::budgeted(number)];
                    lines.into_iter().flat_map(|line| self.cells_of(line, from, until)).collect()
                })
                .unwrap_or_default(),
        }
    }

    /// The pages besides the root page that [`UserState::monthly_spending`] looks into.
    pub(crate) fn pages_read(&self, read: &TotalsRead<'_>) -> Vec<PageKey> {
        let (from, until) = (read.from, Some(read.until));
        match read.category {
            None => self.all_totals_pages(from, until).collect(),
            Some(name) => self
                .category_number(name)
                .map(|number| self.totals_pages(Line::spending(number), from, until).collect())
                .unwrap_or_default(),
        }
    }
}
