//! A real broker, and nodes on it whose shards only take notes.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use centime_domain::{Event, UserId};
use centime_engine::log::kafka::KafkaLog;
use centime_engine::log::{
    Batch, Committer, EncodedEvent, FromLog, InboxError, Incoming, Log, PartitionCommit, ShardInbox,
};
use centime_engine::{CommitRecord, KafkaConfig, partition_of};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::producer::{BaseProducer, Producer};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

pub const PARTITIONS: u16 = 12;

/// The broker of this test process; it ends with it.
pub fn broker() -> &'static str {
    &the_broker().1
}

fn the_broker() -> &'static (Option<Child>, String) {
    static BROKER: OnceLock<(Option<Child>, String)> = OnceLock::new();
    // A test's child process uses its parent's.
    let given = || std::env::var("CENTIME_TEST_BROKER").ok().map(|address| (None, address));
    BROKER.get_or_init(|| given().unwrap_or_else(start_broker))
}

/// Stops the broker for so long, wherever it is.
pub fn freeze_broker(time: Duration) {
    let script = the_broker().0.as_ref().expect("this process started it").id();
    let children = std::fs::read_to_string(format!("/proc/{script}/task/{script}/children")).unwrap();
    let signal = |name| {
        let sent = Command::new("kill").arg(name).args(children.split_whitespace()).status().unwrap();
        assert!(sent.success(), "kill {name}");
    };
    signal("-STOP");
    std::thread::sleep(time);
    signal("-CONT");
}

fn start_broker() -> (Option<Child>, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/kafka/up.sh");
    // Kept until the process ends, like the broker itself.
    let data = tempfile::tempdir().expect("a folder for the broker").keep();
    let port = free_port();
    let mut child = Command::new(script)
        .arg(&data)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/kafka/up.sh runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("the script says something");
    assert_eq!(line.trim(), "ready", "no broker; its script says why above");
    (Some(child), format!("127.0.0.1:{port}"))
}

/// A free port whose successor is free, too.
fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = first.local_addr().expect("bound").port();
        if TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

pub fn client() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker());
    config
}

pub fn config(group: &str, node: &str) -> KafkaConfig {
    let mut settings = vec![("bootstrap.servers".to_owned(), broker().to_owned())];
    if env!("CARGO_CRATE_NAME") == "kafka_librdkafka" {
        settings.push(("centime.commits".to_owned(), "librdkafka".to_owned()));
    }
    KafkaConfig {
        settings,
        group: group.to_owned(),
        node: node.to_owned(),
        advertised: Some(format!("http://{node}:8000")),
        partitions: PARTITIONS,
        event_partitions: 3,
        replication: 1,
        session_timeout: Duration::from_secs(10),
    }
}

/// What a shard was told.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Take { partition: u16, epoch: u64, goal: u64 },
    Drop { partition: u16 },
}

/// A shard that takes notes. It lets go of a partition at once.
#[derive(Default)]
pub struct Notes {
    pub told: Mutex<Vec<Told>>,
    pub records: Mutex<Vec<(u16, u64, Incoming)>>,
    /// Most records it takes; more do not fit.
    pub room: Mutex<Option<usize>>,
}

impl ShardInbox for Notes {
    fn try_send(&self, message: FromLog) -> Result<(), InboxError> {
        let room = *self.room.lock().unwrap();
        if room.is_some_and(|room| self.records.lock().unwrap().len() >= room) {
            return Err(InboxError::Full(message));
        }
        self.send_blocking(message)
    }

    fn send_blocking(&self, message: FromLog) -> Result<(), InboxError> {
        match message {
            FromLog::Take { partition, epoch, goal } => {
                self.told.lock().unwrap().push(Told::Take { partition, epoch, goal });
            }
            FromLog::Drop { partition, done } => {
                self.told.lock().unwrap().push(Told::Drop { partition });
                drop(done);
            }
            FromLog::Commands { partition, epoch, records } => {
                let records = records.into_iter().map(|record| (partition, epoch, record));
                self.records.lock().unwrap().extend(records);
            }
        }
        Ok(())
    }
}

/// A node with one shard.
pub struct Node {
    pub log: KafkaLog,
    pub notes: Arc<Notes>,
    pub committer: Mutex<Box<dyn Committer>>,
}

impl Node {
    pub fn start(group: &str, node: &str) -> Self {
        Self::start_with(config(group, node))
    }

    pub fn start_with(config: KafkaConfig) -> Self {
        let log = KafkaLog::open(config).expect("the log opens");
        let committer = Mutex::new(log.committer(0).expect("a committer"));
        let notes = Arc::new(Notes::default());
        log.start(vec![notes.clone()]).expect("the log starts");
        Self { log, notes, committer }
    }

