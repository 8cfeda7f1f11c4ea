//! The daily side of a person's money through the release binary: rolling budgets, reports, a forecast, calculators. The
//! figures are worked out by hand, and a kill -9 changes none of them.

use crate::support::http::Client;
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};

/// Months from January 2025 on, and what was spent on food in each. The limit of 100 rolls over.
const FOOD: [&str; 13] =
    ["100", "100", "100", "100", "100", "100", "100", "100", "100", "100", "100", "60", "110"];

fn post(client: &Client, path: &str, id: &str, body: &Value) -> Value {
    let path = format!("/v1/users/ada/{path}");
    client.send(&Method::POST, &path, &[("idempotency-key", id)], Some(&body.to_string())).expect(201).body
}

fn year_of_food(client: &Client) {
    let budget = json!({"limit": "100", "currency": "EUR", "from": "2025-01", "policy": "rollover"});
    let path = "/v1/users/ada/budgets/food";
    client.send(&Method::PUT, path, &[("idempotency-key", "budget")], Some(&budget.to_string()));
    for (n, amount) in FOOD.iter().enumerate() {
        let date = format!("{}-{:02}-10", 2025 + n / 12, n % 12 + 1);
        let salary =
            json!({"transaction_type": "Income", "amount": "1000", "category": "salary", "date": date});
        let food = json!({"transaction_type": "Expense", "amount": amount, "category": "food", "date": date});
        post(client, "transactions", &format!("salary-{n}"), &salary);
        post(client, "transactions", &format!("food-{n}"), &food);
    }
}

/// Everything that is checked, so that it can be compared with itself later.
fn figures(client: &Client) -> Vec<Value> {
    let paths = [
        "budgets?month=2026-01",
        "reports/month?month=2026-01",
        "reports/year?year=2025",
        "reports/cash-flow?from=2025-12&to=2026-01",
    ];
    paths.iter().map(|path| client.get(&format!("/v1/users/ada/{path}")).expect(200).body).collect()
}

#[test]
fn budgets_roll_over_and_reports_add_up_before_and_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    year_of_food(&client);
    let before = figures(&client);
    let [budgets, month, year, flow] = &before[..] else { panic!("four answers") };

    let budget = &budgets["items"][0];
    assert_eq!(
        (&budget["limit"], &budget["spent"]),
        (&json!("140"), &json!("110")),
        "40 were left: {budget}"
    );
    assert_eq!((&budget["remaining"], &budget["exceeded"]), (&json!("30"), &json!(false)));
    assert_eq!(
        (&month["income"], &month["expense"], &month["net"]),
        (&json!("1000"), &json!("110"), &json!("890"))
    );
    assert_eq!(
        (&month["savings_rate"], &month["categories"][0]["budget"]),
        (&json!("0.8900"), &json!("140"))
    );
    assert_eq!((&year["income"], &year["expense"]), (&json!("12000"), &json!("1160")));
    assert_eq!(
        year["months"][11],
        json!({"month": "2025-12", "income": "1000", "expense": "60", "net": "940"})
    );
    assert_eq!((&flow["opening"], &flow["closing"]), (&json!("9900"), &json!("11730")));
    assert!(before[1..].iter().all(|report| report["position"].is_string()), "each says where it holds");

    server.kill();
    server.restart();
    server.wait_ready();
    assert_eq!(figures(&server.client()), before);
}

#[test]
fn a_budget_for_everything_counts_all_categories_before_and_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    for (category, amount) in [("food", "11"), ("movies", "25")] {
        let data = json!({"transaction_type": "Expense", "amount": amount, "category": category, "date": "2016-12-03"});
        post(&client, "transactions", category, &data);
    }
    let change = |client: &Client, method, path: &str, id: &str, body: &Value| {
        let path = format!("/v1/users/ada/budgets/{path}");
        let answer = client.send(&method, &path, &[("idempotency-key", id)], Some(&body.to_string()));
        answer.expect(200).body["events"].clone()
    };
    let set = change(&client, Method::PUT, "all", "set", &json!({"limit": "25", "from": "2016-12"}));
    let types: Vec<&Value> = set.as_array().expect("events").iter().map(|event| &event["type"]).collect();
    let reached = "budget_threshold_reached";
    assert_eq!(types, ["budget_set", reached, reached, "budget_exceeded"]);
    assert_eq!((&set[3]["data"]["category"], &set[3]["data"]["over_by"]), (&json!("all"), &json!("11")));
    assert_eq!(
        change(&client, Method::PUT, "*", "again", &json!({"limit": "25", "from": "2016-12"})),
        json!([])
    );

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    let cab = json!({"transaction_type": "Expense", "amount": "15", "date": "2016-12-03"});
    post(&client, "transactions", "cab", &cab);
    let shown = |client: &Client, more: &str| {
        let path = |what: &str| format!("/v1/users/ada/{what}?month=2016-12{more}");
        let budgets = client.get(&path("budgets")).expect(200).body["items"].clone();
        (budgets, client.get(&path("reports/month")).expect(200).body["budget"].clone())
    };
    let (budgets, limit) = shown(&client, "");
    assert_eq!(
        (&budgets[0]["category"], &budgets[0]["spent"], &limit),
        (&json!("all"), &json!("51"), &json!("25"))
    );

    let report = client.get("/v1/users/ada/reports/month?month=2016-12").expect(200).body;
    let position = report["position"].as_str().expect("a position").to_owned();
    change(&client, Method::DELETE, "all", "remove", &json!({}));
    assert_eq!(shown(&client, ""), (json!([]), Value::Null));
    assert_eq!(shown(&client, &format!("&position={position}")), (budgets, limit), "as of before");
}

