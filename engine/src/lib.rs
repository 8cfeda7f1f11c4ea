//! centime's engine: commands in, exactly-once events out.
//!
//! Map: [`Engine`] (the handle everybody outside holds) · `config` · `envelope` (CloudEvents in and out) · `partition`
//! (who belongs where) · `record` (commit records, their frame and hash chain) · `log` (embedded, kafka, inmemory behind
//! one trait) · `shard` (the loop: batch, decide, commit, then tell; recovery and upkeep) · `inbox`, `request`, `shared` (between
//! shards and the rest) · `pages` (the actors' page source) · `feed`, `follow` (committed events to followers) · `as_of` (earlier figures, from the journal) · `clock`.

mod api;
mod as_of;
mod clock;
mod engine;
mod envelope;
mod feed;
mod follow;
mod inbox;
pub mod log;
mod pages;
mod partition;
mod record;
mod request;
mod shard;
mod shared;
#[cfg(test)]
mod tests;

pub use api::*;
pub use clock::Clock;
pub use engine::Engine;
pub use envelope::{CommandEnvelope, EnvelopeError, EventPlace, write_event, write_event_json};
pub use partition::partition_of;
pub use record::{CommitRecord, DeadLetter, NextOffsets, RecordError};

/// Ends the process: going on would break a promise, and the journal knows all that is needed to start again.
pub(crate) fn fatal(why: &str) -> ! {
    tracing::error!(why, "centime can't go on");
    #[expect(clippy::print_stderr, reason = "the last words must be seen even where logs are off")]
    {
        eprintln!("centime can't go on: {why}");
    }
    std::process::exit(70)
}
