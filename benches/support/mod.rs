//! What the benches share: the load, processes, a plain table. Every bench uses a part of it.

pub(crate) mod client;
pub(crate) mod inputs;
pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod table;

/// The middle value (of an even number: the lower one of the two in the middle); `None` without values.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// `a / b` of counts, for people to read.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
pub(crate) fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// `count` a second.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
pub(crate) fn per_second(count: u64, took: std::time::Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// True when the bench was started by `cargo bench` or with arguments of its own. `cargo test --all-targets` starts
/// benches too: those measure nothing and end at once.
pub(crate) fn asked_for() -> bool {
    std::env::args().len() > 1
}
