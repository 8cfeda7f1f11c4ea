//! Tests of imports that post what was pending.

use crate::story::Story;
use crate::{Handled, Month, Outcome, Query, TransactionsQuery};
use serde_json::{Value, json};

fn row(date: &str, amount: &str, status: &str) -> Value {
    json!({"date": date, "amount": amount, "payee": "Shop", "bank_id": "r1", "status": status})
}

fn file(rows: &[Value]) -> Value {
    json!({"account": "Giro", "rows": rows})
}

fn pending() -> Value {
    file(&[row("2026-02-03", "-5", "pending")])
}

/// All that there is.
fn listed(story: &mut Story) -> Vec<Value> {
    let answer = story.ask(&Query::Transactions(TransactionsQuery::default())).expect("answered");
    answer["items"].as_array().expect("a list").clone()
}

/// `date type amount status` of the only transaction.
fn only(story: &mut Story) -> String {
    let items = listed(story);
    let [item] = &items[..] else { panic!("one, not two: {items:?}") };
    let text = |name: &str| item[name].as_str().expect("a text").to_owned();
    ["date", "transaction_type", "amount", "status"].map(text).join(" ")
}

/// `new duplicates` of the last command.
fn counts(story: &Story) -> (u32, u32) {
    let Some(crate::Event::TransactionsImported(event)) = story.last_events().last() else {
        panic!("no import")
    };
    (event.new, event.duplicates)
}

#[test]
fn what_was_pending_is_posted_as_it_is_booked_wherever_it_is_by_now() {
    for mut story in [Story::new(), Story::tiny()] {
        story = story.when("import_transactions", pending());
        story.reload();
        story = story
            .when("import_transactions", file(&[row("2026-02-04", "-6.50", "posted")]))
            .then_events(&["transaction_updated", "transactions_imported"]);
        assert_eq!((counts(&story), only(&mut story).as_str()), ((0, 0), "2026-02-04 Expense 6.50 posted"));
        story.reload();
        for again in [row("2026-02-04", "-6.50", "posted"), row("2026-02-03", "-5", "pending")] {
            story = story.when("import_transactions", file(&[again])).then_events(&["transactions_imported"]);
            assert_eq!(
                (counts(&story), only(&mut story).as_str()),
                ((0, 1), "2026-02-04 Expense 6.50 posted")
            );
        }
    }
}

#[test]
fn budgets_follow_what_is_booked() {
    let food = |amount: &str, status: &str| {
        let mut row = row("2026-02-03", amount, status);
        row["category"] = json!("Food");
        file(&[row])
    };
    let mut story = Story::new()
        .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
        .when("import_transactions", food("-50", "pending"))
        .then_alerts(&[])
        .when("import_transactions", food("-90", "posted"))
        .then_alerts(&["reached 80 Food 2026-02 #1: 90 of 100"]);
    let month = Month::read("2026-02").expect("a month");
    assert_eq!(story.ask(&Query::Budgets { month }).expect("answered")["items"][0]["spent"], "90");
}

#[test]
fn a_file_may_have_both_in_any_order_and_in_parts() {
    let (announced, booked) = (row("2026-02-03", "-5", "pending"), row("2026-02-04", "-6", "posted"));
    for rows in [[announced.clone(), booked.clone()], [booked.clone(), announced.clone()]] {
        let mut story = Story::new().when("import_transactions", file(&rows));
        assert_eq!((counts(&story), only(&mut story).as_str()), ((1, 1), "2026-02-04 Expense 6 posted"));
    }
    let part =
        |part: u32, row: &Value| json!({"import_id": "f", "part": part, "account": "Giro", "rows": [row]});
    let mut story = Story::tiny()
        .when("import_transactions", part(1, &announced))
        .when("import_transactions", part(2, &booked))
        .then_events(&["transaction_updated", "transactions_imported"]);
    assert_eq!(only(&mut story), "2026-02-04 Expense 6 posted");
}

#[test]
fn rows_without_an_id_are_known_by_the_day_they_started() {
    let started = |date: &str, status: &str| json!({"date": date, "started": "2026-02-03", "amount": "-5", "payee": "Shop", "status": status});
    let twice = |status: &str| file(&[started("2026-02-03", status), started("2026-02-05", "posted")]);
    let mut story = Story::new().when("import_transactions", file(&[started("2026-02-03", "pending")]));
    // The other one's start is the same; which of the two equal ones was pending is no matter.
    story = story.when("import_transactions", twice("pending"));
    assert_eq!((counts(&story), listed(&mut story).len()), ((1, 1), 2));
    story = story.when("import_transactions", twice("posted"));
    let status = |item: &Value| item["status"].clone();
    assert_eq!(listed(&mut story).iter().map(status).collect::<Vec<_>>(), ["posted", "posted"]);
    story = story.when("import_transactions", twice("posted"));
    assert_eq!(counts(&story), (0, 2));
    let mut wrong = started("2026-02-03", "posted");
    wrong["started"] = json!("2026-02-30");
    story.when("import_transactions", file(&[wrong])).then_refused("invalid_date", "rows[0].started");
}

