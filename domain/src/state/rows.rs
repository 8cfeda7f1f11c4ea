//! What is kept of decided commands: who was first, and the transactions they made.

use crate::Date;
use crate::transaction::Transaction;
use serde::{Deserialize, Serialize};

/// A decided command, as far as repeats of it need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// See `Input::body_hash`.
    #[serde(with = "postcard::fixint::le")]
    pub body_hash: u64,
    /// Of the commit record with its outcome.
    pub sequence: u64,
}

/// A decided command that made no transaction, in the root page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeenId {
    /// The hash of its id.
    #[serde(with = "postcard::fixint::le")]
    pub hash: u128,
    /// What is known of it.
    pub origin: Origin,
}

/// A transaction in the root page. Kept encoded: it is small like this, is written to its page as it is, and is
/// seldom looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TailRow {
    /// The hash of its id.
    #[serde(with = "postcard::fixint::le")]
    pub hash: u128,
    /// The command that made it.
    pub origin: Origin,
    /// Its number among the user's transactions.
    pub ordinal: u64,
    /// The encoded transaction; empty: deleted.
    #[serde(with = "bytes")]
    pub encoded: Box<[u8]>,
}

impl TailRow {
    /// The transaction, unless it was deleted.
    pub(crate) fn transaction(&self) -> Option<Transaction> {
        (!self.encoded.is_empty()).then(|| decode(&self.encoded))
    }
}

/// Where a transaction outside the root page is. Kept when it is deleted, so that its id stays taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    /// The command that made it.
    pub origin: Origin,
    /// Its number among the user's transactions.
    pub ordinal: u64,
    /// Its date; `None`: deleted.
    pub date: Option<Date>,
}

pub(crate) fn encode(transaction: &Transaction) -> Box<[u8]> {
    let buffer = Vec::with_capacity(160);
    postcard::to_extend(transaction, buffer).expect("a Vec takes all of it").into_boxed_slice()
}

fn decode(bytes: &[u8]) -> Transaction {
    postcard::from_bytes(bytes).expect("encoded by this process, or checked when the page was read")
}

/// Bytes as bytes: without this serde takes them one by one.
mod bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[u8]>, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Into::into)
    }
}
