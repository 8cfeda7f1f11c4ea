//! What the tests of the whole binary share. They drive the release binary from outside, like strangers: nothing here
//! calls into centime's crates.
//!
//! Map: `server` (a running `centime serve`) · `http` (its client) · `feed` (its live feed) · `broker` (a real Kafka) ·
//! `topics` (writing to and reading from it) · `oracle` (an independent recount of what must follow from commands) ·
//! `cluster` (nodes on it) · `story` (lifelike commands) · `check` (what happened against what must have) · `load` (clients that never give up) ·
//! `damage` (to the page store) · `random`.

pub(crate) mod broker;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod damage;
pub(crate) mod feed;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod oracle;
pub(crate) mod random;
pub(crate) mod server;
pub(crate) mod story;
pub(crate) mod topics;

use std::time::{Duration, Instant};

/// Longest wait for anything: only ever met by a hang.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Waits until `done` says so. Panics with `what` when it never does.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Rounds of a crash test: few in everyday checks, many when asked for.
pub(crate) fn rounds() -> u32 {
    if std::env::var_os("CENTIME_LONG").is_some_and(|v| v == "1") { 50 } else { 5 }
}
