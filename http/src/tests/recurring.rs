//! What comes again: declared, detected, listed, cancelled.

use super::{json, problem, start};
use serde_json::{Value, json};

const RECURRING: &str = "/v1/users/real/recurring";

#[tokio::test]
async fn what_comes_again_is_declared_listed_and_cancelled() {
    let edge = start().await;
    let body = r#"{"transaction_type":"Expense","payee":"Landlord","amount":"800","cadence":"monthly","starts":"2026-02-28"}"#;
    let (status, answer) = json(edge.post(RECURRING, body).header("Idempotency-Key", "rent")).await;
    assert_eq!((status, &answer["events"][0]["type"]), (201, &json!("recurring_declared")), "{answer}");
    let (status, list) = json(edge.get(RECURRING)).await;
    assert_eq!((status, &list["next_cursor"]), (200, &Value::Null));
    let item = &list["items"][0];
    assert_eq!(
        (&item["id"], &item["origin"], &item["next_due"], &item["yearly_amount"]),
        (&json!("rent"), &json!("declared"), &json!("2026-02-28"), &json!("9600"))
    );
    let cancel = || edge.client.delete(edge.url("/v1/users/real/recurring/rent"));
    let (status, answer) = json(cancel().header("Idempotency-Key", "no-more")).await;
    assert_eq!((status, &answer["events"][0]["type"]), (200, &json!("recurring_cancelled")), "{answer}");
    assert_eq!(json(edge.get(RECURRING)).await.1["items"], json!([]));
    assert_eq!(problem(cancel()).await, (404, "not_found".into()));
    assert_eq!(problem(edge.get("/v1/users/real/recurring?x=1")).await, (400, "unknown_parameter".into()));
    let transfer = r#"{"transaction_type":"Transfer","payee":"Me","amount":"5","cadence":"weekly"}"#;
    assert_eq!(problem(edge.post(RECURRING, transfer)).await, (422, "recurring_not_transfer".into()));
}

#[tokio::test]
async fn the_third_payment_is_detected_and_the_generic_route_gives_both_commands() {
    let edge = start().await;
    let pay = |date: &str| {
        let body = json!({"transaction_type": "Expense", "payee": "Netflix", "amount": "9.99", "date": date});
        json(edge.client.post(edge.url("/v1/users/real/transactions")).body(body.to_string()))
    };
    pay("2025-12-10").await;
    pay("2026-01-10").await;
    let (_, answer) = pay("2026-02-10").await;
    let event = &answer["events"][1];
    assert_eq!(
        (&event["type"], &event["data"]["next_due"]),
        (&json!("recurring_detected"), &json!("2026-03-10"))
    );
    assert_eq!(event["data"]["evidence"].as_array().map(Vec::len), Some(3));
    let body = json!({"id": event["data"]["id"]}).to_string();
    let cancel = edge.client.post(edge.url("/v1/users/real/commands/cancel_recurring")).body(body);
    let (status, answer) = json(cancel).await;
    assert_eq!((status, &answer["events"][0]["type"]), (201, &json!("recurring_cancelled")));
    let wrong = r#"{"transaction_type":"Expense","payee":"Gym","amount":"5","cadence":"daily"}"#;
    assert_eq!(
        problem(edge.post("/v1/users/real/commands/declare_recurring", wrong)).await,
        (422, "unknown_cadence".into())
    );
}
