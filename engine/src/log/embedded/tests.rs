//! The embedded journal against crashes, damage and company.
#![allow(clippy::unwrap_used)]

use super::segment::{SEGMENT_BYTES, Segment, list};
use super::*;
use crate::log::{Batch, CommitError, Cursor, InboxError, PartitionCommit};
use crate::record::{CommitRecord, DeadLetter};
use std::ops::ControlFlow;
use std::path::PathBuf;
use tempfile::TempDir;

const PARTITIONS: u16 = 4;

fn open(folder: &TempDir) -> EmbeddedLog {
    EmbeddedLog::open(folder.path(), PARTITIONS).unwrap()
}

fn letter(text: &str) -> DeadLetter {
    let value = [text.as_bytes(), b"\xff"].concat();
    DeadLetter { topic: "t".into(), partition: 1, offset: 2, reason: text.into(), key: None, value }
}

/// The next record of a partition, `padding` bytes large, with dead letters.
fn next(at: &mut Cursor, partition: u16, padding: usize, letters: &[&str]) -> PartitionCommit {
    let dead_letters: Vec<_> = letters.iter().map(|text| letter(text)).collect();
    let record = CommitRecord {
        partition,
        sequence: at.sequence + 1,
        previous: at.hash,
        next_offsets: vec![(0, 7); padding / 2],
        entries: Vec::new(),
        dead_letters: dead_letters.clone(),
    };
    let mut frame = Vec::new();
    *at = Cursor { sequence: record.sequence, hash: record.write(&mut frame), hint: 0 };
    PartitionCommit {
        partition,
        epoch: 1,
        sequence: record.sequence,
        frame,
        next_offsets: Vec::new(),
        dead_letters,
    }
}

fn commit(log: &EmbeddedLog, partitions: Vec<PartitionCommit>) -> Result<Vec<u64>, CommitError> {
    log.committer(0).unwrap().commit(Batch { partitions, ..Batch::default() })
}

/// Appends `count` records to a partition, a batch each; the cursor behind each.
fn append(log: &EmbeddedLog, at: &mut Cursor, partition: u16, count: u64) -> Vec<Cursor> {
    let one = |_| {
        at.hint = commit(log, vec![next(at, partition, 20, &[])]).unwrap()[0];
        *at
    };
    (0..count).map(one).collect()
}

fn read(log: &EmbeddedLog, partition: u16, from: Cursor) -> Result<Vec<Cursor>, JournalError> {
    let mut cursors = Vec::new();
    log.journal().read(partition, from, u64::MAX, &mut |record, cursor| {
        assert_eq!((record.partition, record.sequence), (partition, cursor.sequence));
        cursors.push(cursor);
        ControlFlow::Continue(())
    })?;
    Ok(cursors)
}

/// Some segments, with four records in them.
fn fill_segments(folder: &TempDir) {
    let log = open(folder);
    let mut at = Cursor::default();
    for _ in 0..4 {
        commit(&log, vec![next(&mut at, 0, usize::try_from(SEGMENT_BYTES / 2).unwrap(), &[])]).unwrap();
    }
}

fn last_segment(folder: &TempDir) -> PathBuf {
    list(&folder.path().join("journal")).unwrap().pop().unwrap().path
}

