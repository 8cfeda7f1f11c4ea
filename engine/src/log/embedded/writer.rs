//! The one thread that appends to the journal: everything that waits goes out with one write and one fsync.

use super::dead_letters::DeadLetters;
use super::frame::{GROUP_HEAD, Group};
use super::scan;
use super::segment::{self, Header, SEGMENT_BYTES};
use super::shared::Shared;
use crate::log::{Batch, CommitError, Committer, Cursor};
use crate::record::DeadLetter;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// A group ends when its frames reach this many bytes.
const GROUP_BYTES: usize = 16 << 20;

/// What a shard sends to the writer.
pub(super) enum Job {
    /// Append these.
    Append(Request),
    /// End, after everything sent before.
    Stop,
}

/// A batch to append.
pub(super) struct Request {
    /// Partition and sequence of each record, in order.
    partitions: Vec<(u16, u64)>,
    /// The records' frames, one behind the other.
    frames: Vec<u8>,
    /// Partition, sequence, number within the record.
    dead_letters: Vec<(u16, u64, usize, DeadLetter)>,
    done: Sender<Result<Vec<u64>, CommitError>>,
}

/// A shard's end of the writer.
pub(super) struct EmbeddedCommitter {
    pub(super) jobs: Sender<Job>,
}

impl Committer for EmbeddedCommitter {
    fn commit(&mut self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        if batch.partitions.is_empty() {
            return Ok(Vec::new());
        }
        let (done, answer) = channel();
        let mut request =
            Request { partitions: Vec::new(), frames: Vec::new(), dead_letters: Vec::new(), done };
        for part in batch.partitions {
            request.partitions.push((part.partition, part.sequence));
            request.frames.extend_from_slice(&part.frame);
            let letters = part.dead_letters.into_iter().enumerate();
            request
                .dead_letters
                .extend(letters.map(|(n, letter)| (part.partition, part.sequence, n, letter)));
        }
        let ended = || CommitError::Fatal("the journal's writer has ended".into());
        self.jobs.send(Job::Append(request)).map_err(|_| ended())?;
        answer.recv().unwrap_or_else(|_| Err(ended()))
    }

    fn still_owner(&mut self, _partitions: &[u16]) -> Result<(), CommitError> {
        // The lock on the data folder makes this process the only owner.
        Ok(())
    }
}

/// The writing thread's state.
pub(super) struct Writer {
    shared: Arc<Shared>,
    file: File,
    /// Global position of the segment's first byte, and of the next group.
    start: u64,
    end: u64,
    cursors: Vec<Cursor>,
    dead_letters: DeadLetters,
    /// Set when the file's content is no longer known: nothing is written any more.
    failed: Option<String>,
    #[cfg(test)]
    pub(super) fail_next: Arc<std::sync::atomic::AtomicBool>,
}

impl Writer {
    /// Goes on behind what is durable; `file` is the last segment.
    pub(super) fn new(shared: Arc<Shared>, file: File, dead_letters: DeadLetters) -> Self {
        let durable = shared.durable();
        let start = *durable.starts.last().expect("a journal has a segment");
        Self {
            shared,
            file,
            start,
            end: durable.end,
            cursors: durable.cursors,
            dead_letters,
            failed: None,
            #[cfg(test)]
            fail_next: Arc::default(),
        }
    }

