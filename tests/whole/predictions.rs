//! Predictions through the release binary: made in the user's own month, shown with the budget, and after a kill -9 as before,
//! still to be withdrawn.

use crate::support::http::Client;
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};

const ADA: &str = "/v1/users/ada";

fn give(client: &Client, method: &Method, path: &str, body: &Value, status: u16) -> Value {
    client.send(method, &format!("{ADA}/{path}"), &[], Some(&body.to_string())).expect(status).body
}

fn spend(client: &Client, amount: &str, date: &str) -> Value {
    let body = json!({"transaction_type": "Expense", "amount": amount, "category": "food", "date": date});
    give(client, &Method::POST, "transactions", &body, 201)
}

fn budgets(client: &Client) -> Value {
    client.get(&format!("{ADA}/budgets?month=2026-01")).expect(200).body
}

#[test]
fn a_prediction_survives_a_kill_and_is_withdrawn_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    give(&client, &Method::PUT, "preferences", &json!({"month_start": 25}), 200);
    give(&client, &Method::PUT, "budgets/food", &json!({"limit": "100", "from": "2025-10"}), 200);
    for date in ["2025-11-20", "2025-12-20", "2026-01-20"] {
        spend(&client, "120", date);
    }
    // The eleventh day of the month that began on 25 January.
    let made = spend(&client, "5", "2026-02-04");
    let event = &made["events"][1];
    assert_eq!(event["type"], "budget_overspend_predicted", "{made}");
    assert_eq!((&event["data"]["month"], &event["data"]["transaction_id"]), (&json!("2026-01"), &made["id"]));
    let before = budgets(&client);
    let expected = json!({"amount": "125.00", "exceeds_on": "2026-02-20", "probability": 0.875});
    assert_eq!(before["items"][0]["predicted"], expected, "{before}");

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    assert_eq!(budgets(&client), before);
    let again = spend(&client, "1", "2026-02-05");
    assert_eq!(again["events"].as_array().map(Vec::len), Some(1), "it is said once: {again}");
    let raised =
        give(&client, &Method::PUT, "budgets/food", &json!({"limit": "150", "from": "2026-01"}), 200);
    let withdrawn = &raised["events"][1];
    assert_eq!(withdrawn["type"], "budget_overspend_prediction_withdrawn", "{raised}");
    assert_eq!(
        (&withdrawn["data"]["crossing"], &withdrawn["data"]["probability"]),
        (&json!(1), &json!(0.125))
    );
    assert_eq!(budgets(&client)["items"][0]["predicted"], Value::Null);
}
