//! centime's actors: one a user, around the pure domain.
//!
//! Map: `source` (where pages come from: the one thing an actor asks of the outside) · `user` (the actor and its messages)
//! · `turn` (the context it is called in) · `directory` (finds, starts and passivates a shard's actors, and counts their
//! memory). Everything here lives on one shard's thread; nothing here knows about journals, commits or sled.

mod directory;
mod source;
mod turn;
mod user;

pub use directory::{Directory, Passivated};
pub use source::{PageSource, Row, SourceError, Stored};
pub use user::{ActorError, Applied, Apply, Ask, Decide, Decided, NewAlarm, Rung, TakePages, Verdict};
