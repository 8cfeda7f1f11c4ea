//! State in pieces: the unit of state I/O.

use crate::stable_hash::import_hash;
use crate::{CommandId, Currency, Date, Month};

/// Names one page of one user's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PageKey {
    /// Always loaded: everything of a small user.
    Root,
    /// Where a transaction that left the root page is, by the hash of its id.
    Transaction(u128),
    /// A transaction that left the root page, by date and by its number among the user's transactions.
    ByDate(Date, u64),
    /// A decided command that left the root page, by the hash of its id.
    SeenId(u128),
    /// The month totals of a year that left the root page, for one block of lines (see `state::line`).
    Totals {
        /// The year.
        year: u16,
        /// Which block of lines.
        block: u16,
    },
    /// The exchange rates of a pair of currencies in a year.
    Rates {
        /// The currency a unit of which …
        from: Currency,
        /// … was worth so many of this one.
        to: Currency,
        /// The year.
        year: u16,
    },
    /// What a part of an import made, by the hash of the import's id and the part.
    Import(u128),
    /// No page but a run of them: the transactions of a month that left the root page (see `UserState::run`).
    Month(Month),
    /// The last payments of a payee that left the root page, by the hash of direction, currency and name.
    Payee(u64),
}

const ROOT: u8 = 0;
const TRANSACTION: u8 = 1;
const BY_DATE: u8 = 2;
const SEEN_ID: u8 = 3;
const TOTALS: u8 = 4;
const RATES: u8 = 8;
const IMPORT: u8 = 5;
const PAYEE: u8 = 7;
const MONTH: u8 = 9;

impl PageKey {
    /// The page of a part of an import.
    pub(crate) fn import(id: &CommandId, part: u32) -> Self {
        Self::Import(import_hash(id, part))
    }

    /// The key's bytes; byte order is the order of [`PageRange`].
    pub fn to_bytes(&self) -> Vec<u8> {
        match *self {
            Self::Root => vec![ROOT],
            Self::Transaction(hash) => tagged(TRANSACTION, &[&hash.to_be_bytes()]),
            Self::ByDate(date, ordinal) => {
                tagged(BY_DATE, &[&date.packed().to_be_bytes(), &ordinal.to_be_bytes()])
            }
            Self::SeenId(hash) => tagged(SEEN_ID, &[&hash.to_be_bytes()]),
            Self::Rates { from, to, year } => {
                let [from, to] = [from, to].map(|currency| currency.number().to_be_bytes());
                tagged(RATES, &[&from, &to, &year.to_be_bytes()])
            }
            Self::Import(hash) => tagged(IMPORT, &[&hash.to_be_bytes()]),
            Self::Month(month) => {
                tagged(MONTH, &[&month.year().to_be_bytes(), &month.of_year().to_be_bytes()])
            }
            Self::Payee(hash) => tagged(PAYEE, &[&hash.to_be_bytes()]),
            Self::Totals { year, block } => tagged(TOTALS, &[&year.to_be_bytes(), &block.to_be_bytes()]),
        }
    }

    /// The inverse of [`PageKey::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        match (*tag, rest.len()) {
            (ROOT, 0) => Some(Self::Root),
            (TRANSACTION, 16) => Some(Self::Transaction(u128::from_be_bytes(rest.try_into().ok()?))),
            (BY_DATE, 12) => {
                let date = Date::from_packed(u32::from_be_bytes(rest[..4].try_into().ok()?))?;
                Some(Self::ByDate(date, u64::from_be_bytes(rest[4..].try_into().ok()?)))
            }
            (SEEN_ID, 16) => Some(Self::SeenId(u128::from_be_bytes(rest.try_into().ok()?))),
            (PAYEE, 8) => Some(Self::Payee(u64::from_be_bytes(rest.try_into().ok()?))),
            (IMPORT, 16) => Some(Self::Import(u128::from_be_bytes(rest.try_into().ok()?))),
            (TOTALS, 4) => Some(Self::Totals {
                year: u16::from_be_bytes(rest[..2].try_into().ok()?),
                block: u16::from_be_bytes(rest[2..].try_into().ok()?),
            }),
            (MONTH, 4) => {
                let number = |at: usize| Some(u16::from_be_bytes(rest[at..at + 2].try_into().ok()?));
                Some(Self::Month(Month::new(number(0)?, number(2)?)?))
            }
            (RATES, 6) => {
                let number = |at: usize| Some(u16::from_be_bytes(rest[at..at + 2].try_into().ok()?));
                let (from, to) = (Currency::numbered(number(0)?)?, Currency::numbered(number(2)?)?);
                Some(Self::Rates { from, to, year: number(4)? })
            }
            _ => None,
        }
    }
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(17);
    bytes.push(tag);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// A run of pages a query wants to walk through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRange {
    /// First key, inclusive.
    pub from: Vec<u8>,
    /// Last key, exclusive.
    pub to: Vec<u8>,
    /// Walk from the last to the first.
    pub descending: bool,
    /// At most this many.
    pub limit: usize,
}

/// A page's bytes are not what this version can read: the cache must be rebuilt from the journal.
#[derive(Debug, thiserror::Error)]
#[error("page {key} can't be read: {reason}")]
pub struct PageError {
    /// Which page.
    pub key: String,
    /// Why.
    pub reason: String,
}

impl PageError {
    pub(crate) fn new(key: PageKey, reason: impl std::fmt::Display) -> Self {
        Self { key: format!("{key:?}"), reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_itself_back() {
        let keys = [
            PageKey::Root,
            PageKey::Transaction(7),
            PageKey::ByDate(Date::FIRST, u64::MAX),
            PageKey::SeenId(u128::MAX),
            PageKey::Totals { year: 2026, block: 3 },
            PageKey::Rates { from: Currency::EUR, to: Currency::read("USD").expect("known"), year: 2026 },
            PageKey::Import(3),
            PageKey::Month(Month::FIRST),
            PageKey::Payee(u64::MAX),
        ];
        for key in keys {
            assert_eq!(PageKey::from_bytes(&key.to_bytes()), Some(key));
        }
        assert_eq!(PageKey::from_bytes(&[]), None);
        assert_eq!(PageKey::from_bytes(&[9]), None);
        assert_eq!(PageKey::from_bytes(&[ROOT, 0]), None);
    }

    #[test]
    fn the_bytes_order_like_the_days() {
        let early = PageKey::ByDate(Date::read("2025-12-31").expect("a date"), 9).to_bytes();
        let late = PageKey::ByDate(Date::read("2026-01-01").expect("a date"), 1).to_bytes();
        assert!(early < late);
    }
}
