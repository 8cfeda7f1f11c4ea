//! What the Kafka log refuses to start on, and what it refuses to skip. On a broker of its own: these tests spoil topics.

#![allow(clippy::unwrap_used)]

mod kafka_support;

use centime_engine::KafkaConfig;
use centime_engine::log::kafka::KafkaLog;
use centime_engine::log::{Log, LogError};
use futures::executor::block_on;
use kafka_support::*;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

type Admin = AdminClient<DefaultClientContext>;

fn set_retention(admin: &Admin, value: &str) {
    let kept = [("cleanup.policy", "delete"), ("retention.bytes", "-1"), ("retention.ms", value)];
    alter(admin, "centime.journal", &kept);
}

/// Replaces the whole configuration.
fn alter(admin: &Admin, topic: &str, settings: &[(&str, &str)]) {
    let all = AlterConfig::new(ResourceSpecifier::Topic(topic)).set("max.message.bytes", "4194304");
    let all = settings.iter().fold(all, |all, (key, value)| all.set(key, value));
    for result in block_on(admin.alter_configs([&all], &AdminOptions::new())).unwrap() {
        result.unwrap();
    }
    // A broker answers before it knows itself what was changed.
    wait_for("the settings to show", || {
        let topic = ResourceSpecifier::Topic(topic);
        let described = block_on(admin.describe_configs([&topic], &AdminOptions::new())).unwrap().remove(0);
        let described = described.unwrap();
        let shows = |(key, value): &(&str, &str)| described.get(key).unwrap().value.as_deref() == Some(value);
        settings.iter().all(shows).then_some(())
    });
}

/// Names of all topics but Kafka's own.
fn names(admin: &Admin) -> Vec<String> {
    let all = admin.inner().fetch_metadata(None, Duration::from_secs(5)).unwrap();
    let names = all.topics().iter().map(|topic| topic.name().to_owned());
    names.filter(|name| !name.starts_with("__")).collect()
}

fn refusal() -> String {
    refusal_of(config("topics", "a"))
}

fn refusal_of(config: KafkaConfig) -> String {
    match KafkaLog::open(config) {
        Err(LogError::Setup(text)) => text,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

#[test]
fn wrong_topics_are_refused_by_name_and_lost_commands_are_not_skipped() {
    let admin: Admin = client().create().unwrap();
    let few = NewTopic::new("commands.any", 5, TopicReplication::Fixed(1));
    block_on(admin.create_topics([&few], &AdminOptions::new())).unwrap();
    let text = refusal();
    assert!(text.contains("commands.any: found 5 partitions, wanted 12"), "{text}");
    assert_eq!(names(&admin), ["commands.any"], "nothing is made beside topics that are wrong");
    block_on(admin.delete_topics(&["commands.any"], &AdminOptions::new())).unwrap().remove(0).unwrap();
    wait_for("the topic to be gone", || {
        let all = admin.inner().fetch_metadata(None, Duration::from_secs(5)).unwrap();
        all.topics().iter().all(|t| t.name() != "commands.any").then_some(())
    });

    drop(KafkaLog::open(config("topics", "a")).unwrap());
    set_retention(&admin, "604800000");
    let text = refusal();
    assert!(text.contains("centime.journal: found retention.ms=604800000, wanted -1"), "{text}");
    set_retention(&admin, "-1");

    let mut other = config("topics", "a");
    other.partitions = 24;
    let text = refusal_of(other);
    assert!(text.contains("centime.journal: found 12 partitions, wanted 24"), "{text}");
    let mut other = config("topics", "a");
    other.event_partitions += 1;
    let text = refusal_of(other);
    assert!(text.contains("topic events.") && text.contains("--event-partitions 3"), "{text}");
    alter(&admin, "events.budget_exceeded", &[("cleanup.policy", "compact")]);
    let text = refusal();
    assert!(text.contains("events.budget_exceeded: found cleanup.policy=compact, wanted delete"), "{text}");
    alter(&admin, "events.budget_exceeded", &[("cleanup.policy", "delete")]);

    let mut comma = config("topics", "a");
    comma.node = "a,b".to_owned();
    assert!(matches!(KafkaLog::open(comma), Err(LogError::Setup(_))), "anchors separate by commas");
    lost_commands(&admin);
}

fn lost_commands(admin: &Admin) {
    let node = Node::start("topics", "a");
    let (epoch, _) = node.taken(0);
    for i in 0..10 {
        let sent = node.log.produce("set_budget", &user_of(0), format!("{i}").into_bytes()).unwrap();
        sent.blocking_recv().unwrap().unwrap();
    }
    assert!(node.log.produce("no_such_type", &user_of(0), vec![]).unwrap().blocking_recv().unwrap().is_err());
    let mut up_to = TopicPartitionList::new();
    up_to.add_partition_offset("commands.set_budget", 0, Offset::Offset(6)).unwrap();
    block_on(admin.delete_records(&up_to, &AdminOptions::new())).unwrap();

    let place = centime_domain::Command::types().iter().position(|t| *t == "set_budget").unwrap();
    let index = u8::try_from(place + 1).unwrap();
    let offsets = |node: &Node| -> Vec<i64> {
        node.notes.records.lock().unwrap().iter().map(|(.., record)| record.offset).collect()
    };
    node.log.resume(0, epoch, &[(index, 3)]);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(
        offsets(&node),
        [] as [i64; 0],
        "3 to 5 are gone: nothing after them is decided as if they had never been"
    );
    node.log.resume(0, epoch, &[(index, 7)]);
    wait_for("what is there", || (offsets(&node) == [7, 8, 9]).then_some(()));
    node.log.stop();

    let mut accepting = config("topics", "a");
    accepting.settings.push(("centime.lost.commands".to_owned(), "skip".to_owned()));
    let node = Node::start_with(accepting);
    node.log.resume(0, node.taken(0).0, &[(index, 3)]);
    wait_for("what is left", || (offsets(&node) == [6, 7, 8, 9]).then_some(()));
}