    /// Waits until the partition has been taken; its epoch and goal.
    pub fn taken(&self, partition: u16) -> (u64, u64) {
        self.taken_after(partition, 0)
    }

    /// Waits until the partition has been taken under an epoch later than `after`.
    pub fn taken_after(&self, wanted: u16, after: u64) -> (u64, u64) {
        wait_for("a partition to be taken", || {
            self.notes.told.lock().unwrap().iter().rev().find_map(|told| match told {
                Told::Take { partition, epoch, goal } if *partition == wanted && *epoch > after => {
                    Some((*epoch, *goal))
                }
                _ => None,
            })
        })
    }

    /// The partitions taken and not dropped.
    pub fn owned(&self) -> Vec<u16> {
        let mut owned = std::collections::BTreeSet::new();
        for told in self.notes.told.lock().unwrap().iter() {
            match told {
                Told::Take { partition, .. } => owned.insert(*partition),
                Told::Drop { partition } => owned.remove(partition),
            };
        }
        owned.into_iter().collect()
    }

    /// Commits a batch under the ownership told last.
    pub fn commit(&self, batch: &mut Batch) -> Result<Vec<u64>, centime_engine::log::CommitError> {
        for part in &mut batch.partitions {
            let told = self.notes.told.lock().unwrap();
            let epoch = told.iter().rev().find_map(|told| match told {
                Told::Take { partition, epoch, .. } if *partition == part.partition => Some(*epoch),
                _ => None,
            });
            part.epoch = epoch.unwrap_or(0);
        }
        self.commit_as_it_is(batch)
    }

    /// Commits a batch under the ownership it names.
    pub fn commit_as_it_is(&self, batch: &Batch) -> Result<Vec<u64>, centime_engine::log::CommitError> {
        self.committer.lock().unwrap().commit(batch.clone())
    }
}

pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A user of this partition.
pub fn user_of(partition: u16) -> UserId {
    (0..10_000)
        .map(|i| UserId::parse(&format!("user-{i}")).unwrap())
        .find(|u| partition_of(u, PARTITIONS) == partition)
        .unwrap()
}

/// A framed commit record and its chain hash.
pub fn frame(partition: u16, sequence: u64, previous: u64) -> (Vec<u8>, u64) {
    let record = CommitRecord {
        partition,
        sequence,
        previous,
        next_offsets: Vec::new(),
        entries: Vec::new(),
        dead_letters: Vec::new(),
    };
    let mut frame = Vec::new();
    let hash = record.write(&mut frame);
    (frame, hash)
}

/// A batch of one record, and the record's hash.
pub fn batch(partition: u16, sequence: u64, previous: u64) -> (Batch, u64) {
    let (frame, hash) = frame(partition, sequence, previous);
    let part =
        PartitionCommit { partition, epoch: 0, sequence, frame, next_offsets: vec![], dead_letters: vec![] };
    (Batch { partitions: vec![part], ..Batch::default() }, hash)
}

/// Adds an event of the first type.
pub fn add_event(batch: &mut Batch, user: &UserId, bytes: &[u8]) {
    let start = batch.bytes.len();
    batch.bytes.extend_from_slice(bytes);
    batch.events.push(EncodedEvent { type_index: 0, user: user.clone(), range: start..batch.bytes.len() });
}

pub fn event_topic() -> String {
    format!("events.{}", Event::types()[0])
}

/// Everything committed on a topic.
pub fn read_committed(topic: &str) -> Vec<OwnedMessage> {
    let consumer: BaseConsumer = client()
        .set("group.id", "readers")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(5)).unwrap();
    let partitions = metadata.topics()[0].partitions().len();
    let mut list = rdkafka::TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, i32::try_from(partition).unwrap(), rdkafka::Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut ended = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    while ended.len() < partitions {
        match consumer.poll(Duration::from_secs(10)).expect("an answer") {
            Ok(message) => found.push(message.detach()),
            Err(KafkaError::PartitionEOF(partition)) => drop(ended.insert(partition)),
            Err(error) => panic!("{error}"),
        }
    }
    found
}

pub fn values(messages: &[OwnedMessage]) -> Vec<String> {
    messages.iter().map(|m| String::from_utf8_lossy(m.payload().unwrap()).into_owned()).collect()
}

/// A producer under a transactional id, with a commit open that will not end by itself for a minute.
pub fn open_transaction(id: &str) -> BaseProducer {
    let producer: BaseProducer =
        client().set("transactional.id", id).set("transaction.timeout.ms", "60000").create().unwrap();
    producer.init_transactions(Duration::from_secs(10)).unwrap();
    producer.begin_transaction().unwrap();
    producer
}
