//! Events: facts, in the past tense. `read` takes them back from the JSON of an export.

mod account;
mod budget;
mod forecast;
mod import;
mod prediction;
mod preferences;
mod read;
mod recurring;
mod restore;
mod transaction;
mod user;

pub use account::{AccountClosed, AccountOpened, ExchangeRateRecorded};
pub use budget::{BudgetExceeded, BudgetRecovered, BudgetRemoved, BudgetSet, BudgetThresholdReached};
pub use forecast::{ForecastGenerated, ForecastMonth};
pub use import::{ImportUndone, RejectedRow, TransactionsImported};
pub use prediction::{BudgetOverspendPredicted, BudgetOverspendPredictionWithdrawn};
pub use preferences::PreferencesSet;
pub use recurring::{
    RecurringCancelled, RecurringDeclared, RecurringDetected, RecurringMissed, RecurringPriceChanged,
    RecurringWithdrawn, SeenPayment,
};
pub use restore::{PastCommand, UserRestored};
use serde::{Deserialize, Serialize};
pub use transaction::{TransactionCreated, TransactionDeleted, TransactionUpdated};
pub use user::UserErased;

/// Generates [`Event`] and all that follows from the list of its variants.
macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($content:ty) = $name:literal,)+) => {
        /// Every event there is. The order of the variants is the journal's format: append only.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum Event {
            $($(#[$doc])* $variant($content),)+
        }

        /// The variants without their content, for numbering.
        enum Kind { $($variant,)+ }

        impl Kind {
            fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl Event {
            /// The wire names of all events.
            pub fn types() -> &'static [&'static str] {
                &[$($name,)+]
            }

            /// Its place in [`Event::types`].
            pub fn type_index(&self) -> usize {
                match self { $(Self::$variant(_) => Kind::$variant as usize,)+ }
            }
        }
    };
}

events! {
    /// See [`TransactionCreated`].
    TransactionCreated(TransactionCreated) = "transaction_created",
    /// See [`TransactionUpdated`]. Boxed: it is twice the size of the others, and rare.
    TransactionUpdated(Box<TransactionUpdated>) = "transaction_updated",
    /// See [`TransactionDeleted`].
    TransactionDeleted(TransactionDeleted) = "transaction_deleted",
    /// See [`BudgetSet`].
    BudgetSet(BudgetSet) = "budget_set",
    /// See [`BudgetRemoved`].
    BudgetRemoved(BudgetRemoved) = "budget_removed",
    /// See [`BudgetThresholdReached`].
    BudgetThresholdReached(BudgetThresholdReached) = "budget_threshold_reached",
    /// See [`BudgetExceeded`].
    BudgetExceeded(BudgetExceeded) = "budget_exceeded",
    /// See [`BudgetRecovered`].
    BudgetRecovered(BudgetRecovered) = "budget_recovered",
    /// See [`ForecastGenerated`]. Boxed: it is large, and rare.
    ForecastGenerated(Box<ForecastGenerated>) = "forecast_generated",
    /// See [`PreferencesSet`]. Boxed: it is rare.
    PreferencesSet(Box<PreferencesSet>) = "preferences_set",
    /// See [`ExchangeRateRecorded`].
    ExchangeRateRecorded(ExchangeRateRecorded) = "exchange_rate_recorded",
    /// See [`AccountOpened`].
    AccountOpened(AccountOpened) = "account_opened",
    /// See [`AccountClosed`].
    AccountClosed(AccountClosed) = "account_closed",
    /// See [`TransactionsImported`]. Boxed: it is large, and rare.
    TransactionsImported(Box<TransactionsImported>) = "transactions_imported",
    /// See [`ImportUndone`]. Boxed: it is large, and rare.
    ImportUndone(Box<ImportUndone>) = "import_undone",
    /// See [`UserErased`].
    UserErased(UserErased) = "user_erased",
    /// See [`BudgetOverspendPredicted`]. Boxed: it is large, and rare.
    BudgetOverspendPredicted(Box<BudgetOverspendPredicted>) = "budget_overspend_predicted",
    /// See [`BudgetOverspendPredictionWithdrawn`].
    BudgetOverspendPredictionWithdrawn(BudgetOverspendPredictionWithdrawn) = "budget_overspend_prediction_withdrawn",
    /// See [`UserRestored`]. Boxed: it is large, and rare.
    UserRestored(Box<UserRestored>) = "user_restored",
    /// See [`RecurringDeclared`]. Boxed: it is large, and rare.
    RecurringDeclared(Box<RecurringDeclared>) = "recurring_declared",
    /// See [`RecurringCancelled`].
    RecurringCancelled(RecurringCancelled) = "recurring_cancelled",
    /// See [`RecurringDetected`]. Boxed: it is large, and rare.
    RecurringDetected(Box<RecurringDetected>) = "recurring_detected",
    /// See [`RecurringPriceChanged`]. Boxed: it is large, and rare.
    RecurringPriceChanged(Box<RecurringPriceChanged>) = "recurring_price_changed",
    /// See [`RecurringMissed`]. Boxed: it is large, and rare.
    RecurringMissed(Box<RecurringMissed>) = "recurring_missed",
    /// See [`RecurringWithdrawn`].
    RecurringWithdrawn(RecurringWithdrawn) = "recurring_withdrawn",
}

