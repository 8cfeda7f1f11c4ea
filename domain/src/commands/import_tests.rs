//! Tests of `import_transactions`.

use crate::story::Story;
use crate::{Query, TransactionsQuery};
use serde_json::{Value, json};

fn row(date: &str, amount: &str, payee: &str) -> Value {
    json!({"date": date, "amount": amount, "payee": payee})
}

fn file(rows: &[Value]) -> Value {
    json!({"account": "Giro", "rows": rows})
}

/// `new` and `duplicates` of the last command.
fn counts(story: &Story) -> (u32, u32) {
    let crate::Outcome::Accepted(events) = &story.journal.last().expect("a command").outcome else {
        panic!("refused")
    };
    let imported = events.iter().find_map(|event| match event {
        crate::Event::TransactionsImported(event) => Some((event.new, event.duplicates)),
        _ => None,
    });
    imported.expect("an import")
}

fn amounts(story: &mut Story) -> Vec<(String, String)> {
    let answer = story.ask(&Query::Transactions(TransactionsQuery::default())).expect("answered");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let items = answer["items"].as_array().expect("a list").iter();
    items.map(|item| (text(&item["transaction_type"]), text(&item["amount"]))).collect()
}

#[test]
fn a_file_imported_twice_adds_nothing_and_equal_purchases_stay_two() {
    let rows = [
        row("2026-02-03", "-2.50", "Bakery"),
        row("2026-02-03", "-2.5", "Bakery"),
        row("2026-02-04", "1.000,00", "Work"),
    ];
    for mut story in [Story::new(), Story::tiny()] {
        for (round, expected) in [(3, 0), (0, 3), (0, 3)].into_iter().enumerate() {
            story = story.when_as(&format!("i{round}"), "import_transactions", file(&rows));
            assert_eq!(counts(&story), expected);
            story.flush();
            story.state.trim();
        }
        let expected = [("Income", "1000.00"), ("Expense", "2.5"), ("Expense", "2.50")];
        assert_eq!(amounts(&mut story), expected.map(|(kind, amount)| (kind.to_owned(), amount.to_owned())));
    }
}

#[test]
fn an_overlapping_file_adds_only_what_is_new() {
    let row = |day: u32| row(&format!("2026-02-{day:02}"), "-5", "Shop");
    let mut story = Story::tiny().when("import_transactions", file(&(1..=8).map(row).collect::<Vec<_>>()));
    story.reload();
    let story = story.when("import_transactions", file(&(5..=12).map(row).collect::<Vec<_>>()));
    assert_eq!(counts(&story), (4, 4));
}

#[test]
fn the_banks_id_tells_rows_apart_within_their_account_whatever_else_they_say() {
    let with_id = |id: &str, amount: &str| json!({"date": "2026-02-03", "amount": amount, "bank_id": id});
    let story = Story::new()
        .when("import_transactions", file(&[with_id("A1", "-5"), with_id("A2", "-5"), with_id("A1", "-6")]));
    assert_eq!(counts(&story), (2, 1));
    let story = story.when("import_transactions", json!({"account": "Other", "rows": [with_id("A1", "-5")]}));
    assert_eq!(counts(&story), (1, 0));
    let story = story.when("import_transactions", json!({"rows": [with_id("A1", "-5")]}));
    assert_eq!(counts(&story), (1, 0));
}

#[test]
fn parts_of_a_file_count_equal_rows_together() {
    let counted = |occurrence: u32| {
        let mut row = row("2026-02-03", "-2", "Bus");
        row["occurrence"] = json!(occurrence);
        row
    };
    let part =
        |part: u32, row: Value| json!({"import_id": "f", "part": part, "account": "Giro", "rows": [row]});
    let story = Story::new()
        .when("import_transactions", part(1, counted(1)))
        .when("import_transactions", part(2, counted(2)));
    assert_eq!(counts(&story), (1, 0));
    let story = story
        .when("import_transactions", file(&[row("2026-02-03", "-2", "Bus"), row("2026-02-03", "-2", "Bus")]));
    assert_eq!(counts(&story), (0, 2));
    story.when("import_transactions", part(2, counted(3))).then_refused("import_exists", "import_id");
}

#[test]
fn what_the_user_deleted_does_not_come_back() {
    let rows = [row("2026-02-03", "-2.50", "Bakery")];
    let mut story = Story::new().when("import_transactions", file(&rows));
    let answer = story.ask(&Query::Transactions(TransactionsQuery::default())).expect("answered");
    let story = story
        .when("delete_transaction", json!({"id": answer["items"][0]["id"]}))
        .when("import_transactions", file(&rows));
    assert_eq!(counts(&story), (0, 1));
}

#[test]
fn alerts_follow_from_all_rows_together_and_name_the_last_of_them() {
    let food =
        |amount: &str| json!({"date": "2026-02-03", "amount": amount, "payee": amount, "category": "Food"});
    let story = Story::new()
        .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
        .when("import_transactions", file(&[food("-50"), food("-45"), food("-10")]))
        .then_alerts(&[
            "reached 80 Food 2026-02 #1: 105 of 100",
            "reached 100 Food 2026-02 #1: 105 of 100",
            "exceeded Food 2026-02 #1: 105 of 100",
        ]);
    let crate::Outcome::Accepted(events) = &story.journal[1].outcome else { panic!("refused") };
    let (crate::Event::TransactionCreated(last), crate::Event::BudgetExceeded(alert)) =
        (&events[2], &events[6])
    else {
        panic!("{events:?}")
    };
    assert_eq!(alert.transaction_id.as_ref(), Some(&last.transaction.id));
}

