//! Requests that are wrong as a whole: bodies, headers, paths and methods.

use super::{VICTIM, sound};
use crate::support::http::{Answer, Client, RUNTIME};
use reqwest::{Body, Method};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// All of them; answers what is wrong with the answers.
pub(super) fn wrong(client: &Client, address: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let all = bodies()
        .into_iter()
        .chain(headers())
        .chain(paths())
        .chain(parameters())
        .chain(feeds_and_files())
        .chain(states());
    for request in all.chain([from_the_future(client)]) {
        wrong.extend(request.send(client).err());
    }
    wrong.extend(huge_with_length(address).err());
    wrong
}

struct Wrong {
    name: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Body>,
    status: u16,
    code: &'static str,
    field: &'static str,
}

impl Wrong {
    fn new(
        name: &'static str,
        method: Method,
        path: &str,
        (status, code, field): (u16, &'static str, &'static str),
    ) -> Self {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/v1/users/{VICTIM}/{path}") };
        Self { name, method, path, headers: Vec::new(), body: None, status, code, field }
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    fn send(self, client: &Client) -> Result<(), String> {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut request = client.request(&self.method, &self.path, &headers, None);
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let started = Instant::now();
        let answer =
            RUNTIME.block_on(Answer::of(request)).map_err(|e| format!("{}: no answer: {e:?}", self.name))?;
        sound(self.name, &answer, started.elapsed())?;
        let (found, expected) =
            ((answer.status, answer.code(), answer.field()), (self.status, self.code, self.field));
        if found == expected {
            Ok(())
        } else {
            Err(format!("{}: {found:?}, not {expected:?}: {:.300}", self.name, answer.text))
        }
    }
}

/// A body in chunks, its length unannounced.
fn chunked(bytes: usize) -> Body {
    let chunks = std::iter::repeat_n(vec![b' '; 64 * 1024], bytes / (64 * 1024)).map(Ok::<_, std::io::Error>);
    Body::wrap_stream(futures::stream::iter(chunks))
}

fn bodies() -> Vec<Wrong> {
    let post = |name, expected| Wrong::new(name, Method::POST, "transactions", expected);
    let not_json = (400, "invalid_json", "");
    let note = |note: &str| format!(r#"{{"transaction_type":"Expense","amount":"1","note":{note}}}"#);
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    vec![
        post("nothing", not_json),
        post("only blanks", not_json).body(" \n"),
        post("a form", not_json).body("amount=1&category=Food"),
        post("half an object", not_json).body(r#"{"transaction_type":"Expense""#),
        post("two objects", not_json).body("{}{}"),
        post("a byte order mark", not_json).body("\u{feff}{}"),
        post("no UTF-8", (400, "invalid_json", "note")).body(b"{\"note\":\"\xff\xfe\"}".to_vec()),
        post("UTF-16", not_json).body(b"\xff\xfe{\0}\0".to_vec()),
        post("NUL", not_json).body(vec![0; 1000]),
        post("NaN as a number", (400, "invalid_json", "amount"))
            .body(r#"{"transaction_type":"Expense","amount":NaN}"#),
        post("lists in lists", (422, "wrong_type", "")).body(deep("[", "]")),
        post("objects in objects", (422, "unknown_field", "a")).body(format!(
            "{}1{}",
            "{\"a\":".repeat(10_000),
            "}".repeat(10_000)
        )),
        post("lists in a field", (422, "wrong_type", "note")).body(note(&deep("[", "]"))),
        post("10 MB", (413, "body_too_large", "body")).body(note(&format!("\"{}\"", "x".repeat(10_000_000)))),
        post("10 MB in chunks", (413, "body_too_large", "body")).body(chunked(10_000_000)),
        post("a lone surrogate", (422, "invalid_json", "note")).body(note(r#""\ud800""#)),
        Wrong::new("a clock that is none", Method::POST, "/v1/admin/clock", not_json).body("[]"),
        Wrong::new("a clock of nothing", Method::POST, "/v1/admin/clock", (400, "invalid_json", "to"))
            .body("{}"),
        Wrong::new("an end of all time", Method::POST, "/v1/admin/clock", (400, "invalid_time", "to"))
            .body(r#"{"to":"9999-12-31T23:59:59Z"}"#),
        Wrong::new(
            "a number of too many digits",
            Method::PUT,
            "budgets/Food",
            (400, "invalid_json", "limit"),
        )
        .body(r#"{"limit":01}"#),
        Wrong::new("a null for an amount", Method::PUT, "transactions/t1", (422, "wrong_type", "amount"))
            .body(r#"{"amount":null}"#),
        post("nothing to be seen", (422, "text_empty", "note")).body(note("\"\u{200b}\u{202e}\"")),
        Wrong::new("a calculator's list", Method::POST, "/v1/calculate/regression", (422, "wrong_type", ""))
            .body("[]"),
        Wrong::new("a path that differs", Method::PUT, "budgets/Food", (400, "path_mismatch", "category"))
            .body(r#"{"category":"Rent","limit":"1"}"#),
        Wrong::new("a list where a path gives a field", Method::PUT, "budgets/Food", not_json).body("[]"),
        Wrong::new("a file that is none", Method::POST, "imports?format=ofx", (422, "invalid_file", "body"))
            .body(vec![0xff; 5000]),
        Wrong::new(
            "a table without columns",
            Method::POST,
            "imports?format=csv",
            (422, "unknown_columns", "body"),
        )
        .body("a\n".repeat(5000)),
    ]
}

/// A position of the user's own partition that there is not yet.
fn from_the_future(client: &Client) -> Wrong {
    let now = client.get(&format!("/v1/users/{VICTIM}/balance"));
    let partition = now.header("centime-position").and_then(|position| position.split_once(':'));
    let position = format!("{}:4000000000", partition.map_or("", |(partition, _)| partition));
    let expected = (400, "unknown_position", "Centime-Position");
    Wrong::new("a position in the future", Method::GET, "balance", expected)
        .header("centime-position", position)
}

fn headers() -> Vec<Wrong> {
    let post = |name, expected| {
        Wrong::new(name, Method::POST, "transactions", expected)
            .body(r#"{"transaction_type":"Expense","amount":"0"}"#)
    };
    let get = |name, path: &str, expected| Wrong::new(name, Method::GET, path, expected);
    let id = (400, "invalid_command_id", "Idempotency-Key");
    vec![
        post("a key of nothing", id).header("idempotency-key", ""),
        post("a key of 256", id).header("idempotency-key", "x".repeat(256)),
        post("a key of 8,000", id).header("idempotency-key", "x".repeat(8_000)),
        post("a key of tabs", id).header("idempotency-key", "a\tb"),
        post("a time that is none", (400, "invalid_time", "Centime-Time"))
            .header("centime-time", "yesterday"),
        post("a year beyond all calendars", (400, "invalid_time", "Centime-Time"))
            .header("centime-time", "99999-01-01T00:00:00Z"),
        get("a position that is none", "balance", (400, "invalid_position", "Centime-Position"))
            .header("centime-position", "garbage"),
        get("a position below zero", "balance", (400, "invalid_position", "Centime-Position"))
            .header("centime-position", "0:-1"),
        post("two keys", (400, "invalid_header", "idempotency-key"))
            .header("idempotency-key", "a")
            .header("idempotency-key", "b"),
        get("a position beyond numbers", "balance", (400, "invalid_position", "Centime-Position"))
            .header("centime-position", "0:99999999999999999999"),
        get("an event id that is none", "events", (400, "invalid_event_id", "last_event_id"))
            .header("last-event-id", "garbage"),
        get("an event id of a position", "events", (400, "invalid_event_id", "last_event_id"))
            .header("last-event-id", "1:2"),
        get("a header that is not ASCII", "balance", (400, "invalid_header", "centime-position"))
            .header("centime-position", "é"),
        post("a page of others", (403, "forbidden_origin", "")).header("origin", "http://evil.example"),
        get("a name of others", "balance", (403, "forbidden_origin", "")).header("host", "evil.example"),
    ]
}

fn paths() -> Vec<Wrong> {
    let get = |name, path: &str, expected| Wrong::new(name, Method::GET, path, expected);
    let long = "x".repeat(256);
    let user = (400, "invalid_user_id", "subject");
    vec![
        get("an unknown path", "/v2", (404, "no_such_path", "")),
        get("an unknown thing of a user", "cards", (404, "no_such_path", "")),
        get("a user of 129", &format!("/v1/users/{}/balance", "x".repeat(129)), user),
        get("a user of control characters", "/v1/users/a%00%1b/balance", user),
        get("a user that climbs", "/v1/users/..%2F..%2Fetc/balance", user),
        get("a user of two points", "/v1/users/%2e%2e%2f/balance", user),
        get("no UTF-8", "transactions/%ff%fe", (400, "invalid_path", "id")),
        get("a transaction of 256", &format!("transactions/{long}"), (400, "invalid_command_id", "id")),
        get("a transaction that climbs", "transactions/..%2F..%2Fetc%2Fpasswd", (404, "not_found", "id")),
        get("an account of control characters", "accounts/%00", (404, "not_found", "id")),
        Wrong::new(
            "a category of control characters",
            Method::DELETE,
            "budgets/%00%1b",
            (422, "text_has_control_characters", "category"),
        ),
        Wrong::new(
            "a category that climbs",
            Method::DELETE,
            "budgets/..%2F..%2Fetc",
            (404, "not_found", "category"),
        ),
        Wrong::new(
            "a category of 8,000",
            Method::DELETE,
            &format!("budgets/{}", "x".repeat(8_000)),
            (422, "text_too_long", "category"),
        ),
        Wrong::new(
            "a transaction of 256 to delete",
            Method::DELETE,
            &format!("transactions/{long}"),
            (422, "invalid_command_id", "id"),
        ),
        Wrong::new(
            "an unknown command",
            Method::POST,
            "commands/print_money",
            (404, "unknown_command", "type"),
        )
        .body("{}"),
        Wrong::new(
            "an unknown calculator",
            Method::POST,
            "/v1/calculate/alchemy",
            (404, "unknown_function", "fn"),
        )
        .body("{}"),
        Wrong::new("a wrong method", Method::PATCH, "transactions", (405, "method_not_allowed", "")),
        Wrong::new(
            "a method of its own",
            Method::from_bytes(b"BREW").expect("a method"),
            "balance",
            (405, "method_not_allowed", ""),
        ),
        get("a command to read", "commands/create_transaction", (405, "method_not_allowed", "")),
    ]
}

fn parameters() -> Vec<Wrong> {
    let get = |name, path: &str, expected| Wrong::new(name, Method::GET, path, expected);
    let parameter = |code, field| (400, code, field);
    vec![
        get("an unknown parameter", "transactions?page=2", parameter("unknown_parameter", "page")),
        get("a parameter twice", "transactions?limit=1&limit=2", parameter("repeated_parameter", "limit")),
        get("a limit of words", "transactions?limit=many", parameter("invalid_parameter", "limit")),
        get("a limit of none", "transactions?limit=0", parameter("invalid_limit", "limit")),
        get(
            "a limit beyond numbers",
            "transactions?limit=99999999999999999999",
            parameter("invalid_parameter", "limit"),
        ),
        get("a cursor nobody gave", "transactions?cursor=garbage", parameter("invalid_cursor", "cursor")),
        get(
            "no UTF-8 in a parameter",
            "transactions?category=%FF",
            parameter("invalid_parameter", "category"),
        ),
        get(
            "days turned around",
            "transactions?from=2025-05-01&to=2025-01-01",
            parameter("invalid_range", "to"),
        ),
        get("a day that is none", "transactions?from=2026-02-30", parameter("invalid_date", "from")),
        get("a month that is none", "budgets?month=2026-13", parameter("invalid_month", "month")),
        get("a year that is none", "reports/year?year=0", parameter("invalid_year", "year")),
        get("a year beyond the calendar", "reports/year?year=9999", parameter("invalid_year", "year")),
        get(
            "a currency that is none",
            "reports/year?currency=XXZ",
            parameter("unknown_currency", "currency"),
        ),
        get(
            "months backwards",
            "reports/cash-flow?from=2026-02&to=2026-01",
            parameter("invalid_range", "to"),
        ),
        get(
            "all months there are",
            "reports/cash-flow?from=1900-01&to=2200-12",
            parameter("range_too_long", "to"),
        ),
        get("no months", "reports/cash-flow", parameter("missing_parameter", "from")),
    ]
}

fn feeds_and_files() -> Vec<Wrong> {
    let get = |name, path: &str, expected| Wrong::new(name, Method::GET, path, expected);
    let parameter = |code, field| (400, code, field);
    vec![
        get("an event type that is none", "events?types=money", parameter("unknown_event_type", "types")),
        get("a socket without a handshake", "ws", (426, "upgrade_required", "")),
        Wrong::new(
            "a format that is none",
            Method::POST,
            "imports?format=xlsx",
            parameter("invalid_parameter", "format"),
        )
        .body("x"),
        Wrong::new("an import of nobody", Method::DELETE, "imports/nobody", (404, "not_found", "id")),
    ]
}

/// What is right by itself, but not with what this user has.
fn states() -> Vec<Wrong> {
    let expense = |more: serde_json::Value| {
        let mut body = json!({"transaction_type": "Expense", "amount": "1", "category": "Rent"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body.to_string()
    };
    let post = |name, expected| Wrong::new(name, Method::POST, "transactions", expected);
    vec![
        post("a closed account", (422, "account_closed", "account")).body(expense(json!({"account": "Old"}))),
        post("an unknown account", (422, "unknown_account", "account"))
            .body(expense(json!({"account": "Nobody's"}))),
        post("an unknown rate", (422, "unknown_exchange_rate", "currency"))
            .body(expense(json!({"currency": "JPY"}))),
        post("parts that don't add up", (422, "splits_do_not_sum", "splits"))
            .body(expense(json!({"splits": [{"category": "Rent", "amount": "0.99"}]}))),
        post("a key of somebody else", (422, "id_reused", "id"))
            .header("idempotency-key", "t1")
            .body(expense(json!({}))),
        Wrong::new(
            "a transaction nobody entered",
            Method::PUT,
            "transactions/nobody",
            (404, "not_found", "id"),
        )
        .body("{}"),
        Wrong::new("a budget nobody set", Method::DELETE, "budgets/Nobody", (404, "not_found", "category")),
        Wrong::new("an account nobody opened", Method::DELETE, "accounts/Nobody", (404, "not_found", "id")),
    ]
}

/// 100 MB announced: refused before they are sent.
fn huge_with_length(address: &str) -> Result<(), String> {
    let mut socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    let head = format!(
        "POST /v1/users/{VICTIM}/transactions HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100000000\r\n\r\n{{"
    );
    socket.write_all(head.as_bytes()).expect("the head is taken");
    let mut answer = vec![0; 4096];
    let read = socket.read(&mut answer).map_err(|e| format!("100 MB announced: no answer: {e}"))?;
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    let right = answer.starts_with("HTTP/1.1 413") && answer.contains("body_too_large");
    if right { Ok(()) } else { Err(format!("100 MB announced: {answer}")) }
}