#[test]
fn records_are_read_from_anywhere_and_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let mut other = Cursor::default();
    let mut at = Cursor::default();
    let mut cursors = append(&log, &mut at, 1, 3);
    append(&log, &mut other, 2, 3);
    cursors.extend(append(&log, &mut at, 1, 3));
    drop(log);
    let log = open(&folder);
    assert_eq!(read(&log, 1, Cursor::default()).unwrap(), cursors);
    for (index, cursor) in cursors.iter().enumerate() {
        let rest = &cursors[index + 1..];
        assert_eq!(read(&log, 1, *cursor).unwrap(), rest);
        assert_eq!(read(&log, 1, Cursor { sequence: cursor.sequence, ..Cursor::default() }).unwrap(), rest);
        let wrong = Cursor { hash: 1, ..*cursor };
        assert!(matches!(read(&log, 1, wrong), Err(JournalError::NotHere { partition: 1, .. })));
        if !rest.is_empty() {
            let wrong = Cursor { hint: cursor.hint + 3, ..*cursor };
            assert!(matches!(read(&log, 1, wrong), Err(JournalError::NotHere { .. })));
        }
    }
    assert!(matches!(read(&log, 1, Cursor { sequence: 7, ..at }), Err(JournalError::NotHere { .. })));
    assert!(matches!(read(&log, PARTITIONS, Cursor::default()), Err(JournalError::NotHere { .. })));
}

/// A copy of the journal as a killed process leaves it, without the mark of a clean stop.
fn crashed_copy(folder: &TempDir) -> TempDir {
    let copy = TempDir::new().unwrap();
    fs::create_dir(copy.path().join("journal")).unwrap();
    for segment in list(&folder.path().join("journal")).unwrap() {
        fs::copy(&segment.path, copy.path().join("journal").join(segment.path.file_name().unwrap())).unwrap();
    }
    copy
}

#[test]
fn a_torn_tail_is_cut_wherever_it_tears() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let mut at = Cursor::default();
    let cursors = append(&log, &mut at, 0, 4);
    let (keep, whole) = (cursors[2].hint, cursors[3].hint);
    for length in keep..whole {
        let copy = crashed_copy(&folder);
        let file = OpenOptions::new().write(true).open(last_segment(&copy)).unwrap();
        file.set_len(length).unwrap();
        if length % 2 == 0 {
            // A file system may extend a file before it writes the bytes: then anything can be there.
            let rest = vec![0x55; usize::try_from(whole - length).unwrap() + 50];
            std::os::unix::fs::FileExt::write_all_at(&file, &rest, length).unwrap();
        }
        let log = open(&copy);
        assert_eq!(read(&log, 0, Cursor::default()).unwrap(), cursors[..3], "torn at {length}");
        let mut at = cursors[2];
        append(&log, &mut at, 0, 1);
        drop(log);
        assert_eq!(read(&open(&copy), 0, Cursor::default()).unwrap().len(), 4);
    }
}

#[test]
fn any_flipped_bit_before_the_last_group_is_refused() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let mut at = Cursor::default();
    let cursors = append(&log, &mut at, 3, 4);
    for byte in 0..cursors[2].hint {
        let copy = crashed_copy(&folder);
        let path = last_segment(&copy);
        let mut bytes = fs::read(&path).unwrap();
        bytes[usize::try_from(byte).unwrap()] ^= 1 << (byte % 8);
        fs::write(&path, bytes).unwrap();
        let refused = EmbeddedLog::open(copy.path(), PARTITIONS).err();
        assert!(
            matches!(refused, Some(LogError::Journal(JournalError::Broken { .. }))),
            "byte {byte}: {refused:?}"
        );
        assert!(verify(copy.path(), &mut |_, _| {}).unwrap().problem.is_some());
    }
}

#[test]
fn damage_in_a_closed_segment_is_refused_though_nothing_there_would_be_read() {
    let folder = TempDir::new().unwrap();
    fill_segments(&folder);
    let segments = list(&folder.path().join("journal")).unwrap();
    assert!(segments.len() > 2);
    for Segment { path, length, .. } in &segments[..segments.len() - 1] {
        let whole = fs::read(path).unwrap();
        for place in [20, *length / 2, *length - 1] {
            let mut bytes = whole.clone();
            bytes[usize::try_from(place).unwrap()] ^= 1;
            fs::write(path, bytes).unwrap();
            let refused = EmbeddedLog::open(folder.path(), PARTITIONS).err();
            let broken = matches!(refused, Some(LogError::Journal(JournalError::Broken { .. })));
            assert!(broken, "{} byte {place}: {refused:?}", path.display());
        }
        fs::write(path, whole).unwrap();
    }
    open(&folder);
}

