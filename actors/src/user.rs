//! The actor of one user: loads the pages a message needs, then lets the domain answer.

use crate::footprint::Footprint;
use crate::source::{PageSource, Row, SourceError};
use actix::{Actor, Context, Handler, Message, MessageResult};
use centime_domain::{
    CommandId, Entry, Handled, Input, PageError, PageKey, Query, Refusal, UserId, UserState,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Decide on a user's part of a batch, in order.
#[derive(Debug, Message)]
#[rtype(result = "Result<Decided, ActorError>")]
pub struct Decide {
    /// The commands.
    pub inputs: Vec<Input>,
    /// Sequence of the commit record that will hold the outcomes.
    pub sequence: u64,
}

/// What became of a [`Decide`].
#[derive(Debug)]
pub struct Decided {
    /// The commands, given back.
    pub inputs: Vec<Input>,
    /// One verdict an input.
    pub verdicts: Vec<Verdict>,
    /// The first change since the user's pages were taken.
    pub first_change: bool,
}

/// What became of one command.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Decided, now or before.
    Handled(Handled),
    /// The domain panicked on it, twice. The state is as before it.
    Panicked,
}

/// A command is on its way: be ready.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Wake;

/// Apply what the journal says. Entries the state already holds are passed over.
#[derive(Debug, Message)]
#[rtype(result = "Result<Applied, ActorError>")]
pub struct Apply {
    /// Sequence and content, in journal order.
    pub entries: Vec<(u64, Entry)>,
}

/// What became of an [`Apply`].
#[derive(Debug)]
pub struct Applied {
    /// The first change since the user's pages were taken.
    pub first_change: bool,
}

/// Hand over the changed pages. Only between batches, when memory is what is committed.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Vec<Row>")]
pub struct TakePages {
    /// Last committed sequence of the user's partition.
    pub sequence: u64,
    /// Its chain hash.
    pub hash: u64,
}

/// Answer a question. Only between batches.
#[derive(Debug, Message)]
#[rtype(result = "Result<Result<serde_json::Value, Refusal>, ActorError>")]
pub struct Ask {
    /// The question.
    pub query: Query,
    /// Last committed sequence of the user's partition, and its chain hash.
    pub committed: TakePages,
}

/// The actor can't go on; its memory is to be thrown away.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActorError {
    /// Its pages can't be read: rebuild the page store from the journal, then retry.
    #[error("user {user}: {reason}")]
    Pages {
        /// Whose.
        user: String,
        /// Why.
        reason: String,
    },
    /// The domain panicked in the middle of a change: rehydrate, and leave this command out.
    #[error("user {}: a panic in the middle of a change, on command {}", .user.as_str(), &*.id.text())]
    Torn {
        /// Whose.
        user: UserId,
        /// Which command.
        id: CommandId,
    },
}

/// One user, in memory.
pub(crate) struct UserActor {
    user: UserId,
    partition: u16,
    source: Rc<dyn PageSource>,
    footprint: Rc<Footprint>,
    state: Option<UserState>,
    /// Test hook: commands whose id starts with this panic.
    panic_id: Option<Rc<str>>,
}

impl UserActor {
    pub(crate) fn new(
        user: UserId,
        partition: u16,
        (source, footprint): (Rc<dyn PageSource>, Rc<Footprint>),
        panic_id: Option<Rc<str>>,
    ) -> Self {
        Self { user, partition, source, footprint, state: None, panic_id }
    }

    fn error(&self, reason: &impl ToString) -> ActorError {
        ActorError::Pages { user: self.user.as_str().to_owned(), reason: reason.to_string() }
    }

    /// Makes sure the root page is there.
    fn hydrate(&mut self) -> Result<(), ActorError> {
        if self.state.is_none() {
            let root = self.get(PageKey::Root).map_err(|e| self.error(&e))?;
            self.state = Some(UserState::from_root(root.as_deref()).map_err(|e| self.error(&e))?);
        }
        Ok(())
    }

    fn get(&self, key: PageKey) -> Result<Option<Vec<u8>>, SourceError> {
        let key = self.state.as_ref().map_or_else(|| key.to_bytes(), |state| state.stored_key(key));
        self.source.get(self.partition, &self.user, &key)
    }

    fn state(&mut self) -> &mut UserState {
        self.state.as_mut().expect("every handler hydrates first")
    }

    /// Loads pages until `missing` names no more.
    fn load(&mut self, missing: impl Fn(&UserState) -> Vec<PageKey>) -> Result<(), ActorError> {
        self.hydrate()?;
        loop {
            let keys = missing(self.state());
            if keys.is_empty() {
                return Ok(());
            }
            for key in keys {
                let bytes = self.get(key).map_err(|e| self.error(&e))?;
                let inserted: Result<(), PageError> = self.state().insert(key, bytes.as_deref());
                inserted.map_err(|e| self.error(&e))?;
            }
        }
    }

