//! What comes again, and what does not.

use crate::transaction::TransactionType;
use crate::values::Cadence;
use crate::{Amount, CommandId, Currency, Date};
use serde::{Deserialize, Serialize};

/// The user expects these payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringDeclared {
    /// Its id: that of the command.
    pub id: CommandId,
    /// Which way the money goes.
    pub transaction_type: TransactionType,
    /// To or from whom.
    pub payee: Box<str>,
    /// How much; the least, if there is an `amount_max`.
    pub amount: Amount,
    /// The most, where the amount varies.
    pub amount_max: Option<Amount>,
    /// Of both.
    pub currency: Currency,
    /// How often.
    pub cadence: Cadence,
    /// The first due date, which the others are counted from.
    pub starts: Date,
    /// The last day a due date may be on.
    pub ends: Option<Date>,
    /// What it is for.
    pub category: Option<Box<str>>,
    /// The account that payments must name; `None`: any.
    pub account: Option<Box<str>>,
    /// By how many per cent a payment may be below the least, or the most below it.
    pub tolerance: u16,
    /// The first due date that may be missed; `None`: all of them are over.
    pub next_due: Option<Date>,
}

/// A payment that a detection went by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPayment {
    /// Its day.
    pub date: Date,
    /// How much it was.
    pub amount: Amount,
}

/// Payments were found to come again: an estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringDetected {
    /// Its id.
    pub id: CommandId,
    /// Which way the money goes.
    pub transaction_type: TransactionType,
    /// To or from whom, as the last payment names them.
    pub payee: Box<str>,
    /// How much; the least there was, if there is an `amount_max`.
    pub amount: Amount,
    /// The most there was, where the amount varies.
    pub amount_max: Option<Amount>,
    /// Of both.
    pub currency: Currency,
    /// How often.
    pub cadence: Cadence,
    /// The day due dates are counted from: that of one of the payments.
    pub starts: Date,
    /// What the last payment was for.
    pub category: Option<Box<str>>,
    /// The account that all of them name; `None`: none names one.
    pub account: Option<Box<str>>,
    /// The next due date.
    pub next_due: Date,
    /// What it is judged by, oldest first.
    pub evidence: Box<[SeenPayment]>,
    /// The transaction that made it enough.
    pub transaction_id: CommandId,
}

/// The newest payment is not of the price that was known; from now on its price is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringPriceChanged {
    /// Of which schedule.
    pub id: CommandId,
    /// Whose.
    pub payee: Box<str>,
    /// Which way the money goes.
    pub transaction_type: TransactionType,
    /// The due date the payment is for.
    pub due: Date,
    /// The price until now.
    pub old_amount: Amount,
    /// The price from now on.
    pub new_amount: Amount,
    /// Of both.
    pub currency: Currency,
    /// By how many per cent it rose (fell, if negative): decimal text with at most two digits after the point.
    pub percent: Box<str>,
    /// The transaction that did it.
    pub transaction_id: CommandId,
}

/// A due date and its days of grace have gone by without a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringMissed {
    /// Of which schedule.
    pub id: CommandId,
    /// Whose.
    pub payee: Box<str>,
    /// Which way the money would have gone.
    pub transaction_type: TransactionType,
    /// What was expected; the least, if there is an `amount_max`.
    pub amount: Amount,
    /// The most that was expected, where the amount varies.
    pub amount_max: Option<Amount>,
    /// Of both.
    pub currency: Currency,
    /// The due date.
    pub due: Date,
    /// The how-manieth in a row. With the third the schedule lapses: no more are told of until it is paid again.
    pub in_a_row: u8,
    /// The due date after it.
    pub next_due: Option<Date>,
}

/// The user expects these payments no more; a detected one will not be found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringCancelled {
    /// Which schedule.
    pub id: CommandId,
    /// Whose.
    pub payee: Box<str>,
}

/// What was detected is expected no more: none of its payments is left, as they were deleted or changed. Unlike after a cancellation it
/// may be found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringWithdrawn {
    /// Which schedule.
    pub id: CommandId,
    /// Whose.
    pub payee: Box<str>,
    /// The transaction that was the last of its payments.
    pub transaction_id: CommandId,
}
