//! What a bank file comes to.

use centime_domain::{Amount, Currency, Date, Refusal, is_blank};
use std::collections::{HashMap, HashSet};

/// All that a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// One an account, in the order of the file.
    pub statements: Vec<Statement>,
    /// What could not be read, by line.
    pub errors: Vec<LineError>,
}

/// What a file says of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// The bank's name for the account: its number, IBAN, …
    pub account: Option<String>,
    /// What the account is kept in.
    pub currency: Option<Currency>,
    /// What is in it after the last row, by the bank's books.
    pub balance: Option<Amount>,
    /// How much of it may be spent.
    pub available: Option<Amount>,
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
}

/// One movement of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u32,
    /// When it was booked.
    pub date: Date,
    /// When it began, if the file says that, too.
    pub started: Option<Date>,
    /// How much, below zero: it went.
    pub amount: Amount,
    /// In what, if the row says so.
    pub currency: Option<Currency>,
    /// To or from whom.
    pub payee: Option<String>,
    /// Anything else the bank wrote.
    pub note: Option<String>,
    /// What it was for.
    pub category: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Parts, each with its sign.
    pub splits: Vec<(String, Amount)>,
    /// The bank's id of it, unique within the account.
    pub bank_id: Option<String>,
    /// The bank's kind of transaction, in lower case.
    pub kind: Option<String>,
    /// It moved between accounts of one owner.
    pub transfer: bool,
    /// Not booked yet.
    pub pending: bool,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// Which, from 1.
    pub line: u32,
    /// Why.
    pub reason: Refusal,
}

/// Most characters of a payee; what is longer goes into the note.
const PAYEE: usize = 200;

impl Row {
    /// A row of which only the essentials are known.
    pub(crate) fn new(line: u32, date: Date, amount: Amount) -> Self {
        Self {
            line,
            date,
            started: None,
            amount,
            currency: None,
            payee: None,
            note: None,
            category: None,
            tags: Vec::new(),
            splits: Vec::new(),
            bank_id: None,
            kind: None,
            transfer: false,
            pending: false,
        }
    }

    /// Says to or from whom, and what else there is to know. Without a payee the first of the notes has to do; notes that
    /// repeat it are left out.
    pub(crate) fn describe(&mut self, payee: Option<&str>, notes: &[&str]) {
        let mut notes: Vec<String> = notes.iter().filter_map(|note| line(note)).collect();
        let mut payee = payee.and_then(line);
        if payee.is_none() && !notes.is_empty() {
            payee = Some(notes.remove(0));
        }
        if let Some(long) = payee.take_if(|payee| payee.chars().count() > PAYEE) {
            payee = line(&long.chars().take(PAYEE).collect::<String>());
            notes.insert(0, long);
        }
        notes.dedup();
        notes.retain(|note| Some(note) != payee.as_ref());
        self.payee = payee;
        self.note = (!notes.is_empty()).then(|| notes.join("\n"));
    }
}

impl Statement {
    /// What stands as an id on rows that are not the same is none: rows that are known by it would be lost. What was announced
    /// may be booked otherwise.
    pub(crate) fn drop_shared_ids(&mut self) {
        let mut seen = HashMap::new();
        let mut shared = HashSet::new();
        for row in &self.rows {
            let Some(id) = &row.bank_id else { continue };
            let says = (row.date, row.amount, &row.payee);
            if *seen.entry((id, row.pending)).or_insert(says) != says {
                shared.insert(id.clone());
            }
        }
        for row in &mut self.rows {
            row.bank_id.take_if(|id| shared.contains(id));
        }
    }
}

/// The bank's id of a row. Where banks have none they write so, each in its own way: those words are no ids.
pub(crate) fn bank_id(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    let none = ["NOTPROVIDED", "NONREF", "NOREF", "NOREFERENCE", "NONE", "NULL", "NA"];
    let says_nothing = none.contains(&bare.as_str()) || bare.chars().all(|c| c == '0');
    line(text).filter(|_| !says_nothing)
}

/// A text on one line, without control characters; `None` if nothing is left.
pub(crate) fn line(text: &str) -> Option<String> {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    (!is_blank(&words)).then_some(words)
}

/// The refusal of a file that is not what it was said to be.
pub(crate) fn invalid_file(why: &'static str) -> Refusal {
    Refusal::new("invalid_file", "body", why)
}

/// A line number: lines beyond four thousand million are all the last.
pub(crate) fn line_number(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
