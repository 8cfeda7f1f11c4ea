//! What happened to transactions.

use crate::transaction::Transaction;
use serde::{Deserialize, Serialize};

/// There is a new transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionCreated {
    /// All of it.
    pub transaction: Transaction,
}

/// A transaction is not what it was. Carries both, so that the change can be applied, and understood, on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionUpdated {
    /// What it is now.
    pub transaction: Transaction,
    /// What it was.
    pub previous: Transaction,
}

/// A transaction is no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionDeleted {
    /// What it was.
    pub transaction: Transaction,
}

/// The public form of [`TransactionUpdated`]: the transaction itself, as in the other events, and `previous` beside.
#[derive(Serialize)]
pub(super) struct UpdatedJson<'a> {
    #[serde(flatten)]
    pub transaction: &'a Transaction,
    pub previous: &'a Transaction,
}
