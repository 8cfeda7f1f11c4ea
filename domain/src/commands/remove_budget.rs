//! `remove_budget`: a category, or all of them, have no limit any more.

use super::{Context, Decide, fields};
use crate::events::BudgetRemoved;
use crate::read::from_json;
use crate::{Event, Refusal, UserState};
use serde::Deserialize;

/// Takes a budget away, from all months.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RemoveBudget {
    /// The category; `all` of them if left out.
    pub category: Box<str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    category: Option<String>,
}

impl Decide for RemoveBudget {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self { category: fields::budgeted(raw.category)? })
    }

    fn decide(&self, state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        if state.budget(&self.category).is_none() {
            return Err(Refusal::new("not_found", "category", "this category has no budget"));
        }
        Ok(vec![Event::BudgetRemoved(BudgetRemoved { category: self.category.clone() })])
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use serde_json::json;

    #[test]
    fn a_removed_budget_is_silent_and_a_new_one_counts_on() {
        let expense = json!({"transaction_type": "Expense", "amount": "90", "category": "Food"});
        Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "100"}))
            .when("create_transaction", expense)
            .when("remove_budget", json!({"category": "Food"}))
            .then_events(&["budget_removed"])
            .when("remove_budget", json!({"category": "Food"}))
            .then_refused("not_found", "category")
            .when("set_budget", json!({"category": "Food", "limit": "100"}))
            .then_alerts(&["reached 80 Food 2026-02 #2: 90 of 100"]);
    }
}
