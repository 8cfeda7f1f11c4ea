//! How the budgets of a month stand.

use crate::budget::{Budget, Level};
use crate::state::Line;
use crate::{Amount, Month, PageKey, UserState};
use serde_json::{Value, json};

/// The totals of the budgets valid in the month, and of the months these take over from.
pub(super) fn missing(state: &UserState, month: Month, keys: &mut Vec<PageKey>) {
    for budget in state.budgets().filter(|budget| budget.first() <= month) {
        for page in
            state.totals_pages(Line::spending(budget.category()), budget.depends_from(month), month.next())
        {
            state.add(page, keys);
        }
    }
}

/// One object for each budget valid in the month, by category name.
pub(super) fn items(state: &UserState, month: Month) -> Vec<Value> {
    let mut budgets: Vec<Budget<'_>> = state.budgets().collect();
    budgets.sort_by_key(|budget| state.category(budget.category()));
    budgets.iter().filter_map(|budget| item(state, month, *budget)).collect()
}

fn item(state: &UserState, month: Month, budget: Budget<'_>) -> Option<Value> {
    let version = budget.at(month)?;
    let limit = state.limit_in(budget, month)?;
    let spent = state
        .cell((month, Line::spending(version.category), version.currency))
        .map_or(Amount::ZERO, |cell| cell.sum);
    Some(json!({
        "category": state.category(version.category),
        "month": month,
        "limit": limit,
        "amount": version.limit,
        "spent": spent,
        "remaining": limit.minus(spent),
        "exceeded": Level::Exceeded.is_reached(spent, limit),
        "currency": version.currency,
        "thresholds": version.thresholds,
        "policy": version.policy,
        "from": version.from,
        "predicted": state.predicted(version.category, month),
    }))
}
