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
    /// The currency it counts in, for reports and balances, if that is not its own.
    pub counted: Option<Counted>,
    /// What it adds to `account`, in that account's currency: below zero where money goes. `None`: that is only a name.
    pub account_amount: Option<Amount>,
    /// What it adds to `to_account`.
    pub to_account_amount: Option<Amount>,
    /// The other currencies that its categories' budgets are in, or were: what it counts as for those. It came later than the
    /// rest, so it is written beside it.
    #[serde(skip)]
    pub budgeted: Box<[Counted]>,
}

/// A currency a transaction counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Which.
    pub currency: Currency,
    /// What a unit of the transaction's currency is worth in it: as given, or the last one known on its date.
    pub rate: Rate,
}

impl Counted {
    /// What a part comes to, rounded by itself.
    pub(crate) fn of(self, amount: Amount) -> Amount {
        // No part is more than the whole, which was checked when it was decided.
        self.rate.convert(amount, self.currency.digits()).unwrap_or(Amount::LARGEST)
    }
}

impl Details {
    /// Most have none, and keep no room for them.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}