#[test]
fn what_a_person_added_stays_and_what_does_not_fit_any_more_does_not() {
    let mut story = Story::new().when("import_transactions", pending());
    let id = listed(&mut story)[0]["id"].clone();
    let parts = json!([{"category": "Food", "amount": "2"}, {"category": "Fun", "amount": "3"}]);
    let own = json!({"id": id, "category": "Food", "note": "mine", "tags": ["a"], "excluded": true, "splits": parts});
    let story = story.when("update_transaction", own);
    let with = |amount: &str| {
        let mut row = row("2026-02-04", amount, "posted");
        row["category"] = json!("Shopping");
        row["note"] = json!("the bank's");
        file(&[row])
    };
    let mut same = story.clone().when("import_transactions", with("-5.00"));
    let item = &listed(&mut same)[0];
    let kept = |item: &Value| [item["category"].clone(), item["note"].clone(), item["excluded"].clone()];
    assert_eq!((kept(item), &item["tags"]), ([json!("Food"), json!("mine"), json!(true)], &json!(["a"])));
    assert_eq!(item["splits"], parts);
    let mut more = story.when("import_transactions", with("-6.00"));
    let item = &listed(&mut more)[0];
    assert_eq!((kept(item), &item["splits"]), ([json!("Food"), json!("mine"), json!(true)], &json!([])));
}

#[test]
fn what_was_made_a_transfer_stays_one_and_accounts_follow() {
    for mut story in [Story::new(), Story::tiny()] {
        story = story
            .when("open_account", json!({"name": "Giro", "opened": "2026-01-01", "opening_balance": "100"}))
            .when("open_account", json!({"name": "Savings", "opened": "2026-01-01"}))
            .when("import_transactions", pending());
        let id = listed(&mut story)[0]["id"].clone();
        story = story.when(
            "update_transaction",
            json!({"id": id, "transaction_type": "Transfer", "to_account": "Savings"}),
        );
        story.reload();
        story = story.when("import_transactions", file(&[row("2026-02-04", "-6", "posted")])).then_accepted();
        assert_eq!(only(&mut story), "2026-02-04 Transfer 6 posted");
        let accounts = story.ask(&Query::Accounts).expect("answered");
        let balances: Vec<_> = accounts["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| item["balance"].clone())
            .collect();
        assert_eq!(balances, ["94", "6"]);
    }
}

#[test]
fn what_was_deleted_stays_so_and_what_was_posted_by_hand_stays_as_it_is() {
    let mut story = Story::new().when("import_transactions", pending());
    let id = listed(&mut story)[0]["id"].clone();
    let booked = || file(&[row("2026-02-04", "-6", "posted")]);
    let mut posted = story
        .clone()
        .when("update_transaction", json!({"id": id, "status": "posted"}))
        .when("import_transactions", booked())
        .then_events(&["transactions_imported"]);
    assert_eq!(only(&mut posted), "2026-02-03 Expense 5 posted");
    let mut deleted = story
        .when("delete_transaction", json!({"id": id}))
        .when("import_transactions", booked())
        .then_events(&["transactions_imported"]);
    assert_eq!(listed(&mut deleted), [] as [Value; 0]);
}

#[test]
fn undoing_the_import_that_posted_leaves_it_posted_and_the_first_ones_takes_it_back() {
    let mut story = Story::new()
        .when_as("first", "import_transactions", pending())
        .when_as("second", "import_transactions", file(&[row("2026-02-04", "-6", "posted")]))
        .when("undo_import", json!({"id": "second"}))
        .then_events(&[]);
    assert_eq!(only(&mut story), "2026-02-04 Expense 6 posted");
    let mut story = story
        .when("undo_import", json!({"id": "first"}))
        .then_events(&["transaction_deleted", "import_undone"])
        .when("import_transactions", file(&[row("2026-02-04", "-6", "posted")]));
    assert_eq!((counts(&story), only(&mut story).as_str()), ((1, 0), "2026-02-04 Expense 6 posted"));
}

#[test]
fn what_can_not_be_posted_is_named_and_stays_pending() {
    let dollars = |status: &str| {
        let mut row = row("2026-02-03", "-5", status);
        (row["category"], row["currency"]) =
            (json!("Food"), json!(if status == "posted" { "USD" } else { "EUR" }));
        row
    };
    let mut story = Story::new()
        .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
        .when("import_transactions", file(&[dollars("pending")]));
    let Handled::Decided(Outcome::Accepted(events)) =
        story.send("usd", "import_transactions", &file(&[dollars("posted")]))
    else {
        panic!("the rest of a file is imported")
    };
    let [crate::Event::TransactionsImported(event)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.rejected[0].reason.code, "unknown_exchange_rate");
    assert_eq!(only(&mut story), "2026-02-03 Expense 5 pending");
}
