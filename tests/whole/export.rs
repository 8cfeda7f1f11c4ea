//! Exporting a user through the release binary: every event that made the state, once and in order, before and after a kill -9.

use crate::support::http::{Answer, Client};
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};

fn give(client: &Client, id: &str, kind: &str, data: &Value) -> Answer {
    client.command("ada", kind, id, data)
}

/// The events of one answer to a command: type and data.
fn told(answer: &Answer) -> Vec<(Value, Value)> {
    let events = answer.body["events"].as_array().expect("events");
    events.iter().map(|event| (event["type"].clone(), event["data"].clone())).collect()
}

/// The lines of an export, and its position.
fn export(client: &Client, after: &str) -> (Vec<Value>, String) {
    let answer = client.get_at("/v1/users/ada/export", after).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines = answer.text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    (lines.collect(), answer.position().to_owned())
}

fn expense(n: usize) -> Value {
    json!({"transaction_type": "Expense", "amount": "30", "category": "Food", "date": format!("2026-02-{:02}", n % 28 + 1)})
}

#[test]
fn an_export_is_every_event_of_the_user_and_of_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    give(&client, "old", "create_transaction", &expense(0)).expect(201);
    give(&client, "erase", "erase_user", &json!({}));
    client.command("bob", "create_transaction", "t0", &expense(0)).expect(201);
    let mut expected = Vec::new();
    let mut position = String::new();
    let budget = json!({"category": "Food", "limit": "1000", "from": "2026-01"});
    let mut steps = vec![("budget".to_owned(), "set_budget", budget)];
    steps.extend((0..40).map(|n| (format!("t{n}"), "create_transaction", expense(n))));
    steps.push(("bad".to_owned(), "create_transaction", json!({"amount": 5})));
    steps.push(("gone".to_owned(), "delete_transaction", json!({"id": "t1"})));
    steps.push((
        "more".to_owned(),
        "update_transaction",
        json!({"id": "t2", "amount": "31", "note": "é\n☂"}),
    ));
    for (id, kind, data) in &steps {
        let answer = give(&client, id, kind, data);
        position = answer.position().to_owned();
        if answer.status == 422 {
            continue;
        }
        expected.extend(told(&answer));
    }
    let (lines, at) = export(&client, &position);
    let events: Vec<_> = lines.iter().map(|line| (line["type"].clone(), line["data"].clone())).collect();
    assert_eq!(events, expected, "what the answers said, without the refusal and the life before");
    assert!(events.iter().any(|(kind, _)| kind == "budget_exceeded"), "alerts are among them");
    assert!(lines.iter().all(|line| line["subject"] == "ada" && line["specversion"] == "1.0"));

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    assert_eq!(export(&client, &at).0, lines, "a crash changes nothing");
    client.send(&Method::DELETE, "/v1/users/ada", &[("idempotency-key", "goodbye")], None).expect(200);
    assert!(export(&client, &position).0.is_empty(), "an erased user has nothing to export");
}
