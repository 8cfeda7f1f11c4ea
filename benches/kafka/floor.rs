//! The floor: reads commands, writes each unchanged to another topic and, per partition touched, one journal record with
//! the values joined; exactly once, one Kafka commit a batch. It decides nothing. Whoever reads and answers each record
//! through the same broker with this client can hardly be faster. Runs as a process of its own, until it is killed.

use crate::cluster::client;
use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How to run it.
#[derive(Debug, clap::Args)]
pub(crate) struct FloorArgs {
    /// The broker.
    address: String,
    /// Partitions of the commands.
    #[arg(long)]
    partitions: i32,
    /// Threads, each with its share of the partitions.
    #[arg(long)]
    threads: i32,
    /// Most records a batch.
    #[arg(long)]
    batch: usize,
    /// A batch ends when nothing has come for so long.
    #[arg(long)]
    dry_ms: u64,
    /// `linger.ms` of the producers.
    #[arg(long)]
    linger_ms: u32,
    /// Where it reads.
    #[arg(long)]
    from: String,
    /// Its topics: `NAME.transaction_created`, `NAME.journal`.
    #[arg(long)]
    name: String,
}

impl FloorArgs {
    fn to(&self) -> String {
        format!("{}.transaction_created", self.name)
    }

    fn journal(&self) -> String {
        format!("{}.journal", self.name)
    }
}

/// Bytes of one journal record.
const JOURNAL_RECORD: usize = 500_000;

/// Counts deliveries still missing and wakes the worker at the last one. (Polling with a timeout below a millisecond
/// spins: rust-rdkafka rounds it to zero.)
struct Deliveries {
    missing: Arc<AtomicI64>,
    worker: Thread,
}

impl rdkafka::ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        result.as_ref().expect("the floor gives up at the first error");
        if self.missing.fetch_sub(1, SeqCst) == 1 {
            self.worker.unpark();
        }
    }
}

/// Runs for ever, or until an error.
pub(crate) fn run(args: &FloorArgs) -> Result<()> {
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..args.threads).map(|n| scope.spawn(move || Worker::new(args, n)?.run(args))).collect();
        workers.into_iter().try_for_each(|w| w.join().expect("a worker ends with an error, not a panic"))
    })
}

struct Worker {
    consumer: BaseConsumer,
    /// Taken in turn: the next batch need not wait for the last one's markers.
    producers: Vec<ThreadedProducer<Deliveries>>,
    missing: Arc<AtomicI64>,
    next: HashMap<i32, i64>,
    journal: HashMap<i32, Vec<u8>>,
    topics: [String; 2],
}

impl Worker {
    fn new(args: &FloorArgs, n: i32) -> Result<Self> {
        let consumer: BaseConsumer = client(&args.address)
            .set("group.id", &args.name)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("isolation.level", "read_committed")
            .set("fetch.wait.max.ms", "5")
            .set("fetch.queue.backoff.ms", "10")
            .create()?;
        let missing = Arc::new(AtomicI64::new(0));
        let mut producers = Vec::new();
        for turn in 0..2 {
            let context = Deliveries { missing: Arc::clone(&missing), worker: thread::current() };
            let producer: ThreadedProducer<Deliveries> = client(&args.address)
                .set("transactional.id", format!("{}-{n}-{turn}", args.name))
                .set("linger.ms", args.linger_ms.to_string())
                .set("batch.size", "1000000")
                .set("queue.buffering.max.messages", "1000000")
                .set("compression.type", "lz4")
                .set("partitioner", "murmur2_random")
                .create_with_context(context)?;
            producer.init_transactions(Duration::from_secs(30))?;
            producers.push(producer);
        }
        // Only now: what a predecessor left half done has been settled.
        let mut share = TopicPartitionList::new();
        for partition in (0..args.partitions).filter(|p| p % args.threads == n) {
            share.add_partition_offset(&args.from, partition, Offset::Stored)?;
        }
        consumer.assign(&share)?;
        let topics = [args.to(), args.journal()];
        Ok(Self { consumer, producers, missing, next: HashMap::new(), journal: HashMap::new(), topics })
    }

    fn run(mut self, args: &FloorArgs) -> Result<()> {
        for turn in 0.. {
            self.batch(args, turn % 2)?;
        }
        Ok(())
    }

    fn batch(&mut self, args: &FloorArgs, turn: usize) -> Result<()> {
        let (producer, [to, journal]) = (&self.producers[turn], &self.topics);
        let mut first = loop {
            if let Some(record) = self.consumer.poll(Duration::from_millis(100)) {
                break Some(record?);
            }
        };
        producer.begin_transaction()?;
        let deadline = Instant::now() + Duration::from_millis(100);
        let mut records = 0;
        while let Some(record) = first.take() {
            let (key, value) = (record.key().unwrap_or_default(), record.payload().unwrap_or_default());
            self.missing.fetch_add(1, SeqCst);
            send(producer, BaseRecord::to(to).key(key).payload(value))?;
            self.journal.entry(record.partition()).or_default().extend_from_slice(value);
            self.next.insert(record.partition(), record.offset() + 1);
            records += 1;
            if records < args.batch && Instant::now() < deadline {
                first = self.consumer.poll(Duration::from_millis(args.dry_ms)).transpose()?;
            }
        }
        for (partition, values) in self.journal.drain() {
            for part in values.chunks(JOURNAL_RECORD) {
                self.missing.fetch_add(1, SeqCst);
                send(producer, BaseRecord::<(), [u8]>::to(journal).partition(partition).payload(part))?;
            }
        }
        // librdkafka sleeps 100 ms and more in commit_transaction if deliveries are missing.
        while self.missing.load(SeqCst) > 0 {
            thread::park();
        }
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in self.next.drain() {
            offsets.add_partition_offset(&args.from, partition, Offset::Offset(offset))?;
        }
        let group = self.consumer.group_metadata().expect("the consumer has a group.id");
        producer.send_offsets_to_transaction(&offsets, &group, Duration::from_secs(10))?;
        producer.commit_transaction(Duration::from_secs(30))?;
        Ok(())
    }
}

fn send<K: rdkafka::message::ToBytes + ?Sized>(
    producer: &ThreadedProducer<Deliveries>,
    mut record: BaseRecord<'_, K, [u8]>,
) -> Result<()> {
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                thread::sleep(Duration::from_millis(1));
            }
            Err((e, _)) => return Err(e.into()),
        }
    }
}