#[test]
fn a_forecast_says_its_method_and_error_and_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    year_of_food(&client);
    let asked = json!({"category": "food", "months": 2, "as_of": "2026-02-15"});
    let forecast = post(&client, "forecasts", "forecast", &asked);
    let months = forecast["months"].as_array().expect("months");
    assert_eq!(months.len(), 2, "{forecast}");
    for month in months {
        let [low, expected, high] = ["low", "expected", "high"].map(|name| {
            month[name].as_str().expect("an amount is a string").parse::<f64>().expect("a number")
        });
        assert!(0.0 <= low && low <= expected && expected <= high, "{month}");
        assert!((60.0..=130.0).contains(&expected), "after a hundred a month: {month}");
    }
    assert!(forecast["method"].is_string() && forecast["mae"].is_string(), "{forecast}");

    server.kill();
    server.restart();
    server.wait_ready();
    let again = post(&server.client(), "forecasts", "forecast", &asked);
    assert_eq!(again, forecast, "the same id is answered the same");
    let nothing = json!({"category": "never", "months": 2, "as_of": "2026-02-15"});
    let path = "/v1/users/ada/forecasts";
    let refused = server.client().send(&Method::POST, path, &[], Some(&nothing.to_string())).expect(422);
    assert_eq!(refused.code(), "not_enough_history");
}

#[test]
fn calculators_need_no_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &[]);
    let ask = |function: &str, body: Value| {
        let path = format!("/v1/calculate/{function}");
        server.client().send(&Method::POST, &path, &[], Some(&body.to_string()))
    };
    let line = ask("regression", json!({"x": [1, 2, 3, 4], "y": [3, 5, 7, 9]})).expect(200).body;
    let figure = |name: &str| line["result"][name].as_f64().expect("a figure");
    assert!((figure("slope") - 2.0).abs() < 1e-12 && (figure("intercept") - 1.0).abs() < 1e-12, "{line}");
    let date = ask("recurrence", json!({"date": "2020-01-31", "add_months": 1})).expect(200).body;
    assert_eq!(date, json!({"result": "2020-02-29"}));
    let next = ask("recurrence", json!({"date": "2020-01-30", "rule": "day_30"})).expect(200).body;
    assert_eq!(next, json!({"result": "2020-02-29"}));
    assert_eq!(ask("alchemy", json!({})).expect(404).status, 404);
}

/// Sixty expenses, most of them in pages by then, and a budget in dollars over them.
#[test]
fn a_budget_in_another_currency_converts_what_is_there_and_changes_no_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    for n in 0..60 {
        let date = format!("2026-01-{:02}", n % 28 + 1);
        let food = json!({"transaction_type": "Expense", "amount": "1.01", "category": "food", "date": date});
        post(&client, "transactions", &format!("food-{n}"), &food);
    }
    let report =
        || client.get("/v1/users/ada/reports/month?month=2026-01").expect(200).body["expense"].clone();
    let budget = json!({"limit": "100", "currency": "USD", "from": "2026-01"});
    let set = |id: &str| {
        let headers = [("idempotency-key", id)];
        client.send(&Method::PUT, "/v1/users/ada/budgets/food", &headers, Some(&budget.to_string()))
    };
    assert_eq!(set("too early").expect(422).body["code"], "unknown_exchange_rate");
    let rate = json!({"from": "EUR", "to": "USD", "date": "2026-01-01", "rate": "1.25"});
    post(&client, "exchange-rates", "rate", &rate);
    let events = set("budget").expect(200).body["events"].as_array().map(Vec::len);
    assert_eq!(events, Some(61), "each expense is told of");
    let spent = |client: &Client| {
        client.get("/v1/users/ada/budgets?month=2026-01").expect(200).body["items"][0]["spent"].clone()
    };
    // 1.01 at 1.25 is 1.2625.
    assert_eq!((spent(&client), report()), (json!("75.60"), json!("60.60")));
    let path = "/v1/users/ada/transactions/food-0";
    let change = json!({"category": "other"}).to_string();
    client.send(&Method::PUT, path, &[("idempotency-key", "moved")], Some(&change)).expect(200);
    assert_eq!((spent(&client), report()), (json!("74.34"), json!("60.60")));

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    assert_eq!(spent(&client), json!("74.34"));
    assert_eq!(
        client.get("/v1/users/ada/reports/month?month=2026-01").expect(200).body["expense"],
        json!("60.60")
    );
}
