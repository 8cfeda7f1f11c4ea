//! Export, then restore, through the release binary: another user and another server answer everything alike, a kill -9 in the
//! middle is no matter, and the restored user's export is the same file.

use crate::support::http::{Answer, Client, RUNTIME};
use crate::support::server::Server;
use crate::support::wait_until;
use futures::StreamExt;
use futures::stream;
use reqwest::Method;
use serde_json::{Value, json};
use std::convert::Infallible;

/// Accounts, rates, budgets, an import taken back and one that stays, forecasts, changes, deletions, refusals.
fn beginning() -> Vec<(&'static str, Value)> {
    let rows = |payee: &str| {
        let row = |day: u32| json!({"date": format!("2025-01-{day:02}"), "amount": "-7.125", "payee": payee, "category": "Food"});
        (1..=20).map(row).collect::<Vec<_>>()
    };
    vec![
        (
            "set_preferences",
            json!({"time_zone": "Europe/Berlin", "month_start": 25, "thresholds": [50, 100]}),
        ),
        (
            "open_account",
            json!({"id": "giro", "name": "Giro", "opened": "2025-01-01", "opening_balance": "100"}),
        ),
        ("open_account", json!({"id": "usd", "name": "Dollars", "currency": "USD", "opened": "2025-01-01"})),
        ("record_exchange_rate", json!({"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.9234"})),
        ("set_budget", json!({"category": "Food", "limit": "100", "from": "2025-01", "policy": "carry"})),
        ("set_budget", json!({"category": "Rent", "limit": "800", "from": "2025-01"})),
        ("import_transactions", json!({"import_id": "wrong", "account": "giro", "rows": rows("Wrong")})),
        ("undo_import", json!({"id": "wrong"})),
        (
            "import_transactions",
            json!({"import_id": "right", "account": "giro", "source": "csv", "rows": rows("Shop")}),
        ),
        ("create_transaction", json!({"amount": 5})),
    ]
}

/// A year of a busy person.
fn year(client: &Client, user: &str) -> String {
    let mut n = 0;
    let mut position = String::new();
    let mut give = |kind: &str, data: &Value| {
        let answer = client.command(user, kind, &format!("c{n}"), data);
        assert!(answer.status < 300 || answer.status == 422, "{}", answer.text);
        answer.position().clone_into(&mut position);
        n += 1;
        n - 1
    };
    for (kind, data) in beginning() {
        give(kind, &data);
    }
    for day in 0..360 {
        let date = format!("2025-{:02}-{:02}", day / 30 + 1, day % 28 + 1);
        let food = json!({"transaction_type": "Expense", "amount": format!("{}.50", day % 17 + 1), "category": "Food", "date": date, "account": "giro", "note": "é\n☂"});
        let last = give("create_transaction", &food);
        let abroad = json!({"transaction_type": "Expense", "amount": "9.99", "currency": "USD", "category": "Trip", "date": date, "account": "usd", "tags": ["a", "b"]});
        give("create_transaction", &abroad);
        match day % 9 {
            0 => give(
                "create_transaction",
                &json!({"transaction_type": "Transfer", "amount": "20", "account": "giro", "to_account": "usd", "date": date}),
            ),
            1 => give(
                "update_transaction",
                &json!({"id": format!("c{last}"), "amount": "3.25", "category": "Rent"}),
            ),
            2 => give("delete_transaction", &json!({"id": format!("c{last}")})),
            3 => give(
                "create_transaction",
                &json!({"transaction_type": "Income", "amount": "900", "category": "Work", "date": date, "splits": [{"category": "Work", "amount": "800"}, {"category": "Bonus", "amount": "100"}]}),
            ),
            4 => give("generate_forecast", &json!({"as_of": date, "months": 2})),
            5 => give("delete_transaction", &json!({"id": "nothing"})),
            _ => 0,
        };
    }
    position
}

/// What a user may ask, without where it holds.
fn answers(client: &Client, user: &str, position: &str) -> Vec<Value> {
    let mut paths: Vec<String> = [
        "preferences",
        "balance",
        "accounts",
        "accounts/giro",
        "transactions/c12",
        "reports/year?year=2025",
        "reports/year?year=2025&currency=USD",
        "reports/cash-flow?from=2024-12&to=2026-01",
        "reports/category-trend?category=Food&from=2025-01&to=2025-12",
    ]
    .map(str::to_owned)
    .into();
    paths.extend((1..=12).flat_map(|month| {
        [format!("budgets?month=2025-{month:02}"), format!("reports/month?month=2025-{month:02}")]
    }));
    paths.extend((1..=12).map(|month| format!("reports/net-worth?as_of=2025-{month:02}-15")));
    let mut all: Vec<Value> = paths
        .iter()
        .map(|path| {
            let mut body = client.get_at(&format!("/v1/users/{user}/{path}"), position).expect(200).body;
            body.as_object_mut().expect("an object").remove("position");
            body
        })
        .collect();
    all.extend(client.all_items(&format!("/v1/users/{user}/transactions")));
    all
}

fn export(client: &Client, user: &str) -> String {
    client.get(&format!("/v1/users/{user}/export")).expect(200).text
}

/// The lines of an export without what another place in a journal, and another user's name, change.
fn lines(file: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        for name in ["subject", "sequence", "id"] {
            assert!(line.as_object_mut().expect("an object").remove(name).is_some());
        }
        line
    };
    file.lines().map(line).collect()
}

fn restore(client: &Client, user: &str, file: &str) -> Answer {
    client.send(&Method::POST, &format!("/v1/users/{user}/restore"), &[], Some(file))
}

