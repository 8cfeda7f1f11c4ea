//! What was removed for good is left in no file, whatever happens meanwhile.
#![allow(clippy::unwrap_used)]

use centime_state::{
    Origin, Row, SledConfig, SledStore, Span, StateStore, UserChanges, Watermark, WriteBehind, Writer,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const ALL: Span<'_> = Span { from: b"", to: &[0xff; 4], descending: false, limit: usize::MAX };
/// In the rows of the erased user only.
const SECRET: &[u8] = b"Zanzibar-Pralinen";
/// Partitions 1 and 5 are in the same part.
const PARTITION: u16 = 1;
const USERS: u32 = 3_000;

fn open(folder: &Path) -> SledStore {
    SledStore::open(&SledConfig { cache_bytes: 4 << 20, ..SledConfig::new(folder.join("sled"), 1) }).unwrap()
}

fn mark(sequence: u64) -> Watermark {
    Watermark { sequence, hash: sequence * 7, hint: u64::MAX - sequence }
}

fn write(store: &SledStore, partition: u16, user: &str, rows: &[(&[u8], Option<&[u8]>)]) {
    let changes = rows.iter().map(|(page, value)| (page.to_vec(), value.map(Arc::from))).collect();
    store.write(&[UserChanges { partition, user: user.into(), changes }]).unwrap();
}

/// A store with many users and a secret one.
fn filled(folder: &Path) -> SledStore {
    let store = open(folder);
    for user in 0..USERS {
        let value = user.to_be_bytes().repeat(300);
        write(&store, [1, 5, 2][user as usize % 3], &format!("u{user}"), &[(b"root", Some(&value))]);
    }
    for page in 0..50_u8 {
        write(&store, PARTITION, "erased", &[(&[page], Some(&SECRET.repeat(20))), (b"root", Some(&[page]))]);
    }
    for partition in [1, 5, 2] {
        store.set_watermark(partition, mark(u64::from(partition))).unwrap();
    }
    store.flush().unwrap();
    store
}

/// Removes the secret, as the writer does.
fn erase(store: &SledStore) {
    store.taint(PARTITION).unwrap();
    for page in 0..50_u8 {
        write(store, PARTITION, "erased", &[(&[page], None)]);
    }
    write(store, PARTITION, "erased", &[(b"root", Some(b"gone"))]);
    store.flush().unwrap();
}

type Content = (BTreeMap<(u16, String), Vec<Row>>, Vec<Option<Watermark>>);

fn content(store: &SledStore) -> Content {
    let names = (0..USERS + 100).map(|user| format!("u{user}")).chain(["erased".to_owned()]);
    let mut users = BTreeMap::new();
    for name in names {
        for partition in [1, 5, 2] {
            let rows = store.range(partition, &name, ALL).unwrap();
            if !rows.is_empty() {
                users.insert((partition, name.clone()), rows);
            }
        }
    }
    (users, [1, 5, 2].map(|partition| store.watermark(partition).unwrap()).to_vec())
}

/// Scrubs until nothing is to be done. How many turns it took.
fn scrub(store: &SledStore) -> usize {
    let mut turns = 0;
    while let Some(wait) = store.scrub().unwrap() {
        thread::sleep(wait);
        turns += 1;
    }
    turns
}

/// Files below a folder that have the secret. Some may come and go meanwhile.
fn found(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        if entry.path().is_dir() {
            files.extend(found(&entry.path()));
        } else if fs::read(entry.path())
            .unwrap_or_default()
            .windows(SECRET.len())
            .any(|bytes| bytes == SECRET)
        {
            files.push(entry.path().display().to_string());
        }
    }
    files
}

/// The folders in the store's.
fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("sled")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_scrub_leaves_every_row_and_nothing_of_what_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    assert_eq!(store.scrub().unwrap(), None, "nothing was erased");
    assert!(!found(folder.path()).is_empty());
    erase(&store);
    let before = content(&store);
    assert!(!found(folder.path()).is_empty(), "sled keeps what was removed");

    assert!(scrub(&store) > 0);
    assert_eq!(found(folder.path()), [""; 0]);
    assert_eq!(folders(folder.path()), ["0", "1", "2", "3"]);
    assert_eq!(content(&store), before);

    drop(store);
    let store = open(folder.path());
    assert_eq!(*store.origin(), Origin::Found);
    assert_eq!(content(&store), before);
    assert_eq!(store.scrub().unwrap(), None, "it is done");
}

#[test]
fn what_is_written_during_a_scrub_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    for number in 0..8_000_u32 {
        write(&store, PARTITION, &format!("v{number}"), &[(b"root", Some(&[7; 4_000]))]);
    }
    erase(&store);
    let (mut turns, mut copying) = (0, 0);
    while let Some(wait) = store.scrub().unwrap() {
        // Users copied, to be copied, new ones, of several pages, some removed again, of both partitions and of another part.
        for user in [0, 1, 2, USERS / 2, USERS - 1, USERS + turns] {
            for partition in [1, 5, 2] {
                let value = turns.to_be_bytes();
                write(
                    &store,
                    partition,
                    &format!("u{user}"),
                    &[(b"a", Some(&value)), (b"b", None), (b"root", Some(&value))],
                );
                write(&store, partition, &format!("u{user}"), &[(b"b", Some(&value))]);
            }
        }
        write(&store, 1, "u3", &[(b"root", None)]);
        store.set_watermark(5, mark(100 + u64::from(turns))).unwrap();
        copying += u32::from(folder.path().join("sled/1.new").exists());
        if copying == 2 {
            store.clear_partition(5).unwrap();
        }
        turns += 1;
        thread::sleep(wait.min(Duration::from_millis(20)));
    }
    assert!(copying > 2, "a scrub takes several turns");
    let last = (turns - 1).to_be_bytes().to_vec();
    assert_eq!(found(folder.path()), [""; 0]);
    for user in [0, 1, 2, USERS / 2, USERS - 1, USERS] {
        let expected = if user == USERS { 0_u32.to_be_bytes().to_vec() } else { last.clone() };
        let pages: [&[u8]; 3] = [b"a", b"b", b"root"];
        let expected = pages.map(|page| (page.to_vec(), expected.clone()));
        assert_eq!(store.range(1, &format!("u{user}"), ALL).unwrap(), expected, "u{user}");
    }
    assert_eq!(store.get(1, "u3", b"root").unwrap(), None);
    assert_eq!(store.watermark(5).unwrap(), Some(mark(99 + u64::from(turns))));
    let before = content(&store);
    drop(store);
    assert_eq!(content(&open(folder.path())), before);
}

