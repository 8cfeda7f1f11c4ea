//! Reading the journal while it grows.

use super::broken;
use super::frame::{self, GROUP_HEAD, GROUP_TAG, Head, RECORD_HEAD};
use super::segment::{Header, Segment};
use super::shared::{Durable, Shared};
use crate::log::{Cursor, Journal, JournalError};
use crate::record::CommitRecord;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Bytes read from the file at a time.
const BUFFER: usize = 256 << 10;

/// Reads what is durable of the journal.
pub(super) struct Reader {
    pub(super) shared: Arc<Shared>,
}

impl Journal for Reader {
    fn read(
        &self,
        partition: u16,
        from: Cursor,
        until: u64,
        each: &mut dyn FnMut(CommitRecord, Cursor) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let durable = self.shared.durable();
        let newest = newest(&durable, partition, from)?;
        let until = until.min(newest.sequence);
        if until <= from.sequence {
            return Ok(());
        }
        let mut walk = Walk::start(&self.shared.folder, &durable, partition, from)?;
        let mut expected = known(from).then_some(from);
        loop {
            let first = expected == Some(from);
            let Some((head, at)) = walk.next_of(partition).map_err(|error| match error {
                // A hint that leads into the middle of something is a wrong hint, not a damaged journal.
                JournalError::Broken { .. } if first && from.hint > 0 => not_here_at(partition, from),
                error => error,
            })?
            else {
                return Err(walk.broken(partition, "the journal ends before records that were here"));
            };
            let here = Cursor { sequence: head.sequence, hash: head.hash(&walk.body), hint: walk.position };
            if let Some(before) = expected {
                if head.sequence != before.sequence + 1 || head.previous != before.hash {
                    let interrupted = walk.broken_at(partition, at, "the chain of records is interrupted");
                    return Err(if first { not_here_at(partition, from) } else { interrupted });
                }
                if each(walk.record()?, here).is_break() || head.sequence >= until {
                    return Ok(());
                }
                expected = Some(here);
            } else if head.sequence == from.sequence {
                expected = Some(here);
            }
        }
    }
}

/// Whether the place's hash can be relied on.
fn known(from: Cursor) -> bool {
    from.hint > 0 || from.sequence == 0
}

fn not_here_at(partition: u16, from: Cursor) -> JournalError {
    JournalError::NotHere { partition, sequence: from.sequence }
}

/// The partition's last place, if `from` can be a place before or at it.
fn newest(durable: &Durable, partition: u16, from: Cursor) -> Result<Cursor, JournalError> {
    let newest = durable.cursors.get(usize::from(partition)).copied();
    let newest = newest.ok_or_else(|| not_here_at(partition, from))?;
    let behind = from.sequence > newest.sequence || from.hint > durable.end;
    let other = known(from) && from.sequence == newest.sequence && from.hash != newest.hash;
    if behind || other { Err(not_here_at(partition, from)) } else { Ok(newest) }
}

/// Walks through the records of a journal up to an end.
pub(super) struct Walk {
    folder: std::path::PathBuf,
    segment: Segment,
    file: BufReader<File>,
    /// Global position of the next byte.
    position: u64,
    /// Global position to stop at.
    end: u64,
    /// The body of the record last read.
    pub(super) body: Vec<u8>,
}

