//! A shard's two consumers of commands: one for the topics where there is much, one for all others.
//!
//! A fetch costs the broker by the topic partitions in it, whatever it brings. With all commands topics in one session, half of
//! what a broker did at 5,000 commands a second was to look into empty ones. So busy topics are fetched at a pace, a little
//! pile at a time, and quiet ones are not asked again before something has come, which is handed over at once.

use super::cluster::Cluster;
use super::{config, offsets};
use crate::log::LogError;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often topics are judged.
const JUDGED: Duration = Duration::from_secs(1);
/// Records between two judgements that make a topic busy. (Fewer are not worth a fetch of their own.)
const MANY: u32 = 50;
/// A topic with no record for so long is quiet.
const SILENCE: Duration = Duration::from_secs(10);

/// How a topic is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Each record at once.
    Quiet,
    /// A pile every few milliseconds.
    Busy,
}

/// What is known of a commands topic.
struct Traffic {
    pace: Pace,
    /// Records since the last judgement.
    records: u32,
    last: Instant,
}

/// See the module.
pub(super) struct Readers {
    cluster: Arc<Cluster>,
    shard: usize,
    quiet: BaseConsumer,
    busy: BaseConsumer,
    /// By topic.
    traffic: Vec<Traffic>,
    /// Where to read on, by topic and partition: all that are assigned.
    next: BTreeMap<(u8, u16), i64>,
    judged: Instant,
    paused: bool,
}

impl Readers {
    pub(super) fn new(cluster: Arc<Cluster>, shard: usize) -> Result<Self, LogError> {
        let open = |pace| -> Result<BaseConsumer, LogError> {
            config::feeder(&cluster.config, pace)
                .create()
                .map_err(|e| LogError::Setup(format!("the Kafka settings are not accepted: {e}")))
        };
        let (quiet, busy) = (open(Pace::Quiet)?, open(Pace::Busy)?);
        let now = Instant::now();
        let traffic =
            cluster.names.commands.iter().map(|_| Traffic { pace: Pace::Quiet, records: 0, last: now });
        let traffic = traffic.collect();
        Ok(Self { cluster, shard, quiet, busy, traffic, next: BTreeMap::new(), judged: now, paused: false })
    }

    /// Reads a partition of every commands topic from these offsets on, or from the log's start.
    pub(super) fn assign(&mut self, partition: u16, next: &[(u8, i64)]) -> KafkaResult<()> {
        let starts = offsets::starts(&self.cluster, &self.quiet, partition, next)?;
        self.next.extend(starts.into_iter().map(|(topic, offset)| ((topic, partition), offset)));
        let assigned = [Pace::Quiet, Pace::Busy].into_iter().try_for_each(|pace| {
            let wanted =
                |(topic, of): (u8, u16)| of == partition && self.traffic[usize::from(topic)].pace == pace;
            self.consumer(pace).incremental_assign(&self.list(wanted)?)
        });
        if assigned.is_err() {
            self.unassign(partition);
        }
        // New assignments are not paused, whatever the others are.
        self.resume();
        assigned
    }

    /// Reads a partition no more.
    pub(super) fn unassign(&mut self, partition: u16) {
        self.next.retain(|(_, of), _| *of != partition);
        for pace in [Pace::Quiet, Pace::Busy] {
            let assigned = self.consumer(pace).assignment().unwrap_or_default();
            let mut list = TopicPartitionList::new();
            for element in assigned.elements().iter().filter(|e| e.partition() == i32::from(partition)) {
                list.add_partition(element.topic(), element.partition());
            }
            if let Err(error) = self.consumer(pace).incremental_unassign(&list) {
                tracing::warn!(partition, %error, "commands are read on, and dropped");
            }
        }
    }

    /// Whether there are busy topics. (Quiet ones there always are.)
    pub(super) fn has_busy(&self) -> bool {
        self.traffic.iter().any(|traffic| traffic.pace == Pace::Busy)
    }

