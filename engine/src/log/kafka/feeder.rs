//! Feeds a shard with the commands of its partitions: one consumer, one thread.

use super::cluster::Cluster;
use super::config;
use super::offsets;
use super::parse::parse;
use crate::log::{FromLog, InboxError, Incoming, LogError, ShardInbox};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A chunk of one partition ends here at the latest.
const CHUNK: usize = 500;
/// As many records are taken before other partitions' chunks are handed over, too, when input never runs dry.
const ROUND: usize = 2000;
/// A chunk's bytes, roughly; large records make small chunks.
const CHUNK_BYTES: usize = 1_000_000;
/// How long a full inbox is waited for before the partitions are paused. Meanwhile what was fetched ahead is kept, and
/// bounded; pausing throws it away, to be fetched again. (Paused after 100 ms, a shard working off a backlog fetched each
/// command several times.)
const STUCK: Duration = Duration::from_secs(5);
/// How long to sleep in the poll when there is nothing to do; also how long an order may wait.
const IDLE: Duration = Duration::from_millis(10);
const RETRY: Duration = Duration::from_millis(500);

/// What a feeder is told.
pub(super) enum Order {
    /// Feed a partition from these offsets on.
    Resume { partition: u16, epoch: u64, next: Vec<(u8, i64)> },
    /// Feed it no more.
    Forget(u16),
}

/// A partition being fed.
struct Feed {
    epoch: u64,
    records: Vec<Incoming>,
    bytes: usize,
    /// A chunk that did not fit into the inbox.
    held: Option<FromLog>,
}

struct Feeder {
    cluster: Arc<Cluster>,
    inbox: Arc<dyn ShardInbox>,
    consumer: BaseConsumer,
    topics: HashMap<String, u8, foldhash::fast::FixedState>,
    /// By partition.
    feeds: Vec<Option<Feed>>,
    /// Since when the inbox has been full.
    full: Option<Instant>,
    paused: bool,
    /// What to resume as soon as Kafka says where its topics start.
    later: Option<(Instant, Vec<Order>)>,
}

/// Starts a shard's feeder. It ends when the sender is dropped.
pub(super) fn start(
    cluster: Arc<Cluster>,
    shard: usize,
    inbox: Arc<dyn ShardInbox>,
) -> Result<(Sender<Order>, JoinHandle<()>), LogError> {
    let consumer = config::feeder(&cluster.config)
        .create()
        .map_err(|e| LogError::Setup(format!("the Kafka settings are not accepted: {e}")))?;
    let (sender, orders) = channel();
    let names = cluster.names.commands.iter().cloned();
    let topics = names.enumerate().filter_map(|(i, name)| Some((name, u8::try_from(i).ok()?))).collect();
    let feeds = (0..cluster.partitions).map(|_| None).collect();
    let feeder = Feeder { cluster, inbox, consumer, topics, feeds, full: None, paused: false, later: None };
    let thread = std::thread::Builder::new()
        .name(format!("kafka-feed-{shard}"))
        .spawn(move || feeder.run(&orders))
        .map_err(|e| LogError::Unavailable(format!("no thread to feed shard {shard}: {e}")))?;
    Ok((sender, thread))
}

impl Feeder {
    fn run(mut self, orders: &Receiver<Order>) {
        while !self.cluster.stopping() {
            match orders.try_recv() {
                Ok(order) => self.obey(order),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => self.feed(),
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Forget(partition) => self.forget(partition),
            Order::Resume { partition, epoch, next } => self.resume(partition, epoch, next),
        }
    }

    fn forget(&mut self, partition: u16) {
        if let Some((_, later)) = &mut self.later {
            later.retain(|o| !matches!(o, Order::Resume { partition: p, .. } if *p == partition));
        }
        let Some(_) = self.feeds[usize::from(partition)].take() else {
            return;
        };
        let assigned = self.consumer.assignment().unwrap_or_default();
        let mut list = TopicPartitionList::new();
        for element in assigned.elements().iter().filter(|e| e.partition() == i32::from(partition)) {
            list.add_partition(element.topic(), element.partition());
        }
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            tracing::warn!(partition, %error, "commands are read on, and dropped");
        }
    }

    fn resume(&mut self, partition: u16, epoch: u64, next: Vec<(u8, i64)>) {
        self.forget(partition);
        let assigned = offsets::starts(&self.cluster, &self.consumer, partition, &next)
            .and_then(|list| self.consumer.incremental_assign(&list));
        match assigned {
            Ok(()) => {
                let feed = Feed { epoch, records: Vec::new(), bytes: 0, held: None };
                self.feeds[usize::from(partition)] = Some(feed);
                // New assignments are not paused, whatever the others are.
                self.unpause();
            }
            Err(error) => {
                tracing::warn!(partition, %error, "commands can't be read yet");
                let later = self.later.get_or_insert_with(|| (Instant::now(), Vec::new()));
                later.1.push(Order::Resume { partition, epoch, next });
            }
        }
    }

