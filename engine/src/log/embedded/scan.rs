//! Opening a journal: where does it end, and is what lies behind the end an interrupted write or damage?

use super::broken;
use super::frame::{self, GROUP_HEAD, GROUP_TAG, Group, Head};
use super::segment::{Header, Segment};
use crate::log::{Cursor, JournalError};
use std::fs;
use std::path::Path;

/// What a segment's groups add up to.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) header: Header,
    /// By partition: the cursor behind its last record.
    pub(super) cursors: Vec<Cursor>,
    /// Bytes of the file up to the end of its last whole group.
    pub(super) length: u64,
    /// Bytes behind `length`: an interrupted write.
    pub(super) torn: u64,
}

/// Reads a segment. `last`: it may end in the remains of an interrupted write; otherwise these are damage too.
pub(super) fn scan(segment: &Segment, last: bool) -> Result<Scanned, JournalError> {
    let path = &segment.path;
    let bytes = fs::read(path).map_err(|error| JournalError::Io(format!("{}: {error}", path.display())))?;
    let header = Header::read(&mut &bytes[..], segment)?;
    let mut at = header.length();
    let mut cursors = header.cursors.clone();
    while at < bytes.len() {
        let Some(frames) = group_at(&bytes, at, segment.start) else { break };
        let position = segment.start + (at + GROUP_HEAD) as u64;
        advance(&mut cursors, frames, position).map_err(|(partition, offset, reason)| {
            broken(partition, path, (at + GROUP_HEAD + offset) as u64, reason)
        })?;
        at += GROUP_HEAD + frames.len();
    }
    if at < bytes.len() && (!last || group_follows(&bytes, at + 1, segment.start)) {
        let partition = suspect(&bytes[at..]);
        return Err(broken(
            partition,
            path,
            at as u64,
            "the bytes here are damaged, and intact records follow",
        ));
    }
    Ok(Scanned { header, cursors, length: at as u64, torn: (bytes.len() - at) as u64 })
}

/// The frames of the whole group at this offset.
fn group_at(bytes: &[u8], at: usize, start: u64) -> Option<&[u8]> {
    Group::read(&bytes[at..], start + at as u64)?.frames(&bytes[at + GROUP_HEAD..])
}

/// Whether a group begins anywhere from `from` on. Its head is enough: it was written after the one before was synced.
fn group_follows(bytes: &[u8], from: usize, start: u64) -> bool {
    (from..bytes.len())
        .any(|at| bytes[at] == GROUP_TAG && Group::read(&bytes[at..], start + at as u64).is_some())
}

/// The partition of the damaged group's first record, if that can still be told.
fn suspect(bytes: &[u8]) -> u16 {
    let head = bytes.get(GROUP_HEAD + frame::RECORD_HEAD..).and_then(Head::read);
    head.map_or(u16::MAX, |head| head.partition)
}

/// Moves the cursors over a group's records. `Err`: partition, offset in the group, what is wrong.
pub(super) fn advance(
    cursors: &mut [Cursor],
    frames: &[u8],
    position: u64,
) -> Result<(), (u16, usize, &'static str)> {
    let mut at = 0;
    while at < frames.len() {
        let body = frame::body(&frames[at..]).ok_or((u16::MAX, at, "a record's frame is damaged"))?;
        let head = Head::read(body).ok_or((u16::MAX, at, "this is no commit record"))?;
        let cursor = cursors.get_mut(usize::from(head.partition));
        let cursor = cursor.ok_or((head.partition, at, "there is no such partition in this journal"))?;
        if head.sequence != cursor.sequence + 1 {
            return Err((head.partition, at, "a record is missing before this one"));
        }
        if head.previous != cursor.hash {
            return Err((head.partition, at, "this record does not continue the one before it"));
        }
        at += frame::RECORD_HEAD + body.len();
        *cursor = Cursor { sequence: head.sequence, hash: head.hash(body), hint: position + at as u64 };
    }
    Ok(())
}

/// Cuts an interrupted write off the last segment.
pub(super) fn cut(path: &Path, scanned: &Scanned) -> Result<(), JournalError> {
    if scanned.torn == 0 {
        return Ok(());
    }
    tracing::warn!(
        segment = %path.display(), at = scanned.length, bytes = scanned.torn,
        "cut the remains of an interrupted write off the journal; nothing in them was acknowledged"
    );
    let io = |error: std::io::Error| JournalError::Io(format!("cutting {}: {error}", path.display()));
    let file = fs::OpenOptions::new().write(true).open(path).map_err(io)?;
    file.set_len(scanned.length).map_err(io)?;
    file.sync_all().map_err(io)
}
