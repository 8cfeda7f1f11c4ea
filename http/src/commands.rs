//! Handlers that give commands. Whatever the path, the same data goes through the same `Engine::submit`.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::reply::{self, Outcome, Response};
use crate::request::Request;
use centime_domain::{Command, CommandId, Event, Outcome as Decision, json_breaks_at};
use centime_engine::{NewCommand, Reply};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Write as _;
use warp::http::StatusCode;
use warp::http::header::{HeaderName, HeaderValue, LOCATION};

/// What RFC 3986 lets stand for itself in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Tells a first answer from the same answer again.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How a command was addressed, which decides over the status of its answer.
#[derive(Debug, Clone, Copy)]
enum Address {
    /// As a new thing: accepted is 201, refused is 422.
    New,
    /// As a question, answered by the event that it led to: accepted is 201, with that event's data.
    Question,
    /// As something that is there: accepted is 200, and what isn't there is 404.
    Existing,
}

/// `POST /v1/users/{user}/commands/{type}`
pub(crate) async fn submit(edge: &Edge, request: &Request) -> Outcome {
    let kind = request.param("type");
    if !Command::types().contains(&kind) {
        let detail = format!("the commands are: {}", Command::types().join(", "));
        return Err(Problem::new(StatusCode::NOT_FOUND, "unknown_command", detail).field("type").into());
    }
    give(edge, request, kind, checked(&request.body)?, Address::New).await
}

/// `POST /v1/users/{user}/transactions`
pub(crate) async fn create_transaction(edge: &Edge, request: &Request) -> Outcome {
    give(edge, request, "create_transaction", checked(&request.body)?, Address::New).await
}

/// `PUT /v1/users/{user}/transactions/{id}`
pub(crate) async fn update_transaction(edge: &Edge, request: &Request) -> Outcome {
    on_path(edge, request, "update_transaction", "id").await
}

/// `DELETE /v1/users/{user}/transactions/{id}`
pub(crate) async fn delete_transaction(edge: &Edge, request: &Request) -> Outcome {
    on_path(edge, request, "delete_transaction", "id").await
}

/// `PUT /v1/users/{user}/budgets/{category}`
pub(crate) async fn set_budget(edge: &Edge, request: &Request) -> Outcome {
    on_path(edge, request, "set_budget", "category").await
}

/// `DELETE /v1/users/{user}/budgets/{category}`
pub(crate) async fn remove_budget(edge: &Edge, request: &Request) -> Outcome {
    on_path(edge, request, "remove_budget", "category").await
}

/// `POST /v1/users/{user}/forecasts`
pub(crate) async fn generate_forecast(edge: &Edge, request: &Request) -> Outcome {
    give(edge, request, "generate_forecast", checked(&request.body)?, Address::Question).await
}

/// `PUT /v1/users/{user}/preferences`
pub(crate) async fn set_preferences(edge: &Edge, request: &Request) -> Outcome {
    give(edge, request, "set_preferences", checked(&request.body)?, Address::Existing).await
}

/// `POST /v1/users/{user}/exchange-rates`
pub(crate) async fn record_exchange_rate(edge: &Edge, request: &Request) -> Outcome {
    give(edge, request, "record_exchange_rate", checked(&request.body)?, Address::New).await
}

/// `POST /v1/users/{user}/accounts`
pub(crate) async fn open_account(edge: &Edge, request: &Request) -> Outcome {
    give(edge, request, "open_account", checked(&request.body)?, Address::New).await
}

/// `DELETE /v1/users/{user}/accounts/{id}`
pub(crate) async fn close_account(edge: &Edge, request: &Request) -> Outcome {
    on_path(edge, request, "close_account", "id").await
}

/// `POST /v1/users/{user}/recurring`
pub(crate) async fn declare_recurring(edge: &Edge, request: &Request) -> Outcome {
    give(edge, request, "declare_recurring", checked(&request.body)?, Address::New).await
}

/// `DELETE /v1/users/{user}/recurring/{id}`
pub(crate) async fn cancel_recurring(edge: &Edge, request: &Request) -> Outcome {
    on_path(edge, request, "cancel_recurring", "id").await
}

/// `DELETE /v1/users/{user}`
pub(crate) async fn erase_user(edge: &Edge, request: &Request) -> Outcome {
    let data = if request.body.trim_ascii().is_empty() { b"{}".to_vec() } else { checked(&request.body)? };
    give(edge, request, "erase_user", data, Address::Existing).await
}

/// A command about the thing its path ends in.
async fn on_path(edge: &Edge, request: &Request, kind: &str, field: &'static str) -> Outcome {
    let data = with_field(&request.body, field, request.param(field))?;
    give(edge, request, kind, data, Address::Existing).await
}

