//! What lies in a segment after its header: groups, each the frames of commit records written with one fsync.
//!
//! ```text
//! group   0xC7 · length u32 · crc32 of the frames u32 · its own global position u64 · crc32 of these 17 bytes u32
//! frames  as CommitRecord::write made them: 0x01 · length u32 · crc32 u32 · body            (all little endian)
//! ```
//! The next group is written only after this one's fsync. So whatever a power cut left of the last group (pages may reach
//! the disk in any order) was never acknowledged; and a valid group behind a damaged one proves that the damage is none
//! of an interrupted write.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of a group's head.
pub(super) const GROUP_HEAD: usize = 21;
/// First byte of a group.
pub(super) const GROUP_TAG: u8 = 0xC7;
/// Bytes of a record's head.
pub(super) const RECORD_HEAD: usize = 9;
/// First byte of a record: its format version.
const RECORD_TAG: u8 = 1;

/// A group's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// Bytes of its frames.
    pub(super) length: usize,
    crc: u32,
    position: u64,
}

impl Group {
    /// Head for these frames at this global position.
    pub(super) fn over(frames: &[u8], position: u64) -> Self {
        Self { length: frames.len(), crc: crc32fast::hash(frames), position }
    }

    pub(super) fn to_bytes(self) -> [u8; GROUP_HEAD] {
        let mut bytes = [0; GROUP_HEAD];
        let length = u32::try_from(self.length).expect("the writer ends a group long before 4 GiB");
        bytes[0] = GROUP_TAG;
        bytes[1..5].copy_from_slice(&length.to_le_bytes());
        bytes[5..9].copy_from_slice(&self.crc.to_le_bytes());
        bytes[9..17].copy_from_slice(&self.position.to_le_bytes());
        let check = crc32fast::hash(&bytes[..17]);
        bytes[17..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// The head at the front of `bytes`; `None` if these are not the bytes of a group at this position.
    pub(super) fn read(bytes: &[u8], position: u64) -> Option<Self> {
        let bytes = bytes.get(..GROUP_HEAD)?;
        let sound = bytes[0] == GROUP_TAG
            && u64::from_le_bytes(bytes[9..17].try_into().ok()?) == position
            && crc32fast::hash(&bytes[..17]) == word(bytes, 17);
        sound.then(|| Self { length: word(bytes, 1) as usize, crc: word(bytes, 5), position })
    }

    /// Its frames, at the front of `bytes`; `None` if they are not whole.
    pub(super) fn frames(self, bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(..self.length).filter(|frames| crc32fast::hash(frames) == self.crc)
    }
}

/// The first fields of a commit record, read without decoding the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) partition: u16,
    pub(super) sequence: u64,
    pub(super) previous: u64,
}

impl Head {
    /// From the record's body.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        // postcard writes a struct as its fields, one after the other: a tuple of the first three reads them.
        let ((partition, sequence, previous), _) = postcard::take_from_bytes(body).ok()?;
        Some(Self { partition, sequence, previous })
    }

    /// The record's chain hash.
    pub(super) fn hash(&self, body: &[u8]) -> u64 {
        xxh3_64_with_seed(body, self.previous)
    }
}

/// The body of the record at the front of `bytes`; `None` if it is not whole.
pub(super) fn body(bytes: &[u8]) -> Option<&[u8]> {
    let length = body_length(bytes)?;
    let body = bytes.get(RECORD_HEAD..RECORD_HEAD.checked_add(length)?)?;
    (crc32fast::hash(body) == word(bytes, 5)).then_some(body)
}

/// Length of the record's body; `None` if no record begins here.
pub(super) fn body_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..RECORD_HEAD)?;
    (head[0] == RECORD_TAG).then(|| word(head, 1) as usize)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::CommitRecord;

    #[test]
    fn a_head_agrees_with_the_record() {
        let record = CommitRecord {
            partition: 700,
            sequence: u64::MAX - 5,
            previous: 0xdead_beef,
            next_offsets: vec![(3, 1 << 40)],
            entries: Vec::new(),
            dead_letters: Vec::new(),
        };
        let mut frame = Vec::new();
        let hash = record.write(&mut frame);
        let body = body(&frame).unwrap();
        assert_eq!(frame.len(), RECORD_HEAD + body.len());
        let head = Head::read(body).unwrap();
        assert_eq!(head, Head { partition: 700, sequence: u64::MAX - 5, previous: 0xdead_beef });
        assert_eq!(head.hash(body), hash);
    }
}
