//! Taking partitions over: wait until what the last owner did is decided, learn how far its journal goes, put this node's
//! name on the anchor, tell the shard.

use super::anchor::Anchor;
use super::cluster::{Cluster, Lane};
use super::journal::KafkaJournal;
use super::transactor::Transactor;
use super::watchdog::Watched;
use crate::log::{FromLog, ShardInbox};
use rdkafka::TopicPartitionList;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Undecided for this long after a takeover: its owner is taken for dead and its commits are settled.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(300);

/// Takes partitions over, each assignment on a thread of its own.
pub(super) struct Takeover {
    pub(super) cluster: Arc<Cluster>,
    pub(super) journal: Arc<KafkaJournal>,
    pub(super) inboxes: Vec<Arc<dyn ShardInbox>>,
    pub(super) writer: Mutex<Option<Transactor>>,
    pub(super) watched: Watched,
}

/// A partition to take.
struct Take {
    partition: u16,
    epoch: u64,
    /// End of its journal as first seen after the assignment.
    end: Option<i64>,
}

/// A partition whose past is decided.
struct Ready {
    partition: u16,
    epoch: u64,
    /// The last owner's anchor.
    old: Option<Anchor>,
    /// This node's.
    new: Anchor,
}

impl Takeover {
    /// Starts to take partitions over under the epochs given.
    pub(super) fn begin(self: &Arc<Self>, takes: Vec<(u16, u64)>) {
        let this = self.clone();
        let spawned =
            std::thread::Builder::new().name("kafka-takeover".to_owned()).spawn(move || this.run(takes));
        if let Err(error) = spawned {
            self.cluster.ownership.fail(format!("no thread to take partitions over: {error}"));
        }
    }

