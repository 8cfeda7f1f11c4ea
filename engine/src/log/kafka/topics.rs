//! The topics: their names, their creation, and the refusal to start on wrong ones.

use super::config::{self, MAX_MESSAGE};
use crate::api::KafkaConfig;
use crate::log::LogError;
use centime_domain::{Command, Event};
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
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

/// What the journal's configuration must be: kept for ever.
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
    let found = counts(&admin)?;
    let users = found.get(JOURNAL).copied().unwrap_or(usize::from(config.partitions));
    create_missing(&admin, config, names, &found, users)?;
    let found = wait_for(&admin, names)?;
    let users = found[JOURNAL];
    same_counts(names, &found, users)?;
    check_journal(&admin)?;
    u16::try_from(users)
        .map_err(|_| LogError::Setup(format!("{JOURNAL} has {users} partitions, at most 65535 work")))
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
    users: usize,
) -> Result<(), LogError> {
    let max = MAX_MESSAGE.to_string();
    let replication = i32::from(config.replication);
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let topic = |name| {
        let partitions = match name {
            JOURNAL => users,
            _ if names.commands.iter().any(|c| c == name) => users,
            _ => usize::from(config.event_partitions),
        };
        let topic = NewTopic::new(name, count(partitions), TopicReplication::Fixed(replication))
            .set("max.message.bytes", &max);
        let settings = if name == JOURNAL { &JOURNAL_CONFIG[..] } else { &[] };
        settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
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

fn same_counts(names: &Names, found: &HashMap<String, usize>, users: usize) -> Result<(), LogError> {
    match names.commands.iter().find(|name| found[*name] != users) {
        None => Ok(()),
        Some(name) => Err(LogError::Setup(format!(
            "topic {name}: found {} partitions, wanted {users} as {JOURNAL} has (counts are frozen: users would move); \
             recreate {name} with {users} partitions",
            found[name]
        ))),
    }
}

/// The journal must be kept for ever, and must take every commit record.
fn check_journal(admin: &Admin) -> Result<(), LogError> {
    let described =
        block_on(admin.describe_configs([&ResourceSpecifier::Topic(JOURNAL)], &AdminOptions::new()));
    let resource = described
        .ok()
        .and_then(|mut all| all.pop())
        .and_then(Result::ok)
        .ok_or_else(|| LogError::Unavailable(format!("the configuration of {JOURNAL} can't be read")))?;
    let value = |key| resource.get(key).and_then(|e| e.value.clone()).unwrap_or_default();
    let wrong = |key: &str, found: &str, wanted: &str| {
        Err(LogError::Setup(format!(
            "topic {JOURNAL}: found {key}={found}, wanted {wanted}; the journal is the truth and is kept for ever: \
             kafka-configs.sh --alter --topic {JOURNAL} --add-config {key}={wanted}"
        )))
    };
    for (key, wanted) in JOURNAL_CONFIG {
        let found = value(key);
        if found != wanted {
            return wrong(key, &found, wanted);
        }
    }
    let largest = value("max.message.bytes");
    if largest.parse::<usize>().is_ok_and(|n| n >= MAX_MESSAGE) {
        return Ok(());
    }
    wrong("max.message.bytes", &largest, &MAX_MESSAGE.to_string())
}
