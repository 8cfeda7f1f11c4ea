//! Reports: sums of many months' transactions, read from the month totals that are kept anyway.
//!
//! `sums` is what one or more months come to · `period` is a month's or a year's report · `cash_flow`, `trend` go month by
//! month.

mod cash_flow;
mod period;
mod sums;
#[cfg(test)]
mod tests;
mod trend;

use super::budgets;
use crate::{Currency, Month, Months, PageKey, Refusal, UserState, Year};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;

/// A report, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportQuery {
    /// Which one.
    pub report: Report,
    /// Only transactions in this currency count; `None`: the user's base currency.
    pub currency: Option<Currency>,
}

/// Every report there is. Each is an object whose amounts are strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A month: `month, currency, income, expense, net, savings_rate, budget, categories, incomes, previous`.
    Month(Month),
    /// A year: the same with `year`, and `months`.
    Year(Year),
    /// The user's month at an instant. Refused with `clock_out_of_range` beyond the calendar.
    MonthAt(Timestamp),
    /// The year of the user's month at an instant. Refused like [`Report::MonthAt`].
    YearAt(Timestamp),
    /// How the balance moved: `from, to, currency, opening, in, out, closing, months`.
    CashFlow(Months),
    /// What one category came to: `category, from, to, currency, amount, income, months`.
    CategoryTrend {
        /// Its name; `None`: transactions without a category.
        category: Option<String>,
        /// In which months.
        months: Months,
    },
}

impl ReportQuery {
    pub(super) fn missing(&self, state: &UserState, keys: &mut Vec<PageKey>) {
        let Ok(report) = self.report.named(state) else {
            return;
        };
        match &*report {
            Report::Month(month) => {
                period::missing(state, month_before(*month), (*month).into(), keys);
                budgets::missing(state, *month, keys);
            }
            Report::Year(year) => period::missing(state, year_before(*year), year.months(), keys),
            Report::CashFlow(months) => cash_flow::missing(state, *months, keys),
            Report::CategoryTrend { category, months } => {
                trend::missing(state, category.as_deref(), *months, keys);
            }
            Report::MonthAt(_) | Report::YearAt(_) => unreachable!("named above"),
        }
    }

    pub(super) fn answer(&self, state: &UserState) -> Result<Value, Refusal> {
        let currency = self.currency.unwrap_or_else(|| state.base_currency());
        Ok(match &*self.report.named(state)? {
            Report::Month(month) => period::month(state, *month, month_before(*month), currency),
            Report::Year(year) => period::year(state, *year, year_before(*year), currency),
            Report::CashFlow(months) => cash_flow::answer(state, *months, currency),
            Report::CategoryTrend { category, months } => {
                trend::answer(state, category.as_deref(), *months, currency)
            }
            Report::MonthAt(_) | Report::YearAt(_) => unreachable!("named above"),
        })
    }
}

impl Report {
    /// The same with its month or year named.
    fn named(&self, state: &UserState) -> Result<Cow<'_, Self>, Refusal> {
        Ok(match self {
            Self::MonthAt(time) => Cow::Owned(Self::Month(state.month_at(*time)?)),
            Self::YearAt(time) => Cow::Owned(Self::Year(state.month_at(*time)?.into())),
            named => Cow::Borrowed(named),
        })
    }
}

fn month_before(month: Month) -> Option<Months> {
    month.previous().map(Months::from)
}

fn year_before(year: Year) -> Option<Months> {
    year.previous().map(Year::months)
}
