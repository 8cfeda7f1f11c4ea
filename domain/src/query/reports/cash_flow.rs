//! How the balance moved, month by month.

use super::sums::Sums;
use crate::{Amount, Currency, Month, Months, PageKey, UserState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All totals from the first month on: the balance before it is today's, less what has come since.
pub(super) fn missing(state: &UserState, months: Months, keys: &mut Vec<PageKey>) {
    for page in state.all_totals_pages(months.first(), None) {
        state.add(page, keys);
    }
}

pub(super) fn answer(state: &UserState, months: Months, currency: Currency) -> Value {
    let mut by_month: BTreeMap<Month, Sums> = BTreeMap::new();
    for cell in state.all_cells(months.first(), None).filter(|cell| cell.currency == currency) {
        by_month.entry(cell.month).or_default().add(&cell.line.figure(), cell.sum);
    }
    let since = by_month.values().copied().fold(Sums::default(), Sums::plus);
    let balances = state.balances().iter();
    let today = balances.copied().find(|(known, _)| *known == currency).map_or(Amount::ZERO, |(_, sum)| sum);
    let opening = today.minus(since.net());

    let mut balance = opening;
    let mut all = Sums::default();
    let mut rows = Vec::new();
    for month in months.iter() {
        let sums = by_month.get(&month).copied().unwrap_or_default();
        let before = balance;
        balance = balance.plus(sums.net());
        all = all.plus(sums);
        let mut row = flow(before, sums, balance);
        row["month"] = json!(month);
        rows.push(row);
    }
    let mut report = flow(opening, all, balance);
    report["from"] = json!(months.first());
    report["to"] = json!(months.last());
    report["currency"] = json!(currency);
    report["months"] = rows.into();
    report
}

fn flow(opening: Amount, sums: Sums, closing: Amount) -> Value {
    json!({"opening": opening, "in": sums.inflow(), "out": sums.outflow(), "closing": closing})
}
