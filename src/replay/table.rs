//! Any table of transactions with a header.

use super::entry::{EXPENSE, Entry, INCOME};
use super::rows::{Defaults, Row};
use anyhow::{Context as _, bail};
use centime_domain::UserId;
use csv::{ByteRecord, StringRecord};
use jiff::civil::Date;
use std::collections::HashMap;
use std::io::BufRead;
use uuid::Uuid;

/// Where the columns are.
#[derive(Debug, Default)]
struct Columns {
    date: usize,
    amount: usize,
    kind: Option<usize>,
    category: Option<usize>,
    user: Option<usize>,
    currency: Option<usize>,
    payee: Option<usize>,
    note: Option<usize>,
    id: Option<usize>,
}

/// The rows of a table. Fails if its header has no date or amount.
pub(super) fn rows<R: BufRead>(
    mut file: R,
    defaults: Defaults,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Row>> + use<R>> {
    let first_bytes = file.fill_buf().context("the file can't be read")?;
    let delimiter = delimiter(first_bytes.split(|b| *b == b'\n').next().unwrap_or_default());
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
    let columns = columns(reader.headers().context("the file has no header")?)?;
    let mut seen = HashMap::new();
    Ok(reader.into_byte_records().map(move |record| {
        let record = record.context("the file can't be read further")?;
        Ok(row(&record, &columns, &defaults, &mut seen).unwrap_or_else(|reason| Row::Unreadable {
            line: record.position().map_or(0, csv::Position::line),
            reason,
            bytes: record.iter().collect::<Vec<_>>().join(&delimiter),
        }))
    }))
}

/// Whichever of the usual ones parts the header into most.
fn delimiter(header: &[u8]) -> u8 {
    let parts = |delimiter: &u8| header.split(|b| b == delimiter).count();
    *b"\t;,".iter().max_by_key(|delimiter| parts(delimiter)).expect("there are three")
}

fn columns(header: &StringRecord) -> anyhow::Result<Columns> {
    let place = |names: &[&str]| {
        header.iter().position(|name| {
            names.contains(&name.trim().trim_start_matches('\u{feff}').to_lowercase().as_str())
        })
    };
    let (Some(date), Some(amount)) = (place(&["date"]), place(&["amount"])) else {
        bail!("not a table of transactions: its header needs `date` and `amount`, it has {header:?}");
    };
    Ok(Columns {
        date,
        amount,
        kind: place(&["type", "transaction_type"]),
        category: place(&["category"]),
        user: place(&["user"]),
        currency: place(&["currency"]),
        payee: place(&["payee"]),
        note: place(&["note"]),
        id: place(&["id"]),
    })
}

fn row(
    record: &ByteRecord,
    columns: &Columns,
    defaults: &Defaults,
    seen: &mut HashMap<Uuid, u32>,
) -> Result<Row, String> {
    let text = |place: usize| {
        let bytes = record.get(place).ok_or("the row is too short")?;
        std::str::from_utf8(bytes).map(str::trim).map_err(|_| "the row is not UTF-8")
    };
    let optional = |place: Option<usize>| place.map_or(Ok(""), text);
    let (date, signed) = (text(columns.date)?, text(columns.amount)?);
    let amount = signed.trim_start_matches(['+', '-']);
    let transaction_type = match optional(columns.kind)?.to_lowercase().as_str() {
        "expense" | "debit" => EXPENSE,
        "" if signed.starts_with('-') => EXPENSE,
        "" | "income" | "credit" => INCOME,
        other => return Err(format!("type {other:?} is none of Income, Expense, credit, debit")),
    };
    let currency =
        Some(optional(columns.currency)?).filter(|text| !text.is_empty()).unwrap_or(&defaults.currency);
    let user = match optional(columns.user)? {
        "" => defaults.user.clone(),
        name => UserId::parse(name).map_err(|no| format!("user: {}", no.text))?,
    };
    let entry = Entry {
        transaction_type,
        amount,
        currency,
        category: optional(columns.category)?,
        date: date.parse::<Date>().map_err(|_| format!("date {date:?} is not YYYY-MM-DD"))?,
        payee: optional(columns.payee)?,
        note: optional(columns.note)?,
    };
    match optional(columns.id)? {
        "" => {
            let id = content_id(&user, &entry, seen);
            entry.row(user, &id)
        }
        id => entry.row(user, &format!("csv-{id}")),
    }
}

/// An id from the row's content and how often that occurred before: the same file again makes the same ids, and two equal
/// purchases on one day stay two.
fn content_id(user: &UserId, entry: &Entry<'_>, seen: &mut HashMap<Uuid, u32>) -> String {
    let data = serde_json::to_string(entry).expect("text and dates are JSON");
    let content = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{} {data}", user.as_str()).as_bytes());
    let occurrence = seen.entry(content).and_modify(|count| *count += 1).or_insert(1);
    format!("csv-{}-{occurrence}", content.simple())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn read(file: &str) -> Vec<Row> {
        let user = UserId::parse("me").expect("a user");
        let defaults = Defaults { user, currency: "EUR".into(), now: Timestamp::UNIX_EPOCH };
        rows(file.as_bytes(), defaults).expect("a table").collect::<anyhow::Result<_>>().expect("rows")
    }

    fn command(row: &Row) -> (String, serde_json::Value) {
        let Row::Command(command) = row else { panic!("{row:?} is no command") };
        (command.id.text().to_owned(), serde_json::from_slice(&command.data).expect("JSON"))
    }

    #[test]
    fn the_sign_tells_the_type_where_no_column_does() {
        let rows =
            read("Date;Amount;Category\n2026-01-02;-12.50;groceries\n2026-01-03;2000;\n2026-01-03;0.00;\n");
        let (_, expense) = command(&rows[0]);
        assert_eq!((&expense["transaction_type"], &expense["amount"]), (&"Expense".into(), &"12.50".into()));
        let (_, income) = command(&rows[1]);
        assert_eq!(income["transaction_type"], "Income");
        assert_eq!(income.get("category"), None);
        assert!(matches!(rows[2], Row::Note));
    }

    #[test]
    fn equal_rows_stay_two_and_the_same_file_makes_the_same_ids() {
        let file = "date,amount,type,user,id\n2026-01-02,5,debit,ann,\n2026-01-02,5,debit,ann,\n2026-01-02,5,debit,ann,x1\n";
        let ids: Vec<String> = read(file).iter().map(|row| command(row).0).collect();
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ids[2], "csv-x1");
        assert_eq!(ids, read(file).iter().map(|row| command(row).0).collect::<Vec<_>>());
    }

    #[test]
    fn a_row_that_says_nothing_sensible_is_unreadable_with_its_line() {
        let rows = read("date,amount,type\n02.01.2026,5,debit\n2026-01-02,5,gift\n2026-01-02\n");
        let lines = rows.iter().map(|row| if let Row::Unreadable { line, .. } = row { *line } else { 0 });
        assert_eq!(lines.collect::<Vec<_>>(), [2, 3, 4]);
    }
}
