//! What the rest of the world holds of the engine.

use crate::Clock;
use crate::log::LogError;
use centime_domain::{CommandId, Outcome, Refusal, UserId};
use futures::stream::BoxStream;
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bus {
    /// Files in the data folder.
    Embedded,
    /// Memory; gone with the process. For tests.
    InMemory,
    /// Apache Kafka.
    Kafka(KafkaConfig),
}

/// How to reach and use Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaConfig {
    /// librdkafka settings, passed through to every client (`bootstrap.servers`, `security.protocol`, …).
    pub settings: Vec<(String, String)>,
    /// Consumer group = the name of this centime cluster; also the prefix of transactional ids.
    pub group: String,
    /// This node's stable name within the group.
    pub node: String,
    /// HTTP address other nodes reach this one at, for forwarding.
    pub advertised: Option<String>,
    /// Partitions of commands and journal topics, when they are created.
    pub partitions: u16,
    /// Partitions of events topics, when they are created.
    pub event_partitions: u16,
    /// Replication factor of topics, when they are created.
    pub replication: u16,
    /// How long a silent node keeps its partitions (`session.timeout.ms`).
    pub session_timeout: Duration,
}

/// How to run an engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Which log.
    pub bus: Bus,
    /// Folder of journal, sled and dead letters.
    pub data_dir: PathBuf,
    /// Worker threads; partitions are spread over them.
    pub shards: usize,
    /// Partitions of the embedded and in-memory log (Kafka's are its topic's).
    pub partitions: u16,
    /// Most bytes of user state in memory, all shards together (an estimate).
    pub memory_budget: usize,
    /// Oldest a change may get before it is written to sled.
    pub write_behind: Duration,
    /// The time commands without one are given.
    pub clock: Arc<Clock>,
    /// Test hook: a command whose id starts with this text panics in its actor.
    pub panic_id: Option<String>,
}

/// A command to submit.
#[derive(Debug, Clone)]
pub struct NewCommand {
    /// Whose command.
    pub user: UserId,
    /// Its id.
    pub id: CommandId,
    /// Its time; `None`: the engine's clock.
    pub time: Option<Timestamp>,
    /// Wire name of its type.
    pub kind: String,
    /// Its data, JSON.
    pub data: Vec<u8>,
}

/// A place in the order of one partition's commits. Written `partition:sequence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The partition.
    pub partition: u16,
    /// Sequence of the commit record.
    pub sequence: u64,
}

/// The answer to a command, given after its commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The command's id.
    pub id: CommandId,
    /// Where its outcome stands.
    pub position: Position,
    /// What came of it.
    pub outcome: Outcome,
    /// Index of its first event among the events of its commit record: with `position` and the event's place in the
    /// outcome this gives the event's [`EventPosition`].
    pub first_index: u32,
    /// The command's time as it was decided, and so its events'.
    pub time: Timestamp,
    /// It had been decided before; this is the first answer again.
    pub repeated: bool,
}

/// The answer to a query.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The content, or a named refusal (`not_found`, …).
    pub body: Result<serde_json::Value, Refusal>,
    /// The position it holds at.
    pub position: Position,
}

/// Place of a public event. Written `partition:sequence:index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPosition {
    /// The partition.
    pub partition: u16,
    /// Sequence of the commit record.
    pub sequence: u64,
    /// Index among the record's events.
    pub index: u32,
}

/// A committed event on its way to a subscriber.
#[derive(Debug, Clone)]
pub struct FeedEvent {
    /// Where it stands.
    pub position: EventPosition,
    /// Its wire type.
    pub kind: &'static str,
    /// Its envelope, JSON.
    pub envelope: Arc<[u8]>,
}

/// Why the engine did not answer. None of these says that a command was not (or won't be) decided, except where noted;
/// repeating the command with the same id is always safe.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Too much is waiting (the command was not taken). Retry after this long.
    #[error("the engine is at capacity; retry in {} s", .retry_after.as_secs().max(1))]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// Another node owns this user (the command was not taken): ask there.
    #[error("user is served by {address}")]
    Elsewhere {
        /// Its HTTP address.
        address: String,
    },
    /// This node does not own the user's partition now, or has not caught up yet (the command was not taken).
    #[error("the user's partition is not ready here; retry")]
    NotReady,
    /// No answer came in time; the command may still be decided.
    #[error("no answer in time; repeat with the same Idempotency-Key")]
    Timeout,
    /// No answer to a question came in time.
    #[error("no answer in time; ask again")]
    NoAnswer,
    /// The question wants to know of a position that there is not (yet).
    #[error("there is no such position: the last one of this user's partition is {last}")]
    UnknownPosition {
        /// The last one there is.
        last: Position,
    },
    /// The command panicked in its actor twice and is a dead letter now.
    #[error("this command failed inside centime; it was set aside as a dead letter")]
    Poisoned,
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopping,
}

/// A feed of committed events. Ends when the subscriber is too slow or the partition leaves this node: resume with the
/// last position seen.
pub type Feed = BoxStream<'static, FeedEvent>;

/// All committed events of a user. It is whole if it ends without an error.
pub type Export = BoxStream<'static, Result<FeedEvent, EngineError>>;

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.partition, self.sequence)
    }
}

impl std::str::FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (partition, sequence) = text.split_once(':').ok_or(())?;
        Ok(Self { partition: partition.parse().map_err(drop)?, sequence: sequence.parse().map_err(drop)? })
    }
}

impl std::fmt::Display for EventPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.partition, self.sequence, self.index)
    }
}

impl std::str::FromStr for EventPosition {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (position, index) = text.rsplit_once(':').ok_or(())?;
        let Position { partition, sequence } = position.parse()?;
        Ok(Self { partition, sequence, index: index.parse().map_err(drop)? })
    }
}
