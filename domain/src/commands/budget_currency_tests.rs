//! Budgets in other currencies than what is spent: stories.

use crate::story::Story;
use crate::{CommandId, Currency, Month, Query, Report, ReportQuery};
use serde_json::{Value, json};

fn spent(amount: &str, currency: &str, category: &str) -> Value {
    json!({
        "transaction_type": "Expense", "amount": amount, "currency": currency, "category": category,
        "date": "2026-01-05",
    })
}

fn rate(from: &str, to: &str, rate: &str) -> Value {
    json!({"from": from, "to": to, "date": "2026-01-01", "rate": rate})
}

fn budget(category: &str, limit: &str, currency: &str) -> Value {
    json!({"category": category, "limit": limit, "currency": currency, "from": "2026-01"})
}

fn expense(story: &mut Story, currency: &str) -> Value {
    let month = Month::read("2026-01").expect("a month");
    let currency = Some(Currency::read(currency).expect("a currency"));
    let query = Query::Report(ReportQuery { report: Report::Month(month), currency });
    story.ask(&query).expect("answered")["expense"].clone()
}

fn budgets(story: &mut Story) -> Vec<(Value, Value)> {
    let query = Query::Budgets { month: Month::read("2026-01").expect("a month") };
    let answer = story.ask(&query).expect("answered");
    let items = answer["items"].as_array().expect("a list").iter();
    items.map(|item| (item["category"].clone(), item["spent"].clone())).collect()
}

fn transaction(story: &mut Story, id: &str) -> Value {
    story.ask(&Query::Transaction { id: CommandId::parse(id).expect("an id") }).expect("found")
}

#[test]
fn a_budget_in_another_currency_takes_nothing_from_the_reports() {
    for story in [Story::new(), Story::tiny()] {
        let mut story = story
            .when("set_budget", budget("T", "100.00", "USD"))
            .when("record_exchange_rate", rate("EUR", "USD", "1.25"))
            .when_as("a", "create_transaction", spent("10.00", "EUR", "T"));
        assert_eq!(budgets(&mut story), [(json!("T"), json!("12.50"))]);
        assert_eq!((expense(&mut story, "EUR"), expense(&mut story, "USD")), (json!("10.00"), json!("0.00")));
        assert_eq!(transaction(&mut story, "a")["budgeted"], json!([{"currency": "USD", "rate": "1.25"}]));
        assert_eq!(transaction(&mut story, "a")["counted"], Value::Null);
        story.reload();
        let mut story = story
            .when("update_transaction", json!({"id": "a", "category": "Other"}))
            .when("set_budget", json!({"category": "Other", "limit": "50", "from": "2026-01"}))
            .then_events(&["budget_set"]);
        assert_eq!(budgets(&mut story), [(json!("Other"), json!("10.00")), (json!("T"), json!("0"))]);
        assert_eq!(expense(&mut story, "EUR"), "10.00");
        let mut story = story.when("delete_transaction", json!({"id": "a"}));
        assert_eq!((expense(&mut story, "EUR"), expense(&mut story, "USD")), (json!("0"), json!("0")));
    }
}

#[test]
fn a_new_budget_converts_what_is_there_and_says_so() {
    for story in [Story::new(), Story::tiny()] {
        let mut story = story
            .when_as("a", "create_transaction", spent("10.00", "USD", "X"))
            .when("create_transaction", spent("1", "EUR", "Y"))
            .when("create_transaction", spent("2", "EUR", "Y"))
            .when("record_exchange_rate", rate("USD", "EUR", "0.9"));
        story.reload();
        let mut story = story
            .when("set_budget", budget("X", "9", "EUR"))
            .then_events(&[
                "transaction_updated",
                "budget_set",
                "budget_threshold_reached",
                "budget_threshold_reached",
            ])
            .then_alerts(&["reached 80 X 2026-01 #1: 9.00 of 9", "reached 100 X 2026-01 #1: 9.00 of 9"]);
        assert_eq!(transaction(&mut story, "a")["budgeted"], json!([{"currency": "EUR", "rate": "0.9"}]));
        // What it counts as in reports is another matter: that was decided when no rate was known.
        assert_eq!((expense(&mut story, "EUR"), expense(&mut story, "USD")), (json!("3.00"), json!("10.00")));
    }
}

