//! Write-behind and both stores against a plain map.
#![allow(clippy::unwrap_used)]

use centime_state::{
    MemoryStore, Origin, Row, SledConfig, SledStore, Span, StateError, StateStore, UserChanges, Watermark,
    WriteBehind, Writer,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread;
use std::time::Duration;

const ALL: Span<'_> = Span { from: b"", to: &[0xff; 4], descending: false, limit: usize::MAX };

fn sled_config(folder: &Path) -> SledConfig {
    SledConfig { cache_bytes: 4 << 20, ..SledConfig::new(folder.join("sled"), 1) }
}

fn open(folder: &Path) -> SledStore {
    SledStore::open(&sled_config(folder)).unwrap()
}

fn mark(sequence: u64) -> Watermark {
    Watermark { sequence, hash: sequence * 7, hint: u64::MAX - sequence }
}

/// What everything is compared with.
#[derive(Default)]
struct Model(BTreeMap<(u16, String), BTreeMap<Vec<u8>, Vec<u8>>>);

impl Model {
    fn put(&mut self, partition: u16, user: &str, rows: &[(Vec<u8>, Option<Vec<u8>>)]) {
        let pages = self.0.entry((partition, user.into())).or_default();
        for (page, value) in rows {
            match value {
                Some(value) => pages.insert(page.clone(), value.clone()),
                None => pages.remove(page),
            };
        }
    }

    fn range(&self, partition: u16, user: &str, span: Span<'_>) -> Vec<Row> {
        let Some(pages) = self.0.get(&(partition, user.into())) else { return Vec::new() };
        let inside = |(page, _): &(&Vec<u8>, &Vec<u8>)| span.from <= &page[..] && &page[..] < span.to;
        let mut rows: Vec<Row> =
            pages.iter().filter(inside).map(|(page, value)| (page.clone(), value.clone())).collect();
        if span.descending {
            rows.reverse();
        }
        rows.truncate(span.limit);
        rows
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(u16, String, Vec<(Vec<u8>, Option<Vec<u8>>)>),
    Range(u16, String, Vec<u8>, Vec<u8>, bool, usize),
    Clear(u16),
    Drain,
    Reopen,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let partition = || 0..3u16;
    let user = || prop::sample::select(vec!["a", "ab", "a-b", "b"]).prop_map(String::from);
    let page = || prop::collection::vec(0..4u8, 0..3);
    let value = prop::option::weighted(0.7, prop::collection::vec(any::<u8>(), 0..40));
    let rows = prop::collection::vec((page(), value), 1..6);
    prop_oneof![
        12 => (partition(), user(), rows).prop_map(|(p, u, rows)| Step::Put(p, u, rows)),
        8 => (partition(), user(), page(), page(), any::<bool>(), 0..5usize)
            .prop_map(|(p, u, from, to, descending, limit)| Step::Range(p, u, from, to, descending, limit)),
        1 => partition().prop_map(Step::Clear),
        1 => Just(Step::Drain),
        1 => Just(Step::Reopen),
        1 => Just(Step::Restart),
    ]
}

/// Runs the steps. `store` opens the store, at the start and after it was closed; `reopen` makes it reopen itself.
fn run(steps: Vec<Step>, store: impl Fn() -> Arc<dyn StateStore>, reopen: impl Fn()) {
    let mut model = Model::default();
    let mut writer = Writer::start(store()).unwrap();
    let mut shard = writer.shard();
    for step in steps {
        match step {
            Step::Put(partition, user, rows) => {
                model.put(partition, &user, &rows);
                shard.put(partition, &user, rows);
            }
            Step::Range(partition, user, from, to, descending, limit) => {
                let span = Span { from: &from, to: &to, descending, limit };
                assert_eq!(shard.range(partition, &user, span).unwrap(), model.range(partition, &user, span));
            }
            Step::Clear(partition) => {
                shard.clear_partition(partition).unwrap();
                model.0.retain(|(p, _), _| *p != partition);
            }
            Step::Drain => {
                shard.drain().unwrap();
                assert!(shard.is_idle() && shard.pending_bytes() == 0 && shard.pending_rows() == 0);
            }
            Step::Reopen => reopen(),
            Step::Restart => {
                drop(shard);
                writer.stop().unwrap();
                writer = Writer::start(store()).unwrap();
                shard = writer.shard();
            }
        }
        compare(&shard, &model);
    }
}

fn compare(shard: &WriteBehind, model: &Model) {
    for ((partition, user), pages) in &model.0 {
        assert_eq!(shard.range(*partition, user, ALL).unwrap(), model.range(*partition, user, ALL));
        for (page, value) in pages {
            assert_eq!(shard.get(*partition, user, page).unwrap().as_ref(), Some(value));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn memory_store_behaves_like_a_map(steps in prop::collection::vec(step(), 1..60)) {
        let store = Arc::new(MemoryStore::new());
        run(steps, || Arc::clone(&store) as Arc<dyn StateStore>, || {});
    }

    #[test]
    fn sled_store_behaves_like_a_map(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let current = Mutex::new(Weak::new());
        let start = || -> Arc<dyn StateStore> {
            let store = Arc::new(open(folder.path()));
            *current.lock().unwrap() = Arc::downgrade(&store);
            store
        };
        run(steps, start, || current.lock().unwrap().upgrade().unwrap().reopen().unwrap());
    }
}

/// A store whose writes wait until they are let through, and fail when told.
struct Gate {
    inner: MemoryStore,
    open: Mutex<bool>,
    opened: Condvar,
    fails: AtomicBool,
}

impl Gate {
    fn shut() -> Arc<Self> {
        let (inner, fails) = (MemoryStore::new(), AtomicBool::new(false));
        Arc::new(Self { inner, open: Mutex::new(false), opened: Condvar::new(), fails })
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl StateStore for Gate {
    fn get(&self, partition: u16, user: &str, page: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.inner.get(partition, user, page)
    }
    fn range(&self, partition: u16, user: &str, span: Span<'_>) -> Result<Vec<Row>, StateError> {
        self.inner.range(partition, user, span)
    }
    fn write(&self, users: &[UserChanges]) -> Result<(), StateError> {
        drop(self.opened.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap());
        if self.fails.load(Ordering::Relaxed) {
            return Err(StateError::Io("disk full".into()));
        }
        self.inner.write(users)
    }
    fn watermark(&self, partition: u16) -> Result<Option<Watermark>, StateError> {
        self.inner.watermark(partition)
    }
    fn set_watermark(&self, partition: u16, watermark: Watermark) -> Result<(), StateError> {
        self.inner.set_watermark(partition, watermark)
    }
    fn clear_partition(&self, partition: u16) -> Result<(), StateError> {
        self.inner.clear_partition(partition)
    }
    fn flush(&self) -> Result<(), StateError> {
        self.inner.flush()
    }
}

fn put(shard: &mut WriteBehind, user: &str, value: &[u8]) {
    shard.put(0, user, vec![(b"root".to_vec(), Some(value.to_vec()))]);
}

#[test]
fn waiting_changes_are_seen_and_counted_and_a_newer_one_survives_an_older_write() {
    let store = Gate::shut();
    let writer = Writer::start(store.clone()).unwrap();
    let mut shard = writer.shard();
    put(&mut shard, "u", b"1");
    put(&mut shard, "u", b"2");
    assert_eq!(shard.get(0, "u", b"root").unwrap().unwrap(), b"2");
    assert_eq!(store.get(0, "u", b"root").unwrap(), None);
    assert_eq!(shard.pending_rows(), 2);
    assert!(shard.pending_bytes() > 8 && !shard.is_idle());
    store.open();
    shard.drain().unwrap();
    assert!(shard.is_idle());
    assert_eq!(store.get(0, "u", b"root").unwrap().unwrap(), b"2");
}

#[test]
fn a_failed_write_stops_writing_shows_and_never_moves_the_watermark() {
    let store = Gate::shut();
    store.fails.store(true, Ordering::Relaxed);
    let writer = Writer::start(store.clone()).unwrap();
    let (mut shard, other) = (writer.shard(), writer.shard());
    put(&mut shard, "u", b"1");
    shard.watermark(0, mark(1));
    store.open();
    assert!(matches!(shard.drain(), Err(StateError::Io(_))));
    store.fails.store(false, Ordering::Relaxed);
    shard.watermark(0, mark(2));
    assert!(shard.drain().is_err() && other.failed().is_some());
    assert_eq!(shard.stored_watermark(0).unwrap(), None);
    assert_eq!(shard.get(0, "u", b"root").unwrap().unwrap(), b"1");
    assert!(writer.stop().is_err());
}

#[test]
fn after_the_writer_has_ended_a_shard_is_told() {
    let writer = Writer::start(Arc::new(MemoryStore::new())).unwrap();
    let mut shard = writer.shard();
    put(&mut shard, "u", b"1");
    writer.stop().unwrap();
    assert!(shard.is_idle());
    put(&mut shard, "u", b"2");
    assert!(matches!(shard.failed(), Some(StateError::WriterEnded)));
    assert!(matches!(shard.drain(), Err(StateError::WriterEnded)));
}

#[test]
fn clearing_a_partition_leaves_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::start(Arc::new(open(folder.path()))).unwrap();
    let mut shard = writer.shard();
    for partition in [1, 2] {
        for user in 0..1_500 {
            shard.put(partition, &format!("u{user}"), vec![(b"root".to_vec(), Some(vec![1; 10]))]);
        }
        shard.watermark(partition, mark(9));
    }
    shard.clear_partition(1).unwrap();
    assert_eq!(shard.stored_watermark(1).unwrap(), None);
    assert_eq!(shard.stored_watermark(2).unwrap(), Some(mark(9)));
    assert_eq!(shard.get(1, "u7", b"root").unwrap(), None);
    assert_eq!(shard.get(2, "u7", b"root").unwrap().unwrap(), vec![1; 10]);
}

#[test]
fn what_a_watermark_covers_is_there_after_a_crash() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Arc::new(open(folder.path()));
    assert_eq!(*store.origin(), Origin::Created);
    let writer = Writer::start(store.clone()).unwrap();
    let mut shard = writer.shard();
    for user in 0..2_000u32 {
        let rows = ["a", "root"].map(|page| (page.as_bytes().to_vec(), Some(user.to_be_bytes().to_vec())));
        shard.put(3, &format!("u{user}"), rows.to_vec());
    }
    shard.watermark(3, mark(2_000));
    shard.drain().unwrap();
    put(&mut shard, "later", b"x");
    // A crash: the files as they are, nothing closed.
    copy_folder(&folder.path().join("sled"), &copy.path().join("sled"));

    let store = open(copy.path());
    assert_eq!(*store.origin(), Origin::Found);
    assert_eq!(store.watermark(3).unwrap(), Some(mark(2_000)));
    for user in 0..2_000u32 {
        let rows = store.range(3, &format!("u{user}"), ALL).unwrap();
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|(_, value)| *value == user.to_be_bytes()));
    }
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
fn a_damaged_store_is_moved_aside_and_only_the_newest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=2 {
        let store = open(folder.path());
        let changes = vec![(b"root".to_vec(), Some(b"x".as_slice().into()))];
        store.write(&[UserChanges { partition: 0, user: "u".into(), changes }]).unwrap();
        store.flush().unwrap();
        drop(store);
        for file in ["conf", "db"] {
            fs::write(folder.path().join("sled").join(round.to_string()).join(file), vec![0xa5; 3_000])
                .unwrap();
        }
        let store = open(folder.path());
        let Origin::Replaced { moved_to, .. } = store.origin() else { panic!("{:?}", store.origin()) };
        assert_eq!(*moved_to, folder.path().join(format!("sled.broken-{round}")));
        assert!(moved_to.join("0").join("db").exists());
        assert_eq!(store.get(0, "u", b"root").unwrap(), None);
    }
    assert!(!folder.path().join("sled.broken-1").exists());
}

#[test]
fn a_store_of_another_page_version_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let config = SledConfig { page_version: 2, ..sled_config(folder.path()) };
    let store = SledStore::open(&config).unwrap();
    assert!(matches!(store.origin(), Origin::Replaced { .. }));
    drop(store);
    assert_eq!(*SledStore::open(&config).unwrap().origin(), Origin::Found);
}

#[test]
fn a_store_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path());
    assert!(matches!(SledStore::open(&sled_config(folder.path())), Err(StateError::InUse(_))));
}

