//! `centime journal verify|dump`: looks at a journal without changing it. Works beside a running centime.

use super::reader::Walk;
use super::shared::Durable;
use super::{scan, segment};
use crate::log::JournalError;
use crate::record::CommitRecord;
use std::ops::ControlFlow;
use std::path::Path;

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
    let mut before: Option<Vec<_>> = None;
    for (index, segment) in segments.iter().enumerate() {
        let checked = scan::scan(segment, index + 1 == segments.len()).and_then(|scanned| {
            let begins: Vec<_> = scanned.header.cursors.iter().map(|at| (at.sequence, at.hash)).collect();
            if before.as_ref().is_some_and(|before| *before != begins) {
                return Err(super::broken(
                    u16::MAX,
                    &segment.path,
                    0,
                    "does not continue the segment before",
                ));
            }
            Ok(scanned)
        });
        match checked {
            Ok(scanned) => {
                let ends = scanned.cursors.iter().map(|at| (at.sequence, at.hash));
                report.partitions =
                    ends.clone().map(|(records, hash)| PartitionReport { records, hash }).collect();
                before = Some(ends.collect());
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
