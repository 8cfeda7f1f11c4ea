//! Between batches: changed pages go to the store, the least recently used users leave memory.

use super::owned::{Owned, Patience};
use super::{Shard, UPKEEP};
use centime_actors::{Passivated, TakePages};
use centime_state::Watermark;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Users whose pages are taken in one go when there is no time to lose, or nothing else to do: some milliseconds.
const MANY: usize = 512;
/// As many as can go every 50 ms, when commands keep coming, without being felt.
const SOME: usize = 128;
/// Commands of one shard that a replay may have to do again, at most …
const MOST_LAG: u64 = 250_000;
/// … and when the first of them is older than this.
const LAG: u64 = 150_000;
const OLDER: Duration = Duration::from_secs(5);
/// From here on writing is in a hurry.
const URGENT_LAG: u64 = 200_000;
/// All of these are as many times as large where a start waits for others anyway: to take partitions over from a node that
/// crashed takes its session timeout.
const REMOTE: u64 = 2;
/// Bytes waiting for the store: beyond the first figure no pages are taken, beyond the second the shard waits.
const PENDING: usize = 8 << 20;
const PENDING_LIMIT: usize = 256 << 20;
/// A store that keeps a shard waiting for so long will never come back; a restart replays what it lacks.
const HUNG: Duration = Duration::from_mins(1);

impl Shard {
    /// One round of upkeep. Comes again at once if there is more to do.
    pub(super) async fn upkeep(&mut self) {
        let urgent = self.is_urgent();
        let most = if urgent { MANY } else { SOME };
        let evicting = self.passivate();
        let writing = self.write_behind(false, most).await;
        let at_once = evicting || (writing && urgent);
        self.next_upkeep = if at_once { Instant::now() } else { Instant::now() + UPKEEP };
        self.forget_waiters();
        let to_write: usize = self.partitions.values().map(Owned::to_write).sum();
        self.gauge("centime_users_in_memory", self.directory.len());
        self.gauge("centime_user_bytes", self.directory.weight());
        self.gauge("centime_users_to_write", to_write);
    }

    /// Whether writing behind should take what it needs: a replay would get long, or nobody minds. (Swept at full speed,
    /// 60,000 users took six seconds of two cores in which every command waited twice as long.)
    fn is_urgent(&self) -> bool {
        let lag = self.a_partitions(URGENT_LAG);
        self.partitions.values().any(|owned| owned.lag() > lag)
            || self.partitions.values().all(Owned::is_quiet)
    }

    /// One partition's share of so many commands of a shard.
    fn a_partitions(&self, commands: u64) -> u64 {
        let times = if self.log.is_remote() { REMOTE } else { 1 };
        times * commands / (self.partitions.len() as u64).max(1)
    }

    /// Who has given up waiting for a command of the log is nobody to be told.
    fn forget_waiters(&mut self) {
        self.waiters.retain(|_, waiting| {
            waiting.retain(|reply| !reply.is_closed());
            !waiting.is_empty()
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "no such count comes near 2^52")]
    fn gauge(&self, name: &'static str, value: usize) {
        metrics::gauge!(name, &self.labels).set(value as f64);
    }

    /// Lets users go while memory is over budget. True if there are more to let go.
    pub(super) fn passivate(&mut self) -> bool {
        if !self.directory.over_budget() {
            return false;
        }
        let committed = self.cursors();
        match self.directory.passivate(MANY, |p| committed[&p]) {
            Ok(gone) => self.hand_over(gone),
            Err(error) => {
                tracing::error!(%error, "a user could not be passivated; starting afresh");
                self.start_afresh();
            }
        }
        self.directory.over_budget()
    }

    /// Hands pages of due partitions to the store, one partition after the other, at most `most` users; then the watermarks
    /// they allow. True if more are due.
    pub(super) async fn write_behind(&mut self, all: bool, most: usize) -> bool {
        let waiting = Instant::now();
        while self.pages.store().pending_bytes() > PENDING_LIMIT {
            if waiting.elapsed() > HUNG {
                crate::fatal(&format!("the page store has written next to nothing for {HUNG:?}: it hangs"));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if !all && self.pages.store().pending_bytes() > PENDING {
            return false;
        }
        let (lag, most_lag) = (self.a_partitions(LAG), self.a_partitions(MOST_LAG));
        let patience = Patience { oldest: self.write_behind_interval, older: OLDER, lag, most_lag };
        let mut users = Vec::new();
        for owned in self.partitions.values_mut() {
            if owned.sweep.is_empty() && (all || owned.is_due(&patience)) {
                owned.begin_sweep();
            }
            users = owned.next_of_sweep(most);
            if !users.is_empty() {
                break;
            }
        }
        let committed = self.cursors();
        match self.directory.take_pages(&users, |p| committed[&p]) {
            Ok(taken) => self.hand_over(taken),
            Err(error) => {
                tracing::error!(%error, "a user's pages could not be taken; starting afresh");
                self.start_afresh();
                return false;
            }
        }
        self.mark();
        !users.is_empty()
    }

    fn hand_over(&mut self, taken: Vec<Passivated>) {
        let mut store = self.pages.store();
        for Passivated { user, partition, rows } in taken {
            if !rows.is_empty() {
                store.put(partition, user.as_str(), rows);
            }
        }
    }

    /// Moves the watermarks up to what the pages handed over allow.
    fn mark(&mut self) {
        let mut store = self.pages.store();
        for (partition, owned) in &mut self.partitions {
            let low = owned.low_water();
            if low.sequence > owned.marked.sequence {
                let mark = Watermark { sequence: low.sequence, hash: low.hash, hint: low.hint };
                store.watermark(*partition, mark);
                owned.marked = low;
            }
        }
    }

    fn cursors(&self) -> HashMap<u16, TakePages> {
        self.partitions.keys().map(|p| (*p, self.committed(*p))).collect()
    }

    /// Writes everything behind and answers: the end.
    pub(super) async fn stop(&mut self, done: oneshot::Sender<()>) {
        while self.write_behind(true, MANY).await {}
        if let Err(error) = self.pages.store().drain() {
            tracing::warn!(%error, "pages were not written; the next start replays them from the journal");
        }
        drop(done);
    }
}
