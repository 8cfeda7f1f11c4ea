//! What a page store can do.

use std::sync::Arc;
use std::time::Duration;

/// Everything of a partition's journal up to `sequence` is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watermark {
    /// Sequence of the last commit record contained.
    pub sequence: u64,
    /// That record's chain hash.
    pub hash: u64,
    /// Where the journal goes on: the log's own hint (file position or offset).
    pub hint: u64,
}

impl Watermark {
    /// Bytes of an encoded watermark.
    const BYTES: usize = 24;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (to, word) in bytes.chunks_exact_mut(8).zip([self.sequence, self.hash, self.hint]) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// `None` if these are not a watermark's bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let word = |at: usize| bytes[at..at + 8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        Some(Self { sequence: word(0), hash: word(8), hint: word(16) })
    }
}

/// A stored page: its key within the user, its bytes.
pub type Row = (Vec<u8>, Vec<u8>);

/// A page to be stored, or to be removed (`None`).
pub type Change = (Vec<u8>, Option<Arc<[u8]>>);

/// Changes of one user's pages.
#[derive(Debug, Clone)]
pub struct UserChanges {
    /// The user's partition.
    pub partition: u16,
    /// The user.
    pub user: Arc<str>,
    /// What changed; no page twice.
    pub changes: Vec<Change>,
}

/// A run of one user's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// First page key, inclusive.
    pub from: &'a [u8],
    /// Last page key, exclusive.
    pub to: &'a [u8],
    /// From the last to the first.
    pub descending: bool,
    /// At most this many.
    pub limit: usize,
}

impl Span<'_> {
    /// No key can be in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.from >= self.to || self.limit == 0
    }

    /// Whether the key lies between its ends.
    pub(crate) fn contains(&self, page: &[u8]) -> bool {
        self.from <= page && page < self.to
    }
}

/// A page store did not do what it was asked. Nothing is lost by it: the journal has everything.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// Its files are damaged. A retry does not help; a restart does: the store will be moved aside and built anew.
    #[error(
        "the page store is damaged ({0}); it will be set aside and rebuilt from the journal at the next start"
    )]
    Broken(String),
    /// The medium refused (full, read-only, no permission). Helps: room or rights, then a restart.
    #[error("the page store can't be used: {0}")]
    Io(String),
    /// Another process has it open. Stop that one, or use another data folder.
    #[error("the page store is in use by another process: {0}")]
    InUse(String),
    /// The writer thread has ended; only after [`crate::Writer::stop`] or a panic inside it. A retry does not help.
    #[error("the page store's writer has ended")]
    WriterEnded,
}

/// Pages by partition, user and page key. A cache: never the only place of anything.
pub trait StateStore: Send + Sync {
    /// One page.
    fn get(&self, partition: u16, user: &str, page: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// A run of one user's pages, in the span's direction.
    fn range(&self, partition: u16, user: &str, span: Span<'_>) -> Result<Vec<Row>, StateError>;

    /// Changes pages: of each user all or none survive a crash. Fastest with many users at a time, sorted.
    fn write(&self, users: &[UserChanges]) -> Result<(), StateError>;

    /// The partition's watermark; `None`: the store knows nothing of this partition.
    fn watermark(&self, partition: u16) -> Result<Option<Watermark>, StateError>;

    /// Sets the partition's watermark. The caller flushes what it covers before.
    fn set_watermark(&self, partition: u16, watermark: Watermark) -> Result<(), StateError>;

    /// Forgets a partition: its watermark first, then its pages.
    fn clear_partition(&self, partition: u16) -> Result<(), StateError>;

    /// Makes everything written so far survive a power cut. Takes milliseconds.
    fn flush(&self) -> Result<(), StateError>;

    /// What is removed from this partition from now on must not be left in the store's files either: [`StateStore::scrub`]
    /// sees to it, if need be after a restart. A store without files has nothing to do.
    fn taint(&self, partition: u16) -> Result<(), StateError> {
        let _ = partition;
        Ok(())
    }

    /// Does a little of what [`StateStore::taint`] asked for, some milliseconds' worth. The thread that writes calls it between
    /// its writes. After how long to call it again; `None`: there is nothing to do.
    fn scrub(&self) -> Result<Option<Duration>, StateError> {
        Ok(None)
    }
}
