//! The feed: a user's committed events over SSE, and what the WebSocket shares with it.

use crate::edge::Edge;
use crate::failure::Failure;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::reply::Outcome;
use crate::request::Request;
use centime_domain::Event;
use centime_engine::{Feed, FeedEvent};
use futures::future::ready;
use futures::stream::{StreamExt, once};
use std::convert::Infallible;
use std::time::Duration;
use sync_wrapper::SyncStream;
use warp::Reply;
use warp::sse;

/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(1);

/// The event that tells of a refused command; it is no [`Event`], for it changes nothing.
const REJECTED: &str = "command_rejected";

/// `GET /v1/users/{user}/events`
pub(crate) async fn stream(edge: &Edge, request: &Request) -> Outcome {
    let feed = subscribe(edge, request).await?;
    // The first bytes at once: they tell the client that it is connected.
    let hello = once(ready(sse::Event::default().comment("centime").retry(RETRY)));
    let frames = hello.chain(feed.map(|event| frame(&event))).map(Ok::<_, Infallible>);
    let frames = SyncStream::new(frames.take_until(edge.stopped()));
    let lively = sse::keep_alive().interval(edge.config.keep_alive).text("keep-alive").stream(frames);
    Ok(sse::reply(lively).into_response())
}

/// The feed a request asks for: after its last event, of its types. It ends when the client is too slow or the user's
/// partition moves; the client then comes back with the last event it has.
pub(crate) async fn subscribe(edge: &Edge, request: &Request) -> Result<Feed, Failure> {
    let parameters = request.parameters(&["types", "last_event_id"])?;
    let types = types(&parameters)?;
    let after = request.last_event(&parameters)?;
    let feed = edge.backend.subscribe(request.user()?, after).await?;
    Ok(match types {
        Some(types) => feed.filter(move |event| ready(types.contains(&event.kind))).boxed(),
        None => feed,
    })
}

/// An event's envelope as text.
pub(crate) fn envelope(event: &FeedEvent) -> String {
    String::from_utf8_lossy(&event.envelope).into_owned()
}

fn frame(event: &FeedEvent) -> sse::Event {
    sse::Event::default().id(event.position.to_string()).event(event.kind).data(envelope(event))
}

/// `?types=a,b`; none: all.
fn types(parameters: &Parameters<'_>) -> Result<Option<Vec<&'static str>>, Problem> {
    let Some(list) = parameters.get("types") else { return Ok(None) };
    let known = |name: &str| Event::types().iter().copied().chain([REJECTED]).find(|known| *known == name);
    let unknown = |name: &str| {
        let all = Event::types().join(", ");
        let detail = format!("there is no event {name:?}; there are: {all}, {REJECTED}");
        Problem::bad_request("unknown_event_type", detail).field("types")
    };
    list.split(',')
        .map(|name| known(name.trim()).ok_or_else(|| unknown(name)))
        .collect::<Result<_, _>>()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use centime_engine::EventPosition;

    #[test]
    fn types_are_names_of_events() {
        let of = |text| types(&Parameters::parse(text, &["types"]).unwrap());
        assert_eq!(of("").unwrap(), None);
        assert_eq!(
            of("types=budget_exceeded,%20command_rejected").unwrap().unwrap(),
            ["budget_exceeded", REJECTED]
        );
        assert!(of("types=budget_exceded").is_err());
        assert!(of("types=").is_err());
    }

    #[test]
    fn a_frame_has_id_type_and_envelope() {
        let position = EventPosition { partition: 1, sequence: 2, index: 3 };
        let event = FeedEvent { position, kind: "budget_set", envelope: b"{}".as_slice().into() };
        assert_eq!(frame(&event).to_string(), "event:budget_set\ndata:{}\nid:1:2:3\n\n");
    }
}
