//! The topics: their names, their creation, and the refusal to start on wrong ones.

use super::config::{self, MAX_MESSAGE};
use crate::api::KafkaConfig;
use crate::log::LogError;
use centime_domain::{Command, Event};
use futures::executor::block_on;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The journals: one topic, a partition each.
pub(super) const JOURNAL: &str = "centime.journal";
/// What could not be read as a command.
pub(super) const DEAD_LETTERS: &str = "commands.dead_letter";
/// Refusals, for others to see.
pub(super) const REJECTED: &str = "events.command_rejected";

const WAIT: Duration = Duration::from_secs(15);

/// What a topic's configuration must be. A compacted topic keeps a user's last record only.
const ANY_CONFIG: [(&str, &str); 1] = [("cleanup.policy", "delete")];
/// And the journal's: kept for ever.
const JOURNAL_CONFIG: [(&str, &str); 3] =
    [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];

/// Names of all topics, by index.
#[derive(Debug)]
pub(super) struct Names {
    /// `commands.any`, then `commands.<type>` in registry order. Commit records hold the index for ever, so the registry
    /// may only grow at its end (and `any` can't stand there).
    pub(super) commands: Vec<String>,
    /// `events.<type>` in registry order.
    pub(super) events: Vec<String>,
}

impl Names {
    pub(super) fn new() -> Self {
        let commands = ["any"].iter().chain(Command::types()).map(|t| format!("commands.{t}")).collect();
        let events = Event::types().iter().map(|t| format!("events.{t}")).collect();
        Self { commands, events }
    }

    /// The type every record of a commands topic must have (`None`: any).
    pub(super) fn expected(index: usize) -> Option<&'static str> {
        Command::types().get(index.checked_sub(1)?).copied()
    }
}

type Admin = AdminClient<DefaultClientContext>;

/// Creates what is missing, checks what is there; returns the number of partitions of users.
pub(super) fn prepare(config: &KafkaConfig, names: &Names) -> Result<u16, LogError> {
    let admin: Admin = config::admin(config)
        .create()
        .map_err(|e| LogError::Setup(format!("the Kafka settings are not accepted: {e}")))?;
    let found = counts(&admin).map_err(|error| at(config, error))?;
    same_counts(config, names, &found)?;
    create_missing(&admin, config, names, &found)?;
    same_counts(config, names, &wait_for(&admin, names)?)?;
    check_settings(&admin, names)?;
    Ok(config.partitions)
}

/// Where a broker was looked for.
fn at(config: &KafkaConfig, error: LogError) -> LogError {
    let servers = config.settings.iter().rev().find(|(key, _)| key == "bootstrap.servers");
    match (error, servers) {
        (LogError::Unavailable(text), Some((_, servers))) => {
            LogError::Unavailable(format!("{text}; looked for at {servers}"))
        }
        (error, _) => error,
    }
}

/// How many partitions a topic must have.
fn wanted(config: &KafkaConfig, names: &Names, topic: &str) -> usize {
    let of_users = topic == JOURNAL || names.commands.iter().any(|name| name == topic);
    usize::from(if of_users { config.partitions } else { config.event_partitions })
}

/// Partition counts of all topics there are.
fn counts(admin: &Admin) -> Result<HashMap<String, usize>, LogError> {
    let metadata = admin
        .inner()
        .fetch_metadata(None, WAIT)
        .map_err(|e| LogError::Unavailable(format!("no Kafka broker answers (bootstrap.servers): {e}")))?;
    let topics = metadata.topics().iter().filter(|t| t.error().is_none());
    Ok(topics.map(|t| (t.name().to_owned(), t.partitions().len())).collect())
}

fn all(names: &Names) -> impl Iterator<Item = &str> {
    let plain = names.commands.iter().chain(&names.events).map(String::as_str);
    plain.chain([REJECTED, DEAD_LETTERS, JOURNAL])
}

