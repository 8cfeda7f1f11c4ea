//! Stories of budgets that take over what earlier months left.

use crate::story::{Story, load};
use crate::{Month, PageKey, Query, UserState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn budget(story: Story, policy: &str, limit: &str, from: &str) -> Story {
    story
        .when("set_budget", json!({"category": "Food", "limit": limit, "from": from, "policy": policy}))
        .then_accepted()
}

fn spent(story: Story, amount: &str, day: &str) -> Story {
    let data = json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": day});
    story.when("create_transaction", data)
}

fn refunded(story: Story, amount: &str, day: &str) -> Story {
    let data = json!({"transaction_type": "Income", "amount": amount, "category": "Food", "date": day, "refund": true});
    story.when("create_transaction", data)
}

fn ask(story: &mut Story, month: &str) -> Value {
    let month = Month::read(month).expect("a month");
    story.ask(&Query::Budgets { month }).expect("answered")["items"][0].clone()
}

fn limits<const N: usize>(story: &mut Story, months: [&str; N]) -> [String; N] {
    months.map(|month| ask(story, month)["limit"].as_str().expect("a limit").to_owned())
}

#[test]
fn rollover_takes_over_what_is_left_and_forgets_debt() {
    let story = budget(Story::new(), "rollover", "100", "2026-01");
    let mut story = spent(spent(story, "30", "2026-01-05"), "200", "2026-02-05");
    assert_eq!(
        limits(&mut story, ["2026-01", "2026-02", "2026-03", "2026-04"]),
        ["100", "170", "100", "200"]
    );
}

#[test]
fn carry_takes_over_what_is_left_and_debt() {
    let story = budget(Story::new(), "carry", "100", "2026-01");
    let mut story = spent(spent(story, "30", "2026-01-05"), "300", "2026-02-05");
    assert_eq!(limits(&mut story, ["2026-01", "2026-02", "2026-03", "2026-04"]), ["100", "170", "-30", "70"]);
}

#[test]
fn a_month_of_refunds_leaves_more_than_its_limit() {
    for policy in ["rollover", "carry"] {
        let mut story = refunded(budget(Story::new(), policy, "100", "2026-01"), "50", "2026-01-05");
        assert_eq!(limits(&mut story, ["2026-01", "2026-02"]), ["100", "250"]);
    }
}

#[test]
fn the_first_month_takes_nothing_over() {
    let story = spent(spent(Story::new(), "500", "2025-12-01"), "10", "2026-01-01");
    let mut story = budget(story, "carry", "100", "2026-01");
    assert_eq!(limits(&mut story, ["2026-01", "2026-02"]), ["100", "190"]);
    assert_eq!(ask(&mut story, "2025-12"), Value::Null);
}

#[test]
fn alerts_go_by_what_the_limit_comes_to() {
    let story = spent(budget(Story::new(), "rollover", "100", "2026-01"), "40", "2026-01-05");
    let story = spent(story, "128", "2026-02-05").then_alerts(&["reached 80 Food 2026-02 #1: 128 of 160"]);
    spent(story, "33", "2026-02-06")
        .then_alerts(&["reached 100 Food 2026-02 #1: 161 of 160", "exceeded Food 2026-02 #1: 161 of 160"]);
}

#[test]
fn a_late_entry_flows_through_to_every_later_month_in_order() {
    let story = budget(Story::new(), "carry", "100", "2025-11");
    let story = spent(spent(story, "150", "2025-12-05"), "170", "2026-02-05");
    let late = spent(story, "60", "2025-11-05").then_alerts(&[
        "reached 80 Food 2025-12 #1: 150 of 140",
        "reached 100 Food 2025-12 #1: 150 of 140",
        "exceeded Food 2025-12 #1: 150 of 140",
        "reached 80 Food 2026-02 #1: 170 of 190",
    ]);
    late.when("delete_transaction", json!({"id": "c4"})).then_alerts(&[
        "recovered exceeded Food 2025-12 #1: 150 of 200",
        "recovered 100 Food 2025-12 #1: 150 of 200",
        "recovered 80 Food 2025-12 #1: 150 of 200",
        "recovered 80 Food 2026-02 #1: 170 of 250",
    ]);
}

#[test]
fn a_late_refund_and_an_edit_flow_through() {
    let story = budget(Story::new(), "rollover", "100", "2026-01");
    let story = spent(spent(story, "100", "2026-01-05"), "100", "2026-02-05")
        .then_alerts(&["reached 80 Food 2026-02 #1: 100 of 100", "reached 100 Food 2026-02 #1: 100 of 100"]);
    let story = refunded(story, "10", "2026-01-20").then_alerts(&[
        "recovered 100 Food 2026-01 #1: 90 of 100",
        "recovered 100 Food 2026-02 #1: 100 of 110",
    ]);
    story.when("update_transaction", json!({"id": "c2", "amount": "60"})).then_alerts(&[
        "recovered 80 Food 2026-01 #1: 50 of 100",
        "recovered 80 Food 2026-02 #1: 100 of 150",
    ]);
}

#[test]
fn an_entry_that_moves_to_another_month_judges_each_month_once() {
    let story = budget(Story::new(), "carry", "100", "2026-01");
    let story = spent(spent(story, "90", "2026-01-05"), "90", "2026-03-05");
    let story = story
        .when("update_transaction", json!({"id": "c2", "date": "2026-02-05"}))
        .then_alerts(&["recovered 80 Food 2026-01 #1: 0 of 100"]);
    story
        .when("update_transaction", json!({"id": "c3", "date": "2026-01-31"}))
        .then_alerts(&["reached 80 Food 2026-01 #2: 90 of 100", "reached 80 Food 2026-02 #1: 90 of 110"]);
}

#[test]
fn a_limit_of_zero_or_below_is_passed_by_the_first_cent_but_not_by_nothing() {
    let mut story = spent(budget(Story::new(), "carry", "100", "2026-01"), "250", "2026-01-05");
    let february = ask(&mut story, "2026-02");
    assert_eq!(
        (&february["limit"], &february["spent"], &february["remaining"], &february["exceeded"]),
        (&json!("-50"), &json!("0"), &json!("-50"), &json!(false))
    );
    let mut story = spent(story, "0.01", "2026-02-05").then_alerts(&[
        "reached 80 Food 2026-02 #1: 0.01 of -50",
        "reached 100 Food 2026-02 #1: 0.01 of -50",
        "exceeded Food 2026-02 #1: 0.01 of -50",
    ]);
    assert_eq!(ask(&mut story, "2026-02")["exceeded"], json!(true));
    refunded(story, "0.01", "2026-02-06").then_alerts(&[
        "recovered exceeded Food 2026-02 #1: 0.00 of -50",
        "recovered 100 Food 2026-02 #1: 0.00 of -50",
        "recovered 80 Food 2026-02 #1: 0.00 of -50",
    ]);
}

#[test]
fn the_version_valid_in_a_month_says_what_it_takes_over() {
    let story = spent(budget(Story::new(), "reset", "100", "2026-01"), "130", "2026-02-05");
    let story = budget(story, "carry", "50", "2026-03");
    let story = budget(story, "rollover", "10", "2026-05");
    let mut story = budget(story, "reset", "5", "2026-07");
    assert_eq!(
        limits(
            &mut story,
            ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08"]
        ),
        ["100", "100", "20", "70", "80", "90", "5", "5"]
    );
}

#[test]
fn setting_a_budget_again_flows_through_later_versions_until_one_starts_anew() {
    let story = budget(Story::new(), "carry", "100", "2026-01");
    let story = budget(budget(story, "carry", "50", "2026-02"), "reset", "90", "2026-04");
    let story = spent(spent(story, "100", "2026-03-05"), "70", "2026-04-05");
    let again = json!({"category": "Food", "limit": "10", "from": "2026-01", "policy": "carry"});
    story.when("set_budget", again).then_alerts(&["reached 80 Food 2026-03 #1: 100 of 110"]);
}

#[test]
fn nothing_is_taken_over_from_another_currency() {
    let mut story = budget(Story::new(), "carry", "100", "2026-01").when(
        "set_budget",
        json!({"category": "Food", "limit": "70", "from": "2026-03", "policy": "carry", "currency": "USD"}),
    );
    assert_eq!(limits(&mut story, ["2026-02", "2026-03", "2026-04"]), ["200", "70", "140"]);
}

#[test]
fn a_removed_budget_leaves_nothing_to_the_next_one() {
    let story = spent(budget(Story::new(), "carry", "100", "2026-01"), "10", "2026-01-05")
        .when("remove_budget", json!({"category": "Food"}));
    let mut story = budget(story, "carry", "100", "2026-02");
    assert_eq!(limits(&mut story, ["2026-02", "2026-03"]), ["100", "200"]);
}

#[test]
fn the_last_month_there_is_takes_over_three_hundred_years() {
    let mut story = spent(budget(Story::new(), "carry", "100", "1900-01"), "0.50", "2026-01-05");
    assert_eq!(ask(&mut story, "2200-12")["limit"], json!("361199.50"));
    spent(story, "400000", "2200-12-31").then_alerts(&[
        "reached 80 Food 2200-12 #1: 400000 of 361199.50",
        "reached 100 Food 2200-12 #1: 400000 of 361199.50",
        "exceeded Food 2200-12 #1: 400000 of 361199.50",
    ]);
}

/// Ten years of spending, far more than a tiny root page holds.
fn ten_years() -> Story {
    let mut story = budget(Story::tiny(), "carry", "100", "2015-01");
    for month in 0..120 {
        let date = format!("{}-{:02}-10", 2015 + month / 12, month % 12 + 1);
        story = spent(story, "99", &date).then_accepted();
        story.reload();
    }
    story
}

#[test]
fn spilled_years_are_taken_over_and_corrected() {
    let story = ten_years();
    let mut story = spent(story, "200", "2015-01-31");
    assert_eq!(limits(&mut story, ["2015-01", "2015-02", "2020-01", "2025-01"]), ["100", "-99", "-40", "20"]);
    story.reload();
    let mut story = refunded(story, "1000", "2016-06-01");
    assert_eq!(limits(&mut story, ["2016-06", "2016-07", "2025-01"]), ["-83", "918", "1020"]);
    let mut pages = BTreeMap::new();
    let mut replayed = UserState::tiny(None).expect("no page");
    for (i, entry) in story.journal.iter().enumerate() {
        load(&mut replayed, &pages, |state| state.missing_to_apply(entry));
        replayed.apply(entry, i as u64 + 1);
        replayed.trim();
        for (key, value) in replayed.take_changed() {
            let _ = pages.insert(key, value.expect("nothing is deleted"));
        }
    }
    assert_eq!(pages, story.store);
}

#[test]
fn a_budget_that_takes_nothing_over_needs_the_page_of_one_year_only() {
    for (policy, pages) in [("reset", 1), ("carry", 9)] {
        let mut story = ten_years();
        story = budget(story, policy, "100", "2015-01");
        story.reload();
        let query = Query::Budgets { month: Month::read("2023-01").expect("a month") };
        let missing = query.missing(&story.state);
        assert_eq!(missing.len(), pages, "{policy}: {missing:?}");
        assert!(missing.iter().all(|key| matches!(key, PageKey::Totals { .. })));
    }
}
