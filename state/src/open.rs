//! Opening sled. It is a cache: what can't be opened is moved aside, and an empty one takes its place.

use crate::part::Part;
use crate::store::StateError;
use crate::successor;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the store is and how it is opened.
#[derive(Debug, Clone)]
pub struct SledConfig {
    /// Its folder (`<data>/sled`).
    pub path: PathBuf,
    /// Most bytes of sled's own page caches. sled uses somewhat more than it is told.
    pub cache_bytes: u64,
    /// Version of the caller's page encoding. A store of another version is moved aside.
    pub page_version: u32,
}

impl SledConfig {
    /// The usual set-up: 8 MiB of cache.
    pub fn new(path: impl Into<PathBuf>, page_version: u32) -> Self {
        Self { path: path.into(), cache_bytes: 8 << 20, page_version }
    }
}

/// How the store was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was there and is in use.
    Found,
    /// There was none.
    Created,
    /// There was one, unusable: it was moved aside and an empty one was made. The journal fills it again.
    Replaced {
        /// What was wrong with it.
        reason: String,
        /// Where it is now. Only the newest such folder is kept.
        moved_to: PathBuf,
    },
}

/// Sled databases in the folder. Each is reopened now and then, for which its readers wait: small ones are quick. They
/// are opened at the same time.
pub(crate) const PARTS: usize = 4;
/// Version of the folder, of the key layout and of the trees' names.
const LAYOUT: u32 = 2;
/// In sled's default tree.
const FORMAT_KEY: &[u8] = b"format";
/// Lies in a folder in which a run found damage that opening alone does not show.
const CONDEMNED: &str = "condemned";
/// In the folder: locked by who uses it.
const LOCK: &str = "lock";
/// Size of a piece of sled's log. See the deadlock at `FLUSH_BYTES`. Also, a quarter of it is the most sled keeps
/// together: at its default, sixteen neighbouring rows of 8 KiB would each time be written to a file of their own.
const SEGMENT_BYTES: usize = 1 << 20;
/// sled lets go of its own lock a moment after it is dropped, so a lock is waited for this many times …
pub(crate) const LOCK_TRIES: u32 = 1_000;
/// … this long.
pub(crate) const LOCK_WAIT: Duration = Duration::from_millis(1);

/// What one of the databases is opened with.
#[derive(Debug, Clone)]
pub(crate) struct PartConfig {
    pub(crate) path: PathBuf,
    pub(crate) cache_bytes: u64,
    pub(crate) page_version: u32,
}

/// Opens the store, or an empty one in its place.
pub(crate) fn open(config: &SledConfig) -> Result<(Vec<Part>, File, Origin), StateError> {
    let existed = config.path.exists();
    let lock = lock(&config.path)?;
    match open_as_is(config) {
        Ok(parts) => Ok((parts, lock, if existed { Origin::Found } else { Origin::Created })),
        Err(StateError::Broken(reason)) => {
            let moved_to = move_aside(&config.path)?;
            tracing::warn!(
                path = %config.path.display(), moved_to = %moved_to.display(), %reason,
                "the page store is unusable; it was moved aside and is rebuilt from the journal"
            );
            let lock = self::lock(&config.path)?;
            Ok((open_as_is(config)?, lock, Origin::Replaced { reason, moved_to }))
        }
        Err(error) => Err(error),
    }
}

/// Notes that the store must not be used again. The next [`open`] moves it aside.
pub(crate) fn condemn(path: &Path, reason: &str) {
    if let Err(error) = fs::write(path.join(CONDEMNED), reason) {
        tracing::warn!(path = %path.display(), %error, "a damaged page store could not be marked; delete it by hand");
    }
}

/// Creates the folder if need be and locks it.
fn lock(path: &Path) -> Result<File, StateError> {
    let io = |error: std::io::Error| StateError::Io(format!("{}: {error}", path.display()));
    fs::create_dir_all(path).map_err(io)?;
    let file = File::create(path.join(LOCK)).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Opens what is there (or creates it), all databases at the same time.
fn open_as_is(config: &SledConfig) -> Result<Vec<Part>, StateError> {
    if let Ok(reason) = fs::read_to_string(config.path.join(CONDEMNED)) {
        return Err(StateError::Broken(reason));
    }
    if config.path.join("db").exists() {
        return Err(StateError::Broken("it is of a version that had a single database".into()));
    }
    let part = |number: usize| PartConfig {
        path: config.path.join(number.to_string()),
        cache_bytes: config.cache_bytes / PARTS as u64,
        page_version: config.page_version,
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..PARTS).map(|number| scope.spawn(move || settle_and_open(part(number)))).collect();
        let opened = threads.into_iter().map(|thread| thread.join().expect("panics inside sled are caught"));
        // All have ended before any is judged: what is broken can be moved only when nothing has it open.
        opened.collect::<Vec<_>>().into_iter().collect()
    })
}

