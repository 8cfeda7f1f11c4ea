//! What was expected, and when: a forecast is a fact about the day it was made.

use crate::statistics::{ForecastMethod, Share};
use crate::{Amount, Currency, Date, Month};
use serde::{Deserialize, Serialize};

/// Spending was looked ahead to. All figures are estimates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastGenerated {
    /// The category; `None`: all together.
    pub category: Option<Box<str>>,
    /// The day it was looked from; its month and later ones were not known.
    pub as_of: Date,
    /// Of all amounts.
    pub currency: Currency,
    /// How it was made.
    pub method: ForecastMethod,
    /// How often the intervals should hold.
    pub level: Share,
    /// The first month looked at: the first with a transaction.
    pub history_from: Month,
    /// How many months were looked at, the last being the one before `as_of`'s.
    pub history_months: u16,
    /// From the month of `as_of` on.
    pub months: Box<[ForecastMonth]>,
    /// How far the method was off, on average, when it was tried on past months; `None`: too few of them.
    pub mae: Option<Amount>,
    /// How many of its intervals held then; `None`: too few months.
    pub coverage: Option<Share>,
}

/// What is expected of one month; never below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastMonth {
    /// The month.
    pub month: Month,
    /// The estimate.
    pub expected: Amount,
    /// Where the interval begins.
    pub low: Amount,
    /// Where it ends.
    pub high: Amount,
}
