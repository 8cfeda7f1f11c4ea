//! One record in a hundred is garbage: every good one takes effect, every bad one is answered or set aside with its bytes
//! and its origin, and the engine goes on.

use crate::support;
use crate::support::cluster::Cluster;
use crate::support::http::Client;
use crate::support::random::Random;
use crate::support::server::{Server, run};
use crate::support::topics::{Producer, Record, envelope, read_committed};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const GOOD: usize = 3_000;
const POISON: &str = "poison-";
const TOPIC: &str = "commands.create_transaction";

fn expense(amount: &Value) -> Value {
    json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": "2026-02-03"})
}

fn user(n: usize) -> String {
    format!("user-{}", n % 50)
}

fn good(n: usize) -> String {
    envelope(&user(n), "create_transaction", &format!("good-{n}"), &expense(&json!("1.00")))
}

/// What can't even be read as a command: its bytes are kept.
fn unreadable() -> Vec<Vec<u8>> {
    let without = |field: &str| {
        let mut whole: Value = serde_json::from_str(&good(1)).expect("JSON");
        whole.as_object_mut().expect("an object").remove(field);
        whole.to_string().into_bytes()
    };
    let with = |field: &str, value: Value| {
        let mut whole: Value = serde_json::from_str(&good(1)).expect("JSON");
        whole[field] = value;
        whole.to_string().into_bytes()
    };
    let mut all = vec![
        b"{".to_vec(),
        b"not JSON at all".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        vec![0xff, 0xfe, 0x00, 0x80],
        "{".repeat(5_000).into_bytes(),
        good(1).replacen("\"id\"", "\"id\":\"twice\",\"id\"", 1).into_bytes(),
        with("subject", json!("no such user")),
        with("subject", json!(7)),
        with("id", json!("")),
        with("specversion", json!("0.3")),
        with("type", json!("make_money")),
        with("time", json!("yesterday")),
        format!("\"{}\"", "x".repeat(900_000)).into_bytes(),
    ];
    all.extend(["specversion", "id", "type", "subject", "data"].map(without));
    all
}

/// Commands that are refused, each with its code.
fn refusable() -> Vec<(Value, &'static str)> {
    let mut long_note = expense(&json!("1"));
    long_note["note"] = json!("x".repeat(900_000));
    vec![
        (expense(&json!(12.5)), "amount_not_a_string"),
        (expense(&json!("1e400")), "amount_not_a_number"),
        (expense(&json!("-1")), "amount_signed"),
        (expense(&json!("9".repeat(29))), "amount_too_large"),
        (json!({"amount": "1"}), "missing_field"),
        (json!([1, 2, 3]), "wrong_type"),
        (long_note, "text_too_long"),
    ]
}

#[test]
fn garbage_on_kafka_is_answered_or_set_aside_and_stops_nobody() {
    let mut cluster = Cluster::start(0);
    cluster.join(&["--panic-id", POISON]);
    cluster.nodes[0].wait_ready();
    let (producer, client) = (cluster.producer(), cluster.client());
    let dead = send_all(&producer);
    let ends: BTreeMap<String, String> = (0..50).map(|n| (user(n), end(&client, &user(n)))).collect();

    // These come by detours, in no order with the rest.
    for id in ["misplaced-0", "misplaced-1", "wrong-key"] {
        support::wait_until(id, || client.get(&format!("/v1/users/user-9/transactions/{id}")).status == 200);
    }
    let address = cluster.broker.address();
    let letters = || read_committed(&address, "commands.dead_letter");
    support::wait_until("all dead letters", || letters().len() >= dead.len());
    check_dead_letters(&letters(), &dead);

    let created = read_committed(&address, "events.transaction_created");
    let mut causes: Vec<String> =
        created.iter().map(|r| r.envelope()["causationid"].as_str().expect("text").to_owned()).collect();
    causes.sort();
    let mut must: Vec<String> = (0..GOOD)
        .map(|n| format!("good-{n}"))
        .chain(["misplaced-0", "misplaced-1", "wrong-key"].map(str::to_owned))
        .collect();
    must.extend(ends.keys().map(|_| "end".to_owned()));
    must.sort();
    assert_eq!(causes, must, "every good record took effect once");

    let rejected = read_committed(&address, "events.command_rejected");
    let mut codes: Vec<String> =
        rejected.iter().map(|r| r.envelope()["data"]["code"].as_str().expect("text").to_owned()).collect();
    codes.sort();
    let mut must: Vec<&str> = refusable().iter().map(|(_, code)| *code).collect();
    must.sort_unstable();
    assert_eq!(codes, must, "every refusable record was answered");
}

