//! Is a journal sound? `centime journal verify|dump` look at one without changing it, beside a running centime if need be; and
//! every start checks what its own opening does not read.

use super::reader::Walk;
use super::scan::{self, Scanned};
use super::segment::{self, Header, Segment};
use super::shared::Durable;
use crate::log::{Cursor, JournalError};
use crate::record::CommitRecord;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// What [`verify`] found in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartitionReport {
    /// Sequence of its last record = how many it has.
    pub records: u64,
    /// That record's chain hash: two journals with equal hashes are equal up to here.
    pub hash: u64,
}

/// What [`verify`] found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// By partition.
    pub partitions: Vec<PartitionReport>,
    /// Segments read.
    pub segments: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes behind the last whole record: an interrupted write, which the next start cuts off.
    pub torn: u64,
    /// The first problem, if any: reading ended there.
    pub problem: Option<JournalError>,
}

/// Checks every segment of the journal of a data folder: checksums, sequences, hash chains, continuity. Calls `progress`
/// after each segment with the bytes checked and the bytes in all. `Err` if there is no journal to read.
pub fn verify(data: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, JournalError> {
    let mut report = VerifyReport::default();
    let segments = match segment::list(&data.join("journal")) {
        Err(problem @ JournalError::Broken { .. }) => {
            report.problem = Some(problem);
            return Ok(report);
        }
        other => other?,
    };
    let total = segments.iter().map(|segment| segment.length).sum();
    let mut chain = Chain::default();
    for (index, segment) in segments.iter().enumerate() {
        let checked = chain.follow(segment, index + 1 == segments.len());
        match checked {
            Ok(scanned) => {
                let report_of = |at: &Cursor| PartitionReport { records: at.sequence, hash: at.hash };
                report.partitions = scanned.cursors.iter().map(report_of).collect();
                report.torn = scanned.torn;
            }
            Err(problem) => {
                report.problem = Some(problem);
                return Ok(report);
            }
        }
        report.segments += 1;
        report.bytes += segment.length;
        progress(report.bytes, total);
    }
    Ok(report)
}

/// Segments, each continuing the one before.
#[derive(Default)]
struct Chain {
    /// Where every partition stood at the end of the last one: sequence and hash.
    end: Option<Vec<(u64, u64)>>,
}

impl Chain {
    /// Reads the next segment.
    fn follow(&mut self, segment: &Segment, last: bool) -> Result<Scanned, JournalError> {
        let scanned = scan::scan(segment, last)?;
        self.continues(segment, &scanned.header)?;
        self.end = Some(places(&scanned.cursors));
        Ok(scanned)
    }

    fn continues(&self, segment: &Segment, header: &Header) -> Result<(), JournalError> {
        if self.end.as_ref().is_some_and(|end| *end != places(&header.cursors)) {
            return Err(super::broken(u16::MAX, &segment.path, 0, "does not continue the segment before"));
        }
        Ok(())
    }
}

fn places(cursors: &[Cursor]) -> Vec<(u64, u64)> {
    cursors.iter().map(|at| (at.sequence, at.hash)).collect()
}

/// How long a start waits for [`check_closed`]: some gigabytes. What takes longer goes on beside.
const WAIT: Duration = Duration::from_millis(500);

/// Checks the segments before the last (which opening the journal has read), on a thread of its own: a long journal must not
/// keep anybody waiting. `Err` if damage is found while the start still waits; found later, it ends the process.
pub(super) fn check_closed(mut segments: Vec<Segment>) -> Result<(), JournalError> {
    let Some(last) = segments.pop() else { return Ok(()) };
    if segments.is_empty() {
        return Ok(());
    }
    let (tell, told) = sync_channel(0);
    let check = move || {
        let sound = closed_are_sound(&segments, &last);
        // Nobody waits any more: the start is over.
        if let (Err(_), Err(problem)) = (tell.send(()), &sound) {
            crate::fatal(&problem.to_string());
        }
        sound
    };
    let thread = std::thread::Builder::new()
        .name("journal-check".to_owned())
        .spawn(check)
        .map_err(|error| JournalError::Io(format!("no thread to check the journal: {error}")))?;
    match told.recv_timeout(WAIT) {
        Err(RecvTimeoutError::Timeout) => Ok(()),
        // A panic in it must not pass for soundness.
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread
            .join()
            .unwrap_or_else(|_| Err(JournalError::Io("checking the journal panicked".to_owned()))),
    }
}

fn closed_are_sound(closed: &[Segment], last: &Segment) -> Result<(), JournalError> {
    let mut chain = Chain::default();
    for segment in closed {
        chain.follow(segment, false)?;
    }
    let io = |error: std::io::Error| JournalError::Io(format!("{}: {error}", last.path.display()));
    let header = Header::read(&mut File::open(&last.path).map_err(io)?, last)?;
    chain.continues(last, &header)
}

/// Calls `each` with every commit record of the journal of a data folder, in the order in which they were written.
pub fn dump(data: &Path, each: &mut dyn FnMut(CommitRecord) -> ControlFlow<()>) -> Result<(), JournalError> {
    let folder = data.join("journal");
    let segments = segment::list(&folder)?;
    let Some(last) = segments.last() else { return Ok(()) };
    let scanned = scan::scan(last, true)?;
    let durable = Durable {
        end: last.start + scanned.length,
        cursors: scanned.cursors,
        starts: segments.iter().map(|segment| segment.start).collect(),
    };
    let mut walk = Walk::at(&folder, &durable, 0)?;
    while walk.next()?.is_some() {
        if each(walk.record()?).is_break() {
            break;
        }
    }
    Ok(())
}
