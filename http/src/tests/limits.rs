//! What is too much, and who may not.

use super::fake::Fake;
use super::{json, problem, start, start_with};
use crate::HttpConfig;
use futures::stream;
use reqwest::Body;
use std::time::Duration;

fn chunked(chunks: usize) -> Body {
    let chunk = || Ok::<_, std::io::Error>(" ".repeat(1000));
    Body::wrap_stream(stream::iter(std::iter::repeat_with(chunk).take(chunks).chain([Ok("{}".to_owned())])))
}

#[tokio::test]
async fn chunked_bodies_are_bodies() {
    let edge = start_with(HttpConfig { max_body: 10_000, ..HttpConfig::default() }, Fake::default()).await;
    let post = |body| edge.client.post(edge.url("/v1/users/ada/transactions")).body(body);
    assert_eq!(json(post(chunked(9))).await.0, 201);
    assert_eq!(edge.fake.commands.lock().unwrap()[0].data.len(), 9_002);
    assert_eq!(problem(post(chunked(10))).await, (413, "body_too_large".into()));
    assert_eq!(problem(post(" ".repeat(10_001).into())).await, (413, "body_too_large".into()));
    assert_eq!(json(post(chunked(10))).await.1["field"], "body");
}

#[tokio::test]
async fn bodies_share_a_room() {
    let edge = start_with(HttpConfig { max_bodies: 5_000, ..HttpConfig::default() }, Fake::default()).await;
    let post = |body| edge.client.post(edge.url("/v1/users/ada/transactions")).body(body);
    assert_eq!(problem(post(chunked(6))).await, (503, "busy".into()));
    for _ in 0..3 {
        assert_eq!(json(post(chunked(4))).await.0, 201, "room is given back");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let config = HttpConfig { body_timeout: Duration::from_millis(100), ..HttpConfig::default() };
    let edge = start_with(config, Fake::default()).await;
    let never = Body::wrap_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let post = edge.client.post(edge.url("/v1/users/ada/transactions")).body(never);
    assert_eq!(problem(post).await, (408, "body_timeout".into()));
}

#[tokio::test]
async fn beyond_the_bound_requests_are_turned_away_at_once() {
    let edge = start_with(HttpConfig { max_in_flight: 1, ..HttpConfig::default() }, Fake::default()).await;
    let slow = tokio::spawn(edge.post("/v1/users/slow/transactions", "{}").send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let refused = edge.post("/v1/users/ada/transactions", "{}").send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(json(edge.get("/health/live")).await.0, 200, "what watches is let in");
    assert_eq!(slow.await.unwrap().unwrap().status(), 201);
    assert_eq!(json(edge.post("/v1/users/ada/transactions", "{}")).await.0, 201);
}

#[tokio::test]
async fn a_busy_engine_names_its_time() {
    let edge = start().await;
    let refused = edge.post("/v1/users/busy/transactions", "{}").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "3"));
}

#[tokio::test]
async fn web_pages_of_others_are_kept_out() {
    let edge = start().await;
    let forbidden = (403, "forbidden_origin".to_owned());
    let post = || edge.post("/v1/users/ada/transactions", "{}");
    assert_eq!(problem(post().header("Origin", "http://evil.example")).await, forbidden);
    assert_eq!(problem(edge.get("/metrics").header("Host", "evil.example")).await, forbidden);
    assert_eq!(json(post().header("Origin", format!("http://{}", edge.address))).await.0, 201);
}