#[test]
fn an_export_comes_back_for_another_user_and_on_another_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::start(&folder.path().join("first"), &[]);
    let client = first.client();
    let position = year(&client, "ada");
    let (file, expected) = (export(&client, "ada"), answers(&client, "ada", &position));
    assert!(file.lines().count() > 800, "{}", file.lines().count());
    assert!(file.contains("budget_exceeded"), "alerts are among them");

    let restored = restore(&client, "eve", &file).expect(201);
    assert_eq!(
        (&restored.body["subject"], &restored.body["events"]),
        (&json!("ada"), &json!(file.lines().count()))
    );
    assert!(restored.body["parts"].as_u64().is_some_and(|parts| parts > 2), "{}", restored.text);
    assert_eq!(answers(&client, "eve", restored.position()), expected);
    assert_eq!(lines(&export(&client, "eve")), lines(&file));

    killed_in_the_middle(&folder.path().join("second"), &file, &expected);
    hostile(&client, &file);
}

/// On a fresh server the same user's export is the same to the letter, but for the place in the journal.
fn killed_in_the_middle(data: &std::path::Path, file: &str, expected: &[Value]) {
    let mut server = Server::start(data, &[]);
    let client = server.client();
    let most = file.floor_char_boundary(file.len() / 4 * 3);
    let begun = stream::iter([Ok::<_, Infallible>(file[..most].to_owned())]).chain(stream::pending());
    let request = client.request(&Method::POST, "/v1/users/ada/restore", &[], None);
    let sending = RUNTIME.spawn(async move { request.body(reqwest::Body::wrap_stream(begun)).send().await });
    wait_until("the first part", || {
        client.get("/v1/users/ada/balance").body["items"].as_array().is_some_and(|items| !items.is_empty())
    });
    let food = json!({"category": "Food", "limit": "1"});
    let answer = client.command("ada", "set_budget", "early", &food).expect(422);
    assert_eq!(answer.code(), "restore_in_progress");
    server.kill();
    drop(RUNTIME.block_on(sending).expect("it ended"));
    server.restart();
    server.wait_ready();
    let client = server.client();
    let answer = client.command("ada", "set_budget", "early again", &food).expect(422);
    assert_eq!(answer.code(), "restore_in_progress", "the half is remembered");

    let restored = restore(&client, "ada", file).expect(201);
    assert_eq!(answers(&client, "ada", restored.position()), expected);
    let again = restore(&client, "ada", file).expect(201);
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &restored.body));
    let own = |text: &str| -> Vec<Value> {
        let mut lines = lines(text);
        for (line, raw) in lines.iter_mut().zip(text.lines()) {
            let raw: Value = serde_json::from_str(raw).expect("JSON");
            line["id"] = raw["id"].clone();
            line["subject"] = raw["subject"].clone();
        }
        lines
    };
    assert_eq!(own(&export(&client, "ada")), own(file));
    // A command of the past is answered as it was then, and has no second effect.
    let (kind, data) = &beginning()[4];
    let answer = client.command("ada", kind, "c4", data).expect(201);
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    assert_eq!(answer.body["events"][0]["data"]["policy"], "carry");

    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    assert_eq!(answers(&client, "ada", restored.position()), expected, "a crash changes nothing");
    client.send(&Method::DELETE, "/v1/users/ada", &[("idempotency-key", "goodbye")], None).expect(200);
    let restored = restore(&client, "ada", file).expect(201);
    assert_eq!(restored.header("idempotent-replayed"), None);
    assert_eq!(answers(&client, "ada", restored.position()), expected);
}

fn hostile(client: &Client, file: &str) {
    let refused = |user: &str, file: &str, code: &str| -> Value {
        let answer = restore(client, user, file).expect(422);
        assert_eq!(answer.code(), code, "{}", answer.text);
        answer.body["line"].clone()
    };
    assert_eq!(refused("eve", &file.replace("1.50", "1.60"), "user_not_empty"), Value::Null);
    let cut = file.floor_char_boundary(file.len() - 100);
    assert_eq!(refused("h1", &file[..cut], "invalid_line"), json!(file.lines().count()));
    // One that is the last event of its command.
    let command = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["causationid"].clone();
    let all: Vec<&str> = file.lines().collect();
    let is_last = |n: &usize| all[*n].contains("budget_exceeded") && command(all[*n]) != command(all[*n + 1]);
    let alert = (0..all.len() - 1).find(is_last).expect("an alert");
    let kept = all.iter().enumerate().filter(|(n, _)| *n != alert);
    let without: String = kept.flat_map(|(_, line)| [line, "\n"]).collect();
    assert_eq!(refused("h2", &without, "event_missing"), json!(alert + 1));
    let spent = file.lines().nth(alert).expect("it is there").replace("\"spent\":\"", "\"spent\":\"1");
    let told = all.iter().enumerate().map(|(n, line)| if n == alert { &spent } else { *line });
    let forged: String = told.flat_map(|line| [line, "\n"]).collect();
    assert_eq!(refused("h3", &forged, "event_does_not_follow"), json!(alert + 1));
    let long = format!("{file}{}", "x".repeat(10 << 20));
    assert_eq!(refused("h4", &long, "line_too_long"), json!(file.lines().count() + 1));
    // What was refused in the middle may be corrected: the parts before it are not sent for nothing.
    restore(client, "h4", file).expect(201);
    assert_eq!(lines(&export(client, "h4")), lines(file));
}
