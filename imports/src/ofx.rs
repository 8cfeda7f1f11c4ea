//! OFX: SGML without most end tags (1.x) or XML (2.x); one reader for both.

use crate::dates::{self, Order};
use crate::file::{File, LineError, Row, Statement, bank_id, invalid_file, line, line_number};
use centime_domain::{Amount, Currency, Marks, Refusal, Written};
use std::collections::HashMap;

/// Reads an OFX file.
pub(crate) fn read(text: &str) -> Result<File, Refusal> {
    let upper = text.find("<OFX").or_else(|| text.find("<ofx"));
    let start = upper.ok_or_else(|| invalid_file("there is no <OFX> in it"))?;
    let mut reader = Reader { line: 1 + newlines(&text[..start]), ..Reader::default() };
    let mut rest = &text[start..];
    while let Some(open) = rest.find('<') {
        reader.line += newlines(&rest[..open]);
        let inside = &rest[open + 1..];
        let Some(close) = inside.find('>') else { break };
        let (tag, after) = (&inside[..close], &inside[close + 1..]);
        let end = after.find('<').unwrap_or(after.len());
        reader.tag(tag.trim(), &after[..end]);
        reader.line += newlines(tag);
        rest = after;
    }
    reader.end_row();
    if reader.file.statements.is_empty() {
        return Err(invalid_file("there is no statement of an account in it"));
    }
    Ok(reader.file)
}

fn newlines(text: &str) -> u64 {
    text.bytes().filter(|b| *b == b'\n').count() as u64
}

#[derive(Default)]
struct Reader {
    file: File,
    line: u64,
    /// The aggregates that are open.
    open: Vec<String>,
    /// The transaction being read: the line it began on, and its values.
    row: Option<(u64, HashMap<String, String>)>,
}

impl Reader {
    fn tag(&mut self, tag: &str, text: &str) {
        if let Some(name) = tag.strip_prefix('/') {
            self.close(&name.to_uppercase());
            return;
        }
        let name = tag.split_whitespace().next().unwrap_or_default().trim_end_matches('/').to_uppercase();
        if name.starts_with(['?', '!']) {
            return;
        }
        match line(&unescaped(text)) {
            Some(value) => self.value(&name, value),
            None => self.open(name),
        }
    }

    fn open(&mut self, name: String) {
        match name.as_str() {
            "STMTRS" | "CCSTMTRS" | "INVSTMTRS" => self.file.statements.push(Statement::default()),
            "STMTTRN" => {
                self.end_row();
                self.row = Some((self.line, HashMap::new()));
            }
            "INVTRAN" => {
                let reason =
                    Refusal::plain("investment_not_imported", "investment transactions are not imported");
                self.file.errors.push(LineError { line: line_number(self.line), reason });
            }
            _ => {}
        }
        self.open.push(name);
    }

    fn close(&mut self, name: &str) {
        if let Some(place) = self.open.iter().rposition(|open| open == name) {
            self.open.truncate(place);
        }
        if matches!(name, "STMTTRN" | "BANKTRANLIST") {
            self.end_row();
        }
    }

    fn value(&mut self, name: &str, value: String) {
        let inside = |aggregate: &str| self.open.iter().any(|open| open == aggregate);
        if inside("STMTTRN") {
            if let Some((_, values)) = &mut self.row {
                let name = match self.open.last().map(String::as_str) {
                    Some("CURRENCY") if name == "CURSYM" => "CURRENCY",
                    Some("PAYEE") if name == "NAME" => "PAYEE",
                    // An empty element of SGML looks like an aggregate that never ends.
                    Some("ORIGCURRENCY" | "BANKACCTTO" | "CCACCTTO" | "PAYEE" | "CURRENCY") => return,
                    _ => name,
                };
                values.entry(name.to_owned()).or_insert(value);
            }
            return;
        }
        let amount = || Written::read(&value, Marks::Ungrouped).ok().map(|written| written.amount);
        let (ledger, available) = (inside("LEDGERBAL"), inside("AVAILBAL"));
        let own = inside("BANKACCTFROM") || inside("CCACCTFROM") || inside("INVACCTFROM");
        let Some(statement) = self.file.statements.last_mut() else { return };
        match name {
            "CURDEF" => statement.currency = Currency::read(&value.to_uppercase()).ok(),
            "ACCTID" if own => statement.account = statement.account.take().or(Some(value)),
            "BALAMT" if available => statement.available = amount(),
            "BALAMT" if ledger => statement.balance = amount(),
            _ => {}
        }
    }

