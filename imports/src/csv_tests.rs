//! Tables as banks write them.

use super::*;

/// `date amount currency payee` of each row.
fn rows(text: &str) -> Vec<String> {
    let file = read(text).expect("a table");
    assert_eq!(file.errors, [], "{text}");
    let shown = |row: &Row| {
        let currency = row.currency.map_or("-", Currency::code);
        format!("{} {} {currency} {}", row.date, row.amount, row.payee.as_deref().unwrap_or("-"))
    };
    file.statements.iter().flat_map(|statement| &statement.rows).map(shown).collect()
}

#[test]
fn banks_of_many_countries_are_read() {
    let tables = [
        (
            "Date,Description,Amount\n2026-03-04,Coffee,-2.50\n2026-03-05,\"Work, Inc\",\"1,000.00\"\n",
            ["2026-03-04 -2.50 - Coffee", "2026-03-05 1000.00 - Work, Inc"],
        ),
        (
            "\"Kontonummer:\";\"DE1\"\n\n\"Buchungstag\";\"Wertstellung\";\"Auftraggeber / Empfänger\";\"Verwendungszweck\";\"Betrag (EUR)\"\n\"04.03.2026\";\"05.03.2026\";\"Bäckerei\";\"Brot\";\"-2,50\"\n\"05.03.2026\";\"05.03.2026\";\"Arbeit\";\"Lohn\";\"1.000,00\"\n",
            ["2026-03-04 -2.50 EUR Bäckerei", "2026-03-05 1000.00 EUR Arbeit"],
        ),
        (
            "Datum;Naam / Omschrijving;Rekening;Af Bij;Bedrag (EUR)\n20260304;Bakker;NL1;Af;2,50\n20260305;Werk;NL1;Bij;1000,00\n",
            ["2026-03-04 -2.50 EUR Bakker", "2026-03-05 1000.00 EUR Werk"],
        ),
        (
            "Date\tPayee\tPaid out (£)\tPaid in (£)\tBalance (£)\n04/03/2026\tBaker\t£2.50\t\t10.00\n25/03/2026\tWork\t\t£1,000.00\t1,010.00\n",
            ["2026-03-04 -2.50 GBP Baker", "2026-03-25 1000.00 GBP Work"],
        ),
        (
            "Transaction Date,Description,Debit,Credit\n03/04/2026,Baker,-2.50,\n03/25/2026,Work,,1000\n",
            ["2026-03-04 -2.50 - Baker", "2026-03-25 1000 - Work"],
        ),
        (
            "Date,Name,Amount,Currency\n4 Mar 2026,Baker,(2.50),usd\n5 Mar 2026,Work,$1000.00,USD\n",
            ["2026-03-04 -2.50 USD Baker", "2026-03-05 1000.00 USD Work"],
        ),
        (
            "Fecha|Concepto|Importe\n04/03/2026|Pan|-1.002,50\n05/03/2026|Trabajo|1.000\n",
            ["2026-03-04 -1002.50 - Pan", "2026-03-05 1000 - Trabajo"],
        ),
        (
            "Date;Libellé;Débit;Crédit\n04/03/26;Pain;2,50;\n25/03/26;Travail;;1 000,00\n",
            ["2026-03-04 -2.50 - Pain", "2026-03-25 1000.00 - Travail"],
        ),
    ];
    for (text, expected) in tables {
        assert_eq!(rows(text), expected, "{text}");
    }
}

#[test]
fn a_bad_line_is_named_and_the_rest_is_read() {
    let text =
        "Date,Payee,Amount\n2026-02-30,a,1\n2026-02-01,b,x\n\n2026-02-02,c,3\n2026-02-03,d\n,Total,4\n";
    let file = read(text).expect("a table");
    let errors: Vec<_> = file.errors.iter().map(|error| (error.line, &*error.reason.code)).collect();
    let expected =
        [(2, "invalid_date"), (3, "amount_not_a_number"), (6, "amount_not_a_number"), (7, "invalid_date")];
    assert_eq!(errors, expected);
    assert_eq!(file.statements[0].rows.len(), 1);
    assert_eq!(file.statements[0].rows[0].line, 5);
}

#[test]
fn what_was_declined_or_is_contradictory_is_no_transaction() {
    let text = "Date,Payee,Debit,Credit,State,Currency\n2026-02-01,a,1,2,,\n2026-02-02,b,1,,DECLINED,\n2026-02-03,c,1 EUR,,,USD\n2026-02-04,d,1,,PENDING,EUR\n";
    let file = read(text).expect("a table");
    let codes: Vec<_> = file.errors.iter().map(|error| &*error.reason.code).collect();
    assert_eq!(codes, ["debit_and_credit", "not_executed", "currencies_differ"]);
    assert!(file.statements[0].rows[0].pending);
}

