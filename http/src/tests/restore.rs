//! Bringing an export back.

use super::fake::{Fake, POSITION};
use super::{Running, header, start, start_with};
use serde_json::{Value, json};

fn line(id: &str, kind: &str, data: &Value) -> String {
    let line = json!({
        "specversion": "1.0", "id": "x", "source": "/centime", "type": kind, "subject": "ada", "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json", "causationid": id, "bodyhash": "00ff", "sequence": "1:2:3", "data": data,
    });
    format!("{line}\n")
}

fn budget(limit: &str) -> Value {
    json!({"category": "Food", "limit": limit, "currency": "EUR", "from": "2026-01", "thresholds": [80], "policy": "reset"})
}

fn spent(id: &str, amount: &str) -> Value {
    json!({
        "id": id, "transaction_type": "Expense", "amount": amount, "currency": "EUR", "category": "Food", "date": "2026-02-03",
        "payee": null, "note": "two\nlines", "tags": [], "account": null, "splits": [], "refund": false, "excluded": false,
        "status": "posted",
    })
}

fn file() -> String {
    [
        line("b", "budget_set", &budget("100")),
        line("t1", "transaction_created", &spent("t1", "1.50")),
        line("t2", "transaction_created", &spent("t2", "2")),
    ]
    .concat()
}

async fn sent(edge: &Running, path: &str, file: String) -> (u16, Value) {
    let answer = edge.post(path, "").body(file).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn an_export_comes_back() {
    let edge = start().await;
    let answer = edge.post("/v1/users/real/restore", "").body(file()).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "centime-position"), POSITION.to_string());
    assert!(answer.headers().get("idempotent-replayed").is_none());
    let body: Value = answer.json().await.unwrap();
    let restore = str::to_owned(&edge.fake.commands.lock().unwrap()[0].id.text());
    assert_eq!(
        body,
        json!({"restore_id": restore, "parts": 1, "commands": 3, "events": 3, "subject": "ada"})
    );
    let balance: Value = edge.get("/v1/users/real/balance").send().await.unwrap().json().await.unwrap();
    assert_eq!(balance["items"][0]["balance"], "-3.50");
    let (status, body) = sent(&edge, "/v1/users/real/restore", file().replace("1.50", "1.60")).await;
    assert_eq!((status, &body["code"], &body["field"]), (422, &json!("user_not_empty"), &json!("user")));
    let answer = edge.get("/v1/users/real/restore").send().await.unwrap();
    assert_eq!(answer.status(), 405);
}

#[tokio::test]
async fn the_same_file_is_the_same_commands_in_parts_of_one_restore() {
    let edge = start().await;
    let file: String =
        (0..1_001).map(|n| line(&format!("t{n}"), "budget_removed", &json!({"category": "Food"}))).collect();
    for again in [false, true] {
        let answer = edge.post("/v1/users/ada/restore", "").body(file.clone()).send().await.unwrap();
        assert_eq!(answer.headers().get("idempotent-replayed").is_some(), again);
        let body: Value = answer.json().await.unwrap();
        assert_eq!((&body["parts"], &body["commands"]), (&json!(3), &json!(1_001)));
    }
    let commands = edge.fake.commands.lock().unwrap();
    let id = |n: usize| str::to_owned(&commands[n].id.text());
    assert_eq!((id(0), id(1), id(2)), (id(3), id(4), id(5)), "the file is its own key");
    let data = |n: usize| serde_json::from_slice::<Value>(&commands[n].data).unwrap();
    assert_eq!(
        (&data(1)["restore_id"], &data(1)["part"], &data(1)["last"]),
        (&json!(id(0)), &json!(2), &json!(false))
    );
    assert_eq!((&data(2)["last"], data(2)["commands"].as_array().map(Vec::len)), (&json!(true), Some(1)));
}

#[tokio::test]
async fn what_can_not_be_restored_is_refused_with_its_line() {
    let cases = [
        (file()[..file().len() - 20].to_owned(), "invalid_line", 3, Value::Null),
        (file().replace("1.50", "-1.50"), "amount_signed", 2, json!("data.amount")),
        (file().replace("1.50", "0"), "amount_zero", 2, json!("data.amount")),
        (file().replace("1.50", "99"), "event_missing", 3, Value::Null),
        (file().replace("budget_set", "budget_dreamt"), "unknown_event_type", 1, json!("type")),
        (file().replace("\"status\"", "\"state\""), "missing_field", 2, json!("data.status")),
        (file().replace("2026-01-01T", "yesterday "), "invalid_time", 1, json!("time")),
        (
            file() + &line("t1", "transaction_created", &spent("t1", "5")),
            "id_reused",
            4,
            json!("causationid"),
        ),
        (file() + &file().replace("ada", "bob"), "several_users", 4, json!("subject")),
        (file() + &"x".repeat(10 << 20), "line_too_long", 4, Value::Null),
    ];
    for (file, code, line, field) in cases {
        let edge = start().await;
        let (status, problem) = sent(&edge, "/v1/users/real/restore", file).await;
        assert_eq!(status, 422, "{problem}");
        assert_eq!((&problem["code"], &problem["line"]), (&json!(code), &json!(line)), "{problem}");
        if !field.is_null() {
            assert_eq!(problem["field"], field, "{problem}");
        }
        let balance: Value = edge.get("/v1/users/real/balance").send().await.unwrap().json().await.unwrap();
        assert_eq!(balance["items"], json!([]), "{code}: nothing of it is there");
    }
}

#[tokio::test]
async fn another_nodes_user_is_restored_there() {
    let there = start().await;
    let here = start_with(
        crate::HttpConfig::default(),
        Fake { other: there.address.to_string(), ..Fake::default() },
    )
    .await;
    let (status, body) = sent(&here, "/v1/users/elsewhere/restore", file()).await;
    assert_eq!((status, &body["commands"]), (201, &json!(3)));
    assert_eq!(there.fake.commands.lock().unwrap().len(), 1);
    let (status, body) = sent(&here, "/v1/users/busy/restore", file()).await;
    assert_eq!((status, &body["code"]), (503, &json!("busy")));
}
