//! Pages in sled.

use crate::key;
use crate::open::{self, Origin, PARTS, SledConfig};
use crate::part::Part;
use crate::scrub::Scrubs;
use crate::store::{Row, Span, StateError, StateStore, UserChanges, Watermark};
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Pages in a folder of several sled databases.
pub struct SledStore {
    path: PathBuf,
    /// Partition p is in the one at `p % PARTS`.
    parts: Vec<Part>,
    scrubs: Mutex<Scrubs>,
    origin: Origin,
    /// Locked: the folder is this process's. Declared last: the lock goes when the databases are closed.
    _lock: File,
}

impl SledStore {
    /// Opens the store. One that can't be used is moved aside and replaced by an empty one: see [`SledStore::origin`].
    pub fn open(config: &SledConfig) -> Result<Self, StateError> {
        let (parts, lock, origin) = open::open(config)?;
        let scrubs = Mutex::new(Scrubs::new(config.path.clone()));
        Ok(Self { path: config.path.clone(), parts, scrubs, origin, _lock: lock })
    }

    /// How the store was found when it was opened.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Closes its databases and opens them again, as it does by itself after every so many bytes: sled then notes where
    /// its pages are, so that a start after a crash has less to read. Readers of the one at hand wait.
    pub fn reopen(&self) -> Result<(), StateError> {
        let _no_scrub = self.scrubs();
        self.checked(self.parts.iter().try_for_each(Part::reopen))
    }

    fn part(&self, partition: u16) -> &Part {
        &self.parts[number(partition)]
    }

    /// Only the one thread that writes waits for this.
    fn scrubs(&self) -> MutexGuard<'_, Scrubs> {
        self.scrubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change, also in the part's copy if there is one under way.
    fn change(
        &self,
        partition: u16,
        change: impl Fn(&Part) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        let mut scrubs = self.scrubs();
        self.checked(change(self.part(partition)))?;
        scrubs.repeat(number(partition), change);
        Ok(())
    }

    /// Passes a result on; damage found on the way makes the next start build the store anew.
    fn checked<T>(&self, result: Result<T, StateError>) -> Result<T, StateError> {
        if let Err(StateError::Broken(reason)) = &result {
            open::condemn(&self.path, reason);
        }
        result
    }
}

/// The number of the part a partition is in.
fn number(partition: u16) -> usize {
    usize::from(partition) % PARTS
}

impl StateStore for SledStore {
    fn get(&self, partition: u16, user: &str, page: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let key = key::of_page(partition, user, page);
        let get = |pages: &sled::Tree| Ok(pages.get(key)?.map(|value| value.to_vec()));
        self.checked(self.part(partition).pages("get", get))
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
        let read = |pages: &sled::Tree| {
            let rows = pages.range(ends);
            if span.descending {
                rows.rev().take(span.limit).map(row).collect()
            } else {
                rows.take(span.limit).map(row).collect()
            }
        };
        self.checked(self.part(partition).pages("range", read))
    }

    fn write(&self, users: &[UserChanges]) -> Result<(), StateError> {
        users.iter().try_for_each(|user| self.change(user.partition, |part| part.write(user)))
    }

    fn watermark(&self, partition: u16) -> Result<Option<Watermark>, StateError> {
        let bytes = self.checked(self.part(partition).watermark(partition))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let watermark = Watermark::from_bytes(&bytes).ok_or_else(|| {
            StateError::Broken(format!("watermark of partition {partition} has {} bytes", bytes.len()))
        });
        self.checked(watermark.map(Some))
    }

    fn set_watermark(&self, partition: u16, watermark: Watermark) -> Result<(), StateError> {
        self.change(partition, |part| part.set_watermark(partition, &watermark.to_bytes()))
    }

    fn clear_partition(&self, partition: u16) -> Result<(), StateError> {
        self.change(partition, |part| part.clear_partition(partition))
    }

    fn flush(&self) -> Result<(), StateError> {
        self.checked(self.parts.iter().filter(|part| part.is_unflushed()).try_for_each(Part::flush))
    }

    fn taint(&self, partition: u16) -> Result<(), StateError> {
        if !self.part(partition).is_tainted() {
            self.scrubs().gather(number(partition));
        }
        self.change(partition, Part::taint)
    }

    fn scrub(&self) -> Result<Option<Duration>, StateError> {
        self.checked(self.scrubs().turn(&self.parts))
    }
}
