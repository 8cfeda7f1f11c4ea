//! The commit record: what one batch decided for one partition. The journal is the sequence of these.

use centime_domain::Entry;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// For each commands topic (by index in the log's topic list), the offset to read next. Empty for logs whose commands
/// have no topics.
pub type NextOffsets = Vec<(u8, i64)>;

/// What one batch decided for one partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// Partition of users, commands and journal.
    pub partition: u16,
    /// 1, 2, 3, … without holes within the partition.
    pub sequence: u64,
    /// Chain hash of the record before (0 before the first).
    pub previous: u64,
    /// Where reading of the commands topics goes on after this record; topics not listed are as before.
    pub next_offsets: NextOffsets,
    /// What was decided, in order. Events are numbered through all entries: the `index` of their public sequence.
    pub entries: Vec<Entry>,
    /// What could not be read.
    pub dead_letters: Vec<DeadLetter>,
}

/// A record that could not be read as a command, as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Topic (or file) it came from.
    pub topic: String,
    /// Partition it came from.
    pub partition: i32,
    /// Offset (or line) it came from.
    pub offset: i64,
    /// Why it could not be read.
    pub reason: String,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its bytes.
    pub value: Vec<u8>,
}

/// A journal record's bytes are not what was written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than the frame announces: the tail of an interrupted write.
    #[error("the record is cut short")]
    Torn,
    /// The checksum does not match.
    #[error("the record's checksum does not match its bytes")]
    Checksum,
    /// Written by another version of centime.
    #[error("the record has format version {0}, this centime reads {VERSION}")]
    Version(u8),
    /// The checksum matches, the content is not a commit record.
    #[error("the record is not a commit record: {0}")]
    Content(#[from] postcard::Error),
}

/// Version of the frame and of [`CommitRecord`].
const VERSION: u8 = 1;
/// version (1), length (4), crc32 (4).
const HEADER: usize = 9;

impl CommitRecord {
    /// Appends the framed record to `out`, returns its chain hash.
    pub fn write(&self, out: &mut Vec<u8>) -> u64 {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER]);
        let framed = postcard::to_extend(self, std::mem::take(out))
            .expect("writing to memory fails only when memory does");
        *out = framed;
        let body = &out[start + HEADER..];
        let hash = chain_hash(self.previous, body);
        let length = u32::try_from(body.len()).expect("a batch ends at 500 kB a partition");
        let crc = crc32fast::hash(body);
        out[start] = VERSION;
        out[start + 1..start + 5].copy_from_slice(&length.to_le_bytes());
        out[start + 5..start + HEADER].copy_from_slice(&crc.to_le_bytes());
        hash
    }

    /// Reads one framed record from the front of `bytes`: the record, its chain hash, the bytes it took.
    pub fn read(bytes: &[u8]) -> Result<(Self, u64, usize), RecordError> {
        let header = bytes.get(..HEADER).ok_or(RecordError::Torn)?;
        if header[0] != VERSION {
            return Err(RecordError::Version(header[0]));
        }
        let word =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let body = bytes.get(HEADER..HEADER + word(1) as usize).ok_or(RecordError::Torn)?;
        if crc32fast::hash(body) != word(5) {
            return Err(RecordError::Checksum);
        }
        let record: Self = postcard::from_bytes(body)?;
        let hash = chain_hash(record.previous, body);
        Ok((record, hash, HEADER + body.len()))
    }
}

/// Each record's hash covers its own bytes and, through `previous`, all before it.
fn chain_hash(previous: u64, body: &[u8]) -> u64 {
    xxh3_64_with_seed(body, previous)
}
