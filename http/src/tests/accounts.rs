//! Accounts and exchange rates.

use super::{header, json, problem, start};
use serde_json::json;

#[tokio::test]
async fn accounts_are_opened_asked_about_and_closed() {
    let edge = start().await;
    let (status, _) = json(edge.post("/v1/users/ada/accounts", r#"{"name":"Giro"}"#)).await;
    assert_eq!(status, 201);
    let (status, _) = json(edge.client.delete(edge.url("/v1/users/ada/accounts/Giro%202"))).await;
    assert_eq!(status, 200);
    let rate = edge.post("/v1/users/ada/exchange-rates", r#"{"from":"USD","to":"EUR","rate":"0.9"}"#);
    assert_eq!(json(rate).await.0, 201);
    let commands = edge.fake.commands.lock().unwrap().clone();
    let given: Vec<_> = commands.iter().map(|command| (command.kind.as_str(), &*command.data)).collect();
    let expected: [(&str, &[u8]); 3] = [
        ("open_account", br#"{"name":"Giro"}"#),
        ("close_account", br#"{"id":"Giro 2"}"#),
        ("record_exchange_rate", br#"{"from":"USD","to":"EUR","rate":"0.9"}"#),
    ];
    assert_eq!(given, expected);
    let (_, body) = json(edge.get("/v1/users/ada/accounts")).await;
    assert_eq!(body["asked"], json!("Accounts"));
    let (_, body) = json(edge.get("/v1/users/ada/accounts/Giro%202")).await;
    assert_eq!(body["asked"], json!("Account { name: \"Giro 2\" }"));
    assert_eq!(problem(edge.get("/v1/users/nobody/accounts/x")).await, (404, "not_found".into()));
    assert_eq!(
        problem(edge.client.delete(edge.url("/v1/users/nobody/accounts/x"))).await,
        (404, "not_found".into())
    );
}

#[tokio::test]
async fn an_account_says_where_it_is() {
    let edge = start().await;
    let open = |path: &str, id: &str, body| {
        edge.post(&format!("/v1/users/real/{path}"), body).header("Idempotency-Key", id)
    };
    let answer = open("accounts", "k 1", r#"{"name":"Giro"}"#).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "location")),
        (201, "/v1/users/real/accounts/k%201")
    );
    let answer = open("commands/open_account", "k2", r#"{"id":"Cash / Sock"}"#).send().await.unwrap();
    assert_eq!(header(&answer, "location"), "/v1/users/real/accounts/Cash%20%2F%20Sock");
    let answer = open("accounts", "k3", r#"{"name":"Giro"}"#).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (422, ""));
}
