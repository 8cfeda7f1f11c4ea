//! The log on Apache Kafka.
//!
//! Map: `config` (settings of each client) · `topics` (names, creation, refusal of wrong ones) · `cluster` (what all parts
//! share) · `ownership` (which partitions are ours, and our `standing` in the group, under one lock) · `member` (the group
//! member and its rebalances) · `takeover` (from assignment to [`FromLog::Take`]) · `anchor` (the fence and goal) ·
//! `feeder`, `readers`, `offsets`, `parse` (commands to shards) · `committer`, `convoy` (batches to Kafka) · `transactor` (by `wire`, our own producer, or `librdkafka`'s) · `journal` (reading
//! it) · `orphans` (partitions that are nobody's) · `producer` (commands from HTTP) · `routes` (who serves what we don't) · `watchdog`.
//!
//! Absent on purpose: consumer offsets as the place where reading goes on (commit records hold it; the offsets committed
//! for commands topics only feed lag displays).
//!
//! Locks, in the order in which they may be taken: `Ownership::handover`, a shard's `Pair`, the convoy's, `Ownership::state`. Shards
//! take none of them; their commit threads never take the first.

mod anchor;
mod cluster;
mod committer;
mod config;
mod convoy;
mod feeder;
mod journal;
mod librdkafka;
mod member;
mod offsets;
mod orphans;
mod ownership;
mod parse;
mod producer;
mod readers;
mod routes;
mod standing;
mod takeover;
mod topics;
mod transactor;
mod watchdog;
mod wire;

use crate::api::KafkaConfig;
use crate::log::{Committer, Journal, Log, LogError, ShardInbox};
use crate::partition::partition_of;
use anchor::Lookup;
use centime_domain::UserId;
use cluster::{Cluster, Lane};
use committer::{KafkaCommitter, Pair};
use convoy::Convoy;
use feeder::Order;
use journal::KafkaJournal;
use member::{Pairs, Rebalancer};
use ownership::Ownership;
use producer::CommandProducer;
use routes::Routes;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use takeover::Takeover;
use tokio::sync::oneshot;
use topics::Names;
use watchdog::Watchdog;

/// The log on Apache Kafka.
pub struct KafkaLog {
    cluster: Arc<Cluster>,
    journal: Arc<KafkaJournal>,
    commands: CommandProducer,
    pairs: Arc<Pairs>,
    convoy: Arc<OnceLock<Convoy>>,
    routes: Arc<Routes>,
    running: Mutex<Option<Running>>,
}

/// What [`Log::start`] has started.
struct Running {
    feeders: Vec<Sender<Order>>,
    takeover: Arc<Takeover>,
    routes: Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

/// A lock's content is never left half-changed here, so a panic elsewhere does not matter.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl KafkaLog {
    /// Connects; creates missing topics; refuses wrong ones.
    pub fn open(config: KafkaConfig) -> Result<Self, LogError> {
        check(&config)?;
        let names = Names::new();
        let partitions = topics::prepare(&config, &names)?;
        let setup = |e| LogError::Setup(format!("the Kafka settings are not accepted: {e}"));
        let commands = CommandProducer::new(&config)?;
        let lookup = Lookup::new(&config).map_err(setup)?;
        let cluster = Arc::new(Cluster {
            config,
            names,
            partitions,
            ownership: Ownership::default(),
            lookup,
            watchdog: Watchdog::start(),
            stop: AtomicBool::new(false),
        });
        Ok(Self {
            journal: Arc::new(KafkaJournal::new(cluster.clone())),
            commands,
            pairs: Arc::default(),
            convoy: Arc::default(),
            routes: Arc::new(Mutex::new(vec![None; usize::from(partitions)])),
            running: Mutex::default(),
            cluster,
        })
    }
}

fn check(config: &KafkaConfig) -> Result<(), LogError> {
    let named = |text: &str| !text.is_empty() && !text.contains([',', '\0']);
    for (what, text) in [("group", &config.group), ("node", &config.node)] {
        if !named(text) {
            return Err(LogError::Setup(format!("{what} {text:?}: must not be empty or contain a comma")));
        }
    }
    if config.partitions == 0 || config.event_partitions == 0 || config.replication == 0 {
        return Err(LogError::Setup(
            "partitions, event partitions and replication must be at least 1".to_owned(),
        ));
    }
    Ok(())
}

