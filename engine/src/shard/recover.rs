//! Taking a partition over: its pages from the store, the rest from the journal. Also the way back after doubt.

use super::Shard;
use super::owned::Owned;
use super::publish::event_count;
use crate::EngineError;
use crate::api::Position;
use crate::log::{Cursor, Journal, JournalError};
use crate::record::CommitRecord;
use crate::shared::Stage;
use centime_actors::{ActorError, Apply};
use centime_domain::{Entry, UserId};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Entries sent to the shard in one go: other partitions' batches come in between.
const CHUNK: usize = 4_096;

/// What a replay thread tells its shard.
pub(super) enum Replayed {
    Records { partition: u16, replay: u64, records: Vec<(CommitRecord, Cursor)> },
    End { partition: u16, replay: u64, result: Result<(), JournalError> },
}

impl Shard {
    /// The partition is this shard's: replay it up to `goal`.
    pub(super) fn take(&mut self, partition: u16, epoch: u64, goal: u64) {
        self.directory.forget(partition);
        let stored = self.pages.store().stored_watermark(partition);
        let from = match stored {
            Ok(Some(mark)) if mark.sequence <= goal => {
                Cursor { sequence: mark.sequence, hash: mark.hash, hint: mark.hint }
            }
            Ok(None) => Cursor::default(),
            Ok(Some(mark)) => {
                self.rebuild(partition, &format!("it is ahead of the journal ({})", mark.sequence))
            }
            Err(error) => self.rebuild(partition, &error.to_string()),
        };
        let mut owned = Owned::new(epoch, goal, from);
        if let Some(before) = self.partitions.remove(&partition) {
            owned.parked = before.parked;
        }
        self.partitions.insert(partition, owned);
        self.shared.set_stage(partition, Stage::CatchingUp);
        tracing::debug!(partition, epoch, from = from.sequence, goal, "taking a partition over");
        self.replay(partition);
    }

    /// Forgets a partition that is no longer this shard's.
    pub(super) fn let_go(&mut self, partition: u16) {
        self.directory.forget(partition);
        self.shared.set_stage(partition, Stage::Away);
        self.feed.end_partition(partition);
        if let Some(owned) = self.partitions.remove(&partition) {
            for request in owned.parked {
                request.fail(EngineError::NotReady);
            }
        }
    }

    /// Memory may not be what is committed: forget it all, let the log settle, take over again. What was gathered comes
    /// again with the log, or is told to.
    pub(super) fn start_afresh(&mut self) {
        self.next.fail(|| EngineError::NotReady);
        let mut forgotten = Vec::new();
        for (partition, owned) in &mut self.partitions {
            forgotten.extend(owned.forget().map(|epoch| (*partition, epoch)));
            self.directory.forget(*partition);
            self.shared.set_stage(*partition, Stage::CatchingUp);
        }
        self.commits.reset(forgotten);
    }

    /// The store's pages of this partition are no good.
    fn rebuild(&mut self, partition: u16, why: &str) -> Cursor {
        tracing::warn!(partition, why, "rebuilding the page store from the journal");
        if let Err(error) = self.pages.store().clear_partition(partition) {
            crate::fatal(&format!("the page store can't be cleared (delete the sled folder): {error}"));
        }
        Cursor::default()
    }

    /// Starts reading the journal on a thread of its own.
    fn replay(&mut self, partition: u16) {
        let Some(owned) = self.partitions.get_mut(&partition) else { return };
        self.replay_count += 1;
        owned.replay = self.replay_count;
        let (replay, from, goal) = (owned.replay, owned.committed, owned.goal);
        let (journal, tell) = (Arc::clone(&self.journal), self.replays.0.clone());
        tokio::task::spawn_blocking(move || {
            let result = read_in_chunks(journal.as_ref(), (partition, replay), from, goal, &tell);
            // A shard that has ended needs no replay.
            let _ = tell.blocking_send(Replayed::End { partition, replay, result });
        });
    }

