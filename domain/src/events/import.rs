//! What happened to imports.

use crate::{CommandId, Refusal};
use serde::{Deserialize, Serialize};

/// A file, or a part of one, was imported. The transactions it made are in the events before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionsImported {
    /// The import.
    pub import_id: CommandId,
    /// Which part of it, from 1.
    pub part: u32,
    /// The account all rows are of.
    pub account: Option<Box<str>>,
    /// Where the rows are from.
    pub source: Option<Box<str>>,
    /// Rows that were not known before.
    pub new: u32,
    /// Rows that were.
    pub duplicates: u32,
    /// Rows that can't be transactions.
    pub rejected: Box<[RejectedRow]>,
    /// The new transactions' ids, in the order of the rows.
    pub transactions: Box<[CommandId]>,
}

/// A row that can't be a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Where it stands in the file.
    pub line: u32,
    /// Why it can't.
    pub reason: Refusal,
}

/// A part of an import is no more; its ids are free again. The deletions are in the events before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportUndone {
    /// The import.
    pub import_id: CommandId,
    /// Which part of it, from 1.
    pub part: u32,
    /// How many transactions were still there to delete.
    pub deleted: u32,
    /// All that the import had made.
    pub transactions: Box<[CommandId]>,
}
