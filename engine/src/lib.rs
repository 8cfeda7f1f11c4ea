//! centime's engine: commands in, exactly-once events out.
//!
//! Map: [`Engine`] (the handle everybody outside holds) · `config` · `envelope` (CloudEvents in and out) · `partition`
//! (who belongs where) · `record` (commit records, their frame and hash chain) · `log` (embedded, kafka, inmemory behind
//! one trait) · `shard` (the loop: batch, decide, commit, then tell) · `recovery` · `write_behind` · `feed` · `clock`.

mod api;
mod clock;
mod envelope;
pub mod log;
mod partition;
mod record;

pub use api::*;
pub use clock::Clock;
pub use envelope::{CommandEnvelope, EnvelopeError, EventPlace, write_event, write_event_json};
pub use partition::partition_of;
pub use record::{CommitRecord, DeadLetter, NextOffsets, RecordError};
