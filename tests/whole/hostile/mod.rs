//! What a careless or hostile client can send over HTTP, systematically: every field of every command missing, of the wrong
//! type, out of range. Whatever it is, the answer comes soon, has a name, names the field, and changes nothing.
//!
//! Map: `bodies` (a whole body of every command) · `values` (what is put into its fields) · `requests` (bodies, headers,
//! paths and methods that are wrong as a whole).

mod bodies;
mod requests;
mod values;

use crate::support::http::{Answer, Client, RUNTIME};
use crate::support::server::{Server, run};
use bodies::{Body, PASS_TIME, RESTORE, bodies, setup};
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use values::{places, wrong_types, wrong_values};

/// No answer takes longer.
const SOON: Duration = Duration::from_secs(2);
/// So many at once: as much as a small machine answers soon.
const AT_ONCE: usize = 8;

/// A request, and what must come of it.
struct Case {
    name: String,
    user: &'static str,
    kind: &'static str,
    body: String,
    /// One of these codes; none: it may be accepted.
    codes: &'static [&'static str],
    /// The field at fault; none: whichever.
    field: Option<String>,
}

/// Who is sent what must be refused: nothing may come of it.
const VICTIM: &str = "victim";
/// Who is sent what may be accepted.
const SCRATCH: &str = "scratch";

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for Body { kind, data, required } in bodies() {
        let case = |name: String, body: String, codes: &'static [&'static str], field: Option<String>| {
            let user = if codes.is_empty() { SCRATCH } else { VICTIM };
            Case { name: format!("{kind}: {name}"), user, kind, body, codes, field }
        };
        for place in places(&data) {
            let path = place.path();
            if let Some(body) = place.without(&data) {
                let codes: &[&str] = if required.contains(&path.as_str()) { &["missing_field"] } else { &[] };
                cases.push(case(format!("without {path}"), body, codes, Some(path.clone())));
            }
            let nothing: &[&str] =
                if required.contains(&path.as_str()) { &["wrong_type", "missing_field"] } else { &[] };
            cases.push(case(
                format!("{path} is null"),
                place.with(&data, "null"),
                nothing,
                Some(path.clone()),
            ));
            for (raw, codes) in
                wrong_types(&place, &data).into_iter().chain(wrong_values(kind, &place, &data))
            {
                let short: String = raw.chars().take(40).collect();
                let body = place.with(&data, &raw);
                cases.push(case(format!("{path} is {short}"), body, codes, Some(path.clone())));
            }
        }
        let mut more = data.clone();
        more["surprise"] = json!(1);
        cases.push(case(
            "an unknown field".into(),
            more.to_string(),
            &["unknown_field"],
            Some("surprise".into()),
        ));
        if let Some(first) = data.as_object().and_then(|fields| fields.keys().next()) {
            let twice = format!("{{\"{first}\":{},{}", data[first], &data.to_string()[1..]);
            cases.push(case("a field twice".into(), twice, &["duplicate_field"], Some(first.clone())));
        }
        for (name, body) in [
            ("a list", "[]"),
            ("a list of texts", "[\"Food\"]"),
            ("a text", "\"x\""),
            ("a number", "7"),
            ("null", "null"),
        ] {
            cases.push(case(format!("the body is {name}"), body.into(), &["wrong_type"], None));
        }
    }
    cases
}

/// What an answer must be, whatever was asked: soon, no failure of the server, and a "no" has a name.
fn sound(name: &str, answer: &Answer, took: Duration) -> Result<(), String> {
    let no = |why: &str| Err(format!("{name}: {why}: {} {:.300} ({took:?})", answer.status, answer.text));
    if answer.status >= 500 {
        return no("a failure of the server");
    }
    if took > SOON {
        return no("too slow");
    }
    let problem = answer.header("content-type") == Some("application/problem+json");
    if answer.status >= 400 && (!problem || answer.code().is_empty()) {
        return no("no problem with a code");
    }
    Ok(())
}

/// A refusal may name the list instead of its item, or the field that an object may not have.
fn names(answer: &Answer, field: &str) -> bool {
    let named = answer.field();
    let list = |rest: &str| !named.is_empty() && rest.starts_with('[') && !rest.contains('.');
    let within = answer.code() == "unknown_field" && named.strip_suffix(".x") == Some(field);
    named == field || within || field.strip_prefix(named).is_some_and(list)
}

fn check(case: &Case, answer: &Answer, took: Duration) -> Result<(), String> {
    sound(&case.name, answer, took)?;
    let no = |why: &str| Err(format!("{}: {why}: {} {:.300}", case.name, answer.status, answer.text));
    if !case.codes.is_empty() && !case.codes.contains(&answer.code()) {
        return no(&format!("not {}", case.codes.join(" or ")));
    }
    let field = case.field.as_deref();
    // What is not even JSON has no fields.
    let wrong_field = field.is_some_and(|field| !names(answer, field)) && answer.code() != "invalid_json";
    if answer.status >= 400 && wrong_field && !case.codes.is_empty() {
        return no(&format!("not the field {}", field.unwrap_or_default()));
    }
    Ok(())
}

