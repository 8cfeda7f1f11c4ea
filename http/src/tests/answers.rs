//! Requests and their answers.

use super::fake::{Fake, POSITION};
use super::{header, json, problem, start, start_with};
use crate::HttpConfig;
use centime_engine::Clock;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_create_says_where_the_new_thing_is() {
    let edge = start().await;
    let create = || {
        edge.post("/v1/users/ada/transactions", r#"{"amount":"1.00"}"#).header("Idempotency-Key", "tea 1/2")
    };
    let first = create().send().await.unwrap();
    assert_eq!(first.status(), 201);
    assert_eq!(header(&first, "location"), "/v1/users/ada/transactions/tea%201%2F2");
    assert_eq!(header(&first, "centime-position"), "3:9");
    assert_eq!(header(&first, "idempotent-replayed"), "");
    let again = create().send().await.unwrap();
    assert_eq!(again.status(), 201);
    assert_eq!(header(&again, "idempotent-replayed"), "true");
    assert_eq!(first.text().await.unwrap(), again.text().await.unwrap());
    let commands = edge.fake.commands.lock().unwrap();
    assert_eq!(commands[0].kind, "create_transaction");
    assert_eq!(commands[0].data, br#"{"amount":"1.00"}"#);
    assert_eq!(commands[0].time, None);
}

#[tokio::test]
async fn a_transaction_goes_in_and_back_as_it_is_shown() {
    let edge = start().await;
    let body = r#"{"id":"tea 1/2","transaction_type":"Expense","amount":"9","currency":"USD","rate":"0.5"}"#;
    let created = edge.post("/v1/users/real/transactions", body).send().await.unwrap();
    assert_eq!(header(&created, "location"), "/v1/users/real/transactions/tea%201%2F2");
    let address = "/v1/users/real/transactions/tea%201%2F2";
    let (_, shown) = json(edge.get(address)).await;
    assert_eq!(shown["counted"]["rate"], "0.5");
    let put = |body: &serde_json::Value| edge.client.put(edge.url(address)).body(body.to_string());
    let (status, answer) = json(put(&shown)).await;
    assert_eq!((status, &answer["events"]), (200, &serde_json::json!([])));
    let mut other = shown.clone();
    other["counted"]["rate"] = "0.6".into();
    assert_eq!(problem(put(&other)).await, (422, "read_only_field".into()));
    // Beside a key the id has to be the same; the generic path takes it, too.
    let give = |path: &str, id: &str| {
        let body = format!(r#"{{"id":"{id}","transaction_type":"Income","amount":"1"}}"#);
        edge.client.post(edge.url(&format!("/v1/users/real/{path}"))).body(body)
    };
    let same = json(give("commands/create_transaction", "a").header("Idempotency-Key", "a")).await;
    assert_eq!((same.0, &same.1["id"]), (201, &"a".into()));
    let other = give("transactions", "b").header("Idempotency-Key", "c");
    assert_eq!(problem(other).await, (422, "id_mismatch".into()));
    assert_eq!(json(give("commands/create_transaction", "d")).await.1["id"], "d");
}

#[tokio::test]
async fn paths_become_fields() {
    let edge = start().await;
    let (status, _) =
        json(edge.client.put(edge.url("/v1/users/ada/budgets/Caf%C3%A9")).body(r#"{"limit":"9"}"#)).await;
    assert_eq!(status, 200);
    let (status, _) = json(edge.client.delete(edge.url("/v1/users/ada/transactions/tea"))).await;
    assert_eq!(status, 200);
    let commands = edge.fake.commands.lock().unwrap();
    assert_eq!(commands[0].kind, "set_budget");
    assert_eq!(commands[0].data, r#"{"category":"Café","limit":"9"}"#.as_bytes());
    assert_eq!(commands[1].kind, "delete_transaction");
    assert_eq!(commands[1].data, br#"{"id":"tea"}"#);
}

#[tokio::test]
async fn refusals_are_problems_with_a_position() {
    let edge = start().await;
    let refused =
        edge.post("/v1/users/poor/commands/create_transaction", "{}").header("Idempotency-Key", "k");
    let (status, document) = json(refused).await;
    assert_eq!(status, 422);
    assert_eq!(
        document,
        serde_json::json!({
            "type": "urn:centime:problem:amount_not_positive", "title": "amount not positive", "status": 422,
            "detail": "must be above zero", "code": "amount_not_positive", "field": "amount", "id": "k", "position": "3:9",
        })
    );
    let generic = edge.post("/v1/users/nobody/commands/delete_transaction", r#"{"id":"x"}"#);
    assert_eq!(problem(generic).await, (422, "not_found".into()));
    let by_path = edge.client.delete(edge.url("/v1/users/nobody/transactions/x"));
    assert_eq!(problem(by_path).await, (404, "not_found".into()));
    assert_eq!(problem(edge.get("/v1/users/nobody/transactions/x")).await, (404, "not_found".into()));
}

#[tokio::test]
async fn malformed_requests_have_names() {
    let edge = start().await;
    let is =
        async |request, status: u16, code: &str| assert_eq!(problem(request).await, (status, code.into()));
    is(edge.post("/v1/users/a%20b/transactions", "{}"), 400, "invalid_user_id").await;
    is(edge.post("/v1/users/ada/transactions", "{"), 400, "invalid_json").await;
    is(
        edge.post("/v1/users/ada/transactions", "{}").header("Idempotency-Key", ""),
        400,
        "invalid_command_id",
    )
    .await;
    is(edge.post("/v1/users/ada/commands/fly", "{}"), 404, "unknown_command").await;
    is(edge.client.put(edge.url("/v1/users/ada/balance")), 405, "method_not_allowed").await;
    is(edge.get("/v2"), 404, "no_such_path").await;
    is(edge.get("/v1/users/ada/balance").header("Centime-Position", "x"), 400, "invalid_position").await;
    is(edge.get("/v1/users/ada/transactions?limit=x"), 400, "invalid_parameter").await;
    is(edge.get("/v1/users/ada/transactions?page=2"), 400, "unknown_parameter").await;
    is(edge.get("/v1/users/ada/budgets?month=2026-13"), 400, "invalid_month").await;
    is(edge.get("/v1/users/ada/events?types=x"), 400, "unknown_event_type").await;
    is(edge.get("/v1/users/ada/events").header("Last-Event-ID", "1:2"), 400, "invalid_event_id").await;
    is(edge.get("/v1/users/ada/ws"), 426, "upgrade_required").await;
    is(edge.get("/v1/users/ada/transactions/%ff"), 400, "invalid_path").await;
    is(edge.get("/v1/users/ada/balance").header("Centime-Position", "1:ü"), 400, "invalid_header").await;
    is(edge.get("/v1/users/ada/transactions?limit=1&limit=1"), 400, "repeated_parameter").await;
    let put = edge.client.put(edge.url("/v1/users/ada/budgets/Food")).body(r#"{"category":"Rent"}"#);
    is(put, 400, "path_mismatch").await;
    assert!(edge.fake.commands.lock().unwrap().is_empty());
}

/// What no client library would send: the bytes go out as they are.
async fn raw(edge: &super::Running, request: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(edge.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = socket.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn what_is_hardly_http_is_answered_by_name() {
    let edge = start().await;
    let answer = raw(&edge, "GET /v1/users/ada/balance HTTP/1.1\r\nHost: a b\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains(r#""code":"malformed_request""#), "{answer}");
    let post =
        "POST /v1/users/ada/transactions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = raw(&edge, &format!("{post}2\r\n{{}}\r\nno length\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains(r#""code":"body_unreadable""#), "{answer}");
    assert!(edge.fake.commands.lock().unwrap().is_empty());
}

#[tokio::test]
async fn questions_carry_their_position_both_ways() {
    let edge = start().await;
    let answer = edge.get("/v1/users/ada/balance").header("Centime-Position", "3:9").send().await.unwrap();
    assert_eq!(header(&answer, "centime-position"), "3:9");
    json(edge.get("/v1/users/ada/balance")).await;
    assert_eq!(*edge.fake.positions.lock().unwrap(), [Some(POSITION), None]);
}

#[tokio::test]
async fn questions_are_read_from_the_address() {
    let edge = start().await;
    let (_, body) = json(edge.get("/v1/users/ada/transactions?limit=5&from=2026-01-31&category=A%26B")).await;
    let asked = body["asked"].as_str().unwrap();
    assert!(asked.contains("limit: 5") && asked.contains("2026-01-31") && asked.contains("A&B"), "{asked}");
    let (_, body) = json(edge.get("/v1/users/ada/transactions/rent%203")).await;
    assert!(body["asked"].as_str().unwrap().contains("rent 3"));
}

#[tokio::test]
async fn the_clock_moves_and_names_the_month() {
    let clock = Clock::starting_at("2031-05-31T23:00:00Z".parse().unwrap());
    let edge = start_with(HttpConfig::default(), Fake { clock, ..Fake::default() }).await;
    let (_, body) = json(edge.get("/v1/users/ada/budgets")).await;
    assert!(body["asked"].as_str().unwrap().contains("2031-05"), "{body}");
    let (status, body) = json(edge.post("/v1/admin/clock", r#"{"to":"2031-06-01T00:00:00Z"}"#)).await;
    assert_eq!(status, 200);
    assert!(body["now"].as_str().unwrap().starts_with("2031-06-01T00:00:0"));
    let back = edge.post("/v1/admin/clock", r#"{"to":"2031-05-01T00:00:00Z"}"#);
    assert_eq!(problem(back).await, (409, "clock_refused".into()));
    for (body, code, field) in [
        (r#"{"to":"now"}"#, "invalid_time", Some("to")),
        (r#"{"to":"9999-12-31T23:59:59Z"}"#, "invalid_time", Some("to")),
        (r#"{"to":5}"#, "invalid_json", Some("to")),
        ("{}", "invalid_json", Some("to")),
        (r#"{"to":"2031-07-01T00:00:00Z","at":1}"#, "invalid_json", Some("at")),
        ("[]", "invalid_json", None),
    ] {
        let (status, answer) = json(edge.post("/v1/admin/clock", body)).await;
        assert_eq!(
            (status, answer["code"].as_str(), answer["field"].as_str()),
            (400, Some(code), field),
            "{answer}"
        );
        let text = answer["detail"].as_str().unwrap();
        assert!(code != "invalid_time" || text.contains("9999-12-30T22:00:00"), "{text}");
    }
}

#[tokio::test]
async fn what_breaks_a_request_is_named() {
    let edge = start().await;
    let field = async |request: reqwest::RequestBuilder| {
        let (status, answer) = json(request).await;
        (
            status,
            answer["code"].as_str().unwrap().to_owned(),
            answer["field"].as_str().unwrap_or("").to_owned(),
        )
    };
    let named = |code: &str, name: &str| (400, code.to_owned(), name.to_owned());
    let post = edge.post("/v1/users/ada/transactions", r#"{"category":"Food","amount":NaN}"#);
    assert_eq!(field(post).await, named("invalid_json", "amount"));
    let put = edge.client.put(edge.url("/v1/users/ada/budgets/Food")).body(r#"{"limit":01}"#);
    assert_eq!(field(put).await, named("invalid_json", "limit"));
    let list = edge.get("/v1/users/ada/transactions?category=%FF");
    assert_eq!(field(list).await, named("invalid_parameter", "category"));
    let twice = edge.post("/v1/users/ada/transactions", "{}").header("Idempotency-Key", "a");
    let twice = twice.header("Idempotency-Key", "b");
    assert_eq!(field(twice).await, named("invalid_header", "idempotency-key"));
}

#[tokio::test]
async fn a_forecast_is_answered_by_the_data_of_its_event() {
    let edge = start().await;
    let ask = |user: &str| edge.post(&format!("/v1/users/{user}/forecasts"), r#"{"category":"Food"}"#);
    let answer = ask("seer").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "centime-position")), (201, "3:9"));
    assert_eq!(answer.text().await.unwrap(), r#"{"category":"Food"}"#);
    assert_eq!(edge.fake.commands.lock().unwrap()[0].kind, "generate_forecast");
    assert_eq!(problem(ask("poor")).await, (422, "amount_not_positive".into()));
}

#[tokio::test]
async fn stateless_questions_are_answered_where_they_arrive() {
    let edge = start().await;
    let next = edge.post("/v1/calculate/recurrence", r#"{"date":"2020-01-31","add_months":1}"#);
    assert_eq!(json(next).await, (200, serde_json::json!({"result": "2020-02-29"})));
    let none = edge.post("/v1/calculate/regression", r#"{"x":[1,1,1],"y":[1,2,3]}"#);
    assert_eq!(json(none).await, (200, serde_json::json!({"result": null})));
    let (status, unknown) = json(edge.post("/v1/calculate/alchemy", "{}")).await;
    assert_eq!(
        (status, &unknown["code"], &unknown["field"]),
        (404, &"unknown_function".into(), &"fn".into())
    );
    assert!(unknown["detail"].as_str().unwrap().contains("regression, recurrence"));
    let (status, refused) = json(edge.post("/v1/calculate/regression", r#"{"x":[1]}"#)).await;
    assert_eq!((status, &refused["code"], &refused["field"]), (422, &"missing_field".into(), &"y".into()));
    assert_eq!(problem(edge.post("/v1/calculate/regression", "{")).await, (400, "invalid_json".into()));
    assert!(edge.fake.commands.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_server_describes_itself() {
    let edge = start().await;
    assert_eq!(json(edge.get("/health/live")).await.0, 200);
    assert_eq!(problem(edge.get("/health/ready")).await, (503, "not_ready".into()));
    edge.fake.ready.store(true, Ordering::Relaxed);
    assert_eq!(json(edge.get("/health/ready")).await.0, 200);
    assert_eq!(edge.get("/metrics").send().await.unwrap().text().await.unwrap(), "up 1\n");
    let (_, commands) = json(edge.get("/v1/commands")).await;
    assert_eq!(commands["items"][0]["type"], "create_transaction");
    assert!(edge.get("/").send().await.unwrap().text().await.unwrap().contains("/v1/users/{user}/balance"));
    let head = edge.client.head(edge.url("/")).send().await.unwrap();
    assert_eq!(head.status(), 200);
}
