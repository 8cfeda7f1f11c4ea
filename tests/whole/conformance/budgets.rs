//! Budgets: levels reached, passed, recovered; each crossing told once.

use super::world::{World, food, on_both};
use serde_json::{Value, json};

fn budget(limit: &str) -> Value {
    json!({"category": "Food", "limit": limit, "from": "2026-01"})
}

fn spend(world: &mut World, id: &str, amount: &str, alerts: &[&str]) {
    let told = [&["transaction_created"], alerts].concat();
    world.gives("create_transaction", id, &food(amount), &told);
}

fn on(day: &str, amount: &str) -> Value {
    let mut data = food(amount);
    data["date"] = json!(day);
    data
}

#[test]
fn each_level_is_told_once_and_equal_is_not_exceeded() {
    on_both("levels", |world| {
        world.gives("set_budget", "1", &budget("100"), &["budget_set"]);
        spend(world, "2", "79.99", &[]);
        spend(world, "3", "0.01", &["reached 80 Food 2026-02: 80.00 of 100 #1"]);
        spend(world, "4", "20.00", &["reached 100 Food 2026-02: 100.00 of 100 #1"]);
        spend(world, "5", "0.01", &["exceeded Food 2026-02: 100.01 of 100 #1 by 0.01"]);
        spend(world, "6", "500", &[]);
        let item = world.get("budgets?month=2026-02").expect(200).body["items"][0].clone();
        let fields =
            ["category", "month", "limit", "spent", "remaining", "exceeded"].map(|field| item[field].clone());
        assert_eq!(
            fields,
            [json!("Food"), json!("2026-02"), json!("100"), json!("600.01"), json!("-500.01"), json!(true)]
        );
    });
}

#[test]
fn the_alert_says_what_a_person_wants_to_know() {
    on_both("alert", |world| {
        world.gives("set_budget", "1", &budget("100"), &["budget_set"]);
        let answer = world.post("transactions", "2", &food("150.5")).expect(201);
        let expected = json!({
            "category": "Food", "month": "2026-02", "limit": "100", "spent": "150.5", "over_by": "50.5", "currency": "EUR",
            "crossing": 1, "transaction_id": "2",
        });
        assert_eq!(answer.body["events"][3]["data"], expected);
    });
}

#[test]
fn a_refund_recovers_and_the_next_crossing_is_the_second() {
    on_both("refund", |world| {
        world.gives("set_budget", "1", &budget("100"), &["budget_set"]);
        spend(
            world,
            "2",
            "101",
            &[
                "reached 80 Food 2026-02: 101 of 100 #1",
                "reached 100 Food 2026-02: 101 of 100 #1",
                "exceeded Food 2026-02: 101 of 100 #1 by 1",
            ],
        );
        let refund = json!({"transaction_type": "Income", "amount": "11", "category": "Food", "date": "2026-02-20", "refund": true});
        world.gives(
            "create_transaction",
            "3",
            &refund,
            &[
                "transaction_created",
                "recovered Food 2026-02: 90 of 100 #1",
                "recovered 100 Food 2026-02: 90 of 100 #1",
            ],
        );
        spend(
            world,
            "4",
            "30",
            &["reached 100 Food 2026-02: 120 of 100 #2", "exceeded Food 2026-02: 120 of 100 #2 by 20"],
        );
    });
}

#[test]
fn an_income_or_an_excluded_expense_moves_no_budget() {
    on_both("uncounted", |world| {
        world.gives("set_budget", "1", &budget("100"), &["budget_set"]);
        spend(world, "2", "85", &["reached 80 Food 2026-02: 85 of 100 #1"]);
        let mut income = food("50");
        income["transaction_type"] = json!("Income");
        let mut excluded = food("50");
        excluded["excluded"] = json!(true);
        let mut without_category = income.clone();
        without_category.as_object_mut().expect("an object").remove("category");
        without_category["refund"] = json!(true);
        for (id, data) in [("3", income), ("4", excluded), ("5", without_category)] {
            world.gives("create_transaction", id, &data, &["transaction_created"]);
        }
        assert_eq!(world.get("budgets?month=2026-02").expect(200).body["items"][0]["spent"], "85");
    });
}

