//! The log: where commands come from, where commit records and events go. One trait, three kinds.
//!
//! What all kinds share: a partition has one owner at a time; the owner appends commit records to the partition's journal,
//! one a batch, atomically with all that the batch publishes; after a failure the journal tells what is true.

pub mod embedded;
pub mod inmemory;
pub mod kafka;

use crate::record::{CommitRecord, DeadLetter, NextOffsets};
use centime_domain::{Command, Input, UserId};
use std::ops::ControlFlow;
use tokio::sync::oneshot;

/// A place in a partition's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Sequence of the last record before this place (0: the beginning).
    pub sequence: u64,
    /// That record's chain hash (0 at the beginning).
    pub hash: u64,
    /// Where the next record may be found at the earliest: a file position or Kafka offset; 0 if unknown.
    pub hint: u64,
}

/// One record read from a commands topic, as far as it could be understood.
#[derive(Debug)]
pub struct Incoming {
    /// Index of its topic in the log's topic list.
    pub topic: u8,
    /// Its offset there.
    pub offset: i64,
    /// What it is.
    pub kind: IncomingKind,
    /// A command's bytes as they came, for the dead letters; empty for other kinds, which carry their own.
    pub raw: Box<[u8]>,
}

/// Name of the commands topic with this index: `commands.any`, then one a command type in registry order (journals keep
/// the index, so the registry only grows at its end).
pub fn commands_topic(index: u8) -> String {
    let mut types = ["any"].into_iter().chain(Command::types().iter().copied());
    format!("commands.{}", types.nth(usize::from(index)).unwrap_or("?"))
}

/// What a record from a commands topic turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are commands: boxing them would cost, not save")]
pub enum IncomingKind {
    /// A command of a user of this partition.
    Command(UserId, Input),
    /// Not a command.
    Dead(Box<DeadLetter>),
    /// A command of a user of another partition: to be put there in the same commit.
    Misplaced(Box<Forward>),
}

/// A record to be put where its user belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// Its topic.
    pub topic: String,
    /// The partition it belongs to.
    pub partition: u16,
    /// The key: the user.
    pub key: Vec<u8>,
    /// The bytes, unchanged.
    pub value: Vec<u8>,
}

/// What a log tells a shard, through the shard's bounded inbox.
#[derive(Debug)]
pub enum FromLog {
    /// The partition is yours: replay its journal up to `goal`, then call [`Log::resume`] with `epoch`.
    Take {
        /// Which partition.
        partition: u16,
        /// Names this ownership; commands that carry another are stale.
        epoch: u64,
        /// Sequence of the last committed record (0: none).
        goal: u64,
    },
    /// The partition is no longer yours: forget it, then drop `done`. Sent when no batch is undecided for longer than
    /// the one in flight.
    Drop {
        /// Which partition.
        partition: u16,
        /// Dropped when the shard has let go.
        done: oneshot::Sender<()>,
    },
    /// Commands of a partition, in order.
    Commands {
        /// Which partition.
        partition: u16,
        /// The ownership they were read under.
        epoch: u64,
        /// The records.
        records: Vec<Incoming>,
    },
}

/// One partition's part of a batch.
#[derive(Debug, Clone)]
pub struct PartitionCommit {
    /// Which partition.
    pub partition: u16,
    /// The ownership it was decided under. Under a later one the journal may go further than the shard knew.
    pub epoch: u64,
    /// The record's sequence.
    pub sequence: u64,
    /// The framed commit record.
    pub frame: Vec<u8>,
    /// For the lag display of other tools only.
    pub next_offsets: NextOffsets,
    /// Its dead letters, to be projected where people look for them.
    pub dead_letters: Vec<DeadLetter>,
}

/// One public event, encoded.
#[derive(Debug, Clone)]
pub struct EncodedEvent {
    /// Index in `Event::types()`, or [`REJECTED`].
    pub type_index: usize,
    /// The user: the key.
    pub user: UserId,
    /// Range of its bytes in [`Batch::bytes`].
    pub range: std::ops::Range<usize>,
}

/// `type_index` of `command_rejected`, which is no domain event.
pub const REJECTED: usize = usize::MAX;

/// All that one batch of one shard wants to be true at once.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Commit records, one a partition touched.
    pub partitions: Vec<PartitionCommit>,
    /// Public events in order; empty if the log does not publish.
    pub events: Vec<EncodedEvent>,
    /// The events' bytes.
    pub bytes: Vec<u8>,
    /// Records found in the wrong place.
    pub forwards: Vec<Forward>,
}

/// A commit did not go through, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing of the batch is or will become true. The same batch may be decided again.
    #[error("the log did not take the batch: {0}")]
    Refused(String),
    /// It may or may not have become true: forget everything, read the journal. The log sends [`FromLog::Take`] (or
    /// nothing, if the partitions went elsewhere) after [`Log::reset`].
    #[error("the commit's fate is unknown: {0}")]
    Doubt(String),
    /// The log can't go on; the process must end.
    #[error("the log has failed: {0}")]
    Fatal(String),
}

