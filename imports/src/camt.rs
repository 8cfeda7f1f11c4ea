//! camt.053: ISO 20022's statement of an account.

use crate::dates::{self, Order};
use crate::file::{File, LineError, Row, Statement, bank_id, invalid_file};
use crate::tree::Element;
use centime_domain::{Amount, Currency, Marks, Refusal, Written};

/// Reads a camt.053 file, or a camt.052 or camt.054 one.
pub(crate) fn read(text: &str) -> Result<File, Refusal> {
    let root = Element::read(text)?;
    let document = root.children.iter().find(|element| element.name == "Document");
    let message = document
        .and_then(|document| document.children.iter().find(|child| child.name.starts_with("BkToCstmr")));
    let message = message.ok_or_else(|| invalid_file("there is no statement (BkToCstmrStmt) in it"))?;
    let mut file = File::default();
    for statement in
        message.children.iter().filter(|child| matches!(child.name.as_str(), "Stmt" | "Rpt" | "Ntfctn"))
    {
        let read = read_statement(statement, &mut file.errors);
        // Pages of one account are one account.
        match file
            .statements
            .iter_mut()
            .find(|known| known.account.is_some() && known.account == read.account)
        {
            Some(known) => {
                known.rows.extend(read.rows);
                known.balance = read.balance.or(known.balance);
                known.available = read.available.or(known.available);
            }
            None => file.statements.push(read),
        }
    }
    Ok(file)
}

fn read_statement(statement: &Element, errors: &mut Vec<LineError>) -> Statement {
    let account = statement.text("Acct/Id/IBAN").or(statement.text("Acct/Id/Othr/Id")).map(str::to_owned);
    let closing = balance(statement, &["CLBD", "ITBD"]);
    let named = statement.text("Acct/Ccy").and_then(|code| Currency::read(code).ok());
    let mut read = Statement {
        account,
        // A balance says itself what it is in.
        currency: closing.and_then(|closing| closing.currency).or(named),
        balance: closing.map(|closing| closing.amount),
        available: balance(statement, &["CLAV", "ITAV"]).map(|available| available.amount),
        rows: Vec::new(),
    };
    for entry in statement.all("Ntry") {
        match rows(entry) {
            Ok(rows) => read.rows.extend(rows),
            Err(reason) => errors.push(LineError { line: entry.line, reason }),
        }
    }
    read
}

/// The last balance of the first of these kinds that there is.
fn balance(statement: &Element, kinds: &[&str]) -> Option<Written> {
    let kind = |balance: &&Element, kind: &str| balance.text("Tp/CdOrPrtry/Cd") == Some(kind);
    let of = |wanted: &&str| statement.all("Bal").filter(|balance| kind(balance, wanted)).last();
    signed(kinds.iter().find_map(of)?).ok()
}

/// `Amt` with the sign of `CdtDbtInd`.
fn signed(element: &Element) -> Result<Written, Refusal> {
    let amount =
        element.at("Amt").ok_or_else(|| Refusal::new("missing_field", "amount", "there is no Amt"))?;
    directed(amount, element.text("CdtDbtInd"))
}

fn directed(amount: &Element, direction: Option<&str>) -> Result<Written, Refusal> {
    let mut written = Written::read(amount.text.trim(), Marks::Ungrouped).map_err(|no| no.at("amount"))?;
    let code = amount.currency.as_deref();
    written.currency = code.map(Currency::read).transpose().map_err(|no| no.at("currency"))?;
    match direction {
        Some("CRDT") => {}
        Some("DBIT") if written.amount.is_zero() => {}
        Some("DBIT") => written.amount = written.amount.negated(),
        _ => return Err(Refusal::new("missing_field", "CdtDbtInd", "it is neither CRDT nor DBIT")),
    }
    Ok(written)
}

