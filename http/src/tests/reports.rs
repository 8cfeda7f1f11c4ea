//! Reports: what is asked, what is refused, and where an answer says it holds.

use super::fake::Fake;
use super::{header, json, start, start_with};
use crate::HttpConfig;
use centime_engine::Clock;
use serde_json::json;

#[tokio::test]
async fn a_report_says_itself_where_it_holds() {
    let edge = start().await;
    let answer = edge.get("/v1/users/ada/reports/month?month=2026-02").send().await.unwrap();
    assert_eq!(header(&answer, "centime-position"), "3:9");
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["position"], "3:9");
    let (status, body) = json(edge.get("/v1/users/nobody/reports/month?month=2026-02")).await;
    assert_eq!((status, &body["position"]), (404, &json!(null)));
}

#[tokio::test]
async fn reports_are_read_from_the_address() {
    let edge = start().await;
    let reports = [
        ("month?month=2026-02", "Month(2026-02), currency: None"),
        ("month?month=2026-02&currency=USD", "Month(2026-02), currency: Some(USD)"),
        ("year?year=2026&currency=JPY", "Year(Year(2026)), currency: Some(JPY)"),
        ("cash-flow?from=2025-11&to=2026-02", "CashFlow(Months { first: 2025-11, last: 2026-02 })"),
        ("net-worth?as_of=2026-02-28", "NetWorth { as_of: Date(2026-02-28) }"),
        ("net-worth", "NetWorth { as_of: Instant("),
        ("category-trend?category=A%26B&from=2026-01&to=2026-02", "category: Some(\"A&B\")"),
        ("category-trend?from=2026-01&to=2026-02", "category: None"),
    ];
    for (path, expected) in reports {
        let (status, body) = json(edge.get(&format!("/v1/users/ada/reports/{path}"))).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body["asked"].as_str().unwrap().contains(expected), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_month_and_a_year_left_out_are_the_users_at_the_engines_time() {
    let clock = Clock::starting_at("2031-05-31T23:00:00Z".parse().unwrap());
    let edge = start_with(HttpConfig::default(), Fake { clock, ..Fake::default() }).await;
    let (_, body) = json(edge.get("/v1/users/ada/reports/month")).await;
    assert!(body["asked"].as_str().unwrap().contains("MonthAt(2031-05-31T23:00:0"), "{body}");
    let (_, body) = json(edge.get("/v1/users/ada/reports/year")).await;
    assert!(body["asked"].as_str().unwrap().contains("YearAt(2031-05-31T23:00:0"), "{body}");
}

#[tokio::test]
async fn what_is_no_report_is_refused_by_name_and_field() {
    let edge = start().await;
    let wrong = [
        ("month?month=2026-13", "invalid_month", "month"),
        ("month?month=2026-02&currency=XXX", "unknown_currency", "currency"),
        ("month?year=2026", "unknown_parameter", "year"),
        ("net-worth?as_of=2026-02-30", "invalid_date", "as_of"),
        ("net-worth?currency=EUR", "unknown_parameter", "currency"),
        ("year?year=26", "invalid_year", "year"),
        ("year?year=2201", "invalid_year", "year"),
        ("cash-flow?to=2026-02", "missing_parameter", "from"),
        ("cash-flow?from=2026-02", "missing_parameter", "to"),
        ("cash-flow?from=2026-02-01&to=2026-02", "invalid_month", "from"),
        ("cash-flow?from=2026-03&to=2026-02", "invalid_range", "to"),
        ("cash-flow?from=1950-01&to=2000-01", "range_too_long", "to"),
        ("category-trend?category=Food&from=1950-01&to=2000-01", "range_too_long", "to"),
        ("category-trend?category=Food&from=2026-01&to=", "invalid_month", "to"),
    ];
    for (path, code, field) in wrong {
        let (status, body) = json(edge.get(&format!("/v1/users/ada/reports/{path}"))).await;
        assert_eq!((status, &body["code"], &body["field"]), (400, &json!(code), &json!(field)), "{path}");
    }
    assert!(edge.fake.positions.lock().unwrap().is_empty(), "nothing was asked");
}

#[tokio::test]
async fn figures_may_be_asked_for_as_of_an_earlier_position() {
    let edge = start().await;
    let paths = [
        "reports/month",
        "reports/year",
        "reports/net-worth",
        "reports/cash-flow?from=2026-01&to=2026-02",
        "budgets",
    ];
    for path in paths {
        let path = format!("/v1/users/ada/{path}{}position=", if path.contains('?') { '&' } else { '?' });
        let answer = edge.get(&format!("{path}3:5")).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "centime-position")), (200, "3:5"), "{path}");
        let body: serde_json::Value = answer.json().await.unwrap();
        if path.contains("reports") {
            assert_eq!(body["position"], "3:5");
        }
        for (position, code) in [
            ("3:10", "unknown_position"),
            ("4:1", "unknown_position"),
            ("3", "invalid_position"),
            ("", "invalid_position"),
        ] {
            let (status, body) = json(edge.get(&format!("{path}{position}"))).await;
            assert_eq!(
                (status, &body["code"], &body["field"]),
                (400, &json!(code), &json!("position")),
                "{path}{position}"
            );
        }
    }
    for path in
        ["transactions?position=3:5", "balance?position=3:5", "reports/month?position=3:5&position=3:6"]
    {
        let (status, _) = json(edge.get(&format!("/v1/users/ada/{path}"))).await;
        assert_eq!(status, 400, "{path}");
    }
}
