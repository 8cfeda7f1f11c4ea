//! Tables: which character parts the fields, where the header is, and what the rows say.

use crate::columns::{Column, Columns};
use crate::dates::{self, Order};
use crate::file::{File, LineError, Row, Statement, bank_id, line, line_number};
use centime_domain::{Amount, Currency, Date, Marks, Refusal, Written};

/// A header stands within so many lines: banks write who they are first.
const PREAMBLE: usize = 40;

/// One record, and the line it begins on.
type Record = (u32, Vec<String>);

/// Reads a table.
pub(crate) fn read(text: &str) -> Result<File, Refusal> {
    let table = [b',', b';', b'\t', b'|']
        .into_iter()
        .filter_map(|delimiter| Table::find(text, delimiter))
        .max_by_key(|table| table.columns.len())
        .ok_or_else(|| {
            let why = "no header was found with a column of dates and one of amounts (or debits and credits): name them, as in Date;Payee;Amount";
            Refusal::new("unknown_columns", "body", why)
        })?;
    Ok(table.file())
}

/// Counts lines. (The reader's own numbers are those of the blank lines before a record.)
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first character that ends no line, from a byte on.
    fn at(&mut self, byte: u64) -> u32 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(found) = self.text.get(self.byte)
            && (self.byte < byte || matches!(found, b'\n' | b'\r'))
        {
            self.line += u64::from(*found == b'\n');
            self.byte += 1;
        }
        line_number(self.line)
    }
}

struct Table {
    columns: Columns,
    records: Vec<Record>,
}

impl Table {
    /// The table a text is with this delimiter, if that shows a header.
    fn find(text: &str, delimiter: u8) -> Option<Self> {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader =
            reader.delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut records: Vec<Record> = Vec::new();
        let mut lines = Lines { text: text.as_bytes(), byte: 0, line: 1 };
        for record in reader.records() {
            let record = record.ok()?;
            let at = record.position().map_or(0, csv::Position::byte);
            records.push((lines.at(at), record.iter().map(|field| field.trim().to_owned()).collect()));
        }
        let header = records.iter().take(PREAMBLE).position(|(_, fields)| Columns::of(fields).is_some())?;
        let columns = Columns::of(&records[header].1)?;
        Some(Self { columns, records: records.split_off(header + 1) })
    }

