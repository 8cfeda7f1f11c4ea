//! Settings of each Kafka client.
//!
//! Three layers: what is merely tuned, then what the operator set, then what the promises rest on. The operator may change
//! the first, never the last.

use super::readers::Pace;
use crate::api::KafkaConfig;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use std::time::Duration;

/// Largest record of centime's own topics: a commit record (500 kB, or what is decided of at most 1 MB of commands) with one
/// more command or dead letter of the largest size (2.3 MB, see `parse`) fits.
pub(super) const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Longest a Kafka commit may stay open. What a dead node leaves open hides later records no longer than this.
pub(super) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings whose names start so are centime's own and not passed to Kafka clients.
const OWN: &str = "centime.";

/// `centime.lost.commands=skip`: go on at the log start where retention deleted commands nobody has decided.
pub(super) fn skips_lost_commands(config: &KafkaConfig) -> bool {
    config.settings.iter().any(|(key, value)| key == "centime.lost.commands" && value == "skip")
}

/// The brokers to ask first, if our own producer may make the commits: it knows no security and none of librdkafka's other
/// settings, so whoever sets any gets librdkafka's. `centime.commits=librdkafka` asks for that one, too.
pub(super) fn for_own_producer(config: &KafkaConfig) -> Option<&str> {
    let mut bootstrap = None;
    for (key, value) in &config.settings {
        match key.as_str() {
            "bootstrap.servers" | "metadata.broker.list" => bootstrap = Some(value.as_str()),
            "centime.commits" if value == "librdkafka" => return None,
            key if key.starts_with(OWN) => {}
            _ => return None,
        }
    }
    bootstrap
}

fn layered(config: &KafkaConfig, tuned: &[(&str, &str)], fixed: &[(&str, &str)]) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set_log_level(RDKafkaLogLevel::Warning);
    client.set("client.id", format!("centime-{}", config.node));
    // Histograms of each broker for whoever asks the broker for them: 0.2 MB a client.
    client.set("enable.metrics.push", "false");
    for (key, value) in tuned {
        client.set(*key, *value);
    }
    for (key, value) in config.settings.iter().filter(|(key, _)| !key.starts_with(OWN)) {
        client.set(key, value);
    }
    for (key, value) in fixed {
        client.set(*key, *value);
    }
    client
}

/// For creating and checking topics.
pub(super) fn admin(config: &KafkaConfig) -> ClientConfig {
    layered(config, &[], &[])
}

/// The member of the group: it only ever owns partitions of the journal, it reads nothing.
pub(super) fn member(config: &KafkaConfig) -> ClientConfig {
    let session = config.session_timeout.as_millis();
    // Heartbeats are how a member hears of a rebalance: seldom ones make every handover slow.
    let heartbeat = (session / 4).clamp(100, 1000);
    let mut client = layered(
        config,
        &[],
        &[
            ("group.id", &config.group),
            ("group.instance.id", &config.node),
            ("group.protocol", "classic"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("session.timeout.ms", &session.to_string()),
            ("heartbeat.interval.ms", &heartbeat.to_string()),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
        ],
    );
    // How long shards may take to let go of partitions; Kafka wants it no shorter than the session.
    client.set("max.poll.interval.ms", session.max(300_000).to_string());
    client
}

fn reading(config: &KafkaConfig, tuned: &[(&str, &str)], isolation: &str) -> ClientConfig {
    let mut all = vec![
        ("fetch.wait.max.ms", "10"),
        ("fetch.queue.backoff.ms", "10"),
        ("fetch.message.max.bytes", "4194304"),
        ("fetch.max.bytes", "16777216"),
        ("queued.max.messages.kbytes", "4096"),
        ("retry.backoff.ms", "10"),
        ("retry.backoff.max.ms", "100"),
    ];
    all.extend_from_slice(tuned);
    let fixed = [
        ("group.id", config.group.as_str()),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"),
        ("isolation.level", isolation),
    ];
    layered(config, &all, &fixed)
}

/// Reads commands. No member of the group: its partitions are assigned by hand.
pub(super) fn feeder(config: &KafkaConfig, pace: Pace) -> ClientConfig {
    let (least, wait) = match pace {
        // Told at once. It is not asked again for so long, nor is it for partitions assigned meanwhile.
        Pace::Quiet => ("1", "100"),
        // Without a least size the broker answers every fetch at once with a record or two: both spend their time on
        // fetches. So it waits for 64 KiB, for 12 ms at most: at 5,000 commands/s 20 ms took 5 % less CPU, and 10 to 20 ms
        // of p99.
        Pace::Busy => ("65536", "12"),
    };
    let tuned = [
        ("fetch.min.bytes", least),
        ("fetch.wait.max.ms", wait),
        // An answer is unpacked as a whole, and what waits beside it is in memory, too: with twice of all this 26 MiB more, and
        // a tenth slower; with half of it no less memory, and a tenth slower as well.
        ("queued.min.messages", "1000"),
        ("queued.max.messages.kbytes", "2048"),
        ("fetch.message.max.bytes", "131072"),
        ("fetch.max.bytes", "524288"),
        // Of what it never sends; but it wants this to be no more than what it fetches.
        ("message.max.bytes", "524288"),
    ];
    reading(config, &tuned, "read_committed")
}

/// Reads journals; says where they end.
pub(super) fn journal(config: &KafkaConfig) -> ClientConfig {
    let mut client = reading(config, &[], "read_committed");
    client.set("enable.partition.eof", "true");
    client
}

/// Looks up anchors and ends of journals: what is committed and settled.
pub(super) fn stable(config: &KafkaConfig) -> ClientConfig {
    reading(config, &[], "read_committed")
}

/// Looks up anchors and ends of journals: also past what is undecided.
pub(super) fn raw(config: &KafkaConfig) -> ClientConfig {
    reading(config, &[], "read_uncommitted")
}

/// Makes commits under a transactional id.
pub(super) fn transactional(config: &KafkaConfig, id: &str) -> ClientConfig {
    let max = MAX_MESSAGE.to_string();
    let timeout = TRANSACTION_TIMEOUT.as_millis().to_string();
    layered(
        config,
        &[
            ("linger.ms", "1"),
            ("batch.size", "1000000"),
            ("compression.type", "lz4"),
            ("queue.buffering.max.messages", "1000000"),
        ],
        &[
            ("transactional.id", id),
            ("transaction.timeout.ms", &timeout),
            ("message.timeout.ms", &timeout),
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("partitioner", "murmur2_random"),
            ("message.max.bytes", &max),
        ],
    )
}

/// Puts commands from HTTP on their topics.
pub(super) fn commands(config: &KafkaConfig) -> ClientConfig {
    let max = MAX_MESSAGE.to_string();
    layered(
        config,
        &[("linger.ms", "0"), ("compression.type", "lz4"), ("queue.buffering.max.messages", "100000")],
        &[
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("message.timeout.ms", "15000"),
            ("message.max.bytes", &max),
        ],
    )
}