#[test]
fn what_the_bank_wrote_is_kept_zero_more_digits_and_parts_the_other_way() {
    let mut refund = row("2026-02-04", "67.50", "Phone");
    refund["splits"] =
        json!([{"category": "Phone", "amount": "-15.00"}, {"category": "Fees", "amount": "82.50"}]);
    let mut story = Story::new().when(
        "import_transactions",
        file(&[row("2026-02-02", "0.00", "Opening"), row("2026-02-03", "-12.34567", "Fuel"), refund]),
    );
    assert_eq!(counts(&story), (3, 0));
    story.reload();
    let expected = [("Income", "67.50"), ("Expense", "12.34567"), ("Income", "0.00")];
    assert_eq!(amounts(&mut story), expected.map(|(kind, amount)| (kind.to_owned(), amount.to_owned())));
    let balance = story.ask(&Query::Balance).expect("answered");
    assert_eq!(balance["items"][0]["balance"], "55.15433");
    let answer = story.ask(&Query::Transactions(TransactionsQuery::default())).expect("answered");
    assert_eq!(answer["items"][2]["excluded"], true, "nothing counts nowhere");
    let id = answer["items"][1]["id"].clone();
    story
        .when("update_transaction", json!({"id": id, "category": "Car"}))
        .then_events(&["transaction_updated"])
        .when("update_transaction", json!({"id": id, "amount": "12.345"}))
        .then_refused("amount_too_many_digits", "amount");
}

#[test]
fn a_row_that_can_not_be_is_named_and_the_rest_is_imported() {
    let mut dollars = row("2026-02-03", "-5 USD", "Shop");
    dollars["category"] = json!("Food");
    let mut split = row("2026-02-03", "-5", "Shop");
    split["splits"] = json!([{"category": "A", "amount": "-4"}]);
    let story = Story::new()
        .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
        .when("import_transactions", file(&[dollars, split, row("2026-02-03", "-5", "Shop")]));
    let crate::Outcome::Accepted(events) = &story.journal[1].outcome else { panic!("refused") };
    let Some(crate::Event::TransactionsImported(event)) = events.last() else { panic!("{events:?}") };
    let rejected: Vec<_> = event.rejected.iter().map(|row| (row.line, &*row.reason.code)).collect();
    assert_eq!((event.new, rejected), (1, vec![(1, "unknown_exchange_rate"), (2, "splits_do_not_sum")]));
}

#[test]
fn what_can_not_be_read_is_refused_by_row_and_field() {
    let refused = |row: Value, code: &str, field: &str| {
        Story::new()
            .when("import_transactions", file(&[json!({"date": "2026-01-01", "amount": "1"}), row]))
            .then_refused(code, field);
    };
    let with = |key: &str, value: Value| {
        let mut row = row("2026-02-03", "5", "Shop");
        row[key] = value;
        row
    };
    refused(with("date", json!("2026-02-30")), "invalid_date", "rows[1].date");
    refused(with("amount", json!("five")), "amount_not_a_number", "rows[1].amount");
    refused(with("amount", json!("-5-")), "amount_sign_unclear", "rows[1].amount");
    refused(with("amount", json!(5)), "wrong_type", "rows[1].amount");
    refused(
        json!({"date": "2026-02-03", "amount": "-5", "transaction_type": "Expense"}),
        "amount_signed",
        "rows[1].amount",
    );
    refused(with("currency", json!("EURO")), "unknown_currency", "rows[1].currency");
    refused(with("payee", json!("x".repeat(201))), "text_too_long", "rows[1].payee");
    refused(with("bank_id", json!("a\nb")), "text_has_control_characters", "rows[1].bank_id");
    refused(
        with("splits", json!([{"category": "A", "amount": "x"}])),
        "amount_not_a_number",
        "rows[1].splits[0].amount",
    );
    refused(with("tags", json!(["a", ""])), "text_empty", "rows[1].tags[1]");
    refused(with("transaction_type", json!("Transfer")), "transfer_not_imported", "rows[1].transaction_type");
    refused(with("colour", json!("red")), "unknown_field", "rows[1].colour");
    let many: Vec<Value> = (0..501).map(|_| row("2026-02-03", "5", "Shop")).collect();
    Story::new().when("import_transactions", file(&many)).then_refused("too_many_rows", "rows");
    Story::new()
        .when("import_transactions", json!({"rows": [], "part": 0}))
        .then_refused("invalid_part", "part");
    Story::new().when("import_transactions", json!({})).then_refused("missing_field", "rows");
}

#[test]
fn categories_are_limited_over_all_rows_of_a_batch() {
    let mut story = Story::new();
    for part in 0..20 {
        let named = |i: usize| json!({"date": "2026-02-03", "amount": "1", "payee": format!("{part} {i}"), "category": format!("{part} {i}")});
        story = story.when("import_transactions", file(&(0..500).map(named).collect::<Vec<_>>()));
    }
    let named = |i: usize| json!({"date": "2026-02-04", "amount": "1", "payee": format!("{i}"), "category": format!("more {}", i / 2)});
    let story = story.when("import_transactions", file(&(0..4).map(named).collect::<Vec<_>>()));
    let crate::Outcome::Accepted(events) = &story.journal[20].outcome else { panic!("refused") };
    let Some(crate::Event::TransactionsImported(event)) = events.last() else { panic!("{events:?}") };
    assert_eq!(
        (event.new, event.rejected.len(), &*event.rejected[0].reason.code),
        (0, 4, "too_many_categories")
    );
}
