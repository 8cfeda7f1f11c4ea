//! Bank files through the release binary: imported once, however often they are sent; undone; the same after a kill -9.

use crate::support::http::Client;
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};
use std::iter;

fn import(client: &Client, query: &str, file: &str) -> Value {
    let path = format!("/v1/users/ada/imports?{query}");
    let reply = client.send(&Method::POST, &path, &[], Some(file));
    let status = if query.contains("preview=true") { 200 } else { 201 };
    reply.expect(status).body
}

fn counts(answer: &Value) -> (u64, u64, usize) {
    let number = |name: &str| answer[name].as_u64().expect("a number");
    (number("new"), number("duplicates"), answer["errors"].as_array().expect("a list").len())
}

fn list(client: &Client) -> Value {
    client.get("/v1/users/ada/transactions?limit=500").expect(200).body["items"].clone()
}

fn statement(name: &str) -> String {
    let path = format!("{}/imports/tests/files/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect(&path)
}

#[test]
fn a_bank_file_is_imported_once_whatever_happens_and_may_be_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    let budget = json!({"limit": "100", "currency": "EUR", "from": "2026-01"});
    client.send(&Method::PUT, "/v1/users/ada/budgets/food", &[], Some(&budget.to_string())).expect(200);

    let row = |n| format!("{:02}.02.2026;Laden {};food;-0,25\n", n % 28 + 1, n % 7);
    let head = "Datum;Empfänger;Kategorie;Betrag (EUR)\n".to_owned();
    let mut table: String = iter::once(head).chain((0..600).map(row)).collect();
    assert_eq!(counts(&import(&client, "format=csv&account=Giro&preview=true", &table)), (600, 0, 0));
    assert_eq!(list(&client), json!([]), "a preview decides nothing");
    let first = import(&client, "format=csv&account=Giro", &table);
    assert_eq!(counts(&first), (600, 0, 0));
    let spent = || client.get("/v1/users/ada/budgets?month=2026-02").expect(200).body["items"][0].clone();
    let budget = spent();
    assert_eq!((&budget["spent"], &budget["exceeded"]), (&json!("150.00"), &json!(true)), "{budget}");
    table.push_str("28.02.2026;Markt;;1.234,50\n30.02.2026;Niemand;;1,00\n");
    let overlapping = import(&client, "format=csv&account=Giro", &table);
    assert_eq!(counts(&overlapping), (1, 600, 1));
    assert_eq!(overlapping["errors"][0]["line"], 603);
    assert_eq!(overlapping["transactions"][0]["amount"], "1234.50");

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    assert_eq!(counts(&import(&client, "format=csv&account=Giro", &table)), (0, 601, 1));

    let id = first["import_id"].as_str().expect("an id");
    let undone =
        client.send(&Method::DELETE, &format!("/v1/users/ada/imports/{id}"), &[], None).expect(200).body;
    assert_eq!(undone["deleted"], 600);
    let items = list(&client);
    assert_eq!((items.as_array().map(Vec::len), &items[0]["payee"]), (Some(1), &json!("Markt")));
    assert_eq!(
        counts(&import(&client, "format=csv&account=Giro", &table)),
        (600, 1, 1),
        "what was undone may come again"
    );
    let missing = client.send(&Method::DELETE, "/v1/users/ada/imports/never", &[], None).expect(404);
    assert_eq!(missing.code(), "not_found");
}

fn camt(entries: &[(&str, &str, &str, &str)]) -> String {
    let entry = |(status, reference, amount, day): &(&str, &str, &str, &str)| {
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>{status}</Sts><BookgDt><Dt>2026-03-{day}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef><AddtlNtryInf>Shop</AddtlNtryInf></Ntry>"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    format!(
        "<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE1</IBAN></Id></Acct>{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

/// `date amount status`, the newest first.
fn shown(client: &Client) -> Vec<String> {
    let item = |item: &Value| {
        let text = |name: &str| item[name].as_str().expect("a text").to_owned();
        ["date", "amount", "status"].map(text).join(" ")
    };
    list(client).as_array().expect("a list").iter().map(item).collect()
}

#[test]
fn what_was_announced_and_is_booked_is_one_transaction() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    let announced = camt(&[("PDNG", "r1", "5.00", "01"), ("PDNG", "r2", "7.00", "01")]);
    assert_eq!(counts(&import(&client, "format=camt053&account=Giro", &announced)), (2, 0, 0));
    let booked = camt(&[
        ("BOOK", "r1", "5.00", "01"),
        ("BOOK", "r2", "7.50", "03"),
        ("BOOK", "NOTPROVIDED", "1.00", "03"),
        ("BOOK", "NOTPROVIDED", "2.00", "03"),
    ]);
    let preview = import(&client, "format=camt053&account=Giro&preview=true", &booked);
    assert_eq!((counts(&preview), &preview["updated"]), ((2, 0, 0), &json!(2)));
    let answer = import(&client, "format=camt053&account=Giro", &booked);
    assert_eq!((counts(&answer), &answer["updated"]), ((2, 0, 0), &json!(2)));
    let expected = [
        "2026-03-03 2.00 posted",
        "2026-03-03 1.00 posted",
        "2026-03-03 7.50 posted",
        "2026-03-01 5.00 posted",
    ];
    assert_eq!(shown(&client), expected);

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    let again = import(&client, "format=camt053&account=Giro", &booked);
    assert_eq!((counts(&again), &again["updated"]), ((0, 4, 0), &json!(0)));
    assert_eq!(shown(&client), expected);
    // Everything is as it would be told again from an export.
    let export = client.get("/v1/users/ada/export").expect(200).text;
    client.send(&Method::POST, "/v1/users/eve/restore", &[], Some(&export)).expect(201);
    let restored = client.get("/v1/users/eve/transactions?limit=500").expect(200).body["items"].clone();
    assert_eq!(restored, list(&client));
}

#[test]
fn a_row_without_an_id_is_known_by_the_day_it_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    let table = |completed: &str, state: &str| {
        format!(
            "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\nCARD_PAYMENT,Current,2026-03-01 10:00:00,{completed},Shop,-5.00,1.00,EUR,{state},\n"
        )
    };
    assert_eq!(counts(&import(&client, "format=csv&account=R", &table("", "PENDING"))), (1, 0, 0));
    assert_eq!(shown(&client), ["2026-03-01 6.00 pending"]);
    let completed = table("2026-03-03 09:00:00", "COMPLETED");
    assert_eq!(import(&client, "format=csv&account=R", &completed)["updated"], 1);
    assert_eq!(shown(&client), ["2026-03-03 6.00 posted"]);
    assert_eq!(counts(&import(&client, "format=csv&account=R", &completed)), (0, 1, 0));
}

