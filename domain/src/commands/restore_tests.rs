//! Tests of `restore_user`; that it brings everything back is a property (`state::properties::export`).

use crate::story::Story;
use crate::{CommandId, Handled, Query};
use serde_json::{Value, json};

fn transaction(id: &str, amount: &str) -> Value {
    json!({
        "id": id, "transaction_type": "Expense", "amount": amount, "currency": "EUR", "category": "Food",
        "date": "2026-02-03", "payee": null, "note": null, "tags": [], "account": null, "splits": [], "refund": false,
        "excluded": false, "status": "posted",
    })
}

fn command(id: &str, events: &[(&str, Value)]) -> Value {
    let events: Vec<Value> = events.iter().map(|(kind, data)| json!({"type": kind, "data": data})).collect();
    json!({"id": id, "time": "2026-02-03T10:00:00Z", "events": events})
}

fn budget() -> Value {
    let data = json!({
        "category": "Food", "limit": "100", "currency": "EUR", "from": "2026-01", "thresholds": [80], "policy": "reset",
    });
    command("b", &[("budget_set", data)])
}

fn reached(spent: &str) -> Value {
    json!({
        "category": "Food", "month": "2026-02", "threshold": 80, "limit": "100", "spent": spent, "currency": "EUR",
        "crossing": 1, "transaction_id": "t",
    })
}

fn past() -> Value {
    let created = ("transaction_created", transaction("t", "90.00"));
    json!([budget(), command("t", &[created, ("budget_threshold_reached", reached("90.00"))])])
}

fn restored() -> Story {
    Story::new().when_as("r", "restore_user", json!({"commands": past()})).then_events(&["user_restored"])
}

fn refused(commands: &Value, code: &str, field: &str) {
    let data = json!({"commands": commands});
    let mut story = Story::new().when_as("r", "restore_user", data).then_refused(code, field);
    assert_eq!(story.ask(&Query::Balance).expect("answered")["items"], json!([]), "nothing of it is there");
}

/// The past with one thing changed.
fn changed(change: impl Fn(&mut Value)) -> Value {
    let mut commands = past();
    change(&mut commands);
    commands
}

#[test]
fn a_past_comes_back_without_alerting_anybody_again() {
    let mut story = restored();
    let event = {
        let mut data = Vec::new();
        story.last_events()[0].write_json(&mut data);
        serde_json::from_slice::<Value>(&data).expect("JSON")
    };
    assert_eq!(event, json!({"restore_id": "r", "part": 1, "last": true, "commands": 2, "events": 3}));
    assert!(!story.last_events()[0].is_alert());
    assert_eq!(story.ask(&Query::Balance).expect("answered")["items"][0]["balance"], "-90.00");
    let more =
        json!({"transaction_type": "Expense", "amount": "5", "category": "Food", "date": "2026-02-04"});
    let other =
        json!({"transaction_type": "Expense", "amount": "6", "category": "Food", "date": "2026-02-04"});
    story
        .when_as("more", "create_transaction", more)
        .then_alerts(&[])
        .when_as("other", "create_transaction", other)
        .then_alerts(&["exceeded Food 2026-02 #1: 101.00 of 100"]);
}

#[test]
fn the_same_part_again_is_the_same_answer_and_its_commands_ids_are_taken() {
    let mut story = restored();
    let again = story.send("r", "restore_user", &json!({"commands": past()}));
    assert_eq!(again, Handled::Repeated { sequence: 1 });
    story.reload();
    assert_eq!(
        story.send("r", "restore_user", &json!({"commands": past()})),
        Handled::Repeated { sequence: 1 }
    );
    story
        .when_as("other", "restore_user", json!({"commands": past()}))
        .then_refused("user_not_empty", "user")
        .when_as("t", "create_transaction", json!({"transaction_type": "Expense", "amount": "90.00"}))
        .then_refused("id_reused", "id");
}

