//! Worked examples.

use super::{Report, ReportQuery};
use crate::story::Story;
use crate::{Currency, Month, Months, Query, Year};
use serde_json::{Value, json};

fn month(text: &str) -> Month {
    Month::read(text).expect(text)
}

fn months(from: &str, to: &str) -> Months {
    Months::new(month(from), month(to)).expect("a range")
}

fn ask(story: &mut Story, report: Report) -> Value {
    story.ask(&Query::Report(ReportQuery { report, currency: None })).expect("answered")
}

/// Two salaries, a refund, a split, an uncategorised expense, and things that do not count.
fn ada() -> Story {
    let post = |story: Story, kind: &str, date: &str, amount: &str, more: Value| {
        let mut data = json!({"transaction_type": kind, "date": date, "amount": amount});
        data.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        story.when("create_transaction", data).then_events(&["transaction_created"])
    };
    let mut story = Story::tiny()
        .when("set_budget", json!({"category": "Food", "limit": "300", "from": "2025-12", "thresholds": []}));
    story = story
        .when("set_budget", json!({"category": "Food", "limit": "350", "from": "2026-02", "thresholds": []}));
    story = story.when(
        "set_budget",
        json!({"category": "Travel", "limit": "50", "from": "2026-02", "thresholds": []}),
    );
    story = post(story, "Income", "2025-12-31", "1000.00", json!({"category": "Salary"}));
    story = post(story, "Expense", "2025-12-31", "400", json!({"category": "Rent"}));
    story = post(story, "Income", "2026-02-01", "2000.00", json!({"category": "Salary"}));
    story = post(story, "Income", "2026-02-02", "10", json!({}));
    story = post(story, "Expense", "2026-02-03", "500", json!({"category": "Rent"}));
    story = post(
        story,
        "Expense",
        "2026-02-04",
        "90",
        json!({"splits": [{"category": "Food", "amount": "60"}, {"category": "Fun", "amount": "30"}]}),
    );
    story = post(story, "Income", "2026-02-05", "20", json!({"category": "Food", "refund": true}));
    story = post(story, "Expense", "2026-02-06", "7.50", json!({}));
    story = post(story, "Income", "2026-02-06", "0.50", json!({"refund": true}));
    story = post(story, "Expense", "2026-02-07", "9999", json!({"category": "Food", "excluded": true}));
    post(story, "Expense", "2026-02-07", "8", json!({"category": "Fun", "currency": "USD"}))
}

#[test]
fn a_month_tells_what_came_what_went_and_for_what() {
    let report = ask(&mut ada(), Report::Month(month("2026-02")));
    let expected = json!({
        "month": "2026-02", "currency": "EUR", "income": "2010.00", "expense": "577.00", "net": "1433.00",
        "savings_rate": "0.7129", "budget": null,
        "categories": [
            {"category": "Rent", "amount": "500", "budget": null},
            {"category": "Food", "amount": "40", "budget": "350"},
            {"category": "Fun", "amount": "30", "budget": null},
            {"category": null, "amount": "7.00", "budget": null},
            {"category": "Travel", "amount": "0", "budget": "50"},
        ],
        "incomes": [{"category": "Salary", "amount": "2000.00"}, {"category": null, "amount": "10"}],
        "previous": {"income": "0", "expense": "0", "net": "0"},
    });
    assert_eq!(report, expected);
}

#[test]
fn a_year_sums_its_months_and_their_limits() {
    let report = ask(&mut ada(), Report::Year(Year::read("2026").expect("a year")));
    assert_eq!((&report["year"], &report["net"]), (&json!(2026), &json!("1433.00")));
    assert_eq!(report["previous"], json!({"income": "1000.00", "expense": "400", "net": "600.00"}));
    let limit = |category: &str| {
        let all = report["categories"].as_array().expect("a list");
        all.iter().find(|item| item["category"] == category).expect(category)["budget"].clone()
    };
    // 300 in January, 350 from February on; 50 from February on.
    assert_eq!((limit("Food"), limit("Travel")), (json!("4150"), json!("550")));
    let months = report["months"].as_array().expect("a list");
    assert_eq!(months.len(), 12);
    assert_eq!(months[0], json!({"month": "2026-01", "income": "0", "expense": "0", "net": "0"}));
    assert_eq!(months[1]["expense"], "577.00");
}