/// The commit end of one shard. Lives on a thread of its own; calls block.
pub trait Committer: Send {
    /// Makes the whole batch true, durably, or not. Returns the journal hint after each partition's record, in order.
    fn commit(&mut self, batch: Batch) -> Result<Vec<u64>, CommitError>;

    /// Proves that this shard still owns `partitions` (their anchors are as this shard left them): asked before a batch
    /// of queries only is answered.
    fn still_owner(&mut self, partitions: &[u16]) -> Result<(), CommitError>;
}

/// Reads journals. Blocking.
pub trait Journal: Send + Sync {
    /// Calls `each` with every record after `from`, in order, up to and including sequence `until`, each with the cursor
    /// behind it. Checks frames and sequence; the hash chain from `from.hash` on unless that is unknown (`from.hint` 0
    /// and `from.sequence` > 0: the place is looked up by sequence).
    fn read(
        &self,
        partition: u16,
        from: Cursor,
        until: u64,
        each: &mut dyn FnMut(CommitRecord, Cursor) -> ControlFlow<()>,
    ) -> Result<(), JournalError>;
}

/// Whose journal is damaged, as far as that can be told.
fn whose(partition: u16) -> String {
    match partition {
        u16::MAX => "the journal".to_owned(),
        partition => format!("the journal of partition {partition}"),
    }
}

/// A journal can't be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A record is damaged or missing where others follow. Not to be repaired by retrying.
    #[error("{}, at {place}: {reason}", whose(*partition))]
    Broken {
        /// Which partition (or the whole file's, if that can't be told: `u16::MAX`).
        partition: u16,
        /// File and position, or offset.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// `from` is not a place in this journal: its sequence or hash is not there. The cache it came from must go.
    #[error("the journal of partition {partition} does not continue from sequence {sequence}")]
    NotHere {
        /// Which partition.
        partition: u16,
        /// Sequence asked for.
        sequence: u64,
    },
    /// The medium failed; a retry may help.
    #[error("the journal can't be read now: {0}")]
    Io(String),
}

/// A shard's inbox, as a log sees it. Bounded: `Err` gives the message back when it is full or the shard has ended.
pub trait ShardInbox: Send + Sync {
    /// Hands a message over without waiting.
    fn try_send(&self, message: FromLog) -> Result<(), InboxError>;
    /// Hands a message over, waiting for room. `Err` when the shard has ended.
    fn send_blocking(&self, message: FromLog) -> Result<(), InboxError>;
}

/// The message did not fit.
#[derive(Debug)]
pub enum InboxError {
    /// The queue is full; try again later.
    Full(FromLog),
    /// The shard has ended.
    Closed,
}

/// A log of some kind.
pub trait Log: Send + Sync {
    /// Starts handing partitions and commands to the shards.
    fn start(&self, shards: Vec<std::sync::Arc<dyn ShardInbox>>) -> Result<(), LogError>;

    /// Number of partitions of users.
    fn partitions(&self) -> u16;

    /// The commit end of a shard.
    fn committer(&self, shard: usize) -> Result<Box<dyn Committer>, LogError>;

    /// The journals.
    fn journal(&self) -> std::sync::Arc<dyn Journal>;

    /// Whether batches must carry their encoded public events.
    fn publishes(&self) -> bool;

    /// Whether a commit is a conversation with another machine, so long that the next batch is gathered meanwhile. (Where it
    /// is an fsync, waking up for every request that comes costs more than it brings: 100,000 commands/s against 110,000.)
    fn is_remote(&self) -> bool;

    /// The shard has replayed the partition: start feeding its commands from `next` (topics not listed: from their
    /// beginning).
    fn resume(&self, partition: u16, epoch: u64, next: &[(u8, i64)]);

    /// After doubt: the shard has forgotten its partitions, those in `forgotten` as it had them under these epochs. Settle
    /// what is open, then [`FromLog::Take`] again what is still owned under them. (What has been taken over anew since is on
    /// its way: to begin that again would make its commits stale, which brings the next reset, and so on for ever.) Called on
    /// the commit thread; may block.
    fn reset(&self, shard: usize, forgotten: &[(u16, u64)]);

    /// Puts a command where its owner will find it, durably, for logs whose commands have topics. `None`: commands go
    /// straight to the shard. The receiver resolves when the log has it.
    fn produce(
        &self,
        type_name: &str,
        user: &UserId,
        envelope: Vec<u8>,
    ) -> Option<oneshot::Receiver<Result<(), LogError>>>;

    /// HTTP address of the node that owns the partition, if that is another one (and is known).
    fn owner_elsewhere(&self, partition: u16) -> Option<String>;

    /// This node has joined: what it is to own, it has been told.
    fn joined(&self) -> bool {
        true
    }

    /// Stops feeding; gives partitions up in good order. Blocking; shards are told [`FromLog::Drop`].
    fn stop(&self);
}

/// A log could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The set-up is wrong: a retry does not help; the text says what does.
    #[error("{0}")]
    Setup(String),
    /// Out of reach; a retry may help.
    #[error("{0}")]
    Unavailable(String),
    /// A journal is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
