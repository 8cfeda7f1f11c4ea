//! `dead-letters.jsonl`: what could not be read, where people look for it. A projection of the journal: lines missing
//! after a crash are written again from there, none twice; a deleted file comes back whole.
//!
//! `journal/dead-letters.mark` says up to where both belong together, so that only what follows is compared at a start.

use super::reader::Walk;
use super::shared::Durable;
use crate::log::JournalError;
use crate::record::{CommitRecord, DeadLetter};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The mark is set anew after this many bytes of journal.
const MARK_EVERY: u64 = 4 << 20;

/// Its name, in the journal's folder.
const MARK: &str = "dead-letters.mark";

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    partition: u16,
    sequence: u64,
    n: usize,
    topic: &'a str,
    source_partition: i32,
    offset: i64,
    reason: &'a str,
    key: Option<String>,
    key_base64: bool,
    value: String,
    value_base64: bool,
}

/// What tells lines apart.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct LineId {
    partition: u16,
    sequence: u64,
    n: usize,
}

/// The journal up to `journal` is in the file's first `file` bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    journal: u64,
    file: u64,
}

fn read_mark(path: &Path) -> Mark {
    fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// A position up to which the journal is known to have been durable.
pub(super) fn known_durable(journal: &Path) -> u64 {
    read_mark(&journal.join(MARK)).journal
}

/// The file, open for appending.
pub(super) struct DeadLetters {
    file: File,
    mark_path: PathBuf,
    mark: Mark,
    /// Bytes in the file.
    length: u64,
    /// A line could not be written: nothing more is, so that the next start sees what is missing.
    failed: bool,
}

impl DeadLetters {
    /// Opens the file and writes what the journal has and the file does not.
    pub(super) fn open(path: &Path, journal: &Path, durable: &Durable) -> Result<Self, JournalError> {
        let io = |error: std::io::Error| JournalError::Io(format!("{}: {error}", path.display()));
        let mark_path = journal.join(MARK);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mark = Some(read_mark(&mark_path))
            .filter(|mark| mark.journal <= durable.end && mark.file <= length)
            .unwrap_or_default();
        if mark == Mark::default() {
            // Nothing is known of what is in the file: it is made anew.
            file.set_len(0).map_err(io)?;
        }
        let (present, length) = lines_after(&mut file, mark.file).map_err(io)?;
        file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length))).map_err(io)?;
        let mut letters = Self { file, mark_path, mark, length, failed: false };
        letters.catch_up(journal, durable, &present)?;
        letters.settle(durable.end);
        Ok(letters)
    }

    /// Writes the lines of the journal behind the mark that are not `present`.
    fn catch_up(
        &mut self,
        journal: &Path,
        durable: &Durable,
        present: &HashSet<LineId>,
    ) -> Result<(), JournalError> {
        let mut walk = Walk::at(journal, durable, self.mark.journal)?;
        while let Some((head, _)) = walk.next()? {
            let record: CommitRecord = walk.record()?;
            let id = |n| LineId { partition: head.partition, sequence: head.sequence, n };
            let letters = record.dead_letters.into_iter().enumerate();
            let missing = letters.filter(|(n, _)| !present.contains(&id(*n)));
            let missing: Vec<_> =
                missing.map(|(n, letter)| (head.partition, head.sequence, n, letter)).collect();
            self.project(&missing);
        }
        Ok(())
    }

    /// Appends a line for each (partition, sequence, number within the record, letter).
    pub(super) fn project(&mut self, letters: &[(u16, u64, usize, DeadLetter)]) {
        if letters.is_empty() || self.failed {
            return;
        }
        let mut lines = Vec::new();
        for (partition, sequence, n, letter) in letters {
            write_line(&mut lines, *partition, *sequence, *n, letter);
        }
        match self.file.write_all(&lines) {
            Ok(()) => self.length += lines.len() as u64,
            Err(error) => {
                // The journal has them; the next start writes them.
                tracing::warn!(%error, "dead-letters.jsonl can't be written; it is completed at the next start");
                self.failed = true;
            }
        }
    }

    /// Everything up to this position of the journal was projected. Now and then notes it.
    pub(super) fn advance(&mut self, journal: u64) {
        if journal >= self.mark.journal + MARK_EVERY {
            self.settle(journal);
        }
    }

    /// Notes that everything up to this position of the journal was projected, durably.
    pub(super) fn settle(&mut self, journal: u64) {
        let mark = Mark { journal, file: self.length };
        if self.failed || mark == self.mark {
            return;
        }
        match self.write_mark(mark) {
            Ok(()) => self.mark = mark,
            // The older mark holds too; the next start just compares more.
            Err(error) => tracing::warn!(%error, "the mark of dead-letters.jsonl can't be written"),
        }
    }

    fn write_mark(&self, mark: Mark) -> std::io::Result<()> {
        if mark.file != self.mark.file {
            self.file.sync_data()?;
        }
        let new = self.mark_path.with_extension("new");
        fs::write(&new, serde_json::to_vec(&mark)?)?;
        fs::rename(new, &self.mark_path)
    }
}

/// The lines from an offset on, and the length of the file without a torn last line.
fn lines_after(file: &mut File, from: u64) -> std::io::Result<(HashSet<LineId>, u64)> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    // Lines which are not ours are left as they are.
    let lines =
        text[..whole].split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok((lines.collect(), from + whole as u64))
}

fn write_line(out: &mut Vec<u8>, partition: u16, sequence: u64, n: usize, letter: &DeadLetter) {
    let (value, value_base64) = text(&letter.value);
    let (key, key_base64) = letter.key.as_deref().map(text).unzip();
    let line = Line {
        partition,
        sequence,
        n,
        topic: &letter.topic,
        source_partition: letter.partition,
        offset: letter.offset,
        reason: &letter.reason,
        key,
        key_base64: key_base64.unwrap_or(false),
        value,
        value_base64,
    };
    serde_json::to_writer(&mut *out, &line).expect("strings and numbers are JSON");
    out.push(b'\n');
}

/// The bytes as text, and whether they had to be written in base64.
fn text(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), false),
        Err(_) => (base64(bytes), true),
    }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| usize::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let shown = digit <= chunk.len();
            text.push(if shown { char::from(DIGITS[bits >> (18 - 6 * digit) & 63]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
