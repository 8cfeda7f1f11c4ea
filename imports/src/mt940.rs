//! MT940: SWIFT's statement, a tag a line, continued on lines without one.

use crate::dates::{self, Order};
use crate::file::{File, LineError, Row, Statement, invalid_file, line};
use centime_domain::{Amount, Currency, Date, Marks, Refusal, Written};

/// A tag's text, and the line it begins on.
struct Field {
    line: u32,
    tag: String,
    text: String,
}

/// Reads an MT940 file.
pub(crate) fn read(text: &str) -> Result<File, Refusal> {
    let fields = fields(text);
    if !fields.iter().any(|field| field.tag == "25" || field.tag == "60F" || field.tag == "60M") {
        return Err(invalid_file("there is neither an account (:25:) nor a balance (:60F:) in it"));
    }
    let mut file = File::default();
    let mut fields = fields.iter().peekable();
    while let Some(field) = fields.next() {
        match field.tag.as_str() {
            "25" => open(&mut file, line(&field.text)),
            "60F" | "60M" | "62F" | "62M" => {
                let statement = current(&mut file);
                if let Ok((currency, amount)) = balance(&field.text) {
                    statement.currency = Some(currency);
                    if field.tag.starts_with("62") {
                        statement.balance = Some(amount);
                    }
                }
            }
            "61" => {
                let details = fields.next_if(|next| next.tag == "86").map_or("", |next| next.text.as_str());
                match row(field, details) {
                    Ok(row) => current(&mut file).rows.push(row),
                    Err(reason) => file.errors.push(LineError { line: field.line, reason }),
                }
            }
            _ => {}
        }
    }
    Ok(file)
}

/// Statements of one account that follow each other are its pages.
fn open(file: &mut File, account: Option<String>) {
    if let Some(place) = file.statements.iter().position(|statement| statement.account == account) {
        let known = file.statements.remove(place);
        file.statements.push(known);
    } else {
        file.statements.push(Statement { account, ..Statement::default() });
    }
}

fn current(file: &mut File) -> &mut Statement {
    if file.statements.is_empty() {
        file.statements.push(Statement::default());
    }
    file.statements.last_mut().expect("made if there was none")
}

fn fields(text: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for (number, text) in (1..).zip(text.lines()) {
        let tagged = text
            .strip_prefix(':')
            .and_then(|rest| rest.split_once(':'))
            .filter(|(tag, _)| (2..=3).contains(&tag.len()) && tag.starts_with(|c: char| c.is_ascii_digit()));
        match (tagged, fields.last_mut()) {
            (Some((tag, rest)), _) => {
                fields.push(Field { line: number, tag: tag.to_owned(), text: rest.to_owned() });
            }
            // `-}` and `{…}` are SWIFT's envelope.
            (None, Some(last)) if !text.starts_with(['{', '-']) => {
                last.text.push('\n');
                last.text.push_str(text);
            }
            _ => {}
        }
    }
    fields
}

/// `C260304EUR1234,56`
fn balance(text: &str) -> Result<(Currency, Amount), Refusal> {
    let text = text.trim();
    let piece = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let amount = Written::read(text.get(10..).unwrap_or_default(), Marks::Ungrouped)?.amount;
    let went = piece(0..1) == "D" && !amount.is_zero();
    Ok((Currency::read(piece(7..10))?, if went { amount.negated() } else { amount }))
}