/// Sends all, some at a time; answers what is wrong with the answers.
fn send(client: &Arc<Client>, cases: Vec<Case>) -> Vec<String> {
    let answered = futures::stream::iter(cases.into_iter().enumerate()).map(|(n, case)| {
        let client = client.clone();
        async move {
            let path = format!("/v1/users/{}/commands/{}", case.user, case.kind);
            let started = Instant::now();
            // Each is a command of its own, whatever id its body says.
            let key = format!("case {n}");
            let headers = [("idempotency-key", &*key)];
            let request = client.request(&Method::POST, &path, &headers, Some(&case.body));
            let answer = Answer::of(request).await.map_err(|e| format!("{}: no answer: {e:?}", case.name))?;
            check(&case, &answer, started.elapsed())
        }
    });
    RUNTIME.block_on(
        answered
            .buffer_unordered(AT_ONCE)
            .filter_map(async |result: Result<(), String>| result.err())
            .collect(),
    )
}

fn set_up(client: &Client, user: &str) {
    for (kind, id, data) in setup() {
        client.command(user, kind, id, &data).expect(201);
    }
}

/// Everything there is to know of a user: their events, and the figures made of them.
fn known(client: &Client, user: &str) -> Vec<String> {
    let paths = [
        "export",
        "transactions",
        "accounts",
        "budgets?month=2026-02",
        "balance",
        "preferences",
        "reports/year?year=2026",
    ];
    let ask = |path: &&str| {
        let answer = client.get(&format!("/v1/users/{user}/{path}")).expect(200);
        let mut body = answer.body;
        if let Some(fields) = body.as_object_mut() {
            // Refusals move it on.
            fields.remove("position");
        }
        if body.is_null() { answer.text } else { body.to_string() }
    };
    paths.iter().map(ask).collect()
}

/// The fields that the refusal of an unknown one lists: `` expected one of `a`, `b` ``. The text is cut off after a while.
fn listed_names(text: &str) -> Vec<String> {
    let listed = text.split_once("expected").map_or("", |(_, listed)| listed);
    let whole = listed.rsplit_once('`').map_or("", |(whole, _)| whole);
    let closed = if whole.matches('`').count() % 2 == 1 {
        whole
    } else {
        whole.rsplit_once('`').map_or("", |(rest, _)| rest)
    };
    closed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every command has a whole body here, and each of them is accepted as it is: what is refused later is the hostile part.
fn check_bodies(client: &Client) {
    let listed = client.get("/v1/commands").expect(200).body;
    let all: BTreeSet<String> = listed["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["type"].as_str().expect("a type").to_owned())
        .collect();
    let here: BTreeSet<String> = bodies().iter().map(|body| body.kind.to_owned()).collect();
    let missing: Vec<_> = all.symmetric_difference(&here).collect();
    assert!(
        missing.is_empty(),
        "{missing:?}: every command has a body in tests/whole/hostile/bodies.rs, and no other"
    );
    for (n, Body { kind, data, .. }) in bodies().into_iter().enumerate() {
        let user = format!("whole-{n}");
        if kind != RESTORE {
            set_up(client, &user);
        }
        let answer = client.command(&user, kind, "whole", &data).expect(201);
        let nothing = answer.body["events"].as_array().expect("events").is_empty();
        assert_eq!(nothing, kind == PASS_TIME, "{kind}: only {PASS_TIME} has no event of its own");
        let mut more = data.clone();
        more["surprise"] = Value::Null;
        let said = client.command(&user, kind, "more", &more).expect(422).body;
        let left_out: Vec<String> = listed_names(said["detail"].as_str().expect("a text"))
            .into_iter()
            .filter(|name| data.get(name).is_none() && !["base", "quote"].contains(&name.as_str()))
            .collect();
        let all = bodies();
        let elsewhere =
            |name: &String| all.iter().any(|other| other.kind == kind && other.data.get(name).is_some());
        let nowhere: Vec<_> = left_out.iter().filter(|name| !elsewhere(name)).collect();
        assert!(nowhere.is_empty(), "{kind}: its bodies leave out {nowhere:?}");
    }
}

#[test]
fn whatever_is_sent_is_answered_by_name_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &[]);
    let client = Arc::new(server.client());
    check_bodies(&client);
    set_up(&client, VICTIM);
    set_up(&client, SCRATCH);
    let before = known(&client, VICTIM);
    let cases = cases();
    let (count, mut wrong) = (cases.len(), send(&client, cases));
    wrong.extend(requests::wrong(&client, &server.address));
    assert!(wrong.is_empty(), "{} of {count} and more:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(known(&client, VICTIM), before);
    client.get("/health/ready").expect(200);
    let next = json!({"transaction_type": "Expense", "amount": "1", "account": "Giro"});
    client.command(VICTIM, "create_transaction", "next", &next).expect(201);
    server.terminate();
    let folder = data.to_str().expect("UTF-8");
    let (sound, said, errors) = run(&["journal", "verify", "--data-dir", folder]);
    assert!(sound, "the journal is unsound: {said}{errors}");
}