    fn end_row(&mut self) {
        let Some((at, values)) = self.row.take() else { return };
        let Some(statement) = self.file.statements.last_mut() else { return };
        match row(line_number(at), &values) {
            Ok(row) => statement.rows.push(row),
            Err(reason) => self.file.errors.push(LineError { line: line_number(at), reason }),
        }
    }
}

/// The transaction. Its date is the one the bank wrote, in the bank's own zone.
fn row(line: u32, values: &HashMap<String, String>) -> Result<Row, Refusal> {
    let value = |name: &str| values.get(name).map(String::as_str);
    let date = value("DTPOSTED").or(value("DTUSER")).unwrap_or_default();
    let amount = amount(value("TRNAMT").unwrap_or_default())?;
    let mut row = Row::new(line, dates::read(date, Order::MonthFirst)?, amount);
    let check = value("CHECKNUM").filter(|number| *number != "0").map(|number| format!("Check {number}"));
    let notes: Vec<&str> = value("MEMO").into_iter().chain(check.as_deref()).collect();
    row.describe(value("NAME").or(value("PAYEE")), &notes);
    row.bank_id = value("FITID").and_then(bank_id);
    row.kind = value("TRNTYPE").map(str::to_lowercase);
    row.currency = value("CURRENCY").map(Currency::read).transpose().map_err(|no| no.at("currency"))?;
    Ok(row)
}

fn amount(text: &str) -> Result<Amount, Refusal> {
    Ok(Written::read(text, Marks::Ungrouped).map_err(|no| no.at("amount"))?.amount)
}

/// Text with its entities replaced; what is no entity stays as it is.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        let entity = rest[start..].find(';').filter(|end| *end <= 10).map(|end| &rest[start..=start + end]);
        let known = entity.and_then(|entity| match entity {
            "&nbsp;" => Some(" ".into()),
            _ => quick_xml::escape::unescape(entity).ok(),
        });
        if let (Some(entity), Some(known)) = (entity, known) {
            out.push_str(&known);
            rest = &rest[start + entity.len()..];
        } else {
            out.push('&');
            rest = &rest[start + 1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_amount(text: &str) -> String {
        format!(
            "<OFX><STMTRS><CURDEF>EUR<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260304<TRNAMT>{text}<FITID>1<NAME>A &amp; B<MEMO>R&D</STMTTRN></STMTRS></OFX>"
        )
    }

    #[test]
    fn a_lone_mark_is_the_decimal_mark() {
        for (text, amount) in [
            ("-1.006,60", "-1006.60"),
            ("-1,006.60", "-1006.60"),
            ("-1006,60", "-1006.60"),
            ("1,234", "1.234"),
            ("+5", "5"),
            ("-1 006,60", "-1006.60"),
        ] {
            let file = read(&with_amount(text)).expect("a file");
            let row = &file.statements[0].rows[0];
            assert_eq!(row.amount.to_string(), amount, "{text}");
            assert_eq!((row.payee.as_deref(), row.note.as_deref()), (Some("A & B"), Some("R&D")));
        }
    }

    #[test]
    fn xml_reads_the_same() {
        let xml = "<?xml version=\"1.0\"?>\n<?OFX OFXHEADER=\"200\"?>\n<OFX>\n<CCSTMTRS><CURDEF>USD</CURDEF><CCACCTFROM><ACCTID>42</ACCTID></CCACCTFROM>\n<BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260304120000.000[-5:EST]</DTPOSTED><TRNAMT>12.5</TRNAMT><FITID>9</FITID><PAYEE><NAME>Shop</NAME><CITY>X</CITY></PAYEE><MEMO></MEMO></STMTTRN></BANKTRANLIST>\n<LEDGERBAL><BALAMT>-1.5</BALAMT></LEDGERBAL></CCSTMTRS></OFX>";
        let file = read(xml).expect("a file");
        let statement = &file.statements[0];
        assert_eq!(
            (statement.account.as_deref(), statement.balance.map(|b| b.to_string()).as_deref()),
            (Some("42"), Some("-1.5"))
        );
        let row = &statement.rows[0];
        assert_eq!((row.line, row.payee.as_deref(), row.bank_id.as_deref()), (5, Some("Shop"), Some("9")));
    }

    #[test]
    fn what_can_not_be_read_is_named_by_its_line() {
        let file = read(&with_amount("null")).expect("a file");
        assert_eq!((file.errors[0].line, &*file.errors[0].reason.code), (1, "amount_not_a_number"));
        for text in ["", "hello", "<OFX></OFX>", "<OFX", "<OFX><"] {
            assert_eq!(read(text).expect_err("refused").code, "invalid_file", "{text}");
        }
    }
}