fn create_missing(
    admin: &Admin,
    config: &KafkaConfig,
    names: &Names,
    found: &HashMap<String, usize>,
) -> Result<(), LogError> {
    let max = MAX_MESSAGE.to_string();
    let replication = i32::from(config.replication);
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let topic = |name| {
        let partitions = count(wanted(config, names, name));
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replication))
            .set("max.message.bytes", &max);
        settings(name).iter().fold(topic, |topic, (key, value)| topic.set(key, value))
    };
    let missing: Vec<_> = all(names).filter(|name| !found.contains_key(*name)).map(topic).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let results = block_on(admin.create_topics(&missing, &AdminOptions::new().operation_timeout(Some(WAIT))))
        .map_err(|e| LogError::Unavailable(format!("topics could not be created: {e}")))?;
    for result in results {
        match result {
            // Another node was faster.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(LogError::Setup(format!("topic {name} could not be created: {code}")));
            }
        }
    }
    Ok(())
}

/// New topics take a moment to show.
fn wait_for(admin: &Admin, names: &Names) -> Result<HashMap<String, usize>, LogError> {
    let began = Instant::now();
    loop {
        let found = counts(admin)?;
        let Some(missing) = all(names).find(|name| !found.contains_key(*name)) else {
            return Ok(found);
        };
        if began.elapsed() > WAIT {
            return Err(LogError::Unavailable(format!("topic {missing} was created but does not appear")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The counts are frozen: with another one users would move to other partitions, and their events out of order.
fn same_counts(config: &KafkaConfig, names: &Names, found: &HashMap<String, usize>) -> Result<(), LogError> {
    // The journal first: the others follow it. Dead letters have no order to lose.
    for topic in [JOURNAL].into_iter().chain(all(names).filter(|topic| *topic != DEAD_LETTERS)) {
        let flag = if topic.starts_with("events.") { "event-partitions" } else { "partitions" };
        let wanted = wanted(config, names, topic);
        if let Some(found) = found.get(topic).filter(|found| **found != wanted) {
            return Err(LogError::Setup(format!(
                "topic {topic}: found {found} partitions, wanted {wanted}; their number can't be changed: start with \
                 --{flag} {found} if that is what all these topics have, else recreate {topic} with {wanted}"
            )));
        }
    }
    Ok(())
}

fn settings(topic: &str) -> &'static [(&'static str, &'static str)] {
    if topic == JOURNAL { &JOURNAL_CONFIG } else { &ANY_CONFIG }
}

/// The journal must be kept for ever and take every commit record; nothing may be compacted.
fn check_settings(admin: &Admin, names: &Names) -> Result<(), LogError> {
    let topics: Vec<&str> = all(names).collect();
    let resources: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let described = block_on(admin.describe_configs(&resources, &AdminOptions::new())).map_err(|error| {
        LogError::Unavailable(format!("the topics' configuration can't be read: {error}"))
    })?;
    for (topic, described) in topics.iter().zip(described) {
        let resource = described.map_err(|error| {
            LogError::Unavailable(format!("the configuration of {topic} can't be read: {error}"))
        })?;
        check_topic(topic, &resource)?;
    }
    Ok(())
}

fn check_topic(topic: &str, resource: &ConfigResource) -> Result<(), LogError> {
    let value = |key| resource.get(key).and_then(|e| e.value.clone()).unwrap_or_default();
    let wrong = |key: &str, found: &str, wanted: &str| {
        Err(LogError::Setup(format!(
            "topic {topic}: found {key}={found}, wanted {wanted}; what centime promises rests on it: \
             kafka-configs.sh --alter --topic {topic} --add-config {key}={wanted}"
        )))
    };
    for (key, wanted) in settings(topic) {
        let found = value(key);
        if found != *wanted {
            return wrong(key, &found, wanted);
        }
    }
    let largest = value("max.message.bytes");
    if largest.parse::<usize>().is_ok_and(|n| n >= MAX_MESSAGE) {
        return Ok(());
    }
    if topic == JOURNAL {
        return wrong("max.message.bytes", &largest, &MAX_MESSAGE.to_string());
    }
    tracing::warn!(
        topic,
        found = largest,
        wanted = MAX_MESSAGE,
        "max.message.bytes is small: what is larger can't be written, and holds its partition up; raise it with kafka-configs.sh"
    );
    Ok(())
}
