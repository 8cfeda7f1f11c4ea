//! A shard reads busy topics of Kafka apart from quiet ones. Whatever topic is which, and whenever that changes: each command
//! takes effect once, none is left out, and a user's keep their order.

use crate::support::cluster::Cluster;
use crate::support::topics::{Producer, read_committed};
use crate::support::wait_until;
use serde_json::json;
use std::thread;
use std::time::Duration;

const USERS: usize = 40;
const PAUSE: Duration = Duration::from_millis(200);

/// As many expenses of each user, a few a second, so that the topic becomes busy in their midst; beside them now and then a budget.
fn stream(producer: &Producer, numbers: std::ops::Range<usize>) {
    for n in numbers {
        for user in 0..USERS {
            let user = format!("user-{user}");
            let expense = json!({"transaction_type": "Expense", "amount": "1.00", "category": "Food"});
            let topic = "commands.create_transaction";
            producer.command(topic, &user, "create_transaction", &format!("{user}-{n:03}"), &expense);
        }
        let (user, budget) =
            (format!("user-{}", n % USERS), json!({"category": "Fun", "limit": format!("{}", n + 1)}));
        producer.command("commands.set_budget", &user, "set_budget", &format!("budget-{n:03}"), &budget);
        producer.flush();
        thread::sleep(PAUSE);
    }
}

#[test]
fn a_topic_that_is_busy_now_and_quiet_then_is_read_without_gap_or_repeat() {
    let cluster = Cluster::start(1);
    let (node, producer) = (&cluster.nodes[0], cluster.producer());
    let busy_topics = || node.metric("centime_busy_topics");
    stream(&producer, 0..1);
    assert!(busy_topics() < 0.5, "one command a user is not much");
    stream(&producer, 1..25);
    wait_until("a busy topic", || busy_topics() > 0.5);
    wait_until("a quiet topic", || busy_topics() < 0.5);
    stream(&producer, 25..50);
    wait_until("a busy topic", || busy_topics() > 0.5);

    let address = cluster.broker.address();
    let created = || read_committed(&address, "events.transaction_created");
    wait_until("all events", || created().len() >= 50 * USERS);
    let mut causes: Vec<String> =
        created().iter().map(|event| event.envelope()["causationid"].to_string()).collect();
    // An events topic has a user's events in order, in one partition.
    causes.sort_by_key(|cause| cause.rsplit_once('-').map(|(user, _)| user.to_owned()));
    assert_eq!(causes.len(), 50 * USERS);
    assert!(causes.is_sorted(), "a user's commands keep their order: {causes:?}");
    assert_eq!(read_committed(&address, "events.budget_set").len(), 50);
}
