//! What happened to budgets, and what they had to say about spending.

use crate::budget::Policy;
use crate::{Amount, CommandId, Currency, Month};
use serde::{Deserialize, Serialize};

/// A category has this budget from a month on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetSet {
    /// The category; `all`: the limit is for all of them.
    pub category: Box<str>,
    /// A month's own limit, without what it takes over.
    pub limit: Amount,
    /// In what.
    pub currency: Currency,
    /// The first month it is valid in.
    pub from: Month,
    /// Percentages of the limit to be told about, ascending.
    pub thresholds: Box<[u16]>,
    /// What happens to what is left over at a month's end.
    pub policy: Policy,
}

/// A category has no budget any more, in any month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRemoved {
    /// The category; `all`: the limit is for all of them.
    pub category: Box<str>,
}

/// Spending reached a percentage of the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetThresholdReached {
    /// The category; `all`: the limit is for all of them.
    pub category: Box<str>,
    /// The month it was spent in.
    pub month: Month,
    /// The percentage.
    pub threshold: u16,
    /// The month's limit, with what it took over.
    pub limit: Amount,
    /// Spent so far in that month.
    pub spent: Amount,
    /// Of both.
    pub currency: Currency,
    /// The how-manieth time in that month, counted from 1.
    pub crossing: u32,
    /// The transaction that did it; `None` when a new budget did.
    pub transaction_id: Option<CommandId>,
}

/// Spending went above the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetExceeded {
    /// The category; `all`: the limit is for all of them.
    pub category: Box<str>,
    /// The month it was spent in.
    pub month: Month,
    /// The month's limit, with what it took over.
    pub limit: Amount,
    /// Spent so far in that month.
    pub spent: Amount,
    /// By how much; above zero.
    pub over_by: Amount,
    /// Of all three.
    pub currency: Currency,
    /// The how-manieth time in that month, counted from 1.
    pub crossing: u32,
    /// The transaction that did it; `None` when a new budget did.
    pub transaction_id: Option<CommandId>,
}

/// Spending fell back below a level it had reached: the answer to one earlier alert, with that alert's crossing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRecovered {
    /// The category; `all`: the limit is for all of them.
    pub category: Box<str>,
    /// The month it was spent in.
    pub month: Month,
    /// The percentage fallen below; `None`: the limit is not exceeded any more.
    pub threshold: Option<u16>,
    /// The month's limit, with what it took over.
    pub limit: Amount,
    /// Spent so far in that month.
    pub spent: Amount,
    /// Of both.
    pub currency: Currency,
    /// The crossing of the alert this answers.
    pub crossing: u32,
    /// The transaction that did it; `None` when a new budget did.
    pub transaction_id: Option<CommandId>,
}
