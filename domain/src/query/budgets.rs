//! How the budgets of a month stand.

use crate::budget::Version;
use crate::{Amount, Month, PageKey, UserState};
use serde_json::{Value, json};

/// The totals of the budgets valid in the month.
pub(super) fn missing(state: &UserState, month: Month, keys: &mut Vec<PageKey>) {
    for budget in state.budgets().iter().filter(|budget| budget.at(month).is_some()) {
        if let Some(page) = state.totals_page(month, budget.category) {
            state.add(page, keys);
        }
    }
}

/// One object for each budget valid in the month, by category name.
pub(super) fn items(state: &UserState, month: Month) -> Vec<Value> {
    let valid = |budget: &crate::budget::Budget| Some((budget.category, budget.at(month)?.clone()));
    let mut budgets: Vec<(u16, Version)> = state.budgets().iter().filter_map(valid).collect();
    budgets.sort_by(|a, b| state.category(a.0).cmp(state.category(b.0)));
    budgets.iter().map(|(category, version)| item(state, month, *category, version)).collect()
}

fn item(state: &UserState, month: Month, category: u16, version: &Version) -> Value {
    let spent = state.cell((month, category, version.currency)).map_or(Amount::ZERO, |cell| cell.spent);
    json!({
        "category": state.category(category),
        "month": month,
        "limit": version.limit,
        "spent": spent,
        "remaining": version.limit.minus(spent),
        "exceeded": spent > version.limit,
        "currency": version.currency,
        "thresholds": version.thresholds,
        "policy": version.policy,
        "from": version.from,
        "predicted": null,
    })
}
