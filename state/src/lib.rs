//! centime's page store: bytes by user and page, kept as a cache of what the journal says. Knows nothing of finance.
//!
//! Map: [`StateStore`] (`store`: what a store can do, its errors, [`Watermark`]) · [`SledStore`] (`sled_store`, opened by
//! `open`: a damaged or foreign folder is moved aside; `part`: each of its databases, with `begun`;
//! `scrub` and `successor`: one is rewritten after an erasure) · [`MemoryStore`] (`memory`) · `key` (how users and pages become
//! keys) · [`Writer`] (`writer`: the node's one writing thread) · [`WriteBehind`] (`write_behind`: one shard's end of it,
//! with the changes that are not in the store yet).
//!
//! What is deliberately absent: encoding of pages, decisions about what to keep in memory, replay.

mod begun;
mod key;
mod memory;
mod open;
mod part;
mod scrub;
mod sled_store;
mod store;
mod successor;
mod write_behind;
mod writer;

pub use key::MAX_USER_BYTES;
pub use memory::MemoryStore;
pub use open::{Origin, SledConfig};
pub use sled_store::SledStore;
pub use store::{Change, Row, Span, StateError, StateStore, UserChanges, Watermark};
pub use write_behind::WriteBehind;
pub use writer::Writer;
