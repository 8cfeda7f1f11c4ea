//! One sled database of the store, how it is kept quick to open, and how a rewritten copy takes its place.

use crate::begun::{decode, encode};
use crate::key;
use crate::open::{self, PartConfig, guarded};
use crate::store::{Change, StateError, UserChanges};
use crate::successor;
use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// After this many bytes the log is flushed. This bounds memory (sled holds what is not flushed; 1 M pages without a
/// flush: 2 GB), and it keeps sled 0.34 from a deadlock: shrinking its file needs one of its seven pool threads, while
/// it holds a lock for which the others wait when more than six log segments are being written at once.
const FLUSH_BYTES: usize = 512 << 10;
/// After this many bytes the database is closed and opened again. sled notes where its pages are ("snapshot") only when
/// opened, and an opening reads all of the log since the last one.
const REOPEN_BYTES: usize = 48 << 20;
/// Keys removed by [`Part::clear_partition`] between flushes.
const CLEAR_CHUNK: usize = 256;
/// The only key of the tree `begun`.
const LAST: &[u8] = b"last";
/// In sled's default tree, if the log may have rows that nothing must be left of.
const TAINTED: &[u8] = b"tainted";
/// Bytes of rows copied at a time: no more than some milliseconds' work.
const COPY_BYTES: usize = 64 << 10;

/// One sled database. Written by one thread at a time, read by any.
pub(crate) struct Part {
    config: PartConfig,
    /// The error if reopening failed: it does not get better within this process.
    open: RwLock<Result<Open, StateError>>,
    /// Whether `begun` has something.
    begun: AtomicBool,
    /// Whether it is to be rewritten: what [`TAINTED`] says.
    tainted: AtomicBool,
    /// About how many bytes were written since the last flush.
    unflushed: AtomicUsize,
    /// About how many bytes were written since it was opened.
    logged: AtomicUsize,
}

/// The open database.
struct Open {
    db: sled::Db,
    pages: sled::Tree,
    watermarks: sled::Tree,
    /// The changes of the user who was written last if they are of several pages. They are logged before the pages, and
    /// sled recovers its log up to some point; so whoever was only half written is completed from here when the store
    /// is opened. (A sled Batch would do, but costs a log segment's rolling, a lock for all readers, and memory.)
    begun: sled::Tree,
}

impl Part {
    /// Opens what is there, or creates it.
    pub(crate) fn open(config: PartConfig) -> Result<Self, StateError> {
        let open = Open::new(&config)?;
        let tainted = AtomicBool::new(open.is_tainted()?);
        Ok(Self {
            config,
            open: RwLock::new(Ok(open)),
            begun: AtomicBool::new(false),
            tainted,
            unflushed: AtomicUsize::new(0),
            logged: AtomicUsize::new(0),
        })
    }

    /// Reads pages.
    pub(crate) fn pages<T>(
        &self,
        what: &str,
        read: impl FnOnce(&sled::Tree) -> sled::Result<T>,
    ) -> Result<T, StateError> {
        self.with(what, |open| read(&open.pages))
    }

    /// A partition's encoded watermark.
    pub(crate) fn watermark(&self, partition: u16) -> Result<Option<sled::IVec>, StateError> {
        self.with("get watermark", |open| open.watermarks.get(partition.to_be_bytes()))
    }

    pub(crate) fn set_watermark(&self, partition: u16, watermark: &[u8]) -> Result<(), StateError> {
        self.with("set watermark", |open| open.watermarks.insert(partition.to_be_bytes(), watermark))?;
        self.count(watermark.len())
    }

    /// Writes one user's changes; after a crash all or none of them are there.
    pub(crate) fn write(&self, user: &UserChanges) -> Result<(), StateError> {
        let prefix = key::of_user(user.partition, &user.user);
        let bytes = self.with("write", |open| {
            let mut bytes = self.begin(open, &prefix, &user.changes)?;
            for (page, value) in &user.changes {
                let key = [&prefix[..], page].concat();
                bytes += key.len() + value.as_ref().map_or(0, |value| value.len());
                open.put(&key, value.as_deref())?;
            }
            Ok(bytes)
        })?;
        self.count(bytes)
    }

