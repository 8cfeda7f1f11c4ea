//! The node's one thread that writes to the store: groups what the shards queued, sorts it by user, writes it.

use crate::store::{Change, Span, StateError, StateStore, UserChanges, Watermark};
use crate::write_behind::WriteBehind;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// A group ends when its values reach this many bytes.
const GROUP_BYTES: usize = 8 << 20;
/// What was written is flushed when no job came for this long, or sooner.
const IDLE: Duration = Duration::from_millis(200);

/// The writing thread. Hands out each shard's [`WriteBehind`].
pub struct Writer {
    store: Arc<dyn StateStore>,
    jobs: Sender<Job>,
    failure: Arc<OnceLock<StateError>>,
    thread: Option<JoinHandle<()>>,
}

/// Something to do, in the order in which a shard sent it.
pub(crate) enum Job {
    /// Change pages of one user.
    Put { ticket: Ticket, partition: u16, user: Arc<str>, changes: Vec<Change> },
    /// All puts of this shard up to here belong to this watermark.
    Mark { ticket: Ticket, partition: u16, watermark: Watermark },
    /// Forget a partition.
    Clear { partition: u16, done: Sender<Result<(), StateError>> },
    /// Remove a run of one user's pages.
    Sweep { partition: u16, user: Arc<str>, from: Vec<u8>, to: Vec<u8> },
    /// Flush, then answer.
    Flush { done: Sender<Result<(), StateError>> },
    /// End the thread.
    Stop,
}

/// Tells a shard how far the writer got with its jobs.
pub(crate) struct Ticket {
    /// The shard's counter: all its jobs up to this number are in the store.
    pub(crate) written: Arc<AtomicU64>,
    /// This job's number.
    pub(crate) number: u64,
}

impl Writer {
    /// Starts the thread.
    pub fn start(store: Arc<dyn StateStore>) -> Result<Self, StateError> {
        let (jobs, receiver) = channel();
        let failure = Arc::new(OnceLock::new());
        let worker = Worker { store: Arc::clone(&store), failure: Arc::clone(&failure), unflushed: false };
        let thread = std::thread::Builder::new()
            .name("write-behind".into())
            .spawn(move || worker.run(&receiver))
            .map_err(|error| StateError::Io(format!("starting the writer thread: {error}")))?;
        Ok(Self { store, jobs, failure, thread: Some(thread) })
    }

    /// A shard's end of the writer.
    pub fn shard(&self) -> WriteBehind {
        WriteBehind::new(Arc::clone(&self.store), self.jobs.clone(), Arc::clone(&self.failure))
    }

