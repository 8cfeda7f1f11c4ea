//! Where pages come from.

use centime_domain::{PageRange, UserId};

/// A page's key and its bytes (`None`: the page is gone).
pub type Row = (Vec<u8>, Option<Vec<u8>>);

/// A stored page: its key and its bytes.
pub type Stored = (Vec<u8>, Vec<u8>);

/// Loads committed pages of users, and takes changed ones. Implemented by the engine on top of its page store.
pub trait PageSource {
    /// One page; `None` if there is none.
    fn get(&self, partition: u16, user: &UserId, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError>;

    /// A run of pages.
    fn range(&self, partition: u16, user: &UserId, range: &PageRange) -> Result<Vec<Stored>, SourceError>;

    /// Changed pages of committed state: `get` and `range` show them from now on.
    fn put(&self, partition: u16, user: &UserId, rows: Vec<Row>);

    /// Removes a run of pages that nobody reads any more, after everything put so far. The range's limit is for nothing.
    fn sweep(&self, partition: u16, user: &UserId, range: &PageRange);
}

/// Pages can't be had; they must be rebuilt from the journal.
#[derive(Debug, Clone, thiserror::Error)]
#[error("pages can't be read: {0}")]
pub struct SourceError(pub String);
