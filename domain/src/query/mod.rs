//! Questions to one user's state. They change nothing, and see only what is decided.

mod accounts;
mod budgets;
mod net_worth;
mod past;
mod preview;
mod recurring;
mod reports;
mod transactions;

pub use past::PastFigures;
pub use preview::PreviewQuery;
pub use reports::{Report, ReportQuery};
pub use transactions::TransactionsQuery;

use crate::{CommandId, Date, Month, PageKey, PageRange, Refusal, UserState, When};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Every question there is.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// One transaction: the object itself. Refused with `not_found` if it never was or is deleted.
    Transaction {
        /// Which.
        id: CommandId,
    },
    /// Many transactions, the newest date first: `{"items":[…],"next_cursor":…|null}`.
    Transactions(TransactionsQuery),
    /// All budgets valid in a month, by category name: `{"items":[…],"next_cursor":null}`.
    Budgets {
        /// The month.
        month: Month,
    },
    /// The same for the user's month at an instant. Refused with `clock_out_of_range` beyond the calendar.
    BudgetsAt {
        /// The instant.
        time: Timestamp,
    },
    /// What the user prefers: an object, see [`Preferences`](crate::Preferences).
    Preferences,
    /// All accounts with their balances: `{"items":[…],"next_cursor":null}`.
    Accounts,
    /// One account, by its id or name. Refused with `not_found`.
    Account {
        /// Which.
        name: String,
    },
    /// What all accounts came to at the end of a day: an object, see `net_worth`. Refused with `clock_out_of_range` beyond the
    /// calendar.
    NetWorth {
        /// The day, or an instant on it.
        as_of: When,
    },
    /// What comes again, in the order it was declared or detected: `{"items":[…],"next_cursor":null}`.
    Recurring,
    /// Income less expenses for each currency ever used: `{"items":[{"currency","balance"}],"next_cursor":null}`.
    Balance,
    /// Sums of many months' transactions: an object, see [`Report`].
    Report(ReportQuery),
    /// What an import would come to: `{"events": [{"type", "data"}]}`.
    Preview(PreviewQuery),
    /// In which commit record the user was last erased: `{"sequence"}`, 0: never. What is older is not told any more.
    Erased,
}

impl Query {
    /// Pages still to be inserted before [`Query::range`] and [`Query::answer`]; ask again until empty.
    pub fn missing(&self, state: &UserState) -> Vec<PageKey> {
        let mut keys = Vec::new();
        match self {
            Self::Transaction { id } => state.add_transaction(id, &mut keys),
            Self::Budgets { month } => budgets::missing(state, *month, &mut keys),
            Self::BudgetsAt { time } => {
                if let Ok(month) = state.month_at(*time) {
                    budgets::missing(state, month, &mut keys);
                }
            }
            Self::NetWorth { as_of } => {
                if let Ok(as_of) = day(state, *as_of) {
                    net_worth::missing(state, as_of, &mut keys);
                }
            }
            Self::Report(query) => query.missing(state, &mut keys),
            Self::Transactions(_)
            | Self::Balance
            | Self::Erased
            | Self::Preferences
            | Self::Accounts
            | Self::Recurring
            | Self::Account { .. } => {}
            Self::Preview(query) => query.missing(state, &mut keys),
        }
        keys
    }

    /// Rows the answer is made from, beyond single pages.
    pub fn range(&self, state: &UserState) -> Option<PageRange> {
        match self {
            Self::Transactions(query) => query.range(state),
            Self::NetWorth { as_of } => net_worth::range(state, day(state, *as_of).ok()?),
            _ => None,
        }
    }

    /// The answer as JSON. `rows` are those of [`Query::range`], in its order; refuses with `invalid_page` when one
    /// can't be read (the cache is broken; it must be rebuilt).
    pub fn answer(&self, state: &UserState, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<Value, Refusal> {
        match self {
            Self::Transaction { id } => state.transaction(id).map(|transaction| json!(transaction)),
            Self::Transactions(query) => query.answer(state, rows),
            Self::Budgets { month } => Ok(list(&budgets::items(state, *month), None)),
            Self::BudgetsAt { time } => {
                state.month_at(*time).map(|month| list(&budgets::items(state, month), None))
            }
            Self::Preferences => Ok(json!(state.preferences().cloned().unwrap_or_default())),
            Self::NetWorth { as_of } => net_worth::answer(state, day(state, *as_of)?, rows),
            Self::Accounts => Ok(list(&accounts::items(state), None)),
            Self::Recurring => Ok(list(&recurring::items(state), None)),
            Self::Account { name } => accounts::one(state, name),
            Self::Report(query) => query.answer(state),
            Self::Preview(query) => query.answer(state),
            Self::Erased => Ok(json!({"sequence": state.erased_at()})),
            Self::Balance => {
                let item = |(currency, balance): &(_, _)| json!({"currency": currency, "balance": balance});
                let items: Vec<Value> = state.balances().iter().map(item).collect();
                Ok(list(&items, None))
            }
        }
    }
}

fn day(state: &UserState, as_of: When) -> Result<Date, Refusal> {
    match as_of {
        When::Date(date) => Ok(date),
        When::Instant(time) => state.date_at(time).map_err(|_| {
            Refusal::plain("clock_out_of_range", "the engine's clock is beyond the calendar; name a day")
        }),
    }
}

/// The form of every list.
fn list(items: &[Value], next_cursor: Option<&str>) -> Value {
    json!({"items": items, "next_cursor": next_cursor})
}
