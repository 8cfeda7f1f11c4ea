//! What is detected, and what is not.

use crate::Query;
use crate::story::Story;
use serde_json::{Value, json};

fn paid(payee: &str, amount: &str, date: &str) -> Value {
    json!({"transaction_type": "Expense", "amount": amount, "payee": payee, "date": date, "category": "Fun"})
}

fn with(mut data: Value, field: &str, value: Value) -> Value {
    data[field] = value;
    data
}

/// Paid twice, on 10 December and 10 January; today is 10 February.
fn twice(story: Story) -> Story {
    story
        .when("create_transaction", paid("Netflix", "9.99", "2025-12-10"))
        .then_recurring(&[])
        .when("create_transaction", paid("NETFLIX ", "9.99", "2026-01-10"))
        .then_recurring(&[])
}

const FOUND: &str = "detected Netflix monthly 9.99 3 next 2026-03-10";

fn items(story: &mut Story) -> Vec<Value> {
    story.ask(&Query::Recurring).expect("answered")["items"].as_array().expect("a list").clone()
}

#[test]
fn the_third_payment_is_detected_with_its_evidence_and_only_once() {
    let mut story = twice(Story::tiny())
        .when_as("third", "create_transaction", paid("Netflix", "9.99", "2026-02-10"))
        .then_recurring(&[FOUND]);
    let event = story.last_events().last().expect("an event");
    let mut written = Vec::new();
    event.write_json(&mut written);
    let written: Value = serde_json::from_slice(&written).expect("JSON");
    let seen = |date: &str| json!({"date": date, "amount": "9.99"});
    assert_eq!(written["evidence"], json!([seen("2025-12-10"), seen("2026-01-10"), seen("2026-02-10")]));
    assert_eq!((&written["starts"], &written["transaction_id"]), (&json!("2026-02-10"), &json!("third")));
    let shown = items(&mut story).remove(0);
    assert_eq!(
        (&shown["origin"], &shown["id"], &shown["category"], &shown["yearly_amount"], &shown["last_seen"]),
        (&json!("detected"), &written["id"], &json!("Fun"), &json!("119.88"), &json!("2026-02-10"))
    );
    story.reload();
    let mut story = story
        .when("update_transaction", json!({"id": "third", "note": "on us"}))
        .then_recurring(&[])
        .when("update_transaction", json!({"id": "third", "date": "2026-02-01", "amount": "5"}))
        .then_recurring(&[])
        .when("update_transaction", json!({"id": "third", "date": "2026-02-10", "amount": "9.99"}))
        .then_recurring(&[])
        .on("2026-03-16")
        .when("create_transaction", paid("Shop", "1", "2026-03-16"))
        .then_recurring(&["missed Netflix 2026-03-10 #1"]);
    assert_eq!(items(&mut story)[0]["missed"], json!(["2026-03-10"]));
}

#[test]
fn what_counts_nowhere_is_only_announced_or_is_taken_back_is_no_evidence() {
    for (field, value) in [
        ("status", json!("pending")),
        ("excluded", json!(true)),
        ("payee", Value::Null),
        ("payee", json!("Netflix Inc")),
        ("account", json!("Giro")),
        ("currency", json!("USD")),
        ("transaction_type", json!("Income")),
        ("date", json!("2026-02-14")),
        ("amount", json!("10.20")),
    ] {
        let data = with(paid("Netflix", "9.99", "2026-02-09"), field, value);
        twice(Story::new()).when("create_transaction", data).then_recurring(&[]);
    }
    let refund = |date: &str| json!({"transaction_type": "Income", "refund": true, "amount": "5", "payee": "Shop", "date": date});
    let transfer = |date: &str| json!({"transaction_type": "Transfer", "amount": "5", "payee": "Me", "date": date, "account": "a", "to_account": "b"});
    let dates = ["2025-12-10", "2026-01-10", "2026-02-10"];
    dates.iter().fold(Story::new(), |story, date| {
        story
            .when("create_transaction", refund(date))
            .then_recurring(&[])
            .when("create_transaction", transfer(date))
            .then_recurring(&[])
    });
}

#[test]
fn a_pending_payment_is_evidence_once_it_is_posted() {
    let pending = with(paid("Netflix", "9.99", "2026-02-10"), "status", json!("pending"));
    twice(Story::tiny())
        .when_as("third", "create_transaction", pending)
        .then_recurring(&[])
        .when("update_transaction", json!({"id": "third", "status": "posted"}))
        .then_recurring(&[FOUND]);
}