/// An entry's transactions: one, or its parts where each part says how much and they add up.
fn rows(entry: &Element) -> Result<Vec<Row>, Refusal> {
    let status = entry.text("Sts/Cd").or(entry.text("Sts"));
    if status == Some("INFO") {
        return Err(Refusal::new("not_executed", "Sts", "an entry for information only: no money moved"));
    }
    let whole = signed(entry)?;
    let booked = ["BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"]
        .into_iter()
        .find_map(|path| entry.text(path));
    let date = dates::read(booked.unwrap_or_default(), Order::DayFirst)?;
    let details: Vec<&Element> = entry.all("NtryDtls").flat_map(|details| details.all("TxDtls")).collect();
    let reference = entry.text("AcctSvcrRef").and_then(bank_id);
    let make = |written: Written, detail: Option<&Element>, bank_id: Option<String>| {
        let mut row = Row::new(entry.line, date, written.amount);
        row.currency = written.currency;
        describe(&mut row, entry, detail);
        row.bank_id = bank_id;
        row.kind = status.map(str::to_lowercase);
        row.pending = status == Some("PDNG");
        row
    };
    let own = |detail: &Element| detail.text("Refs/AcctSvcrRef").and_then(bank_id);
    if let Some(parts) = parts(&details, entry.text("CdtDbtInd"), whole) {
        let all: Vec<Option<String>> = details.iter().map(|detail| own(detail)).collect();
        // A reference that several parts have is that of the batch.
        let only = |own: &&String| all.iter().flatten().filter(|other| other == own).count() == 1;
        let named = |n: i32| reference.as_ref().map(|reference| format!("{reference}/{n}"));
        let parts = parts.into_iter().zip(&details).zip(all.iter().zip(1..));
        return Ok(parts
            .map(|((part, detail), (own, n))| {
                make(part, Some(detail), own.as_ref().filter(only).cloned().or(named(n)))
            })
            .collect());
    }
    let bank_id = reference.or(match &details[..] {
        [only] => own(only),
        _ => None,
    });
    Ok(vec![make(whole, details.first().copied(), bank_id)])
}

/// The amounts of an entry's several parts, if all have one and they come to the whole.
fn parts(details: &[&Element], direction: Option<&str>, whole: Written) -> Option<Vec<Written>> {
    if details.len() < 2 {
        return None;
    }
    let read = |detail: &&Element| {
        // Before version 4 parts have no amount of their own, but that of the payment behind them.
        let amount = detail.at("Amt").or_else(|| detail.at("AmtDtls/TxAmt/Amt"))?;
        let mut written = directed(amount, detail.text("CdtDbtInd").or(direction)).ok()?;
        written.currency = written.currency.or(whole.currency);
        (written.currency == whole.currency).then_some(written)
    };
    let parts: Vec<Written> = details.iter().map(read).collect::<Option<_>>()?;
    let sum = parts.iter().fold(Amount::ZERO, |sum, part| sum.plus(part.amount));
    (sum == whole.amount).then_some(parts)
}

