//! A request as handlers see it.

use crate::body::Upload;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::reply::POSITION;
use crate::router::Params;
use bytes::Bytes;
use centime_domain::{CommandId, UserId};
use centime_engine::{EventPosition, Position};
use jiff::Timestamp;
use uuid::Uuid;
use warp::http::uri::Authority;
use warp::http::{HeaderMap, Method, StatusCode};

/// All of a request but its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    /// Raw, still percent-encoded.
    pub(crate) path: String,
    /// Raw, still percent-encoded.
    pub(crate) query: String,
    pub(crate) host: Option<Authority>,
    pub(crate) headers: HeaderMap,
}

/// A routed request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) head: Head,
    pub(crate) params: Params,
    pub(crate) body: Bytes,
    /// Instead of `body`, on routes that read it as it arrives.
    pub(crate) upload: Upload,
}

impl Head {
    /// A header's text; one that isn't visible ASCII counts as malformed, and so does one that says two things.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.headers.get_all(name).iter();
        if let Some(first) = values.next()
            && values.any(|other| other != first)
        {
            let detail = "this header is there more than once, with different values";
            return Err(Problem::bad_request("invalid_header", detail).field(name.to_owned()));
        }
        let text = self.headers.get(name).map(|value| value.to_str()).transpose();
        text.map_err(|_| {
            Problem::bad_request("invalid_header", "this header is not plain ASCII").field(name.to_owned())
        })
    }

    /// Path and query as they were asked for.
    pub(crate) fn path_and_query(&self) -> String {
        let separator = if self.query.is_empty() { "" } else { "?" };
        format!("{}{separator}{}", self.path, self.query)
    }
}

impl Request {
    /// A `{name}` segment of the route's pattern, decoded.
    pub(crate) fn param(&self, name: &str) -> &str {
        let param = self.params.iter().find(|(other, _)| *other == name);
        param.map(|(_, value)| value.as_str()).expect("handlers ask for segments of their own pattern")
    }

    /// Whose request.
    pub(crate) fn user(&self) -> Result<UserId, Problem> {
        UserId::parse(self.param("user"))
            .map_err(|refusal| Problem::refusal(StatusCode::BAD_REQUEST, refusal))
    }

    /// The query string, which may hold the known names.
    pub(crate) fn parameters(&self, known: &[&str]) -> Result<Parameters<'_>, Problem> {
        Parameters::parse(&self.head.query, known)
    }

    /// The command's id: its `Idempotency-Key`, else a new one.
    pub(crate) fn command_id(&self) -> Result<CommandId, Problem> {
        let refused = |refusal| Problem::refusal(StatusCode::BAD_REQUEST, refusal).field("Idempotency-Key");
        match self.head.header("idempotency-key")? {
            Some(key) => CommandId::parse(key).map_err(refused),
            None => CommandId::parse(&Uuid::now_v7().to_string()).map_err(refused),
        }
    }

    /// The command's time, for who brings in what happened earlier: `Centime-Time`, else the engine's clock.
    pub(crate) fn command_time(&self) -> Result<Option<Timestamp>, Problem> {
        let malformed = |error: jiff::Error| {
            Problem::bad_request("invalid_time", format!("a time is RFC 3339: {error}")).field("Centime-Time")
        };
        self.head.header("centime-time")?.map(|text| text.parse().map_err(malformed)).transpose()
    }

    /// The position the answer must not be older than.
    pub(crate) fn at_least(&self) -> Result<Option<Position>, Problem> {
        let malformed = |()| {
            Problem::bad_request(
                "invalid_position",
                "a position is partition:sequence, as in an answer's header",
            )
            .field("Centime-Position")
        };
        self.head.header(POSITION.as_str())?.map(|text| text.parse().map_err(malformed)).transpose()
    }

    /// The last event the client has: `Last-Event-ID`, which a browser sends when it reconnects to an address that may
    /// still name an older one, else the parameter.
    pub(crate) fn last_event(&self, parameters: &Parameters<'_>) -> Result<Option<EventPosition>, Problem> {
        let malformed = |()| {
            Problem::bad_request(
                "invalid_event_id",
                "an event id is partition:sequence:index, as in the feed",
            )
            .field("last_event_id")
        };
        let text = self.head.header("last-event-id")?.or(parameters.get("last_event_id"));
        text.filter(|text| !text.is_empty()).map(|text| text.parse().map_err(malformed)).transpose()
    }
}

#[cfg(test)]
pub(crate) fn request(params: Params, query: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
    let headers =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let head = Head { method: Method::GET, path: "/".into(), query: query.into(), host: None, headers };
    Request { head, params, body: Bytes::copy_from_slice(body.as_bytes()), upload: Upload::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_idempotency_key_is_the_commands_id() {
        let keyed = request(vec![], "", &[("idempotency-key", "pay rent")], "");
        assert_eq!(&*keyed.command_id().unwrap().text(), "pay rent");
        let fresh = request(vec![], "", &[], "");
        assert_ne!(fresh.command_id().unwrap(), fresh.command_id().unwrap());
        let empty = request(vec![], "", &[("idempotency-key", "")], "");
        assert!(empty.command_id().is_err());
    }

    #[test]
    fn a_header_may_be_repeated_but_not_contradict_itself() {
        let keys = |second: &str| {
            let mut request = request(vec![], "", &[("idempotency-key", "rent")], "");
            request.head.headers.append("idempotency-key", second.parse().unwrap());
            request.command_id().map(|id| (*id.text()).to_owned())
        };
        assert_eq!(keys("rent").unwrap(), "rent");
        assert!(keys("food").is_err());
    }

    #[test]
    fn positions_are_read_or_refused() {
        let good = request(vec![], "", &[("centime-position", "7:42")], "");
        assert_eq!(good.at_least().unwrap(), Some(Position { partition: 7, sequence: 42 }));
        for text in ["7", "7:", "7:x", "7:1:2", "-1:1", "70000:1"] {
            assert!(request(vec![], "", &[("centime-position", text)], "").at_least().is_err(), "{text}");
        }
    }

    #[test]
    fn the_header_of_a_reconnect_wins_over_the_address() {
        let query = "last_event_id=1:2:3";
        let both = request(vec![], query, &[("last-event-id", "1:9:0")], "");
        let parameters = both.parameters(&["last_event_id"]).unwrap();
        assert_eq!(both.last_event(&parameters).unwrap().unwrap().sequence, 9);
        let one = request(vec![], query, &[], "");
        assert_eq!(one.last_event(&parameters).unwrap().unwrap().sequence, 2);
    }
}
