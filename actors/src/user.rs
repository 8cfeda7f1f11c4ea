//! The actor of one user: loads the pages a message needs, then lets the domain answer.

use crate::source::Row;
use crate::turn::Turn;
use actix::{Actor, Handler, Message, MessageResult};
use centime_domain::{
    Alarm, CommandId, Entry, Handled, Input, PageError, PageKey, Query, Refusal, UserId, UserState,
};
use jiff::Timestamp;
use std::panic::{AssertUnwindSafe, catch_unwind};

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
    /// The user's alarm, if it is another one now.
    pub alarm: Option<NewAlarm>,
}

/// When a user should be looked at, from now on; `None`: there is no need to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewAlarm(pub Option<Alarm>);

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
#[rtype(result = "Result<(), ActorError>")]
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
    /// The user's alarm, if it is another one now.
    pub alarm: Option<NewAlarm>,
}

/// An alarm's time has come: is there anything to tell? Only between batches.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<Rung, ActorError>")]
pub(crate) struct Ring {
    pub(crate) now: Timestamp,
}

/// What becomes of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// A command would tell something; this alarm is what it is about.
    Tells(Alarm),
    /// Not now: this is the next.
    Later(Option<Alarm>),
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
#[derive(Default)]
pub(crate) struct UserActor {
    state: Option<UserState>,
    /// The state's alarm as it was last told of; a stored page has been told of.
    alarm: Option<Alarm>,
    /// The page store lacks a change.
    dirty: bool,
}

impl UserActor {
    /// Bytes, those of the actor itself included.
    pub(crate) fn weight(&self) -> usize {
        self.state.as_ref().map_or(size_of::<Self>(), UserState::weight)
    }

    /// As [`UserState::touch`].
    pub(crate) fn touch(&self) -> u8 {
        self.state.as_ref().map_or(0, UserState::touch)
    }

    /// Whether the page store lacks a change.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Makes sure the root page is there.
    fn hydrate(&mut self, turn: &Turn) -> Result<(), ActorError> {
        if self.state.is_none() {
            let root = turn.page(&PageKey::Root.to_bytes())?;
            let state = UserState::from_root(root.as_deref()).map_err(|e| turn.error(&e))?;
            self.alarm = state.alarm();
            self.state = Some(state);
        }
        Ok(())
    }

    fn state(&mut self) -> &mut UserState {
        self.state.as_mut().expect("every handler hydrates first")
    }

    /// Loads pages until `missing` names no more.
    fn load(&mut self, turn: &Turn, missing: impl Fn(&UserState) -> Vec<PageKey>) -> Result<(), ActorError> {
        self.hydrate(turn)?;
        loop {
            let keys = missing(self.state());
            if keys.is_empty() {
                return Ok(());
            }
            for key in keys {
                if let Some(range) = self.state().run(key) {
                    let rows = turn.pages(&range)?;
                    self.state().insert_run(key, &rows).map_err(|e| turn.error(&e))?;
                    continue;
                }
                let bytes = turn.page(&self.state().stored_key(key))?;
                let inserted: Result<(), PageError> = self.state().insert(key, bytes.as_deref());
                inserted.map_err(|e| turn.error(&e))?;
            }
        }
    }

    fn decide(&mut self, inputs: Vec<Input>, sequence: u64, turn: &Turn) -> Result<Decided, ActorError> {
        let mut verdicts = Vec::with_capacity(inputs.len());
        for input in &inputs {
            self.load(turn, |state| state.missing(input))?;
            let verdict = match self.attempt(input, sequence, turn) {
                Some(handled) => Verdict::Handled(handled),
                None if self.state().mid_change() => {
                    return Err(ActorError::Torn { user: turn.user().clone(), id: input.id.clone() });
                }
                None => self.attempt(input, sequence, turn).map_or(Verdict::Panicked, Verdict::Handled),
            };
            verdicts.push(verdict);
        }
        let changed = verdicts.iter().any(|v| matches!(v, Verdict::Handled(Handled::Decided(_))));
        let first_change = self.settle(changed);
        Ok(Decided { inputs, verdicts, first_change, alarm: self.new_alarm() })
    }

    /// `None`: the domain panicked.
    fn attempt(&mut self, input: &Input, sequence: u64, turn: &Turn) -> Option<Handled> {
        let state = self.state();
        // The state is looked at after a panic only to ask whether it was being changed.
        catch_unwind(AssertUnwindSafe(|| {
            turn.panic_if_asked(&input.id);
            state.handle(input, sequence)
        }))
        .ok()
    }