#[test]
fn a_damaged_end_is_refused_when_it_had_been_durable() {
    let folder = TempDir::new().unwrap();
    append(&open(&folder), &mut Cursor::default(), 0, 2);
    let path = last_segment(&folder);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let refused = EmbeddedLog::open(folder.path(), PARTITIONS).err();
    assert!(matches!(refused, Some(LogError::Journal(JournalError::Broken { .. }))), "{refused:?}");
}

#[test]
fn segments_roll_are_found_by_sequence_and_missed_when_gone() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let (mut at, mut quiet) = (Cursor::default(), Cursor::default());
    let size = usize::try_from(SEGMENT_BYTES / 3).unwrap();
    let mut cursors = Vec::new();
    append(&log, &mut quiet, 1, 1);
    for _ in 0..8 {
        at.hint = commit(&log, vec![next(&mut at, 0, size, &[])]).unwrap()[0];
        cursors.push(at);
    }
    append(&log, &mut quiet, 1, 1);
    for log in [log, open_after(&folder)] {
        assert_eq!(list(&folder.path().join("journal")).unwrap().len(), 4);
        assert_eq!(read(&log, 0, Cursor::default()).unwrap(), cursors);
        for (index, cursor) in cursors.iter().enumerate() {
            assert_eq!(read(&log, 0, *cursor).unwrap(), cursors[index + 1..]);
            let bare = Cursor { sequence: cursor.sequence, ..Cursor::default() };
            assert_eq!(read(&log, 0, bare).unwrap(), cursors[index + 1..]);
        }
        assert_eq!(read(&log, 1, Cursor { sequence: 1, ..Cursor::default() }).unwrap(), [quiet]);
    }
}

fn open_after(folder: &TempDir) -> EmbeddedLog {
    let copy = crashed_copy(folder);
    let log = open(&copy);
    drop(copy.keep());
    log
}

#[test]
fn a_missing_segment_is_refused() {
    let folder = TempDir::new().unwrap();
    fill_segments(&folder);
    let report = verify(folder.path(), &mut |_, _| {}).unwrap();
    assert!(report.problem.is_none() && report.segments > 2 && report.torn == 0);
    assert_eq!(report.partitions[0].records, 4);
    let segments = list(&folder.path().join("journal")).unwrap();
    for gone in &segments[..segments.len() - 1] {
        let aside = gone.path.with_extension("aside");
        fs::rename(&gone.path, &aside).unwrap();
        let refused = EmbeddedLog::open(folder.path(), PARTITIONS).err();
        assert!(matches!(refused, Some(LogError::Journal(JournalError::Broken { .. }))));
        assert!(verify(folder.path(), &mut |_, _| {}).unwrap().problem.is_some());
        fs::rename(&aside, &gone.path).unwrap();
    }
    open(&folder);
}

#[test]
fn a_folder_in_use_and_another_number_of_partitions_are_refused() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let error = EmbeddedLog::open(folder.path(), PARTITIONS).err().unwrap().to_string();
    assert!(error.contains(folder.path().to_str().unwrap()) && error.contains("--data-dir"), "{error}");
    drop(log);
    assert!(matches!(EmbeddedLog::open(folder.path(), 5), Err(LogError::Setup(_))));
    open(&folder);
}

