//! What a shard is asked, besides what its log hands it.

use crate::api::{Answer, EngineError, Reply};
use crate::record::DeadLetter;
use centime_domain::{CommandId, Input, Query, UserId};
use tokio::sync::oneshot;

/// Where a command's answer goes.
pub(crate) type ReplyTo = oneshot::Sender<Result<Reply, EngineError>>;

/// One request to a shard.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all requests are commands")]
pub(crate) enum Request {
    /// Decide on a command (logs whose commands have no topics).
    Command {
        user: UserId,
        partition: u16,
        input: Input,
        /// The command as it came, for the dead letters.
        raw: Box<[u8]>,
        reply: ReplyTo,
    },
    /// The log has, or will have, this command: say what comes of it.
    Await { user: UserId, partition: u16, id: CommandId, reply: ReplyTo },
    /// Keep what is no command.
    DeadLetter { partition: u16, letter: DeadLetter, reply: oneshot::Sender<Result<(), EngineError>> },
    /// Answer a question.
    Query(Box<Question>),
    /// Write everything behind and end.
    Stop { done: oneshot::Sender<()> },
}

/// A question waiting for its answer.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) user: UserId,
    pub(crate) partition: u16,
    pub(crate) query: Query,
    /// Answer only when this sequence is in.
    pub(crate) at_least: u64,
    pub(crate) reply: oneshot::Sender<Result<Answer, EngineError>>,
}

impl Request {
    /// The partition asked for; `None`: the shard as a whole.
    pub(crate) fn partition(&self) -> Option<u16> {
        match self {
            Self::Command { partition, .. }
            | Self::Await { partition, .. }
            | Self::DeadLetter { partition, .. } => Some(*partition),
            Self::Query(question) => Some(question.partition),
            Self::Stop { .. } => None,
        }
    }

    /// Answers with an error.
    pub(crate) fn fail(self, error: EngineError) {
        // Who no longer waits needs no answer.
        match self {
            Self::Command { reply, .. } | Self::Await { reply, .. } => drop(reply.send(Err(error))),
            Self::DeadLetter { reply, .. } => drop(reply.send(Err(error))),
            Self::Query(question) => drop(question.reply.send(Err(error))),
            Self::Stop { done } => drop(done),
        }
    }
}
