//! A file as a sequence of rows, whatever its format.

use super::{berka, jsonl, table};
use crate::args::{Format, ReplayArgs};
use centime_domain::UserId;
use centime_engine::NewCommand;
use jiff::Timestamp;
use std::io::BufRead;

/// One row of a file.
#[derive(Debug)]
pub(crate) enum Row {
    /// A command, its time set.
    Command(NewCommand),
    /// Something the bank wanted to say: no money moved.
    Note,
    /// Not to be read; `line` counts from 1.
    Unreadable { line: u64, reason: String, bytes: Vec<u8> },
}

/// The rows of a file; an error is the file's, not a row's, and ends the replay.
pub(crate) type Rows<'a> = Box<dyn Iterator<Item = anyhow::Result<Row>> + 'a>;

/// What rows say nothing about.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    /// Whose rows.
    pub user: UserId,
    /// In what currency.
    pub currency: String,
    /// When (jsonl only: tables have dates).
    pub now: Timestamp,
}

impl Defaults {
    pub(crate) fn new(args: &ReplayArgs) -> anyhow::Result<Self> {
        let user =
            UserId::parse(&args.user).map_err(|no| anyhow::anyhow!("--user {:?}: {}", args.user, no.text))?;
        let usual = if args.format == Format::Berka { "CZK" } else { "EUR" };
        let currency = args.currency.clone().unwrap_or_else(|| usual.to_owned());
        Ok(Self { user, currency, now: Timestamp::now() })
    }
}

/// Reads rows.
pub(crate) fn read<'a>(
    format: Format,
    file: impl BufRead + 'a,
    defaults: &Defaults,
) -> anyhow::Result<Rows<'a>> {
    Ok(match format {
        Format::Berka => Box::new(berka::rows(file, &defaults.currency)?),
        Format::Csv => Box::new(table::rows(file, defaults.clone())?),
        Format::Jsonl => Box::new(jsonl::rows(file, defaults.now)),
    })
}
