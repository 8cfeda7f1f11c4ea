//! The feed over WebSocket: each event's envelope is one text message. To resume, open a new one with `last_event_id` = the
//! `sequence` of the last envelope.

use crate::body::Upload;
use crate::dispatch::{count, head, visitor};
use crate::edge::Edge;
use crate::events;
use crate::failure::Failure;
use crate::problem::Problem;
use crate::reply::{Outcome, Response};
use crate::request::{Head, Request};
use crate::router;
use crate::routes::ROUTES;
use bytes::Bytes;
use centime_engine::Feed;
use futures::{SinkExt, StreamExt};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::http::header::{HeaderValue, UPGRADE};
use warp::ws::{Message, WebSocket, Ws};
use warp::{Filter, Reply};

/// Clients have nothing to say here.
const LONGEST_MESSAGE: usize = 4096;
/// How long one message may take to get into the socket.
const SEND: Duration = Duration::from_secs(30);
/// Close codes of RFC 6455 and its registry.
const GOING_AWAY: u16 = 1001;
const TRY_AGAIN_LATER: u16 = 1013;

/// WebSocket handshakes. A request for the same path that is none goes on to the table, to [`upgrade_required`].
pub(crate) fn filter(edge: Arc<Edge>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "users" / String / "ws")
        .and(warp::ws())
        .and(head())
        .then(move |_, ws, head| {
            let edge = edge.clone();
            async move { open(&edge, head, ws).await }
        })
        .boxed()
}

/// `GET /v1/users/{user}/ws` without a handshake.
pub(crate) fn upgrade_required() -> Outcome {
    let detail = "this path speaks WebSocket; for plain HTTP see …/events";
    let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail);
    Err(problem.header(UPGRADE, HeaderValue::from_static("websocket")).into())
}

async fn open(edge: &Edge, head: Head, ws: Ws) -> Response {
    let response = match feed(edge, head).await {
        Ok(feed) => {
            let (stopped, keep_alive) = (edge.stopped(), edge.config.keep_alive);
            let talk = move |socket| talk(socket, feed, stopped, keep_alive);
            ws.max_message_size(LONGEST_MESSAGE).on_upgrade(talk).into_response()
        }
        Err(problem) => problem.into_response(),
    };
    count("/v1/users/{user}/ws", response.status());
    response
}

async fn feed(edge: &Edge, head: Head) -> Result<Feed, Problem> {
    edge.guard.check(&visitor(&head, true))?;
    let (_, params) = router::find(ROUTES, &head.method, &head.path)?;
    let request = Request { head, params, body: Bytes::new(), upload: Upload::default() };
    events::subscribe(edge, &request).await.map_err(|failure| match failure {
        Failure::Problem(problem) => problem,
        // A socket can't be passed on the way an answer can; …/events can.
        Failure::Elsewhere(address) => {
            let detail = format!("this user's socket is at {address}; …/events works here too");
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "served_elsewhere", detail)
        }
    })
}

async fn talk(
    mut socket: WebSocket,
    mut feed: Feed,
    stopped: impl Future<Output = ()>,
    keep_alive: Duration,
) {
    let mut stopped = pin!(stopped);
    let mut signs_of_life = interval(keep_alive);
    signs_of_life.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            () = &mut stopped => Message::close_with(GOING_AWAY, "the server is stopping"),
            event = feed.next() => match event {
                Some(event) => Message::text(events::envelope(&event)),
                None => Message::close_with(TRY_AGAIN_LATER, "come back with last_event_id"),
            },
            heard = socket.next() => match heard {
                // Pings are answered while the socket is read; anything else said is nothing to us.
                Some(Ok(message)) if !message.is_close() => continue,
                _ => return,
            },
            _ = signs_of_life.tick() => Message::ping(Bytes::new()),
        };
        let last = message.is_close();
        let sent = timeout(SEND, socket.send(message)).await;
        if last || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}
