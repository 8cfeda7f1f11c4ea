//! What comes again, through the release binary: declared and detected, missed as the engine's clock goes on, and after a kill -9
//! as before, nothing told twice.

use crate::support::cluster::Cluster;
use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::topics::{Record, read_committed};
use crate::support::wait_until;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const ADA: &str = "/v1/users/ada";

fn give(client: &Client, method: &Method, path: &str, body: &Value, status: u16) -> Value {
    client.send(method, &format!("{ADA}/{path}"), &[], Some(&body.to_string())).expect(status).body
}

fn pay(client: &Client, payee: &str, amount: &str, date: &str) -> Vec<Value> {
    let body = json!({"transaction_type": "Expense", "amount": amount, "payee": payee, "date": date});
    let answer = give(client, &Method::POST, "transactions", &body, 201);
    answer["events"].as_array().expect("events").iter().skip(1).cloned().collect()
}

fn recurring(client: &Client) -> Value {
    client.get(&format!("{ADA}/recurring")).expect(200).body
}

/// The due dates told as missed, from all events there are.
fn missed(client: &Client) -> Vec<String> {
    let export = client.get(&format!("{ADA}/export")).expect(200).text;
    let events = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let missed = events.filter(|event| event["type"] == "recurring_missed");
    missed
        .map(|event| {
            format!("{} #{}", event["data"]["due"].as_str().expect("a date"), event["data"]["in_a_row"])
        })
        .collect()
}

fn move_clock(client: &Client, day: &str) {
    let to = json!({"to": format!("{day}T09:00:00Z")}).to_string();
    client.send(&Method::POST, "/v1/admin/clock", &[], Some(&to)).expect(200);
}

#[test]
fn what_comes_again_survives_a_kill_and_is_missed_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data, &["--clock", "2026-02-10T12:00:00Z"]);
    let client = server.client();
    let rent = json!({"transaction_type": "Expense", "payee": "Landlord", "amount": "800", "cadence": "monthly", "starts": "2026-01-31"});
    give(&client, &Method::POST, "recurring", &rent, 201);
    // So many others that the last payments of all of them do not fit the root page.
    for date in ["2025-12-10", "2026-01-10"] {
        for payee in 0..30 {
            assert_eq!(pay(&client, &format!("Payee {payee}"), "5", date), Vec::<Value>::new());
        }
    }
    let detected = pay(&client, "payee 3", "5.00", "2026-02-10");
    assert_eq!((detected.len(), &detected[0]["type"]), (1, &json!("recurring_detected")), "{detected:?}");
    let id = detected[0]["data"]["id"].as_str().expect("an id").to_owned();
    let before = recurring(&client);
    assert_eq!(before["items"][0]["next_due"], "2026-02-28", "{before}");
    assert_eq!(
        (&before["items"][1]["id"], &before["items"][1]["next_due"]),
        (&json!(id), &json!("2026-03-10"))
    );

    drop(server);
    let server = Server::start(&data, &["--clock", "2026-02-11T12:00:00Z"]);
    let client = server.client();
    assert_eq!(recurring(&client), before);
    let found = pay(&client, "Payee 7", "5", "2026-02-10");
    assert_eq!(
        found[0]["data"]["evidence"].as_array().map(Vec::len),
        Some(3),
        "pages are read again: {found:?}"
    );
    move_clock(&client, "2026-03-06");
    wait_until("the missed rent to be told though nobody sent anything", || missed(&client).len() == 1);
    assert_eq!(missed(&client), ["2026-02-28 #1"]);
    assert_eq!(pay(&client, "Somebody", "1", "2026-03-06"), Vec::<Value>::new(), "told already");
    let changed = pay(&client, "PAYEE 3", "6", "2026-03-10");
    assert_eq!(
        (&changed[0]["type"], &changed[0]["data"]["percent"]),
        (&json!("recurring_price_changed"), &json!("20"))
    );
    let before = recurring(&client);

    drop(server);
    let server = Server::start(&data, &["--clock", "2026-03-10T12:00:00Z"]);
    let client = server.client();
    assert_eq!(recurring(&client), before);
    assert_eq!(pay(&client, "Somebody", "1", "2026-03-10"), Vec::<Value>::new(), "told once");
    assert_eq!(missed(&client).len(), 1);
    assert_eq!(pay(&client, "Landlord", "800", "2026-03-09"), Vec::<Value>::new(), "late");
    let shown = recurring(&client);
    assert_eq!(
        (&shown["items"][0]["missed"], &shown["items"][0]["last_seen"]),
        (&json!([]), &json!("2026-03-09"))
    );
    give(&client, &Method::DELETE, &format!("recurring/{id}"), &json!({}), 200);
    assert_eq!(recurring(&client)["items"].as_array().map(Vec::len), Some(2));
}

