//! How the budgets of a month stand.

use crate::budget::Version;
use crate::state::Line;
use crate::{Amount, Month, PageKey, UserState};
use serde_json::{Value, json};

/// The totals of the budgets valid in the month.
pub(super) fn missing(state: &UserState, month: Month, keys: &mut Vec<PageKey>) {
    for version in state.budgets().filter_map(|budget| budget.at(month)) {
        if let Some(page) = state.totals_page(month, Line::spending(version.category)) {
            state.add(page, keys);
        }
    }
}

/// One object for each budget valid in the month, by category name.
pub(super) fn items(state: &UserState, month: Month) -> Vec<Value> {
    let mut valid: Vec<&Version> = state.budgets().filter_map(|budget| budget.at(month)).collect();
    valid.sort_by_key(|version| state.category(version.category));
    valid.iter().map(|version| item(state, month, version)).collect()
}

fn item(state: &UserState, month: Month, version: &Version) -> Value {
    let key = (month, Line::spending(version.category), version.currency);
    let spent = state.cell(key).map_or(Amount::ZERO, |cell| cell.sum);
    json!({
        "category": state.category(version.category),
        "month": month,
        "limit": version.limit,
        "spent": spent,
        "remaining": version.limit.minus(spent),
        "exceeded": spent > version.limit,
        "currency": version.currency,
        "thresholds": *version.thresholds,
        "policy": version.policy,
        "from": version.from,
        "predicted": null,
    })
}
