//! Erasing a user through the release binary: nothing answers, nothing is in sled's files, and what comes later starts afresh.

use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::wait_until;
use reqwest::Method;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A word that only this user's data has.
const SECRET: &str = "Zanzibar-Pralinen";

fn spend(client: &Client, id: usize) {
    let body = json!({"transaction_type": "Expense", "amount": "2", "category": SECRET, "payee": SECRET, "date": "2026-02-03"});
    let id = format!("t{id}");
    client
        .send(
            &Method::POST,
            "/v1/users/ada/transactions",
            &[("idempotency-key", &id)],
            Some(&body.to_string()),
        )
        .expect(201);
}

fn figures(client: &Client) -> Vec<Value> {
    let paths = ["transactions", "balance", "budgets?month=2026-02", "transactions/t1"];
    paths.iter().map(|path| client.get(&format!("/v1/users/ada/{path}")).body).collect()
}

fn erase(client: &Client) -> Value {
    client.send(&Method::DELETE, "/v1/users/ada", &[("idempotency-key", "erase")], None).expect(200).body
}

#[test]
fn an_erased_user_is_gone_for_ever_and_may_come_back_as_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &[]);
    let client = server.client();
    let nobody = figures(&client);
    for id in 0..80 {
        spend(&client, id);
    }
    // What is in sled by now is to go from there, too.
    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    let erased = erase(&client);
    assert_eq!(erased["events"][0]["type"], "user_erased");
    let gone = figures(&client);
    assert_eq!(gone[..3], nobody[..3]);
    assert_eq!(gone[3]["code"], "not_found");
    assert_eq!(erase(&client), erased, "a repeat is answered the same");

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    assert_eq!(figures(&client)[..3], nobody[..3], "a crash brings nothing back");
    spend(&client, 1);
    erase(&client);
    let items = &figures(&client)[0]["items"];
    assert_eq!(
        items.as_array().map(Vec::len),
        Some(1),
        "an old id is new, and the repeated erase erased nothing: {items}"
    );
}

/// Words of ada's transactions, each in a field of its own.
const MARKERS: [&str; 3] = ["Xylofonkurs-Payee", "Yakmilch-Notiz", "Zwetschgen-Kategorie"];

/// What the log says at the end of a scrub.
const SCRUBBED: &str = "the page store was scrubbed";

/// Whether a file under sled's folder has one of the words. Files may come and go meanwhile.
fn is_in_sled(data: &Path) -> bool {
    fn is_in(path: &Path) -> bool {
        if let Ok(entries) = fs::read_dir(path) {
            return entries.flatten().any(|entry| is_in(&entry.path()));
        }
        let bytes = fs::read(path).unwrap_or_default();
        MARKERS.iter().any(|marker| bytes.windows(marker.len()).any(|bytes| bytes == marker.as_bytes()))
    }
    is_in(&data.join("sled"))
}

/// Whether a part of sled is being rewritten.
fn is_scrubbing(data: &Path) -> bool {
    let entries = fs::read_dir(data.join("sled")).expect("sled's folder");
    entries.flatten().any(|entry| entry.path().extension().is_some_and(|end| end == "new"))
}

fn note(client: &Client, user: &str, id: usize, [payee, note, category]: [&str; 3]) {
    let body = json!({"transaction_type": "Expense", "amount": "2", "category": category, "payee": payee, "note": note, "date": "2026-02-03"});
    let path = format!("/v1/users/{user}/transactions");
    client
        .send(&Method::POST, &path, &[("idempotency-key", &format!("n{id}"))], Some(&body.to_string()))
        .expect(201);
}

#[test]
fn an_erased_users_bytes_leave_sleds_files_while_centime_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data, &["--write-behind", "50ms"]);
    let client = server.client();
    for id in 0..100 {
        note(&client, "ada", id, MARKERS);
        note(&client, "bob", id, ["Bakery", "bread", "Food"]);
    }
    wait_until("ada in sled's files", || is_in_sled(&data));
    let bob = || ["transactions", "balance"].map(|path| client.get(&format!("/v1/users/bob/{path}")).body);
    let before = bob();
    erase(&client);
    wait_until("ada gone from sled's files", || server.said(SCRUBBED) > 0 && !is_in_sled(&data));
    assert_eq!(bob(), before);
    note(&client, "bob", 100, ["Bakery", "bread", "Food"]);
    assert_ne!(bob(), before);
}

#[test]
fn a_crash_in_the_midst_of_a_scrub_only_puts_it_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &["--write-behind", "50ms"]);
    let client = server.client();
    // Enough in each part of the store that a scrub takes a while.
    let long = "bread and butter ".repeat(200);
    let others: Vec<_> = (0..8).map(|number| format!("other{number}")).collect();
    for id in 0..100 {
        note(&client, "ada", id, MARKERS);
        for user in &others {
            note(&client, user, id, ["Bakery", &long, "Food"]);
        }
    }
    wait_until("ada in sled's files", || is_in_sled(&data));
    let answers = |client: &Client| -> Vec<_> {
        others
            .iter()
            .map(|user| client.get(&format!("/v1/users/{user}/transactions?limit=200")).body)
            .collect()
    };
    let before = answers(&client);
    erase(&client);
    for _ in 0..3 {
        // If the scrub is done by then there is none to be met.
        wait_until("a scrub", || is_scrubbing(&data) || !is_in_sled(&data));
        server.kill();
        server.restart();
        server.wait_ready();
    }
    wait_until("ada gone from sled's files", || server.said(SCRUBBED) > 0 && !is_in_sled(&data));
    assert_eq!(answers(&server.client()), before);
    assert_eq!(server.client().get("/v1/users/ada/transactions").body["items"], json!([]));
    assert_eq!(server.said("moved aside"), 0, "{}", server.log_tail());
}
