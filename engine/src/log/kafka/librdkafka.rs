//! librdkafka's transactional producer, and the deliveries of its open commit.

use super::config;
use super::transactor::{CALL, Outgoing};
use super::watchdog::Watched;
use crate::api::KafkaConfig;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Counts deliveries and wakes the worker at the last one. (To poll with a timeout instead would spin: below a millisecond
/// rust-rdkafka rounds to zero.)
#[derive(Default)]
struct Deliveries {
    left: AtomicUsize,
    failed: Mutex<Option<String>>,
    /// Offsets of the records whose delivery opaque is their index here plus one.
    offsets: Mutex<Vec<i64>>,
    worker: Mutex<Option<Thread>>,
    /// Connection losses so far.
    disconnects: AtomicU64,
}

struct Context(Arc<Deliveries>);

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.0.disconnects.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(%error, reason, "Kafka producer");
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, tag: usize) {
        match result {
            Ok(message) if tag > 0 => super::lock(&self.0.offsets)[tag - 1] = message.offset(),
            Ok(_) => {}
            Err((error, message)) => {
                let text = format!("a record for {} was not delivered: {error}", message.topic());
                super::lock(&self.0.failed).get_or_insert(text);
            }
        }
        if self.0.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(worker) = &*super::lock(&self.0.worker)
        {
            worker.unpark();
        }
    }
}

/// A transactional producer that has settled what an earlier one under its id left open.
pub(super) struct Librdkafka {
    producer: ThreadedProducer<Context>,
    deliveries: Arc<Deliveries>,
    seen_disconnects: u64,
}

impl Librdkafka {
    /// Opens a producer under `id`: fences every other one with this id, and waits until what they left is decided.
    pub(super) fn open(config: &KafkaConfig, id: &str, watched: &Watched) -> KafkaResult<Self> {
        let deliveries = Arc::new(Deliveries::default());
        let producer: ThreadedProducer<Context> =
            config::transactional(config, id).create_with_context(Context(deliveries.clone()))?;
        watched.call(|| producer.init_transactions(CALL))?;
        Ok(Self { producer, deliveries, seen_disconnects: 0 })
    }

    /// Begins a commit of `records` records, `tagged` of them tagged.
    pub(super) fn begin(&mut self, records: usize, tagged: usize) -> KafkaResult<()> {
        let deliveries = &self.deliveries;
        self.seen_disconnects = deliveries.disconnects.load(Ordering::Relaxed);
        *super::lock(&deliveries.worker) = Some(std::thread::current());
        *super::lock(&deliveries.offsets) = vec![-1; tagged];
        deliveries.left.store(records, Ordering::Release);
        self.producer.begin_transaction()
    }

    /// Adds a record; waits while the producer's queue is full.
    pub(super) fn send(&self, record: &Outgoing<'_>) -> KafkaResult<()> {
        let began = Instant::now();
        let mut record = base_record(record);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if began.elapsed() < CALL =>
                {
                    record = back;
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Waits until every record is with the broker; returns the offsets of the tagged ones. (Kafka's own commit call would
    /// wait, too, but sleeps 100 ms between looks.)
    pub(super) fn drain(&self) -> Result<Vec<i64>, String> {
        let began = Instant::now();
        while self.deliveries.left.load(Ordering::Acquire) > 0 {
            if let Some(text) = super::lock(&self.deliveries.failed).clone() {
                return Err(text);
            }
            if began.elapsed() > CALL {
                return Err(format!("records were not delivered within {CALL:?}"));
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        match super::lock(&self.deliveries.failed).take() {
            Some(text) => Err(text),
            None => Ok(std::mem::take(&mut *super::lock(&self.deliveries.offsets))),
        }
    }

    /// Adds group offsets to the commit.
    pub(super) fn send_offsets(
        &self,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> KafkaResult<()> {
        self.producer.send_offsets_to_transaction(offsets, group, CALL)
    }

    /// Decides the commit. Any error leaves it in doubt.
    pub(super) fn commit(&self) -> KafkaResult<()> {
        self.producer.commit_transaction(CALL)
    }

    /// Gives the commit up. `Ok`: nothing of it is or will be true.
    pub(super) fn abort(&self) -> KafkaResult<()> {
        self.producer.abort_transaction(CALL)
    }

    /// Whether a connection was lost since the commit began.
    pub(super) fn disconnected(&self) -> bool {
        self.deliveries.disconnects.load(Ordering::Relaxed) != self.seen_disconnects
    }
}

fn base_record<'a>(record: &Outgoing<'a>) -> BaseRecord<'a, [u8], [u8], usize> {
    let base = BaseRecord::with_opaque_to(record.topic, record.tag).payload(record.value);
    let base = match record.partition {
        Some(partition) => base.partition(partition.into()),
        None => base,
    };
    let base = match record.key {
        Some(key) => base.key(key),
        None => base,
    };
    if record.headers.is_empty() {
        return base;
    }
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    let header = |headers: OwnedHeaders, (key, value): &(&str, &str)| {
        headers.insert(Header { key, value: Some(*value) })
    };
    base.headers(record.headers.iter().fold(headers, header))
}
