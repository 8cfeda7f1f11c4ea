//! Statements of other projects' tests, and what they say.

use centime_imports::{File, Format, Row, read};

fn file(format: Format, name: &str) -> File {
    let path = format!("{}/tests/files/{name}", env!("CARGO_MANIFEST_DIR"));
    read(format, &std::fs::read(&path).expect(&path)).expect(name)
}

fn amounts(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| row.amount.to_string()).collect()
}

#[test]
fn a_canadian_banks_ofx() {
    let file = file(Format::Ofx, "bank_medium.ofx");
    let [statement] = &file.statements[..] else { panic!("{file:?}") };
    assert_eq!(file.errors, []);
    assert_eq!(statement.account.as_deref(), Some("12300 000012345678"));
    assert_eq!(statement.currency.map(centime_domain::Currency::code), Some("CAD"));
    let figure = |amount: Option<centime_domain::Amount>| amount.map(|amount| amount.to_string());
    assert_eq!(
        (figure(statement.balance).as_deref(), figure(statement.available).as_deref()),
        (Some("382.34"), Some("682.34"))
    );
    assert_eq!(amounts(&statement.rows), ["-6.60", "-316.67", "-22.00"]);
    let first = &statement.rows[0];
    assert_eq!((first.payee.as_deref(), first.kind.as_deref()), (Some("MCDONALD'S #112"), Some("pos")));
    assert_eq!(
        (first.date.to_string().as_str(), first.bank_id.as_deref()),
        ("2009-04-01", Some("0000123456782009040100001"))
    );
}

#[test]
fn an_american_banks_ofx_on_many_lines() {
    let file = file(Format::Ofx, "checking.ofx");
    let statement = &file.statements[0];
    assert_eq!(amounts(&statement.rows), ["0.01", "-34.51", "-25.00"]);
    let third = &statement.rows[2];
    assert_eq!(
        third.note.as_deref(),
        Some("RETURNED CHECK FEE, CHECK # 319 FOR $45.33 ON 04/07/11\nCheck 319")
    );
    assert!(statement.rows[0].line < third.line);
}

#[test]
fn a_brokers_ofx_says_what_is_not_imported() {
    let file = file(Format::Ofx, "vanguard.ofx");
    assert_eq!(file.errors.len(), 1);
    assert_eq!(file.errors[0].reason.code, "investment_not_imported");
    assert_eq!(file.statements[0].account.as_deref(), Some("01234567890"));
}

#[test]
fn quickens_file() {
    let file = file(Format::Qif, "test.qif");
    let statement = &file.statements[0];
    assert_eq!(amounts(&statement.rows), ["0.00", "67.50", "32.00", "-10.00", "-25.00", "-100.00"]);
    assert_eq!(statement.account.as_deref(), Some("TestExport"));
    for row in statement.rows.iter().filter(|row| !row.splits.is_empty()) {
        let sum = row.splits.iter().fold(centime_domain::Amount::ZERO, |sum, (_, amount)| sum.plus(*amount));
        assert_eq!(sum, row.amount, "{row:?}");
    }
    let amazon = &statement.rows[5];
    assert_eq!((amazon.splits.len(), amazon.date.to_string().as_str()), (4, "2020-02-10"));
    assert_eq!(statement.rows[4].category.as_deref(), Some("Food:Groceries"));
    assert_eq!(file.errors.len(), 1, "the investment: {:?}", file.errors);
}

#[test]
fn two_versions_of_camt_053() {
    for (name, account, bank_id) in [
        ("camt053.v2.minimal.xml", "NL26VAYB8060476890", None),
        ("camt053.v4.xml", "NL26VAYB8060476890", Some("AAAASESS-FP-CN_98765/01")),
    ] {
        let file = file(Format::Camt053, name);
        let statement = &file.statements[0];
        assert_eq!(file.errors, [], "{name}");
        assert_eq!(statement.account.as_deref(), Some(account));
        assert_eq!(statement.balance.map(|balance| balance.to_string()).as_deref(), Some("-27.00"));
        let row = &statement.rows[0];
        assert_eq!((row.amount.to_string().as_str(), row.date.to_string().as_str()), ("8.85", "2014-12-31"));
        assert_eq!(
            (row.payee.as_deref(), row.note.as_deref()),
            (Some("NAME NAME"), Some("4654654654654654"))
        );
        assert_eq!(row.bank_id.as_deref(), bank_id);
    }
}

#[test]
fn an_id_on_rows_that_differ_is_none_and_what_was_announced_may_differ() {
    let ids = |rows: &str| {
        let text = format!("Date,Payee,Amount,Transaction ID,State\n{rows}");
        let file = read(Format::Csv, text.as_bytes()).expect("a table");
        file.statements[0].rows.iter().map(|row| row.bank_id.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(ids("2026-02-01,a,1,x,\n2026-02-01,a,2,x,\n2026-02-01,a,1,y,\n"), ["", "", "y"]);
    assert_eq!(ids("2026-02-01,a,1,x,\n2026-02-02,a,1,x,\n"), ["", ""]);
    assert_eq!(ids("2026-02-01,a,1,x,\n2026-02-01,a,1,x,\n"), ["x", "x"], "the same row twice");
    assert_eq!(ids("2026-02-01,a,1,x,PENDING\n2026-02-02,a,2,x,COMPLETED\n"), ["x", "x"]);
    assert_eq!(ids("2026-02-01,a,1,NOTPROVIDED,\n2026-02-01,b,2,n/a,\n"), ["", ""]);
    let ofx = "<OFX><STMTRS><STMTTRN><DTPOSTED>20260304<TRNAMT>5<FITID>NONE</STMTTRN></STMTRS></OFX>";
    assert_eq!(read(Format::Ofx, ofx.as_bytes()).expect("a file").statements[0].rows[0].bank_id, None);
}

#[test]
fn no_bytes_make_a_reader_panic() {
    let sources = ["bank_medium.ofx", "checking.ofx", "test.qif", "camt053.v4.xml", "vanguard.ofx"];
    let table = b"Date;Payee;Debit;Credit;Balance\n1/2/26;\"a;b\";1.234,5;;CHF 5.-\n".to_vec();
    let path = |name: &str| format!("{}/tests/files/{name}", env!("CARGO_MANIFEST_DIR"));
    let files = sources.iter().map(|name| std::fs::read(path(name)).expect("a file")).chain([table]);
    let formats = [Format::Csv, Format::Ofx, Format::Qif, Format::Camt053, Format::Mt940];
    for bytes in files {
        // Cut short anywhere, one byte changed anywhere: read or refused, never a panic.
        for place in 0..bytes.len().min(1_500) {
            let mut changed = bytes.clone();
            changed[place] = b"<>&;:^!'\xff0-"[place % 11];
            for format in formats {
                let _ = read(format, &bytes[..place]);
                let _ = read(format, &changed);
            }
        }
    }
}