    /// Writes and flushes everything queued so far, then ends the thread. Shards that queue more are told that it ended.
    pub fn stop(mut self) -> Result<(), StateError> {
        self.end();
        self.failure.get().cloned().map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            // An error means that the thread has ended already.
            drop(self.jobs.send(Job::Stop));
            if thread.join().is_err() {
                drop(self.failure.set(StateError::WriterEnded));
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

/// The changes of one user.
type Pages = BTreeMap<Vec<u8>, Option<Arc<[u8]>>>;

/// What is written at a time: later changes of a page replace earlier ones.
#[derive(Default)]
struct Group {
    users: BTreeMap<(u16, Arc<str>), Pages>,
    watermarks: BTreeMap<u16, Watermark>,
    tickets: Vec<Ticket>,
    bytes: usize,
}

struct Worker {
    store: Arc<dyn StateStore>,
    failure: Arc<OnceLock<StateError>>,
    /// Something was written since the last flush.
    unflushed: bool,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let first = match jobs.recv_timeout(self.scrub()) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    self.attempt(Self::flush);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let (group, barrier) = collect(first, jobs);
            self.attempt(|worker| worker.write(group));
            match barrier {
                Some(Job::Clear { partition, done }) => {
                    let result = self.settle(|worker| worker.store.clear_partition(partition));
                    drop(done.send(result));
                }
                Some(Job::Sweep { partition, user, from, to }) => {
                    self.attempt(|worker| worker.sweep(partition, &user, (&from, &to)));
                }
                Some(Job::Flush { done }) => drop(done.send(self.settle(Self::flush))),
                Some(Job::Stop) => break,
                _ => {}
            }
        }
        self.attempt(Self::flush);
    }

    /// [`Worker::settle`] where nobody waits for the answer: the shards see the failure.
    fn attempt(&mut self, work: impl FnOnce(&mut Self) -> Result<(), StateError>) {
        drop(self.settle(work));
    }

    /// Does something unless an earlier thing failed. After a failure nothing is written any more: a gap in what the
    /// store has must never be followed by a watermark.
    fn settle(&mut self, work: impl FnOnce(&mut Self) -> Result<(), StateError>) -> Result<(), StateError> {
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone());
        }
        let result = work(self);
        if let Err(error) = &result {
            tracing::error!(%error, "write-behind has stopped");
            drop(self.failure.set(error.clone()));
        }
        result
    }

    fn write(&mut self, group: Group) -> Result<(), StateError> {
        let users = group.users.into_iter().map(|((partition, user), pages)| UserChanges {
            partition,
            user,
            changes: pages.into_iter().collect(),
        });
        self.store.write(&users.collect::<Vec<_>>())?;
        self.unflushed = true;
        // The pages must be durable before a watermark says so: after a power cut sled may have kept the later write.
        if !group.watermarks.is_empty() {
            self.flush()?;
        }
        // A watermark is flushed with the next pages, or when there is nothing else to do.
        self.unflushed = true;
        for (partition, watermark) in group.watermarks {
            self.store.set_watermark(partition, watermark)?;
        }
        for Ticket { written, number } in group.tickets {
            written.store(number, Ordering::Release);
        }
        Ok(())
    }

    /// Lets the store do some of what erasures left it to do. How long to wait for a job afterwards.
    fn scrub(&mut self) -> Duration {
        let mut wait = None;
        self.attempt(|worker| {
            wait = worker.store.scrub()?;
            Ok(())
        });
        wait.map_or(IDLE, |wait| wait.min(IDLE))
    }

    /// What replaces the pages is durable before they go, and they are gone before anything written later says so. What
    /// the store's files keep of them goes with the next scrub.
    fn sweep(
        &mut self,
        partition: u16,
        user: &Arc<str>,
        (from, to): (&[u8], &[u8]),
    ) -> Result<(), StateError> {
        /// Removals of one write: sled's memory grows with more.
        const SOME: usize = 128;
        self.flush()?;
        self.store.taint(partition)?;
        self.unflushed = true;
        loop {
            let rows =
                self.store.range(partition, user, Span { from, to, descending: false, limit: SOME })?;
            if rows.is_empty() {
                return self.flush();
            }
            let changes = rows.into_iter().map(|(page, _)| (page, None)).collect();
            self.store.write(&[UserChanges { partition, user: Arc::clone(user), changes }])?;
            self.unflushed = true;
        }
    }

    fn flush(&mut self) -> Result<(), StateError> {
        if self.unflushed {
            self.store.flush()?;
            self.unflushed = false;
        }
        Ok(())
    }
}

/// Takes jobs without waiting until there are none, the group is large, or one comes that must stand alone.
fn collect(first: Job, jobs: &Receiver<Job>) -> (Group, Option<Job>) {
    let mut group = Group::default();
    let mut next = Some(first);
    while let Some(job) = next {
        match job {
            Job::Put { ticket, partition, user, changes } => {
                group.bytes += changes.iter().map(size).sum::<usize>();
                group.users.entry((partition, user)).or_default().extend(changes);
                group.tickets.push(ticket);
            }
            Job::Mark { ticket, partition, watermark } => {
                group.watermarks.insert(partition, watermark);
                group.tickets.push(ticket);
            }
            barrier => return (group, Some(barrier)),
        }
        next = if group.bytes < GROUP_BYTES { jobs.try_recv().ok() } else { None };
    }
    (group, None)
}

/// About what a waiting change takes of memory, in bytes.
pub(crate) fn size((key, value): &Change) -> usize {
    /// Map entries, counters and the allocator's share.
    const OVERHEAD: usize = 160;
    key.len() + value.as_ref().map_or(0, |value| value.len()) + OVERHEAD
}