impl Event {
    /// This event's wire name.
    pub fn type_name(&self) -> &'static str {
        Self::types()[self.type_index()]
    }

    /// Appends the public JSON `data` of this event.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let written = match self {
            Self::TransactionCreated(event) => serde_json::to_writer(out, event),
            Self::TransactionUpdated(event) => {
                let TransactionUpdated { transaction, previous } = &**event;
                serde_json::to_writer(out, &transaction::UpdatedJson { transaction, previous })
            }
            Self::TransactionDeleted(event) => serde_json::to_writer(out, event),
            Self::BudgetSet(event) => serde_json::to_writer(out, event),
            Self::BudgetRemoved(event) => serde_json::to_writer(out, event),
            Self::BudgetThresholdReached(event) => serde_json::to_writer(out, event),
            Self::BudgetExceeded(event) => serde_json::to_writer(out, event),
            Self::BudgetRecovered(event) => serde_json::to_writer(out, event),
            Self::ForecastGenerated(event) => serde_json::to_writer(out, event),
            Self::PreferencesSet(event) => serde_json::to_writer(out, event),
            Self::ExchangeRateRecorded(event) => serde_json::to_writer(out, event),
            Self::AccountOpened(event) => serde_json::to_writer(out, event),
            Self::AccountClosed(event) => serde_json::to_writer(out, event),
            Self::TransactionsImported(event) => serde_json::to_writer(out, event),
            Self::ImportUndone(event) => serde_json::to_writer(out, event),
            Self::UserErased(event) => serde_json::to_writer(out, event),
            Self::BudgetOverspendPredicted(event) => serde_json::to_writer(out, event),
            Self::BudgetOverspendPredictionWithdrawn(event) => serde_json::to_writer(out, event),
            Self::UserRestored(event) => serde_json::to_writer(out, &restore::Told(event)),
            Self::RecurringDeclared(event) => serde_json::to_writer(out, event),
            Self::RecurringCancelled(event) => serde_json::to_writer(out, event),
            Self::RecurringDetected(event) => serde_json::to_writer(out, event),
            Self::RecurringPriceChanged(event) => serde_json::to_writer(out, event),
            Self::RecurringMissed(event) => serde_json::to_writer(out, event),
            Self::RecurringWithdrawn(event) => serde_json::to_writer(out, event),
        };
        written.expect("events are plain data, and a Vec takes all of it");
    }

    /// The commands of the past in it, if it brought some back.
    pub fn past(&self) -> &[PastCommand] {
        match self {
            Self::UserRestored(event) => &event.commands,
            _ => &[],
        }
    }

    /// How many numbers it takes among the events of its commit record: one, and one for each event of the past in it.
    pub fn numbers(&self) -> usize {
        match self {
            Self::UserRestored(event) => 1 + event.events(),
            _ => 1,
        }
    }

    /// True for what a person wants to be woken for (threshold reached, exceeded, recovered). What is only predicted is
    /// not; nor is what comes again or does not: those are told of, but are no budget's alerts.
    pub fn is_alert(&self) -> bool {
        matches!(self, Self::BudgetThresholdReached(_) | Self::BudgetExceeded(_) | Self::BudgetRecovered(_))
    }
}
