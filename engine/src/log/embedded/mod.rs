//! The embedded log: files in the data folder, nothing else needed. Commands go straight to their shard; only what they
//! led to is kept.
//!
//! Map: `frame` (groups and records in bytes) · `segment` (the files and their headers) · `scan` (where does the journal
//! end, is it sound) · `shared` (how far it is durable) · `writer` (group commit) · `reader` (replay) · `dead_letters`
//! (`dead-letters.jsonl`) · `check` (`centime journal verify|dump`).

mod check;
mod dead_letters;
mod frame;
mod reader;
mod scan;
mod segment;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

pub use check::{PartitionReport, VerifyReport, dump, verify};

use super::{Committer, FromLog, Journal, JournalError, Log, LogError, ShardInbox};
use centime_domain::UserId;
use dead_letters::DeadLetters;
use reader::Reader;
use segment::Header;
use shared::{Durable, Shared};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use writer::{EmbeddedCommitter, Job, Writer};

/// The log of a data folder.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    partitions: u16,
    jobs: Sender<Job>,
    writer: Mutex<Option<JoinHandle<()>>>,
    shards: Mutex<Vec<Arc<dyn ShardInbox>>>,
    epoch: AtomicU64,
    /// Held as long as the log lives.
    _lock: File,
    #[cfg(test)]
    fail_next: Arc<std::sync::atomic::AtomicBool>,
}

impl EmbeddedLog {
    /// Opens the journal of a data folder, or creates it. Refuses a folder that is in use, a damaged journal, and another
    /// number of partitions than the journal was made with.
    pub fn open(data: &Path, partitions: u16) -> Result<Self, LogError> {
        let folder = data.join("journal");
        fs::create_dir_all(&folder).map_err(|error| {
            LogError::Setup(format!("the data folder {} can't be made: {error}", data.display()))
        })?;
        let lock = lock(data)?;
        let (file, durable) = open_journal(&folder, partitions)?;
        let dead_letters = DeadLetters::open(&data.join("dead-letters.jsonl"), &folder, &durable)?;
        let shared = Arc::new(Shared::new(folder, durable));
        let writer = Writer::new(Arc::clone(&shared), file, dead_letters);
        #[cfg(test)]
        let fail_next = Arc::clone(&writer.fail_next);
        let (jobs, receiver) = channel();
        let writer = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.run(&receiver))
            .map_err(|error| LogError::Unavailable(format!("starting the journal's thread: {error}")))?;
        Ok(Self {
            shared,
            partitions,
            jobs,
            writer: Mutex::new(Some(writer)),
            shards: Mutex::default(),
            epoch: AtomicU64::new(0),
            _lock: lock,
            #[cfg(test)]
            fail_next,
        })
    }

    fn shards(&self) -> Vec<Arc<dyn ShardInbox>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hands a shard its partitions.
    fn give(&self, shard: usize) -> Result<(), LogError> {
        let shards = self.shards();
        let Some(inbox) = shards.get(shard) else { return Ok(()) };
        let durable = self.shared.durable();
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
        for partition in
            (0..self.partitions).filter(|partition| usize::from(*partition) % shards.len() == shard)
        {
            let goal = durable.cursors[usize::from(partition)].sequence;
            inbox
                .send_blocking(FromLog::Take { partition, epoch, goal })
                .map_err(|_| LogError::Unavailable(format!("shard {shard} has ended")))?;
        }
        Ok(())
    }

    /// Ends the writer after everything it was sent.
    fn end_writer(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // An error means that it has ended already.
            drop(self.jobs.send(Job::Stop));
            if writer.join().is_err() {
                tracing::error!("the journal's writer panicked");
            }
        }
    }
}

impl Log for EmbeddedLog {
    fn start(&self, shards: Vec<Arc<dyn ShardInbox>>) -> Result<(), LogError> {
        let count = shards.len();
        *self.shards.lock().unwrap_or_else(PoisonError::into_inner) = shards;
        (0..count).try_for_each(|shard| self.give(shard))
    }

    fn partitions(&self) -> u16 {
        self.partitions
    }

    fn committer(&self, _shard: usize) -> Result<Box<dyn Committer>, LogError> {
        Ok(Box::new(EmbeddedCommitter { jobs: self.jobs.clone() }))
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(Reader { shared: Arc::clone(&self.shared) })
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
        for partition in 0..self.partitions {
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
        self.end_writer();
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.end_writer();
    }
}

/// Makes this process the only one that uses the data folder, until the file is closed.
fn lock(data: &Path) -> Result<File, LogError> {
    let path = data.join("lock");
    let setup = |error: std::io::Error| LogError::Setup(format!("{} can't be used: {error}", path.display()));
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(setup)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(setup(error)),
        Err(TryLockError::WouldBlock) => Err(LogError::Setup(format!(
            "the data folder {} is in use by another centime: stop that one, or use another folder (--data-dir)",
            data.display()
        ))),
    }
}

/// Opens the last segment for appending and tells how far the journal goes.
fn open_journal(folder: &Path, partitions: u16) -> Result<(File, Durable), LogError> {
    let io = |error: std::io::Error| JournalError::Io(format!("{}: {error}", folder.display()));
    let segments = segment::list(folder)?;
    let starts = segments.iter().map(|segment| segment.start).collect();
    let Some(last) = segments.last() else {
        let header = Header { start: 0, cursors: vec![super::Cursor::default(); usize::from(partitions)] };
        let (file, segment) = segment::create(folder, &header).map_err(io)?;
        let durable = Durable { end: segment.length, cursors: header.cursors, starts: vec![0] };
        return Ok((file, durable));
    };
    let scanned = scan::scan(last, true)?;
    if scanned.cursors.len() != usize::from(partitions) {
        return Err(LogError::Setup(format!(
            "the journal in {} has {} partitions, {partitions} were asked for: their number can't be changed",
            folder.display(),
            scanned.cursors.len()
        )));
    }
    let end = last.start + scanned.length;
    if scanned.torn > 0 && dead_letters::known_durable(folder) > end {
        let reason = "the bytes here are damaged although they had been durable (if this is a copy made while centime \
                      ran, deleting dead-letters.mark beside it makes centime cut them off)";
        return Err(broken(u16::MAX, &last.path, scanned.length, reason).into());
    }
    scan::cut(&last.path, &scanned)?;
    check::check_closed(segments.clone())?;
    let file = OpenOptions::new().write(true).open(&last.path).map_err(io)?;
    Ok((file, Durable { end, cursors: scanned.cursors, starts }))
}

/// Damage, with its place and the cure.
fn broken(partition: u16, path: &Path, offset: u64, reason: &str) -> JournalError {
    JournalError::Broken {
        partition,
        place: format!("{} byte {offset}", path.display()),
        reason: format!(
            "{reason}; restore the journal folder from a backup (`centime journal verify` shows all that is damaged)"
        ),
    }
}