    fn cell<'a>(&self, record: &'a Record, column: Column) -> &'a str {
        let place = self.columns.place(column);
        place.and_then(|place| record.1.get(place)).map_or("", String::as_str)
    }

    fn cells(&self, column: Column) -> impl Iterator<Item = &str> {
        self.records.iter().map(move |record| self.cell(record, column)).filter(|cell| !cell.is_empty())
    }

    fn file(&self) -> File {
        let marks = self.marks();
        let reader = Reader {
            table: self,
            marks,
            order: self.order(marks),
            debits_negative: self.debits_negative(marks),
            directed: self.is_directed(marks),
        };
        let mut file = File::default();
        let mut balances: Vec<Option<(Date, Amount)>> = Vec::new();
        for record in self.records.iter().filter(|(_, fields)| fields.iter().any(|field| !field.is_empty())) {
            match reader.row(record) {
                Ok(row) => {
                    let place = self.statement(record, &mut file);
                    balances.resize(file.statements.len(), None);
                    self.note_balance(record, &row, marks, &mut balances[place]);
                    file.statements[place].rows.push(row);
                }
                Err(reason) => file.errors.push(LineError { line: record.0, reason }),
            }
        }
        if file.statements.is_empty() {
            file.statements.push(Statement { currency: self.columns.currency, ..Statement::default() });
        }
        for (statement, balance) in file.statements.iter_mut().zip(balances) {
            statement.balance = balance.map(|(_, balance)| balance);
        }
        file
    }

    /// The statement of a record's account.
    fn statement(&self, record: &Record, file: &mut File) -> usize {
        let account = line(self.cell(record, Column::Account));
        let known = file.statements.iter().position(|statement| statement.account == account);
        known.unwrap_or_else(|| {
            let named = Currency::read(self.cell(record, Column::Currency)).ok();
            let currency = self.columns.currency.or(named);
            file.statements.push(Statement { account, currency, ..Statement::default() });
            file.statements.len() - 1
        })
    }

    /// The balance of the latest day; within a day of the last row, or of the first if the newest come first.
    fn note_balance(&self, record: &Record, row: &Row, marks: Marks, latest: &mut Option<(Date, Amount)>) {
        let Ok(written) = Written::read(self.cell(record, Column::Balance), marks) else { return };
        let newer = |(date, _): (Date, Amount)| row.date > date || (row.date == date && !self.newest_first());
        if latest.is_none_or(newer) {
            *latest = Some((row.date, written.amount));
        }
    }

    /// What a record says of its day: booked, or at least begun.
    fn date<'a>(&self, record: &'a Record) -> &'a str {
        let places = self.columns.all(Column::Date).chain(self.columns.all(Column::Started));
        let mut cells = places.filter_map(|place| record.1.get(place));
        cells.find(|cell| !cell.is_empty()).map_or("", String::as_str)
    }

    fn dates(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| self.date(record)).filter(|date| !date.is_empty())
    }

    fn newest_first(&self) -> bool {
        let marks = Marks::Unknown;
        let order = self.order(marks);
        let mut dates = self.dates().filter_map(|cell| dates::read(cell, order).ok());
        let first = dates.next();
        first > dates.last()
    }

    /// Which decimal mark the amounts and balances show; nothing if they disagree.
    fn marks(&self) -> Marks {
        let columns = [Column::Amount, Column::Debit, Column::Credit, Column::Balance];
        let mut proofs =
            columns.into_iter().flat_map(|column| self.cells(column)).filter_map(Written::proves);
        match proofs.next() {
            Some(mark) if proofs.all(|other| other == mark) => Marks::Decimal(mark),
            _ => Marks::Unknown,
        }
    }

    /// Where the dates leave it open: with slashes and decimal points the month comes first.
    fn order(&self, marks: Marks) -> Order {
        let slashes = self.dates().all(|cell| cell.contains('/'));
        let otherwise =
            if slashes && marks != Marks::Decimal(',') { Order::MonthFirst } else { Order::DayFirst };
        dates::order(self.dates(), otherwise)
    }

    /// Whether debits are written with a sign: then it says nothing more.
    fn debits_negative(&self, marks: Marks) -> bool {
        let amounts = self.cells(Column::Debit).filter_map(|cell| Written::read(cell, marks).ok());
        let mut counted = amounts.map(|written| written.amount).filter(|amount| !amount.is_zero()).peekable();
        counted.peek().is_some() && counted.all(|amount| amount < Amount::ZERO)
    }

    /// Whether a column of its own says which way the money went: all its words do, and the amounts don't.
    fn is_directed(&self, marks: Marks) -> bool {
        let unsigned =
            |cell: &str| Written::read(cell, marks).is_ok_and(|written| written.amount >= Amount::ZERO);
        let mut words = self.cells(Column::Direction).peekable();
        words.peek().is_some()
            && words.all(|word| went(word).is_some())
            && self.cells(Column::Amount).filter(|cell| Written::read(cell, marks).is_ok()).all(unsigned)
    }
}

/// Whether a word says that money went; `None` if it says nothing of the kind.
fn went(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "debit" | "d" | "dr" | "db" | "dbit" | "s" | "soll" | "af" | "-" | "out" | "withdrawal"
        | "expense" | "dare" => Some(true),
        "credit" | "c" | "cr" | "crdt" | "h" | "haben" | "bij" | "+" | "in" | "deposit" | "income"
        | "avere" => Some(false),
        _ => None,
    }
}

/// Labels, parted by commas or semicolons; where there are none, by spaces.
fn tags(cell: &str) -> Vec<String> {
    let marks: &[char] = &[',', ';', '|'];
    let parts: Vec<&str> =
        if cell.contains(marks) { cell.split(marks).collect() } else { cell.split_whitespace().collect() };
    let mut tags: Vec<String> = Vec::new();
    for tag in parts.into_iter().filter_map(|part| line(part.trim().trim_start_matches('#'))) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

struct Reader<'a> {
    table: &'a Table,
    marks: Marks,
    order: Order,
    debits_negative: bool,
    directed: bool,
}

