//! A month's or a year's report.

use super::sums::Sums;
use crate::budget::ALL;
use crate::transaction::Figure;
use crate::{Amount, Currency, Month, Months, PageKey, UserState, Year};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The totals of the months, and of those right before them.
pub(super) fn missing(state: &UserState, before: Option<Months>, months: Months, keys: &mut Vec<PageKey>) {
    let first = before.unwrap_or(months).first();
    for page in state.all_totals_pages(first, months.last().next()) {
        state.add(page, keys);
    }
}

pub(super) fn month(state: &UserState, month: Month, before: Option<Months>, currency: Currency) -> Value {
    let tally = Tally::new(state, before, month.into(), currency);
    let mut report = tally.report(state);
    report["month"] = json!(month);
    report
}

pub(super) fn year(state: &UserState, year: Year, before: Option<Months>, currency: Currency) -> Value {
    let tally = Tally::new(state, before, year.months(), currency);
    let mut report = tally.report(state);
    report["year"] = json!(year.number());
    let month = |month: Month| {
        let mut sums = tally.by_month.get(&month).copied().unwrap_or_default().json();
        sums["month"] = json!(month);
        sums
    };
    report["months"] = year.months().iter().map(month).collect();
    report
}

/// What each category came to, and of how many parts of transactions.
type ByCategory = BTreeMap<Option<u16>, (Amount, i64)>;

/// What the months come to: all in all, by month, by category's number.
struct Tally {
    months: Months,
    currency: Currency,
    by_month: BTreeMap<Month, Sums>,
    spending: ByCategory,
    incomes: ByCategory,
    previous: Sums,
}

impl Tally {
    fn new(state: &UserState, before: Option<Months>, months: Months, currency: Currency) -> Self {
        let mut tally = Self {
            months,
            currency,
            by_month: BTreeMap::new(),
            spending: BTreeMap::new(),
            incomes: BTreeMap::new(),
            previous: Sums::default(),
        };
        let cells = state.all_cells(before.unwrap_or(months).first(), months.last().next());
        for cell in cells.filter(|cell| cell.currency == currency && cell.parts > 0) {
            let figure = cell.line.figure();
            if !months.contains(cell.month) {
                tally.previous.add(&figure, cell.sum);
                continue;
            }
            tally.by_month.entry(cell.month).or_default().add(&figure, cell.sum);
            let sum = match figure {
                Figure::Spending(category) => tally.spending.entry(category).or_default(),
                Figure::Income(category) => tally.incomes.entry(category).or_default(),
                Figure::Budgeted(category) => {
                    // Part of `Spending`, and in reports in another currency.
                    let sum = tally.spending.entry(Some(category)).or_default();
                    (sum.0, sum.1) = (sum.0.minus(cell.sum), sum.1 - i64::from(cell.parts));
                    continue;
                }
                Figure::Refunds | Figure::UnnamedRefunds | Figure::AllSpending | Figure::Account(_) => {
                    continue;
                }
            };
            (sum.0, sum.1) = (sum.0.plus(cell.sum), sum.1 + i64::from(cell.parts));
        }
        tally.spending.retain(|_, (_, parts)| *parts > 0);
        tally
    }

    fn report(&self, state: &UserState) -> Value {
        let sums = self.by_month.values().copied().fold(Sums::default(), Sums::plus);
        let mut report = sums.json();
        report["currency"] = json!(self.currency);
        report["savings_rate"] = json!(sums.savings_rate());
        let mut limits = self.limits(state);
        report["budget"] = json!(limits.remove(&ALL));
        report["categories"] = self.categories(state, &limits);
        report["incomes"] = by_amount(state, &self.incomes)
            .into_iter()
            .map(|(name, _, amount)| json!({"category": name, "amount": amount}))
            .collect();
        report["previous"] = self.previous.json();
        report
    }

    /// Categories that something was spent on, and those that have a budget nothing was taken from.
    fn categories(&self, state: &UserState, limits: &BTreeMap<u16, Amount>) -> Value {
        let mut spending = self.spending.clone();
        for category in limits.keys() {
            spending.entry(Some(*category)).or_default();
        }
        by_amount(state, &spending)
            .into_iter()
            .map(|(name, category, amount)| {
                let budget = category.and_then(|category| limits.get(&category));
                json!({"category": name, "amount": amount, "budget": budget})
            })
            .collect()
    }

    /// The limit of each budget in this currency: a month's with what it took over; a year's is the sum of what was set, since
    /// what months leave to each other would count twice.
    fn limits(&self, state: &UserState) -> BTreeMap<u16, Amount> {
        let one_month = self.months.first() == self.months.last();
        let mut limits: BTreeMap<u16, Amount> = BTreeMap::new();
        for budget in state.budgets() {
            let valid = self.months.iter().filter_map(|month| Some((month, budget.at(month)?)));
            for (month, version) in valid.filter(|(_, version)| version.currency == self.currency) {
                let taken_over = if one_month { state.limit_in(budget, month) } else { None };
                let limit = limits.entry(version.category).or_default();
                *limit = limit.plus(taken_over.unwrap_or(version.limit));
            }
        }
        limits
    }
}

/// The largest amount first, then by name; no category comes before all names.
fn by_amount<'a>(state: &'a UserState, amounts: &ByCategory) -> Vec<(Option<&'a str>, Option<u16>, Amount)> {
    let named = |(category, (amount, _)): (&Option<u16>, &(Amount, i64))| {
        (category.map(|number| state.category(number)), *category, *amount)
    };
    let mut sorted: Vec<_> = amounts.iter().map(named).collect();
    sorted.sort_by_key(|(name, _, amount)| (Reverse(*amount), *name));
    sorted
}