    fn apply(&mut self, entries: &[(u64, Entry)], turn: &Turn) -> Result<Applied, ActorError> {
        self.hydrate(turn)?;
        let (applied, _) = self.state().applied();
        for (sequence, entry) in entries.iter().filter(|(sequence, _)| *sequence > applied) {
            self.load(turn, |state| state.missing_to_apply(entry))?;
            self.state().apply(entry, *sequence);
        }
        Ok(Applied { first_change: self.settle(true), alarm: self.new_alarm() })
    }

    fn ring(&mut self, now: Timestamp, turn: &Turn) -> Result<Rung, ActorError> {
        self.hydrate(turn)?;
        let state = self.state();
        Ok(match state.alarm() {
            Some(alarm) if state.has_to_tell(now) => Rung::Tells(alarm),
            _ => Rung::Later(state.alarm_after(now)),
        })
    }

    /// The alarm, if it is not the one last told of.
    fn new_alarm(&mut self) -> Option<NewAlarm> {
        let alarm = self.state().alarm();
        (std::mem::replace(&mut self.alarm, alarm) != alarm).then_some(NewAlarm(alarm))
    }

    /// After a change, or none. True at the first change since the pages were taken.
    fn settle(&mut self, changed: bool) -> bool {
        self.trim();
        changed && !std::mem::replace(&mut self.dirty, true)
    }

    /// Lets go of pages.
    fn trim(&mut self) {
        if let Some(state) = &mut self.state {
            state.trim();
        }
    }

    fn take_pages(&mut self, committed: TakePages, turn: &Turn) -> Vec<Row> {
        let Some(state) = self.state.as_mut() else { return Vec::new() };
        state.set_applied(committed.sequence, committed.hash);
        let changed = state.take_changed();
        let Some(erased) = state.take_sweep() else { return changed };
        // First what is true now, then away with what was, then the note that it is away.
        turn.put(changed);
        turn.sweep(&erased);
        state.take_changed()
    }

    fn answer(&mut self, ask: &Ask, turn: &Turn) -> Result<Result<serde_json::Value, Refusal>, ActorError> {
        self.load(turn, |state| ask.query.missing(state))?;
        let range = ask.query.range(self.state());
        let rows = match range {
            None => Vec::new(),
            Some(range) => {
                // The walk must meet this user's own unwritten pages.
                let changed = self.take_pages(ask.committed, turn);
                turn.put(changed);
                turn.pages(&range)?
            }
        };
        let answer = ask.query.answer(self.state(), &rows);
        self.trim();
        Ok(answer)
    }
}

impl Actor for UserActor {
    type Context = Turn;
}

impl Handler<Decide> for UserActor {
    type Result = MessageResult<Decide>;

    fn handle(&mut self, message: Decide, turn: &mut Turn) -> Self::Result {
        MessageResult(self.decide(message.inputs, message.sequence, turn))
    }
}

impl Handler<Wake> for UserActor {
    type Result = MessageResult<Wake>;

    fn handle(&mut self, _: Wake, turn: &mut Turn) -> Self::Result {
        MessageResult(self.hydrate(turn))
    }
}

impl Handler<Apply> for UserActor {
    type Result = MessageResult<Apply>;

    fn handle(&mut self, message: Apply, turn: &mut Turn) -> Self::Result {
        MessageResult(self.apply(&message.entries, turn))
    }
}

impl Handler<Ring> for UserActor {
    type Result = MessageResult<Ring>;

    fn handle(&mut self, message: Ring, turn: &mut Turn) -> Self::Result {
        MessageResult(self.ring(message.now, turn))
    }
}

impl Handler<TakePages> for UserActor {
    type Result = MessageResult<TakePages>;

    fn handle(&mut self, message: TakePages, turn: &mut Turn) -> Self::Result {
        self.dirty = false;
        let rows = self.take_pages(message, turn);
        // What was taken is in the store's hands: only what posting needs stays.
        self.trim();
        MessageResult(rows)
    }
}

impl Handler<Ask> for UserActor {
    type Result = MessageResult<Ask>;

    fn handle(&mut self, message: Ask, turn: &mut Turn) -> Self::Result {
        MessageResult(self.answer(&message, turn))
    }
}
