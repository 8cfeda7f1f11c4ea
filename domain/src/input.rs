//! What is decided on, and what came of it.

use crate::{Command, CommandId, Event, Refusal, UserId, stable_hash};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One command as it reaches a user's state. A command whose data could not be read arrives as its refusal, so that
/// repeats of it are recognised like any other.
#[derive(Debug, Clone)]
pub struct Input {
    /// The command's id.
    pub id: CommandId,
    /// The command's time, from its envelope. The core knows no other clock.
    pub time: Timestamp,
    /// Tells "same id, same body" from "same id, another body".
    pub body_hash: u64,
    /// The command, or why it can't be one.
    pub command: Result<Command, Refusal>,
}

impl Input {
    /// Reads a command's `data` (JSON). What can't be read is hashed as it is written.
    pub fn read(id: CommandId, time: Timestamp, type_name: &str, data: &[u8]) -> Self {
        let command = Command::parse(type_name, data);
        let body_hash = match &command {
            Ok(command) => command.body_hash(),
            Err(_) => stable_hash::body_hash(type_name, &data),
        };
        Self { id, time, body_hash, command }
    }
}

/// What was decided on one command: this is what the journal keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It took effect; these are its events, in order (possibly none: a command that changes nothing).
    Accepted(Vec<Event>),
    /// It did not.
    Refused(Refusal),
}

/// What handling a command came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Handled {
    /// Decided now; already part of the state.
    Decided(Outcome),
    /// Decided before, under the journal sequence given; nothing changed.
    Repeated {
        /// Sequence of the commit record that holds the first decision.
        sequence: u64,
    },
}

/// One decided command as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose command.
    pub user: UserId,
    /// The command's id.
    pub command_id: CommandId,
    /// See [`Input::body_hash`].
    pub body_hash: u64,
    /// The command's time in microseconds since 1970, UTC.
    pub time_us: i64,
    /// What was decided.
    pub outcome: Outcome,
}
