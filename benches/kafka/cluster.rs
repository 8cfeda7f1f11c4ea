//! A broker of its own for each round, its topics, and a producer of commands.

use crate::support::process::{Group, free_port};
use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, consumer::BaseConsumer, consumer::Consumer as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Where the scripts and Java sources stand.
pub(crate) const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A running broker; stopped when dropped.
pub(crate) struct Broker {
    _group: Group,
    /// Its process, to be measured.
    pub(crate) pid: u32,
    /// `bootstrap.servers`.
    pub(crate) address: String,
}

impl Broker {
    /// Starts a broker with its data below `dir` and waits until it answers.
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        let port = free_port()?;
        let data = dir.join("broker");
        let mut up = Command::new(Path::new(REPOSITORY).join("benches/peers/broker/up.sh"));
        up.arg(&data).arg(port.to_string()).env("KAFKA_HEAP", "1g");
        let mut group = Group::spawn("broker", &mut up, &dir.join("broker.log"))?;
        // The script waits for the broker; the first time it fetches its jars, too.
        let status = group.wait(Duration::from_mins(10))?;
        ensure!(status.success(), "the broker did not start; see {}", dir.join("broker.log").display());
        let pid = fs::read_to_string(data.join("pid"))?.trim().parse().context("the broker's process id")?;
        Ok(Self { _group: group, pid, address: format!("127.0.0.1:{port}") })
    }

    /// Creates topics of so many partitions.
    pub(crate) fn create(&self, topics: &[(&str, i32)]) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.client().create()?;
        let topics: Vec<NewTopic<'_>> =
            topics.iter().map(|(name, n)| NewTopic::new(name, *n, TopicReplication::Fixed(1))).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let created = runtime.block_on(admin.create_topics(&topics, &AdminOptions::new()))?;
        match created.into_iter().find_map(Result::err) {
            None => Ok(()),
            Some((topic, code)) => bail!("creating {topic}: {code}"),
        }
    }

    /// The number of partitions of a topic, waited for if it does not exist yet.
    pub(crate) fn partitions(&self, topic: &str, within: Duration) -> Result<i32> {
        let client: BaseConsumer = self.client().create()?;
        let begun = Instant::now();
        while begun.elapsed() < within {
            let metadata = client.fetch_metadata(Some(topic), Duration::from_secs(10))?;
            if let Some(found) = metadata.topics().iter().find(|t| t.name() == topic) {
                match found.error() {
                    None if !found.partitions().is_empty() => {
                        return Ok(i32::try_from(found.partitions().len())?);
                    }
                    Some(e) if e != RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART => {
                        bail!("topic {topic}: {e:?}")
                    }
                    _ => {}
                }
            }
            thread::sleep(Duration::from_millis(100));
        }
        bail!("topic {topic} was not created within {} s", within.as_secs())
    }

    /// Settings of any client.
    pub(crate) fn client(&self) -> ClientConfig {
        client(&self.address)
    }
}

/// Settings of any client of the broker at `address`.
pub(crate) fn client(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address);
    config
}

/// The folder of a round.
pub(crate) struct RoundDir {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Not deleted when dropped: so it stays when a round fails, and its logs say why.
    pub(crate) keep: bool,
}

impl RoundDir {
    /// Makes it, empty.
    pub(crate) fn new(round: usize) -> Result<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-round-{round}"));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Self { path, keep: true })
    }
}

impl Drop for RoundDir {
    fn drop(&mut self) {
        if !self.keep {
            // The next run empties it too.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Sends commands, keyed by user as any Java client would.
pub(crate) struct Sender {
    producer: ThreadedProducer<DefaultProducerContext>,
}

impl Sender {
    /// A producer that may wait `linger_ms` to fill its batches. As with Java's, only a few requests are on their way: left
    /// alone, librdkafka piles up thousands of small ones on a busy broker instead of filling the next, and commands were
    /// seconds old when the broker had them.
    pub(crate) fn new(address: &str, linger_ms: u32) -> Result<Self> {
        let producer = client(address)
            .set("linger.ms", linger_ms.to_string())
            .set("batch.size", "1000000")
            .set("queue.buffering.max.messages", "1000000")
            .set("compression.type", "lz4")
            .set("partitioner", "murmur2_random")
            .set("acks", "all")
            .set("max.in.flight.requests.per.connection", "5")
            .create()?;
        Ok(Self { producer })
    }

    /// Sends one; waits while the queue is full.
    pub(crate) fn send(&self, topic: &str, user: &str, envelope: &str) -> Result<()> {
        let mut record = BaseRecord::to(topic).key(user).payload(envelope);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    thread::sleep(Duration::from_millis(1));
                }
                Err((e, _)) => return Err(e.into()),
            }
        }
    }

    /// Waits until all are acknowledged.
    pub(crate) fn flush(&self) -> Result<()> {
        Ok(self.producer.flush(Duration::from_mins(2))?)
    }
}

/// Sends a budget of 100.00 for each of `users` users and each category.
pub(crate) fn send_budgets(address: &str, users: u64) -> Result<u64> {
    use crate::support::load;
    let sender = Sender::new(address, 20)?;
    let mut envelope = String::new();
    for category in 0..load::CATEGORIES.len() {
        for user in 0..users {
            envelope.clear();
            load::write_budget_envelope(&mut envelope, user, category, Timestamp::now());
            sender.send("commands.set_budget", &load::user_id(user), &envelope)?;
        }
    }
    sender.flush()?;
    Ok(users * load::CATEGORIES.len() as u64)
}