#[test]
fn a_fee_leaves_the_account_with_the_amount() {
    let head = "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n";
    let row = |amount: &str, fee: &str| {
        format!("CARD,Current,2026-03-01 10:00:00,2026-03-02 09:00:00,Shop,{amount},{fee},EUR,COMPLETED,1\n")
    };
    let table =
        [head, &row("-5.00", "1.00"), &row("100.00", "1.00"), &row("-5.00", "0.00"), &row("-5.00", "")]
            .concat();
    let amounts = rows(&table).iter().map(|row| row.split(' ').nth(1).map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(amounts, ["-6.00", "99.00", "-5.00", "-5.00"].map(|amount| Some(amount.to_owned())));
    assert_eq!(rows("Date,Net amount,Fee\n2026-03-02,-5.00,1.00\n"), ["2026-03-02 -5.00 - -"]);
    let file = read("Date,Amount,Fee\n2026-03-02,-5.00,some\n").expect("a table");
    assert_eq!(file.errors[0].reason.field.as_deref(), Some("fee"));
}

#[test]
fn a_row_that_is_not_completed_has_the_day_it_started() {
    let text = "Started Date,Completed Date,Description,Amount,State\n2026-03-01 10:00:00,,Shop,-5.00,PENDING\n2026-03-01 10:00:00,2026-03-03 09:00:00,Shop,-5.00,COMPLETED\n";
    let file = read(text).expect("a table");
    let shown = |row: &Row| (row.date.to_string(), row.started.map(|date| date.to_string()), row.pending);
    let day = |day: &str| format!("2026-03-{day}");
    let expected = [(day("01"), Some(day("01")), true), (day("03"), Some(day("01")), false)];
    assert_eq!(file.statements[0].rows.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!(rows("Started Date,Amount\n2026-03-01,5\n"), ["2026-03-01 5 - -"]);
}

#[test]
fn outflow_and_inflow_are_debit_and_credit() {
    let text = "\"Account\",\"Flag\",\"Date\",\"Payee\",\"Category Group/Category\",\"Category Group\",\"Category\",\"Memo\",\"Outflow\",\"Inflow\",\"Cleared\"\n\
                \"Giro\",\"\",\"03/04/2026\",\"Baker\",\"Daily: Food\",\"Daily\",\"Food\",\"\",€2.50,€0.00,\"Cleared\"\n\
                \"Giro\",\"\",\"03/25/2026\",\"Work\",\"Inflow: Ready to Assign\",\"Inflow\",\"Ready to Assign\",\"\",€0.00,\"€1,000.00\",\"Cleared\"\n";
    assert_eq!(rows(text), ["2026-03-04 -2.50 EUR Baker", "2026-03-25 1000.00 EUR Work"]);
}

#[test]
fn labels_are_parted_by_commas_semicolons_or_spaces() {
    let tags = |cell: &str| {
        let text = format!("Date\tAmount\tTags\n2026-03-01\t5\t{cell}\n");
        read(&text).expect("a table").statements.remove(0).rows.remove(0).tags
    };
    assert_eq!(tags("work, summer holiday"), ["work", "summer holiday"]);
    assert_eq!(tags("work;travel;;work"), ["work", "travel"]);
    assert_eq!(tags("#work #travel"), ["work", "travel"]);
    assert_eq!(tags(" "), [""; 0]);
}

#[test]
fn the_balance_is_that_of_the_latest_row() {
    let balance =
        |text: &str| read(text).expect("a table").statements[0].balance.map(|balance| balance.to_string());
    let up = "Date,Amount,Balance\n2026-02-01,1,1\n2026-02-03,2,3\n2026-02-03,4,7\n";
    let down = "Date,Amount,Balance\n2026-02-03,4,7\n2026-02-03,2,3\n2026-02-01,1,1\n";
    assert_eq!((balance(up).as_deref(), balance(down).as_deref()), (Some("7"), Some("7")));
    assert_eq!(balance("Date,Amount\n2026-02-03,4\n"), None);
}

#[test]
fn rows_of_several_accounts_are_several_statements() {
    let file =
        read("Date,Account,Amount,Transaction ID\n2026-02-01,A,1,x1\n2026-02-01,B,2,x2\n2026-02-02,A,3,\n")
            .expect("a table");
    let counts: Vec<_> = file.statements.iter().map(|s| (s.account.as_deref(), s.rows.len())).collect();
    assert_eq!(counts, [(Some("A"), 2), (Some("B"), 1)]);
    assert_eq!(file.statements[0].rows[0].bank_id.as_deref(), Some("x1"));
}

#[test]
fn a_table_without_dates_or_amounts_is_refused() {
    for text in ["", "a,b\n1,2\n", "Date,Text\n2026-01-01,x\n", "\0\0\0"] {
        assert_eq!(read(text).expect_err("refused").code, "unknown_columns", "{text:?}");
    }
}
