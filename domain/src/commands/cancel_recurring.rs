//! `cancel_recurring`: these payments are expected no more. (Tests: with `declare_recurring`.)

use super::{Context, Decide};
use crate::events::RecurringCancelled;
use crate::read::{Field, from_json};
use crate::{CommandId, Event, Refusal, UserState};
use serde::Deserialize;

/// Ends a schedule, declared or detected. Nothing is detected of that payee, in that direction and currency, any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CancelRecurring {
    /// Which.
    pub id: CommandId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Field<CommandId>,
}

impl Decide for CancelRecurring {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self { id: raw.id.at("id")? })
    }

    fn decide(&self, state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let schedule = state
            .schedule(&self.id)
            .ok_or_else(|| Refusal::new("not_found", "id", "there is no recurring payment with this id"))?;
        let (id, payee) = (schedule.id.clone(), schedule.payee.clone());
        Ok(vec![Event::RecurringCancelled(RecurringCancelled { id, payee })])
    }
}
