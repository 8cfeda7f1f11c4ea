//! An in-memory log whose commits fail when told to.

use crate::log::inmemory::InMemoryLog;
use crate::log::{Batch, CommitError, Committer, Cursor, Journal, Log, LogError, ShardInbox};
use crate::record::{CommitRecord, DeadLetter};
use centime_domain::UserId;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::oneshot;

/// How the next commit fails.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The log does not take it, and says so.
    Refused,
    /// It becomes true, but nobody knows.
    DoubtDone,
    /// It does not become true, but nobody knows.
    DoubtNotDone,
}

/// See the module.
pub(super) struct FaultyLog {
    inner: Arc<InMemoryLog>,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    /// How long a commit takes.
    delay: Duration,
}

struct FaultyCommitter {
    inner: Box<dyn Committer>,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    delay: Duration,
}

impl FaultyLog {
    /// With a `delay`, one that is far away.
    pub(super) fn new(partitions: u16, delay: Duration) -> Self {
        Self { inner: Arc::new(InMemoryLog::new(partitions)), faults: Arc::default(), delay }
    }

    /// The same log for another engine.
    pub(super) fn reopened(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), faults: Arc::clone(&self.faults), delay: self.delay }
    }

    pub(super) fn fail_next(&self, fault: Fault) {
        lock(&self.faults).push_back(fault);
    }

    /// All dead letters of the journal.
    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.records().into_iter().flat_map(|record| record.dead_letters).collect()
    }

    /// Bytes of the journal's largest record.
    pub(super) fn largest_record(&self) -> usize {
        let size = |record: CommitRecord| {
            let mut frame = Vec::new();
            record.write(&mut frame);
            frame.len()
        };
        self.records().into_iter().map(size).max().unwrap_or_default()
    }

    fn records(&self) -> Vec<CommitRecord> {
        let mut records = Vec::new();
        for partition in 0..self.inner.partitions() {
            let read = self.inner.journal().read(partition, Cursor::default(), u64::MAX, &mut |record, _| {
                records.push(record);
                ControlFlow::Continue(())
            });
            read.expect("a journal in memory can be read");
        }
        records
    }
}

impl Committer for FaultyCommitter {
    fn commit(&mut self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        std::thread::sleep(self.delay);
        let fault = lock(&self.faults).pop_front();
        match fault {
            None => self.inner.commit(batch),
            Some(Fault::Refused) => Err(CommitError::Refused("told to".to_owned())),
            Some(Fault::DoubtNotDone) => Err(CommitError::Doubt("told to".to_owned())),
            Some(Fault::DoubtDone) => {
                self.inner.commit(batch)?;
                Err(CommitError::Doubt("told to".to_owned()))
            }
        }
    }

    fn still_owner(&mut self, partitions: &[u16]) -> Result<(), CommitError> {
        self.inner.still_owner(partitions)
    }
}

impl Log for FaultyLog {
    fn start(&self, shards: Vec<Arc<dyn ShardInbox>>) -> Result<(), LogError> {
        self.inner.start(shards)
    }

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    fn committer(&self, shard: usize) -> Result<Box<dyn Committer>, LogError> {
        let inner = self.inner.committer(shard)?;
        Ok(Box::new(FaultyCommitter { inner, faults: Arc::clone(&self.faults), delay: self.delay }))
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.inner.journal()
    }

    fn publishes(&self) -> bool {
        self.inner.publishes()
    }

    fn is_remote(&self) -> bool {
        !self.delay.is_zero()
    }

    fn resume(&self, partition: u16, epoch: u64, next: &[(u8, i64)]) {
        self.inner.resume(partition, epoch, next);
    }

    fn reset(&self, shard: usize, forgotten: &[(u16, u64)]) {
        self.inner.reset(shard, forgotten);
    }

    fn produce(
        &self,
        type_name: &str,
        user: &UserId,
        envelope: Vec<u8>,
    ) -> Option<oneshot::Receiver<Result<(), LogError>>> {
        self.inner.produce(type_name, user, envelope)
    }

    fn owner_elsewhere(&self, partition: u16) -> Option<String> {
        self.inner.owner_elsewhere(partition)
    }

    fn stop(&self) {
        self.inner.stop();
    }
}

fn lock(faults: &Mutex<VecDeque<Fault>>) -> MutexGuard<'_, VecDeque<Fault>> {
    faults.lock().expect("no test panics while it holds the lock")
}