impl Log for KafkaLog {
    fn start(&self, shards: Vec<Arc<dyn ShardInbox>>) -> Result<(), LogError> {
        let mut running = lock(&self.running);
        if running.is_some() || shards.is_empty() {
            return Err(LogError::Setup("a log is started once, with at least one shard".to_owned()));
        }
        let cluster = &self.cluster;
        if shards.len() > 1 {
            // Set once: a log is started once.
            drop(self.convoy.set(Convoy::start(cluster.clone())?));
        }
        let mut feeders = Vec::new();
        let mut threads = Vec::new();
        for (shard, inbox) in shards.iter().enumerate() {
            let (orders, thread) = feeder::start(cluster.clone(), shard, inbox.clone())?;
            feeders.push(orders);
            threads.push(thread);
        }
        let takeover = Arc::new(Takeover {
            cluster: cluster.clone(),
            journal: self.journal.clone(),
            inboxes: shards.clone(),
            writer: Mutex::default(),
            watched: cluster.watchdog.client(),
        });
        threads.push(member::start(Rebalancer {
            cluster: cluster.clone(),
            inboxes: shards,
            feeders: feeders.clone(),
            pairs: self.pairs.clone(),
            takeover: takeover.clone(),
        })?);
        let (stop, stopped) = channel();
        let (for_routes, routes) = (cluster.clone(), self.routes.clone());
        let thread = std::thread::Builder::new()
            .name("kafka-routes".to_owned())
            .spawn(move || routes::refresh(&for_routes, &routes, &stopped))
            .map_err(|e| LogError::Unavailable(format!("no thread to look up routes: {e}")))?;
        threads.push(thread);
        *running = Some(Running { feeders, takeover, routes: stop, threads });
        Ok(())
    }

    fn partitions(&self) -> u16 {
        self.cluster.partitions
    }

    fn committer(&self, shard: usize) -> Result<Box<dyn Committer>, LogError> {
        let mut pair = Pair::new(self.cluster.clone(), Lane::Shard(shard));
        pair.open()
            .map_err(|e| LogError::Unavailable(format!("no Kafka producer for shard {shard}: {e}")))?;
        let pair = Arc::new(Mutex::new(pair));
        lock(&self.pairs).insert(shard, pair.clone());
        let (cluster, convoy) = (self.cluster.clone(), self.convoy.clone());
        Ok(Box::new(KafkaCommitter { cluster, shard, pair, convoy }))
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.journal.clone()
    }

    fn publishes(&self) -> bool {
        true
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn resume(&self, partition: u16, epoch: u64, next: &[(u8, i64)]) {
        if let Some(running) = &*lock(&self.running)
            && self.cluster.ownership.is_current(partition, epoch)
        {
            let feeder = &running.feeders[usize::from(partition) % running.feeders.len()];
            // A feeder that has ended feeds nothing.
            drop(feeder.send(Order::Resume { partition, epoch, next: next.to_vec() }));
        }
    }

    fn reset(&self, shard: usize, forgotten: &[(u16, u64)]) {
        let pair = lock(&self.pairs).get(&shard).cloned();
        let own = pair.map_or(Ok(()), |pair| lock(&pair).renew());
        let common = || self.convoy.get().map_or(Ok(()), Convoy::renew);
        if let Err(text) = own.and_then(|()| common()) {
            tracing::warn!(shard, reason = text, "stopped before the last commit was settled");
            return;
        }
        let running = lock(&self.running).as_ref().map(|r| (r.feeders[shard].clone(), r.takeover.clone()));
        let Some((orders, takeover)) = running else {
            return;
        };
        let takes = self.cluster.ownership.retake(forgotten);
        for (partition, _) in &takes {
            drop(orders.send(Order::Forget(*partition)));
        }
        // Told from another thread: the shard may be waiting for this one.
        takeover.begin(takes);
    }

    fn produce(
        &self,
        type_name: &str,
        user: &UserId,
        envelope: Vec<u8>,
    ) -> Option<oneshot::Receiver<Result<(), LogError>>> {
        let partition = partition_of(user, self.cluster.partitions);
        let topic = format!("commands.{type_name}");
        if !self.cluster.names.commands.contains(&topic) {
            let (answer, receiver) = oneshot::channel();
            drop(answer.send(Err(LogError::Setup(format!("there is no topic {topic}")))));
            return Some(receiver);
        }
        Some(self.commands.send(&topic, partition, user.as_str(), &envelope))
    }

    fn joined(&self) -> bool {
        self.cluster.ownership.joined()
    }

    fn owner_elsewhere(&self, partition: u16) -> Option<String> {
        if self.cluster.ownership.holds(partition) {
            return None;
        }
        lock(&self.routes).get(usize::from(partition)).cloned().flatten()
    }

    fn stop(&self) {
        self.cluster.stop.store(true, Ordering::Relaxed);
        let Some(Running { threads, routes, feeders, takeover }) = lock(&self.running).take() else {
            return;
        };
        drop((routes, feeders, takeover));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the Kafka log had panicked");
            }
        }
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.stop();
    }
}
