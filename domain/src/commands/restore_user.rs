//! `restore_user`: a user's past comes back from an export, in one or more parts.

use super::{Context, Decide};
use crate::events::{PastCommand, UserRestored};
use crate::read::{Field, from_json};
use crate::{CommandId, Event, PageKey, Refusal, UserState};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::hash::{Hash, Hasher};

/// A part of an export, for a user of whom nothing is known yet.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreUser {
    /// The restore: the id of its first part's command; this command's if left out.
    pub restore_id: Option<CommandId>,
    /// Which part of it, from 1; 1 if left out.
    pub part: u32,
    /// Nothing comes after it; true if left out.
    pub last: bool,
    /// The commands, in the order they were decided, each with all that came of it.
    pub commands: Box<[PastCommand]>,
}

/// By its bytes in the journal, which say all of it.
impl Hash for RestoreUser {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let commands = postcard::to_allocvec(&self.commands).expect("a Vec takes all of it");
        (&self.restore_id, self.part, self.last, commands).hash(hasher);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    restore_id: Option<Field<CommandId>>,
    part: Option<u32>,
    last: Option<bool>,
    #[serde(borrow)]
    commands: Vec<RawCommand<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommand<'a> {
    id: Field<CommandId>,
    time: String,
    body_hash: Option<String>,
    #[serde(borrow)]
    events: Vec<RawEvent<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl RawCommand<'_> {
    fn checked(self) -> Result<PastCommand, Refusal> {
        let id = self.id.at("id")?;
        let time: Timestamp = self
            .time
            .parse()
            .map_err(|_| Refusal::new("invalid_time", "time", "must be RFC 3339: 2026-03-01T09:00:00Z"))?;
        let hash = |text: String| {
            u64::from_str_radix(&text, 16)
                .map_err(|_| Refusal::new("invalid_hash", "body_hash", "must be up to 16 hexadecimal digits"))
        };
        if self.events.is_empty() {
            return Err(Refusal::new("missing_field", "events", "a command of an export has events"));
        }
        let read = |(place, event): (usize, RawEvent<'_>)| {
            Event::read_json(&event.kind, event.data.get().as_bytes())
                .map_err(|no| within(no, &format!("events[{place}]")))
        };
        Ok(PastCommand {
            id,
            time_us: time.as_microsecond(),
            body_hash: self.body_hash.map(hash).transpose()?.unwrap_or_default(),
            events: self.events.into_iter().enumerate().map(read).collect::<Result<_, _>>()?,
        })
    }
}

fn within(refusal: Refusal, place: &str) -> Refusal {
    let field = refusal.field.as_deref().map_or_else(String::new, |field| format!(".{field}"));
    refusal.at(format!("{place}{field}"))
}

impl Decide for RestoreUser {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw<'_> = from_json(data)?;
        let most = Self::MOST_COMMANDS;
        if raw.commands.len() > most {
            let text = format!("at most {most} commands a part: send the rest as further parts");
            return Err(Refusal::new("too_many_commands", "commands", text));
        }
        let part = raw.part.unwrap_or(1);
        if part == 0 {
            return Err(Refusal::new("invalid_part", "part", "parts are counted from 1"));
        }
        let checked = |(place, command): (usize, RawCommand<'_>)| {
            command.checked().map_err(|no| within(no, &format!("commands[{place}]")))
        };
        Ok(Self {
            restore_id: raw.restore_id.map(|id| id.at("restore_id")).transpose()?,
            part,
            last: raw.last.unwrap_or(true),
            commands: raw.commands.into_iter().enumerate().map(checked).collect::<Result<_, _>>()?,
        })
    }

    fn needs_pages(&self) -> bool {
        true
    }

    fn pages(&self, state: &UserState, context: &Context<'_>, keys: &mut Vec<PageKey>) {
        if state.check_part(self.restore_id(context), self.part).is_ok() {
            // A refusal needs no more pages: it is found again when this is decided.
            let _ = state.rehearse(&self.commands, keys);
        }
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let restore_id = self.restore_id(context);
        state.check_part(restore_id, self.part)?;
        let mut lacking = Vec::new();
        let commands = state.rehearse(&self.commands, &mut lacking)?;
        debug_assert!(lacking.is_empty(), "`pages` names all that is needed");
        let (part, last) = (self.part, self.last);
        let event = UserRestored { restore_id: restore_id.clone(), part, last, commands: commands.into() };
        Ok(vec![Event::UserRestored(Box::new(event))])
    }
}

impl RestoreUser {
    /// Commands of one part.
    pub const MOST_COMMANDS: usize = 500;

    fn restore_id<'a>(&'a self, context: &Context<'a>) -> &'a CommandId {
        self.restore_id.as_ref().unwrap_or(context.id)
    }
}

#[cfg(test)]
#[path = "restore_tests.rs"]
mod tests;
