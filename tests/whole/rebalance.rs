//! Nodes come and go in good order while commands keep coming: each is decided exactly once, and any node takes any user's.

use crate::support;
use crate::support::cluster::Cluster;
use crate::support::load::{self, Load};

#[test]
fn a_node_joins_and_leaves_under_load_and_every_command_is_decided_exactly_once() {
    let mut cluster = Cluster::start(1);
    // The load knows both addresses from the start: what is not there yet is tried and left.
    cluster.join(&[]);
    let client = cluster.client();
    let load = Load::start(&client, "user", 6, 3, 3);
    load.goes_on(100);
    for _ in 0..2 {
        cluster.nodes[1].wait_ready();
        support::wait_until("the second node to decide something", || {
            cluster.nodes[1].metric("centime_commands_total") > 0.0
        });
        load.goes_on(100);
        assert!(cluster.nodes[1].terminate().success(), "{}", cluster.nodes[1].log_tail());
        load.goes_on(100);
        cluster.nodes[1].restart();
    }
    cluster.nodes[1].wait_ready();
    let mut stories = load.stop();
    load::end_and_check_feeds(&client, &mut stories);
    load::transactions_are_the_oracles(&client, &stories);
    cluster.check_topics(&stories);

    // Both own users by now; each answers for all of them, and reads what the other has just written.
    let [one, other] = [0, 1].map(|n| cluster.nodes[n].client());
    let (before, data) = ([0, 1].map(|n| cluster.nodes[n].metric("centime_commands_total")), expense());
    for n in 0..30 {
        let user = format!("both-{n}");
        let path = format!("/v1/users/{user}/transactions");
        for (id, writer, reader) in [("a", &one, &other), ("b", &other, &one)] {
            let answer = writer.decide(&user, "create_transaction", id, &data).expect(201);
            let position = [("centime-position", answer.position())];
            let found = reader.insist(&reqwest::Method::GET, &path, &position, None).expect(200).body;
            let there =
                found["items"].as_array().is_some_and(|items| items.iter().any(|item| item["id"] == id));
            assert!(there, "{user}'s {id} written through one node, read through the other: {found}");
        }
    }
    support::wait_until("both nodes to have decided some of them", || {
        (0..2).all(|n| cluster.nodes[n].metric("centime_commands_total") > before[n])
    });
}

/// In a cooperative rebalance a node gives partitions up first and joins again to have them dealt out. Killed in between, it
/// comes back under its name to what it had kept: the rest must not stay with nobody.
#[test]
fn what_a_node_gave_up_right_before_its_death_is_served_again() {
    let mut cluster = Cluster::start(2);
    let client = cluster.client();
    let load = Load::start(&client, "orphan", 4, 3, 5);
    load.goes_on(50);
    cluster.nodes[1].freeze();
    support::wait_until("the other to take everything over", || {
        cluster.nodes[0].said("partitions assigned") >= 2
    });
    let revoked = cluster.nodes[0].said("partitions revoked");
    cluster.nodes[1].thaw();
    support::wait_until("it to give some back", || cluster.nodes[0].said("partitions revoked") > revoked);
    cluster.nodes[0].kill();
    cluster.nodes[0].restart();
    for node in &cluster.nodes {
        node.wait_ready();
    }
    load.goes_on(50);
    let mut stories = load.stop();
    load::end_and_check_feeds(&client, &mut stories);
    load::transactions_are_the_oracles(&client, &stories);
    cluster.check_topics(&stories);
}

/// With more nodes than partitions one has none: it is ready all the same, and hands on what it is asked.
#[test]
fn a_node_without_partitions_is_ready_and_answers_for_the_others() {
    let cluster = Cluster::with_partitions(2, 1);
    for (n, node) in cluster.nodes.iter().enumerate() {
        let answer = node.client().decide("ann", "create_transaction", &format!("t-{n}"), &expense());
        answer.expect(201);
        node.client().get("/health/ready").expect(200);
    }
    let decided = [0, 1].map(|n| cluster.nodes[n].metric("centime_commands_total") > 0.0);
    assert_ne!(decided[0], decided[1], "one partition, one owner");
}

/// A node that slept through losing its partitions must not answer from its memory, however quickly it is asked.
#[test]
fn a_node_back_from_a_long_freeze_does_not_answer_from_the_past() {
    let cluster = Cluster::start(2);
    let [awake, frozen] = [0, 1].map(|n| cluster.nodes[n].client());
    let users: Vec<String> = (0..24).map(|n| format!("past-{n}")).collect();
    for user in &users {
        frozen.decide(user, "create_transaction", "before", &expense()).expect(201);
    }
    let taken = cluster.nodes[0].said("partitions assigned");
    cluster.nodes[1].freeze();
    support::wait_until("the other to take everything over", || {
        cluster.nodes[0].said("partitions assigned") > taken
    });
    for user in &users {
        awake.decide(user, "create_transaction", "after", &expense()).expect(201);
    }
    // Asked while it sleeps: the questions are the first it sees when it wakes.
    let answers = std::thread::scope(|scope| {
        let ask = |user: &String| {
            let (client, path) = (frozen.clone(), format!("/v1/users/{user}/transactions"));
            scope.spawn(move || client.get(&path))
        };
        let asked: Vec<_> = users.iter().map(ask).collect();
        std::thread::sleep(std::time::Duration::from_millis(500));
        cluster.nodes[1].thaw();
        asked.into_iter().map(|answer| answer.join().expect("no panic")).collect::<Vec<_>>()
    });
    for (user, answer) in users.iter().zip(answers) {
        let old = answer.status == 200 && !answer.text.contains("\"after\"");
        assert!(!old, "{user} is told of the past: {}", answer.text);
    }
}

fn expense() -> serde_json::Value {
    serde_json::json!({"transaction_type": "Expense", "amount": "1", "category": "Food", "date": "2026-02-03"})
}
