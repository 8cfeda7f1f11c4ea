//! What others read must not change unnoticed: the JSON of every command and event, the journal's bytes, body hashes.
//!
//! `tests/golden/commands.json` lists `{type, data, body_hash}`, and the `time` where that is another than noon of
//! 10 February 2026; `tests/golden/events.json` lists
//! `{type, data, journal}`, `journal` being the hex of the event's postcard encoding.

use centime_domain::{
    Command, CommandId, Event, Handled, Input, Outcome, Policy, Query, Status, TransactionType, UserState,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

fn golden(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}

fn command(golden: &Value) -> Command {
    let name = golden["type"].as_str().expect("a type");
    Command::parse(name, golden["data"].to_string().as_bytes()).expect(name)
}

/// Every event the golden commands lead to, one after the other on one user.
fn events() -> Vec<Event> {
    let mut state = UserState::default();
    let mut events = Vec::new();
    for (i, golden) in golden("commands.json").iter().enumerate() {
        let command = command(golden);
        let input = Input {
            id: CommandId::parse(&format!("c{i}")).expect("an id"),
            time: golden["time"].as_str().unwrap_or("2026-02-10T12:00:00Z").parse().expect("an instant"),
            body_hash: command.body_hash(),
            command: Ok(command),
        };
        while let Some(key) = state.missing(&input).pop() {
            state.insert(key, None).expect("no page");
        }
        match state.handle(&input, i as u64) {
            Handled::Decided(Outcome::Accepted(new)) => events.extend(new),
            other => panic!("{golden}: {other:?}"),
        }
    }
    events
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all of it");
        text
    })
}

#[test]
fn every_command_reads_and_hashes_as_ever() {
    let mut seen = BTreeSet::new();
    for golden in golden("commands.json") {
        let command = command(&golden);
        assert_eq!(json!(format!("{:016x}", command.body_hash())), golden["body_hash"], "{golden}");
        assert_eq!(command.type_name(), golden["type"]);
        seen.insert(command.type_name());
    }
    assert_eq!(seen, Command::types().iter().copied().collect());
}

#[test]
fn every_event_is_written_as_ever() {
    let mut seen = BTreeSet::new();
    let golden = golden("events.json");
    let events = events();
    for (event, golden) in events.iter().zip(&golden) {
        let mut data = Vec::new();
        event.write_json(&mut data);
        let data: Value = serde_json::from_slice(&data).expect("JSON");
        let journal = hex(&postcard::to_allocvec(event).expect("encodes"));
        let written = json!({"type": event.type_name(), "data": data, "journal": journal});
        assert_eq!(&written, golden);
        seen.insert(event.type_name());
    }
    assert_eq!(events.len(), golden.len());
    assert_eq!(seen, Event::types().iter().copied().collect());
}

#[test]
fn every_event_reads_itself_back() {
    for event in events() {
        let bytes = postcard::to_allocvec(&event).expect("encodes");
        assert_eq!(postcard::from_bytes::<Event>(&bytes).expect("decodes"), event);
        assert_eq!(Event::types()[event.type_index()], event.type_name());
    }
}

#[test]
fn only_alerts_are_alerts() {
    let alerts: BTreeSet<_> =
        events().iter().filter(|event| event.is_alert()).map(Event::type_name).collect();
    assert_eq!(
        alerts.into_iter().collect::<Vec<_>>(),
        ["budget_exceeded", "budget_recovered", "budget_threshold_reached"]
    );
}

#[test]
fn the_public_names_are_usable_from_outside() {
    assert_eq!((Policy::default(), Status::default()), (Policy::Reset, Status::Posted));
    assert_ne!(TransactionType::Income, TransactionType::Expense);
    let answer = Query::Balance.answer(&UserState::default(), &[]).expect("answered");
    assert_eq!(answer, json!({"items": [], "next_cursor": null}));
}
