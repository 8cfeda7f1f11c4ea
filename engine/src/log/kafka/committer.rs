//! The commit end of a shard: two transactional producers in turn, one undecided batch.

use super::anchor::Anchor;
use super::cluster::{Cluster, Lane};
use super::convoy::Convoy;
use super::topics::{DEAD_LETTERS, JOURNAL, REJECTED as REJECTED_TOPIC};
use super::transactor::{Record, Transactor};
use super::watchdog::Watched;
use crate::log::{Batch, CommitError, Committer, EncodedEvent, PartitionCommit, REJECTED};
use crate::record::DeadLetter;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;
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
    pub(super) fn open(&mut self) -> Result<(), rdkafka::error::KafkaError> {
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
            Err(text) => return Err(self.give_up(&transactor, text)),
        };
        let anchored = Instant::now();
        if let Err(error) = transactor.commit(&self.watched) {
            return Err(Failed::Unknown(error.to_string()));
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
        transactor.begin(records, parts(loads).count()).map_err(|e| e.to_string())?;
        self.send(transactor, loads).map_err(|e| e.to_string())?;
        let offsets = transactor.drain()?;
        note_stage("deliver", began);
        let anchor = |((shard, part), offset): ((usize, &PartitionCommit), &i64)| {
            (part.partition, self.cluster.anchor(offset + 1, part.sequence, shard))
        };
        let anchors: Vec<_> = parts(loads).zip(&offsets).map(anchor).collect();
        let list = self.offsets(loads, &anchors).map_err(|e| e.to_string())?;
        let group = self.cluster.ownership.fence(&epochs(loads))?;
        let since = Instant::now();
        transactor.send_offsets(&list, &group, &self.watched).map_err(|e| e.to_string())?;
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
    fn give_up(&self, transactor: &Transactor, text: String) -> Failed {
        tracing::warn!(lane = %self.lane, reason = text, "a commit is given up");
        match transactor.abort(&self.watched) {
            Ok(()) => Failed::Aborted(text),
            Err(error) => Failed::Unknown(format!("{text}; and the abort failed: {error}")),
        }
    }

    fn send(&self, transactor: &Transactor, loads: &[Load<'_>]) -> Result<(), rdkafka::error::KafkaError> {
        // Events first: they are many, their partitions few; the journals' records are on their way meanwhile.
        for Load { batch, .. } in loads {
            for event in &batch.events {
                let record: Record<'_, str, [u8]> = BaseRecord::with_opaque_to(self.event_topic(event), 0);
                transactor
                    .send(record.key(event.user.as_str()).payload(&batch.bytes[event.range.clone()]))?;
            }
        }
        for (index, (_, part)) in parts(loads).enumerate() {
            let record: Record<'_, [u8], [u8]> = BaseRecord::with_opaque_to(JOURNAL, index + 1);
            transactor.send(record.partition(i32::from(part.partition)).payload(&part.frame))?;
            for letter in &part.dead_letters {
                send_dead_letter(transactor, letter)?;
            }
        }
        for forward in loads.iter().flat_map(|load| &load.batch.forwards) {
            let record: Record<'_, [u8], [u8]> = BaseRecord::with_opaque_to(&forward.topic, 0);
            let record = record.partition(i32::from(forward.partition));
            transactor.send(record.key(&forward.key).payload(&forward.value))?;
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

fn send_dead_letter(transactor: &Transactor, letter: &DeadLetter) -> Result<(), rdkafka::error::KafkaError> {
    let partition = letter.partition.to_string();
    let offset = letter.offset.to_string();
    let headers = OwnedHeaders::new_with_capacity(4)
        .insert(Header { key: "topic", value: Some(&letter.topic) })
        .insert(Header { key: "partition", value: Some(&partition) })
        .insert(Header { key: "offset", value: Some(&offset) })
        .insert(Header { key: "reason", value: Some(&letter.reason) });
    let record: Record<'_, [u8], [u8]> = BaseRecord::with_opaque_to(DEAD_LETTERS, 0);
    let record = record.payload(&letter.value).headers(headers);
    match &letter.key {
        Some(key) => transactor.send(record.key(key)),
        None => transactor.send(record),
    }
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
