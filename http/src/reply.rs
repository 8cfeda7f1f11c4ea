//! Good answers.

use crate::failure::Failure;
use centime_engine::Position;
use serde::Serialize;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// An HTTP response.
pub(crate) type Response = warp::reply::Response;

/// What a handler comes to.
pub(crate) type Outcome = Result<Response, Failure>;

/// The header that carries a [`Position`], both ways.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("centime-position");

/// A value as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    bytes(status, serde_json::to_vec(value).expect("answers have text keys, so they are JSON"))
}

/// Bytes that are JSON already.
pub(crate) fn bytes(status: StatusCode, json: Vec<u8>) -> Response {
    with_type(status, "application/json", json)
}

/// Anything else, with its media type.
pub(crate) fn with_type(status: StatusCode, media_type: &'static str, body: impl Into<Vec<u8>>) -> Response {
    let mut response = Response::new(body.into().into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Tells the client where its answer holds.
pub(crate) fn set_position(headers: &mut HeaderMap, position: Position) {
    let text = HeaderValue::from_str(&position.to_string()).expect("digits and a colon are a header value");
    headers.insert(POSITION, text);
}
