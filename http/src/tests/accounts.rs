//! Accounts and exchange rates.

use super::{json, problem, start};
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
