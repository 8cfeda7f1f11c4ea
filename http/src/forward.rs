//! A request for a user of another node is passed on to it, and its answer back.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::reply::Response;
use crate::request::Request;
use futures::StreamExt;
use std::io;
use std::time::Duration;
use sync_wrapper::SyncStream;
use warp::Reply;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderMap, StatusCode};

/// Marks a request that was passed on: it is not passed on twice, so that two nodes that each believe the other to be the
/// owner don't play ball.
const FORWARDED: &str = "centime-forwarded";

/// Request headers that go along; the rest concerns this connection.
const REQUEST: [&str; 8] = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "centime-time",
    "centime-position",
    "last-event-id",
    "traceparent",
];

/// Answer headers that come back.
const ANSWER: [&str; 9] = [
    "allow",
    "cache-control",
    "centime-position",
    "content-length",
    "content-type",
    "idempotent-replayed",
    "location",
    "retry-after",
    "www-authenticate",
];

/// The other node's answer.
pub(crate) async fn forward(edge: &Edge, request: &Request, address: &str) -> Result<Response, Problem> {
    let soon = Duration::from_secs(1);
    if request.head.headers.contains_key(FORWARDED) {
        let detail = "the user's partition is changing nodes; retry";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "owner_changing", detail).retry_after(soon));
    }
    let body = match request.upload.take() {
        Some(chunks) => {
            reqwest::Body::wrap_stream(SyncStream::new(chunks.map(|chunk| chunk.map_err(broken_off))))
        }
        None => request.body.clone().into(),
    };
    let sent = edge
        .client
        .request(request.head.method.clone(), url(address, &request.head.path_and_query()))
        .headers(pick(&request.head.headers, &REQUEST))
        .header(FORWARDED, "1")
        .body(body)
        .send()
        .await;
    match sent {
        Ok(answer) => Ok(relay(edge, answer)),
        Err(e) if e.is_connect() => {
            tracing::debug!(address, error = %e, "the user's node is out of reach");
            let detail = "the user's node is out of reach; retry";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "owner_unreachable", detail).retry_after(soon))
        }
        Err(e) => {
            tracing::debug!(address, error = %e, "the user's node did not answer");
            let detail = "the user's node did not answer; repeat with the same Idempotency-Key";
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", detail))
        }
    }
}

/// What did not arrive is not passed on as if it were whole.
fn broken_off(_: Problem) -> io::Error {
    io::Error::other("the request's body broke off")
}

/// Passes the answer on while it comes in: it may be a feed without an end.
fn relay(edge: &Edge, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let headers = pick(answer.headers(), &ANSWER);
    // What has an end is not cut: a part of it would look like the whole.
    let endless = headers.get(CONTENT_TYPE).is_some_and(|media| media == "text/event-stream");
    let stopped = edge.stopped();
    let cut = async move { if endless { stopped.await } else { std::future::pending().await } };
    let body = answer.bytes_stream().take_until(cut);
    let mut response = warp::reply::stream(SyncStream::new(body)).into_response();
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn pick(headers: &HeaderMap, names: &[&'static str]) -> HeaderMap {
    let mut picked = HeaderMap::new();
    for name in names {
        if let Some(value) = headers.get(*name) {
            picked.insert(*name, value.clone());
        }
    }
    picked
}

/// Addresses are advertised with or without a scheme.
fn url(address: &str, path_and_query: &str) -> String {
    let scheme = if address.contains("://") { "" } else { "http://" };
    format!("{scheme}{}{path_and_query}", address.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_have_a_scheme() {
        assert_eq!(url("b:8000", "/v1?x=1"), "http://b:8000/v1?x=1");
        assert_eq!(url("http://b:8000/", "/v1"), "http://b:8000/v1");
    }

    #[test]
    fn only_what_concerns_the_request_goes_along() {
        let mut headers = HeaderMap::new();
        headers.insert("connection", "upgrade".parse().unwrap());
        headers.insert("idempotency-key", "k".parse().unwrap());
        let picked = pick(&headers, &REQUEST);
        assert_eq!(picked.len(), 1);
        assert_eq!(picked["idempotency-key"], "k");
    }
}
