//! `close_account`: an account takes nothing any more. (Tests: with `open_account`.)

use super::{Context, Decide};
use crate::events::AccountClosed;
use crate::read::{Field, from_json};
use crate::values::ACCOUNT;
use crate::{Event, Refusal, UserState, When};
use serde::Deserialize;

/// Closes an account. What it holds stays in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CloseAccount {
    /// Which: its id, or its name.
    pub id: Box<str>,
    /// Its last day; that of the command if left out.
    pub date: Option<When>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    date: Option<Field<When>>,
}

impl Decide for CloseAccount {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self { id: ACCOUNT.check(raw.id, "id")?, date: raw.date.map(|date| date.at("date")).transpose()? })
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let (_, account) = state
            .account(&self.id)
            .ok_or_else(|| Refusal::new("not_found", "id", "there is no account with this id or name"))?;
        if account.closed.is_some() {
            return Ok(Vec::new());
        }
        let closed = state.date_given(self.date, context.time).map_err(|no| no.at("date"))?;
        if closed < account.opened {
            let text = format!("the account was opened on {}: its last day is no earlier", account.opened);
            return Err(Refusal::new("closed_before_opened", "date", text));
        }
        Ok(vec![Event::AccountClosed(AccountClosed { id: account.id.clone(), closed })])
    }
}