#[test]
fn a_back_dated_expense_counts_in_its_own_month() {
    on_both("backdate", |world| {
        world.gives("set_budget", "1", &budget("100"), &["budget_set"]);
        spend(world, "2", "90", &["reached 80 Food 2026-02: 90 of 100 #1"]);
        world.gives(
            "create_transaction",
            "3",
            &on("2026-01-31", "90"),
            &["transaction_created", "reached 80 Food 2026-01: 90 of 100 #1"],
        );
        world.gives("create_transaction", "4", &on("2025-12-31", "999"), &["transaction_created"]);
    });
}

#[test]
fn an_edit_and_a_deletion_take_back_what_they_change() {
    on_both("edit", |world| {
        world.gives("set_budget", "1", &budget("100"), &["budget_set"]);
        spend(world, "2", "60", &[]);
        spend(world, "3", "30", &["reached 80 Food 2026-02: 90 of 100 #1"]);
        world.gives(
            "update_transaction",
            "4",
            &json!({"id": "3", "date": "2026-01-15", "amount": "80"}),
            &[
                "transaction_updated",
                "reached 80 Food 2026-01: 80 of 100 #1",
                "recovered 80 Food 2026-02: 60 of 100 #1",
            ],
        );
        world.gives(
            "delete_transaction",
            "5",
            &json!({"id": "3"}),
            &["transaction_deleted", "recovered 80 Food 2026-01: 0 of 100 #1"],
        );
    });
}

#[test]
fn a_changed_limit_is_judged_for_every_month_from_its_first() {
    on_both("limits", |world| {
        world.gives("create_transaction", "1", &on("2026-01-05", "70"), &["transaction_created"]);
        spend(world, "2", "70", &[]);
        world.gives("set_budget", "3", &budget("100"), &["budget_set"]);
        let from_february = json!({"category": "Food", "limit": "50", "from": "2026-02"});
        world.gives(
            "set_budget",
            "4",
            &from_february,
            &[
                "budget_set",
                "reached 80 Food 2026-02: 70 of 50 #1",
                "reached 100 Food 2026-02: 70 of 50 #1",
                "exceeded Food 2026-02: 70 of 50 #1 by 20",
            ],
        );
        let higher = json!({"category": "Food", "limit": "80", "from": "2026-02"});
        world.gives(
            "set_budget",
            "5",
            &higher,
            &["budget_set", "recovered Food 2026-02: 70 of 80 #1", "recovered 100 Food 2026-02: 70 of 80 #1"],
        );
        world.gives("set_budget", "6", &higher, &[]);
    });
}

#[test]
fn a_removed_budget_is_silent() {
    on_both("removed", |world| {
        let answer = world.put("budgets/Food", "1", &json!({"limit": "100", "from": "2026-01"})).expect(200);
        assert_eq!(answer.body["events"][0]["type"], "budget_set");
        world.delete("budgets/Food", "2").expect(200);
        spend(world, "3", "500", &[]);
        assert_eq!(world.get("budgets?month=2026-02").expect(200).body["items"], json!([]));
        assert_eq!(world.delete("budgets/Food", "4").expect(404).code(), "not_found");
    });
}

#[test]
fn thresholds_may_be_chosen() {
    on_both("thresholds", |world| {
        let own = json!({"category": "Food", "limit": "100", "from": "2026-01", "thresholds": [50, 120]});
        world.gives("set_budget", "1", &own, &["budget_set"]);
        spend(world, "2", "50", &["reached 50 Food 2026-02: 50 of 100 #1"]);
        spend(world, "3", "50", &[]);
        spend(
            world,
            "4",
            "20",
            &["exceeded Food 2026-02: 120 of 100 #1 by 20", "reached 120 Food 2026-02: 120 of 100 #1"],
        );
    });
}