#[test]
fn the_way_to_a_third_currency_leads_over_the_one_it_counts_in() {
    let mut own = spent("10.00", "USD", "X");
    own["rate"] = json!("0.9");
    let mut story = Story::tiny()
        .when("create_transaction", own)
        .when("create_transaction", spent("1.00", "EUR", "X"))
        .when("set_budget", budget("X", "50", "GBP"))
        .then_refused("unknown_exchange_rate", "currency")
        .when("record_exchange_rate", rate("EUR", "GBP", "0.85"))
        .when("set_budget", budget("X", "50", "GBP"))
        .then_events(&["transaction_updated", "transaction_updated", "budget_set"])
        .when("set_budget", budget("X", "60", "GBP"))
        .then_events(&["budget_set"]);
    assert_eq!(budgets(&mut story), [(json!("X"), json!("8.50"))]);
    assert_eq!(expense(&mut story, "EUR"), "10.00");
}

#[test]
fn what_stands_stays_when_only_the_currency_of_the_budget_changes() {
    let mut story = Story::new()
        .when("record_exchange_rate", rate("EUR", "USD", "2"))
        .when("set_budget", budget("X", "10", "EUR"))
        .when("create_transaction", spent("9.00", "EUR", "X"))
        .then_alerts(&["reached 80 X 2026-01 #1: 9.00 of 10"])
        .when("set_budget", budget("X", "20", "USD"))
        .then_events(&["transaction_updated", "budget_set"])
        .when("set_budget", budget("X", "100", "USD"))
        .then_alerts(&["recovered 80 X 2026-01 #1: 18.00 of 100"])
        .when("set_budget", budget("X", "10", "EUR"))
        .then_alerts(&["reached 80 X 2026-01 #2: 9.00 of 10"]);
    assert_eq!(expense(&mut story, "EUR"), "9.00");
}

#[test]
fn parts_may_be_of_budgets_in_two_currencies() {
    let mut data = spent("3.00", "EUR", "X");
    data["splits"] = json!([{"category": "X", "amount": "1.00"}, {"category": "Y", "amount": "2.00"}]);
    let mut story = Story::tiny()
        .when("record_exchange_rate", rate("EUR", "USD", "2"))
        .when("record_exchange_rate", rate("EUR", "GBP", "0.5"))
        .when("set_budget", budget("X", "10", "USD"))
        .when("set_budget", budget("Y", "10", "GBP"))
        .when("create_transaction", data);
    assert_eq!(budgets(&mut story), [(json!("X"), json!("2.00")), (json!("Y"), json!("1.00"))]);
    assert_eq!(expense(&mut story, "EUR"), "3.00");
}

#[test]
fn naming_the_rate_again_counts_with_the_rates_known_now() {
    let mut story = Story::new()
        .when_as("a", "create_transaction", spent("10.00", "USD", "X"))
        .when("update_transaction", json!({"id": "a", "rate": null}))
        .then_events(&[])
        .when("record_exchange_rate", rate("USD", "EUR", "0.9"))
        .when("update_transaction", json!({"id": "a", "note": "as it was"}));
    assert_eq!(expense(&mut story, "EUR"), "0");
    // Given back as it is shown it stays as it is.
    let mut story = story
        .when("update_transaction", json!({"id": "a", "date": "2026-01-05", "currency": "USD"}))
        .then_events(&[]);
    assert_eq!(expense(&mut story, "EUR"), "0");
    let mut again = story
        .when("update_transaction", json!({"id": "a", "rate": null}))
        .then_events(&["transaction_updated"]);
    assert_eq!((expense(&mut again, "EUR"), expense(&mut again, "USD")), (json!("9.00"), json!("0")));
}

