//! Which partitions this node owns, and its standing in the group: one lock for both.
//!
//! The broker checks member and generation of a commit, not partitions: with fresh group metadata a node could commit a
//! partition it has lost. So what is owned and the metadata are read together, and the revoke callback takes the same lock
//! before it lets a partition go.

use super::anchor::Anchor;
use super::member::Member;
pub(super) use super::standing::Standing;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

#[derive(Debug)]
struct Holding {
    /// Names this ownership.
    epoch: u64,
    /// The partition's anchor as this node left it; `None`: not taken over yet.
    anchor: Option<Anchor>,
}

#[derive(Default)]
struct State {
    holdings: HashMap<u16, Holding>,
    member: Option<Member>,
}

/// The partitions of this node.
#[derive(Default)]
pub(super) struct Ownership {
    state: Mutex<State>,
    /// Held while shards are told: a partition's `Take` and `Drop` reach its shard in the order in which they were decided.
    /// No commit waits for it.
    handover: Mutex<()>,
    epochs: AtomicU64,
    failure: OnceLock<String>,
    /// The group has told this node what it is to own (possibly nothing).
    joined: AtomicBool,
    /// Somebody wants the partitions dealt out anew.
    rebalance: AtomicBool,
}

impl Ownership {
    /// Serialises what shards are told. To be taken before anything else here.
    pub(super) fn handover(&self) -> MutexGuard<'_, ()> {
        super::lock(&self.handover)
    }

    /// Lets commits speak for this member, or (`None`) not any more; returns the one before.
    pub(super) fn join(&self, member: Option<Member>) -> Option<Member> {
        std::mem::replace(&mut super::lock(&self.state).member, member)
    }

    /// Notes newly assigned partitions; returns them with the epoch of their takeover.
    pub(super) fn assigned(&self, partitions: &[u16]) -> Vec<(u16, u64)> {
        self.joined.store(true, Ordering::SeqCst);
        let mut state = super::lock(&self.state);
        let take = |partition: &u16| {
            let epoch = self.epochs.fetch_add(1, Ordering::Relaxed) + 1;
            state.holdings.insert(*partition, Holding { epoch, anchor: None });
            (*partition, epoch)
        };
        partitions.iter().map(take).collect()
    }

    /// Begins the takeover of these partitions anew, under new epochs, as far as they are still held under these.
    pub(super) fn retake(&self, forgotten: &[(u16, u64)]) -> Vec<(u16, u64)> {
        let mut state = super::lock(&self.state);
        let mut takes = Vec::new();
        for (partition, epoch) in forgotten {
            if let Some(holding) = state.holdings.get_mut(partition)
                && holding.epoch == *epoch
            {
                let epoch = self.epochs.fetch_add(1, Ordering::Relaxed) + 1;
                *holding = Holding { epoch, anchor: None };
                takes.push((*partition, epoch));
            }
        }
        takes
    }

    /// Whether the group has told this node what it is to own, and all of that has been handed to the shards.
    pub(super) fn joined(&self) -> bool {
        self.joined.load(Ordering::SeqCst)
            && super::lock(&self.state).holdings.values().all(|h| h.anchor.is_some())
    }

    /// Whether the partition is this node's, taken over or not.
    pub(super) fn holds(&self, partition: u16) -> bool {
        super::lock(&self.state).holdings.contains_key(&partition)
    }

    /// Forgets partitions.
    pub(super) fn revoked(&self, partitions: &[u16]) {
        let mut state = super::lock(&self.state);
        state.holdings.retain(|partition, _| !partitions.contains(partition));
    }

    /// All partitions held (taken over or not) for which `wanted`.
    pub(super) fn held(&self, wanted: impl Fn(u16) -> bool) -> Vec<u16> {
        super::lock(&self.state).holdings.keys().copied().filter(|p| wanted(*p)).collect()
    }

    /// Whether `epoch` is (still) the partition's ownership.
    pub(super) fn is_current(&self, partition: u16, epoch: u64) -> bool {
        super::lock(&self.state).holdings.get(&partition).is_some_and(|h| h.epoch == epoch)
    }

    /// The standing to take over `takes` with; `Err` if one of them has been lost meanwhile.
    pub(super) fn fence_takeover(&self, takes: &[(u16, u64)]) -> Result<Standing, String> {
        let state = super::lock(&self.state);
        let current = |(p, epoch): &(u16, u64)| state.holdings.get(p).is_some_and(|h| h.epoch == *epoch);
        if takes.iter().all(current) { standing(&state) } else { Err("a partition is gone again".to_owned()) }
    }

    /// The standing to commit these partitions with; `Err` if one of them is not owned, or no longer under the epoch
    /// the commit was decided under. (A shard may find an old `Take` in its inbox after a reset and decide under it while
    /// the next takeover has already looked how far the journal goes: such a commit would be overlooked, and its sequence
    /// given away twice.)
    pub(super) fn fence(&self, partitions: &[(u16, u64)]) -> Result<Standing, String> {
        let state = super::lock(&self.state);
        for (partition, epoch) in partitions {
            owned(&state, &[*partition])?;
            if state.holdings[partition].epoch != *epoch {
                return Err(format!("partition {partition} is being taken over anew"));
            }
        }
        standing(&state)
    }

    /// The anchors of these partitions as this node left them; `Err` if one of them is not owned.
    pub(super) fn anchors(&self, partitions: &[u16]) -> Result<Vec<Anchor>, String> {
        let state = super::lock(&self.state);
        Ok(owned(&state, partitions)?.into_iter().cloned().collect())
    }

    /// Notes the anchors that have become true.
    pub(super) fn committed(&self, anchors: &[(u16, Anchor)]) {
        let mut state = super::lock(&self.state);
        for (partition, anchor) in anchors {
            if let Some(holding) = state.holdings.get_mut(partition) {
                holding.anchor = Some(anchor.clone());
            }
        }
    }

    /// Wants the partitions dealt out anew.
    pub(super) fn ask_for_rebalance(&self) {
        self.rebalance.store(true, Ordering::SeqCst);
    }

    /// Whether that was wanted since the last time.
    pub(super) fn rebalance_asked_for(&self) -> bool {
        self.rebalance.swap(false, Ordering::SeqCst)
    }

    /// Why this node can't go on, if it can't.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }

    /// This node can't go on.
    pub(super) fn fail(&self, text: String) {
        tracing::error!("{text}");
        // The first reason is the one that explains the rest.
        drop(self.failure.set(text));
    }
}

fn owned<'a>(state: &'a State, partitions: &[u16]) -> Result<Vec<&'a Anchor>, String> {
    let anchor = |p: &u16| state.holdings.get(p).and_then(|h| h.anchor.as_ref());
    let lost = |p: &u16| format!("partition {p} is not owned by this node (any more)");
    partitions.iter().map(|p| anchor(p).ok_or_else(|| lost(p))).collect()
}

fn standing(state: &State) -> Result<Standing, String> {
    state.member.as_ref().and_then(Standing::of).ok_or_else(|| "this node is not in the group".to_owned())
}
