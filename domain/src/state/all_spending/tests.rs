//! Budgets for all categories together.

use crate::story::Story;
use crate::{Currency, Month, Query, Report, ReportQuery, Year};
use serde_json::{Value, json};

fn month(text: &str) -> Month {
    Month::read(text).expect("a month")
}

/// A budget of 100 for everything, from January 2026 on, with these fields as well.
fn budget(story: Story, fields: Value) -> Story {
    story.when("set_budget", with(json!({"category": "all", "limit": "100", "from": "2026-01"}), fields))
}

fn with(mut data: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("an object") };
    data.as_object_mut().expect("an object").extend(fields);
    data
}

fn spent(story: Story, amount: &str, category: Option<&str>, date: &str) -> Story {
    let expense =
        json!({"transaction_type": "Expense", "amount": amount, "category": category, "date": date});
    story.when("create_transaction", expense)
}

fn refund(story: Story, amount: &str, category: Option<&str>) -> Story {
    let data = json!({
        "transaction_type": "Income", "amount": amount, "category": category, "date": "2026-02-09", "refund": true,
    });
    story.when("create_transaction", data)
}

/// The budget for everything as the list of a month's budgets has it.
fn shown(story: &mut Story, text: &str) -> Value {
    let answer = story.ask(&Query::Budgets { month: month(text) }).expect("answered");
    let items = answer["items"].as_array().expect("a list");
    items.iter().find(|item| item["category"] == "all").cloned().unwrap_or_default()
}

fn figures(story: &mut Story, text: &str) -> [String; 2] {
    let item = shown(story, text);
    ["limit", "spent"].map(|name| item[name].as_str().expect("a figure").to_owned())
}

#[test]
fn everything_spent_counts_whatever_its_category() {
    let story = budget(Story::new(), json!({}));
    let story = spent(spent(story, "30", Some("Food"), "2026-02-01"), "20", None, "2026-02-02");
    let splits = json!([{"category": "Food", "amount": "10"}, {"category": "Zoo", "amount": "20"}]);
    story
        .when(
            "create_transaction",
            json!({"transaction_type": "Expense", "amount": "30", "splits": splits, "date": "2026-02-03"}),
        )
        .then_alerts(&["reached 80 all 2026-02 #1: 80 of 100"]);
}

#[test]
fn a_new_budget_judges_what_was_spent_before() {
    let story = spent(Story::new(), "11", Some("Food"), "2026-01-03");
    let story = spent(spent(story, "25", Some("Movies"), "2026-01-03"), "15", None, "2026-01-31");
    let mut story = budget(story, json!({"limit": "25", "thresholds": [204]}))
        .then_alerts(&["exceeded all 2026-01 #1: 51 of 25", "reached 204 all 2026-01 #1: 51 of 25"]);
    let expected = json!({
        "category": "all", "month": "2026-01", "limit": "25", "amount": "25", "spent": "51", "remaining": "-26",
        "exceeded": true, "currency": "EUR", "thresholds": [204], "policy": "reset", "from": "2026-01",
        "predicted": null,
    });
    assert_eq!(shown(&mut story, "2026-01"), expected);
    assert_eq!(shown(&mut story, "2025-12"), Value::Null);
}

#[test]
fn a_refund_lowers_it_only_with_a_category() {
    for late in [false, true] {
        let story = if late { Story::tiny() } else { budget(Story::tiny(), json!({})) };
        let story = spent(spent(story, "60", Some("Food"), "2026-02-01"), "60", None, "2026-02-02");
        let story = refund(refund(story, "50", None), "30", Some("Food"));
        // Whether it was added up at once or as it came.
        let mut story = if late { budget(story, json!({})) } else { story };
        assert_eq!(figures(&mut story, "2026-02"), ["100", "90"], "{late}");
    }
}

#[test]
fn transfers_incomes_and_what_is_excluded_do_not_count() {
    let entry = |kind: &str, fields| with(json!({"transaction_type": kind, "amount": "500"}), fields);
    let mut story = budget(Story::new(), json!({}))
        .when("create_transaction", entry("Transfer", json!({"account": "one", "to_account": "other"})))
        .then_alerts(&[])
        .when("create_transaction", entry("Income", json!({"category": "Work"})))
        .then_alerts(&[])
        .when("create_transaction", entry("Expense", json!({"excluded": true})))
        .then_alerts(&[]);
    assert_eq!(shown(&mut story, "2026-02")["spent"], "0");
}

#[test]
fn alerts_come_in_the_order_of_names_with_those_of_categories() {
    let limit = |category: &str| json!({"category": category, "limit": "10", "thresholds": []});
    let story = budget(Story::new(), json!({"limit": "10", "thresholds": []}));
    let story = story.when("set_budget", limit("Food")).when("set_budget", limit("bread"));
    let splits = json!([{"category": "bread", "amount": "20"}, {"category": "Food", "amount": "30"}]);
    story
        .when("create_transaction", json!({"transaction_type": "Expense", "amount": "50", "splits": splits}))
        .then_alerts(&[
            "exceeded Food 2026-02 #1: 30 of 10",
            "exceeded all 2026-02 #1: 50 of 10",
            "exceeded bread 2026-02 #1: 20 of 10",
        ]);
}

