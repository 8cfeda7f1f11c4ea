//! Pages in sled.

use crate::key;
use crate::open::{self, Origin, SledConfig, guarded};
use crate::store::{Row, Span, StateError, StateStore, UserChanges, Watermark};
use std::path::PathBuf;

/// Pages in a sled folder.
pub struct SledStore {
    path: PathBuf,
    db: sled::Db,
    pages: sled::Tree,
    watermarks: sled::Tree,
    origin: Origin,
}

/// A Batch ends with the user who fills it. A Batch costs 150 to 200 µs however small it is (one row each: 6,000 rows/s,
/// 64 rows: 70,000), but it locks readers out while it lasts, and sled's memory grows with its size.
const BATCH_ROWS: usize = 64;
/// Keys removed at a time by [`StateStore::clear_partition`].
const CLEAR_CHUNK: usize = 1_000;

impl SledStore {
    /// Opens the store. One that can't be used is moved aside and replaced by an empty one: see [`SledStore::origin`].
    pub fn open(config: &SledConfig) -> Result<Self, StateError> {
        let (db, origin) = open::open(config)?;
        let tree = |name: &str| guarded("open tree", || db.open_tree(name));
        let (pages, watermarks) = (tree("pages")?, tree("watermarks")?);
        Ok(Self { path: config.path.clone(), db, pages, watermarks, origin })
    }

    /// How the store was found when it was opened.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Runs a call into sled; damage found on the way makes the next start build the store anew.
    fn call<T>(&self, what: &str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, StateError> {
        let result = guarded(what, call);
        if let Err(StateError::Broken(reason)) = &result {
            open::condemn(&self.path, reason);
        }
        result
    }

    fn apply(&self, batch: sled::Batch) -> Result<(), StateError> {
        self.call("write", || self.pages.apply_batch(batch))
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

impl StateStore for SledStore {
    fn get(&self, partition: u16, user: &str, page: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let key = key::of_page(partition, user, page);
        self.call("get", || Ok(self.pages.get(key)?.map(|value| value.to_vec())))
    }

    fn range(&self, partition: u16, user: &str, span: Span<'_>) -> Result<Vec<Row>, StateError> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let skip = key::of_user(partition, user).len();
        let ends = key::of_page(partition, user, span.from)..key::of_page(partition, user, span.to);
        let row = |row: sled::Result<(sled::IVec, sled::IVec)>| {
            row.map(|(key, value)| (key[skip..].to_vec(), value.to_vec()))
        };
        self.call("range", || {
            let rows = self.pages.range(ends);
            if span.descending {
                rows.rev().take(span.limit).map(row).collect()
            } else {
                rows.take(span.limit).map(row).collect()
            }
        })
    }

    fn write(&self, users: &[UserChanges]) -> Result<(), StateError> {
        let mut batch = sled::Batch::default();
        let mut rows = 0;
        for UserChanges { partition, user, changes } in users {
            for (page, value) in changes {
                let key = key::of_page(*partition, user, page);
                match value {
                    Some(value) => batch.insert(key, &**value),
                    None => batch.remove(key),
                }
            }
            rows += changes.len();
            if rows >= BATCH_ROWS {
                self.apply(std::mem::take(&mut batch))?;
                rows = 0;
            }
        }
        if rows > 0 { self.apply(batch) } else { Ok(()) }
    }

    fn watermark(&self, partition: u16) -> Result<Option<Watermark>, StateError> {
        let Some(bytes) = self.call("get watermark", || self.watermarks.get(partition.to_be_bytes()))? else {
            return Ok(None);
        };
        let watermark = Watermark::from_bytes(&bytes);
        watermark.map(Some).ok_or_else(|| {
            let reason = format!("watermark of partition {partition} has {} bytes", bytes.len());
            open::condemn(&self.path, &reason);
            StateError::Broken(reason)
        })
    }

    fn set_watermark(&self, partition: u16, watermark: Watermark) -> Result<(), StateError> {
        let bytes = watermark.to_bytes();
        self.call("set watermark", || self.watermarks.insert(partition.to_be_bytes(), &bytes)).map(drop)
    }

    fn clear_partition(&self, partition: u16) -> Result<(), StateError> {
        // The watermark goes first, durably: without it nobody trusts what is left of the pages.
        self.call("remove watermark", || self.watermarks.remove(partition.to_be_bytes()))?;
        self.flush()?;
        while self.call("clear", || self.clear_some(partition))? > 0 {}
        self.flush()
    }

    fn flush(&self) -> Result<(), StateError> {
        self.call("flush", || self.db.flush()).map(drop)
    }
}