    /// Goes on with a replay.
    pub(super) async fn replayed(&mut self, message: Replayed) {
        let (Replayed::Records { partition, replay, .. } | Replayed::End { partition, replay, .. }) =
            &message;
        let (partition, replay) = (*partition, *replay);
        if self.partitions.get(&partition).is_none_or(|p| p.replay != replay) {
            return;
        }
        match message {
            Replayed::Records { records, .. } => {
                if let Err(error) = self.apply(partition, records) {
                    self.replay_again(partition, &error.to_string());
                }
            }
            Replayed::End { result: Ok(()), .. } => self.ready(partition),
            Replayed::End { result: Err(JournalError::Io(why)), .. } => {
                tracing::warn!(partition, why, "the journal can't be read now; trying again");
                tokio::time::sleep(Duration::from_millis(500)).await;
                self.replay(partition);
            }
            Replayed::End { result: Err(error @ JournalError::NotHere { .. }), .. } => {
                self.replay_again(partition, &error.to_string());
            }
            Replayed::End { result: Err(error @ JournalError::Broken { .. }), .. } => {
                crate::fatal(&error.to_string());
            }
        }
    }

    /// The store does not fit the journal: once more, from the beginning.
    fn replay_again(&mut self, partition: u16, why: &str) {
        if self.partitions.get(&partition).is_none_or(|owned| owned.from_scratch) {
            crate::fatal(&format!("partition {partition} can't be rebuilt from its journal: {why}"));
        }
        self.directory.forget(partition);
        let from = self.rebuild(partition, why);
        if let Some(owned) = self.partitions.remove(&partition) {
            let mut again = Owned::new(owned.epoch, owned.goal, from);
            again.parked = owned.parked;
            self.partitions.insert(partition, again);
        }
        self.replay(partition);
    }

    /// Applies a chunk of the journal.
    fn apply(&mut self, partition: u16, records: Vec<(CommitRecord, Cursor)>) -> Result<(), ActorError> {
        let mut by_user: HashMap<UserId, Vec<(u64, Entry)>, foldhash::fast::RandomState> = HashMap::default();
        let Some(owned) = self.partitions.get_mut(&partition) else { return Ok(()) };
        let before = owned.committed;
        let mut told = Vec::new();
        for (record, cursor) in records {
            metrics::counter!("centime_replayed_commands_total").increment(record.entries.len() as u64);
            owned.advance(cursor, &record.next_offsets);
            owned.decided += record.entries.len() as u64;
            // What was committed under doubt has not been told yet.
            if record.sequence > self.shared.committed(partition) {
                self.shared.set_committed(partition, record.sequence);
                self.feed.publish(&record);
            }
            let mut index = 0;
            for entry in record.entries {
                if !self.waiters.is_empty() {
                    told.push((record.sequence, index, entry.clone()));
                }
                index += event_count(&entry.outcome);
                by_user.entry(entry.user.clone()).or_default().push((record.sequence, entry));
            }
        }
        for (sequence, first_index, entry) in told {
            self.tell_waiting(entry, None, Position { partition, sequence }, first_index);
        }
        let now = Instant::now();
        for (user, entries) in by_user {
            let applied = self.directory.apply(&user, partition, Apply { entries })?;
            if let Some(alarm) = applied.alarm {
                self.set_alarm(&user, partition, alarm);
            }
            if applied.first_change {
                self.mark_changed(user, partition, before, now);
            }
        }
        while self.passivate() {}
        Ok(())
    }

    /// The partition has caught up: its commands may come.
    fn ready(&mut self, partition: u16) {
        let Some(owned) = self.partitions.get_mut(&partition) else { return };
        if owned.committed.sequence != owned.goal {
            let (at, goal) = (owned.committed.sequence, owned.goal);
            return self.replay_again(partition, &format!("the journal ended at {at}, not at {goal}"));
        }
        owned.set_ready(self.clock.now());
        self.log.resume(partition, owned.epoch, &owned.next_offsets);
        self.shared.set_committed(partition, owned.committed.sequence);
        self.shared.set_stage(partition, Stage::Ready);
        let parked = std::mem::take(&mut owned.parked);
        self.unparked.extend(parked);
    }
}

fn read_in_chunks(
    journal: &dyn Journal,
    (partition, replay): (u16, u64),
    from: Cursor,
    goal: u64,
    tell: &mpsc::Sender<Replayed>,
) -> Result<(), JournalError> {
    let mut records = Vec::new();
    let mut entries = 0;
    if from.sequence < goal {
        journal.read(partition, from, goal, &mut |record, cursor| {
            entries += record.entries.len() + 1;
            records.push((record, cursor));
            if entries < CHUNK {
                return ControlFlow::Continue(());
            }
            entries = 0;
            let records = std::mem::take(&mut records);
            match tell.blocking_send(Replayed::Records { partition, replay, records }) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
    }
    if !records.is_empty() {
        let _ = tell.blocking_send(Replayed::Records { partition, replay, records });
    }
    Ok(())
}