#[test]
fn incomes_are_detected_alike() {
    let salary = |amount: &str, date: &str| json!({"transaction_type": "Income", "amount": amount, "payee": "Work", "date": date});
    Story::tiny()
        .when("create_transaction", salary("2600", "2025-10-31"))
        .when("create_transaction", salary("2510.20", "2025-11-28"))
        .when("create_transaction", salary("2500", "2025-12-31"))
        .when("create_transaction", salary("2700.90", "2026-01-30"))
        .then_recurring(&[])
        .on("2026-02-28")
        .when("create_transaction", salary("2498.11", "2026-02-27"))
        .then_recurring(&["detected Work monthly 2498.11-2700.90 5 next 2026-03-31"]);
}

#[test]
fn what_is_dismissed_is_not_found_again() {
    let story = twice(Story::tiny())
        .when("create_transaction", paid("Netflix", "9.99", "2026-02-10"))
        .then_recurring(&[FOUND]);
    let mut story = story;
    let id = items(&mut story)[0]["id"].clone();
    let mut story = story.when("cancel_recurring", json!({"id": id})).then_events(&["recurring_cancelled"]);
    assert!(items(&mut story).is_empty());
    for shop in ["a", "b", "c", "d"] {
        story = story.when("create_transaction", paid(shop, "1", "2026-02-10"));
    }
    story.reload();
    story
        .on("2026-03-10")
        .when("create_transaction", paid("netflix", "9.99", "2026-03-10"))
        .then_recurring(&[])
        .when("declare_recurring", json!({"transaction_type": "Expense", "payee": "Netflix", "amount": "9.99", "cadence": "monthly", "starts": "2026-03-10"}))
        .on("2026-04-20")
        .when("create_transaction", paid("a", "1", "2026-04-20"))
        .then_recurring(&["missed Netflix 2026-04-10 #1"]);
}

#[test]
fn what_is_declared_is_not_detected_and_takes_the_place_of_what_was() {
    let declare = json!({"transaction_type": "Expense", "payee": "Netflix", "amount": "9.99", "cadence": "monthly", "starts": "2025-12-10"});
    twice(Story::tiny())
        .when("declare_recurring", declare.clone())
        .when("create_transaction", paid("Netflix", "9.99", "2026-02-10"))
        .then_recurring(&[]);
    let mut story = twice(Story::tiny())
        .when("create_transaction", paid("Netflix", "9.99", "2026-02-10"))
        .then_recurring(&[FOUND])
        .when_as("mine", "declare_recurring", declare);
    let shown = items(&mut story);
    assert_eq!((shown.len(), &shown[0]["id"]), (1, &json!("mine")));
}

#[test]
fn what_has_ended_long_ago_is_not_detected() {
    twice(Story::new())
        .on("2026-03-16")
        .when("create_transaction", paid("Netflix", "9.99", "2026-02-10"))
        .then_recurring(&[]);
    twice(Story::new())
        .on("2026-03-15")
        .when("create_transaction", paid("Netflix", "9.99", "2026-02-10"))
        .then_recurring(&[FOUND]);
}

#[test]
fn what_is_dated_ahead_is_no_evidence_yet() {
    twice(Story::new()).when("create_transaction", paid("Netflix", "9.99", "2026-02-11")).then_recurring(&[]);
}

#[test]
fn the_rows_of_an_import_are_judged_together_in_whatever_order() {
    let row = |date: &str, amount: &str, payee: &str| json!({"date": date, "amount": amount, "payee": payee});
    let rows = json!([
        row("2026-02-10", "-9.99", "Netflix"),
        row("2026-02-09", "-31", "Shop"),
        row("2026-01-28", "2500", "Work"),
        row("2026-01-10", "-9.99", "Netflix"),
        row("2025-12-29", "2500", "Work"),
        row("2025-12-10", "-9.99", "Netflix"),
        row("2025-11-28", "2500", "Work"),
    ]);
    let mut story = Story::tiny()
        .when("import_transactions", json!({"rows": rows}))
        .then_recurring(&[FOUND, "detected Work monthly 2500 3 next 2026-02-28"]);
    // Events come in the order of the rows, the last of each payee's payments making it enough.
    story.reload();
    let mut story = story
        .when("undo_import", json!({"id": "c1"}))
        .then_recurring(&["withdrawn Netflix", "withdrawn Work"]);
    assert!(items(&mut story).is_empty());
}

