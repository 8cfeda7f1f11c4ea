//! The commit end of a shard: two transactional producers in turn, one undecided batch.

use super::anchor::Anchor;
use super::cluster::{Cluster, Lane};
use super::convoy::Convoy;
use super::topics::{DEAD_LETTERS, JOURNAL, REJECTED as REJECTED_TOPIC};
use super::transactor::{Outgoing, Transactor};
use super::watchdog::Watched;
use crate::log::{Batch, CommitError, Committer, EncodedEvent, PartitionCommit, REJECTED};
use crate::record::DeadLetter;
use rdkafka::{Offset, TopicPartitionList};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A commit slower than this may have been retried below us: its producer is not used again.
const SLOW: Duration = Duration::from_secs(1);
/// How long anchors may stay undecided before the answer to "still owner?" is "who knows".
const ANCHORS: Duration = Duration::from_secs(1);

/// A lane's producers. A shard's are locked while a batch of the shard is in flight, on whichever lane: whoever gets the
/// lock knows that none is.
pub(super) struct Pair {
    cluster: Arc<Cluster>,
    lane: Lane,
    watched: Watched,
    /// `None`: the last commit under this id was in doubt, or may haunt the next one; opening another settles it.
    slots: [Option<Transactor>; 2],
    turn: usize,
}

/// A shard's batch, as a commit sees it.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) shard: usize,
    pub(super) batch: &'a Batch,
}

/// Why nothing came of a commit, or may have.
pub(super) enum Failed {
    /// Nothing of it is or will be true.
    Aborted(String),
    /// Nobody knows.
    Unknown(String),
}

/// All that a commit needs before it is decided.
struct Prepared {
    /// Journal offsets behind the batch's records.
    hints: Vec<u64>,
    /// When the first request was made that must not reach the broker late.
    since: Instant,
    anchors: Vec<(u16, Anchor)>,
}

impl Pair {
    pub(super) fn new(cluster: Arc<Cluster>, lane: Lane) -> Self {
        let watched = cluster.watchdog.client();
        Self { cluster, lane, watched, slots: [None, None], turn: 0 }
    }

