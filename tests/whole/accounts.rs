//! Preferences, accounts, exchange rates and net worth through the release binary. The figures are worked out by hand, and a
//! kill -9 changes none of them.

use crate::support::http::Client;
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};

const ADA: &str = "/v1/users/ada";

fn give(client: &Client, method: &Method, path: &str, body: &Value, status: u16) -> Value {
    client.send(method, &format!("{ADA}/{path}"), &[], Some(&body.to_string())).expect(status).body
}

fn refused(client: &Client, path: &str, body: &Value) -> (String, String) {
    let answer =
        client.send(&Method::POST, &format!("{ADA}/{path}"), &[], Some(&body.to_string())).expect(422);
    (answer.code().to_owned(), answer.field().to_owned())
}

/// Everything that is checked, so that it can be compared with itself later.
fn figures(client: &Client) -> Vec<Value> {
    let paths = [
        "preferences",
        "accounts",
        "budgets?month=2026-01",
        "reports/month?month=2026-01",
        "reports/net-worth?as_of=2026-02-14",
        "reports/net-worth?as_of=2026-02-20",
        "transactions",
    ];
    paths.iter().map(|path| client.get(&format!("{ADA}/{path}")).expect(200).body).collect()
}

#[test]
fn accounts_hold_what_moved_them_before_and_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    let put = |path: &str, body: Value| give(&client, &Method::PUT, path, &body, 200);
    let post = |path: &str, body: Value| give(&client, &Method::POST, path, &body, 201);
    put("preferences", json!({"time_zone": "Pacific/Tongatapu", "month_start": 25}));
    put("budgets/food", json!({"limit": "100", "from": "2026-01"}));
    for (name, kind, currency, balance) in [
        ("Giro", "checking", "EUR", "1000"),
        ("Dollars", "savings", "USD", "0"),
        ("Visa", "credit", "EUR", "-50"),
    ] {
        let account = json!({"name": name, "kind": kind, "currency": currency, "opened": "2026-02-01", "opening_balance": balance});
        post("accounts", account);
    }
    let dinner = json!({"transaction_type": "Expense", "amount": "20.00", "currency": "USD", "category": "food", "account": "Giro"});
    let mut dated = dinner.clone();
    // A Friday evening in Tonga: still the 13th, and the month that began on 25 January.
    dated["date"] = json!("2026-02-13T20:00:00+13:00");
    assert_eq!(refused(&client, "transactions", &dated), ("unknown_exchange_rate".into(), "currency".into()));
    post("exchange-rates", json!({"base": "USD", "quote": "EUR", "date": "2026-02-10", "rate": "0.925"}));
    let posted = post("transactions", dated);
    assert_eq!(posted["events"][0]["data"]["date"], "2026-02-13");
    assert_eq!(posted["events"][0]["data"]["counted"], json!({"currency": "EUR", "rate": "0.925"}));
    let transfer = json!({
        "transaction_type": "Transfer", "amount": "100", "account": "Giro", "to_account": "Dollars", "rate": "1.08",
        "date": "2026-02-16",
    });
    post("transactions", transfer);
    let before_opening =
        json!({"transaction_type": "Income", "amount": "5", "account": "Visa", "date": "2026-01-30"});
    post("transactions", before_opening);
    let early = json!({"date": "2026-01-31"}).to_string();
    let answer = client.send(&Method::DELETE, &format!("{ADA}/accounts/Visa"), &[], Some(&early)).expect(422);
    assert_eq!((answer.code(), answer.field()), ("closed_before_opened", "date"));
    client.send(&Method::DELETE, &format!("{ADA}/accounts/Visa"), &[], None).expect(200);
    // Whatever is shown can be given back: it changes nothing.
    for item in
        client.get(&format!("{ADA}/transactions")).expect(200).body["items"].as_array().expect("a list")
    {
        let path = format!("transactions/{}", item["id"].as_str().expect("an id"));
        assert_eq!(put(&path, item.clone())["events"], json!([]), "{item}");
    }
    let named = json!({"id": "by-name", "transaction_type": "Expense", "amount": "1", "date": "2026-02-16", "excluded": true});
    assert_eq!(post("transactions", named)["id"], "by-name");
    client.send(&Method::DELETE, &format!("{ADA}/transactions/by-name"), &[], None).expect(200);

    let before = figures(&client);
    let [preferences, accounts, budgets, month, early, late, _] = &before[..] else {
        panic!("seven answers")
    };
    assert_eq!((&preferences["month_start"], &preferences["base_currency"]), (&json!(25), &json!("EUR")));
    let balance = |n: usize| (&accounts["items"][n]["name"], &accounts["items"][n]["balance"]);
    assert_eq!(balance(0), (&json!("Giro"), &json!("881.50")));
    assert_eq!(balance(1), (&json!("Dollars"), &json!("108.00")));
    assert_eq!(balance(2), (&json!("Visa"), &json!("-50")));
    assert_eq!(accounts["items"][2]["opening_balance"], "-55");
    assert!(accounts["items"][2]["closed"].is_string(), "{accounts}");
    assert_eq!(budgets["items"][0]["spent"], "18.50");
    assert_eq!((&month["expense"], &month["income"]), (&json!("18.50"), &json!("5")));
    assert_eq!(early["net_worth"], "931.50", "981.50 in the giro, less 50 owed: {early}");
    assert_eq!(late["net_worth"], "931.40", "881.50 − 50 + 108 dollars at 0.925: {late}");
    assert!(late["position"].is_string());

    let closed = json!({"transaction_type": "Expense", "amount": "1", "account": "Visa"});
    assert_eq!(refused(&client, "transactions", &closed), ("account_closed".into(), "account".into()));
    let unknown = json!({"transaction_type": "Expense", "amount": "1", "account": "Sock"});
    assert_eq!(refused(&client, "transactions", &unknown), ("unknown_account".into(), "account".into()));
    let rate = json!({"from": "USD", "to": "EUR", "rate": "1e400"});
    assert_eq!(refused(&client, "exchange-rates", &rate), ("invalid_rate".into(), "rate".into()));
    let answer =
        client.send(&Method::PUT, &format!("{ADA}/preferences"), &[], Some(r#"{"time_zone":"Mars"}"#));
    assert_eq!(answer.expect(422).code(), "unknown_time_zone");

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    let after = figures(&client);
    for (now, before) in after.iter().zip(&before) {
        let (mut now, mut before) = (now.clone(), before.clone());
        // Refused commands have moved the position on.
        for report in [&mut now, &mut before] {
            report.as_object_mut().expect("an object").remove("position");
        }
        assert_eq!(now, before);
    }
    // The rate page is read again.
    let again = give(&client, &Method::POST, "transactions", &dinner, 201);
    assert_eq!(again["events"][0]["data"]["account_amount"], "-18.50");
}