#[test]
fn a_store_of_the_older_layout_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    drop(sled::open(folder.path().join("sled")).unwrap());
    assert!(matches!(open(folder.path()).origin(), Origin::Replaced { .. }));
}

#[test]
fn reopening_during_reads_and_writes_loses_nothing() {
    const USERS: u32 = 200;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let writer = Writer::start(store.clone()).unwrap();
    let mut shard = writer.shard();
    let done = AtomicBool::new(false);
    let name = |user: u32| format!("u{user}");
    for user in 0..USERS {
        shard.put((user % 12) as u16, &name(user), vec![(b"root".to_vec(), Some(vec![0; 4_000]))]);
    }
    shard.drain().unwrap();
    thread::scope(|scope| {
        for start in 0..2 {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                let mut seen = [0; USERS as usize];
                for user in (start..USERS).cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
                    let root = store.get((user % 12) as u16, &name(user), b"root").unwrap().unwrap();
                    // A value is whole and never older than one seen before.
                    assert!(root.len() == 4_000 && root.iter().all(|byte| *byte == root[0]));
                    assert!(root[0] >= seen[user as usize]);
                    seen[user as usize] = root[0];
                }
            });
        }
        // 4 parts of 48 MiB: each is reopened by itself at least once.
        for round in 1..=250 {
            for user in 0..USERS {
                let rows = ["root", "page"].map(|page| (page.as_bytes().to_vec(), Some(vec![round; 4_000])));
                shard.put((user % 12) as u16, &name(user), rows.to_vec());
            }
            shard.drain().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    for user in 0..USERS {
        let rows = store.range((user % 12) as u16, &name(user), ALL).unwrap();
        assert!(rows.len() == 2 && rows.iter().all(|(_, value)| *value == [250; 4_000]));
    }
}

