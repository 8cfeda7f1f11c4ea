//! What is said of panics. Each is a bug, and what it struck becomes a dead letter; but whoever repeats the command a
//! thousand times a second must not fill the disk with backtraces, nor stop everybody else while they are written.

use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many are told in full …
const IN_FULL: u64 = 10;

/// … and of the rest the 16th, 32nd, 64th …, in one line. `centime_panics_total` counts them all.
pub(crate) fn report() {
    let in_full = panic::take_hook();
    let seen = AtomicU64::new(0);
    panic::set_hook(Box::new(move |info| {
        metrics::counter!("centime_panics_total").increment(1);
        let number = seen.fetch_add(1, Ordering::Relaxed) + 1;
        if number <= IN_FULL {
            in_full(info);
        } else if number.is_power_of_two() {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(number, place, "more panics: a bug, please report it");
        }
    }));
}