#[test]
fn without_an_income_there_is_no_savings_rate() {
    let report = ask(&mut ada(), Report::Month(month("2026-03")));
    assert_eq!((&report["savings_rate"], &report["income"]), (&Value::Null, &json!("0")));
    let dollars = ReportQuery {
        report: Report::Month(month("2026-02")),
        currency: Some(Currency::read("USD").expect("a currency")),
    };
    let report = ada().ask(&Query::Report(dollars)).expect("answered");
    assert_eq!(report["categories"], json!([{"category": "Fun", "amount": "8", "budget": null}]));
    assert_eq!((&report["savings_rate"], &report["net"]), (&Value::Null, &json!("-8")));
}

#[test]
fn cash_flow_counts_refunds_as_money_that_came() {
    let report = ask(&mut ada(), Report::CashFlow(months("2026-01", "2026-02")));
    let expected = json!({
        "from": "2026-01", "to": "2026-02", "currency": "EUR",
        "opening": "600.00", "in": "2030.50", "out": "597.50", "closing": "2033.00",
        "months": [
            {"month": "2026-01", "opening": "600.00", "in": "0", "out": "0", "closing": "600.00"},
            {"month": "2026-02", "opening": "600.00", "in": "2030.50", "out": "597.50", "closing": "2033.00"},
        ],
    });
    assert_eq!(report, expected);
}

#[test]
fn a_trend_has_every_month_also_those_without_anything() {
    let trend = |category: Option<&str>| {
        let category = category.map(str::to_owned);
        ask(&mut ada(), Report::CategoryTrend { category, months: months("2025-12", "2026-02") })
    };
    let amounts = |report: &Value| -> Vec<Value> {
        report["months"].as_array().expect("a list").iter().map(|row| row["amount"].clone()).collect()
    };
    let rent = trend(Some("Rent"));
    assert_eq!(amounts(&rent), ["400", "0", "500"]);
    assert_eq!(
        (&rent["category"], &rent["amount"], &rent["income"]),
        (&json!("Rent"), &json!("900"), &json!("0"))
    );
    assert_eq!(trend(Some("Salary"))["months"][0]["income"], "1000.00");
    let none = trend(None);
    assert_eq!(
        (&none["category"], &none["amount"], &none["income"]),
        (&Value::Null, &json!("7.00"), &json!("10"))
    );
    assert_eq!(amounts(&trend(Some("Never"))), ["0", "0", "0"]);
}

#[test]
fn a_refund_taken_back_and_a_date_moved_leave_nothing_behind() {
    let mut story = ada();
    let before = ask(&mut story, Report::Year(Year::read("2026").expect("a year")));
    let data = json!({"transaction_type": "Income", "date": "2026-05-01", "amount": "5", "category": "New", "refund": true});
    let mut story = story.when_as("x", "create_transaction", data);
    story = story.when_as(
        "y",
        "update_transaction",
        json!({"id": "x", "date": "2024-05-01", "category": "Salary", "refund": false}),
    );
    assert_eq!(ask(&mut story, Report::Year(Year::read("2026").expect("a year"))), before);
    let old = ask(&mut story, Report::Month(month("2024-05")));
    assert_eq!(old["incomes"], json!([{"category": "Salary", "amount": "5"}]));
    story = story.when_as("z", "delete_transaction", json!({"id": "x"}));
    let old = ask(&mut story, Report::Month(month("2024-05")));
    assert_eq!((&old["incomes"], &old["income"]), (&json!([]), &json!("0")));
}

#[test]
fn the_ends_of_the_calendar_have_reports_too() {
    let mut story = ada();
    for year in ["1900", "2200"] {
        let report = ask(&mut story, Report::Year(Year::read(year).expect(year)));
        assert_eq!(report["previous"]["income"], "0");
        ask(&mut story, Report::Month(month(&format!("{year}-01"))));
        ask(&mut story, Report::CashFlow(months(&format!("{year}-12"), &format!("{year}-12"))));
    }
}

#[test]
fn a_months_budget_is_what_it_came_to_a_years_is_what_was_set() {
    let budget = json!({"category": "Food", "limit": "100", "from": "2025-12", "policy": "rollover"});
    let spent = |story: Story, date: &str, amount: &str| {
        let data = json!({"transaction_type": "Expense", "category": "Food", "date": date, "amount": amount});
        story.when("create_transaction", data)
    };
    let mut story = Story::tiny().when("set_budget", budget);
    for (date, amount) in [("2025-12-05", "60"), ("2026-01-05", "10"), ("2027-03-01", "1")] {
        story = spent(story, date, amount);
    }
    let january = ask(&mut story, Report::Month(month("2026-01")));
    assert_eq!(january["categories"], json!([{"category": "Food", "amount": "10", "budget": "140"}]));
    let year = ask(&mut story, Report::Year(Year::read("2026").expect("a year")));
    assert_eq!(year["categories"], json!([{"category": "Food", "amount": "10", "budget": "1200"}]));
}
