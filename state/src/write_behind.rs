//! One shard's changes on their way to the store. Reads see them at once.

use crate::key;
use crate::store::{Change, Row, Span, StateError, StateStore, Watermark};
use crate::writer::{Job, Ticket, size};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};

/// A shard's write-behind. Owned by the shard's thread; the writer thread is shared by all shards.
pub struct WriteBehind {
    store: Arc<dyn StateStore>,
    jobs: Sender<Job>,
    failure: Arc<OnceLock<StateError>>,
    /// Changes the store may not have yet: by user's key prefix, then page key.
    pending: HashMap<Vec<u8>, BTreeMap<Vec<u8>, Pending>, foldhash::fast::RandomState>,
    /// The jobs behind them, oldest first.
    queue: VecDeque<Queued>,
    /// All jobs up to this number are in the store. Set by the writer.
    written: Arc<AtomicU64>,
    /// The last job's number.
    number: u64,
    bytes: usize,
    rows: usize,
}

/// The latest change of a page.
struct Pending {
    /// The job it came with: a later one must not be forgotten when an earlier one is written.
    number: u64,
    /// `None`: removed.
    value: Option<Arc<[u8]>>,
}

/// A job the writer has not been seen to finish.
struct Queued {
    number: u64,
    /// The user's key prefix; empty for a watermark.
    user: Vec<u8>,
    bytes: usize,
    rows: usize,
}

impl WriteBehind {
    pub(crate) fn new(
        store: Arc<dyn StateStore>,
        jobs: Sender<Job>,
        failure: Arc<OnceLock<StateError>>,
    ) -> Self {
        Self {
            store,
            jobs,
            failure,
            pending: HashMap::default(),
            queue: VecDeque::new(),
            written: Arc::default(),
            number: 0,
            bytes: 0,
            rows: 0,
        }
    }

    /// One page, as last put.
    pub fn get(&self, partition: u16, user: &str, page: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let pending = self.pending.get(&key::of_user(partition, user)).and_then(|pages| pages.get(page));
        match pending {
            Some(pending) => Ok(pending.value.as_ref().map(|value| value.to_vec())),
            None => self.store.get(partition, user, page),
        }
    }

    /// A run of one user's pages, as last put.
    pub fn range(&self, partition: u16, user: &str, span: Span<'_>) -> Result<Vec<Row>, StateError> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let Some(pages) = self.pending.get(&key::of_user(partition, user)) else {
            return self.store.range(partition, user, span);
        };
        let pending: Vec<_> = pages.iter().filter(|(page, _)| span.contains(page)).collect();
        // Each pending removal may take away one stored row, so that many more are read.
        let removed = pending.iter().filter(|(_, change)| change.value.is_none()).count();
        let stored = Span { limit: span.limit.saturating_add(removed), ..span };
        let mut rows: BTreeMap<_, _> = self.store.range(partition, user, stored)?.into_iter().collect();
        for (page, change) in pending {
            match &change.value {
                Some(value) => rows.insert(page.clone(), value.to_vec()),
                None => rows.remove(page),
            };
        }
        let rows = rows.into_iter();
        Ok(if span.descending {
            rows.rev().take(span.limit).collect()
        } else {
            rows.take(span.limit).collect()
        })
    }

    /// Changes pages of one user (`None` removes): all or none of them survive a crash. Visible here at once, in the
    /// store later.
    pub fn put(&mut self, partition: u16, user: &str, rows: Vec<(Vec<u8>, Option<Vec<u8>>)>) {
        self.reap();
        let ticket = self.ticket();
        let prefix = key::of_user(partition, user);
        let changes: Vec<Change> =
            rows.into_iter().map(|(page, value)| (page, value.map(Arc::from))).collect();
        let pages = self.pending.entry(prefix.clone()).or_default();
        for (page, value) in &changes {
            pages.insert(page.clone(), Pending { number: ticket.number, value: value.clone() });
        }
        let (bytes, rows) = (changes.iter().map(size).sum(), changes.len());
        self.enqueue(Queued { number: ticket.number, user: prefix, bytes, rows });
        self.send(Job::Put { ticket, partition, user: user.into(), changes });
    }

    /// Removes a run of one user's stored pages (from inclusive, to exclusive), after everything put so far is stored. For
    /// pages that nobody reads any more: they may be seen until then.
    pub fn sweep(&mut self, partition: u16, user: &str, (from, to): (&[u8], &[u8])) {
        self.send(Job::Sweep { partition, user: user.into(), from: from.into(), to: to.into() });
    }

    /// Says that with everything put so far the partition is as its journal leaves it at this watermark. Stored after
    /// those puts.
    pub fn watermark(&mut self, partition: u16, watermark: Watermark) {
        self.reap();
        let ticket = self.ticket();
        self.enqueue(Queued { number: ticket.number, user: Vec::new(), bytes: 0, rows: 0 });
        self.send(Job::Mark { ticket, partition, watermark });
    }

    /// The watermark in the store; `None`: it knows nothing of this partition.
    pub fn stored_watermark(&self, partition: u16) -> Result<Option<Watermark>, StateError> {
        self.store.watermark(partition)
    }

    /// Forgets everything of a partition, waiting and stored. Waits for the writer.
    pub fn clear_partition(&mut self, partition: u16) -> Result<(), StateError> {
        self.pending.retain(|user, _| !user.starts_with(&partition.to_be_bytes()));
        self.wait(|done| Job::Clear { partition, done })
    }

    /// Waits until everything put so far is in the store, durably.
    pub fn drain(&mut self) -> Result<(), StateError> {
        self.wait(|done| Job::Flush { done })
    }

    /// About how many bytes of memory the waiting changes take. The shard stops putting while this is too much.
    pub fn pending_bytes(&mut self) -> usize {
        self.reap();
        self.bytes
    }

    /// How many changes are waiting, replaced ones included.
    pub fn pending_rows(&mut self) -> usize {
        self.reap();
        self.rows
    }

    /// Nothing is waiting (what was written may not be flushed yet: see [`WriteBehind::drain`]).
    pub fn is_idle(&mut self) -> bool {
        self.reap();
        self.queue.is_empty()
    }

    /// Why nothing is written any more, if so. It does not get better within this process. Reads stay right, but the
    /// waiting changes stay in memory for ever: stop the process, or stop putting and evicting.
    pub fn failed(&self) -> Option<&StateError> {
        self.failure.get()
    }

    /// Forgets the changes which the store has by now.
    fn reap(&mut self) {
        let written = self.written.load(Ordering::Acquire);
        while let Some(job) = self.queue.pop_front_if(|job| job.number <= written) {
            self.bytes -= job.bytes;
            self.rows -= job.rows;
            if let Some(pages) = self.pending.get_mut(&job.user) {
                pages.retain(|_, pending| pending.number > written);
                if pages.is_empty() {
                    self.pending.remove(&job.user);
                }
            }
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.number += 1;
        Ticket { written: Arc::clone(&self.written), number: self.number }
    }

    fn enqueue(&mut self, job: Queued) {
        self.bytes += job.bytes;
        self.rows += job.rows;
        self.queue.push_back(job);
    }

    fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            drop(self.failure.set(StateError::WriterEnded));
        }
    }

    /// Sends a job and waits for its answer.
    fn wait(&mut self, job: impl FnOnce(Sender<Result<(), StateError>>) -> Job) -> Result<(), StateError> {
        let (done, answer) = channel();
        self.send(job(done));
        let result = answer.recv().unwrap_or(Err(StateError::WriterEnded));
        self.reap();
        result
    }
}