/// `2603040305DR12,50NMSCREF//BANKREF` and, on a line of its own, more.
fn row(field: &Field, details: &str) -> Result<Row, Refusal> {
    let malformed =
        || Refusal::new("malformed_line", ":61:", "it is not YYMMDD[MMDD], C or D, amount, type, reference");
    let (text, supplement) = field.text.split_once('\n').unwrap_or((&field.text, ""));
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if digits != 6 && digits != 10 {
        return Err(malformed());
    }
    let date = booked(&text[..digits]).map_err(|no| no.at("date"))?;
    let rest = text[digits..].trim_start();
    let marks = ["RC", "RD", "EC", "ED", "C", "D"];
    let mark = marks.into_iter().find(|mark| rest.starts_with(mark)).ok_or_else(malformed)?;
    // After the mark a letter of the currency may stand.
    let rest = rest[mark.len()..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(rest.len());
    let amount = Written::read(&rest[..end], Marks::Ungrouped).map_err(|no| no.at("amount"))?.amount;
    // A reversed credit goes, a reversed debit comes.
    let went = matches!(mark, "D" | "ED" | "RC") && !amount.is_zero();
    let mut row = Row::new(field.line, date, if went { amount.negated() } else { amount });
    row.kind = rest.get(end + 1..end + 4).map(str::to_lowercase);
    let reference = rest.get(end + 4..).unwrap_or_default();
    let reference =
        reference.split("//").next().filter(|reference| *reference != "NONREF").unwrap_or_default();
    let (payee, purpose) = explained(details);
    row.describe(payee.as_deref(), &[&purpose, supplement, reference]);
    Ok(row)
}

/// The value date's year and the booking's month and day: at the turn of a year they belong to different years.
fn booked(digits: &str) -> Result<Date, Refusal> {
    let value = dates::read(&format!("20{}", &digits[..6]), Order::DayFirst)?;
    if digits.len() == 6 {
        return Ok(value);
    }
    let year: i32 = value.to_string()[..4].parse().unwrap_or_default();
    let (month, booked): (i32, i32) =
        (digits[2..4].parse().unwrap_or_default(), digits[6..8].parse().unwrap_or_default());
    let year = match booked - month {
        7.. => year - 1,
        ..=-7 => year + 1,
        _ => year,
    };
    dates::read(&format!("{year:04}{}", &digits[6..10]), Order::DayFirst)
}

/// Payee and purpose of a :86: field: `?20…?32…` (Germany), `/NAME/…/REMI/…` (Netherlands), or just text.
fn explained(text: &str) -> (Option<String>, String) {
    let joined = text.replace('\n', "");
    let Some(german) = joined.find('?').filter(|at| *at <= 3) else {
        let value = |key: &str| {
            let rest = &joined[joined.find(key)? + key.len()..];
            let end = rest.find('/').unwrap_or(rest.len());
            line(&rest[..end])
        };
        let purpose = value("/REMI/").unwrap_or_else(|| text.replace('\n', " "));
        return (value("/NAME/"), purpose);
    };
    let (mut name, mut purpose) = (String::new(), String::new());
    for part in joined[german..].split('?').filter(|part| part.len() >= 2) {
        let Some((code, text)) = part.split_at_checked(2) else { continue };
        match code {
            "20" | "21" | "22" | "23" | "24" | "25" | "26" | "27" | "28" | "29" | "60" | "61" | "62"
            | "63" => purpose.push_str(text),
            "32" | "33" => name.push_str(text),
            _ => {}
        }
    }
    (line(&name), purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "{1:F01BANKDEFF}{4:\n:20:STARTUMS\n:25:70090100/1234567890\n:28C:1/1\n:60F:C251231EUR1.000,00\n:61:2601021231DR12,50NMSCNONREF//123\n:86:177?00SEPA?20Miete?21 Januar?32Vermieter\n?33 GmbH\n:61:260103RC5,NTRFREF1\n:86:/NAME/Shop/REMI/Invoice 7/\n:61:260104C1000,00NTRFNONREF\nextra\n:62F:D260104EUR17,5\n-}\n";

    #[test]
    fn a_statement_is_read() {
        let file = read(FILE).expect("a file");
        assert_eq!(file.errors, []);
        let statement = &file.statements[0];
        assert_eq!(statement.account.as_deref(), Some("70090100/1234567890"));
        assert_eq!(statement.balance.map(|balance| balance.to_string()).as_deref(), Some("-17.5"));
        assert_eq!(statement.currency.map(Currency::code), Some("EUR"));
        let rows: Vec<_> = statement
            .rows
            .iter()
            .map(|row| (row.line, row.date.to_string(), row.amount.to_string()))
            .collect();
        let expected = |line, date: &str, amount: &str| (line, date.to_owned(), amount.to_owned());
        assert_eq!(
            rows,
            [
                expected(6, "2025-12-31", "-12.50"),
                expected(9, "2026-01-03", "-5"),
                expected(11, "2026-01-04", "1000.00")
            ]
        );
        let texts: Vec<_> =
            statement.rows.iter().map(|row| (row.payee.as_deref(), row.note.as_deref())).collect();
        assert_eq!(
            texts,
            [
                (Some("Vermieter GmbH"), Some("Miete Januar")),
                (Some("Shop"), Some("Invoice 7\nREF1")),
                (Some("extra"), None)
            ]
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        let file =
            read(":25:1\n:61:x\n:61:260230D5,NMSC\n:61:260101X5,\n:61:260101D1,NMSCé\n").expect("a file");
        let errors: Vec<_> = file.errors.iter().map(|error| (error.line, &*error.reason.code)).collect();
        assert_eq!(errors, [(2, "malformed_line"), (3, "invalid_date"), (4, "malformed_line")]);
        assert_eq!(read("hello").expect_err("refused").code, "invalid_file");
    }
}