/// Sends the good ones with the bad ones strewn in; returns what must become a dead letter: its bytes and its topic.
fn send_all(producer: &Producer) -> Vec<(Vec<u8>, &'static str)> {
    let mut dead: Vec<(Vec<u8>, &'static str)> =
        unreadable().into_iter().map(|bytes| (bytes, TOPIC)).collect();
    dead.push((good(1).into_bytes(), "commands.set_budget"));
    dead.push((good(1).replace("create_transaction", "print_money").into_bytes(), "commands.any"));
    for n in 0..2 {
        let poison = envelope(&user(n), "create_transaction", &format!("{POISON}{n}"), &expense(&json!("1")));
        dead.push((poison.into_bytes(), TOPIC));
    }
    let mut bad: Vec<Bad> =
        dead.iter().map(|(bytes, topic)| (bytes.clone(), *topic, user(1), None)).collect();
    // The poisoned ones lie where their users are.
    let count = bad.len();
    bad[count - 2].2 = user(0);
    for (n, (data, _)) in refusable().into_iter().enumerate() {
        bad.push((
            envelope(&user(n), "create_transaction", &format!("bad-{n}"), &data).into_bytes(),
            TOPIC,
            user(n),
            None,
        ));
    }
    for n in 0..2 {
        let misplaced =
            envelope("user-9", "create_transaction", &format!("misplaced-{n}"), &expense(&json!("1")));
        // On two partitions: at most one of them is its own.
        bad.push((misplaced.into_bytes(), TOPIC, "user-9".to_owned(), Some(n)));
    }
    let wrong_key = envelope("user-9", "create_transaction", "wrong-key", &expense(&json!("1")));
    bad.push((wrong_key.into_bytes(), "commands.any", "somebody-else".to_owned(), None));

    Random::of_this_run().shuffle(&mut bad);
    let mut bad = bad.into_iter();
    for n in 0..GOOD {
        producer.send(TOPIC, None, &user(n), good(n).as_bytes());
        if n % 75 == 0
            && let Some((bytes, topic, key, partition)) = bad.next()
        {
            producer.send(topic, partition, &key, &bytes);
        }
    }
    assert_eq!(bad.len(), 0, "all of the garbage was sent");
    producer.flush();
    dead
}

/// Bytes, topic, key, partition if it is not the key's.
type Bad = (Vec<u8>, &'static str, String, Option<i32>);

fn check_dead_letters(letters: &[Record], must: &[(Vec<u8>, &str)]) {
    let mut left = must.to_vec();
    let mut origins = BTreeSet::new();
    for letter in letters {
        let at = left
            .iter()
            .position(|(bytes, topic)| *bytes == letter.value && *topic == letter.headers["topic"]);
        let at = at.unwrap_or_else(|| {
            panic!("no such garbage: {} {:?}", String::from_utf8_lossy(&letter.value), letter.headers)
        });
        left.swap_remove(at);
        for number in ["partition", "offset"] {
            assert!(letter.headers[number].parse::<u64>().is_ok(), "{:?}", letter.headers);
        }
        assert!(!letter.headers["reason"].is_empty());
        let origin = ["topic", "partition", "offset"].map(|name| letter.headers[name].clone());
        assert!(origins.insert(origin), "two dead letters of one record: {:?}", letter.headers);
    }
    let left: Vec<_> = left
        .iter()
        .map(|(bytes, topic)| (String::from_utf8_lossy(&bytes[..bytes.len().min(80)]), topic))
        .collect();
    assert!(left.is_empty(), "garbage that left no trace: {left:?}");
}

/// A last command over the same way: when it is answered, all before it in its partition have been.
fn end(client: &Client, user: &str) -> String {
    client.decide(user, "create_transaction", "end", &expense(&json!("1"))).expect(201).position().to_owned()
}

#[test]
fn garbage_in_a_file_is_kept_beside_the_journal_and_the_rest_is_applied() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, data) = (folder.path().join("commands.jsonl"), folder.path().join("data"));
    let garbage: Vec<Vec<u8>> = unreadable().into_iter().filter(|bytes| !bytes.contains(&b'\n')).collect();
    let (mut text, mut bad) = (Vec::new(), garbage.iter());
    for n in 0..GOOD {
        text.extend_from_slice(good(n).as_bytes());
        text.push(b'\n');
        if n % 100 == 0
            && let Some(bytes) = bad.next()
        {
            text.extend_from_slice(bytes);
            text.push(b'\n');
        }
    }
    for (n, (command, _)) in refusable().into_iter().enumerate() {
        text.extend_from_slice(
            envelope(&user(n), "create_transaction", &format!("bad-{n}"), &command).as_bytes(),
        );
        text.push(b'\n');
    }
    assert_eq!(bad.len(), 0, "all of the garbage is in the file");
    std::fs::write(&file, text).expect("the file can be written");

    let (file, folder) = (file.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    for time in 1..=2 {
        let (succeeded, _, said) =
            run(&["replay", file, "--format", "jsonl", "--json", "--data-dir", folder]);
        assert!(succeeded, "bad input does not fail a replay: {said}");
        let kept = std::fs::read_to_string(data.join("dead-letters.jsonl")).expect("dead letters");
        let kept =
            kept.lines().map(|line| serde_json::from_str::<Value>(line).expect("a dead letter is JSON"));
        assert_eq!(kept.count(), garbage.len() * time, "each time all of the garbage is kept");
    }
    let server = Server::start(&data, &[]);
    let count: usize = (0..50)
        .map(|n| server.client().all_items(&format!("/v1/users/{}/transactions", user(n))).len())
        .sum();
    assert_eq!(count, GOOD, "every good line, once");
}

#[test]
fn a_command_that_panics_in_its_actor_is_set_aside_and_its_user_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &["--panic-id", POISON]);
    let client = server.client();
    client.command("ada", "create_transaction", "before", &expense(&json!("1"))).expect(201);
    let answer = client.command("ada", "create_transaction", "poison-1", &expense(&json!("2")));
    assert_eq!((answer.status, answer.code()), (500, "poisoned"), "{}", answer.text);
    client.command("ada", "create_transaction", "after", &expense(&json!("3"))).expect(201);
    client.command("bob", "create_transaction", "other", &expense(&json!("4"))).expect(201);
    let ids = |client: &Client| {
        let items = client.all_items("/v1/users/ada/transactions");
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect::<BTreeSet<_>>()
    };
    let expected: BTreeSet<String> = ["before", "after"].map(str::to_owned).into();
    assert_eq!(ids(&client), expected);
    let mut letters = String::new();
    support::wait_until("the dead letter", || {
        letters = std::fs::read_to_string(data.join("dead-letters.jsonl")).unwrap_or_default();
        !letters.is_empty()
    });
    assert_eq!(letters.lines().count(), 1, "{letters}");
    server.kill();
    server.restart();
    server.wait_ready();
    assert_eq!(ids(&client), expected);
}
