//! centime's pure core: commands in, events out, no I/O, no clock, no randomness.
//!
//! Map: `id` (names of users and commands) · `refusal` (named refusals) · `input` (what is decided on, what came of it) ·
//! `command` + `commands/` (the registry) · `event` (facts) · `page` (state in pieces) · `state` (one user's state) ·
//! `query` (questions to it).

mod command;
mod event;
mod id;
mod input;
mod page;
mod query;
mod refusal;
mod state;

pub use command::Command;
pub use event::Event;
pub use id::{CommandId, UserId};
pub use input::{Entry, Handled, Input, Outcome};
pub use page::{PageError, PageKey, PageRange};
pub use query::Query;
pub use refusal::Refusal;
pub use state::UserState;
