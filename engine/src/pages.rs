//! The actors' page source: one shard's write-behind on top of the store.

use centime_actors::{PageSource, Row, SourceError, Stored};
use centime_domain::{PageRange, UserId};
use centime_state::{Span, StateError, WriteBehind};
use std::cell::RefCell;

/// Shared by the shard and its actors, all on one thread.
pub(crate) struct Pages(RefCell<WriteBehind>);

impl Pages {
    pub(crate) fn new(write_behind: WriteBehind) -> Self {
        Self(RefCell::new(write_behind))
    }

    /// The write-behind itself. Nothing that runs under this borrow calls an actor.
    pub(crate) fn store(&self) -> std::cell::RefMut<'_, WriteBehind> {
        self.0.borrow_mut()
    }
}

impl PageSource for Pages {
    fn get(&self, partition: u16, user: &UserId, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
        metrics::counter!("centime_page_reads_total").increment(1);
        self.0.borrow().get(partition, user.as_str(), key).map_err(error)
    }

    fn range(&self, partition: u16, user: &UserId, range: &PageRange) -> Result<Vec<Stored>, SourceError> {
        let span =
            Span { from: &range.from, to: &range.to, descending: range.descending, limit: range.limit };
        self.0.borrow().range(partition, user.as_str(), span).map_err(error)
    }

    fn put(&self, partition: u16, user: &UserId, rows: Vec<Row>) {
        if !rows.is_empty() {
            self.0.borrow_mut().put(partition, user.as_str(), rows);
        }
    }

    fn sweep(&self, partition: u16, user: &UserId, range: &PageRange) {
        self.0.borrow_mut().sweep(partition, user.as_str(), (&range.from, &range.to));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a map_err target")]
fn error(e: StateError) -> SourceError {
    SourceError(e.to_string())
}