#[test]
fn two_things_paid_to_one_payee_are_two() {
    let mut story = Story::tiny();
    for month in ["2025-12", "2026-01"] {
        for (amount, day) in [("100", "01"), ("120", "02")] {
            let data = paid("Insurance", amount, &format!("{month}-{day}"));
            story = story.when("create_transaction", data).then_recurring(&[]);
        }
    }
    let mut story = story
        .when("create_transaction", paid("Insurance", "100", "2026-02-01"))
        .then_recurring(&["detected Insurance monthly 100 3 next 2026-03-01"])
        .when("create_transaction", paid("Insurance", "120", "2026-02-02"))
        .then_recurring(&["detected Insurance monthly 120 3 next 2026-03-02"])
        .on("2026-03-02")
        .when("create_transaction", paid("Insurance", "120", "2026-03-01"))
        .then_recurring(&[])
        .when("create_transaction", paid("Insurance", "100", "2026-03-02"))
        .then_recurring(&[]);
    let shown = items(&mut story);
    assert_eq!(
        (&shown[0]["last_seen"], &shown[1]["last_seen"]),
        (&json!("2026-03-02"), &json!("2026-03-01"))
    );
}

#[test]
fn a_payment_that_moves_to_another_day_is_found_again_once_the_old_one_lapsed() {
    let mut story = twice(Story::tiny()).when("create_transaction", paid("Netflix", "9.99", "2026-02-10"));
    let found = "detected Netflix monthly 9.99 3 next 2026-06-25";
    for (month, missed, told) in [
        ("2026-03", "missed Netflix 2026-03-10 #1", &[][..]),
        ("2026-04", "missed Netflix 2026-04-10 #2", &[]),
        ("2026-05", "missed Netflix 2026-05-10 #3", &[found]),
    ] {
        let day = format!("{month}-25");
        story = story
            .on(&format!("{month}-20"))
            .when("create_transaction", paid("Shop", "1", "2026-01-01"))
            .then_recurring(&[missed])
            .on(&day)
            .when("create_transaction", paid("Netflix", "9.99", &day))
            .then_recurring(told);
    }
    let shown = items(&mut story);
    assert_eq!(
        (shown.len(), &shown[0]["lapsed"], &shown[0]["starts"]),
        (1, &json!(false), &json!("2026-05-25"))
    );
}

#[test]
fn an_id_of_what_was_detected_is_taken() {
    let mut story = twice(Story::new()).when("create_transaction", paid("Netflix", "9.99", "2026-02-10"));
    let id = items(&mut story)[0]["id"].as_str().expect("an id").to_owned();
    let data = json!({"transaction_type": "Expense", "payee": "Gym", "amount": "1", "cadence": "weekly"});
    story.when_as(&id, "declare_recurring", data).then_refused("recurring_exists", "id");
}

#[test]
fn many_payees_leave_the_root_page_and_are_remembered() {
    let mut story = Story::default();
    for (date, told) in [("2025-12-10", 0), ("2026-01-10", 0), ("2026-02-10", 40)] {
        let mut found = 0;
        for payee in 0..40 {
            story = story.when("create_transaction", paid(&format!("Payee {payee}"), "5", date));
            found += story.last_events().len() - 1;
        }
        assert_eq!(found, told);
        story.flush();
        story.state.trim();
        let pages = story.store.keys().filter(|key| key[0] == crate::PageKey::Payee(0).to_bytes()[0]).count();
        assert!(told > 0 || pages >= 24, "{pages} pages");
    }
    let pages = story.store.keys().filter(|key| key[0] == crate::PageKey::Payee(0).to_bytes()[0]).count();
    assert_eq!(pages, 0, "what has a schedule is in the root page");
    assert_eq!(items(&mut story).len(), 40);
}

/// Detected by its third payment, "third"; the first two are "c1" and "c2".
fn thrice(story: Story) -> Story {
    twice(story)
        .when_as("third", "create_transaction", paid("Netflix", "9.99", "2026-02-10"))
        .then_recurring(&[FOUND])
}

#[test]
fn what_was_detected_ends_with_the_last_of_its_payments_and_may_be_found_again() {
    let mut story = thrice(Story::tiny())
        .when("delete_transaction", json!({"id": "c1"}))
        .then_recurring(&[])
        .when("delete_transaction", json!({"id": "third"}))
        .then_recurring(&[]);
    story.reload();
    let mut story = story
        .when("delete_transaction", json!({"id": "c2"}))
        .then_events(&["transaction_deleted", "recurring_withdrawn"]);
    assert!(items(&mut story).is_empty());
    let mut story = story
        .on("2026-04-20")
        .when("create_transaction", paid("Shop", "1", "2026-04-20"))
        .then_recurring(&[])
        .when("delete_transaction", json!({"id": "c6"}));
    story.reload();
    assert!(story.state.recurring().is_some_and(|recurring| recurring.schedules().is_empty()));
    for (date, told) in [
        ("2026-02-12", &[][..]),
        ("2026-03-12", &[]),
        ("2026-04-12", &["detected Netflix monthly 9.99 3 next 2026-05-12"]),
    ] {
        story = story.when("create_transaction", paid("Netflix", "9.99", date)).then_recurring(told);
    }
}