    fn feed(&mut self) {
        if let Some((_, orders)) = self.later.take_if(|(since, _)| since.elapsed() > RETRY) {
            for order in orders {
                self.obey(order);
            }
        }
        self.hand_over_held();
        match self.full {
            None => {
                self.unpause();
                self.gather();
            }
            // What was fetched ahead is kept: the shard is only busy for a moment.
            Some(since) if since.elapsed() < STUCK => std::thread::sleep(Duration::from_millis(1)),
            Some(_) => {
                self.pause();
                self.gather();
            }
        }
    }

    /// Takes what is there: until input is dry, or a round is full.
    fn gather(&mut self) {
        let mut wait = IDLE;
        for _ in 0..ROUND {
            // The message borrows the consumer alone, so that it can be filed while it lives.
            let Some(polled) = self.consumer.poll(wait) else {
                break;
            };
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    let filed = file(&self.cluster, &self.topics, &mut self.feeds, &message);
                    drop(message);
                    if let Some(partition) = filed {
                        self.hand_over(partition);
                    }
                }
                Err(error) => report(&error),
            }
        }
        for partition in 0..self.cluster.partitions {
            self.hand_over(partition);
        }
    }

    /// Hands a partition's chunk to the shard; keeps it if there is no room.
    fn hand_over(&mut self, partition: u16) {
        let Some(feed) = &mut self.feeds[usize::from(partition)] else {
            return;
        };
        if feed.records.is_empty() || feed.held.is_some() {
            return;
        }
        let records = std::mem::take(&mut feed.records);
        feed.bytes = 0;
        let chunk = FromLog::Commands { partition, epoch: feed.epoch, records };
        if let Err(InboxError::Full(chunk)) = self.inbox.try_send(chunk) {
            feed.held = Some(chunk);
            self.full.get_or_insert_with(Instant::now);
        }
    }

    fn hand_over_held(&mut self) {
        if self.full.is_none() {
            return;
        }
        for feed in self.feeds.iter_mut().flatten() {
            let Some(chunk) = feed.held.take() else {
                continue;
            };
            if let Err(InboxError::Full(chunk)) = self.inbox.try_send(chunk) {
                feed.held = Some(chunk);
                return;
            }
        }
        self.full = None;
    }

    /// Backpressure that lasts frees its memory.
    fn pause(&mut self) {
        if !self.paused {
            self.paused = self.assigned(BaseConsumer::pause);
        }
    }

    fn unpause(&mut self) {
        if self.paused {
            self.paused = !self.assigned(BaseConsumer::resume);
        }
    }

    fn assigned(
        &self,
        change: impl Fn(&BaseConsumer, &TopicPartitionList) -> Result<(), KafkaError>,
    ) -> bool {
        let changed = self.consumer.assignment().and_then(|list| change(&self.consumer, &list));
        changed.inspect_err(|error| tracing::warn!(%error, "pausing or resuming commands")).is_ok()
    }
}

/// Puts a message into its partition's chunk; returns the partition if the chunk is full.
fn file(
    cluster: &Cluster,
    topics: &HashMap<String, u8, foldhash::fast::FixedState>,
    feeds: &mut [Option<Feed>],
    message: &BorrowedMessage<'_>,
) -> Option<u16> {
    let partition = u16::try_from(message.partition()).ok()?;
    let feed = feeds.get_mut(usize::from(partition))?.as_mut()?;
    let topic = *topics.get(message.topic())?;
    if feed.records.capacity() == 0 {
        feed.records.reserve(64);
    }
    feed.records.push(parse(&cluster.names, topic, cluster.partitions, message));
    feed.bytes += message.payload_len();
    (feed.records.len() >= CHUNK || feed.bytes >= CHUNK_BYTES).then_some(partition)
}

/// The client recovers by itself from all but one: a position that is not there (any more).
fn report(error: &KafkaError) {
    use rdkafka::error::RDKafkaErrorCode::{AutoOffsetReset, OffsetOutOfRange};
    if let KafkaError::MessageConsumption(AutoOffsetReset | OffsetOutOfRange) = error {
        tracing::error!(
            %error,
            "commands have disappeared from their topic while they were being read: it was truncated, recreated, or its \
             retention is too short. This topic partition is not read any more until centime is restarted"
        );
    } else {
        tracing::warn!(%error, "reading commands");
    }
}
