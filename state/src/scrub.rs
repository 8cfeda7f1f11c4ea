//! Scrubbing: sled's log keeps what was removed, so after an erasure the part it was in is rewritten.
//!
//! A removal that must leave no bytes *taints* its part, durably, before it is made. The thread that writes then copies
//! the part's rows into an empty part beside it, some between any two of its ordinary writes, which go to both; then the
//! copy takes the part's place (see `successor`) and the old files are deleted. The copy is not tainted: so the need for
//! a scrub goes with the bytes, in one step. A removal that comes meanwhile taints both, and so asks for another scrub.

use crate::open::{self, PARTS};
use crate::part::Part;
use crate::store::StateError;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A scrub works this long, then lets ordinary writes go first for as long.
const TURN: Duration = Duration::from_millis(10);
/// Erasures seldom come alone: those of this time share a scrub.
const GATHER: Duration = Duration::from_millis(500);
/// After a scrub its part is left alone for this many times as long as it took …
const REST: u32 = 20;
/// … at most this long.
const LONGEST_REST: Duration = Duration::from_hours(1);
/// A scrub that failed (the disk is full, say) is tried again after this.
const RETRY: Duration = Duration::from_mins(1);

/// The scrub that is under way, and when there may be others. One at a time: it takes the room of a part.
pub(crate) struct Scrubs {
    /// The store's folder.
    folder: PathBuf,
    /// No scrub of a part begins before this.
    earliest: [Instant; PARTS],
    under_way: Option<Scrub>,
}

struct Scrub {
    /// The number of the part that is rewritten.
    number: usize,
    /// The copy.
    successor: Part,
    /// All keys below have been copied.
    next: Vec<u8>,
    rows: usize,
    start: Instant,
}

impl Scrubs {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, earliest: [Instant::now(); PARTS], under_way: None }
    }

    /// A part is about to be tainted: the scrub waits a little for more of them.
    pub(crate) fn gather(&mut self, number: usize) {
        self.earliest[number] = self.earliest[number].max(Instant::now() + GATHER);
    }

    /// Makes a change in the copy of a part, if it is being rewritten. A copy that fails is given up: nothing depends on it.
    pub(crate) fn repeat(&mut self, number: usize, change: impl FnOnce(&Part) -> Result<(), StateError>) {
        let Some(scrub) = self.under_way.take_if(|scrub| scrub.number == number) else { return };
        match change(&scrub.successor) {
            Ok(()) => self.under_way = Some(scrub),
            Err(error) => self.give_up(scrub, &error),
        }
    }

    /// Goes on for a turn. After how long it should be called again; `None`: no part is tainted. Errors are the store's.
    pub(crate) fn turn(&mut self, parts: &[Part]) -> Result<Option<Duration>, StateError> {
        let Some(mut scrub) = self.under_way.take().or_else(|| self.begin(parts)) else {
            return Ok(self.wait(parts));
        };
        let start = Instant::now();
        while start.elapsed() < TURN {
            let rows = parts[scrub.number].some_rows(&scrub.next)?;
            if rows.is_empty() {
                self.complete(parts, scrub)?;
                return Ok(Some(TURN));
            }
            if let Err(error) = scrub.copy(&rows) {
                self.give_up(scrub, &error);
                return Ok(Some(TURN));
            }
        }
        self.under_way = Some(scrub);
        Ok(Some(TURN))
    }

    /// How long until a scrub begins, if one is wanted.
    fn wait(&self, parts: &[Part]) -> Option<Duration> {
        let wanted = parts.iter().zip(&self.earliest).filter(|(part, _)| part.is_tainted());
        wanted.map(|(_, earliest)| earliest.saturating_duration_since(Instant::now())).min()
    }

    fn begin(&mut self, parts: &[Part]) -> Option<Scrub> {
        let start = Instant::now();
        let due = |number: &usize| parts[*number].is_tainted() && self.earliest[*number] <= start;
        let number = (0..PARTS).find(due)?;
        match parts[number].successor() {
            Ok(successor) => Some(Scrub { number, successor, next: Vec::new(), rows: 0, start }),
            Err(error) => {
                self.retry(number, &error);
                None
            }
        }
    }

    /// The copy takes the part's place.
    fn complete(&mut self, parts: &[Part], scrub: Scrub) -> Result<(), StateError> {
        let Scrub { number, successor, rows, start, .. } = scrub;
        let part = &parts[number];
        if let Err(error) = part.give_way(successor) {
            // If the part is as it was, nothing is lost.
            part.check()?;
            self.retry(number, &error);
            return Ok(());
        }
        // What was once moved aside may have the erased rows, too.
        open::remove_moved_aside(&self.folder);
        let took = start.elapsed();
        self.earliest[number] = Instant::now() + (took * REST).min(LONGEST_REST);
        tracing::info!(
            part = number,
            rows,
            ?took,
            "the page store was scrubbed: no erased rows are left in its files"
        );
        Ok(())
    }

    /// Without its copy the part is as it was.
    fn give_up(&mut self, scrub: Scrub, error: &StateError) {
        // What is left of its files goes before the next scrub, or at the next start.
        drop(scrub.successor.discard());
        self.retry(scrub.number, error);
    }

    fn retry(&mut self, number: usize, error: &StateError) {
        tracing::warn!(part = number, %error, "the page store could not be scrubbed of erased rows; it is tried again in {RETRY:?}");
        self.earliest[number] = Instant::now() + RETRY;
    }
}

impl Scrub {
    fn copy(&mut self, rows: &[(sled::IVec, sled::IVec)]) -> Result<(), StateError> {
        self.successor.copy(rows)?;
        self.rows += rows.len();
        if let Some((last, _)) = rows.last() {
            // The first key after it.
            self.next = [last, &[0][..]].concat();
        }
        Ok(())
    }
}
