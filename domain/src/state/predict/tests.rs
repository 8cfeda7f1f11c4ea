//! Predictions, when they are made and when they are withdrawn.

use crate::story::Story;
use crate::{CommandId, Date, Event, Handled, Input, Month, Outcome, Query, UserState};
use serde_json::{Value, json};

fn spend(amount: &str, date: &str) -> (&'static str, Value) {
    (
        "create_transaction",
        json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": date}),
    )
}

fn limit(limit: &str) -> (&'static str, Value) {
    ("set_budget", json!({"category": "Food", "limit": limit, "from": "2025-06"}))
}

/// A budget of 100 and three months that ended at 120, half of it in the middle of the month, half at its end.
fn three_months() -> Story {
    let mut story = Story::new().when("set_budget", limit("100").1);
    for month in ["2025-11", "2025-12", "2026-01"] {
        story = told(story, spend("60", &format!("{month}-12")), &[]);
        story = told(story, spend("60", &format!("{month}-25")), &[]);
    }
    story
}

/// The predictions that a command leads to, one a line.
fn told(story: Story, (name, data): (&'static str, Value), expected: &[&str]) -> Story {
    let story = story.when(name, data);
    let lines: Vec<String> = story.last_events().iter().filter_map(line).collect();
    assert_eq!(lines, expected);
    story
}

fn line(event: &Event) -> Option<String> {
    match event {
        Event::BudgetOverspendPredicted(e) => Some(format!(
            "{} {} #{}: {} of {}, will be {} on {} at {}",
            e.category,
            e.month,
            e.crossing,
            e.spent,
            e.limit,
            e.amount,
            e.exceeds_on,
            e.probability.number()
        )),
        Event::BudgetOverspendPredictionWithdrawn(e) => Some(format!(
            "not {} {} #{}: {} of {} at {}",
            e.category,
            e.month,
            e.crossing,
            e.spent,
            e.limit,
            e.probability.number()
        )),
        _ => None,
    }
}

fn shown(story: &mut Story, month: &str) -> Value {
    let month = Month::read(month).expect("a month");
    story.ask(&Query::Budgets { month }).expect("answered")["items"][0]["predicted"].clone()
}

#[test]
fn a_month_like_three_that_were_exceeded_is_predicted_once() {
    let story = three_months();
    let first = ["Food 2026-02 #1: 5 of 100, will be 125.00 on 2026-02-23 at 0.875"];
    let mut story = told(story, spend("5", "2026-02-03"), &first);
    let expected = json!({"amount": "125.00", "exceeds_on": "2026-02-23", "probability": 0.875});
    assert_eq!(shown(&mut story, "2026-02"), expected);
    assert_eq!(shown(&mut story, "2026-01"), Value::Null);
    told(story, spend("30", "2026-02-04"), &[]);
}

#[test]
fn two_complete_months_are_not_enough() {
    let mut story = Story::new().when("set_budget", limit("100").1);
    for month in ["2025-12", "2026-01"] {
        story = story.when("create_transaction", spend("120", &format!("{month}-25")).1);
    }
    told(story, spend("90", "2026-02-03"), &[]);
}

#[test]
fn a_limit_that_is_lowered_predicts_and_one_that_is_raised_withdraws() {
    let mut story = three_months();
    story = told(story, limit("200"), &[]);
    story = told(story, spend("5", "2026-02-03"), &[]);
    story = told(story, limit("110"), &["Food 2026-02 #1: 5 of 110, will be 125.00 on 2026-02-25 at 0.875"]);
    story = told(story, limit("130"), &["not Food 2026-02 #1: 5 of 130 at 0.125"]);
    assert_eq!(shown(&mut story, "2026-02"), Value::Null);
    told(story, limit("115"), &["Food 2026-02 #2: 5 of 115, will be 125.00 on 2026-02-26 at 0.875"]);
}

#[test]
fn what_comes_every_month_is_not_expected_twice() {
    let mut story = Story::new().when("set_budget", limit("100").1);
    for month in ["2025-11", "2025-12", "2026-01"] {
        story = told(story, spend("95", &format!("{month}-10")), &[]);
    }
    // The rent, three days late this time.
    told(story, spend("95", "2026-02-08"), &[]);
}

#[test]
fn what_is_exceeded_already_is_not_predicted() {
    told(three_months(), spend("101", "2026-02-03"), &[]);
}

/// Commands on other days than the stories' 10 February.
fn on(story: &mut Story, day: &str, (name, data): (&str, Value)) -> Vec<String> {
    let id = CommandId::parse(&format!("on-{day}-{}", story.journal.len())).expect("an id");
    let time = format!("{day}T12:00:00Z").parse().expect("an instant");
    let handled = story.handle(&Input::read(id, time, name, data.to_string().as_bytes()));
    let Handled::Decided(Outcome::Accepted(events)) = handled else { panic!("{handled:?}") };
    events.iter().filter_map(line).collect()
}

fn zoo(date: &str) -> (&'static str, Value) {
    (
        "create_transaction",
        json!({"transaction_type": "Expense", "amount": "1", "category": "Zoo", "date": date}),
    )
}

#[test]
fn time_that_goes_by_without_spending_withdraws() {
    let mut story = told(
        three_months(),
        spend("5", "2026-02-03"),
        &["Food 2026-02 #1: 5 of 100, will be 125.00 on 2026-02-23 at 0.875"],
    );
    assert_eq!(on(&mut story, "2026-02-17", zoo("2026-02-17")), [""; 0], "60 came by the 20th, 60 after it");
    let usual = on(&mut story, "2026-02-18", zoo("2026-02-18"));
    assert_eq!(usual, [""; 0], "what is usual by the end of the month may still come");
    let over = on(&mut story, "2026-03-01", zoo("2026-03-01"));
    assert_eq!(over, ["not Food 2026-02 #1: 5 of 100 at 0"]);
    assert_eq!(on(&mut story, "2026-03-02", zoo("2026-03-02")), [""; 0]);
}

#[test]
fn a_prediction_that_came_true_is_not_withdrawn() {
    let mut story = three_months().when("create_transaction", spend("5", "2026-02-03").1);
    assert_eq!(on(&mut story, "2026-02-20", spend("96", "2026-02-20")), [""; 0]);
    assert_eq!(shown(&mut story, "2026-02")["amount"], "125.00");
    assert_eq!(on(&mut story, "2026-03-01", zoo("2026-03-01")), [""; 0]);
    assert_eq!(shown(&mut story, "2026-02"), Value::Null, "its month is over");
}

#[test]
fn what_is_corrected_once_the_month_is_over_changes_no_prediction() {
    let mut story = three_months().when("create_transaction", spend("5", "2026-02-03").1);
    let last = format!("on-2026-02-20-{}", story.journal.len());
    assert_eq!(on(&mut story, "2026-02-20", spend("96", "2026-02-20")), [""; 0], "it comes true");
    assert_eq!(on(&mut story, "2026-03-01", zoo("2026-03-01")), [""; 0]);
    let undone = ("delete_transaction", json!({"id": last}));
    assert_eq!(on(&mut story, "2026-03-02", undone), [""; 0], "budget_recovered tells of it");
    assert_eq!(shown(&mut story, "2026-02"), Value::Null);
}

#[test]
fn a_date_ahead_of_the_command_does_not_move_the_books_on() {
    let mut story = told(three_months(), spend("5", "2026-06-30"), &[]);
    assert_eq!(shown(&mut story, "2026-06"), Value::Null);
    let february = ["Food 2026-02 #1: 5 of 100, will be 120.00 on 2026-02-25 at 0.875"];
    told(story, spend("5", "2026-02-03"), &february);
}

#[test]
fn months_and_their_thirds_go_by_the_users_month_start() {
    let mut story = Story::new().when("set_preferences", json!({"month_start": 25}));
    story = story.when("set_budget", limit("100").1);
    // The 16th and the 27th day of the months that began on the 25th: in the second third and the last.
    for month in ["2025-11", "2025-12", "2026-01"] {
        story = told(story, spend("60", &format!("{month}-09")), &[]);
        story = told(story, spend("60", &format!("{month}-20")), &[]);
    }
    // The 17th day: what came by the end of the second third was 60, and 60 are to come.
    let named = ["Food 2026-01 #1: 70 of 100, will be 130.00 on 2026-02-18 at 0.875"];
    let mut story = told(story, spend("70", "2026-02-10"), &named);
    assert!(shown(&mut story, "2026-01").is_object());
    assert_eq!(shown(&mut story, "2026-02"), Value::Null);
    assert_eq!(on(&mut story, "2026-02-24", zoo("2026-02-24")), [""; 0], "its last day");
    let over = on(&mut story, "2026-02-25", zoo("2026-02-25"));
    assert_eq!(over, ["not Food 2026-01 #1: 70 of 100 at 0"]);
}

#[test]
fn today_is_the_day_in_the_users_zone() {
    let ahead = |zone: &str| {
        let mut story = three_months().when("set_preferences", json!({"time_zone": zone}));
        on(&mut story, "2026-01-31", spend("5", "2026-02-01"))
    };
    assert_eq!(ahead("UTC"), [""; 0], "at noon of the day before it, the first is yet to come");
    let there = ["Food 2026-02 #1: 5 of 100, will be 125.00 on 2026-02-23 at 0.875"];
    assert_eq!(ahead("Pacific/Kiritimati"), there, "14 hours ahead");
}

#[test]
fn spending_in_another_currency_counts_as_the_budgets() {
    let mut story = Story::new().when("set_budget", limit("100").1);
    let trip = |amount: &str, date: &str| {
        let (name, mut data) = spend(amount, date);
        data["currency"] = json!("USD");
        data["rate"] = json!("0.5");
        (name, data)
    };
    for month in ["2025-11", "2025-12", "2026-01"] {
        story = told(story, trip("240", &format!("{month}-25")), &[]);
    }
    told(
        story,
        trip("10", "2026-02-03"),
        &["Food 2026-02 #1: 5.00 of 100, will be 125.00 on 2026-02-23 at 0.875"],
    );
}

#[test]
fn an_import_predicts_once_and_names_the_last_row_of_the_category() {
    let row = |category: &str, payee: &str| json!({"date": "2026-02-03", "amount": "-1", "category": category, "payee": payee});
    let rows = json!({"rows": [row("Food", "a"), row("Food", "b"), row("Zoo", "c")]});
    let first = ["Food 2026-02 #1: 2 of 100, will be 122.00 on 2026-02-24 at 0.875"];
    let story = told(three_months(), ("import_transactions", rows), &first);
    let food = |event: &Event| match event {
        Event::TransactionCreated(event) => event
            .transaction
            .payee
            .as_deref()
            .filter(|payee| *payee == "b")
            .map(|_| event.transaction.id.clone()),
        _ => None,
    };
    let last = story.last_events().iter().find_map(food);
    assert!(
        matches!(story.last_events().last(), Some(Event::BudgetOverspendPredicted(event)) if event.transaction_id == last)
    );
    told(story, ("undo_import", json!({"id": "c8"})), &[]);
}

#[test]
fn an_erased_user_has_no_today_and_no_predictions() {
    let story = three_months().when("create_transaction", spend("5", "2026-02-03").1);
    let story = told(story, ("erase_user", json!({})), &[]);
    assert_eq!((story.state.root.today, story.state.predicted(0, Month::FIRST)), (None, None));
    let story = told(story, limit("1"), &[]);
    told(story, spend("0.5", "2026-02-03"), &[]);
}

#[test]
fn an_entry_whose_time_is_no_instant_moves_the_books_to_no_day() {
    let mut story = three_months().when("create_transaction", spend("5", "2026-02-03").1);
    let mut replayed = UserState::default();
    let impossible = story.journal.len() - 1;
    story.journal[impossible].time_us = i64::MAX;
    for (entry, sequence) in story.journal.iter().zip(1..) {
        replayed.apply(entry, sequence);
    }
    assert_eq!(replayed.root.today, Date::read("2026-01-25").ok());
}

#[test]
fn a_removed_budget_predicts_nothing() {
    let story = three_months().when("create_transaction", spend("5", "2026-02-03").1);
    let story = told(story, ("remove_budget", json!({"category": "Food"})), &[]);
    let again = ["Food 2026-02 #2: 5 of 100, will be 125.00 on 2026-02-23 at 0.875"];
    told(story, limit("100"), &again);
}

#[test]
fn months_that_left_the_root_page_count_too() {
    let mut paged = Story::tiny();
    let mut memory = Story::new();
    for story in [&mut paged, &mut memory] {
        for (i, month) in ["2025-03", "2025-11", "2025-12", "2026-01"].iter().enumerate() {
            let id = format!("s{i}");
            story.send(&id, "create_transaction", &spend("120", &format!("{month}-25")).1);
        }
        story.send("b", "set_budget", &limit("100").1);
    }
    paged.reload();
    let sent = [&mut paged, &mut memory]
        .map(|story| story.send("c", "create_transaction", &spend("99", "2026-02-03").1));
    assert_eq!(sent[0], sent[1]);
}
