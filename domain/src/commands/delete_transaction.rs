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
        Ok(vec![Event::TransactionDeleted(TransactionDeleted { transaction })])
    }
}