#[test]
fn edits_deletions_and_back_dated_entries_move_it() {
    let story = budget(Story::tiny(), json!({"thresholds": []}));
    spent(spent(story, "70", Some("Food"), "2026-02-01"), "40", None, "2026-02-02")
        .then_alerts(&["exceeded all 2026-02 #1: 110 of 100"])
        .when("update_transaction", json!({"id": "c3", "date": "2026-01-31"}))
        .then_alerts(&["recovered exceeded all 2026-02 #1: 70 of 100"])
        .when("update_transaction", json!({"id": "c2", "amount": "100.01", "category": null}))
        .then_alerts(&["exceeded all 2026-02 #2: 100.01 of 100"])
        .when(
            "create_transaction",
            json!({"transaction_type": "Expense", "amount": "61", "date": "2026-01-01"}),
        )
        .then_alerts(&["exceeded all 2026-01 #1: 101 of 100"])
        .when("delete_transaction", json!({"id": "c2"}))
        .then_alerts(&["recovered exceeded all 2026-02 #2: 0.00 of 100"]);
}

#[test]
fn what_is_left_or_owed_is_taken_over() {
    let story = budget(Story::tiny(), json!({"policy": "carry", "thresholds": []}));
    let story = spent(spent(story, "130", Some("Food"), "2026-01-05"), "60", Some("Rent"), "2026-02-05");
    let mut story = spent(story, "120", None, "2026-04-05");
    assert_eq!(figures(&mut story, "2026-04"), ["210", "120"]);
    let mut story = spent(story, "100", None, "2026-01-06")
        .then_alerts(&["exceeded all 2026-02 #1: 60 of -30", "exceeded all 2026-04 #1: 120 of 110"]);
    assert_eq!(figures(&mut story, "2026-03"), ["10", "0"]);
    let mut story = budget(story, json!({"policy": "rollover", "from": "2026-02", "thresholds": []}))
        .then_alerts(&[
            "recovered exceeded all 2026-02 #1: 60 of 100",
            "recovered exceeded all 2026-04 #1: 120 of 240",
        ]);
    assert_eq!(figures(&mut story, "2026-03"), ["140", "0"]);
}

#[test]
fn a_removed_budget_is_silent_and_a_new_one_counts_on() {
    let story = spent(budget(Story::tiny(), json!({})), "90", Some("Food"), "2026-02-01");
    let story = story.when("remove_budget", json!({})).then_events(&["budget_removed"]);
    let mut story = spent(story, "15", None, "2026-02-02").then_alerts(&[]);
    assert_eq!(shown(&mut story, "2026-02"), Value::Null);
    budget(story.when("remove_budget", json!({})).then_refused("not_found", "category"), json!({}))
        .then_alerts(&[
            "reached 80 all 2026-02 #2: 105 of 100",
            "reached 100 all 2026-02 #1: 105 of 100",
            "exceeded all 2026-02 #1: 105 of 100",
        ]);
}

#[test]
fn all_of_them_may_be_said_in_several_ways() {
    for category in [json!("all"), json!("*"), Value::Null] {
        let data = json!({"category": category, "limit": "7"});
        let story = Story::new().when("set_budget", data).then_events(&["budget_set"]);
        let mut story = story.when("set_budget", json!({"limit": "7"})).then_events(&[]);
        assert_eq!(shown(&mut story, "2026-02")["category"], "all");
        story.when("remove_budget", json!({"category": category})).then_events(&["budget_removed"]);
    }
}

#[test]
fn a_category_of_the_same_name_has_no_budget_of_its_own() {
    let story = spent(Story::new(), "90", Some("all"), "2026-02-01");
    let story = budget(story, json!({"thresholds": []})).then_alerts(&[]);
    let mut story =
        spent(story, "11", Some("Food"), "2026-02-01").then_alerts(&["exceeded all 2026-02 #1: 101 of 100"]);
    let report = Query::Report(ReportQuery { report: Report::Month(month("2026-02")), currency: None });
    let report = story.ask(&report).expect("answered");
    let categories = json!([
        {"category": "all", "amount": "90", "budget": null}, {"category": "Food", "amount": "11", "budget": null},
    ]);
    assert_eq!((&report["budget"], &report["categories"]), (&json!("100"), &categories));
}

#[test]
fn only_what_counts_in_its_currency_is_part_of_it() {
    let dollars = |amount: &str| json!({"transaction_type": "Expense", "amount": amount, "currency": "USD"});
    let story = Story::tiny().when("create_transaction", dollars("500"));
    let mut story = budget(story, json!({})).then_alerts(&[]).when("create_transaction", dollars("500"));
    assert_eq!(figures(&mut story, "2026-02"), ["100", "0"]);
    // With a rate it is euros that were spent.
    let rate = json!({"from": "USD", "to": "EUR", "date": "2026-01-01", "rate": "0.5"});
    let story = story.when("record_exchange_rate", rate).when("create_transaction", dollars("170"));
    let mut story = story.then_alerts(&["reached 80 all 2026-02 #1: 85.00 of 100"]);
    assert_eq!(figures(&mut story, "2026-02"), ["100", "85.00"]);
}

