//! Request bodies: read with a limit each and a limit together, whether their length was announced or not.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::request::Head;
use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::SemaphorePermit;
use warp::http::StatusCode;
use warp::http::header::CONTENT_LENGTH;

/// A body in memory, and its share of the room for bodies.
#[derive(Debug, Default)]
pub(crate) struct Body<'a> {
    pub(crate) bytes: Bytes,
    room: Option<SemaphorePermit<'a>>,
}

/// Reads the body of a request, if its method has one: at most so many bytes.
pub(crate) async fn read<'a, S, B>(
    edge: &'a Edge,
    head: &Head,
    stream: S,
    most: usize,
) -> Result<Body<'a>, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    if head.method.is_safe() {
        return Ok(Body::default());
    }
    // An announced length is refused before the client has sent it all for nothing.
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > most) {
        return Err(too_large(most));
    }
    tokio::time::timeout(edge.config.body_timeout, collect(edge, stream, most)).await.unwrap_or_else(|_| {
        Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "the request's body did not arrive in time",
        ))
    })
}

async fn collect<S, B>(edge: &Edge, stream: S, most: usize) -> Result<Body<'_>, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let mut stream = pin!(stream);
    let mut body = Body::default();
    while let Some(chunk) = stream.next().await {
        let mut chunk = chunk.map_err(|e| {
            Problem::bad_request("body_unreadable", format!("the request's body broke off: {e}"))
        })?;
        let length = chunk.remaining();
        if body.bytes.len() + length > most {
            return Err(too_large(most));
        }
        body.take_room(edge, length, most)?;
        let chunk = chunk.copy_to_bytes(length);
        // Almost every body is one chunk, which is not copied.
        body.bytes = if body.bytes.is_empty() { chunk } else { [body.bytes, chunk].concat().into() };
    }
    Ok(body)
}

impl<'a> Body<'a> {
    fn take_room(&mut self, edge: &'a Edge, length: usize, most: usize) -> Result<(), Problem> {
        let length = u32::try_from(length).map_err(|_| too_large(most))?;
        let more = edge.body_room.try_acquire_many(length).map_err(|_| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "too many bytes of requests are waiting; retry",
            )
            .retry_after(Duration::from_secs(1))
        })?;
        match &mut self.room {
            Some(room) => room.merge(more),
            None => self.room = Some(more),
        }
        Ok(())
    }
}

fn too_large(most: usize) -> Problem {
    let detail = format!("a request's body is at most {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}
