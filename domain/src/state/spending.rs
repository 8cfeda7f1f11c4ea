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
        let mut cells = self.cells_read(read);
        cells.retain(|cell| cell.parts > 0);
        let currency = currency.or_else(|| self.main_currency(&cells))?;
        let mut months: BTreeMap<Month, Amount> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| cell.currency == currency) {
            let sum = months.entry(cell.month).or_default();
            *sum = sum.plus(cell.sum);
        }
        let first = *months.keys().next()?;
        let all = (0..).map_while(|ahead| first.plus(ahead).filter(|month| *month < read.until));
        let by_month = all.map(|month| months.get(&month).copied().map_or(0.0, to_float)).collect();
        Some(Spending { first, currency, by_month })
    }

    fn main_currency(&self, cells: &[Cell<'_>]) -> Option<Currency> {
        let mut parts: BTreeMap<Currency, u64> = BTreeMap::new();
        for cell in cells {
            *parts.entry(cell.currency).or_default() += u64::from(cell.parts);
        }
        let base = self.base_currency();
        parts
            .into_iter()
            .max_by_key(|(currency, parts)| (*currency == base, *parts))
            .map(|(currency, _)| currency)
    }

    fn cells_read(&self, read: &TotalsRead<'_>) -> Vec<Cell<'_>> {
        let (from, until) = (read.from, Some(read.until));
        let is_spending = |cell: &Cell<'_>| matches!(cell.line.figure(), Figure::Spending(_));
        match read.category {
            None => self.all_cells(from, until).filter(is_spending).collect(),
            // A category that was never used has no number, and no totals.
            Some(name) => self
                .category_number(name)
                .map(|number| self.cells_of(Line::spending(number), from, until).collect())
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