#[test]
fn where_there_are_rates_it_is_in_the_base_currency_like_reports() {
    let dollars = budget(Story::new(), json!({"currency": "USD"})).then_events(&["budget_set"]);
    let expense =
        json!({"transaction_type": "Expense", "amount": "90", "currency": "USD", "date": "2026-02-01"});
    dollars.when("create_transaction", expense).then_alerts(&["reached 80 all 2026-02 #1: 90 of 100"]);
    let rate = json!({"from": "GBP", "to": "EUR", "date": "2026-01-01", "rate": "1.2"});
    let story = Story::new().when("record_exchange_rate", rate);
    let story = budget(story, json!({"currency": "USD"})).then_refused("not_base_currency", "currency");
    let story = story.when("set_preferences", json!({"base_currency": "USD"}));
    let story = budget(story, json!({"currency": "USD"})).then_events(&["budget_set"]);
    spent(story, "90", None, "2026-02-01").then_alerts(&["reached 80 all 2026-02 #1: 90 of 100"]);
}

#[test]
fn what_a_category_has_in_another_currency_for_its_budget_is_counted_once() {
    let rate = json!({"from": "EUR", "to": "USD", "date": "2026-01-01", "rate": "2"});
    let story = Story::new().when("record_exchange_rate", rate);
    let travel = json!({"category": "Travel", "limit": "900", "currency": "USD", "from": "2026-01"});
    let story = spent(story.when("set_budget", travel), "30", Some("Travel"), "2026-02-01");
    let story = budget(story, json!({}));
    let mut story = spent(story, "50", Some("Travel"), "2026-02-02");
    story = story.then_alerts(&["reached 80 all 2026-02 #1: 80 of 100"]);
    assert_eq!(figures(&mut story, "2026-02"), ["100", "80"]);
}

#[test]
fn reports_show_its_limit() {
    let story = budget(Story::tiny(), json!({"policy": "rollover"}));
    let mut story = spent(story, "40", None, "2026-01-05");
    let mut limit = |report, currency: &str| {
        let currency = Some(Currency::read(currency).expect("a currency"));
        let answer = story.ask(&Query::Report(ReportQuery { report, currency })).expect("answered");
        answer["budget"].clone()
    };
    let year = |text| Report::Year(Year::read(text).expect("a year"));
    assert_eq!(limit(Report::Month(month("2026-02")), "EUR"), "160");
    assert_eq!(limit(year("2026"), "EUR"), "1200");
    assert_eq!(limit(year("2025"), "EUR"), Value::Null);
    assert_eq!(limit(year("2026"), "USD"), Value::Null);
}

#[test]
fn years_that_left_the_root_page_are_added_up_and_let_go_of() {
    let mut story = Story::tiny();
    for (year, category) in (2015..=2026).zip([Some("Food"), Some("Rent"), None, Some("Zoo")].iter().cycle())
    {
        story = spent(story, "10", *category, &format!("{year}-03-05"));
        story.reload();
    }
    story = budget(story, json!({"from": "2015-01", "policy": "carry", "limit": "1", "thresholds": []}));
    let exceeded = |story: &Story| {
        story.last_events().iter().filter(|event| event.type_name() == "budget_exceeded").count()
    };
    assert_eq!(exceeded(&story), 4, "2015 to 2018: from then on twelve months of saving are more");
    story.reload();
    assert_eq!(figures(&mut story, "2026-03"), ["25", "10"]);
    let story = spent(story, "100", None, "2015-03-06");
    assert_eq!(exceeded(&story), 8, "all others");
    let mut story = story.when("remove_budget", json!({}));
    story.reload();
    let mut story = spent(story, "5", Some("Food"), "2015-03-07").then_alerts(&[]);
    story.reload();
    let mut story = budget(story, json!({"from": "2015-03"}));
    assert_eq!(figures(&mut story, "2015-03"), ["100", "115"]);
}

#[test]
fn an_overspending_of_everything_is_predicted_and_removing_the_budget_ends_that() {
    let mut story = Story::new();
    for (earlier, category) in
        [("2025-10", Some("Food")), ("2025-11", None), ("2025-12", Some("Rent")), ("2026-01", None)]
    {
        story = spent(story, "50", category, &format!("{earlier}-02"));
        story = spent(story, "90", Some("Fun"), &format!("{earlier}-25"));
    }
    let story = spent(budget(story, json!({"from": "2026-02"})), "50", Some("Food"), "2026-02-02");
    let mut story = story.then_events(&["transaction_created", "budget_overspend_predicted"]);
    let predicted = json!({"amount": "140.00", "exceeds_on": "2026-02-17", "probability": 0.9});
    assert_eq!(shown(&mut story, "2026-02")["predicted"], predicted);
    let mut story = budget(
        story.when("remove_budget", json!({})).then_events(&["budget_removed"]),
        json!({"limit": "900"}),
    );
    assert_eq!(shown(&mut story, "2026-02")["predicted"], Value::Null);
}
