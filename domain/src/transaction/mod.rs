//! A transaction: money that came or went. `details` is what few have, `wire` how it is written.

mod details;
mod wire;

pub use details::{Counted, Details};

use crate::{Amount, CommandId, Currency, Date};
use serde::{Deserialize, Serialize};

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TransactionType {
    /// It came.
    Income,
    /// It went.
    Expense,
    /// It went from one account to another.
    Transfer,
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
    /// Refunds without a category: they lower no budget's spending, not even that of all categories.
    UnnamedRefunds,
    /// The spending of all categories together. Kept only for who has a budget for it.
    AllSpending,
    /// Spending that counts for a budget in this currency, and in reports in another one.
    Budgeted(C),
    /// What moved an account, by its number.
    Account(u16),
}

impl<C> Figure<C> {
    /// Its category, if it has one.
    pub(crate) fn category(self) -> Option<C> {
        match self {
            Self::Spending(category) | Self::Income(category) => category,
            Self::Budgeted(category) => Some(category),
            Self::Refunds | Self::UnnamedRefunds | Self::AllSpending | Self::Account(_) => None,
        }
    }

    /// The same figure with its category named another way.
    pub(crate) fn map<D>(self, name: impl FnOnce(C) -> D) -> Figure<D> {
        match self {
            Self::Spending(category) => Figure::Spending(category.map(name)),
            Self::Income(category) => Figure::Income(category.map(name)),
            Self::Refunds => Figure::Refunds,
            Self::UnnamedRefunds => Figure::UnnamedRefunds,
            Self::AllSpending => Figure::AllSpending,
            Self::Budgeted(category) => Figure::Budgeted(name(category)),
            Self::Account(number) => Figure::Account(number),
        }
    }
}

/// A whole transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What few have.
    pub details: Option<Box<Details>>,
}

impl Transaction {
    /// What it adds to each category's spending: expenses raise it, refunds lower it, all else leaves it alone.
    pub fn spending(&self) -> impl Iterator<Item = (&str, Amount)> {
        self.figures().filter_map(|(figure, amount)| match figure {
            Figure::Spending(Some(name)) => Some((name, amount)),
            _ => None,
        })
    }

    /// What it adds to the spending of all categories together, part by part, expenses without a category included: a refund
    /// lowers that of its category, and one without lowers nothing.
    pub(crate) fn all_spending(&self) -> impl Iterator<Item = Amount> {
        self.figures().filter_map(|(figure, amount)| match figure {
            Figure::Spending(category) => (category.is_some() || !self.refund).then_some(amount),
            _ => None,
        })
    }

    /// Every figure of reports it counts for, and what it adds there, in the currency it counts in: the parts of a split one by
    /// one, what is excluded, and transfers, nowhere.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (Figure<&str>, Amount)> {
        let income = self.transaction_type == TransactionType::Income;
        let refund = income && self.refund;
        let figure = move |(name, amount): (_, Amount)| match (income, refund) {
            (_, true) => (Figure::Spending(name), amount.negated()),
            (true, false) => (Figure::Income(name), amount),
            (false, false) => (Figure::Spending(name), amount),
        };
        let counted = |(name, amount)| (name, self.counted(amount));
        let refunded = refund.then(|| (Figure::Refunds, self.counted_whole()));
        let unnamed = refund && self.splits.is_empty() && self.category.is_none();
        let unnamed = unnamed.then(|| (Figure::UnnamedRefunds, self.counted_whole()));
        let all = self.parts().map(counted).map(figure).chain(refunded).chain(unnamed);
        self.counts().then_some(all).into_iter().flatten()
    }

    /// What it adds to its categories' spending in the currencies of budgets that are not the one it counts in.
    pub(crate) fn budgeted(&self) -> impl Iterator<Item = (Currency, &str, Amount)> {
        let refund = self.transaction_type == TransactionType::Income;
        let spends = self.counts() && (!refund || self.refund);
        let budgeted = self.details.as_ref().filter(|_| spends).map_or(&[][..], |details| &details.budgeted);
        budgeted.iter().flat_map(move |counted| {
            let signed = move |amount| {
                let amount = counted.of(amount);
                if refund { amount.negated() } else { amount }
            };
            self.parts().filter_map(move |(name, amount)| Some((counted.currency, name?, signed(amount))))
        })
    }

    /// Whether it counts anywhere.
    pub(crate) fn counts(&self) -> bool {
        !self.excluded && self.transaction_type != TransactionType::Transfer
    }

    /// The whole, or the parts of a split, with their categories.
    fn parts(&self) -> impl Iterator<Item = (Option<&str>, Amount)> {
        let whole = self.splits.is_empty().then_some((self.category.as_deref(), self.amount));
        let parts = self.splits.iter().map(|split| (Some(&*split.category), split.amount));
        whole.into_iter().chain(parts)
    }

    /// All currencies its spending is known in: that of its figures first, then those of budgets.
    pub(crate) fn currencies(&self) -> impl Iterator<Item = Currency> {
        let budgeted = self.details.as_ref().map_or(&[][..], |details| &details.budgeted);
        std::iter::once(self.counted_currency()).chain(budgeted.iter().map(|counted| counted.currency))
    }

    /// The currency of its figures and its balance.
    pub fn counted_currency(&self) -> Currency {
        self.details
            .as_ref()
            .and_then(|details| details.counted)
            .map_or(self.currency, |counted| counted.currency)
    }

    /// What a part of it counts as, each part rounded by itself.
    fn counted(&self, amount: Amount) -> Amount {
        let counted = self.details.as_ref().and_then(|details| details.counted);
        counted.map_or(amount, |counted| counted.of(amount))
    }

    /// What all of it counts as: the sum of its parts.
    fn counted_whole(&self) -> Amount {
        if self.splits.is_empty() {
            return self.counted(self.amount);
        }
        self.splits.iter().fold(Amount::ZERO, |sum, split| sum.plus(self.counted(split.amount)))
    }

    /// The accounts it names, whether or not it moves them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let to_account = self.details.as_ref().and_then(|details| details.to_account.as_deref());
        self.account.as_deref().into_iter().chain(to_account)
    }

    /// The accounts it moves, and what it adds to each, in the account's currency: below zero where money goes.
    pub(crate) fn moves(&self) -> impl Iterator<Item = (&str, Amount)> {
        let details = self.details.as_deref();
        let from = self.account.as_deref().zip(details.and_then(|details| details.account_amount));
        let to = details.and_then(|details| details.to_account.as_deref().zip(details.to_account_amount));
        from.into_iter().chain(to)
    }

    /// Whether the same rates are used for another version of it.
    pub(crate) fn has_rates_of(&self, other: &Self) -> bool {
        let rate = |transaction: &Self| transaction.details.as_ref().and_then(|details| details.rate);
        (self.currency, self.date, rate(self)) == (other.currency, other.date, rate(other))
    }

    /// What it adds to the balance of the currency it counts in.
    pub fn balance(&self) -> Amount {
        match (self.excluded, self.transaction_type) {
            (true, _) | (_, TransactionType::Transfer) => Amount::ZERO,
            (false, TransactionType::Income) => self.counted_whole(),
            (false, TransactionType::Expense) => self.counted_whole().negated(),
        }
    }
}