/// The other side's name and what they wrote.
fn describe(row: &mut Row, entry: &Element, detail: Option<&Element>) {
    let came = row.amount >= Amount::ZERO;
    let roles = if came { ["UltmtDbtr", "Dbtr"] } else { ["UltmtCdtr", "Cdtr"] };
    let parties = detail.and_then(|detail| detail.at("RltdPties"));
    let name = |role: &str| {
        let party = parties?.at(role)?;
        party.text("Nm").or(party.text("Pty/Nm"))
    };
    let payee = roles.into_iter().rev().find_map(name);
    let remittance = detail.and_then(|detail| detail.at("RmtInf"));
    let mut notes: Vec<&str> =
        remittance.into_iter().flat_map(|info| info.all("Ustrd")).map(|text| text.text.as_str()).collect();
    notes.extend(remittance.and_then(|info| info.text("Strd/CdtrRefInf/Ref")));
    notes.extend(detail.and_then(|detail| detail.text("AddtlTxInf")));
    notes.extend(entry.text("AddtlNtryInf"));
    row.describe(payee, &notes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(entries: &str) -> String {
        format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct>{entries}</Stmt></BkToCstmrStmt></Document>"
        )
    }

    fn entry(amount: &str, status: &str, rest: &str) -> String {
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>{status}</Cd></Sts><BookgDt><DtTm>2026-03-04T10:00:00+01:00</DtTm></BookgDt><AcctSvcrRef>R1</AcctSvcrRef>{rest}</Ntry>\n"
        )
    }

    fn part(amount: &str, name: &str) -> String {
        format!(
            "<TxDtls><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><RltdPties><Cdtr><Pty><Nm>{name}</Nm></Pty></Cdtr></RltdPties></TxDtls>"
        )
    }

    #[test]
    fn a_batch_that_adds_up_is_read_part_by_part() {
        let details = format!("<NtryDtls>{}{}</NtryDtls>", part("3", "A"), part("4", "B"));
        let file = read(&document(&entry("7.00", "BOOK", &details))).expect("a file");
        let rows: Vec<_> = file.statements[0]
            .rows
            .iter()
            .map(|r| (r.amount.to_string(), r.payee.clone(), r.bank_id.clone()))
            .collect();
        let expected = |amount: &str, name: &str, id: &str| {
            (amount.to_owned(), Some(name.to_owned()), Some(id.to_owned()))
        };
        assert_eq!(rows, [expected("-3", "A", "R1/1"), expected("-4", "B", "R1/2")]);
        let file = read(&document(&entry("8.00", "BOOK", &details))).expect("a file");
        assert_eq!(file.statements[0].rows.len(), 1, "what does not add up is one");
    }

    #[test]
    fn a_batch_of_version_2_is_read_part_by_part() {
        let part = |amount: &str, name: &str, reference: &str| {
            format!(
                "<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs><AmtDtls><TxAmt><Amt Ccy=\"EUR\">{amount}</Amt></TxAmt></AmtDtls><RltdPties><Cdtr><Nm>{name}</Nm></Cdtr></RltdPties></TxDtls>"
            )
        };
        let read_batch = |first: &str, second: &str| {
            let parts = [part("2.00", "A", first), part("3.00", "B", second)].concat();
            let file = read(&document(&entry("5.00", "BOOK", &format!("<NtryDtls>{parts}</NtryDtls>"))));
            let rows = file.expect("a file").statements.remove(0).rows;
            let shown = |row: Row| (row.amount.to_string(), row.payee.expect("a name"), row.bank_id);
            rows.into_iter().map(shown).collect::<Vec<_>>()
        };
        let row =
            |amount: &str, name: &str, id: &str| (amount.to_owned(), name.to_owned(), Some(id.to_owned()));
        assert_eq!(read_batch("P1", "P2"), [row("-2.00", "A", "P1"), row("-3.00", "B", "P2")]);
        let numbered = [row("-2.00", "A", "R1/1"), row("-3.00", "B", "R1/2")];
        assert_eq!(read_batch("R1", "R1"), numbered, "the batch's own reference is no part's");
        assert_eq!(read_batch("NOTPROVIDED", "notprovided"), numbered);
    }

    #[test]
    fn a_reference_that_says_there_is_none_is_no_id() {
        for none in ["NOTPROVIDED", "notprovided", "NONREF", "NoRef", "Not provided", " ", "-", "000"] {
            let text = document(&entry("1", "BOOK", "")).replace("R1", none);
            assert_eq!(read(&text).expect("a file").statements[0].rows[0].bank_id, None, "{none}");
        }
    }

    #[test]
    fn pending_is_pending_and_information_is_no_money() {
        let file = read(&document(
            &[entry("1", "PDNG", ""), entry("2", "INFO", ""), entry("x", "BOOK", "")].concat(),
        ))
        .expect("a file");
        assert!(file.statements[0].rows[0].pending);
        let errors: Vec<_> = file.errors.iter().map(|error| (error.line, &*error.reason.code)).collect();
        assert_eq!(errors, [(2, "not_executed"), (3, "amount_not_a_number")]);
    }

    #[test]
    fn another_document_is_refused() {
        for text in ["", "<a/>", "<Document><Other/></Document>"] {
            assert_eq!(read(text).expect_err("refused").code, "invalid_file", "{text}");
        }
    }
}
