//! What budgets have to say about where a month will end.

use crate::statistics::Share;
use crate::{Amount, CommandId, Currency, Date, Month};
use serde::{Deserialize, Serialize};

/// Spending will probably end above the limit: the chance, an estimate, first passed 80 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetOverspendPredicted {
    /// The category; `all`: the limit is for all of them.
    pub category: Box<str>,
    /// The month, which has begun and is not over.
    pub month: Month,
    /// The month's limit, with what it took over.
    pub limit: Amount,
    /// Spent so far in that month; not above the limit yet.
    pub spent: Amount,
    /// What will probably have been spent at its end: an estimate.
    pub amount: Amount,
    /// Of all three.
    pub currency: Currency,
    /// The day the limit will probably be passed on: an estimate.
    pub exceeds_on: Date,
    /// How likely it is.
    pub probability: Share,
    /// The how-manieth prediction for that month, counted from 1.
    pub crossing: u32,
    /// The transaction that did it; `None` when a budget did.
    pub transaction_id: Option<CommandId>,
}

/// Spending will rather not end above the limit: the chance fell under 50 %. Answers one prediction, with its crossing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetOverspendPredictionWithdrawn {
    /// The category; `all`: the limit is for all of them.
    pub category: Box<str>,
    /// The month; it may be over.
    pub month: Month,
    /// The month's limit, with what it took over.
    pub limit: Amount,
    /// Spent in that month.
    pub spent: Amount,
    /// Of both.
    pub currency: Currency,
    /// How likely it still is; 0 once the month is over.
    pub probability: Share,
    /// The crossing of the prediction this answers.
    pub crossing: u32,
    /// The transaction that did it; `None` when a budget did.
    pub transaction_id: Option<CommandId>,
}