#[test]
fn a_command_with_a_known_body_is_recognised_after_a_restore() {
    let data = json!({"category": "Food", "limit": "100", "from": "2026-01", "thresholds": [80]});
    let body = crate::Command::parse("set_budget", data.to_string().as_bytes()).expect("a command");
    let mut commands = past();
    commands[0]["body_hash"] = json!(format!("{:016x}", body.body_hash()));
    let mut story = Story::new().when_as("r", "restore_user", json!({"commands": commands}));
    assert_eq!(story.send("b", "set_budget", &data), Handled::Repeated { sequence: 1 });
}

#[test]
fn parts_come_in_order_and_nothing_else_in_between() {
    let commands = past();
    let part = |n: u32, last: bool, commands: &Value| json!({"restore_id": "one", "part": n, "last": last, "commands": [commands]});
    let mut story = Story::tiny()
        .when_as("two", "restore_user", part(2, true, &commands[1]))
        .then_refused("wrong_part", "part")
        .when_as("one", "restore_user", part(1, false, &commands[0]))
        .then_events(&["user_restored"]);
    story.reload();
    let food = json!({"category": "Food", "limit": "1"});
    let mut story = story
        .when_as("early", "set_budget", food.clone())
        .then_refused("restore_in_progress", "user")
        .when_as("three", "restore_user", part(3, true, &commands[1]))
        .then_refused("wrong_part", "part")
        .when_as("other", "restore_user", json!({"restore_id": "x", "part": 2, "commands": []}))
        .then_refused("restore_in_progress", "restore_id")
        .when_as("first", "restore_user", json!({"commands": []}))
        .then_refused("restore_in_progress", "restore_id")
        .when_as("last", "restore_user", part(2, true, &commands[1]))
        .then_events(&["user_restored"]);
    let id = CommandId::parse("t").expect("an id");
    assert_eq!(story.ask(&Query::Transaction { id }).expect("found")["amount"], "90.00");
    story.when_as("now", "set_budget", food).then_accepted();
}

#[test]
fn an_erasure_ends_a_restore_and_the_same_file_may_come_again() {
    let first = json!({"last": false, "commands": [budget()]});
    Story::new()
        .when_as("one", "restore_user", first.clone())
        .when_as("e", "erase_user", json!({}))
        .then_events(&["user_erased"])
        .when_as("one", "restore_user", first)
        .then_events(&["user_restored"])
        .when_as("f", "erase_user", json!({}))
        .then_events(&["user_erased"])
        .when_as("r", "restore_user", json!({"commands": past()}))
        .then_events(&["user_restored"]);
}

#[test]
fn only_an_empty_user_can_be_restored() {
    let kinds = [
        ("set_preferences", json!({"time_zone": "Europe/Berlin"})),
        ("set_budget", json!({"category": "Food", "limit": "1"})),
        ("open_account", json!({"name": "Giro"})),
        ("create_transaction", json!({"transaction_type": "Income", "amount": "1"})),
        ("record_exchange_rate", json!({"from": "USD", "to": "EUR", "rate": "1"})),
    ];
    for (kind, data) in kinds {
        Story::new()
            .when(kind, data)
            .then_accepted()
            .when_as("r", "restore_user", json!({"commands": past()}))
            .then_refused("user_not_empty", "user");
    }
}

#[test]
fn what_does_not_follow_is_refused() {
    let at = |place: &str| format!("commands[1].events[{place}");
    let spent = changed(|past| past[1]["events"][1]["data"] = reached("95.00"));
    refused(&spent, "event_does_not_follow", &at("1]"));
    let edited = changed(|past| past[1]["events"][0]["data"]["amount"] = json!("91.00"));
    refused(&edited, "event_does_not_follow", &at("1]"));
    let silent = changed(|past| drop(past[1]["events"].as_array_mut().expect("a list").pop()));
    refused(&silent, "event_missing", &at("1]"));
    let forged = changed(|past| {
        past[0]["events"][0] = json!({"type": "budget_threshold_reached", "data": reached("90")});
    });
    refused(&forged, "event_does_not_follow", "commands[0].events[0]");
    let other = changed(|past| past[1]["id"] = json!("another"));
    refused(&other, "event_does_not_follow", &at("0]"));
    let counted = changed(|past| {
        past[1]["events"][0]["data"]["counted"] = json!({"currency": "USD", "rate": "2"});
    });
    refused(&counted, "event_does_not_follow", &at("0]"));
    let twice = changed(|past| past.as_array_mut().expect("a list").push(budget()));
    refused(&twice, "id_reused", "commands[2].id");
}

