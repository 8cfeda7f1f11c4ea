//! Figures as of an earlier position, through the release binary: later edits change today's figure, not the earlier one; neither does
//! a kill -9. An erasure takes the earlier ones, too.

use crate::support::http::Client;
use crate::support::server::Server;
use reqwest::Method;
use serde_json::{Value, json};

const PATHS: [&str; 7] = [
    "budgets?month=2026-02",
    "reports/month?month=2026-02",
    "reports/year?year=2026",
    "reports/cash-flow?from=2026-01&to=2026-03",
    "reports/category-trend?category=Food&from=2026-01&to=2026-03",
    "reports/net-worth?as_of=2026-02-10",
    "reports/net-worth?as_of=2026-03-01",
];

/// A command for ada, and noise of somebody else's. Answers the position.
fn give(client: &Client, id: &str, kind: &str, data: &Value) -> String {
    let answer = client.command("ada", kind, id, data);
    assert!(answer.status < 300, "{}", answer.text);
    client.command("bob", "create_transaction", id, &spent("5", "2026-02-01")).expect(201);
    answer.position().to_owned()
}

fn spent(amount: &str, date: &str) -> Value {
    json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": date})
}

fn from_giro(amount: &str, date: &str) -> Value {
    let mut expense = spent(amount, date);
    expense["account"] = json!("Giro");
    expense
}

/// All figures, now or as of a position, as they are but for where they hold.
fn figures(client: &Client, at: Option<&str>) -> Vec<Value> {
    let ask = |path: &&str| {
        let path =
            format!("/v1/users/ada/{path}{}", at.map_or(String::new(), |at| format!("&position={at}")));
        let answer = client.get(&path).expect(200);
        if let Some(at) = at {
            assert_eq!(answer.position(), at);
        }
        let mut body = answer.body.clone();
        if let Some(position) = body.as_object_mut().expect("an object").remove("position") {
            assert_eq!(position, answer.position());
        }
        body
    };
    PATHS.iter().map(ask).collect()
}

/// A past, and the figures at some of its positions.
fn past(client: &Client) -> Vec<(String, Vec<Value>)> {
    let mut known = Vec::new();
    let mut note = |position: String| known.push((position, figures(client, None)));
    give(client, "p", "set_preferences", &json!({"month_start": 5, "time_zone": "Europe/Berlin"}));
    give(
        client,
        "a",
        "open_account",
        &json!({"name": "Giro", "opened": "2026-01-01", "opening_balance": "1000"}),
    );
    note(give(
        client,
        "b",
        "set_budget",
        &json!({"category": "Food", "limit": "100", "from": "2026-01", "policy": "carry"}),
    ));
    for n in 1..=70 {
        let date = format!("2026-{:02}-{:02}", n % 3 + 1, n % 28 + 1);
        let position = give(client, &format!("t{n}"), "create_transaction", &from_giro("3.50", &date));
        if n % 30 == 0 {
            note(position);
        }
    }
    note(give(client, "u", "update_transaction", &json!({"id": "t1", "amount": "50"})));
    note(give(client, "d", "delete_transaction", &json!({"id": "t2"})));
    note(give(client, "b2", "set_budget", &json!({"category": "Food", "limit": "10", "from": "2026-02"})));
    known
}

fn check(client: &Client, known: &[(String, Vec<Value>)]) {
    for (position, expected) in known {
        assert_eq!(&figures(client, Some(position)), expected, "as of {position}");
    }
}

fn refused(client: &Client, position: &str, code: &str) {
    let answer =
        client.get(&format!("/v1/users/ada/reports/month?month=2026-02&position={position}")).expect(400);
    assert_eq!((answer.code(), answer.field()), (code, "position"), "{position}");
}

#[test]
fn earlier_figures_stay_whatever_comes_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let client = server.client();
    let known = past(&client);
    assert!(known.windows(2).all(|pair| pair[0].1 != pair[1].1), "each position has figures of its own");
    check(&client, &known);
    server.kill();
    server.restart();
    server.wait_ready();
    let client = server.client();
    check(&client, &known);

    let (last, _) = known.last().expect("some");
    let (partition, sequence) = last.split_once(':').expect("a position");
    let sequence: u64 = sequence.parse().expect("a number");
    refused(&client, &format!("{partition}:{}", sequence + 1_000), "unknown_position");
    let other = partition.parse::<u16>().expect("a number") + 1;
    refused(&client, &format!("{other}:1"), "unknown_position");
    refused(&client, "yesterday", "invalid_position");
    let nothing = figures(&client, Some(&format!("{partition}:0")));
    assert_eq!(nothing[0]["items"], json!([]), "before everything there was nothing");

    let goodbye =
        client.send(&Method::DELETE, "/v1/users/ada", &[("idempotency-key", "bye")], None).expect(200);
    assert_eq!(figures(&client, Some(last)), nothing, "what was erased was never there");
    let new = give(&client, "new", "create_transaction", &spent("7", "2026-02-10"));
    let now = figures(&client, None);
    give(&client, "newer", "create_transaction", &spent("8", "2026-02-10"));
    assert_eq!(figures(&client, Some(&new)), now);
    assert_eq!(figures(&client, Some(goodbye.position())), nothing);
}

#[test]
fn in_memory_they_are_there_as_well_and_so_is_what_was_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &["--bus", "inmemory"]);
    let client = server.client();
    let known = past(&client);
    check(&client, &known);
    let file = client.get("/v1/users/ada/export").expect(200).text;
    client.send(&Method::DELETE, "/v1/users/ada", &[("idempotency-key", "bye")], None).expect(200);
    let restored = client.send(&Method::POST, "/v1/users/ada/restore", &[], Some(&file)).expect(201);
    give(&client, "later", "create_transaction", &from_giro("9", "2026-02-10"));
    assert_eq!(figures(&client, Some(restored.position())), known.last().expect("some").1);
}
