//! Reads a topic as its subscribers see it: `read_committed`.

use crate::cluster::Broker;
use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use std::time::Duration;

/// How far a topic has been read.
#[derive(Default)]
pub(crate) struct Tail {
    /// Next offset by partition; empty before the first reading.
    next: Vec<i64>,
    /// Records seen so far.
    pub(crate) seen: u64,
}

/// What a reader trades: many records a fetch, or each at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// As few fetches as possible.
    Bulk,
    /// Each record as soon as it is committed.
    AtOnce,
}

/// A consumer that goes on where a [`Tail`] stands.
pub(crate) struct Reader<'a> {
    consumer: BaseConsumer,
    tail: &'a mut Tail,
    ends: usize,
}

/// Sees how far a topic can be read, without reading it: that would take from the cores of whoever is measured, and most from
/// the fastest.
pub(crate) struct Watch<'a> {
    broker: &'a Broker,
    topic: &'a str,
    consumer: BaseConsumer,
    tail: &'a mut Tail,
}

impl Tail {
    /// Watches a topic. Waits for it to exist.
    pub(crate) fn watch<'a>(&'a mut self, broker: &'a Broker, topic: &'a str) -> Result<Watch<'a>> {
        let partitions = broker.partitions(topic, Duration::from_mins(1))?;
        self.next.resize(usize::try_from(partitions)?, 0);
        let consumer = broker.client().set("isolation.level", "read_committed").create()?;
        Ok(Watch { broker, topic, consumer, tail: self })
    }

    /// Reads on. Waits for the topic to exist.
    pub(crate) fn open(&mut self, broker: &Broker, topic: &str, fetch: Fetch) -> Result<Reader<'_>> {
        let partitions = broker.partitions(topic, Duration::from_mins(1))?;
        self.next.resize(usize::try_from(partitions)?, 0);
        let mut config = broker.client();
        config
            .set("group.id", "bench-tail")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .set("fetch.queue.backoff.ms", "10");
        match fetch {
            Fetch::Bulk => config.set("fetch.wait.max.ms", "50").set("fetch.min.bytes", "1000000"),
            Fetch::AtOnce => config.set("fetch.wait.max.ms", "10"),
        };
        let consumer: BaseConsumer = config.create()?;
        let mut from = TopicPartitionList::new();
        for (partition, offset) in (0..).zip(&self.next) {
            from.add_partition_offset(topic, partition, Offset::Offset(*offset))?;
        }
        consumer.assign(&from)?;
        Ok(Reader { consumer, tail: self, ends: 0 })
    }
}

impl Watch<'_> {
    /// The end of what can be read by now, all partitions together. (In offsets: the ends of commits take some, too.)
    pub(crate) fn readable(&self) -> Result<i64> {
        let end = |partition| {
            let (_, end) = self.consumer.fetch_watermarks(self.topic, partition, Duration::from_secs(10))?;
            Ok(end)
        };
        (0..).zip(&self.tail.next).map(|(partition, _)| end(partition)).sum()
    }

    /// Reads all there is; records of the topic seen so far.
    pub(crate) fn read(&mut self) -> Result<u64> {
        self.tail.open(self.broker, self.topic, Fetch::Bulk)?.read_to_end()
    }
}

impl Reader<'_> {
    /// Reads all there is; records of the topic seen so far.
    fn read_to_end(mut self) -> Result<u64> {
        while self.ends < self.tail.next.len() {
            self.poll(Duration::from_millis(100), |_| ())?;
        }
        Ok(self.seen())
    }

    /// Waits up to `wait` for a record and shows it.
    pub(crate) fn poll(&mut self, wait: Duration, mut show: impl FnMut(&[u8])) -> Result<()> {
        match self.consumer.poll(wait) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => self.ends += 1,
            Some(Err(e)) => return Err(e.into()),
            Some(Ok(record)) => {
                let partition = usize::try_from(record.partition())?;
                self.tail.next[partition] = record.offset() + 1;
                self.tail.seen += 1;
                show(record.payload().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Records of the topic seen so far, by readers before this one too.
    pub(crate) fn seen(&self) -> u64 {
        self.tail.seen
    }
}

/// Counts all committed records of a topic.
pub(crate) fn count(broker: &Broker, topic: &str) -> Result<u64> {
    Tail::default().open(broker, topic, Fetch::AtOnce)?.read_to_end()
}
