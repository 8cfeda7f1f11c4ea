//! Feeds over SSE and WebSocket.

use super::{Running, header, start};
use centime_engine::EventPosition;
use futures::StreamExt;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

const HELLO: &str = ":centime\nretry:1000\n\n";
const CREATED: &str = "event:transaction_created\ndata:{\"type\":\"transaction_created\"}\nid:3:9:0\n\n";
const EXCEEDED: &str = "event:budget_exceeded\ndata:{\"type\":\"budget_exceeded\"}\nid:3:9:1\n\n";

/// Reads until the text has come, and no more.
async fn expect(response: &mut reqwest::Response, text: &str) {
    let mut read = String::new();
    while read.len() < text.len() {
        let chunk = timeout(Duration::from_secs(5), response.chunk()).await.unwrap().unwrap().unwrap();
        read.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert_eq!(read, text);
}

#[tokio::test]
async fn events_come_with_their_ids() {
    let edge = start().await;
    let mut feed = edge.get("/v1/users/ada/events").header("Last-Event-ID", "3:8:2").send().await.unwrap();
    assert_eq!(header(&feed, "content-type"), "text/event-stream");
    expect(&mut feed, &format!("{HELLO}{CREATED}{EXCEEDED}")).await;
    let after = EventPosition { partition: 3, sequence: 8, index: 2 };
    assert_eq!(*edge.fake.subscribed.lock().unwrap(), [Some(after)]);
}

#[tokio::test]
async fn types_choose() {
    let edge = start().await;
    let mut feed = edge.get("/v1/users/ada/events?types=budget_exceeded").send().await.unwrap();
    expect(&mut feed, &format!("{HELLO}{EXCEEDED}")).await;
}

#[tokio::test]
async fn the_stream_ends_with_the_feed() {
    let edge = start().await;
    let feed = edge.get("/v1/users/laggard/events").send().await.unwrap();
    assert_eq!(feed.text().await.unwrap(), format!("{HELLO}{CREATED}{EXCEEDED}"));
}

#[tokio::test]
async fn stopping_ends_streams_and_the_server() {
    let edge = start().await;
    let mut feed = edge.get("/v1/users/ada/events").send().await.unwrap();
    expect(&mut feed, &format!("{HELLO}{CREATED}{EXCEEDED}")).await;
    let slow = tokio::spawn(edge.post("/v1/users/slow/transactions", "{}").send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    edge.stop.send(()).unwrap();
    assert_eq!(feed.chunk().await.unwrap(), None);
    assert_eq!(slow.await.unwrap().unwrap().status(), 201);
    timeout(Duration::from_secs(2), edge.server).await.unwrap().unwrap();
    assert!(reqwest::get(format!("http://{}/", edge.address)).await.is_err());
}

fn socket(
    edge: &Running,
    path: &str,
    origin: Option<&'static str>,
) -> impl IntoClientRequest + Unpin + use<> {
    let mut request = format!("ws://{}{path}", edge.address).into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_web_socket_tells_the_same() {
    let edge = start().await;
    let path = "/v1/users/ada/ws?types=budget_exceeded&last_event_id=3:8:2";
    let (mut socket, _) = connect_async(socket(&edge, path, None)).await.unwrap();
    let text = loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => break text,
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(text.as_str(), r#"{"type":"budget_exceeded"}"#);
    edge.stop.send(()).unwrap();
    let closed = async { while !socket.next().await.unwrap().unwrap().is_close() {} };
    timeout(Duration::from_secs(2), closed).await.unwrap();
}

#[tokio::test]
async fn pages_of_others_get_no_web_socket() {
    let edge = start().await;
    let refused = connect_async(socket(&edge, "/v1/users/ada/ws", Some("http://evil.example"))).await;
    let Err(Error::Http(response)) = refused else { panic!("{refused:?}") };
    assert_eq!(response.status(), 403);
}
