//! What comes again, through the release binary: declared and detected, missed as the engine's clock goes on, and after a kill -9
//! as before, nothing told twice.

use crate::support::http::Client;
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};

const ADA: &str = "/v1/users/ada";

fn give(client: &Client, method: &Method, path: &str, body: &Value, status: u16) -> Value {
    client.send(method, &format!("{ADA}/{path}"), &[], Some(&body.to_string())).expect(status).body
}

fn pay(client: &Client, payee: &str, amount: &str, date: &str) -> Vec<Value> {
    let body = json!({"transaction_type": "Expense", "amount": amount, "payee": payee, "date": date});
    let answer = give(client, &Method::POST, "transactions", &body, 201);
    answer["events"].as_array().expect("events").iter().skip(1).cloned().collect()
}

fn recurring(client: &Client) -> Value {
    client.get(&format!("{ADA}/recurring")).expect(200).body
}

fn move_clock(client: &Client, day: &str) {
    let to = json!({"to": format!("{day}T09:00:00Z")}).to_string();
    client.send(&Method::POST, "/v1/admin/clock", &[], Some(&to)).expect(200);
}

#[test]
fn what_comes_again_survives_a_kill_and_is_missed_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data, &["--clock", "2026-02-10T12:00:00Z"]);
    let client = server.client();
    let rent = json!({"transaction_type": "Expense", "payee": "Landlord", "amount": "800", "cadence": "monthly", "starts": "2026-01-31"});
    give(&client, &Method::POST, "recurring", &rent, 201);
    // So many others that the last payments of all of them do not fit the root page.
    for date in ["2025-12-10", "2026-01-10"] {
        for payee in 0..30 {
            assert_eq!(pay(&client, &format!("Payee {payee}"), "5", date), Vec::<Value>::new());
        }
    }
    let detected = pay(&client, "payee 3", "5.00", "2026-02-10");
    assert_eq!((detected.len(), &detected[0]["type"]), (1, &json!("recurring_detected")), "{detected:?}");
    let id = detected[0]["data"]["id"].as_str().expect("an id").to_owned();
    let before = recurring(&client);
    assert_eq!(before["items"][0]["next_due"], "2026-02-28", "{before}");
    assert_eq!(
        (&before["items"][1]["id"], &before["items"][1]["next_due"]),
        (&json!(id), &json!("2026-03-10"))
    );

    drop(server);
    let server = Server::start(&data, &["--clock", "2026-02-11T12:00:00Z"]);
    let client = server.client();
    assert_eq!(recurring(&client), before);
    let found = pay(&client, "Payee 7", "5", "2026-02-10");
    assert_eq!(
        found[0]["data"]["evidence"].as_array().map(Vec::len),
        Some(3),
        "pages are read again: {found:?}"
    );
    move_clock(&client, "2026-03-06");
    let missed = pay(&client, "Somebody", "1", "2026-03-06");
    assert_eq!((missed.len(), &missed[0]["type"]), (1, &json!("recurring_missed")), "{missed:?}");
    assert_eq!(
        (&missed[0]["data"]["due"], &missed[0]["data"]["in_a_row"]),
        (&json!("2026-02-28"), &json!(1))
    );
    let changed = pay(&client, "PAYEE 3", "6", "2026-03-10");
    assert_eq!(
        (&changed[0]["type"], &changed[0]["data"]["percent"]),
        (&json!("recurring_price_changed"), &json!("20"))
    );
    let before = recurring(&client);

    drop(server);
    let server = Server::start(&data, &["--clock", "2026-03-10T12:00:00Z"]);
    let client = server.client();
    assert_eq!(recurring(&client), before);
    assert_eq!(pay(&client, "Somebody", "1", "2026-03-10"), Vec::<Value>::new(), "told once");
    assert_eq!(pay(&client, "Landlord", "800", "2026-03-09"), Vec::<Value>::new(), "late");
    let shown = recurring(&client);
    assert_eq!(
        (&shown["items"][0]["missed"], &shown["items"][0]["last_seen"]),
        (&json!([]), &json!("2026-03-09"))
    );
    give(&client, &Method::DELETE, &format!("recurring/{id}"), &json!({}), 200);
    assert_eq!(recurring(&client)["items"].as_array().map(Vec::len), Some(2));
}
