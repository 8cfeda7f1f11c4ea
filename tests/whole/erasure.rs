//! Erasing a user through the release binary: nothing answers, nothing is in sled, and what comes later starts afresh.

use crate::support::http::Client;
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};

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