    /// The next record of the topics read at this pace.
    pub(super) fn poll(&self, pace: Pace, wait: Duration) -> Option<KafkaResult<BorrowedMessage<'_>>> {
        self.consumer(pace).poll(wait)
    }

    /// Whether a record polled at this pace is to be read: its topic has not moved since it was fetched, and nobody has read
    /// it before.
    pub(super) fn wants(&self, pace: Pace, (topic, partition): (u8, u16), offset: i64) -> bool {
        self.traffic[usize::from(topic)].pace == pace
            && self.next.get(&(topic, partition)).is_some_and(|next| offset >= *next)
    }

    /// Notes that a record has been read.
    pub(super) fn note(&mut self, (topic, partition): (u8, u16), offset: i64) {
        self.next.insert((topic, partition), offset + 1);
        self.traffic[usize::from(topic)].records += 1;
    }

    /// Moves topics from one consumer to the other as their traffic has changed.
    pub(super) fn judge(&mut self) {
        let now = Instant::now();
        if now - self.judged < JUDGED {
            return;
        }
        self.judged = now;
        for topic in (0_u8..).take(self.traffic.len()) {
            let traffic = &mut self.traffic[usize::from(topic)];
            let records = std::mem::take(&mut traffic.records);
            if records > 0 {
                traffic.last = now;
            }
            match traffic.pace {
                Pace::Quiet if records >= MANY => self.move_topic(topic, Pace::Busy),
                Pace::Busy if now - traffic.last >= SILENCE => self.move_topic(topic, Pace::Quiet),
                Pace::Quiet | Pace::Busy => {}
            }
        }
        let busy: u32 = self.traffic.iter().map(|traffic| u32::from(traffic.pace == Pace::Busy)).sum();
        metrics::gauge!("centime_busy_topics", "shard" => self.shard.to_string()).set(busy);
    }

    /// What the one consumer has fetched ahead it forgets; the other one reads on where the shard stands.
    fn move_topic(&mut self, topic: u8, to: Pace) {
        let from = std::mem::replace(&mut self.traffic[usize::from(topic)].pace, to);
        let moved = self.list(|(of, _)| of == topic).and_then(|list| {
            self.consumer(from).incremental_unassign(&list)?;
            self.consumer(to).incremental_assign(&list)
        });
        if let Err(error) = moved {
            // Read by neither, a topic's commands would wait for ever.
            crate::fatal(&format!("the reading of commands can't be divided: {error}"));
        }
        if self.paused {
            self.paused = false;
            self.pause();
        }
    }

    /// Backpressure that lasts frees its memory.
    pub(super) fn pause(&mut self) {
        if !self.paused {
            self.paused = self.on_all(BaseConsumer::pause);
        }
    }

    /// Reads on after [`Readers::pause`].
    pub(super) fn resume(&mut self) {
        if self.paused {
            self.paused = !self.on_all(BaseConsumer::resume);
        }
    }

    fn on_all(&self, change: impl Fn(&BaseConsumer, &TopicPartitionList) -> Result<(), KafkaError>) -> bool {
        let changed = [&self.quiet, &self.busy]
            .iter()
            .try_for_each(|consumer| consumer.assignment().and_then(|list| change(consumer, &list)));
        changed.inspect_err(|error| tracing::warn!(%error, "pausing or resuming commands")).is_ok()
    }

    fn consumer(&self, pace: Pace) -> &BaseConsumer {
        match pace {
            Pace::Quiet => &self.quiet,
            Pace::Busy => &self.busy,
        }
    }

    /// Topic partitions, and where to read on.
    fn list(&self, wanted: impl Fn((u8, u16)) -> bool) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), next) in self.next.iter().filter(|(place, _)| wanted(**place)) {
            let name = &self.cluster.names.commands[usize::from(*topic)];
            list.add_partition_offset(name, i32::from(*partition), Offset::Offset(*next))?;
        }
        Ok(list)
    }
}
