//! `delete_transaction`: a transaction never was.

use super::{Context, Decide};
use crate::events::TransactionDeleted;
use crate::read::{Field, from_json};
use crate::{CommandId, Event, Refusal, UserState};
use serde::Deserialize;

/// Takes a transaction back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeleteTransaction {
    /// Which transaction.
    pub id: CommandId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Field<CommandId>,
}

impl Decide for DeleteTransaction {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self { id: raw.id.at("id")? })
    }

    fn target(&self) -> Option<&CommandId> {
        Some(&self.id)
    }

    fn decide(&self, state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let transaction = state.transaction(&self.id)?;
        transaction.moves().try_for_each(|(name, _)| state.check_open(name, "id"))?;
        Ok(vec![Event::TransactionDeleted(TransactionDeleted { transaction })])
    }
}

#[cfg(test)]
mod tests {
    use crate::Handled;
    use crate::story::Story;
    use serde_json::json;

    #[test]
    fn what_is_deleted_is_gone_but_its_id_stays_taken() {
        let expense = json!({"transaction_type": "Expense", "amount": "90", "category": "Food"});
        let mut story = Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "100"}))
            .when_as("t", "create_transaction", expense.clone())
            .when("delete_transaction", json!({"id": "t"}))
            .then_events(&["transaction_deleted", "budget_recovered"])
            .then_alerts(&["recovered 80 Food 2026-02 #1: 0 of 100"])
            .when("delete_transaction", json!({"id": "t"}))
            .then_refused("not_found", "id")
            .when("update_transaction", json!({"id": "t", "amount": "1"}))
            .then_refused("not_found", "id");
        assert_eq!(story.send("t", "create_transaction", &expense), Handled::Repeated { sequence: 2 });
    }
}
