//! A transaction: money that came or went.

use crate::{Amount, CommandId, Currency, Date};
use serde::{Deserialize, Serialize};

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TransactionType {
    /// It came.
    Income,
    /// It went.
    Expense,
}

/// How settled it is. Both count alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Announced by the bank, not booked yet.
    Pending,
    /// Booked.
    #[default]
    Posted,
}

/// One part of a split transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Split {
    /// What it was for.
    pub category: Box<str>,
    /// How much of the total; above zero.
    pub amount: Amount,
}

/// A whole transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The id of the command that created it.
    pub id: CommandId,
    /// Which way the money went.
    pub transaction_type: TransactionType,
    /// How much, above zero, in units of `currency`.
    pub amount: Amount,
    /// In what.
    pub currency: Currency,
    /// What it was for. Where there are splits, they say so instead.
    pub category: Option<Box<str>>,
    /// On which day.
    pub date: Date,
    /// To or from whom.
    pub payee: Option<Box<str>>,
    /// Anything else worth knowing.
    pub note: Option<Box<str>>,
    /// Free labels.
    pub tags: Box<[Box<str>]>,
    /// The account it is in.
    pub account: Option<Box<str>>,
    /// Parts that sum to `amount`; none: the whole counts for `category`.
    pub splits: Box<[Split]>,
    /// An income that lowers its category's spending.
    pub refund: bool,
    /// Counts nowhere.
    pub excluded: bool,
    /// How settled it is.
    pub status: Status,
}

impl Transaction {
    /// What it adds to each category's spending: expenses raise it, refunds lower it, all else leaves it alone.
    pub fn spending(&self) -> impl Iterator<Item = (&str, Amount)> {
        let sign = match (self.excluded, self.transaction_type, self.refund) {
            (false, TransactionType::Expense, _) => Some(false),
            (false, TransactionType::Income, true) => Some(true),
            _ => None,
        };
        let whole =
            self.category.as_deref().filter(|_| self.splits.is_empty()).map(|name| (name, self.amount));
        let parts = self.splits.iter().map(|split| (&*split.category, split.amount));
        sign.into_iter().flat_map(move |lowers| {
            let signed = move |amount: Amount| if lowers { amount.negated() } else { amount };
            whole.into_iter().chain(parts.clone()).map(move |(name, amount)| (name, signed(amount)))
        })
    }

    /// What it adds to the balance of its currency.
    pub fn balance(&self) -> Amount {
        match (self.excluded, self.transaction_type) {
            (true, _) => Amount::ZERO,
            (false, TransactionType::Income) => self.amount,
            (false, TransactionType::Expense) => self.amount.negated(),
        }
    }
}
