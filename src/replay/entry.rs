//! A row of a table of transactions, on its way to becoming a command.

use super::rows::Row;
use centime_domain::{CommandId, UserId};
use centime_engine::NewCommand;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

/// One transaction as `create_transaction` takes it; what is blank is left out.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    pub transaction_type: &'static str,
    pub amount: &'a str,
    pub currency: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub category: &'a str,
    pub date: Date,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub payee: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: &'a str,
}

pub(super) const INCOME: &str = "Income";
pub(super) const EXPENSE: &str = "Expense";

impl Entry<'_> {
    /// The command that creates it, or a note if no money moved.
    pub(super) fn row(&self, user: UserId, id: &str) -> Result<Row, String> {
        if self.amount.bytes().all(|b| matches!(b, b'0' | b'.')) && self.amount.contains('0') {
            return Ok(Row::Note);
        }
        Ok(Row::Command(NewCommand {
            user,
            id: CommandId::parse(id).map_err(|no| no.text.to_string())?,
            time: Some(midnight(self.date)?),
            kind: "create_transaction".to_owned(),
            data: serde_json::to_vec(self).expect("text and dates are JSON"),
        }))
    }
}

/// The start of a day, UTC.
pub(super) fn midnight(date: Date) -> Result<Timestamp, String> {
    let day = date.to_zoned(TimeZone::UTC).map_err(|e| e.to_string())?;
    Ok(day.timestamp())
}
