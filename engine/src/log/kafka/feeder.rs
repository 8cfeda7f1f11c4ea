//! Feeds a shard with the commands of its partitions: one thread.

use super::cluster::Cluster;
use super::parse::parse;
use super::readers::{Pace, Readers};
use crate::log::{FromLog, InboxError, Incoming, LogError, ShardInbox};
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
/// How long to sleep when there is nothing to do, or no room; also how long an order, or a command of a quiet topic, may wait.
const IDLE: Duration = Duration::from_millis(5);
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
    readers: Readers,
    topics: HashMap<String, u8, foldhash::fast::FixedState>,
    /// By partition.
    feeds: Vec<Option<Feed>>,
    /// Since when the inbox has been full.
    full: Option<Instant>,
    /// What to resume as soon as Kafka says where its topics start.
    later: Option<(Instant, Vec<Order>)>,
}

/// Starts a shard's feeder. It ends when the sender is dropped.
pub(super) fn start(
    cluster: Arc<Cluster>,
    shard: usize,
    inbox: Arc<dyn ShardInbox>,
) -> Result<(Sender<Order>, JoinHandle<()>), LogError> {
    let readers = Readers::new(Arc::clone(&cluster), shard)?;
    let (sender, orders) = channel();
    let names = cluster.names.commands.iter().cloned();
    let topics = names.enumerate().filter_map(|(i, name)| Some((name, u8::try_from(i).ok()?))).collect();
    let feeds = (0..cluster.partitions).map(|_| None).collect();
    let feeder = Feeder { cluster, inbox, readers, topics, feeds, full: None, later: None };
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
        if self.feeds[usize::from(partition)].take().is_some() {
            self.readers.unassign(partition);
        }
    }

    fn resume(&mut self, partition: u16, epoch: u64, next: Vec<(u8, i64)>) {
        self.forget(partition);
        match self.readers.assign(partition, &next) {
            Ok(()) => {
                let feed = Feed { epoch, records: Vec::new(), bytes: 0, held: None };
                self.feeds[usize::from(partition)] = Some(feed);
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
                self.readers.resume();
                self.gather();
            }
            // What was fetched ahead is kept: the shard is only busy for a moment, and has a batch to go on with.
            Some(since) if since.elapsed() < STUCK => std::thread::sleep(IDLE),
            Some(_) => {
                self.readers.pause();
                self.gather();
            }
        }
    }

    /// Takes what is there, of both kinds of topics.
    fn gather(&mut self) {
        self.readers.judge();
        let busy = self.readers.has_busy();
        let quiet = self.take(Pace::Quiet, if busy { Duration::ZERO } else { IDLE });
        if busy {
            self.take(Pace::Busy, if quiet == 0 { IDLE } else { Duration::ZERO });
        }
        for partition in 0..self.cluster.partitions {
            self.hand_over(partition);
        }
    }

    /// Takes records until input is dry, or a round is full. Returns how many.
    fn take(&mut self, pace: Pace, mut wait: Duration) -> usize {
        for taken in 0..ROUND {
            // The message borrows the readers alone, so that it can be filed while it lives.
            let Some(polled) = self.readers.poll(pace, wait) else {
                return taken;
            };
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    let offset = message.offset();
                    let source = source(&self.topics, &message);
                    let Some(source) = source.filter(|source| self.readers.wants(pace, *source, offset))
                    else {
                        continue;
                    };
                    let is_full = file(&self.cluster, &mut self.feeds, source, &message);
                    drop(message);
                    self.readers.note(source, offset);
                    if is_full {
                        self.hand_over(source.1);
                    }
                }
                Err(error) => report(&error),
            }
        }
        ROUND
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
}

/// A message's topic and partition.
fn source(
    topics: &HashMap<String, u8, foldhash::fast::FixedState>,
    message: &BorrowedMessage<'_>,
) -> Option<(u8, u16)> {
    Some((*topics.get(message.topic())?, u16::try_from(message.partition()).ok()?))
}

/// Puts a message into its partition's chunk. True if the chunk is full.
fn file(
    cluster: &Cluster,
    feeds: &mut [Option<Feed>],
    (topic, partition): (u8, u16),
    message: &BorrowedMessage<'_>,
) -> bool {
    let Some(Some(feed)) = feeds.get_mut(usize::from(partition)) else {
        return false;
    };
    if feed.records.capacity() == 0 {
        feed.records.reserve(64);
    }
    feed.records.push(parse(&cluster.names, topic, cluster.partitions, message));
    feed.bytes += message.payload_len();
    feed.records.len() >= CHUNK || feed.bytes >= CHUNK_BYTES
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
