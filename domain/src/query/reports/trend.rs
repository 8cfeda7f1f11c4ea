//! What one category came to, month by month.

use super::sums::Sums;
use crate::state::Line;
use crate::transaction::Figure;
use crate::{Currency, Month, Months, PageKey, UserState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The totals of the category's spending and of its incomes.
pub(super) fn missing(state: &UserState, category: Option<&str>, months: Months, keys: &mut Vec<PageKey>) {
    for line in lines(state, category) {
        for page in state.totals_pages(line, months.first(), months.last().next()) {
            state.add(page, keys);
        }
    }
}

pub(super) fn answer(state: &UserState, category: Option<&str>, months: Months, currency: Currency) -> Value {
    let mut by_month: BTreeMap<Month, Sums> = BTreeMap::new();
    for line in lines(state, category) {
        let cells = state.cells_of(line, months.first(), months.last().next());
        for cell in cells.filter(|cell| cell.currency == currency) {
            by_month.entry(cell.month).or_default().add(&line.figure(), cell.sum);
        }
    }
    let row = |month: Month| {
        let sums = by_month.get(&month).copied().unwrap_or_default();
        json!({"month": month, "amount": sums.expense, "income": sums.income})
    };
    let all = by_month.values().copied().fold(Sums::default(), Sums::plus);
    json!({
        "category": category, "from": months.first(), "to": months.last(), "currency": currency,
        "amount": all.expense, "income": all.income, "months": months.iter().map(row).collect::<Vec<_>>(),
    })
}

/// None for a category that was never used.
fn lines(state: &UserState, category: Option<&str>) -> impl Iterator<Item = Line> {
    let number = category.map(|name| state.category_number(name));
    let known = number != Some(None);
    let number = number.flatten();
    let figures = [Figure::Spending(number), Figure::Income(number)];
    let figures = figures.into_iter().chain(number.map(Figure::Budgeted));
    figures.filter(move |_| known).map(Line::from)
}