impl Reader<'_> {
    fn row(&self, record: &Record) -> Result<Row, Refusal> {
        let cell = |column| self.table.cell(record, column);
        let written = self.amount(record)?;
        let date = dates::read(self.table.date(record), self.order)?;
        let mut row = Row::new(record.0, date, written.amount.minus(self.fee(record)?));
        row.started = dates::read(cell(Column::Started), self.order).ok();
        row.currency = self.currency(cell(Column::Currency), written.currency)?;
        let texts: Vec<&str> = self
            .table
            .columns
            .all(Column::Text)
            .filter_map(|place| record.1.get(place))
            .map(String::as_str)
            .collect();
        row.describe(Some(cell(Column::Payee)), &texts);
        row.category = line(cell(Column::Category));
        row.bank_id = bank_id(cell(Column::BankId));
        row.tags = tags(cell(Column::Tags));
        match cell(Column::Status).to_lowercase().as_str() {
            "pending" | "vorgemerkt" | "authorised" | "authorized" => row.pending = true,
            "declined" | "failed" | "reverted" | "cancelled" | "canceled" | "rejected" => {
                return Err(Refusal::new(
                    "not_executed",
                    "status",
                    "the bank says that this was not carried out",
                ));
            }
            _ => {}
        }
        Ok(row)
    }

    /// A cell that may be empty.
    fn written(
        &self,
        record: &Record,
        column: Column,
        field: &'static str,
    ) -> Result<Option<Written>, Refusal> {
        let cell = self.table.cell(record, column);
        let empty = cell.is_empty() || cell == "-";
        (!empty).then(|| Written::read(cell, self.marks).map_err(|no| no.at(field))).transpose()
    }

    /// What the bank took beside the amount. It always goes, with a minus or without.
    fn fee(&self, record: &Record) -> Result<Amount, Refusal> {
        let fee = self.written(record, Column::Fee, "fee")?.map_or(Amount::ZERO, |written| written.amount);
        Ok(if fee < Amount::ZERO { fee.negated() } else { fee })
    }

    fn amount(&self, record: &Record) -> Result<Written, Refusal> {
        let debit = self.written(record, Column::Debit, "debit")?;
        let credit = self.written(record, Column::Credit, "credit")?;
        let moved = |written: &Option<Written>| written.is_some_and(|written| !written.amount.is_zero());
        if moved(&debit) && moved(&credit) {
            return Err(Refusal::new(
                "debit_and_credit",
                "amount",
                "money either came or went: one of the two is empty",
            ));
        }
        if let Some(debit) = debit.filter(|_| !moved(&credit)) {
            let amount = if self.debits_negative { debit.amount } else { debit.amount.negated() };
            return Ok(Written {
                amount: if debit.amount.is_zero() { debit.amount } else { amount },
                ..debit
            });
        }
        if let Some(credit) = credit {
            return Ok(credit);
        }
        let mut written = Written::read(self.table.cell(record, Column::Amount), self.marks)
            .map_err(|no| no.at("amount"))?;
        if self.directed
            && !written.amount.is_zero()
            && went(self.table.cell(record, Column::Direction)) == Some(true)
        {
            written.amount = written.amount.negated();
        }
        Ok(written)
    }

    /// The row's own currency, the one beside its amount, or that of the header.
    fn currency(&self, cell: &str, beside: Option<Currency>) -> Result<Option<Currency>, Refusal> {
        let named =
            (!cell.is_empty()).then(|| Currency::read(&cell.to_uppercase()).map_err(|no| no.at("currency")));
        match (named.transpose()?, beside) {
            (Some(named), Some(beside)) if named != beside => {
                let why = "the column and the amount name different currencies";
                Err(Refusal::new("currencies_differ", "currency", why))
            }
            (named, beside) => Ok(named.or(beside).or(self.table.columns.currency)),
        }
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
