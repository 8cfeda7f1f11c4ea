//! Request bodies: read with a limit each and a limit together, whether their length was announced or not; or handed on as they
//! arrive.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::request::Head;
use bytes::{Buf, Bytes};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::SemaphorePermit;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_LENGTH, EXPECT};

/// Of a body that is too large so much is read all the same, for so long.
const MOST_DRAINED: usize = 32 << 20;
const LINGER: Duration = Duration::from_secs(1);

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
    let stream = pin!(stream);
    // An announced length is refused before the client has sent it all for nothing, if the client asks first.
    let announced: Option<usize> =
        head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(length) = announced
        && length > most
    {
        if length <= MOST_DRAINED && !head.headers.contains_key(EXPECT) {
            drain(stream).await;
        }
        return Err(too_large(most));
    }
    let body = tokio::time::timeout(edge.config.body_timeout, collect(edge, stream, most)).await;
    body.unwrap_or_else(|_| Err(late()))
}

/// Who is still sending would see the connection break, and not the answer: what comes within a moment is read, and dropped.
async fn drain<S, B>(mut stream: Pin<&mut S>)
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let all = async {
        let mut drained = 0;
        while let Some(Ok(chunk)) = stream.next().await {
            drained += chunk.remaining();
            if drained > MOST_DRAINED {
                return;
            }
        }
    };
    // The answer is the same, whether all of it came or not.
    let _ = tokio::time::timeout(LINGER, all).await;
}

async fn collect<'a, S, B>(edge: &'a Edge, mut stream: Pin<&mut S>, most: usize) -> Result<Body<'a>, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let mut body = Body::default();
    while let Some(chunk) = stream.next().await {
        let mut chunk = chunk.map_err(|e| broken_off(&e))?;
        let length = chunk.remaining();
        if body.bytes.len() + length > most {
            drain(stream).await;
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

/// A body that its handler reads as it arrives.
#[derive(Default)]
pub(crate) struct Upload(Mutex<Option<Chunks>>);

/// The chunks of a body.
pub(crate) type Chunks = BoxStream<'static, Result<Bytes, Problem>>;

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upload")
    }
}

impl Upload {
    /// A body whose sender may be silent for so long.
    pub(crate) fn new<S, B>(silence: Duration, stream: S) -> Self
    where
        S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
        B: Buf + 'static,
    {
        let chunks = stream::unfold(stream.boxed(), move |mut stream| async move {
            let chunk = match tokio::time::timeout(silence, stream.next()).await {
                Ok(chunk) => {
                    chunk?.map_err(|e| broken_off(&e)).map(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))
                }
                Err(_) => Err(late()),
            };
            Some((chunk, stream))
        });
        Self(Mutex::new(Some(chunks.fuse().boxed())))
    }

    /// The chunks; `None`: there are none, or somebody has them.
    pub(crate) fn take(&self) -> Option<Chunks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn broken_off(error: &warp::Error) -> Problem {
    Problem::bad_request("body_unreadable", format!("the request's body broke off: {error}"))
}

fn late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the request's body did not arrive in time")
}

fn too_large(most: usize) -> Problem {
    let detail = format!("a request's body is at most {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail).field("body")
}
