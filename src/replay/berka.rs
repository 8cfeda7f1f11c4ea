//! The Berka data set: a Czech bank's transactions, 1993 to 1998 (PKDD'99).

use super::entry::{EXPENSE, Entry, INCOME};
use super::rows::Row;
use anyhow::{Context as _, bail};
use centime_domain::UserId;
use csv::ByteRecord;
use jiff::civil::Date;
use std::io::Read;

const COLUMNS: [&str; 7] = ["trans_id", "account_id", "date", "type", "operation", "amount", "k_symbol"];

/// The rows of a `trans.csv`. Fails if it is none.
pub(super) fn rows<R: Read>(
    file: R,
    currency: &str,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Row>> + use<R>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(file);
    let header = reader.headers().context("the file has no header")?.clone();
    let mut places = [0; COLUMNS.len()];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        let Some(found) = header.iter().position(|column| column.trim() == name) else {
            bail!("not a berka file: its header has no column {name:?} (or is not separated by `;`)");
        };
        *place = found;
    }
    let currency = currency.to_owned();
    Ok(reader.into_byte_records().map(move |record| {
        let record = record.context("the file can't be read further")?;
        Ok(row(&record, &places, &currency).unwrap_or_else(|reason| Row::Unreadable {
            line: record.position().map_or(0, csv::Position::line),
            reason,
            bytes: record.iter().collect::<Vec<_>>().join(&b';'),
        }))
    }))
}

fn row(record: &ByteRecord, places: &[usize; COLUMNS.len()], currency: &str) -> Result<Row, String> {
    let mut fields = [""; COLUMNS.len()];
    for ((field, place), name) in fields.iter_mut().zip(places).zip(COLUMNS) {
        let bytes = record.get(*place).ok_or_else(|| format!("no {name}"))?;
        *field = std::str::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))?.trim();
    }
    let [trans_id, account_id, date, kind, operation, amount, k_symbol] = fields;
    let entry = Entry {
        transaction_type: if kind == "credit" { INCOME } else { EXPENSE },
        amount,
        currency,
        category: if k_symbol.is_empty() { operation } else { k_symbol },
        date: day(date)?,
        payee: "",
        note: "",
    };
    let user = UserId::parse(account_id).map_err(|no| format!("account_id: {}", no.text))?;
    entry.row(user, &format!("berka-{trans_id}"))
}

/// `YYMMDD`, all in the 20th century.
fn day(text: &str) -> Result<Date, String> {
    let wrong = || format!("date {text:?} is not YYMMDD");
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let two = |at: usize| text[at..at + 2].parse::<i8>().map_err(|_| wrong());
    Date::new(1900 + i16::from(two(0)?), two(2)?, two(4)?).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account\n\
        6145;25;960728;credit;credit in cash;900.00;900.00;;;\n\
        6146;25;960729;withdrawal in cash;withdrawal in cash;10.50;889.50; ;;\n\
        6147;25;960730;withdrawal;remittance to another bank;5.00;884.50;household;AB;1\n\
        6148;25;960730;credit;;0.00;884.50;interest credited;;\n\
        6149;25;961330;credit;;1.00;884.50;;;\n\
        6150;25\n";

    #[test]
    fn rows_become_commands_notes_or_dead_letters() {
        let rows: Vec<Row> =
            rows(FILE.as_bytes(), "CZK").expect("berka").collect::<anyhow::Result<_>>().expect("rows");
        let data = |row: &Row| match row {
            Row::Command(command) => {
                format!("{} {}", &*command.id.text(), String::from_utf8_lossy(&command.data))
            }
            Row::Note => "note".to_owned(),
            Row::Unreadable { line, reason, .. } => format!("{line}: {reason}"),
        };
        let told: Vec<String> = rows.iter().map(data).collect();
        let sent = |id: &str, kind: &str, amount: &str, category: &str, date: &str| {
            format!(
                r#"{id} {{"transaction_type":"{kind}","amount":"{amount}","currency":"CZK","category":"{category}","date":"{date}"}}"#
            )
        };
        assert_eq!(
            told,
            [
                sent("berka-6145", "Income", "900.00", "credit in cash", "1996-07-28"),
                sent("berka-6146", "Expense", "10.50", "withdrawal in cash", "1996-07-29"),
                sent("berka-6147", "Expense", "5.00", "household", "1996-07-30"),
                "note".to_owned(),
                "6: date \"961330\" is not YYMMDD".to_owned(),
                "7: no date".to_owned(),
            ]
        );
    }

    #[test]
    fn another_file_is_refused_as_a_whole() {
        let error =
            rows("date,amount\n".as_bytes(), "CZK").map(drop).expect_err("must be refused").to_string();
        assert!(error.contains("trans_id"), "{error}");
    }
}
