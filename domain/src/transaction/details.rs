//! What few transactions have: another currency, accounts that they move.

use crate::values::Rate;
use crate::{Amount, Currency};
use serde::{Deserialize, Serialize};

/// In JSON these are fields of the transaction, there only where they say something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The account a transfer goes to.
    pub to_account: Option<Box<str>>,
    /// The exchange rate that was given with it.
    pub rate: Option<Rate>,
    /// The currency it counts in, for budgets, reports and balances, if that is not its own.
    pub counted: Option<Counted>,
    /// What it adds to `account`, in that account's currency: below zero where money goes. `None`: that is only a name.
    pub account_amount: Option<Amount>,
    /// What it adds to `to_account`.
    pub to_account_amount: Option<Amount>,
}

/// The currency a transaction counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Which.
    pub currency: Currency,
    /// What a unit of the transaction's currency is worth in it: as given, or the last one known on its date.
    pub rate: Rate,
}

impl Details {
    /// Most have none, and keep no room for them.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}
