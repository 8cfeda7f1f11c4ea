//! Predictions, in the answers to the commands that make them and in the list of budgets.

use super::{Running, json, start};
use reqwest::Method;
use serde_json::{Value, json};

/// What a command made, by its events' types, and the last one's data.
async fn give(edge: &Running, method: Method, path: &str, body: Value) -> (Vec<Value>, Value) {
    let url = edge.url(&format!("/v1/users/real/{path}"));
    let (status, answer) = json(edge.client.request(method, url).body(body.to_string())).await;
    assert!([200, 201].contains(&status), "{answer}");
    let events = answer["events"].as_array().unwrap();
    let types = events.iter().map(|event| event["type"].clone()).collect();
    (types, events.last().map_or(Value::Null, |event| event["data"].clone()))
}

async fn spend(edge: &Running, amount: &str, date: &str) -> (Vec<Value>, Value) {
    let body = json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": date});
    give(edge, Method::POST, "transactions", body).await
}

async fn predicted(edge: &Running) -> Value {
    let (status, body) = json(edge.get("/v1/users/real/budgets?month=2026-02")).await;
    assert_eq!(status, 200, "{body}");
    body["items"][0]["predicted"].clone()
}

#[tokio::test]
async fn a_budget_shows_where_its_month_will_probably_end_until_that_is_withdrawn() {
    let edge = start().await;
    give(&edge, Method::PUT, "budgets/Food", json!({"limit": "100", "from": "2025-11"})).await;
    for date in ["2025-11-25", "2025-12-25", "2026-01-25"] {
        spend(&edge, "120", date).await;
    }
    assert_eq!(predicted(&edge).await, Value::Null);
    let (types, event) = spend(&edge, "5", "2026-02-03").await;
    assert_eq!(types, ["transaction_created", "budget_overspend_predicted"]);
    assert_eq!((&event["category"], &event["crossing"]), (&json!("Food"), &json!(1)));
    let expected = json!({"amount": "125.00", "exceeds_on": "2026-02-23", "probability": 0.875});
    assert_eq!(predicted(&edge).await, expected);
    let raised = json!({"limit": "150", "from": "2026-02"});
    let (types, event) = give(&edge, Method::PUT, "budgets/Food", raised).await;
    assert_eq!(types, ["budget_set", "budget_overspend_prediction_withdrawn"]);
    assert_eq!((&event["probability"], &event["crossing"]), (&json!(0.125), &json!(1)));
    assert_eq!(predicted(&edge).await, Value::Null);
}
