//! A store that is gone with the process: for the in-memory log and for tests.

use crate::key;
use crate::store::{Row, Span, StateError, StateStore, UserChanges, Watermark};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Pages in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    pages: BTreeMap<Vec<u8>, Arc<[u8]>>,
    watermarks: BTreeMap<u16, Watermark>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("nothing panics while it holds the lock")
    }
}

impl StateStore for MemoryStore {
    fn get(&self, partition: u16, user: &str, page: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.content().pages.get(&key::of_page(partition, user, page)).map(|value| value.to_vec()))
    }

    fn range(&self, partition: u16, user: &str, span: Span<'_>) -> Result<Vec<Row>, StateError> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let skip = key::of_user(partition, user).len();
        let ends = key::of_page(partition, user, span.from)..key::of_page(partition, user, span.to);
        let content = self.content();
        let rows = content.pages.range(ends).map(|(key, value)| (key[skip..].to_vec(), value.to_vec()));
        Ok(if span.descending {
            rows.rev().take(span.limit).collect()
        } else {
            rows.take(span.limit).collect()
        })
    }

    fn write(&self, users: &[UserChanges]) -> Result<(), StateError> {
        let mut content = self.content();
        for UserChanges { partition, user, changes } in users {
            for (page, value) in changes {
                let key = key::of_page(*partition, user, page);
                match value {
                    Some(value) => content.pages.insert(key, Arc::clone(value)),
                    None => content.pages.remove(&key),
                };
            }
        }
        Ok(())
    }

    fn watermark(&self, partition: u16) -> Result<Option<Watermark>, StateError> {
        Ok(self.content().watermarks.get(&partition).copied())
    }

    fn set_watermark(&self, partition: u16, watermark: Watermark) -> Result<(), StateError> {
        self.content().watermarks.insert(partition, watermark);
        Ok(())
    }

    fn clear_partition(&self, partition: u16) -> Result<(), StateError> {
        let mut content = self.content();
        content.watermarks.remove(&partition);
        content.pages.retain(|key, _| !key.starts_with(&partition.to_be_bytes()));
        Ok(())
    }

    fn flush(&self) -> Result<(), StateError> {
        Ok(())
    }
}