    /// Appends until told to stop.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut stop = false;
        while !stop {
            let Ok(mut job) = jobs.recv() else { break };
            let (mut requests, mut bytes) = (Vec::new(), 0);
            loop {
                match job {
                    Job::Append(request) => {
                        bytes += request.frames.len();
                        requests.push(request);
                    }
                    Job::Stop => stop = true,
                }
                if stop || bytes >= GROUP_BYTES {
                    break;
                }
                let Ok(next) = jobs.try_recv() else { break };
                job = next;
            }
            self.append(requests);
        }
        self.dead_letters.settle(self.end);
    }

    /// Appends a group and answers its requests.
    fn append(&mut self, requests: Vec<Request>) {
        let mut cursors = self.cursors.clone();
        let mut frames = vec![0; GROUP_HEAD];
        let mut taken = Vec::new();
        if let Err(error) = self.room_for(requests.iter().map(|request| request.frames.len()).sum()) {
            answer_all(requests, || CommitError::Refused(format!("a new journal segment: {error}")));
            return;
        }
        for request in requests {
            match place(&mut cursors, &request, self.end + frames.len() as u64) {
                Ok(hints) => {
                    frames.extend_from_slice(&request.frames);
                    taken.push((request, hints));
                }
                Err(error) => answer(&request, Err(error)),
            }
        }
        if taken.is_empty() {
            return;
        }
        let head = Group::over(&frames[GROUP_HEAD..], self.end).to_bytes();
        frames[..GROUP_HEAD].copy_from_slice(&head);
        if let Err(make_error) = self.write(&frames) {
            answer_all(taken.into_iter().map(|(request, _)| request), make_error);
            return;
        }
        self.end += frames.len() as u64;
        self.cursors = cursors;
        {
            let mut durable = self.shared.lock();
            durable.end = self.end;
            durable.cursors.clone_from(&self.cursors);
        }
        for (request, hints) in taken {
            self.dead_letters.project(&request.dead_letters);
            answer(&request, Ok(hints));
        }
        self.dead_letters.advance(self.end);
    }

    /// Begins a new segment if this one would grow too large.
    fn room_for(&mut self, bytes: usize) -> std::io::Result<()> {
        let empty = self.cursors.iter().all(|cursor| cursor.hint <= self.start);
        if empty
            || self.failed.is_some()
            || self.end - self.start + (bytes + GROUP_HEAD) as u64 <= SEGMENT_BYTES
        {
            return Ok(());
        }
        let header = Header { start: self.end, cursors: self.cursors.clone() };
        let (file, segment) = segment::create(&self.shared.folder, &header).inspect_err(|error| {
            // Two segments for the same positions would make the journal unreadable.
            if segment::discard(&self.shared.folder, self.end).is_err() {
                self.failed = Some(format!("a new journal segment: {error}"));
            }
        })?;
        self.file = file;
        self.start = segment.start;
        self.end += segment.length;
        let mut durable = self.shared.lock();
        durable.starts.push(self.start);
        durable.end = self.end;
        Ok(())
    }

    /// Writes the bytes at the end, durably. `Err` makes the error to answer with.
    fn write(&mut self, bytes: &[u8]) -> Result<(), impl Fn() -> CommitError + use<>> {
        let result = self.try_write(bytes);
        result.map_err(|(fatal, reason)| {
            if fatal {
                tracing::error!(%reason, "the journal can't be written any more");
                self.failed = Some(reason.clone());
            }
            move || {
                if fatal { CommitError::Fatal(reason.clone()) } else { CommitError::Refused(reason.clone()) }
            }
        })
    }

    /// `Err`: whether it is fatal, and why.
    fn try_write(&mut self, bytes: &[u8]) -> Result<(), (bool, String)> {
        if let Some(reason) = &self.failed {
            return Err((true, reason.clone()));
        }
        let offset = self.end - self.start;
        let written = self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.append_bytes(bytes));
        if let Err(error) = written {
            // Nothing was synced or acknowledged: what got into the file is taken back.
            let back = self.file.set_len(offset);
            return Err((back.is_err(), format!("appending to the journal: {error}")));
        }
        // After a failed fsync nobody knows what the disk has; trying again would only hide it.
        self.file.sync_data().map_err(|error| (true, format!("fsync of the journal: {error}")))
    }

    fn append_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        #[cfg(test)]
        if self.fail_next.swap(false, std::sync::atomic::Ordering::Relaxed) {
            self.file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.file.write_all(bytes)
    }
}

/// Checks that a batch continues its partitions; the hint behind each record. The cursors move only if all of it fits.
fn place(cursors: &mut Vec<Cursor>, request: &Request, position: u64) -> Result<Vec<u64>, CommitError> {
    let mut moved = cursors.clone();
    let refused = |what: &str| CommitError::Refused(format!("the batch does not fit the journal: {what}"));
    scan::advance(&mut moved, &request.frames, position)
        .map_err(|(partition, _, reason)| refused(&format!("partition {partition}: {reason}")))?;
    let hint = |(partition, sequence): &(u16, u64)| {
        let cursor = moved.get(usize::from(*partition)).filter(|cursor| cursor.sequence == *sequence);
        cursor.map(|cursor| cursor.hint).ok_or_else(|| refused("its frames are not what it says"))
    };
    let hints = request.partitions.iter().map(hint).collect::<Result<Vec<u64>, _>>()?;
    *cursors = moved;
    Ok(hints)
}

fn answer(request: &Request, result: Result<Vec<u64>, CommitError>) {
    // A committer that is gone needs no answer.
    drop(request.done.send(result));
}

fn answer_all(requests: impl IntoIterator<Item = Request>, error: impl Fn() -> CommitError) {
    for request in requests {
        answer(&request, Err(error()));
    }
}