#[test]
fn shards_commit_side_by_side() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    std::thread::scope(|scope| {
        for partition in 0..PARTITIONS {
            let log = &log;
            scope.spawn(move || {
                let written = append(log, &mut Cursor::default(), partition, 200);
                assert_eq!(read(log, partition, Cursor::default()).unwrap(), written);
            });
        }
    });
    drop(log);
    let mut records = 0;
    dump(folder.path(), &mut |_| {
        records += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(records, 200 * u64::from(PARTITIONS));
    assert_eq!(verify(folder.path(), &mut |_, _| {}).unwrap().partitions[2].records, 200);
}

#[test]
fn a_failed_append_leaves_nothing_and_can_be_repeated() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let mut at = Cursor::default();
    append(&log, &mut at, 0, 2);
    log.fail_next.store(true, Ordering::Relaxed);
    let mut tried = at;
    let refused = commit(&log, vec![next(&mut tried, 0, 9_000, &[])]);
    assert!(matches!(refused, Err(CommitError::Refused(_))));
    append(&log, &mut at, 0, 2);
    assert_eq!(read(&log, 0, Cursor::default()).unwrap().len(), 4);
    drop(log);
    assert_eq!(read(&open(&folder), 0, Cursor::default()).unwrap().len(), 4);
}

#[test]
fn a_batch_that_does_not_continue_its_partition_is_refused() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let mut skipped = Cursor { sequence: 1, ..Cursor::default() };
    let refused = commit(&log, vec![next(&mut skipped, 0, 0, &[])]);
    assert!(matches!(refused, Err(CommitError::Refused(_))));
    append(&log, &mut Cursor::default(), 0, 1);
}

#[test]
fn dead_letters_are_complete_and_never_twice() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dead-letters.jsonl");
    let log = open(&folder);
    let (mut a, mut b) = (Cursor::default(), Cursor::default());
    commit(&log, vec![next(&mut a, 0, 0, &["one", "two"]), next(&mut b, 1, 0, &["three"])]).unwrap();
    commit(&log, vec![next(&mut b, 1, 0, &["four"])]).unwrap();
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.split(|byte| *byte == b'\n').count() - 1, 4);
    let line: serde_json::Value =
        serde_json::from_slice(whole.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(
        (&line["reason"], &line["value"], &line["value_base64"]),
        (&"one".into(), &"b25l/w==".into(), &true.into())
    );
    // Killed anywhere between the journal's fsync and the last byte of the projection.
    let mark = folder.path().join("journal/dead-letters.mark");
    for length in 0..=whole.len() {
        let copy = crashed_copy(&folder);
        fs::copy(&mark, copy.path().join("journal/dead-letters.mark")).unwrap();
        let path = copy.path().join("dead-letters.jsonl");
        fs::write(&path, &whole[..length]).unwrap();
        for _ in 0..2 {
            drop(open(&copy));
            assert_eq!(fs::read(&path).unwrap(), whole, "killed at {length}");
        }
    }
    drop(log);
    fs::remove_file(&path).unwrap();
    drop(open(&folder));
    assert_eq!(fs::read(&path).unwrap(), whole);
}

/// An inbox that notes what it is given.
#[derive(Default)]
struct Inbox(Mutex<Vec<(u16, u64)>>);

impl ShardInbox for Inbox {
    fn try_send(&self, message: FromLog) -> Result<(), InboxError> {
        self.send_blocking(message)
    }

    fn send_blocking(&self, message: FromLog) -> Result<(), InboxError> {
        if let FromLog::Take { partition, goal, .. } = message {
            self.0.lock().unwrap().push((partition, goal));
        }
        Ok(())
    }
}

#[test]
fn shards_get_their_partitions_and_again_after_a_reset() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    append(&log, &mut Cursor::default(), 2, 3);
    let inboxes: Vec<Arc<Inbox>> = vec![Arc::default(), Arc::default()];
    log.start(inboxes.iter().map(|inbox| Arc::clone(inbox) as Arc<dyn ShardInbox>).collect()).unwrap();
    log.reset(1, &[]);
    assert_eq!(*inboxes[0].0.lock().unwrap(), [(0, 0), (2, 3)]);
    assert_eq!(*inboxes[1].0.lock().unwrap(), [(1, 0), (3, 0), (1, 0), (3, 0)]);
    log.stop();
    let after = commit(&log, vec![next(&mut Cursor::default(), 0, 0, &[])]);
    assert!(matches!(after, Err(CommitError::Fatal(_))));
}