#[test]
fn an_erasure_during_a_scrub_brings_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    erase(&store);
    while !folder.path().join("sled/1.new").exists() {
        store.scrub().unwrap();
    }
    // The secret gets into the copy, too.
    write(&store, PARTITION, "erased", &[(b"again", Some(SECRET))]);
    store.taint(PARTITION).unwrap();
    write(&store, PARTITION, "erased", &[(b"again", None)]);
    scrub(&store);
    assert_eq!(found(folder.path()), [""; 0]);
}

#[test]
fn a_crash_at_any_moment_leaves_a_store_that_is_scrubbed_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    erase(&store);
    let before = content(&store);
    let image = |name: &str| copy_folder(&folder.path().join("sled"), &folder.path().join(name).join("sled"));
    image("tainted");
    let mut number = 0;
    while let Some(wait) = store.scrub().unwrap() {
        thread::sleep(wait.min(Duration::from_millis(50)));
        if folder.path().join("sled/1.new").exists() && number < 8 {
            image(&number.to_string());
            number += 1;
        }
    }
    drop(store);
    image("scrubbed");
    assert!(number > 0);

    // Between the two renamings, and after both.
    let part = |name: &str, part: &str| folder.path().join(name).join("sled").join(part);
    for name in ["between", "after"] {
        copy_folder(&folder.path().join("scrubbed"), &folder.path().join(name));
        copy_folder(&part("tainted", "1"), &part(name, "1.old"));
    }
    fs::rename(part("between", "1"), part("between", "1.new")).unwrap();
    let clean = ["scrubbed", "between", "after"];

    for name in
        (0..number).map(|n| n.to_string()).chain(["tainted"].into_iter().chain(clean).map(String::from))
    {
        let crashed = folder.path().join(&name);
        let store = open(&crashed);
        assert_eq!(*store.origin(), Origin::Found, "{name}");
        assert_eq!(folders(&crashed), ["0", "1", "2", "3"], "{name}");
        assert!(content(&store) == before, "{name}");
        let turns = scrub(&store);
        assert_eq!(turns == 0, clean.contains(&&*name), "{name}");
        assert_eq!(found(&crashed), [""; 0], "{name}");
        assert!(content(&store) == before, "{name}");
    }
}

#[test]
fn scrubs_of_a_part_are_spaced_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let start = Instant::now();
    erase(&store);
    scrub(&store);
    let took = start.elapsed();
    erase(&store);
    assert!(store.scrub().unwrap().is_some_and(|wait| wait > Duration::from_millis(500)));
    let start = Instant::now();
    scrub(&store);
    assert!(start.elapsed() > took, "the second waits {:?}, the first took {took:?}", start.elapsed());
}

#[test]
fn a_scrub_that_fails_is_put_off_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    erase(&store);
    let before = content(&store);
    fs::write(folder.path().join("sled/1.new"), "in the way").unwrap();
    while store.scrub().unwrap().is_some_and(|wait| wait < Duration::from_secs(50)) {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(store.scrub().unwrap().is_some(), "it is still wanted");
    write(&store, 1, "u0", &[(b"more", Some(b"more"))]);
    write(&store, 1, "u0", &[(b"more", None)]);
    assert!(content(&store) == before);
}

#[test]
fn a_scrub_removes_what_was_once_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let config = SledConfig::new(folder.path().join("sled"), 2);
    let store = SledStore::open(&config).unwrap();
    assert!(matches!(store.origin(), Origin::Replaced { .. }));
    assert!(!found(folder.path()).is_empty());
    erase(&store);
    scrub(&store);
    assert_eq!(found(folder.path()), [""; 0]);
}

#[test]
fn the_writer_scrubs_after_a_sweep_between_its_writes() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let store = Arc::new(open(folder.path()));
    let writer = Writer::start(store.clone()).unwrap();
    let mut shard = writer.shard();
    let put = |shard: &mut WriteBehind, number: u32| {
        shard.put(1, &format!("v{number}"), vec![(b"root".to_vec(), Some(number.to_be_bytes().to_vec()))]);
    };
    shard.sweep(PARTITION, "erased", (&[0], &[50]));
    let (start, mut number) = (Instant::now(), 0);
    while !found(folder.path()).is_empty() {
        put(&mut shard, number);
        number += 1;
        thread::sleep(Duration::from_millis(1));
        assert!(start.elapsed() < Duration::from_mins(1), "the secret stays");
    }
    shard.drain().unwrap();
    assert_eq!(found(folder.path()), [""; 0]);
    for number in 0..number {
        assert_eq!(store.get(1, &format!("v{number}"), b"root").unwrap().unwrap(), number.to_be_bytes());
    }
    assert_eq!(store.range(1, "erased", ALL).unwrap().len(), 1);
    writer.stop().unwrap();
}
