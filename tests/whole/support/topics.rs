//! Writing to and reading from Kafka as other programs do.

use super::PATIENCE;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, DeliveryResult, Headers as _, Message as _};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(200);

/// One record, whole.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Vec<u8>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Record {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().unwrap_or_default().to_vec(),
            headers: headers.map(|header| (header.key.to_owned(), text(header.value))).collect(),
        }
    }

    /// Its value as an event's envelope.
    pub(crate) fn envelope(&self) -> Value {
        serde_json::from_slice(&self.value).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
}

/// A command's envelope, as any producer may write it.
pub(crate) fn envelope(user: &str, kind: &str, id: &str, data: &Value) -> String {
    json!({
        "specversion": "1.0", "id": id, "source": "/test", "type": kind, "subject": user,
        "time": "2026-02-10T12:00:00Z", "datacontenttype": "application/json", "data": data,
    })
    .to_string()
}

/// Counts what could not be delivered.
#[derive(Default)]
struct Failures(AtomicU64);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A producer that keeps order and repeats nothing of its own.
pub(crate) struct Producer(ThreadedProducer<Failures>);

impl Producer {
    pub(crate) fn new(broker: &str) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", broker)
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", "2000000")
            .set("linger.ms", "2");
        Self(config.create_with_context(Failures::default()).expect("a producer"))
    }

    /// Queues a record; where it goes is its key's to say unless `partition` does.
    pub(crate) fn send(&self, topic: &str, partition: Option<i32>, key: &str, value: &[u8]) {
        let mut record = BaseRecord::to(topic).key(key).payload(value);
        record.partition = partition;
        while let Err((error, back)) = self.0.send(record) {
            let full = matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            assert!(full, "the producer refuses a record: {error}");
            record = back;
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Queues a command on the topic of its type or another.
    pub(crate) fn command(&self, topic: &str, user: &str, kind: &str, id: &str, data: &Value) {
        self.send(topic, None, user, envelope(user, kind, id, data).as_bytes());
    }

    /// Waits until the broker has all of it.
    pub(crate) fn flush(&self) {
        self.0.flush(PATIENCE).expect("the broker takes it all");
        assert_eq!(self.0.context().0.load(Ordering::SeqCst), 0, "records that were not delivered");
    }
}

fn consumer(broker: &str, isolation: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", broker)
        .set("group.id", "test-reader")
        .set("isolation.level", isolation)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.message.max.bytes", "4000000")
        .create()
        .expect("a consumer")
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Vec<i32> {
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10)).expect("the broker answers");
    let partitions =
        metadata.topics()[0].partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect();
    assert_ne!(partitions, Vec::<i32>::new(), "there is no topic {topic}");
    partitions
}

/// Everything committed in a topic, in order within partitions. Waits until no transaction is open in it.
pub(crate) fn read_committed(broker: &str, topic: &str) -> Vec<Record> {
    let (all, settled) = (consumer(broker, "read_uncommitted"), consumer(broker, "read_committed"));
    let partitions = partitions(&all, topic);
    let end = |consumer: &BaseConsumer, partition| {
        consumer.fetch_watermarks(topic, partition, Duration::from_secs(10)).map(|(_, high)| high).ok()
    };
    for partition in &partitions {
        super::wait_until("all transactions to end", || {
            let high = end(&all, *partition);
            high.is_some() && high == end(&settled, *partition)
        });
    }
    let mut from_start = TopicPartitionList::new();
    for partition in &partitions {
        from_start.add_partition_offset(topic, *partition, Offset::Beginning).expect("an offset");
    }
    settled.assign(&from_start).expect("partitions");
    let mut open: BTreeSet<i32> = partitions.into_iter().collect();
    let (mut records, started) = (Vec::new(), Instant::now());
    while !open.is_empty() {
        assert!(started.elapsed() < PATIENCE, "{topic} can't be read to its end");
        match settled.poll(TICK) {
            Some(Ok(message)) => records.push(Record::of(&message)),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(error)) => println!("reading {topic}: {error}"),
            None => {}
        }
    }
    records.sort_by_key(|record| (record.partition, record.offset));
    records
}