fn rent(starts: &str) -> Value {
    json!({"transaction_type": "Expense", "payee": "Landlord", "amount": "800", "cadence": "monthly", "starts": starts})
}

#[test]
fn what_is_missed_while_centime_is_down_is_told_when_it_is_back_also_without_its_pages() {
    for without_pages in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let mut server =
            Server::start(&data, &["--clock", "2026-02-10T12:00:00Z", "--write-behind", "100ms"]);
        give(&server.client(), &Method::POST, "recurring", &rent("2026-02-12"), 201);
        // In good order, so that its pages are there.
        assert!(server.terminate().success());
        if without_pages {
            std::fs::remove_dir_all(data.join("sled")).expect("the pages can be removed");
        }
        drop(server);
        let mut server = Server::start(&data, &["--clock", "2026-03-20T12:00:00Z"]);
        let client = server.client();
        if without_pages {
            // Its alarm is set in the past: what else was sent meanwhile comes first, for an hour.
            std::thread::sleep(Duration::from_secs(1));
            assert_eq!(missed(&client), Vec::<String>::new());
            move_clock(&client, "2026-03-21");
        }
        let both = ["2026-02-12 #1", "2026-03-12 #2"];
        wait_until("both to be told", || missed(&client) == both);
        server.kill();
        server.restart();
        server.wait_ready();
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(missed(&server.client()), both, "not again");
    }
}

/// Who was told of which missed due date, from the topic.
fn missed_on_kafka(broker: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let events = read_committed(broker, "events.recurring_missed");
    let events = events.iter().map(Record::envelope);
    let mut missed: Vec<_> =
        events.map(|event| (text(&event["subject"]), text(&event["data"]["due"]))).collect();
    missed.sort();
    missed
}

#[test]
fn on_kafka_each_is_told_once_and_by_the_node_that_took_over() {
    let mut cluster = Cluster::start(0);
    for _ in 0..2 {
        cluster.join(&["--clock", "2026-02-10T12:00:00Z"]);
    }
    cluster.nodes.iter().for_each(Server::wait_ready);
    let (client, broker) = (cluster.client(), cluster.broker.address());
    let users: Vec<String> = (10..22).map(|user| format!("user-{user}")).collect();
    for user in &users {
        client.decide(user, "declare_recurring", "rent", &rent("2026-02-12")).expect(201);
    }
    let all = |days: &[&str]| -> Vec<(String, String)> {
        users.iter().flat_map(|user| days.iter().map(|day| (user.clone(), (*day).to_owned()))).collect()
    };
    cluster.nodes.iter().for_each(|node| move_clock(&node.client(), "2026-02-20"));
    wait_until("all to be told", || missed_on_kafka(&broker).len() >= users.len());
    assert_eq!(missed_on_kafka(&broker), all(&["2026-02-12"]));

    cluster.nodes[0].kill();
    let other = cluster.nodes[1].client();
    for user in &users {
        other.insist(&Method::GET, &format!("/v1/users/{user}/recurring"), &[], None).expect(200);
    }
    move_clock(&other, "2026-03-20");
    wait_until("all to be told again", || missed_on_kafka(&broker).len() >= 2 * users.len());
    assert_eq!(missed_on_kafka(&broker), all(&["2026-02-12", "2026-03-12"]));
}
