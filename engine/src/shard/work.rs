//! A batch being gathered: who wants what decided, partition by partition.

use crate::log::{Forward, Incoming, IncomingKind};
use crate::record::{DeadLetter, NextOffsets};
use crate::request::{Question, ReplyTo, Request};
use centime_domain::{CommandId, Input, UserId};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use tokio::sync::oneshot;

/// Commands that must not be decided (again), and why.
pub(super) type Torn = HashMap<(UserId, CommandId), &'static str>;

/// A batch ends at this many commands …
pub(crate) const MOST_COMMANDS: usize = 10_000;
/// … or at about this many bytes of what came for one partition. (What they come to: `size`.)
const MOST_BYTES: usize = 500_000;

/// Where a command came from, for its answer and its dead letter.
#[derive(Debug)]
pub(super) enum Origin {
    /// A commands topic.
    Log { topic: u8, offset: i64, raw: Box<[u8]> },
    /// Somebody who waits.
    Direct { raw: Box<[u8]>, reply: ReplyTo },
}

/// One user's part of the batch, in order.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) user: UserId,
    pub(super) partition: u16,
    pub(super) inputs: Vec<Input>,
    pub(super) origins: Vec<Origin>,
}

/// One partition's part of the batch, besides its users'.
#[derive(Debug, Default)]
pub(super) struct PartitionWork {
    pub(super) dead_letters: Vec<DeadLetter>,
    pub(super) next_offsets: NextOffsets,
    pub(super) commands: usize,
    pub(super) bytes: usize,
}

/// The batch.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) slices: Vec<Slice>,
    by_user: HashMap<UserId, usize, foldhash::fast::RandomState>,
    pub(super) partitions: BTreeMap<u16, PartitionWork>,
    pub(super) forwards: Vec<Forward>,
    /// Who waits for a dead letter to be kept.
    pub(super) letter_replies: Vec<oneshot::Sender<Result<(), crate::EngineError>>>,
    pub(super) questions: Vec<Question>,
    /// Commands that have become dead letters: whoever awaits them is to be told.
    pub(super) buried: Vec<(UserId, CommandId)>,
    commands: usize,
    full: bool,
}

impl Work {
    /// An empty one, with room for as many users as this one has: the next batch will be about as large.
    pub(super) fn like(&self) -> Self {
        let users = self.slices.len();
        Self {
            slices: Vec::with_capacity(users),
            by_user: HashMap::with_capacity_and_hasher(users, foldhash::fast::RandomState::default()),
            ..Self::default()
        }
    }

    /// Nothing to commit (questions may still be there).
    pub(super) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// Nothing to do at all.
    pub(super) fn has_nothing(&self) -> bool {
        self.is_empty() && self.questions.is_empty()
    }

    /// Whether one more may come, of this many commands at most.
    pub(super) fn has_room_for(&self, most_commands: usize) -> bool {
        !self.full && self.commands < most_commands
    }

    /// Commands in it.
    pub(super) fn commands(&self) -> usize {
        self.commands
    }

    /// Takes in one record of a commands topic.
    pub(super) fn add_incoming(&mut self, partition: u16, incoming: Incoming, torn: &Torn) {
        let Incoming { topic, offset, kind, raw } = incoming;
        let part = self.part(partition);
        super::owned::merge(&mut part.next_offsets, &[(topic, offset + 1)]);
        match kind {
            IncomingKind::Command(user, input) => {
                self.add(user, partition, input, Origin::Log { topic, offset, raw }, torn);
            }
            IncomingKind::Dead(letter) => self.bury(partition, *letter),
            IncomingKind::Misplaced(forward) => {
                self.charge(partition, forward.value.len());
                self.forwards.push(*forward);
            }
        }
    }

    /// Takes in one request that needs a commit, or a question.
    pub(super) fn add_request(&mut self, request: Request, torn: &Torn) {
        match request {
            Request::Command { user, partition, input, raw, reply } => {
                self.add(user, partition, input, Origin::Direct { raw, reply }, torn);
            }
            Request::DeadLetter { partition, letter, reply } => {
                self.letter_replies.push(reply);
                self.bury(partition, letter);
            }
            Request::Query(question) => self.questions.push(*question),
            Request::Await { .. } | Request::Stop { .. } => unreachable!("the shard handles these itself"),
        }
    }

    /// Keeps a dead letter.
    pub(super) fn bury(&mut self, partition: u16, letter: DeadLetter) {
        self.charge(partition, letter.value.len());
        self.part(partition).dead_letters.push(letter);
    }

    /// Gives up all but the questions: everybody who waits is told why.
    pub(super) fn fail(&mut self, error: impl Fn() -> crate::EngineError) {
        for slice in self.slices.drain(..) {
            for origin in slice.origins {
                if let Origin::Direct { reply, .. } = origin {
                    drop(reply.send(Err(error())));
                }
            }
        }
        for reply in self.letter_replies.drain(..) {
            drop(reply.send(Err(error())));
        }
        *self = Self { questions: std::mem::take(&mut self.questions), ..Self::default() };
    }

    fn add(&mut self, user: UserId, partition: u16, input: Input, origin: Origin, torn: &Torn) {
        if !torn.is_empty()
            && let Some(why) = torn.get(&(user.clone(), input.id.clone()))
        {
            self.bury(partition, origin.into_dead_letter(partition, &user, why));
            self.buried.push((user, input.id));
            return;
        }
        // Half its size on the wire is about what a command takes in the commit record.
        self.charge(partition, origin.size() / 2 + 64);
        self.part(partition).commands += 1;
        self.commands += 1;
        match self.by_user.entry(user) {
            Entry::Occupied(at) => {
                let slice = &mut self.slices[*at.get()];
                slice.inputs.push(input);
                slice.origins.push(origin);
            }
            Entry::Vacant(vacant) => {
                // Most users have one command in a batch: vectors grown by pushing would have room for four.
                let (inputs, origins) = (vec![input], vec![origin]);
                self.slices.push(Slice { user: vacant.key().clone(), partition, inputs, origins });
                vacant.insert(self.slices.len() - 1);
            }
        }
    }

    fn part(&mut self, partition: u16) -> &mut PartitionWork {
        self.partitions.entry(partition).or_default()
    }

    fn charge(&mut self, partition: u16, bytes: usize) {
        let part = self.part(partition);
        part.bytes += bytes;
        self.full |= part.bytes >= MOST_BYTES;
    }
}

impl Origin {
    fn size(&self) -> usize {
        match self {
            Self::Log { raw, .. } | Self::Direct { raw, .. } => raw.len(),
        }
    }

    /// The command as a dead letter: it can't be decided. Who waits is told.
    pub(super) fn into_dead_letter(self, partition: u16, user: &UserId, why: &str) -> DeadLetter {
        let (topic, offset, raw) = match self {
            Self::Log { topic, offset, raw } => (crate::log::commands_topic(topic), offset, raw),
            Self::Direct { raw, reply } => {
                drop(reply.send(Err(crate::EngineError::Poisoned)));
                ("http".to_owned(), 0, raw)
            }
        };
        DeadLetter {
            topic,
            partition: i32::from(partition),
            offset,
            reason: why.to_owned(),
            key: Some(user.as_str().as_bytes().to_vec()),
            value: raw.into_vec(),
        }
    }
}
