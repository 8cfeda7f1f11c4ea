//! The context of a user's actor: whose turn it is, and what it may ask of the outside.
//!
//! actix's own `Context` gives every actor a mailbox and a task, about 900 bytes of each user's memory. A shard has one
//! thread, and hands its users a batch's messages one after the other: the shard is their mailbox. So an actor is called
//! where it lies, as the actors of actix's `SyncArbiter` are.

use crate::source::{PageSource, Row, Stored};
use crate::user::ActorError;
use actix::{ActorContext, ActorState};
use centime_domain::{CommandId, PageRange, UserId};
use std::rc::Rc;

/// What is outside of all actors of a shard.
pub(crate) struct Outside {
    pub(crate) source: Rc<dyn PageSource>,
    /// Test hook: commands whose id starts with this panic.
    pub(crate) panic_id: Option<Box<str>>,
}

/// One message's handling by one user. There is one at a time on a shard.
pub(crate) struct Turn {
    user: UserId,
    partition: u16,
    outside: Rc<Outside>,
}

impl Turn {
    pub(crate) fn new(user: &UserId, partition: u16, outside: &Rc<Outside>) -> Self {
        Self { user: user.clone(), partition, outside: Rc::clone(outside) }
    }

    /// Whose turn it is.
    pub(crate) fn user(&self) -> &UserId {
        &self.user
    }

    /// One of the user's pages; `None` if there is none.
    pub(crate) fn page(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ActorError> {
        self.outside.source.get(self.partition, &self.user, key).map_err(|e| self.error(&e))
    }

    /// A run of the user's pages.
    pub(crate) fn pages(&self, range: &PageRange) -> Result<Vec<Stored>, ActorError> {
        self.outside.source.range(self.partition, &self.user, range).map_err(|e| self.error(&e))
    }

    /// Hands over changed pages of committed state.
    pub(crate) fn put(&self, rows: Vec<Row>) {
        self.outside.source.put(self.partition, &self.user, rows);
    }

    /// Has a run of pages removed that nobody reads any more.
    pub(crate) fn sweep(&self, range: &PageRange) {
        self.outside.source.sweep(self.partition, &self.user, range);
    }

    /// The user's pages can't be had.
    pub(crate) fn error(&self, reason: &impl ToString) -> ActorError {
        ActorError::Pages { user: self.user.as_str().to_owned(), reason: reason.to_string() }
    }

    /// The test hook.
    pub(crate) fn panic_if_asked(&self, command: &CommandId) {
        if let Some(prefix) = &self.outside.panic_id {
            let id = command.text();
            assert!(!id.starts_with(&**prefix), "test hook: command {}", &*id);
        }
    }
}

/// An actor does not end itself: the directory lets it go.
impl ActorContext for Turn {
    fn stop(&mut self) {}

    fn terminate(&mut self) {}

    fn state(&self) -> ActorState {
        ActorState::Running
    }
}
