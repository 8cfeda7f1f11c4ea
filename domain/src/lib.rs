//! centime's pure core: commands in, events out, no I/O, no clock, no randomness.
//!
//! Map: `values` (amounts, currencies, dates, texts) · `id` (names of users and commands) · `refusal` (named refusals) ·
//! `transaction`, `budget`, `account` (what they are) · `rollover` (what a month's limit comes to) · `recurring` (what comes again) · `alarm` (when to look at who sent nothing) · `preferences` (how a user wants things) · `commands` (the registry; one file a command) · `events` (facts) · `input`
//! (what is decided on, what came of it) · `page` (names of state's pieces) · `state` (one user's state) · `query`
//! (questions to it) · `statistics` (estimates; the only floats) · `calculate` (stateless questions) · `read` (JSON, field by field) · `json_breaks` (what is none) · `stable_hash` (hashes kept for ever) · `memory` (how much it takes).
//!
//! Absent on purpose: anything that knows what time it is, where bytes are stored, or who asks.

mod account;
mod alarm;
mod budget;
mod calculate;
mod commands;
mod events;
mod id;
mod input;
mod json_breaks;
mod memory;
mod page;
mod preferences;
mod query;
mod read;
mod recurring;
mod refusal;
mod rollover;
mod stable_hash;
mod state;
mod statistics;
#[cfg(test)]
mod story;
mod transaction;
mod values;

pub use account::AccountKind;
pub use alarm::Alarm;
pub use budget::Policy;
pub use calculate::calculate;
pub use commands::{
    CancelRecurring, CloseAccount, Command, CreateTransaction, DeclareRecurring, DeleteTransaction,
    EraseUser, GenerateForecast, ImportRow, ImportTransactions, OpenAccount, PassTime, RecordExchangeRate,
    RemoveBudget, RestoreUser, SetBudget, SetPreferences, UndoImport, UpdateTransaction,
};
pub use events::{
    AccountClosed, AccountOpened, BudgetExceeded, BudgetOverspendPredicted,
    BudgetOverspendPredictionWithdrawn, BudgetRecovered, BudgetRemoved, BudgetSet, BudgetThresholdReached,
    Event, ExchangeRateRecorded, ForecastGenerated, ForecastMonth, ImportUndone, PastCommand, PreferencesSet,
    RecurringCancelled, RecurringDeclared, RecurringDetected, RecurringMissed, RecurringPriceChanged,
    RecurringWithdrawn, RejectedRow, SeenPayment, TransactionCreated, TransactionDeleted, TransactionUpdated,
    TransactionsImported, UserErased, UserRestored,
};
pub use id::{CommandId, UserId};
pub use input::{Entry, Handled, Input, Outcome};
pub use json_breaks::json_breaks_at;
pub use page::{PageError, PageKey, PageRange};
pub use preferences::{Preferences, QuietHours, TimeOfDay};
pub use query::{PastFigures, PreviewQuery, Query, Report, ReportQuery, TransactionsQuery};
pub use refusal::Refusal;
pub use state::UserState;
pub use statistics::{ForecastMethod, Share};
pub use transaction::{Counted, Details, Split, Status, Transaction, TransactionType};
pub use values::{
    Amount, Cadence, Currency, Date, Marks, Month, MonthStart, Months, Rate, When, Written, Year, Zone,
    is_blank,
};
