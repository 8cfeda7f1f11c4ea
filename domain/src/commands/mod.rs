//! The registry of commands. A command is one file here and one line in the list below. `retell` finds the command that events of
//! the past came of.

mod cancel_recurring;
mod close_account;
mod create_transaction;
mod declare_recurring;
mod delete_transaction;
mod erase_user;
mod fields;
mod generate_forecast;
mod import_booked;
mod import_row;
mod import_transactions;
mod open_account;
mod pass_time;
mod read_only;
mod record_exchange_rate;
mod remove_budget;
mod restore_user;
mod retell;
mod set_budget;
mod set_preferences;
mod undo_import;
mod update_transaction;

pub use cancel_recurring::CancelRecurring;
pub use close_account::CloseAccount;
pub use create_transaction::CreateTransaction;
pub use declare_recurring::DeclareRecurring;
pub use delete_transaction::DeleteTransaction;
pub use erase_user::EraseUser;
pub use generate_forecast::GenerateForecast;
pub use import_row::ImportRow;
pub use import_transactions::ImportTransactions;
pub use open_account::OpenAccount;
pub use pass_time::PassTime;
pub use record_exchange_rate::RecordExchangeRate;
pub use remove_budget::RemoveBudget;
pub use restore_user::RestoreUser;
pub use set_budget::SetBudget;
pub use set_preferences::SetPreferences;
pub use undo_import::UndoImport;
pub use update_transaction::UpdateTransaction;

pub(crate) use fields::same_account;
pub(crate) use retell::{Retold, retell};

use crate::state::TotalsRead;
use crate::{CommandId, Event, PageKey, Refusal, UserState, stable_hash};

/// What a command may know besides itself and the state.
pub(crate) struct Context<'a> {
    /// The command's id.
    pub id: &'a CommandId,
    /// The command's time.
    pub time: jiff::Timestamp,
}

/// What every command's file provides.
pub(crate) trait Decide: Sized {
    /// Reads `data`; refuses naming the field.
    fn parse(data: &[u8]) -> Result<Self, Refusal>;

    /// The transaction it is about, where there is one already.
    fn target(&self) -> Option<&CommandId> {
        None
    }

    /// The totals it reads, if it is one that only reads them: its events change none.
    fn reads(&self, _state: &UserState, _context: &Context<'_>) -> Option<TotalsRead<'_>> {
        None
    }

    /// Adds the pages it has to look into once it is known that it has not been decided before, besides those of its target
    /// and the totals; asked again until none is missing.
    fn pages(&self, _state: &UserState, _context: &Context<'_>, _keys: &mut Vec<PageKey>) {}

    /// Whether it needs pages of its own even of a user who fits the root page.
    fn needs_pages(&self) -> bool {
        false
    }

    /// What follows from it, or why it can't be. Alerts are not its business.
    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal>;
}

/// Generates [`Command`] and its dispatch from the list of commands.
macro_rules! commands {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Every command there is.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Command {
            $($(#[$doc])* $variant($variant),)+
        }

        impl Command {
            /// The wire names of all commands, in registry order.
            pub fn types() -> &'static [&'static str] {
                &[$($name,)+]
            }

            /// This command's wire name.
            pub fn type_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// Reads `data` (JSON) as the named command. Refuses with `unknown_command`, or a refusal naming the field.
            pub fn parse(type_name: &str, data: &[u8]) -> Result<Self, Refusal> {
                match type_name {
                    $($name => $variant::parse(data).map(Self::$variant),)+
                    _ => Err(Refusal::new("unknown_command", "type", "there is no command of this type")),
                }
            }

            /// A hash of the parsed body: equal bodies, however spelled, hash alike.
            pub fn body_hash(&self) -> u64 {
                match self { $(Self::$variant(command) => stable_hash::body_hash($name, command),)+ }
            }

            pub(crate) fn target(&self) -> Option<&CommandId> {
                match self { $(Self::$variant(command) => command.target(),)+ }
            }

            pub(crate) fn reads(&self, state: &UserState, context: &Context<'_>) -> Option<TotalsRead<'_>> {
                match self { $(Self::$variant(command) => command.reads(state, context),)+ }
            }

            pub(crate) fn pages(&self, state: &UserState, context: &Context<'_>, keys: &mut Vec<PageKey>) {
                match self { $(Self::$variant(command) => command.pages(state, context, keys),)+ }
            }

            pub(crate) fn needs_pages(&self) -> bool {
                match self { $(Self::$variant(command) => command.needs_pages(),)+ }
            }

            pub(crate) fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
                match self { $(Self::$variant(command) => command.decide(state, context),)+ }
            }
        }
    };
}

commands! {
    /// See [`CreateTransaction`].
    CreateTransaction = "create_transaction",
    /// See [`UpdateTransaction`].
    UpdateTransaction = "update_transaction",
    /// See [`DeleteTransaction`].
    DeleteTransaction = "delete_transaction",
    /// See [`SetBudget`].
    SetBudget = "set_budget",
    /// See [`RemoveBudget`].
    RemoveBudget = "remove_budget",
    /// See [`GenerateForecast`].
    GenerateForecast = "generate_forecast",
    /// See [`SetPreferences`].
    SetPreferences = "set_preferences",
    /// See [`RecordExchangeRate`].
    RecordExchangeRate = "record_exchange_rate",
    /// See [`OpenAccount`].
    OpenAccount = "open_account",
    /// See [`CloseAccount`].
    CloseAccount = "close_account",
    /// See [`ImportTransactions`].
    ImportTransactions = "import_transactions",
    /// See [`UndoImport`].
    UndoImport = "undo_import",
    /// See [`EraseUser`].
    EraseUser = "erase_user",
    /// See [`RestoreUser`].
    RestoreUser = "restore_user",
    /// See [`DeclareRecurring`].
    DeclareRecurring = "declare_recurring",
    /// See [`CancelRecurring`].
    CancelRecurring = "cancel_recurring",
    /// See [`PassTime`].
    PassTime = "pass_time",
}
