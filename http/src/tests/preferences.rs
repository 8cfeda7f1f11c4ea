//! Preferences: one object, put and got.

use super::{json, problem, start};
use serde_json::json;

#[tokio::test]
async fn preferences_are_put_as_a_command_and_got_as_an_answer() {
    let edge = start().await;
    let put = |user: &str, body: &'static str| {
        edge.client.put(edge.url(&format!("/v1/users/{user}/preferences"))).body(body)
    };
    assert_eq!(json(put("ada", r#"{"month_start":25}"#)).await.0, 200);
    assert_eq!(problem(put("poor", "{}")).await.0, 422);
    assert_eq!(problem(put("ada", "")).await, (400, "invalid_json".into()));
    let commands = edge.fake.commands.lock().unwrap().clone();
    assert_eq!(
        (commands[0].kind.as_str(), &*commands[0].data),
        ("set_preferences", &br#"{"month_start":25}"#[..])
    );
    let (status, body) = json(edge.get("/v1/users/ada/preferences")).await;
    assert_eq!((status, &body["asked"]), (200, &json!("Preferences")));
    assert_eq!(problem(edge.get("/v1/users/ada/preferences?x=1")).await, (400, "unknown_parameter".into()));
}
