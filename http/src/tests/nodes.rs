//! Users of other nodes.

use super::fake::Fake;
use super::{Running, header, problem, start, start_with};
use crate::HttpConfig;

/// A node that believes the user `elsewhere` to be at `other`.
async fn pointing_at(other: String) -> Running {
    start_with(HttpConfig::default(), Fake { other, ..Fake::default() }).await
}

#[tokio::test]
async fn a_request_goes_to_the_users_node() {
    let owner = start().await;
    let edge = pointing_at(owner.address.to_string()).await;
    let post =
        edge.post("/v1/users/elsewhere/transactions", r#"{"amount":"1"}"#).header("Idempotency-Key", "k");
    let answer = post.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "location"), "/v1/users/elsewhere/transactions/k");
    assert_eq!(header(&answer, "centime-position"), "3:9");
    assert!(answer.text().await.unwrap().contains(r#""id":"k""#));
    assert_eq!(owner.fake.commands.lock().unwrap()[0].data, br#"{"amount":"1"}"#);
    let query = edge.get("/v1/users/elsewhere/transactions?category=A%26B").send().await.unwrap();
    assert!(query.text().await.unwrap().contains("A&B"));
}

#[tokio::test]
async fn a_feed_comes_through_as_it_happens() {
    let owner = start().await;
    let edge = pointing_at(format!("http://{}", owner.address)).await;
    let path = "/v1/users/elsewhere/events";
    let mut feed = edge.get(path).header("Last-Event-ID", "3:8:2").send().await.unwrap();
    assert_eq!(header(&feed, "content-type"), "text/event-stream");
    let mut read = String::new();
    while !read.contains("budget_exceeded") {
        read.push_str(std::str::from_utf8(&feed.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert_eq!(owner.fake.subscribed.lock().unwrap()[0].unwrap().sequence, 8);
    edge.stop.send(()).unwrap();
    assert_eq!(feed.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn nodes_do_not_play_ball() {
    let owner = pointing_at("127.0.0.1:1".into()).await;
    let edge = pointing_at(owner.address.to_string()).await;
    let post = edge.post("/v1/users/elsewhere/transactions", "{}");
    assert_eq!(problem(post).await, (503, "owner_changing".into()));
}

#[tokio::test]
async fn a_node_out_of_reach_is_a_reason_to_retry() {
    let edge = pointing_at("127.0.0.1:1".into()).await;
    let post = edge.post("/v1/users/elsewhere/transactions", "{}");
    assert_eq!(problem(post).await, (503, "owner_unreachable".into()));
}

#[tokio::test]
async fn a_web_socket_is_told_where_its_user_is() {
    let edge = pointing_at("127.0.0.1:1".into()).await;
    let refused =
        tokio_tungstenite::connect_async(format!("ws://{}/v1/users/elsewhere/ws", edge.address)).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(response)) = refused else { panic!("{refused:?}") };
    assert_eq!(response.status(), 421);
    let problem: serde_json::Value = serde_json::from_slice(response.body().as_ref().unwrap()).unwrap();
    assert_eq!(problem["code"], "served_elsewhere");
    assert!(problem["detail"].as_str().unwrap().contains("127.0.0.1:1"));
}
