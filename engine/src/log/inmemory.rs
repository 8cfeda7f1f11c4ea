//! The in-memory log: what the others do, gone with the process. For tests.

use super::{
    Batch, CommitError, Committer, Cursor, FromLog, Journal, JournalError, Log, LogError, ShardInbox,
};
use crate::record::CommitRecord;
use centime_domain::UserId;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

/// A log in memory.
pub struct InMemoryLog {
    frames: Arc<Frames>,
    shards: Mutex<Vec<Arc<dyn ShardInbox>>>,
    epoch: AtomicU64,
}

/// By partition, the frames and the chain hash behind each. `Cursor::hint` is the number of records before it.
struct Frames(Mutex<Vec<PartitionFrames>>);

type PartitionFrames = Vec<(Vec<u8>, u64)>;

impl Frames {
    fn lock(&self) -> MutexGuard<'_, Vec<PartitionFrames>> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}

impl InMemoryLog {
    /// An empty log.
    pub fn new(partitions: u16) -> Self {
        let frames = Frames(Mutex::new(vec![Vec::new(); usize::from(partitions)]));
        Self { frames: Arc::new(frames), shards: Mutex::default(), epoch: AtomicU64::new(0) }
    }

    fn shards(&self) -> Vec<Arc<dyn ShardInbox>> {
        self.shards.lock().expect("nothing panics while it holds the lock").clone()
    }

    fn give(&self, shard: usize) -> Result<(), LogError> {
        let shards = self.shards();
        let Some(inbox) = shards.get(shard) else { return Ok(()) };
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
        for partition in
            (0..self.partitions()).filter(|partition| usize::from(*partition) % shards.len() == shard)
        {
            let goal = self.frames.lock()[usize::from(partition)].len() as u64;
            inbox
                .send_blocking(FromLog::Take { partition, epoch, goal })
                .map_err(|_| LogError::Unavailable(format!("shard {shard} has ended")))?;
        }
        Ok(())
    }
}

impl Log for InMemoryLog {
    fn start(&self, shards: Vec<Arc<dyn ShardInbox>>) -> Result<(), LogError> {
        let count = shards.len();
        *self.shards.lock().expect("nothing panics while it holds the lock") = shards;
        (0..count).try_for_each(|shard| self.give(shard))
    }

    fn partitions(&self) -> u16 {
        u16::try_from(self.frames.lock().len()).expect("made from a u16")
    }

    fn committer(&self, _shard: usize) -> Result<Box<dyn Committer>, LogError> {
        Ok(Box::new(MemoryCommitter(Arc::clone(&self.frames))))
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.frames) as Arc<dyn Journal>
    }

    fn publishes(&self) -> bool {
        false
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn resume(&self, _partition: u16, _epoch: u64, _next: &[(u8, i64)]) {}

    fn reset(&self, shard: usize, _forgotten: &[(u16, u64)]) {
        if let Err(error) = self.give(shard) {
            tracing::warn!(%error, shard, "partitions can't be handed out again");
        }
    }

    fn produce(
        &self,
        _type_name: &str,
        _user: &UserId,
        _envelope: Vec<u8>,
    ) -> Option<oneshot::Receiver<Result<(), LogError>>> {
        None
    }

    fn owner_elsewhere(&self, _partition: u16) -> Option<String> {
        None
    }

    fn stop(&self) {
        let shards = self.shards();
        let mut waiting = Vec::new();
        for partition in 0..self.partitions() {
            let (done, let_go) = oneshot::channel();
            let Some(shard) = shards.get(usize::from(partition) % shards.len().max(1)) else { break };
            if shard.send_blocking(FromLog::Drop { partition, done }).is_ok() {
                waiting.push(let_go);
            }
        }
        for let_go in waiting {
            // The shard drops its end: an error is the answer waited for.
            drop(let_go.blocking_recv());
        }
    }
}

struct MemoryCommitter(Arc<Frames>);

impl Committer for MemoryCommitter {
    fn commit(&mut self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        let refused =
            |partition: u16| CommitError::Refused(format!("partition {partition} does not continue here"));
        let mut frames = self.0.lock();
        let mut read = Vec::new();
        for part in &batch.partitions {
            let (record, hash, _) =
                CommitRecord::read(&part.frame).map_err(|error| CommitError::Refused(error.to_string()))?;
            let journal = frames.get(usize::from(part.partition)).ok_or_else(|| refused(part.partition))?;
            let previous = journal.last().map_or(0, |(_, hash)| *hash);
            if record.partition != part.partition
                || record.sequence != journal.len() as u64 + 1
                || record.previous != previous
            {
                return Err(refused(part.partition));
            }
            read.push((record.partition, record.sequence, hash));
        }
        for (part, (partition, _, hash)) in batch.partitions.iter().zip(&read) {
            frames[usize::from(*partition)].push((part.frame.clone(), *hash));
        }
        Ok(read.into_iter().map(|(_, sequence, _)| sequence).collect())
    }

    fn still_owner(&mut self, _partitions: &[u16]) -> Result<(), CommitError> {
        Ok(())
    }
}

impl Journal for Frames {
    fn read(
        &self,
        partition: u16,
        from: Cursor,
        until: u64,
        each: &mut dyn FnMut(CommitRecord, Cursor) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let not_here = JournalError::NotHere { partition, sequence: from.sequence };
        let journal = self.lock().get(usize::from(partition)).cloned();
        let Some(journal) = journal else { return Err(not_here) };
        let Ok(skip) = usize::try_from(from.sequence) else { return Err(not_here) };
        let known = from.hint > 0 || from.sequence == 0;
        let hash_here = skip.checked_sub(1).map_or(Some(0), |last| journal.get(last).map(|(_, hash)| *hash));
        if hash_here.is_none_or(|hash| known && hash != from.hash) {
            return Err(not_here);
        }
        for (frame, hash) in &journal[skip..] {
            let (record, _, _) = CommitRecord::read(frame).map_err(|error| JournalError::Broken {
                partition,
                place: "memory".into(),
                reason: error.to_string(),
            })?;
            let here = Cursor { sequence: record.sequence, hash: *hash, hint: record.sequence };
            if here.sequence > until || each(record, here).is_break() {
                break;
            }
        }
        Ok(())
    }
}
