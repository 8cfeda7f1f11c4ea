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

/// A figure of a month that transactions add up to; `C` names its category, `None` is for those without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure<C> {
    /// Expenses less refunds.
    Spending(Option<C>),
    /// Incomes that are no refunds.
    Income(Option<C>),
    /// All refunds, whatever their category: they lower spending, but the money came in.
    Refunds,
}

impl<C> Figure<C> {
    /// Its category, if it has one.
    pub(crate) fn category(self) -> Option<C> {
        match self {
            Self::Spending(category) | Self::Income(category) => category,
            Self::Refunds => None,
        }
    }

    /// The same figure with its category named another way.
    pub(crate) fn map<D>(self, name: impl FnOnce(C) -> D) -> Figure<D> {
        match self {
            Self::Spending(category) => Figure::Spending(category.map(name)),
            Self::Income(category) => Figure::Income(category.map(name)),
            Self::Refunds => Figure::Refunds,
        }
    }
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
        self.figures().filter_map(|(figure, amount)| match figure {
            Figure::Spending(Some(name)) => Some((name, amount)),
            _ => None,
        })
    }

    /// Every figure it counts for, and what it adds there: the parts of a split one by one, what is excluded nowhere.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (Figure<&str>, Amount)> {
        let income = self.transaction_type == TransactionType::Income;
        let refund = income && self.refund;
        let figure = move |(name, amount): (_, Amount)| match (income, refund) {
            (_, true) => (Figure::Spending(name), amount.negated()),
            (true, false) => (Figure::Income(name), amount),
            (false, false) => (Figure::Spending(name), amount),
        };
        let whole = self.splits.is_empty().then_some((self.category.as_deref(), self.amount));
        let parts = self.splits.iter().map(|split| (Some(&*split.category), split.amount));
        let refunded = refund.then_some((Figure::Refunds, self.amount));
        let all = whole.into_iter().chain(parts).map(figure).chain(refunded);
        (!self.excluded).then_some(all).into_iter().flatten()
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