fn settle_and_open(config: PartConfig) -> Result<Part, StateError> {
    let io = |error: std::io::Error| StateError::Io(format!("{}: {error}", config.path.display()));
    successor::settle(&config.path).map_err(io)?;
    Part::open(config)
}

/// Opens one of the databases and checks its format.
pub(crate) fn open_part(config: &PartConfig) -> Result<sled::Db, StateError> {
    let mut tries = 0;
    let db = loop {
        match open_sled(config) {
            Err(StateError::InUse(_)) if tries < LOCK_TRIES => std::thread::sleep(LOCK_WAIT),
            other => break other?,
        }
        tries += 1;
    };
    check_format(&db, config.page_version)?;
    Ok(db)
}

fn open_sled(config: &PartConfig) -> Result<sled::Db, StateError> {
    // The writer thread flushes; sled's own flusher would do it at moments nobody chose.
    let sled = sled::Config::new()
        .path(&config.path)
        .cache_capacity(config.cache_bytes)
        .segment_size(SEGMENT_BYTES)
        .mode(sled::Mode::HighThroughput)
        .flush_every_ms(None);
    guarded("open", || sled.open())
}

/// Compares the store's format with ours; writes ours into a new one.
fn check_format(db: &sled::Db, page_version: u32) -> Result<(), StateError> {
    let ours = format!("centime {LAYOUT}.{page_version}");
    let theirs = guarded("read the format", || db.get(FORMAT_KEY))?;
    match theirs {
        Some(theirs) if theirs == ours.as_bytes() => Ok(()),
        Some(theirs) => {
            let theirs = String::from_utf8_lossy(&theirs);
            Err(StateError::Broken(format!("its format is {theirs:?}, this centime's is {ours:?}")))
        }
        None if db.was_recovered() => Err(StateError::Broken("it has no format version".into())),
        None => guarded("write the format", || {
            db.insert(FORMAT_KEY, ours.as_bytes())?;
            db.flush().map(drop)
        }),
    }
}

/// Renames the folder to `<name>.broken-<n>` and removes older ones.
fn move_aside(path: &Path) -> Result<PathBuf, StateError> {
    let io = |error: std::io::Error| StateError::Io(format!("moving {} aside: {error}", path.display()));
    let older = moved_aside(path).map_err(io)?;
    let next = older.iter().map(|(number, _)| number + 1).max().unwrap_or(1);
    let to = path.with_file_name(format!("{}{next}", moved_prefix(path)));
    fs::rename(path, &to).map_err(io)?;
    remove(older);
    Ok(to)
}

/// Removes what was moved aside, ever.
pub(crate) fn remove_moved_aside(path: &Path) {
    match moved_aside(path) {
        Ok(folders) => remove(folders),
        Err(error) => tracing::warn!(path = %path.display(), %error, "old page stores can't be looked for"),
    }
}

fn moved_prefix(path: &Path) -> String {
    format!("{}.broken-", path.file_name().and_then(|name| name.to_str()).unwrap_or("sled"))
}

/// The stores that were moved aside, with their numbers.
fn moved_aside(path: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let prefix = moved_prefix(path);
    let mut found = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.strip_prefix(&prefix)?.parse().ok());
        found.extend(number.map(|number| (number, entry.path())));
    }
    Ok(found)
}

/// Left-overs cost room only; not worth failing for.
fn remove(folders: Vec<(u64, PathBuf)>) {
    for (_, path) in folders {
        if let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!(path = %path.display(), %error, "an old page store could not be removed");
        }
    }
}

/// Runs one call into sled; a panic inside it (it does, on damaged files) is damage, not the end of the process.
pub(crate) fn guarded<T>(what: &str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, StateError> {
    // sled's handles are unusable after a panic at worst, and a broken store is not used again.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(sort_io(what, &error)),
        Ok(Err(error)) => Err(StateError::Broken(format!("{what}: {error}"))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(StateError::Broken(format!("{what}: sled panicked: {text}")))
        }
    }
}

/// A full disk says nothing about the store; an unexpected end of file does.
fn sort_io(what: &str, error: &std::io::Error) -> StateError {
    let text = format!("{what}: {error}");
    match error.kind() {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::OutOfMemory => StateError::Io(text),
        // sled gives this no kind of its own.
        _ if text.contains("could not acquire lock") => StateError::InUse(text),
        _ => StateError::Broken(text),
    }
}
