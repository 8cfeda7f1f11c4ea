//! Reads bank files: bytes in, statements out; pure, like the domain.
//!
//! Map: `file` (what a file comes to) · `text` (bytes to text) · `dates` (which order of day and month) · `csv` with
//! `columns` (what banks call them) · `ofx` · `qif` · `camt` with `tree` (XML) · `mt940`. Each reader answers what it could
//! read and names every line it could not; nothing is left out silently.

mod camt;
mod columns;
mod csv;
mod dates;
mod file;
mod mt940;
mod ofx;
mod qif;
mod text;
mod tree;

pub use file::{File, LineError, Row, Statement};

use centime_domain::Refusal;

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header.
    Csv,
    /// OFX and QFX, 1.x (SGML) and 2.x (XML).
    Ofx,
    /// Quicken's.
    Qif,
    /// ISO 20022, camt.053 of any version; camt.052 and .054 read the same.
    Camt053,
    /// SWIFT's.
    Mt940,
}

impl Format {
    /// By its name in the API.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "ofx" => Some(Self::Ofx),
            "qif" => Some(Self::Qif),
            "camt053" => Some(Self::Camt053),
            "mt940" => Some(Self::Mt940),
            _ => None,
        }
    }

    /// The names of all.
    pub const NAMES: &'static str = "csv, ofx, qif, camt053, mt940";
}

/// Reads a file. Refuses with `invalid_file` what is not of the format at all, with `unknown_columns` a table that has no
/// column of dates or of amounts. Lines that can't be read are in [`File::errors`].
pub fn read(format: Format, bytes: &[u8]) -> Result<File, Refusal> {
    let text = text::decode(bytes);
    let mut file = match format {
        Format::Csv => csv::read(&text),
        Format::Ofx => ofx::read(&text),
        Format::Qif => qif::read(&text),
        Format::Camt053 => camt::read(&text),
        Format::Mt940 => mt940::read(&text),
    }?;
    file.statements.iter_mut().for_each(Statement::drop_shared_ids);
    file.errors.sort_by_key(|error| error.line);
    Ok(file)
}
