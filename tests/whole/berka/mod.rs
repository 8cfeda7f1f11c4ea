//! A real bank's four years: 30,200 transactions of 354 accounts, replayed by the binary and held against the bank's own
//! balances and an independent recount of every alert.

mod bank;

use crate::support::http::Client;
use crate::support::oracle::{cents, line};
use crate::support::random::Random;
use crate::support::server::{Server, centime, run};
use bank::{Bank, budget_flags, signed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use tempfile::tempdir;

/// What a file's replay printed: an alert's envelope a line.
fn replay(file: &Path, data: &Path) -> (Vec<Value>, String) {
    let (succeeded, printed, summary) = run(&command_line(file, data));
    assert!(succeeded, "{summary}");
    (printed.lines().map(|line| serde_json::from_str(line).expect("an alert is JSON")).collect(), summary)
}

fn command_line(file: &Path, data: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let mut args =
        vec!["replay".to_owned(), text(file), "--format".to_owned(), "berka".to_owned(), "--json".to_owned()];
    args.extend(["--data-dir".to_owned(), text(data)]);
    args.extend(budget_flags());
    args
}

/// Alerts as the oracle tells them, by user and command.
fn told<'a>(envelopes: impl IntoIterator<Item = &'a Value>) -> BTreeSet<(String, String, String)> {
    let text = |envelope: &Value, field: &str| {
        envelope[field].as_str().unwrap_or_else(|| panic!("{field}: {envelope}")).to_owned()
    };
    let one = |envelope: &Value| {
        let line = line(&text(envelope, "type"), &envelope["data"]);
        (text(envelope, "subject"), text(envelope, "causationid"), line)
    };
    // Predictions have a recount of their own, in the domain's tests on the same file.
    let predicted = |envelope: &&Value| text(envelope, "type").starts_with("budget_overspend_");
    let (mut all, mut count) = (BTreeSet::new(), 0);
    for envelope in envelopes.into_iter().filter(|envelope| !predicted(envelope)) {
        all.insert(one(envelope));
        count += 1;
    }
    assert_eq!(all.len(), count, "an alert was told twice");
    all
}

fn balances(client: &Client, bank: &Bank) -> BTreeMap<String, i64> {
    let ask = |account: &String| {
        let body = client.get(&format!("/v1/users/{account}/balance")).expect(200).body;
        assert_eq!(
            (&body["items"][0]["currency"], body["items"].as_array().map(Vec::len)),
            (&Value::from("CZK"), Some(1))
        );
        (account.clone(), cents(body["items"][0]["balance"].as_str().expect("a balance")))
    };
    bank.accounts().map(ask).collect()
}

#[test]
fn every_balance_is_the_banks_and_every_alert_the_recounts() {
    let (bank, folder) = (Bank::read(), tempdir().expect("a folder"));
    let (data, file) = (folder.path().join("data"), Bank::path());
    let (alerts, summary) = replay(&file, &data);
    let recount = bank.alerts();
    assert!(recount.len() > 300, "only {} alerts: a test of nothing", recount.len());
    assert_eq!(told(&alerts), recount);

    let server = Server::start(&data, &[]);
    let balances = balances(&server.client(), &bank);
    assert_eq!(balances.len(), 354);
    for (account, balance) in &balances {
        let (banks, moved) = (bank.balance(account), bank.moved(account));
        assert_eq!(*balance, moved, "account {account}: the sum of its own rows");
        assert!(
            (balance - banks).abs() <= 60,
            "account {account}: {balance}, the bank says {banks} (in cents)"
        );
    }
    drop(server);

    let (again, second) = replay(&file, &data);
    assert_eq!(again, Vec::<Value>::new(), "nothing is new the second time: {summary}{second}");
    let server = Server::start(&data, &[]);
    assert_eq!(self::balances(&server.client(), &bank), balances);
    assert_eq!(feeds(&server, &bank), recount, "the second replay told nobody anything");
}

