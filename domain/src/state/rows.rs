//! What is kept of decided commands: who was first, and where the transactions they made are.

use super::Categories;
use super::kept::{self, Kept, put, take};
use crate::transaction::Transaction;
use crate::{CommandId, Date};
use serde::{Deserialize, Serialize};

/// A decided command, as far as repeats of it need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// Half of `Input::body_hash`: another body under the same id is a slip, and one slip in 2^32 may pass for a repeat.
    #[serde(with = "postcard::fixint::le")]
    body: u32,
    /// Of the commit record with its outcome.
    pub sequence: u64,
}

impl Origin {
    pub(crate) fn new(body_hash: u64, sequence: u64) -> Self {
        Self { body: half(body_hash), sequence }
    }

    /// Whether the command had this body.
    pub(crate) fn had_body(&self, body_hash: u64) -> bool {
        self.body == half(body_hash)
    }
}

fn half(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).expect("32 bits")
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

/// What a command made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// No transaction.
    Nothing,
    /// A transaction that was deleted.
    Deleted,
    /// This transaction.
    Transaction(&'a Transaction),
}

// The lowest two bits of `shape`: what a row is about. A transaction may also be `TRANSACTION + 1`, see `kept::write`.
const KIND: u8 = 0b11;
const NOTHING: u8 = 0;
const DELETED: u8 = 1;
const TRANSACTION: u8 = 2;

/// A decided command in the tail: its id ‖ [`Origin`] ‖ `shape` ‖ the transaction, if there is one; each as postcard
/// writes it.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    id: &'a [u8],
    origin: Origin,
    shape: u8,
    kept: Option<Kept<'a>>,
}

impl<'a> Row<'a> {
    /// A row's bytes.
    pub(super) fn write(
        id: &CommandId,
        origin: Origin,
        content: Content<'_>,
        categories: &Categories,
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        put(&mut bytes, &(id, origin));
        match content {
            Content::Nothing => bytes.push(NOTHING),
            Content::Deleted => bytes.push(DELETED),
            Content::Transaction(transaction) => {
                kept::write(transaction, categories, TRANSACTION, &mut bytes);
            }
        }
        bytes
    }

    /// The row these bytes are; `None` if they are none, or name a category that is not.
    pub(super) fn read(bytes: &'a [u8], categories: usize) -> Option<Self> {
        let rest = CommandId::skip(bytes)?;
        let (id, mut rest) = (&bytes[..bytes.len() - rest.len()], rest);
        let origin = take(&mut rest)?;
        let shape: u8 = take(&mut rest)?;
        let kept = match shape & KIND {
            NOTHING | DELETED => rest.is_empty().then_some(None)?,
            _ => Some(Kept::read(shape, rest, categories)?),
        };
        Some(Self { id, origin, shape, kept })
    }

    pub(crate) fn id(&self) -> CommandId {
        postcard::from_bytes(self.id).expect("`read` skipped an id")
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether the command made a transaction, deleted or not.
    pub(crate) fn created(&self) -> bool {
        self.shape & KIND != NOTHING
    }

    /// The transaction's date, unless it was deleted.
    pub(crate) fn date(&self) -> Option<Date> {
        self.kept.as_ref().map(Kept::date)
    }

    /// The transaction, unless there was none, or it was deleted.
    pub(crate) fn transaction(&self, categories: &Categories) -> Option<Transaction> {
        self.kept.as_ref().map(|kept| kept.transaction(self.id(), categories))
    }
}