impl Walk {
    /// Starts at the cursor's hint, or at the beginning of the segment in which its sequence is followed by the next.
    fn start(folder: &Path, durable: &Durable, partition: u16, from: Cursor) -> Result<Self, JournalError> {
        let starts = &durable.starts;
        let index = if from.hint > 0 {
            starts.partition_point(|start| *start <= from.hint)
        } else {
            // The first segment that begins behind `from` is one too far.
            let (mut low, mut high) = (1, starts.len());
            while low < high {
                let middle = low.midpoint(high);
                let (header, _) = open(&Segment::at(folder, starts[middle]))?;
                let begins_behind =
                    header.cursors.get(usize::from(partition)).map_or(0, |cursor| cursor.sequence);
                if begins_behind <= from.sequence.saturating_sub(1) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        let start = index.checked_sub(1).map(|index| starts[index]);
        let start = start.ok_or_else(|| not_here_at(partition, from))?;
        Self::in_segment(folder, Segment::at(folder, start), from.hint, durable.end)
    }

    /// Starts at a global position: that of a group or record, or anything up to the end of a segment's header.
    pub(super) fn at(folder: &Path, durable: &Durable, position: u64) -> Result<Self, JournalError> {
        Self::start(folder, durable, 0, Cursor { hint: position.max(1), ..Cursor::default() })
    }

    fn in_segment(folder: &Path, segment: Segment, position: u64, end: u64) -> Result<Self, JournalError> {
        let (header, mut file) = open(&segment)?;
        let position = position.max(segment.start + header.length() as u64);
        let offset = position - segment.start;
        file.seek(SeekFrom::Start(offset)).map_err(|error| unreadable(&segment, &error))?;
        Ok(Self { folder: folder.into(), segment, file, position, end, body: Vec::new() })
    }

    /// The next record of a partition and where it begins; `None` at the end.
    fn next_of(&mut self, partition: u16) -> Result<Option<(Head, u64)>, JournalError> {
        while let Some((head, at)) = self.next()? {
            if head.partition == partition {
                return Ok(Some((head, at)));
            }
        }
        Ok(None)
    }

    /// The next record and where it begins; `None` at the end. Its body is in `self.body`.
    pub(super) fn next(&mut self) -> Result<Option<(Head, u64)>, JournalError> {
        while self.position < self.end {
            let at = self.position;
            let mut head = [0; GROUP_HEAD];
            if !self.fill(&mut head[..1])? {
                self.next_segment()?;
                continue;
            }
            if head[0] == GROUP_TAG {
                self.must_fill(&mut head[1..])?;
                continue;
            }
            self.must_fill(&mut head[1..RECORD_HEAD])?;
            let length = frame::body_length(&head[..RECORD_HEAD]);
            let length = length.filter(|length| self.position + *length as u64 <= self.end);
            let length = length.ok_or_else(|| self.broken_at(u16::MAX, at, "no record begins here"))?;
            let mut framed = std::mem::take(&mut self.body);
            framed.clear();
            framed.extend_from_slice(&head[..RECORD_HEAD]);
            framed.resize(RECORD_HEAD + length, 0);
            self.must_fill(&mut framed[RECORD_HEAD..])?;
            let read = frame::body(&framed).and_then(Head::read);
            framed.drain(..RECORD_HEAD);
            self.body = framed;
            let head = read.ok_or_else(|| self.broken_at(u16::MAX, at, "the record is damaged"))?;
            return Ok(Some((head, at)));
        }
        Ok(None)
    }

    /// The record last read.
    pub(super) fn record(&self) -> Result<CommitRecord, JournalError> {
        postcard::from_bytes(&self.body)
            .map_err(|error| self.broken(u16::MAX, &format!("the record before this is none: {error}")))
    }

    fn next_segment(&mut self) -> Result<(), JournalError> {
        let next = Segment::at(&self.folder, self.position);
        if !next.path.exists() {
            return Err(self.broken(u16::MAX, "the segment ends early, or the next one is missing"));
        }
        let folder = std::mem::take(&mut self.folder);
        *self = Self::in_segment(&folder, next, 0, self.end)?;
        Ok(())
    }

    /// Reads bytes; `false` if the file has ended.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<bool, JournalError> {
        match self.file.read_exact(bytes) {
            Ok(()) => {
                self.position += bytes.len() as u64;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(unreadable(&self.segment, &error)),
        }
    }

    fn must_fill(&mut self, bytes: &mut [u8]) -> Result<(), JournalError> {
        if self.fill(bytes)? {
            Ok(())
        } else {
            Err(self.broken(u16::MAX, "the segment ends within a record"))
        }
    }

    fn broken(&self, partition: u16, reason: &str) -> JournalError {
        self.broken_at(partition, self.position, reason)
    }

    fn broken_at(&self, partition: u16, position: u64, reason: &str) -> JournalError {
        broken(partition, &self.segment.path, position - self.segment.start, reason)
    }
}

fn open(segment: &Segment) -> Result<(Header, BufReader<File>), JournalError> {
    let file = File::open(&segment.path).map_err(|error| unreadable(segment, &error))?;
    let mut file = BufReader::with_capacity(BUFFER, file);
    Ok((Header::read(&mut file, segment)?, file))
}

fn unreadable(segment: &Segment, error: &std::io::Error) -> JournalError {
    JournalError::Io(format!("{}: {error}", segment.path.display()))
}
