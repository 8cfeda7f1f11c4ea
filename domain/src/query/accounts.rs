//! A user's accounts, in the order they were opened.

use crate::account::Account;
use crate::{Refusal, UserState};
use serde_json::{Value, json};

pub(super) fn items(state: &UserState) -> Vec<Value> {
    state
        .accounts()
        .map_or_else(Vec::new, |accounts| accounts.iter().map(|(_, account)| item(account)).collect())
}

pub(super) fn one(state: &UserState, name: &str) -> Result<Value, Refusal> {
    let found = state.account(name).map(|(_, account)| item(account));
    found.ok_or_else(|| Refusal::new("not_found", "id", "there is no account with this id or name"))
}

fn item(account: &Account) -> Value {
    json!({
        "id": account.id,
        "name": account.name,
        "kind": account.kind,
        "currency": account.currency,
        "opened": account.opened,
        "opening_balance": account.opening_balance(),
        "balance": account.balance,
        "closed": account.closed,
    })
}
