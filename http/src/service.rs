//! What the server says about itself.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::reply::{self, Outcome, Response};
use crate::request::Request;
use crate::routes::ROUTES;
use centime_domain::Command;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::time::Duration;
use warp::http::StatusCode;

/// `GET /health/live`
pub(crate) fn live() -> Response {
    reply::json(StatusCode::OK, &json!({"status": "live"}))
}

/// `GET /health/ready`
pub(crate) fn ready(edge: &Edge) -> Outcome {
    if edge.backend.ready() {
        return Ok(reply::json(StatusCode::OK, &json!({"status": "ready"})));
    }
    let problem =
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "partitions are still catching up");
    Err(problem.retry_after(Duration::from_secs(1)).into())
}

/// `GET /metrics`
pub(crate) fn metrics(edge: &Edge) -> Response {
    reply::with_type(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", (edge.metrics)())
}

/// `GET /v1/commands`
pub(crate) fn commands() -> Response {
    let item = |kind: &&str| {
        json!({
            "type": kind,
            "path": format!("/v1/users/{{user}}/commands/{kind}"),
            "topic": format!("commands.{kind}"),
        })
    };
    let items: Vec<_> = Command::types().iter().map(item).collect();
    reply::json(StatusCode::OK, &json!({"items": items, "next_cursor": null}))
}

/// `POST /v1/admin/clock`
pub(crate) fn move_clock(edge: &Edge, request: &Request) -> Outcome {
    let to = instant(&request.body)?;
    let clock = edge.backend.clock();
    clock.advance(to).map_err(|why| Problem::new(StatusCode::CONFLICT, "clock_refused", why).field("to"))?;
    Ok(reply::json(StatusCode::OK, &json!({"now": clock.now()})))
}

/// `{"to": RFC 3339}`
fn instant(body: &[u8]) -> Result<Timestamp, Problem> {
    let wrong = |why: &str| {
        Problem::bad_request("invalid_json", format!("the body must be {{\"to\": RFC 3339}}: {why}"))
    };
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|e| wrong(&e.to_string()))?;
    if let Some(other) = body.keys().find(|name| *name != "to") {
        return Err(wrong("there is no other field").field(other.clone()));
    }
    let to = body.get("to").ok_or_else(|| wrong("it lacks `to`").field("to"))?;
    let to = to.as_str().ok_or_else(|| wrong("`to` is a text").field("to"))?;
    to.parse().map_err(|_| {
        let detail = format!("must be an RFC 3339 instant, of the calendar up to {}", Timestamp::MAX);
        Problem::bad_request("invalid_time", detail).field("to")
    })
}

/// `GET /`
pub(crate) fn index() -> Response {
    let mut page = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><title>centime</title>\
         <h1>centime</h1><p>A real-time personal finance engine: commands in, exactly-once events out.</p>\
         <p>Up: <a href=/health/ready>ready?</a> · <a href=/metrics>metrics</a> · \
         <a href=/v1/commands>commands</a></p><table>",
    );
    for route in ROUTES {
        let (method, pattern, about) = (&route.method, route.pattern, route.about);
        write!(page, "<tr><td>{method}<td><code>{pattern}</code><td>{about}")
            .expect("writing to memory does not fail");
    }
    page.push_str("</table></html>\n");
    reply::with_type(StatusCode::OK, "text/html; charset=utf-8", page)
}