#[test]
fn what_of_a_split_went_to_another_account_is_no_spending() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    let file = "!Type:Bank\nD03/01/2026\nT-100.00\nPShop\nLFood\nSFood\n$-60.00\nS[Savings]\n$-40.00\n^\n";
    assert_eq!(counts(&import(&client, "format=qif&account=Giro", file)), (2, 0, 0));
    assert_eq!(counts(&import(&client, "format=qif&account=Giro", file)), (0, 2, 0));
    let month = client.get("/v1/users/ada/reports/month?month=2026-03").expect(200).body;
    assert_eq!(month["expense"], "60.00");
    let names: Vec<_> =
        month["categories"].as_array().expect("a list").iter().map(|item| item["category"].clone()).collect();
    assert_eq!(names, ["Food"]);
}

#[test]
fn every_format_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    let ofx = import(&client, "format=ofx", &statement("bank_medium.ofx"));
    assert_eq!(counts(&ofx), (3, 0, 0));
    let account = &ofx["accounts"][0];
    assert_eq!(
        (&account["id"], &account["balance"], &account["currency"]),
        (&json!("12300 000012345678"), &json!("382.34"), &json!("CAD"))
    );
    let row = &ofx["transactions"][0];
    assert_eq!(
        (&row["payee"], &row["signed_amount"], &row["type"]),
        (&json!("MCDONALD'S #112"), &json!("-6.60"), &json!("pos"))
    );
    assert_eq!(counts(&import(&client, "format=ofx", &statement("bank_medium.ofx"))), (0, 3, 0));

    let qif = import(&client, "format=qif", &statement("test.qif"));
    let amounts: Vec<_> = qif["transactions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["signed_amount"].clone())
        .collect();
    assert_eq!(amounts, ["0.00", "67.50", "32.00", "-10.00", "-25.00", "-100.00"]);
    assert_eq!(counts(&import(&client, "format=camt053", &statement("camt053.v4.xml"))), (1, 0, 0));
    let part = |amount: &str, name: &str| {
        format!(
            "<TxDtls><AmtDtls><TxAmt><Amt Ccy=\"EUR\">{amount}</Amt></TxAmt></AmtDtls><RltdPties><Cdtr><Nm>{name}</Nm></Cdtr></RltdPties></TxDtls>"
        )
    };
    let parts = format!("<NtryDtls>{}{}</NtryDtls></Ntry>", part("2.00", "Anna"), part("3.00", "Bert"));
    let batch = camt(&[("BOOK", "b1", "5.00", "04")]).replace("</Ntry>", &parts);
    let batch = import(&client, "format=camt053&account=Batch", &batch);
    let payees: Vec<_> =
        batch["transactions"].as_array().expect("a list").iter().map(|row| row["payee"].clone()).collect();
    assert_eq!(payees, ["Anna", "Bert"]);
    let table = "Date,Payee,Outflow,Inflow,Tags\n2026-03-01,Shop,€5.00,€0.00,\"work, travel\"\n";
    let row = &import(&client, "format=csv&account=Ynab", table)["transactions"][0];
    assert_eq!((&row["signed_amount"], &row["tags"]), (&json!("-5.00"), &json!(["work", "travel"])));
    let swift = ":25:DE1\n:60F:C260101EUR0,\n:61:260102D12,50NMSCNONREF\n:86:Shop\n:62F:D260102EUR12,5\n";
    let mt940 = import(&client, "format=mt940&account=Giro", swift);
    assert_eq!((counts(&mt940), &mt940["accounts"][0]["balance"]), ((1, 0, 0), &json!("-12.5")));
    assert_eq!(mt940["transactions"][0]["account"], "Giro");
}