/// Set in the process that [`a_user_is_never_half_written_by_a_process_that_was_killed`] starts and kills.
const KILLED: &str = "CENTIME_TEST_KILLED";
/// The first number it writes.
const FIRST: &str = "CENTIME_TEST_FIRST";

#[test]
fn a_user_is_never_half_written_by_a_process_that_was_killed() {
    const NAME: &str = "a_user_is_never_half_written_by_a_process_that_was_killed";
    const USERS: u64 = 50;
    let pages = |user: u64| 1 + (user % 5) as u8;
    if let Some(folder) = std::env::var_os(KILLED) {
        let writer = Writer::start(Arc::new(open(Path::new(&folder)))).unwrap();
        let mut shard = writer.shard();
        let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
        // The next one begins with scrubs of all parts, and is killed in the midst of one.
        (0..4).for_each(|partition| shard.sweep(partition, "nobody", (b"a", b"b")));
        for number in first.. {
            let user = number * 7 % USERS;
            let value = || Some(number.to_be_bytes().repeat(40));
            let rows = (0..pages(user)).map(|page| (vec![b'0' + page], value()));
            shard.put((user % 12) as u16, &format!("u{user}"), rows.collect());
            shard.watermark((user % 12) as u16, mark(number));
            while shard.pending_rows() > 1_000 {
                thread::sleep(Duration::from_micros(100));
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env(KILLED, folder.path())
            .env(FIRST, (1 + round * 10_000_000).to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(150 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        let store = open(folder.path());
        assert!(!matches!(store.origin(), Origin::Replaced { .. }), "{:?}", store.origin());
        let mut values = BTreeMap::new();
        for user in 0..USERS {
            let rows = store.range((user % 12) as u16, &format!("u{user}"), ALL).unwrap();
            let Some((_, first)) = rows.first() else { continue };
            assert_eq!(rows.len(), usize::from(pages(user)), "round {round}, user {user}");
            assert!(rows.iter().all(|(_, value)| value == first), "round {round}, user {user}");
            values.insert(user, u64::from_be_bytes(first[..8].try_into().unwrap()));
        }
        for partition in 0..12 {
            let Some(mark) = store.watermark(partition).unwrap() else { continue };
            let value = values[&(mark.sequence * 7 % USERS)];
            assert!(
                value >= mark.sequence,
                "round {round}: {value} is older than watermark {}",
                mark.sequence
            );
        }
    }
}

#[test]
fn a_swept_run_is_gone_from_the_store_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    for store in [Arc::new(MemoryStore::new()) as Arc<dyn StateStore>, Arc::new(open(folder.path()))] {
        let writer = Writer::start(Arc::clone(&store)).unwrap();
        let mut shard = writer.shard();
        // More than one write removes.
        let rows: Vec<_> = (0_u16..500).map(|n| (n.to_be_bytes().to_vec(), Some(vec![1]))).collect();
        shard.put(1, "ada", rows.clone());
        shard.put(1, "adb", rows.clone());
        shard.put(2, "ada", rows);
        shard.sweep(1, "ada", (&10_u16.to_be_bytes(), &490_u16.to_be_bytes()));
        shard.put(1, "ada", vec![(100_u16.to_be_bytes().to_vec(), Some(vec![2]))]);
        shard.drain().unwrap();
        let count = |partition, user| store.range(partition, user, ALL).unwrap().len();
        assert_eq!((count(1, "ada"), count(1, "adb"), count(2, "ada")), (21, 500, 500));
        assert_eq!(store.get(1, "ada", &100_u16.to_be_bytes()).unwrap(), Some(vec![2]));
        writer.stop().unwrap();
    }
}