    fn decide(&mut self, inputs: Vec<Input>, sequence: u64) -> Result<Decided, ActorError> {
        let mut verdicts = Vec::with_capacity(inputs.len());
        for input in &inputs {
            self.load(|state| state.missing(input))?;
            let verdict = match self.attempt(input, sequence) {
                Some(handled) => Verdict::Handled(handled),
                None if self.state().mid_change() => {
                    return Err(ActorError::Torn { user: self.user.clone(), id: input.id.clone() });
                }
                None => self.attempt(input, sequence).map_or(Verdict::Panicked, Verdict::Handled),
            };
            verdicts.push(verdict);
        }
        let changed = verdicts.iter().any(|v| matches!(v, Verdict::Handled(Handled::Decided(_))));
        let first_change = self.settle(changed);
        Ok(Decided { inputs, verdicts, first_change })
    }

    /// `None`: the domain panicked.
    fn attempt(&mut self, input: &Input, sequence: u64) -> Option<Handled> {
        let hook = self.panic_id.clone();
        let state = self.state();
        // The state is looked at after a panic only to ask whether it was being changed.
        catch_unwind(AssertUnwindSafe(|| {
            let id = input.id.text();
            assert!(!hook.is_some_and(|prefix| id.starts_with(&*prefix)), "test hook: command {}", &*id);
            state.handle(input, sequence)
        }))
        .ok()
    }

    fn apply(&mut self, entries: &[(u64, Entry)]) -> Result<Applied, ActorError> {
        self.hydrate()?;
        let (applied, _) = self.state().applied();
        for (sequence, entry) in entries.iter().filter(|(sequence, _)| *sequence > applied) {
            self.load(|state| state.missing_to_apply(entry))?;
            self.state().apply(entry, *sequence);
        }
        Ok(Applied { first_change: self.settle(true) })
    }

    /// After a change, or none. True at the first change since the pages were taken.
    fn settle(&mut self, changed: bool) -> bool {
        self.settle_down();
        changed && self.footprint.changed()
    }

    /// Lets go of pages, takes stock.
    fn settle_down(&mut self) {
        if let Some(state) = &mut self.state {
            state.trim();
            self.footprint.weigh(state.weight());
        }
    }

    fn take_pages(&mut self, committed: TakePages) -> Vec<Row> {
        let Some(state) = self.state.as_mut() else { return Vec::new() };
        state.set_applied(committed.sequence, committed.hash);
        let changed = state.take_changed();
        let Some(erased) = state.take_sweep() else { return changed };
        // First what is true now, then away with what was, then the note that it is away.
        self.source.put(self.partition, &self.user, changed);
        self.source.sweep(self.partition, &self.user, &erased);
        state.take_changed()
    }

    fn answer(&mut self, ask: &Ask) -> Result<Result<serde_json::Value, Refusal>, ActorError> {
        self.load(|state| ask.query.missing(state))?;
        let range = ask.query.range(self.state());
        let rows = match range {
            None => Vec::new(),
            Some(range) => {
                // The walk must meet this user's own unwritten pages.
                let changed = self.take_pages(ask.committed);
                self.source.put(self.partition, &self.user, changed);
                self.source.range(self.partition, &self.user, &range).map_err(|e| self.error(&e))?
            }
        };
        let answer = ask.query.answer(self.state(), &rows);
        self.state().trim();
        Ok(answer)
    }
}

impl Actor for UserActor {
    type Context = Context<Self>;
}

impl Handler<Decide> for UserActor {
    type Result = MessageResult<Decide>;

    fn handle(&mut self, message: Decide, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.decide(message.inputs, message.sequence))
    }
}

impl Handler<Wake> for UserActor {
    type Result = ();

    fn handle(&mut self, _: Wake, _: &mut Self::Context) {
        // What hinders it hinders the command, too, which can say so.
        let _ = self.hydrate();
        self.settle_down();
    }
}

impl Handler<Apply> for UserActor {
    type Result = MessageResult<Apply>;

    fn handle(&mut self, message: Apply, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.apply(&message.entries))
    }
}

impl Handler<TakePages> for UserActor {
    type Result = MessageResult<TakePages>;

    fn handle(&mut self, message: TakePages, _: &mut Self::Context) -> Self::Result {
        let rows = self.take_pages(message);
        // What was taken is in the store's hands: only what posting needs stays.
        self.settle_down();
        MessageResult(rows)
    }
}

impl Handler<Ask> for UserActor {
    type Result = MessageResult<Ask>;

    fn handle(&mut self, message: Ask, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.answer(&message))
    }
}