    /// Opens what is not open, settling what was left under its id. Goes on trying while Kafka is out of reach.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        for turn in 0..self.slots.len() {
            while self.slots[turn].is_none() {
                let id = self.cluster.transactional_id(&self.cluster.config.node, self.lane, turn);
                match Transactor::open(&self.cluster.config, &id, &self.watched) {
                    Ok(transactor) => self.slots[turn] = Some(transactor),
                    Err(error) if self.cluster.stopping() => return Err(format!("{id}: {error}")),
                    Err(error) => {
                        tracing::warn!(id, %error, "the last commit can't be settled yet");
                        std::thread::sleep(Duration::from_millis(200));
                    }
                }
            }
        }
        Ok(())
    }

    /// After doubt: opens both producers anew. (Whoever fenced one of them has most likely fenced both.)
    pub(super) fn renew(&mut self) -> Result<(), String> {
        self.slots = [None, None];
        self.settle()
    }

    /// Opens both producers, for the first time: an error is told at once.
    pub(super) fn open(&mut self) -> Result<(), String> {
        for turn in 0..self.slots.len() {
            let id = self.cluster.transactional_id(&self.cluster.config.node, self.lane, turn);
            self.slots[turn] = Some(Transactor::open(&self.cluster.config, &id, &self.watched)?);
        }
        Ok(())
    }

    /// Makes one batch true.
    pub(super) fn commit_one(&mut self, load: Load<'_>) -> Result<Vec<u64>, CommitError> {
        self.commit(&[load]).map_err(|failed| match failed {
            Failed::Unknown(text) => CommitError::Doubt(text),
            // Without the partitions the shard has nothing to decide the batch on again.
            Failed::Aborted(text) => match self.cluster.ownership.fence(&epochs(&[load])) {
                Ok(_) => CommitError::Refused(text),
                Err(lost) => CommitError::Doubt(format!("{text}; {lost}")),
            },
        })
    }

    /// Makes all of these batches true at once, or none. Returns the journal hints of all their partitions, in order.
    pub(super) fn commit(&mut self, loads: &[Load<'_>]) -> Result<Vec<u64>, Failed> {
        self.settle().map_err(Failed::Unknown)?;
        self.turn = (self.turn + 1) % self.slots.len();
        let Some(mut transactor) = self.slots[self.turn].take() else {
            return Err(Failed::Unknown("no producer".to_owned()));
        };
        let Prepared { hints, since, anchors } = match self.prepare(&mut transactor, loads) {
            Ok(prepared) => prepared,
            Err(text) => return Err(self.give_up(&mut transactor, text)),
        };
        let anchored = Instant::now();
        if let Err(error) = transactor.commit(&self.watched) {
            return Err(Failed::Unknown(error));
        }
        note_stage("decide", anchored);
        self.cluster.ownership.committed(&anchors);
        // A request resent below us could reach the broker late and decide the next commit under this id half-made.
        if since.elapsed() <= SLOW && !transactor.disconnected() {
            self.slots[self.turn] = Some(transactor);
        }
        Ok(hints)
    }

    /// Everything up to the decision: records delivered, anchors accepted.
    fn prepare(&self, transactor: &mut Transactor, loads: &[Load<'_>]) -> Result<Prepared, String> {
        let began = Instant::now();
        let records = loads.iter().map(|load| count(load.batch)).sum();
        transactor.begin(records, parts(loads).count())?;
        self.send(transactor, loads)?;
        let offsets = transactor.deliver(&self.watched)?;
        note_stage("deliver", began);
        let anchor = |((shard, part), offset): ((usize, &PartitionCommit), &i64)| {
            (part.partition, self.cluster.anchor(offset + 1, part.sequence, shard))
        };
        let anchors: Vec<_> = parts(loads).zip(&offsets).map(anchor).collect();
        let list = self.offsets(loads, &anchors).map_err(|e| e.to_string())?;
        let member = self.cluster.ownership.fence(&epochs(loads))?;
        let since = Instant::now();
        transactor.send_offsets(&list, &self.cluster.config.group, &member, &self.watched)?;
        note_stage("anchor", since);
        let hints = offsets.iter().map(|offset| (offset + 1).unsigned_abs()).collect();
        Ok(Prepared { hints, since, anchors })
    }

    /// The anchors; with them, for the lag display only, the positions on the commands topics (the same request).
    fn offsets(
        &self,
        loads: &[Load<'_>],
        anchors: &[(u16, Anchor)],
    ) -> Result<TopicPartitionList, rdkafka::error::KafkaError> {
        let mut list = TopicPartitionList::with_capacity(anchors.len() * 4);
        for (partition, anchor) in anchors {
            anchor.add_to(&mut list, *partition)?;
        }
        for (_, part) in parts(loads) {
            for (topic, next) in &part.next_offsets {
                let name = &self.cluster.names.commands[usize::from(*topic)];
                list.add_partition_offset(name, i32::from(part.partition), Offset::Offset(*next))?;
            }
        }
        Ok(list)
    }

    /// After an error before the decision. The producer is not used again.
    fn give_up(&self, transactor: &mut Transactor, text: String) -> Failed {
        tracing::warn!(lane = %self.lane, reason = text, "a commit is given up");
        match transactor.abort(&self.watched) {
            Ok(()) => Failed::Aborted(text),
            Err(error) => Failed::Unknown(format!("{text}; and the abort failed: {error}")),
        }
    }

    fn send(&self, transactor: &mut Transactor, loads: &[Load<'_>]) -> Result<(), String> {
        let plain = Outgoing { topic: "", partition: None, key: None, value: &[], headers: &[], tag: 0 };
        // Events first: they are many, their partitions few; the journals' records are on their way meanwhile.
        for Load { batch, .. } in loads {
            for event in &batch.events {
                let (topic, key) = (self.event_topic(event), Some(event.user.as_str().as_bytes()));
                let value = &batch.bytes[event.range.clone()];
                transactor.send(&Outgoing { topic, key, value, ..plain })?;
            }
        }
        for (index, (_, part)) in parts(loads).enumerate() {
            let (partition, value) = (Some(part.partition), &*part.frame);
            transactor.send(&Outgoing { topic: JOURNAL, partition, value, tag: index + 1, ..plain })?;
            for letter in &part.dead_letters {
                send_dead_letter(transactor, letter)?;
            }
        }
        for forward in loads.iter().flat_map(|load| &load.batch.forwards) {
            let (partition, key) = (Some(forward.partition), Some(&*forward.key));
            let (topic, value) = (&*forward.topic, &*forward.value);
            transactor.send(&Outgoing { topic, partition, key, value, ..plain })?;
        }
        Ok(())
    }

    fn event_topic(&self, event: &EncodedEvent) -> &str {
        if event.type_index == REJECTED {
            REJECTED_TOPIC
        } else {
            &self.cluster.names.events[event.type_index]
        }
    }
}

/// How long a part of a commit took: records delivered, anchors accepted, the commit decided.
fn note_stage(stage: &'static str, since: Instant) {
    metrics::histogram!("centime_kafka_commit_stage_seconds", "stage" => stage).record(since.elapsed());
}

/// The commit records, each with its shard.
fn parts<'a>(loads: &'a [Load<'a>]) -> impl Iterator<Item = (usize, &'a PartitionCommit)> {
    loads.iter().flat_map(|load| load.batch.partitions.iter().map(|part| (load.shard, part)))
}

/// What the batches touch, under which ownership.
fn epochs(loads: &[Load<'_>]) -> Vec<(u16, u64)> {
    parts(loads).map(|(_, part)| (part.partition, part.epoch)).collect()
}

fn count(batch: &Batch) -> usize {
    let letters: usize = batch.partitions.iter().map(|p| p.dead_letters.len()).sum();
    batch.events.len() + batch.partitions.len() + letters + batch.forwards.len()
}

fn send_dead_letter(transactor: &mut Transactor, letter: &DeadLetter) -> Result<(), String> {
    let (partition, offset) = (letter.partition.to_string(), letter.offset.to_string());
    let headers = [
        ("topic", &*letter.topic),
        ("partition", &*partition),
        ("offset", &*offset),
        ("reason", &*letter.reason),
    ];
    let (key, value) = (letter.key.as_deref(), &*letter.value);
    transactor.send(&Outgoing { topic: DEAD_LETTERS, partition: None, key, value, headers: &headers, tag: 0 })
}

/// [`Committer`] of one shard.
pub(super) struct KafkaCommitter {
    pub(super) cluster: Arc<Cluster>,
    pub(super) shard: usize,
    pub(super) pair: Arc<Mutex<Pair>>,
    /// Set before the first batch, if there are other shards to travel with.
    pub(super) convoy: Arc<OnceLock<Convoy>>,
}

impl KafkaCommitter {
    fn alive(&self) -> Result<(), CommitError> {
        self.cluster.ownership.failure().map_or(Ok(()), |text| Err(CommitError::Fatal(text)))
    }
}

impl Committer for KafkaCommitter {
    fn commit(&mut self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        self.alive()?;
        let mut pair = super::lock(&self.pair);
        match self.convoy.get() {
            Some(convoy) if Convoy::takes(&batch) => convoy.commit(self.shard, batch),
            _ => pair.commit_one(Load { shard: self.shard, batch: &batch }),
        }
    }

    fn still_owner(&mut self, partitions: &[u16]) -> Result<(), CommitError> {
        self.alive()?;
        let expected = self.cluster.ownership.anchors(partitions).map_err(CommitError::Doubt)?;
        let found = self.cluster.lookup.stable(partitions, ANCHORS);
        let found = found.map_err(|e| CommitError::Doubt(format!("the anchors can't be read: {e}")))?;
        let same = expected.iter().zip(&found).all(|(e, f)| f.as_ref().is_some_and(|f| f.text() == e.text()));
        if same { Ok(()) } else { Err(CommitError::Doubt("another node has committed since".to_owned())) }
    }
}