    fn run(&self, takes: Vec<(u16, u64)>) {
        let began = Instant::now();
        let mut settled = false;
        let mut hidden = Vec::new();
        let mut pending: Vec<_> =
            takes.into_iter().map(|(partition, epoch)| Take { partition, epoch, end: None }).collect();
        while self.still_wanted(&mut pending) {
            let ready = self.ready(&mut pending);
            if !ready.is_empty() {
                match self.give(&ready) {
                    Ok(()) => {
                        pending.retain(|take| ready.iter().all(|r| r.partition != take.partition));
                        hidden.extend(ready);
                        continue;
                    }
                    Err(text) => tracing::info!(reason = text, "a takeover is tried again"),
                }
            }
            if !settled && began.elapsed() > PATIENCE && !pending.is_empty() {
                settled = true;
                self.settle_anchors(&pending);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.uncover(&hidden);
    }

    fn still_wanted(&self, pending: &mut Vec<Take>) -> bool {
        pending.retain(|t| self.cluster.ownership.is_current(t.partition, t.epoch));
        !pending.is_empty() && !self.cluster.stopping()
    }

    /// Those of `pending` whose past is decided.
    fn ready(&self, pending: &mut [Take]) -> Vec<Ready> {
        let partitions: Vec<_> = pending.iter().map(|t| t.partition).collect();
        let anchors: Vec<_> = match self.cluster.lookup.stable(&partitions, LOOK) {
            Ok(anchors) => anchors.into_iter().map(Some).collect(),
            // One undecided anchor keeps the answer for all: ask for each.
            Err(_) if partitions.len() > 1 => {
                partitions.iter().map(|p| self.cluster.lookup.stable(&[*p], LOOK).ok()?.pop()).collect()
            }
            Err(_) => vec![None],
        };
        let decided = pending.iter_mut().zip(anchors).filter_map(|(take, anchor)| Some((take, anchor?)));
        decided.filter_map(|(take, old)| self.ready_one(take, old)).collect()
    }

    fn ready_one(&self, take: &mut Take, old: Option<Anchor>) -> Option<Ready> {
        let (offset, sequence) = match &old {
            Some(anchor) => (anchor.offset, anchor.sequence),
            None => self.end_of_journal(take)?,
        };
        let new = self.cluster.anchor(offset, sequence, self.shard(take.partition));
        Some(Ready { partition: take.partition, epoch: take.epoch, old, new })
    }

    /// Without an anchor, the journal itself says where it ends: once all that was in it after the assignment is decided.
    /// (What can be read before that may stop short of records that are committed.)
    fn end_of_journal(&self, take: &mut Take) -> Option<(i64, u64)> {
        let lookup = &self.cluster.lookup;
        let end = match take.end {
            Some(end) => end,
            None => *take.end.insert(lookup.end(take.partition, LOOK).ok()?),
        };
        if lookup.stable_end(take.partition, LOOK).ok()? < end {
            return None;
        }
        match self.journal.last(take.partition) {
            Ok(last) => Some(last.unwrap_or((0, 0))),
            Err(error) => {
                tracing::error!(partition = take.partition, %error, "a partition can't be taken over");
                std::thread::sleep(PATIENCE);
                None
            }
        }
    }

    /// Writes this node's anchors and tells the shards. The anchor proves that the group takes commits of these partitions
    /// from this node, and tells other nodes where they are served.
    fn give(&self, ready: &[Ready]) -> Result<(), String> {
        let _in_order = self.cluster.ownership.handover();
        let mut writer = super::lock(&self.writer);
        let written = self.write(&mut writer, ready);
        if let Err(text) = written {
            // Opening the producer again settles whatever this came to.
            *writer = None;
            return Err(text);
        }
        let anchors: Vec<_> = ready.iter().map(|r| (r.partition, r.new.clone())).collect();
        self.cluster.ownership.committed(&anchors);
        for Ready { partition, epoch, new, .. } in ready {
            let take = FromLog::Take { partition: *partition, epoch: *epoch, goal: new.sequence };
            // A shard that has ended takes nothing.
            drop(self.inboxes[self.shard(*partition)].send_blocking(take));
        }
        Ok(())
    }

    fn write(&self, writer: &mut Option<Transactor>, ready: &[Ready]) -> Result<(), String> {
        let writer = if let Some(writer) = writer {
            writer
        } else {
            let id = self.cluster.takeover_id(&self.cluster.config.node);
            writer.insert(self.open(&id, &self.watched)?)
        };
        let mut list = TopicPartitionList::with_capacity(ready.len());
        for r in ready {
            r.new.add_to(&mut list, r.partition).map_err(|e| e.to_string())?;
        }
        writer.begin(0, 0)?;
        let takes: Vec<_> = ready.iter().map(|r| (r.partition, r.epoch)).collect();
        let member = self.cluster.ownership.fence_takeover(&takes)?;
        writer.send_offsets(&list, &self.cluster.config.group, &member, &self.watched)?;
        writer.commit(&self.watched)?;
        if writer.disconnected() { Err("the connection was lost".to_owned()) } else { Ok(()) }
    }

    fn open(&self, id: &str, watched: &Watched) -> Result<Transactor, String> {
        Transactor::open(&self.cluster.config, id, watched)
    }

    fn shard(&self, partition: u16) -> usize {
        usize::from(partition) % self.inboxes.len()
    }

    /// Anchors stay undecided: the commit that holds them is most likely of the node the last decided anchors name.
    fn settle_anchors(&self, pending: &[Take]) {
        let partitions: Vec<_> = pending.iter().map(|t| t.partition).collect();
        match self.cluster.lookup.decided(&partitions, PATIENCE) {
            Ok(anchors) => self.settle(&anchors.into_iter().flatten().collect::<Vec<_>>()),
            Err(error) => tracing::warn!(%error, "undecided anchors can't be read"),
        }
    }

    /// What a dead owner left open in the journals hides everyone's events on the topics it shared with them.
    fn uncover(&self, taken: &[Ready]) {
        let began = Instant::now();
        let end = |r: &Ready| Some((r.partition, self.cluster.lookup.end(r.partition, LOOK).ok()?));
        let mut open: Vec<_> = taken.iter().filter_map(end).collect();
        while began.elapsed() < PATIENCE && !self.cluster.stopping() {
            open.retain(|(p, end)| {
                self.cluster.lookup.stable_end(*p, LOOK).is_ok_and(|stable| stable < *end)
            });
            if open.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let owners = taken.iter().filter(|r| open.iter().any(|(p, _)| *p == r.partition));
        self.settle(&owners.filter_map(|r| r.old.clone()).collect::<Vec<_>>());
    }

    /// Opens producers under the names these anchors' commits were made with: that decides what those left open.
    fn settle(&self, anchors: &[Anchor]) {
        let mut ids = BTreeSet::new();
        for Anchor { node, shard, .. } in anchors {
            // This node's own producers have settled what they left when they were opened.
            let own = *node == self.cluster.config.node;
            let (shards, convoys) =
                if own { (self.inboxes.len(), self.inboxes.len() > 1) } else { (0, false) };
            let shard = (*shard >= shards).then_some(Lane::Shard(*shard));
            let convoy = (!convoys).then_some(Lane::Convoy);
            let id = |lane| (0..2).map(move |turn| self.cluster.transactional_id(node, lane, turn));
            ids.extend(shard.into_iter().chain(convoy).flat_map(id));
            if !own {
                ids.insert(self.cluster.takeover_id(node));
            }
        }
        // Other takeovers may be settling at the same time.
        let watched = self.cluster.watchdog.client();
        for id in ids {
            tracing::warn!(id, "settling what another node left undecided");
            if let Err(error) = self.open(&id, &watched) {
                tracing::warn!(id, %error, "it could not be settled; it ends by itself after 10 s");
            }
        }
    }
}
