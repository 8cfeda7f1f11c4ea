//! Export, then restore, is identity: the pages are the same to the byte, but for what `pages` takes out; so are all answers,
//! and the answers to what comes next.

use super::commands::steps;
use super::{accounts, currencies};
use super::{list, run};
use crate::stable_hash::id_hash;
use crate::story::{Story, load};
use crate::{
    CommandId, Currency, Entry, Event, Handled, Input, Month, Outcome, PageKey, Query, Report, ReportQuery,
    UserId, UserState, Year,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where everything happens: positions in the journal are what a restore can't bring back.
const SEQUENCE: u64 = 7;

/// What the lines of an export say: the commands with events since the last erasure.
pub(super) fn exported(journal: &[Entry]) -> Vec<&Entry> {
    let mut entries = Vec::new();
    for entry in journal {
        match &entry.outcome {
            Outcome::Accepted(events) if matches!(events[..], [Event::UserErased(_)]) => entries.clear(),
            Outcome::Accepted(events) if !events.is_empty() => entries.push(entry),
            _ => {}
        }
    }
    entries
}

/// A command as a part of a restore has it.
fn told(entry: &Entry) -> Value {
    let Outcome::Accepted(events) = &entry.outcome else { panic!("only what has events is exported") };
    let event = |event: &Event| {
        let mut data = Vec::new();
        event.write_json(&mut data);
        json!({"type": event.type_name(), "data": serde_json::from_slice::<Value>(&data).expect("JSON")})
    };
    json!({
        "id": entry.command_id, "time": Timestamp::from_microsecond(entry.time_us).expect("a time"),
        "body_hash": format!("{:x}", entry.body_hash), "events": events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn empty(tiny: bool) -> Story {
    let state = if tiny { UserState::tiny(None) } else { UserState::from_root(None) };
    let mut story = Story::new();
    story.state = state.expect("no page");
    story
}

/// Somebody new who is restored, so many commands a part. Now and then nothing is in memory but the root page.
pub(super) fn restored(story: &Story, tiny: bool, part: usize) -> Story {
    let mut new = empty(tiny);
    let commands: Vec<Value> = exported(&story.journal).into_iter().map(told).collect();
    let mut parts: Vec<&[Value]> = commands.chunks(part).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    for (place, commands) in parts.iter().enumerate() {
        let data = json!({
            "restore_id": "part 1", "part": place + 1, "last": place + 1 == parts.len(), "commands": commands,
        });
        let id = CommandId::parse(&format!("part {}", place + 1)).expect("an id");
        let input = Input::read(id, Timestamp::UNIX_EPOCH, "restore_user", data.to_string().as_bytes());
        load(&mut new.state, &new.store, |state| state.missing(&input));
        let handled = new.state.handle(&input, SEQUENCE);
        let Handled::Decided(outcome @ Outcome::Accepted(_)) = handled else { panic!("{handled:?}") };
        new.journal.push(Entry {
            user: UserId::parse("ada").expect("an id"),
            command_id: input.id.clone(),
            body_hash: input.body_hash,
            time_us: 0,
            outcome,
        });
        new.flush();
        if tiny {
            new.reload();
        }
    }
    new
}

/// The same entries applied one by one at the same position.
fn replayed(entries: &[&Entry], tiny: bool) -> Story {
    let mut new = empty(tiny);
    for entry in entries {
        load(&mut new.state, &new.store, |state| state.missing_to_apply(entry));
        new.state.apply(entry, SEQUENCE);
        new.flush();
    }
    new
}

/// All pages, without what a restore remembers of itself: the ids of its parts, and that there are such ids.
fn pages(story: &mut Story) -> BTreeMap<Vec<u8>, Vec<u8>> {
    story.state.root.spilled_seen = true;
    story.state.root_changed = true;
    story.flush();
    let mut pages = story.store.clone();
    for n in 1..200 {
        let id = CommandId::parse(&format!("part {n}")).expect("an id");
        pages.remove(&PageKey::SeenId(id_hash(&id)).to_bytes());
    }
    pages
}

/// Whatever may be asked.
pub(super) fn answers(story: &mut Story) -> Vec<Value> {
    let month = |text| Month::read(text).expect("a month");
    let report = |report, currency| {
        let currency = Some(Currency::read(currency).expect("a currency"));
        Query::Report(ReportQuery { report, currency })
    };
    let mut queries = vec![Query::Balance, Query::Preferences, Query::Accounts, Query::Recurring];
    queries.extend(["2023-01", "2025-03", "2026-02"].map(|text| Query::Budgets { month: month(text) }));
    queries.extend((0..50).map(|n| {
        let id = CommandId::parse(&n.to_string()).expect("an id");
        Query::Transaction { id }
    }));
    for currency in ["EUR", "USD"] {
        queries.push(report(Report::Year(Year::read("2025").expect("a year")), currency));
        queries.push(report(Report::Month(month("2026-02")), currency));
    }
    let answered = queries.iter().map(|query| match story.ask(query) {
        Ok(body) => body,
        Err(refusal) => Value::from(refusal.code.into_owned()),
    });
    let mut all: Vec<Value> = answered.collect();
    all.extend(list(story, None));
    all
}

/// Restored in such parts, a user is the same, and goes on the same.
fn check(story: &mut Story, tiny: bool, part: usize, later: &[super::commands::Step]) {
    let mut new = restored(story, tiny, part);
    assert_eq!(answers(&mut new), answers(story));
    let mut expected = replayed(&exported(&story.journal), tiny);
    assert_eq!(pages(&mut new), pages(&mut expected));
    // The journal of the restored user leads there, too.
    let mut again = replayed(&new.journal.iter().collect::<Vec<_>>(), tiny);
    assert_eq!(pages(&mut again), pages(&mut new));
    for (n, (_, name, data)) in later.iter().enumerate() {
        let id = format!("later {n}");
        assert_eq!(new.send(&id, name, data), story.send(&id, name, data));
    }
    assert_eq!(answers(&mut new), answers(story));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn export_then_restore_is_identity(steps in steps(), later in steps(), part in 1_usize..40, start in 1_u8..29) {
        for tiny in [false, true] {
            let mut story = empty(tiny);
            let preferences = json!({"month_start": start, "time_zone": "Europe/Berlin", "thresholds": [75]});
            run(&mut story, &[("preferences".to_owned(), "set_preferences", preferences)]);
            run(&mut story, &steps);
            check(&mut story, tiny, part, &later);
        }
    }

    #[test]
    fn accounts_and_rates_come_back(steps in accounts::steps(), later in accounts::steps(), part in 1_usize..40) {
        let mut story = accounts::opened();
        run(&mut story, &steps);
        run(&mut story, &[("closed".to_owned(), "close_account", json!({"id": "Cash"}))]);
        check(&mut story, true, part, &later);
    }

    #[test]
    fn budgets_in_other_currencies_come_back(steps in currencies::steps(), later in currencies::steps(), part in 1_usize..40) {
        let mut story = empty(true);
        run(&mut story, &steps);
        check(&mut story, true, part, &later);
    }

    #[test]
    fn commands_that_only_met_refusals_may_be_restored_over(steps in steps()) {
        let mut story = empty(true);
        run(&mut story, &steps);
        let commands: Vec<Value> = exported(&story.journal).into_iter().map(told).collect();
        let mut new = empty(true);
        for n in 0..9 {
            new.send(&format!("bad {n}"), "create_transaction", &json!({}));
        }
        let data = json!({"commands": commands});
        new.reload();
        let accepted = matches!(new.send("restore", "restore_user", &data), Handled::Decided(Outcome::Accepted(_)));
        prop_assert!(accepted);
        prop_assert_eq!(answers(&mut new), answers(&mut story));
    }
}

/// The golden commands lead to every event there is: each of them can be restored, a new one as well.
#[test]
fn every_kind_of_event_can_be_restored() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/commands.json");
    let golden: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(golden).expect("a file")).expect("JSON");
    let (mut story, mut seen) = (empty(false), BTreeSet::from(["user_erased", "user_restored"]));
    for (n, command) in golden.iter().enumerate() {
        let kind = command["type"].as_str().expect("a type");
        if kind == "restore_user" {
            continue;
        }
        if kind == "erase_user" {
            check(&mut story.clone(), false, 3, &[]);
        }
        if let Some(time) = command["time"].as_str() {
            story = story.on(&time[..10]);
        }
        story.send(&format!("c{n}"), kind, &command["data"]);
        if let Some(Entry { outcome: Outcome::Accepted(events), .. }) = story.journal.last() {
            seen.extend(events.iter().map(Event::type_name));
        }
    }
    check(&mut story, false, 3, &[]);
    assert_eq!(seen, Event::types().iter().copied().collect());
}