#[test]
fn payments_that_become_others_are_no_evidence_any_more() {
    for (field, value) in [
        ("payee", json!("Disney")),
        ("excluded", json!(true)),
        ("status", json!("pending")),
        ("amount", json!("99")),
        ("date", json!("2020-02-02")),
    ] {
        let change = |id: &str| json!({"id": id, field: value});
        let story = ["c1", "c2"].iter().fold(thrice(Story::new()), |story, id| {
            story.when("update_transaction", change(id)).then_recurring(&[])
        });
        let story = story.when("update_transaction", change("third"));
        let told: Vec<_> = story.last_events().iter().filter_map(crate::story::recurring_line).collect();
        assert_eq!(told.first().map(String::as_str), Some("withdrawn Netflix"), "{field}");
        let anew = ["payee", "amount"].contains(&field);
        assert_eq!(told.len(), 1 + usize::from(anew), "what is regular now is detected: {told:?}");
    }
}

#[test]
fn what_lapsed_ends_with_its_payments_too_and_what_is_declared_does_not() {
    let missed = |story: Story| {
        ["2026-03-16", "2026-04-16", "2026-05-16"].iter().fold(story, |story, day| {
            story.on(day).when("create_transaction", paid("Shop", "1", "2026-01-01"))
        })
    };
    let delete = |story: Story| {
        ["c1", "c2", "third"]
            .iter()
            .fold(story, |story, id| story.when("delete_transaction", json!({"id": id})))
    };
    delete(missed(thrice(Story::tiny()))).then_recurring(&["withdrawn Netflix"]);
    let declare = json!({"transaction_type": "Expense", "payee": "Netflix", "amount": "9.99", "cadence": "monthly", "starts": "2025-12-10"});
    let mut story = delete(thrice(Story::tiny()).when("declare_recurring", declare)).then_recurring(&[]);
    assert_eq!(items(&mut story).len(), 1);
}

#[test]
fn payments_that_left_the_memory_of_a_payee_are_evidence_as_long_as_the_last_three_due_dates_may_be_among_them()
 {
    // So many purchases in March that February's payment is forgotten: whether it is there nobody knows.
    let mut story = thrice(Story::tiny()).on("2026-03-10");
    for day in ["01", "02", "03", "04", "05", "06"] {
        story = story.when("create_transaction", paid("Netflix", "30", &format!("2026-03-{day}")));
    }
    let mut story = story
        .when_as("march", "create_transaction", paid("Netflix", "9.99", "2026-03-10"))
        .when("delete_transaction", json!({"id": "march"}))
        .then_recurring(&[]);
    assert_eq!(items(&mut story).len(), 1);
    // Nine payments, of which the last six are known, and deleted.
    let mut story = thrice(Story::tiny());
    for month in ["03", "04", "05", "06", "07", "08"] {
        let day = format!("2026-{month}-10");
        story = story.on(&day).when_as(month, "create_transaction", paid("Netflix", "9.99", &day));
    }
    for month in ["03", "04", "05", "06", "07"] {
        story = story.when("delete_transaction", json!({"id": month})).then_recurring(&[]);
    }
    story.when("delete_transaction", json!({"id": "08"})).then_recurring(&["withdrawn Netflix"]);
}

#[test]
fn a_price_follows_a_correction_of_the_newest_evidence() {
    let change = |amount: &str| json!({"id": "third", "amount": amount});
    let mut story = thrice(Story::tiny())
        .when("update_transaction", change("12"))
        .then_recurring(&["changed Netflix 2026-02-10: 9.99 to 12, 20.12 %"])
        .when("update_transaction", change("9.99"))
        .then_recurring(&["changed Netflix 2026-02-10: 12 to 9.99, -16.75 %"])
        .when("update_transaction", json!({"id": "c1", "amount": "12"}))
        .then_recurring(&[])
        .when("update_transaction", change("12"))
        .then_recurring(&["changed Netflix 2026-02-10: 9.99 to 12, 20.12 %"])
        .when("delete_transaction", json!({"id": "third"}))
        .then_recurring(&["changed Netflix 2026-01-10: 12 to 9.99, -16.75 %"]);
    assert_eq!(items(&mut story)[0]["amount"], "9.99");
}