#[test]
fn the_order_within_a_day_moves_no_balance() {
    let (bank, folder) = (Bank::read(), tempdir().expect("a folder"));
    let file = folder.path().join("shuffled.csv");
    let shuffled = bank.shuffled_within_days(&mut Random::of_this_run());
    std::fs::write(&file, shuffled.csv()).expect("the file can be written");
    let data = folder.path().join("data");
    let (alerts, _) = replay(&file, &data);
    assert_eq!(told(&alerts), shuffled.alerts(), "alerts follow the order of the file");
    let server = Server::start(&data, &[]);
    for (account, balance) in balances(&server.client(), &bank) {
        assert_eq!(balance, bank.moved(&account), "account {account}");
    }
}

#[test]
fn a_replay_killed_half_way_and_repeated_tells_every_alert_exactly_once() {
    let (bank, folder) = (Bank::read(), tempdir().expect("a folder"));
    let (data, file) = (folder.path().join("data"), Bank::path());
    let recount = bank.alerts();
    let mut child = centime(&command_line(&file, &data))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let half = recount.len() / 2;
    let mut before: Vec<String> = lines.by_ref().take(half).map(|line| line.expect("a line")).collect();
    child.kill().expect("it can be killed");
    child.wait().expect("it has ended");
    before.extend(lines.map_while(Result::ok));
    // The last line may have been cut by the kill.
    let before: Vec<Value> = before.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(before.len() >= half, "killed too early: {} of {half}", before.len());
    assert!(before.len() < recount.len(), "killed too late: nothing was left to do");

    let (after, _) = replay(&file, &data);
    // What was committed but not printed before the kill is printed by neither run; nothing is printed by both.
    let printed = told(before.iter().chain(&after));
    assert_eq!(printed.difference(&recount).next(), None, "an alert that must not be");
    let server = Server::start(&data, &[]);
    for (account, balance) in balances(&server.client(), &bank) {
        assert_eq!(balance, bank.moved(&account), "account {account}");
    }
    assert_eq!(feeds(&server, &bank), recount);
}

/// Every alert that any account's feed tells from its very beginning.
fn feeds(server: &Server, bank: &Bank) -> BTreeSet<(String, String, String)> {
    let client = server.client();
    let end = serde_json::json!({"transaction_type": "Income", "amount": "0.01", "currency": "CZK", "date": "1999-01-01"});
    let mut ids = BTreeSet::new();
    let mut all = Vec::new();
    for account in bank.accounts() {
        let answer = client.command(account, "create_transaction", "end-of-test", &end).expect(201);
        let events = client.history(account, ("end-of-test", 1), answer.position());
        let created = events.iter().filter(|told| told.kind == "transaction_created").count();
        assert_eq!(created, bank.rows_of(account) + 1, "account {account}: each row once");
        for told in
            events.into_iter().filter(|told| told.kind.starts_with("budget_") && told.kind != "budget_set")
        {
            assert!(ids.insert(told.envelope["id"].to_string()), "told twice: {}", told.envelope);
            all.push(told.envelope);
        }
    }
    told(&all)
}

#[test]
fn the_recount_itself_knows_a_crossing_from_none() {
    let rows = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account\n\
                1;7;960101;withdrawal;remittance;3999.99;0;household;;\n\
                2;7;960102;withdrawal;remittance;0.01;0;household;;\n\
                3;7;960203;withdrawal;remittance;9000.00;0;household;;\n";
    let bank = Bank::parse(rows);
    let alerts: Vec<String> =
        bank.alerts().into_iter().map(|(_, cause, line)| format!("{cause} {line}")).collect();
    let expected = [
        "berka-2 budget_threshold_reached 80 household 1996-01 400000/500000 #1 berka-2",
        "berka-3 budget_exceeded by 400000 household 1996-02 900000/500000 #1 berka-3",
        "berka-3 budget_threshold_reached 100 household 1996-02 900000/500000 #1 berka-3",
        "berka-3 budget_threshold_reached 80 household 1996-02 900000/500000 #1 berka-3",
    ];
    assert_eq!(alerts, expected);
    assert_eq!(signed(&bank.rows[0]), -399_999);
}
