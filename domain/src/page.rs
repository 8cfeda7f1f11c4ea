//! State in pieces: the unit of state I/O.

/// Names one page of one user's state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PageKey {
    /// Always loaded: everything of a small user.
    Root,
}

impl PageKey {
    /// The key's bytes; byte order is the order of [`PageRange`].
    pub fn to_bytes(&self) -> Vec<u8> {
        unimplemented!()
    }

    /// The inverse of [`PageKey::to_bytes`].
    pub fn from_bytes(_bytes: &[u8]) -> Option<Self> {
        unimplemented!()
    }
}

/// A run of pages a query wants to walk through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRange {
    /// First key, inclusive.
    pub from: Vec<u8>,
    /// Last key, exclusive.
    pub to: Vec<u8>,
    /// Walk from the last to the first.
    pub descending: bool,
    /// At most this many.
    pub limit: usize,
}

/// A page's bytes are not what this version can read: the cache must be rebuilt from the journal.
#[derive(Debug, thiserror::Error)]
#[error("page {key} can't be read: {reason}")]
pub struct PageError {
    /// Which page.
    pub key: String,
    /// Why.
    pub reason: String,
}
