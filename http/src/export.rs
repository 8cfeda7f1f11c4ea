//! `GET …/export`: all of a user's events as one file.

use crate::edge::Edge;
use crate::reply::{self, Outcome};
use crate::request::Request;
use bytes::Bytes;
use centime_engine::FeedEvent;
use futures::future::ready;
use futures::stream::{StreamExt, once, select};
use std::io;
use sync_wrapper::SyncStream;
use warp::Reply;
use warp::http::header::{CONTENT_TYPE, HeaderValue};

/// What says nothing about the user's state: refusals changed nothing, and an erasure is where the file begins.
const LEFT_OUT: [&str; 2] = ["command_rejected", "user_erased"];

/// `GET /v1/users/{user}/export`
pub(crate) async fn export(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    let (position, events) = edge.backend.export(request.user()?, request.at_least()?).await?;
    let lines = events.filter_map(|event| ready(line(event.map_err(io::Error::other)).transpose()));
    // A file that ends early breaks the connection off: it must not look whole.
    let stopped = once(edge.stopped()).map(|()| Some(Err(io::Error::other("the server stops"))));
    let file = select(lines.map(Some).chain(once(ready(None))), stopped)
        .take_while(|line| ready(line.is_some()))
        .filter_map(ready);
    let mut response = warp::reply::stream(SyncStream::new(file.boxed())).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    reply::set_position(response.headers_mut(), position);
    Ok(response)
}

fn line(event: io::Result<FeedEvent>) -> io::Result<Option<Bytes>> {
    let event = event?;
    let told = !LEFT_OUT.contains(&event.kind);
    Ok(told.then(|| [&*event.envelope, b"\n"].concat().into()))
}