#[test]
fn a_transaction_with_a_rate_may_be_excluded_and_counts_as_before_when_it_is_not_any_more() {
    let mut pounds = spent("10.00", "GBP", "X");
    pounds["rate"] = json!("1.2");
    let mut story = Story::new()
        .when_as("a", "create_transaction", pounds.clone())
        .when("update_transaction", json!({"id": "a", "excluded": true}))
        .then_events(&["transaction_updated"]);
    assert_eq!(expense(&mut story, "EUR"), "0");
    let mut story = story.when("update_transaction", json!({"id": "a", "excluded": false}));
    assert_eq!(expense(&mut story, "EUR"), "12.00");
    pounds["excluded"] = json!(true);
    story.when("create_transaction", pounds).then_events(&["transaction_created"]);
}

#[test]
fn a_rate_is_the_reports_first_and_stays_what_it_was_given_for() {
    let mut euros = spent("10.00", "EUR", "X");
    euros["rate"] = json!("1.25");
    let mut story = Story::new()
        .when("set_budget", budget("X", "100", "USD"))
        .when_as("a", "create_transaction", euros)
        .when("update_transaction", json!({"id": "a", "category": "Other"}))
        .when("update_transaction", json!({"id": "a", "date": "2026-01-06"}))
        .when("update_transaction", json!({"id": "a", "category": "X"}));
    assert_eq!(budgets(&mut story), [(json!("X"), json!("12.50"))]);
    let mut pounds = spent("10.00", "GBP", "X");
    pounds["rate"] = json!("1.15");
    let mut story = story
        .when("create_transaction", pounds.clone())
        .then_refused("unknown_exchange_rate", "currency")
        .when("record_exchange_rate", rate("GBP", "USD", "1.4"))
        .when("create_transaction", pounds);
    assert_eq!(budgets(&mut story), [(json!("X"), json!("26.50"))]);
    assert_eq!(expense(&mut story, "EUR"), "21.50");
}

#[test]
fn more_than_can_be_looked_at_is_not_converted() {
    let rows = |month: usize| {
        let row = json!({
            "date": format!("{}-{:02}-01", 2020 + month / 12, month % 12 + 1), "amount": "-1", "category": "X",
        });
        json!({"account": "Giro", "rows": [row]})
    };
    let mut story = Story::tiny().when("record_exchange_rate", rate("EUR", "USD", "1.25"));
    for month in 0..37 {
        story = story.when("import_transactions", rows(month));
    }
    let mut early = budget("X", "100", "USD");
    early["from"] = json!("2020-01");
    let story = story.when("set_budget", early.clone()).then_refused("too_many_to_convert", "from");
    early["from"] = json!("2020-02");
    story.when("set_budget", early).then_refused("unknown_exchange_rate", "currency");
}

#[test]
fn months_that_begin_on_another_day_are_looked_through_whole() {
    let mut story = Story::tiny()
        .when("set_preferences", json!({"month_start": 25}))
        .when("record_exchange_rate", rate("EUR", "USD", "2"));
    for day in ["2026-01-24", "2026-01-25", "2026-02-24", "2026-02-25", "2026-03-24", "2026-03-25"] {
        let mut data = spent("1.00", "EUR", "X");
        data["date"] = json!(day);
        story = story.when("create_transaction", data);
    }
    story.reload();
    let mut late = budget("X", "100", "USD");
    late["from"] = json!("2026-03");
    let story = story
        .when("set_budget", late)
        .then_events(&["transaction_updated", "budget_set"])
        .when("set_budget", budget("X", "100", "USD"));
    let mut story = story
        .then_events(&["transaction_updated"; 4].iter().copied().chain(["budget_set"]).collect::<Vec<_>>());
    assert_eq!(budgets(&mut story), [(json!("X"), json!("4.00"))]);
}
