//! What the writer and the readers of a journal have in common.

use crate::log::Cursor;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

/// How far the journal is durable.
#[derive(Debug, Clone, Default)]
pub(super) struct Durable {
    /// Global position behind the last durable group.
    pub(super) end: u64,
    /// By partition: the cursor behind its last durable record.
    pub(super) cursors: Vec<Cursor>,
    /// Where the segments start, in order.
    pub(super) starts: Vec<u64>,
}

/// A journal's folder and how far it is durable.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    durable: Mutex<Durable>,
}

impl Shared {
    pub(super) fn new(folder: PathBuf, durable: Durable) -> Self {
        Self { folder, durable: Mutex::new(durable) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Durable> {
        self.durable.lock().expect("nothing panics while it holds the lock")
    }

    /// As of now.
    pub(super) fn durable(&self) -> Durable {
        self.lock().clone()
    }
}
