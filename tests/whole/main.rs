//! The whole binary, driven from outside: over HTTP, over Kafka, on the command line, with signals.
//!
//! Map: `conformance` (both logs keep the same promises) · `berka` (a real bank's four years) · `crash_embedded`,
//! `crash_kafka` (kill -9 and worse, under load) · `cli` (the command line) · `ledger` (reports, forecasts, calculators) ·
//! `accounts` (preferences, accounts, rates) · `imports` (bank files) · `predictions` · `recurring` · `erasure` · `export` · `restore` · `as_of` · `restart` · `rebalance` · `garbage` · `largest` · `paces` ·
//! `hostile` (whatever a client may send) · `support`
//! (what they share).
//!
//! One test binary, because what they share takes longer to build than they do. The short form belongs in every check;
//! `CENTIME_LONG=1` makes the crash tests ten times longer; `CENTIME_SEED` repeats a run's choices.

mod accounts;
mod as_of;
mod berka;
mod cli;
mod conformance;
mod crash_embedded;
mod crash_kafka;
mod erasure;
mod export;
mod garbage;
mod hostile;
mod imports;
mod largest;
mod ledger;
mod paces;
mod predictions;
mod rebalance;
mod recurring;
mod restart;
mod restore;
mod support;
