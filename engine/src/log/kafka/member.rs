//! The member of the group: subscribes to the journal only, reads nothing, takes and gives up partitions.

use super::cluster::Cluster;
use super::committer::Pair;
use super::config;
use super::feeder::Order;
use super::takeover::Takeover;
use super::topics::{DEAD_LETTERS, JOURNAL};
use crate::log::{FromLog, LogError, ShardInbox};
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The consumer that is the member.
pub(super) type Member = Arc<BaseConsumer<Rebalancer>>;

/// Each shard's producers, as far as the shard has asked for them.
pub(super) type Pairs = Mutex<HashMap<usize, Arc<Mutex<Pair>>>>;

/// Put out twice within this time, a node has a rival of the same name and not just bad luck with a broker.
const RIVAL: Duration = Duration::from_mins(1);
/// How long a member that leaves waits for its shards.
const LEAVE: Duration = Duration::from_secs(6);
/// How long the request to leave is given to go out.
const GOODBYE: Duration = Duration::from_millis(300);

/// What a rebalance has to tell to whom.
#[derive(Clone)]
pub(super) struct Rebalancer {
    pub(super) cluster: Arc<Cluster>,
    pub(super) inboxes: Vec<Arc<dyn ShardInbox>>,
    pub(super) feeders: Vec<Sender<Order>>,
    pub(super) pairs: Arc<Pairs>,
    pub(super) takeover: Arc<Takeover>,
}

impl ClientContext for Rebalancer {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "Kafka group member");
    }
}

impl ConsumerContext for Rebalancer {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.give_up(&journal_partitions(list));
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Assign(list) = rebalance else {
            return;
        };
        if let Err(error) = consumer.pause(list) {
            tracing::warn!(%error, "owned partitions could not be paused; what they hold is read and dropped");
        }
        let partitions = journal_partitions(list);
        // A node that is given nothing has joined, too: it serves what others own.
        let takes = self.cluster.ownership.assigned(&partitions);
        if takes.is_empty() {
            return;
        }
        tracing::info!(?partitions, "partitions assigned");
        // The rest may wait for others: it must not hold up the poll thread.
        self.takeover.begin(takes);
    }
}

impl Rebalancer {
    /// Lets partitions go. Returns when no shard knows them any more and no batch that touches them is in flight; only
    /// then may the group give them to another node.
    fn give_up(&self, partitions: &[u16]) {
        if partitions.is_empty() {
            return;
        }
        tracing::info!(?partitions, "partitions revoked");
        let _in_order = self.cluster.ownership.handover();
        self.cluster.ownership.revoked(partitions);
        for partition in partitions {
            // A feeder that has ended feeds nothing.
            drop(self.feeders[self.shard(*partition)].send(Order::Forget(*partition)));
        }
        // Also those not taken over yet: after a reset the shard still has a place for them from the last time.
        let waits: Vec<_> = partitions.iter().map(|p| self.tell_to_drop(*p)).collect();
        for wait in waits {
            // Nothing is ever sent: the sender's end is what is waited for.
            drop(wait.blocking_recv());
        }
        let shards: BTreeSet<_> = partitions.iter().map(|p| self.shard(*p)).collect();
        for shard in shards {
            let pair = super::lock(&self.pairs).get(&shard).cloned();
            if let Some(pair) = pair {
                drop(super::lock(&pair));
            }
        }
    }

    fn tell_to_drop(&self, partition: u16) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        // A shard that has ended has let go of everything.
        drop(self.inboxes[self.shard(partition)].send_blocking(FromLog::Drop { partition, done }));
        wait
    }

    fn shard(&self, partition: u16) -> usize {
        usize::from(partition) % self.inboxes.len()
    }
}

fn journal_partitions(list: &TopicPartitionList) -> Vec<u16> {
    let elements = list.elements_for_topic(JOURNAL);
    elements.iter().filter_map(|e| u16::try_from(e.partition()).ok()).collect()
}

/// Joins the group and keeps membership on a thread of its own.
pub(super) fn start(rebalancer: Rebalancer) -> Result<std::thread::JoinHandle<()>, LogError> {
    let member =
        join(&rebalancer).map_err(|e| LogError::Setup(format!("the Kafka group can't be joined: {e}")))?;
    std::thread::Builder::new()
        .name("kafka-member".to_owned())
        .spawn(move || {
            keep(&rebalancer, member);
            // From here on no commit can speak for this node.
            drop(rebalancer.cluster.ownership.join(None));
        })
        .map_err(|e| LogError::Unavailable(format!("no thread for the Kafka group member: {e}")))
}

fn join(rebalancer: &Rebalancer) -> KafkaResult<Member> {
    let cluster = &rebalancer.cluster;
    let member: BaseConsumer<Rebalancer> =
        config::member(&cluster.config).create_with_context(rebalancer.clone())?;
    member.subscribe(&[JOURNAL])?;
    let member = Arc::new(member);
    drop(cluster.ownership.join(Some(member.clone())));
    Ok(member)
}

/// Stays in the group; joins anew when put out of it. That happens to a lone node, too: when a broker dies after it has
/// renamed a static member but before the member has read its new name, the member comes back under the old one.
fn keep(rebalancer: &Rebalancer, mut member: Member) {
    let cluster = &rebalancer.cluster;
    let mut put_out: Option<Instant> = None;
    while let Err(reason) = run(&member, cluster) {
        drop(cluster.ownership.join(None));
        rebalancer.give_up(&cluster.ownership.held(|_| true));
        // What its end has to say about partitions must come before the next one's.
        drop(member);
        let node = &cluster.config.node;
        if put_out.is_some_and(|before| before.elapsed() < RIVAL) {
            crate::fatal(&format!(
                "put out of the Kafka group again ({reason}): does another process run as node {node:?}?"
            ));
        }
        put_out = Some(Instant::now());
        tracing::warn!(node, reason, "put out of the Kafka group; joining anew");
        member = join(rebalancer)
            .unwrap_or_else(|e| crate::fatal(&format!("the Kafka group can't be joined anew: {e}")));
    }
}

/// Polls until told to stop. `Err`: the group has put this member out, for good.
fn run(member: &Member, cluster: &Cluster) -> Result<(), String> {
    // A group is rebalanced when a member's subscription changes. Nobody reads the second topic here.
    let mut subscriptions = [&[JOURNAL, DEAD_LETTERS][..], &[JOURNAL]].into_iter().cycle();
    while !cluster.stopping() {
        if cluster.ownership.rebalance_asked_for()
            && let Some(topics) = subscriptions.next()
            && let Err(error) = member.subscribe(topics)
        {
            tracing::warn!(%error, "the group could not be asked for a rebalance");
        }
        if let Some(Err(error)) = member.poll(Duration::from_millis(100)) {
            tracing::warn!(%error, "Kafka group member");
        }
        if let Some((code, text)) = member.client().fatal_error() {
            return Err(format!("{code}: {text}"));
        }
    }
    leave(member, cluster);
    Ok(())
}

/// Leaves the group so that others get the partitions at once. A static member that merely closes does not say goodbye
/// (so that a restart finds its partitions waiting); one that unsubscribes first does.
fn leave(member: &Member, cluster: &Cluster) {
    member.unsubscribe();
    let began = Instant::now();
    while began.elapsed() < LEAVE && !cluster.ownership.held(|_| true).is_empty() {
        member.poll(Duration::from_millis(20));
    }
    let began = Instant::now();
    while began.elapsed() < GOODBYE {
        member.poll(Duration::from_millis(20));
    }
}
