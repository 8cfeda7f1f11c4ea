//! What was restored from an export.

use crate::{CommandId, Event};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// A part of an export came in: commands of the past, and what came of them. They happened when they happened: feeds tell of
/// this event, not of those in it; an export tells of those, not of this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRestored {
    /// The restore: the id of its first part's command.
    pub restore_id: CommandId,
    /// Which part of it, from 1.
    pub part: u32,
    /// Nothing comes after it: the user is whole.
    pub last: bool,
    /// The commands, in the order they were decided.
    pub commands: Box<[PastCommand]>,
}

/// A command of the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastCommand {
    /// Its id.
    pub id: CommandId,
    /// Its time in microseconds since 1970, UTC.
    pub time_us: i64,
    /// See [`Input::body_hash`](crate::Input::body_hash); 0 where it is not known.
    pub body_hash: u64,
    /// What came of it: at least one event.
    pub events: Box<[Event]>,
}

impl UserRestored {
    /// How many events are in it.
    pub fn events(&self) -> usize {
        self.commands.iter().map(|command| command.events.len()).sum()
    }
}

/// The public form: how much there is in it.
pub(super) struct Told<'a>(pub &'a UserRestored);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let UserRestored { restore_id, part, last, commands } = self.0;
        let mut told = serializer.serialize_struct("UserRestored", 5)?;
        told.serialize_field("restore_id", restore_id)?;
        told.serialize_field("part", part)?;
        told.serialize_field("last", last)?;
        told.serialize_field("commands", &commands.len())?;
        told.serialize_field("events", &self.0.events())?;
        told.end()
    }
}
