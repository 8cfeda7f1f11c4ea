//! Questions as of an earlier position: the user's figures are made again from the journal, off the shard's thread.

use crate::EngineError;
use crate::api::Position;
use crate::log::{Cursor, Journal};
use crate::record::CommitRecord;
use centime_domain::{Entry, Event, Outcome, PastFigures, Refusal, UserId};
use serde_json::Value;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// How many such questions are worked on at once: each reads a partition's whole journal, while everybody else goes on.
pub(crate) const AT_ONCE: usize = 2;

/// What is to be read of whom.
pub(crate) struct Past {
    pub(crate) user: UserId,
    /// Up to here; it is committed.
    pub(crate) until: Position,
    /// The commit record that the user was last erased in: what is older is not told any more.
    pub(crate) erased: u64,
    /// When to give up.
    pub(crate) deadline: Instant,
    /// Room for this question.
    pub(crate) room: OwnedSemaphorePermit,
}

/// Answers once all of it is read; nobody waiting any more ends it, too.
pub(crate) fn answer(
    journal: Arc<dyn Journal>,
    past: Past,
    mut figures: PastFigures,
) -> oneshot::Receiver<Result<Result<Value, Refusal>, EngineError>> {
    let (reply, answer) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let given_up = || reply.is_closed() || Instant::now() > past.deadline;
        let read = read(journal.as_ref(), &past, &mut figures, &given_up);
        drop(past.room);
        // Who no longer waits needs no answer.
        drop(reply.send(read.map(|()| figures.answer())));
    });
    answer
}

fn read(
    journal: &dyn Journal,
    past: &Past,
    figures: &mut PastFigures,
    given_up: &dyn Fn() -> bool,
) -> Result<(), EngineError> {
    let Position { partition, sequence: until } = past.until;
    if until < past.erased.max(1) {
        return Ok(());
    }
    let from = Cursor { sequence: past.erased.saturating_sub(1), hash: 0, hint: 0 };
    let mut whole = false;
    let read = journal.read(partition, from, until, &mut |record, _| {
        if given_up() {
            return ControlFlow::Break(());
        }
        let first = if record.sequence == past.erased { after_erasure(&record, &past.user) } else { 0 };
        for entry in record.entries[first..].iter().filter(|entry| entry.user == past.user) {
            figures.apply(entry, record.sequence);
        }
        whole = record.sequence == until;
        ControlFlow::Continue(())
    });
    match read {
        Ok(()) if whole => Ok(()),
        Ok(()) => Err(EngineError::NoAnswer),
        Err(error) => {
            tracing::error!(%error, partition, "an earlier state can't be read");
            Err(EngineError::NotReady)
        }
    }
}

/// The first entry after the user's last erasure in a record.
fn after_erasure(record: &CommitRecord, user: &UserId) -> usize {
    let erases = |entry: &Entry| {
        let is_erasure = |event: &Event| matches!(event, Event::UserErased(_));
        entry.user == *user
            && matches!(&entry.outcome, Outcome::Accepted(events) if events.iter().any(is_erasure))
    };
    record.entries.iter().rposition(erases).map_or(0, |place| place + 1)
}