#[test]
fn what_no_command_could_say_is_refused_by_its_field() {
    let field = |name: &str| format!("commands[1].events[0].data.{name}");
    let with = |name: &'static str, value: Value| {
        changed(move |past| past[1]["events"][0]["data"][name] = value.clone())
    };
    refused(&with("amount", json!("0")), "amount_zero", &field("amount"));
    refused(&with("note", json!("x".repeat(5_000))), "text_too_long", &field("note"));
    refused(&with("date", json!("2026-02-30")), "wrong_type", &field("date"));
    refused(&with("amount", json!(90)), "wrong_type", &field("amount"));
    refused(&with("mood", json!("good")), "not_as_exported", &field("mood"));
    let kind = |kind: &'static str| changed(move |past| past[1]["events"][0]["type"] = json!(kind));
    refused(&kind("transaction_dreamt"), "unknown_event_type", "commands[1].events[0].type");
    refused(&kind("user_erased"), "not_restorable", "commands[1].events[0].data");
    refused(&changed(|past| past[1]["time"] = json!("yesterday")), "invalid_time", "commands[1].time");
    refused(&changed(|past| past[1]["id"] = json!("")), "invalid_command_id", "commands[1].id");
    refused(&changed(|past| past[1]["body_hash"] = json!("x")), "invalid_hash", "commands[1].body_hash");
    refused(&changed(|past| past[1]["events"] = json!([])), "missing_field", "commands[1].events");
}

#[test]
fn a_part_is_bounded() {
    let many: Vec<Value> = (0..501).map(|_| budget()).collect();
    refused(&json!(many), "too_many_commands", "commands");
    let data = json!({"part": 0, "commands": []});
    Story::new().when("restore_user", data).then_refused("invalid_part", "part");
}

#[test]
fn an_import_comes_back_with_rows_that_were_refused_and_can_be_undone() {
    let rows = json!([
        {"date": "2026-02-03", "amount": "-60.125", "payee": "Shop", "bank_id": "A-1", "category": "Food"},
        {"date": "2026-02-04", "amount": "0", "payee": "Notice"},
        {"date": "2026-02-04", "amount": "-5", "payee": "Split", "splits": [
            {"category": "Food", "amount": "-6"}, {"category": "Rent", "amount": "1"}]},
        {"date": "2026-02-04", "amount": "-5", "splits": [{"category": "Food", "amount": "-6"}]},
    ]);
    let file = json!({"import_id": "file", "account": "Giro", "source": "csv", "rows": rows});
    let story = Story::new().when_as("file", "import_transactions", file.clone());
    let events: Vec<(&str, Value)> = story
        .last_events()
        .iter()
        .map(|event| {
            let mut data = Vec::new();
            event.write_json(&mut data);
            (event.type_name(), serde_json::from_slice(&data).expect("JSON"))
        })
        .collect();
    assert_eq!(events.len(), 4, "three transactions, one import");
    let told = command("file", &events);
    Story::new()
        .when_as("r", "restore_user", json!({"commands": [told.clone()]}))
        .then_events(&["user_restored"])
        .when_as("again", "import_transactions", json!({"account": "Giro", "rows": rows}))
        .then_events(&["transactions_imported"])
        .when("undo_import", json!({"id": "file"}))
        .then_events(&["transaction_deleted", "transaction_deleted", "transaction_deleted", "import_undone"]);
    let mut forged = told;
    forged["events"][3]["data"]["transactions"][0] = json!("another");
    refused(&json!([forged]), "event_does_not_follow", "commands[0].events[3]");
}