async fn give(edge: &Edge, request: &Request, kind: &str, data: Vec<u8>, address: Address) -> Outcome {
    let (user, id) = (request.user()?, command_id(request, kind, &data)?);
    request.parameters(&[])?;
    let command = NewCommand { user, id, time: request.command_time()?, kind: kind.to_owned(), data };
    let reply = edge.backend.submit(command).await?;
    let created = address_of_made(request.param("user"), kind, &reply);
    let repeated = reply.repeated;
    let mut response = answer(reply, address);
    if let Some(location) = created {
        response.headers_mut().insert(LOCATION, location);
    }
    if repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The command's id: its `Idempotency-Key`. A transaction has its command's id, so who writes one as answers show it may say
/// it in the body instead. (Where there are both, the command itself compares them.)
fn command_id(request: &Request, kind: &str, data: &[u8]) -> Result<CommandId, Problem> {
    let keyed = request.head.headers.contains_key("idempotency-key");
    let said = (!keyed && kind == "create_transaction").then(|| said_id(data)).flatten();
    said.map_or_else(|| request.command_id(), Ok)
}

/// The `id` of a body; `None` if it has none, or none that could be one: the domain says what is wrong with it.
fn said_id(data: &[u8]) -> Option<CommandId> {
    #[derive(Deserialize)]
    struct Said {
        id: Option<String>,
    }
    // Nearly no body has one: those are not read twice.
    data.windows(4).any(|bytes| bytes == b"\"id\"").then_some(())?;
    let said: Said = serde_json::from_slice(data).ok()?;
    CommandId::parse(&said.id?).ok()
}

fn answer(reply: Reply, address: Address) -> Response {
    match &reply.outcome {
        Decision::Accepted(events) => {
            let status = match address {
                Address::New | Address::Question => StatusCode::CREATED,
                Address::Existing => StatusCode::OK,
            };
            let body = match (address, &events[..]) {
                // What was missed meanwhile may follow it.
                (Address::Question, [event, ..]) => data(event),
                _ => accepted(&reply, events),
            };
            let mut response = reply::bytes(status, body);
            reply::set_position(response.headers_mut(), reply.position);
            response
        }
        Decision::Refused(refusal) => {
            let status = match address {
                Address::Existing if refusal.code == "not_found" => StatusCode::NOT_FOUND,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Problem::refusal(status, refusal.clone()).decided(reply.id, reply.position).into_response()
        }
    }
}

/// `{"id":…,"time":…,"position":…,"events":[{"type":…,"sequence":…,"data":…},…]}`: enough to know each event's envelope.
fn accepted(reply: &Reply, events: &[Event]) -> Vec<u8> {
    let Reply { id, position, first_index, time, .. } = reply;
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"id\":");
    serde_json::to_writer(&mut out, &*id.text()).expect("text is JSON");
    write!(out, r#","time":"{time}","position":"{position}","events":["#)
        .expect("writing to memory does not fail");
    let mut comma = "";
    for (index, event) in (*first_index..).zip(events) {
        let kind = event.type_name();
        write!(out, r#"{comma}{{"type":"{kind}","sequence":"{position}:{index}","data":"#)
            .expect("writing to memory does not fail");
        event.write_json(&mut out);
        out.push(b'}');
        comma = ",";
    }
    out.extend_from_slice(b"]}");
    out
}

fn data(event: &Event) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    event.write_json(&mut out);
    out
}

/// The address of what the command made, if that has one.
fn address_of_made(user: &str, kind: &str, reply: &Reply) -> Option<HeaderValue> {
    let Decision::Accepted(events) = &reply.outcome else { return None };
    match kind {
        // A transaction has the command's id.
        "create_transaction" => Some(location(user, "transactions", &reply.id.text())),
        _ => events.iter().find_map(|event| match event {
            Event::AccountOpened(opened) => Some(location(user, "accounts", &opened.id)),
            Event::TransactionsImported(event) => Some(location(user, "imports", &event.import_id.text())),
            _ => None,
        }),
    }
}

/// The address of one of a user's things.
pub(crate) fn location(user: &str, list: &str, id: &str) -> HeaderValue {
    let path = format!("/v1/users/{user}/{list}/{}", utf8_percent_encode(id, SEGMENT));
    HeaderValue::from_str(&path).expect("a user id and percent-encoded text are ASCII")
}

/// The body, if it is JSON. Which JSON it has to be is the domain's to say.
pub(crate) fn checked(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let read: Result<&RawValue, _> = serde_json::from_slice(body);
    read.map(|_| body.to_vec()).map_err(|e| invalid_json(body, &e))
}

/// The body with the field that the path has already named. The rest stays as it was written, byte for byte, so that the
/// domain sees every number and every repeated key.
fn with_field(body: &[u8], name: &'static str, value: &str) -> Result<Vec<u8>, Problem> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let fields: BTreeMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|e| invalid_json(body, &e))?;
    if let Some(given) = fields.get(name) {
        let same = serde_json::from_str::<String>(given.get()).is_ok_and(|given| given == value);
        let other =
            || Problem::bad_request("path_mismatch", "the body names another one than the path").field(name);
        return if same { Ok(body.to_vec()) } else { Err(other()) };
    }
    let after_brace = body.iter().position(|b| *b == b'{').expect("it was read as an object") + 1;
    let mut out = format!("{{\"{name}\":").into_bytes();
    serde_json::to_writer(&mut out, value).expect("text is JSON");
    if !fields.is_empty() {
        out.push(b',');
    }
    out.extend_from_slice(&body[after_brace..]);
    Ok(out)
}

fn invalid_json(body: &[u8], error: &serde_json::Error) -> Problem {
    let problem =
        Problem::bad_request("invalid_json", format!("the body is not the JSON expected here: {error}"));
    match json_breaks_at(body, error) {
        Some(field) => problem.field(field),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use centime_domain::BudgetRemoved;
    use centime_engine::Position;
    use serde_json::json;

    fn built(body: &str) -> Result<String, Problem> {
        with_field(body.as_bytes(), "category", "Food & \"Fun\"").map(|data| String::from_utf8(data).unwrap())
    }

    #[test]
    fn the_path_becomes_a_field() {
        let named = r#"{"category":"Food & \"Fun\"""#;
        assert_eq!(built("").unwrap(), format!("{named}}}"));
        assert_eq!(built(" { } ").unwrap(), format!("{named} }} "));
        assert_eq!(
            built(r#"{"limit":1.50,"limit":2}"#).unwrap(),
            format!(r#"{named},"limit":1.50,"limit":2}}"#)
        );
    }

    #[test]
    fn a_body_may_repeat_the_path_but_not_contradict_it() {
        let same = r#"{"limit":"1","category":"Food & \u0022Fun\u0022"}"#;
        assert_eq!(built(same).unwrap(), same);
        assert!(built(r#"{"category":"Rent"}"#).is_err());
        assert!(built(r#"{"category":null}"#).is_err());
    }

    #[test]
    fn a_body_may_say_the_id() {
        let said = |body: &str| said_id(body.as_bytes()).map(|id| str::to_owned(&id.text()));
        assert_eq!(said(r#"{"amount": "1", "id": "tea"}"#).as_deref(), Some("tea"));
        for body in [
            "{}",
            r#"{"id": null}"#,
            r#"{"id": 7}"#,
            r#"{"id": ""}"#,
            r#"{"id": "a", "id": "b"}"#,
            r#"{"id""#,
        ] {
            assert_eq!(said(body), None, "{body}");
        }
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for body in ["[]", "1", "null", "{", "{}x", r#"{"a":}"#] {
            assert!(built(body).is_err(), "{body}");
        }
    }

    #[test]
    fn any_json_is_passed_on_as_it_is() {
        let body = r#" {"amount": 1e400, "amount": 2} "#;
        assert_eq!(checked(body.as_bytes()).unwrap(), body.as_bytes());
        for body in ["", "{", "{}{}", "\u{feff}{}"] {
            assert!(checked(body.as_bytes()).is_err(), "{body:?}");
        }
        assert!(checked(b"\"\xff\"").is_err());
    }

    #[test]
    fn a_location_is_a_path() {
        assert_eq!(location("ada", "transactions", "rent 3/26"), "/v1/users/ada/transactions/rent%203%2F26");
    }

    #[test]
    fn an_accepted_command_is_json() {
        let removed = |category: &str| Event::BudgetRemoved(BudgetRemoved { category: category.into() });
        let events = vec![removed("Food"), removed("Rent")];
        let reply = Reply {
            id: CommandId::parse("say \"hi\"").unwrap(),
            position: Position { partition: 3, sequence: 9 },
            outcome: Decision::Accepted(events.clone()),
            first_index: 4,
            time: "2026-03-01T09:00:00Z".parse().unwrap(),
            repeated: false,
        };
        let json: serde_json::Value = serde_json::from_slice(&accepted(&reply, &events)).unwrap();
        let event = |sequence, category| json!({"type": "budget_removed", "sequence": sequence, "data": {"category": category}});
        let events = [event("3:9:4", "Food"), event("3:9:5", "Rent")];
        let time = "2026-03-01T09:00:00Z";
        assert_eq!(json, json!({"id": "say \"hi\"", "time": time, "position": "3:9", "events": events}));
    }
}
