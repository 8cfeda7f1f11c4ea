//! What happened to accounts and exchange rates.

use crate::account::AccountKind;
use crate::values::Rate;
use crate::{Amount, Currency, Date};
use serde::{Deserialize, Serialize};

/// There is a new account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOpened {
    /// What transactions may name it by: the command's id, or the one given.
    pub id: Box<str>,
    /// What the user calls it; transactions may name it by this, too.
    pub name: Box<str>,
    /// What kind it is.
    pub kind: AccountKind,
    /// In what its balance is.
    pub currency: Currency,
    /// The day that `opening_balance` is the balance at the beginning of.
    pub opened: Date,
    /// What was in it then; below zero: owed.
    pub opening_balance: Amount,
}

/// An account takes nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountClosed {
    /// Which.
    pub id: Box<str>,
    /// Its last day.
    pub closed: Date,
}

/// What a unit of one currency was worth in another on a day. It replaces what was recorded for the same day; transactions keep
/// the rate they were entered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRateRecorded {
    /// The currency a unit of which …
    pub from: Currency,
    /// … is worth `rate` of this one.
    pub to: Currency,
    /// On which day; and until a later one is known.
    pub date: Date,
    /// How many.
    pub rate: Rate,
}