    /// Prepares for being interrupted while these changes are written. About how many bytes that logged.
    fn begin(&self, open: &Open, prefix: &[u8], changes: &[Change]) -> sled::Result<usize> {
        if changes.len() > 1 {
            let begun = encode(prefix, changes);
            let bytes = begun.len();
            open.begun.insert(LAST, begun)?;
            self.begun.store(true, Ordering::Relaxed);
            return Ok(bytes);
        }
        if self.begun.swap(false, Ordering::Relaxed) {
            // It would undo what is written now.
            open.begun.remove(LAST)?;
        }
        Ok(0)
    }

    pub(crate) fn clear_partition(&self, partition: u16) -> Result<(), StateError> {
        // The watermark goes first, durably: without it nobody trusts what is left of the pages.
        self.with("remove watermark", |open| {
            self.begin(open, &[], &[])?;
            open.watermarks.remove(partition.to_be_bytes())
        })?;
        self.flush()?;
        while self.with("clear", |open| open.clear_some(partition))? > 0 {
            self.flush()?;
        }
        self.flush()
    }

    /// Whether there is something to flush.
    pub(crate) fn is_unflushed(&self) -> bool {
        self.unflushed.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn flush(&self) -> Result<(), StateError> {
        self.unflushed.store(0, Ordering::Relaxed);
        self.with("flush", |open| open.db.flush()).map(drop)
    }

    /// Notes that this much was written; flushes and reopens as needed.
    fn count(&self, bytes: usize) -> Result<(), StateError> {
        if self.unflushed.fetch_add(bytes, Ordering::Relaxed) + bytes >= FLUSH_BYTES {
            self.flush()?;
        }
        if self.logged.fetch_add(bytes, Ordering::Relaxed) + bytes >= REOPEN_BYTES {
            self.reopen()?;
        }
        Ok(())
    }

    /// Notes that what is removed from now on must not be left in the files either. Durable before any such removal is.
    pub(crate) fn taint(&self) -> Result<(), StateError> {
        self.with("taint", |open| open.db.insert(TAINTED, &[]))?;
        self.tainted.store(true, Ordering::Relaxed);
        self.count(TAINTED.len())
    }

    pub(crate) fn is_tainted(&self) -> bool {
        self.tainted.load(Ordering::Relaxed)
    }

    /// An empty part for this one's rows, in the folder beside it.
    pub(crate) fn successor(&self) -> Result<Self, StateError> {
        guarded("make room", || Ok(successor::remove_others(&self.config.path)?))?;
        Self::open(PartConfig { path: successor::new(&self.config.path), ..self.config.clone() })
    }

    /// Some of the stored rows, in order, from a key on. None: there are no more.
    pub(crate) fn some_rows(&self, from: &[u8]) -> Result<Vec<(sled::IVec, sled::IVec)>, StateError> {
        let mut bytes = 0;
        self.with("read rows", |open| {
            let rows = open.pages.range(from..);
            rows.take_while(|row| {
                let full = bytes >= COPY_BYTES;
                bytes += row.as_ref().map_or(0, |(key, value)| key.len() + value.len());
                !full
            })
            .collect()
        })
    }

    /// Puts rows of another part as they are.
    pub(crate) fn copy(&self, rows: &[(sled::IVec, sled::IVec)]) -> Result<(), StateError> {
        self.with("copy", |open| rows.iter().try_for_each(|(key, value)| open.put(key, Some(value))))?;
        self.count(rows.iter().map(|(key, value)| key.len() + value.len()).sum())
    }

    /// Closes the database, and opens in its place the part that has all its rows. Readers wait meanwhile. The files of
    /// before are gone then.
    pub(crate) fn give_way(&self, successor: Self) -> Result<(), StateError> {
        let copied = self.copy_watermarks(&successor);
        // It is opened more quickly for having been opened since it was written.
        let reopened = copied.and_then(|()| successor.reopen());
        let closed = successor.close();
        reopened.and(closed)?;
        self.exchange(|| guarded("switch", || Ok(successor::switch(&self.config.path)?)))?;
        guarded("remove", || Ok(successor::remove_others(&self.config.path)?)).or_else(|error| {
            // They are still there: once more.
            self.taint()?;
            Err(error)
        })
    }

    fn copy_watermarks(&self, to: &Self) -> Result<(), StateError> {
        let marks: Vec<_> =
            self.with("read watermarks", |open| open.watermarks.iter().collect::<Result<_, _>>())?;
        to.with("copy watermarks", |open| {
            marks.iter().try_for_each(|(partition, mark)| open.watermarks.insert(partition, mark).map(drop))
        })
    }

    /// Closes it. Panics and errors of closing are told.
    pub(crate) fn close(self) -> Result<(), StateError> {
        let open = self.open.into_inner().unwrap_or_else(PoisonError::into_inner)?;
        open.close()
    }

    /// Closes it and removes its files.
    pub(crate) fn discard(self) -> Result<(), StateError> {
        let path = self.config.path.clone();
        let closed = self.close();
        guarded("discard", || Ok(fs::remove_dir_all(path)?))?;
        closed
    }

    /// Why it can't be used, if it can't.
    pub(crate) fn check(&self) -> Result<(), StateError> {
        self.with("check", |_| Ok(()))
    }

    /// Closes the database and opens it again. Readers wait meanwhile.
    pub(crate) fn reopen(&self) -> Result<(), StateError> {
        self.exchange(|| Ok(()))
    }

    /// Closes the database and opens what is in its folder after `between`.
    fn exchange(&self, between: impl FnOnce() -> Result<(), StateError>) -> Result<(), StateError> {
        self.flush()?;
        // sled does this when it is closed. Done before, readers need not wait for the disk.
        let synced = File::open(self.config.path.join("db")).and_then(|file| file.sync_all());
        guarded("sync", || Ok(synced?))?;
        let start = std::time::Instant::now();
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let closed = std::mem::replace(&mut *open, Err(StateError::WriterEnded));
        closed?.close()?;
        let between = between();
        *open = Open::new(&self.config);
        self.logged.store(0, Ordering::Relaxed);
        tracing::debug!(path = %self.config.path.display(), took = ?start.elapsed(), "a part of the page store was reopened");
        let tainted = open.as_ref().map_err(Clone::clone)?.is_tainted()?;
        self.tainted.store(tainted, Ordering::Relaxed);
        between
    }

    /// Runs a call into sled.
    fn with<T>(&self, what: &str, call: impl FnOnce(&Open) -> sled::Result<T>) -> Result<T, StateError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().map_err(Clone::clone)?;
        guarded(what, || call(open))
    }
}

