//! Segments: the files of the journal. Each is named by the global byte position of its start, so that names and sizes
//! show whether one is missing; its header says where every partition stood.

use super::broken;
use crate::log::{Cursor, JournalError};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A segment is closed when it would grow beyond this many bytes.
pub(super) const SEGMENT_BYTES: u64 = if cfg!(test) { 1 << 20 } else { 64 << 20 };
const MAGIC: &[u8; 8] = b"centimeJ";
const VERSION: u32 = 1;
/// Magic, version, start, number of partitions.
const FIXED: usize = 8 + 4 + 8 + 4;
/// Last sequence and its chain hash.
const PER_PARTITION: usize = 16;
const CRC: usize = 4;

/// A segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Global position of its first byte.
    pub(super) start: u64,
    /// Its bytes, when the folder was listed.
    pub(super) length: u64,
    pub(super) path: PathBuf,
}

impl Segment {
    /// The segment that starts here, its length not looked at.
    pub(super) fn at(folder: &Path, start: u64) -> Self {
        Self { start, length: 0, path: path_of(folder, start) }
    }
}

/// Where every partition stood when a segment began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) start: u64,
    /// By partition; `hint` is the segment's start.
    pub(super) cursors: Vec<Cursor>,
}

impl Header {
    /// Bytes of the header.
    pub(super) fn length(&self) -> usize {
        FIXED + self.cursors.len() * PER_PARTITION + CRC
    }

    fn to_bytes(&self) -> Vec<u8> {
        let count = u32::try_from(self.cursors.len()).expect("partitions are counted in 16 bits");
        let mut bytes = Vec::with_capacity(self.length());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.start.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        for cursor in &self.cursors {
            bytes.extend_from_slice(&cursor.sequence.to_le_bytes());
            bytes.extend_from_slice(&cursor.hash.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of a segment, leaving `file` behind it.
    pub(super) fn read(file: &mut impl Read, segment: &Segment) -> Result<Self, JournalError> {
        let bad = |what: &str| broken(u16::MAX, &segment.path, 0, what);
        let mut bytes = vec![0; FIXED];
        file.read_exact(&mut bytes).map_err(|_| bad("the segment's header is cut short"))?;
        if &bytes[..8] != MAGIC {
            return Err(bad("this is no journal segment"));
        }
        if bytes[8..12] != VERSION.to_le_bytes() {
            return Err(bad("the segment was written by another version of centime"));
        }
        let count = u32::from_le_bytes([bytes[20], bytes[21], bytes[22], bytes[23]]) as usize;
        if count > usize::from(u16::MAX) {
            return Err(bad("the segment's header is damaged"));
        }
        bytes.resize(FIXED + count * PER_PARTITION + CRC, 0);
        file.read_exact(&mut bytes[FIXED..]).map_err(|_| bad("the segment's header is cut short"))?;
        let (content, crc) = bytes.split_at(bytes.len() - CRC);
        let start = number(&content[12..20]);
        if crc32fast::hash(content).to_le_bytes() != crc || start != segment.start {
            return Err(bad("the segment's header is damaged"));
        }
        let cursor = |bytes: &[u8]| Cursor {
            sequence: number(&bytes[..8]),
            hash: number(&bytes[8..]),
            hint: segment.start,
        };
        let cursors = content[FIXED..].chunks_exact(PER_PARTITION).map(cursor).collect();
        Ok(Self { start, cursors })
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn path_of(folder: &Path, start: u64) -> PathBuf {
    folder.join(format!("{start:020}.seg"))
}

/// The segments of a journal, in order. Refuses a gap between them.
pub(super) fn list(folder: &Path) -> Result<Vec<Segment>, JournalError> {
    let io = |error: std::io::Error| JournalError::Io(format!("{}: {error}", folder.display()));
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let start = name.to_str().and_then(|name| name.strip_suffix(".seg")?.parse().ok());
        if let Some(start) = start {
            let length = entry.metadata().map_err(io)?.len();
            segments.push(Segment { start, length, path: entry.path() });
        }
    }
    segments.sort_by_key(|segment| segment.start);
    let mut expected = 0;
    for segment in &segments {
        if segment.start != expected {
            let reason =
                format!("a segment should start at {expected}; files are missing, cut short or misnamed");
            return Err(broken(u16::MAX, &segment.path, 0, &reason));
        }
        expected += segment.length;
    }
    Ok(segments)
}

/// Creates the segment that begins where the cursors say, durably: either it is there with its header, or not at all.
pub(super) fn create(folder: &Path, header: &Header) -> std::io::Result<(File, Segment)> {
    let path = path_of(folder, header.start);
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(&header.to_bytes())?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(folder)?.sync_all()?;
    Ok((file, Segment { start: header.start, length: header.length() as u64, path }))
}

/// Takes back an attempt to create a segment.
pub(super) fn discard(folder: &Path, start: u64) -> std::io::Result<()> {
    let path = path_of(folder, start);
    for path in [path.with_extension("new"), path] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
