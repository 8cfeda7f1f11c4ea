//! The engine's clock: the time that commands without one are given. `--clock` sets it, tests move it forward.

use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};

/// Wall clock plus an offset that only grows.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
    settable: bool,
}

impl Clock {
    /// A clock that shows `start` now and may be moved forward.
    pub fn starting_at(start: Timestamp) -> Self {
        let offset = start.as_millisecond() - Timestamp::now().as_millisecond();
        Self { offset_ms: AtomicI64::new(offset), settable: true }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        Timestamp::now().checked_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward to `to`. `Err` says why not: it is the machine's own clock, or `to` is in its past.
    pub fn advance(&self, to: Timestamp) -> Result<(), &'static str> {
        if !self.settable {
            return Err("this clock is the machine's own: start with --clock to move it");
        }
        let forward = to.as_millisecond() - self.now().as_millisecond();
        if forward < 0 {
            return Err("the clock only moves forward");
        }
        self.offset_ms.fetch_add(forward, Ordering::Relaxed);
        Ok(())
    }
}
