//! Where the reading of commands starts, and the refusal to skip any.

use super::cluster::Cluster;
use super::config::skips_lost_commands;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(5);

/// Where to read this partition of every commands topic: at the offset in `next`, or else at its log start. Left out: topics
/// whose next command has been deleted by retention (that is said loudly), unless the operator has accepted the loss.
pub(super) fn starts(
    cluster: &Cluster,
    consumer: &BaseConsumer,
    partition: u16,
    next: &[(u8, i64)],
) -> KafkaResult<Vec<(u8, i64)>> {
    let number = i32::from(partition);
    let mut asked = TopicPartitionList::with_capacity(cluster.names.commands.len());
    for name in &cluster.names.commands {
        // As a point in time, the beginning stands for the log start.
        asked.add_partition_offset(name, number, Offset::Beginning)?;
    }
    let found = consumer.offsets_for_times(asked, LOOK)?;
    let mut starts = Vec::with_capacity(cluster.names.commands.len());
    for (index, name) in (0..).zip(&cluster.names.commands) {
        let element =
            found.find_partition(name, number).ok_or(rdkafka::error::KafkaError::NoMessageReceived)?;
        element.error()?;
        let first = match element.offset() {
            Offset::Offset(first) => first,
            _ => 0,
        };
        let wanted = next.iter().find(|(topic, _)| *topic == index).map(|(_, offset)| *offset);
        if let Some(start) = start(cluster, name, partition, first, wanted) {
            starts.push((index, start));
        }
    }
    Ok(starts)
}

fn start(cluster: &Cluster, name: &str, partition: u16, first: i64, wanted: Option<i64>) -> Option<i64> {
    let wanted = wanted.unwrap_or(first);
    if wanted >= first {
        return Some(wanted);
    }
    let lost = first - wanted;
    if skips_lost_commands(&cluster.config) {
        tracing::error!(
            topic = name,
            partition,
            lost,
            wanted,
            first,
            "commands deleted by retention are skipped"
        );
        return Some(first);
    }
    tracing::error!(
        topic = name,
        partition,
        lost,
        wanted,
        first,
        "retention has deleted commands that were not decided; this topic partition is not read. Restore them, or accept \
         the loss with --kafka centime.lost.commands=skip; and raise the topic's retention.ms"
    );
    None
}
