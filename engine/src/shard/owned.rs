//! What a shard knows of a partition it owns.

use crate::EngineError;
use crate::log::Cursor;
use crate::record::NextOffsets;
use crate::request::Request;
use centime_domain::UserId;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

/// Requests that may wait for a partition that is catching up.
const PARKED: usize = 1_024;
/// A partition without a commit for so long has time to write what is changed.
const QUIET: Duration = Duration::from_secs(1);

/// How long changes may stay in memory only. Short waits make much of the same work again for users who change often;
/// long ones make a replay long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// The oldest a change may get.
    pub(super) oldest: Duration,
    /// When one is `older` already, `lag` commands to replay are enough to write them.
    pub(super) older: Duration,
    pub(super) lag: u64,
    /// So many are, at any age.
    pub(super) most_lag: u64,
}

/// The first change that the store does not have.
struct FirstChange {
    /// Journal cursor before it.
    before: Cursor,
    /// Commands the shard had decided for the partition by then.
    count: u64,
    since: Instant,
}

/// A partition this shard owns.
pub(super) struct Owned {
    pub(super) epoch: u64,
    /// Sequence the replay must reach.
    pub(super) goal: u64,
    pub(super) ready: bool,
    /// By the engine's clock.
    ready_since: Timestamp,
    /// Names the replay under way; 0: none.
    pub(super) replay: u64,
    /// The replay began at the journal's beginning, with an empty store.
    pub(super) from_scratch: bool,
    /// Commands decided or replayed since it was taken.
    pub(super) decided: u64,
    /// When that was last.
    last: Instant,
    /// Behind the last committed record.
    pub(super) committed: Cursor,
    /// Behind the one before: replay from here meets at least one record, and with it all topics' next offsets.
    pub(super) previous: Cursor,
    pub(super) next_offsets: NextOffsets,
    /// Users whose pages the store does not have, and since when.
    dirty: Vec<UserId>,
    first_change: Option<FirstChange>,
    /// Users being written now, in falling order of their keys: the store likes neighbours together.
    pub(super) sweep: Vec<UserId>,
    /// What was true before the first change of those.
    sweep_before: Cursor,
    pub(super) parked: Vec<Request>,
    /// The watermark last handed to the store.
    pub(super) marked: Cursor,
    /// Memory was thrown away: this is only a place holder until the partition is taken over anew.
    forgotten: bool,
}

impl Owned {
    pub(super) fn new(epoch: u64, goal: u64, from: Cursor) -> Self {
        Self {
            epoch,
            goal,
            ready: false,
            ready_since: Timestamp::MIN,
            replay: 0,
            from_scratch: from.sequence == 0,
            decided: 0,
            last: Instant::now(),
            committed: from,
            previous: from,
            next_offsets: Vec::new(),
            dirty: Vec::new(),
            first_change: None,
            sweep: Vec::new(),
            sweep_before: from,
            parked: Vec::new(),
            marked: from,
            forgotten: false,
        }
    }

    /// It has caught up: its commands may come.
    pub(super) fn set_ready(&mut self, now: Timestamp) {
        self.ready = true;
        self.ready_since = now;
    }

    /// Whether it caught up so long ago.
    pub(super) fn has_been_ready_for(&self, time: SignedDuration, now: Timestamp) -> bool {
        self.ready && now.duration_since(self.ready_since) >= time
    }

    /// Keeps a request until the partition is ready.
    pub(super) fn park(&mut self, request: Request) {
        if self.parked.len() < PARKED {
            self.parked.push(request);
        } else {
            request.fail(EngineError::NotReady);
        }
    }

    /// Moves past a committed record.
    pub(super) fn advance(&mut self, to: Cursor, next_offsets: &NextOffsets) {
        self.last = Instant::now();
        self.previous = self.committed;
        self.committed = to;
        merge(&mut self.next_offsets, next_offsets);
    }

    /// Everything the journal holds up to here is in pages handed to the store.
    pub(super) fn low_water(&self) -> Cursor {
        match &self.first_change {
            // What was to be written is forgotten: no more can be said than was said.
            _ if self.forgotten => self.marked,
            _ if !self.sweep.is_empty() => self.sweep_before,
            Some(first) => first.before,
            None => self.previous,
        }
    }

    /// Whether what is dirty must be written: it is old, or a replay would have much to do, or nothing else is to be done.
    pub(super) fn is_due(&self, patience: &Patience) -> bool {
        let Some(first) = &self.first_change else { return false };
        let (age, lag) = (first.since.elapsed(), self.lag());
        age > patience.oldest
            || lag > patience.most_lag
            || (age > patience.older && lag > patience.lag)
            || self.last.elapsed() > QUIET.min(patience.oldest)
    }

    /// Commands since the first change that no sweep has begun to write.
    pub(super) fn lag(&self) -> u64 {
        self.first_change.as_ref().map_or(0, |first| self.decided - first.count)
    }

    /// Nothing has been committed for a while.
    pub(super) fn is_quiet(&self) -> bool {
        self.last.elapsed() > QUIET
    }

    /// Notes that the store lacks what a user's state got after `before`.
    pub(super) fn mark_dirty(&mut self, user: UserId, before: Cursor, now: Instant) {
        self.first_change.get_or_insert(FirstChange { before, count: self.decided, since: now });
        self.dirty.push(user);
    }

    /// Users the store does not have as they are.
    pub(super) fn to_write(&self) -> usize {
        self.dirty.len() + self.sweep.len()
    }

    /// Turns what is dirty now into the sweep.
    pub(super) fn begin_sweep(&mut self) {
        debug_assert!(self.sweep.is_empty(), "one sweep at a time");
        self.sweep_before = self.low_water();
        self.sweep = std::mem::take(&mut self.dirty);
        self.first_change = None;
        self.sweep.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// Takes the next users of the sweep, at most `most`.
    pub(super) fn next_of_sweep(&mut self, most: usize) -> Vec<UserId> {
        let rest = self.sweep.len().saturating_sub(most);
        self.sweep.drain(rest..).rev().collect()
    }

    /// Memory is thrown away: nothing that comes under the old names counts any more. The epoch it was owned under, unless
    /// it had been forgotten already.
    pub(super) fn forget(&mut self) -> Option<u64> {
        let epoch = (!self.forgotten).then_some(self.epoch);
        self.forgotten = true;
        self.ready = false;
        self.dirty.clear();
        self.first_change = None;
        self.sweep.clear();
        self.epoch = u64::MAX;
        self.replay = 0;
        epoch
    }
}

/// Brings `known` up to date.
pub(super) fn merge(known: &mut NextOffsets, newer: &[(u8, i64)]) {
    for (topic, offset) in newer {
        match known.iter_mut().find(|(t, _)| t == topic) {
            Some(slot) => slot.1 = *offset,
            None => known.push((*topic, *offset)),
        }
    }
}