impl Open {
    fn new(config: &PartConfig) -> Result<Self, StateError> {
        let db = open::open_part(config)?;
        let tree = |name: &str| guarded("open tree", || db.open_tree(name));
        let (pages, watermarks, begun) = (tree("pages")?, tree("watermarks")?, tree("begun")?);
        let open = Self { db, pages, watermarks, begun };
        open.complete()?;
        Ok(open)
    }

    /// sled flushes when dropped, and panics where it can't.
    fn close(self) -> Result<(), StateError> {
        guarded("close", || {
            drop(self);
            Ok(())
        })
    }

    fn is_tainted(&self) -> Result<bool, StateError> {
        guarded("read the taint", || self.db.contains_key(TAINTED))
    }

    /// Completes the changes of the user who was written last.
    fn complete(&self) -> Result<(), StateError> {
        let Some(begun) = guarded("get what was begun", || self.begun.get(LAST))? else { return Ok(()) };
        let rows = decode(&begun).ok_or_else(|| StateError::Broken("what was begun can't be read".into()))?;
        guarded("complete", || {
            rows.into_iter().try_for_each(|(key, value)| self.put(key, value))?;
            self.begun.remove(LAST)?;
            self.db.flush().map(drop)
        })
    }

    fn put(&self, key: &[u8], value: Option<&[u8]>) -> sled::Result<()> {
        match value {
            Some(value) => self.pages.insert(key, value),
            None => self.pages.remove(key),
        }
        .map(drop)
    }

    /// Removes up to [`CLEAR_CHUNK`] pages of a partition; how many.
    fn clear_some(&self, partition: u16) -> sled::Result<usize> {
        let mut removed = 0;
        for key in self.pages.scan_prefix(partition.to_be_bytes()).keys().take(CLEAR_CHUNK) {
            self.pages.remove(key?)?;
            removed += 1;
        }
        Ok(removed)
    }
}
