//! The pure core: one user's commands decided, applied to the state and reacted to, and the same from the journal.

#[allow(dead_code, reason = "every bench uses a part of what they share")]
mod support;

use centime_domain::{Command, Entry, Handled, Input, Outcome, UserState};
use criterion::{BatchSize, Criterion, Throughput};
use jiff::Timestamp;
use std::hint::black_box;
use support::inputs;
use support::load::{CATEGORIES, Load};

/// What the release binary allocates with.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// As many expenses as the Kafka bench has for each user.
const EXPENSES: usize = 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let now = Timestamp::now();
    let (user, _) = inputs::budget(0, 0, now);
    let mut state = UserState::default();
    for category in 0..CATEGORIES.len() {
        let (_, budget) = inputs::budget(0, category, now);
        black_box(state.handle(&budget, 1));
    }

    // At most 1.01 each: no alerts. Above 100.00 each: alerts in every month and category's first.
    let drawn: Vec<_> = Load::new(1, 1).take(EXPENSES).collect();
    let expenses = |cents: fn(u32) -> u32| -> Vec<Input> {
        drawn.iter().map(|e| inputs::expense(&e.costing(cents(e.cents)), now).1).collect()
    };
    let quiet = expenses(|cents| cents / 100 + 1);
    let noisy = expenses(|cents| cents + 10_000);

    let mut group = criterion.benchmark_group("domain");
    group.throughput(Throughput::Elements(EXPENSES as u64));
    for (name, inputs) in [("handle, within budgets", &quiet), ("handle, budgets exceeded", &noisy)] {
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || state.clone(),
                |state| inputs.iter().for_each(|input| drop(black_box(state.handle(input, 2)))),
                BatchSize::SmallInput,
            );
        });
    }

    let mut decided = state.clone();
    let entries: Vec<Entry> = quiet
        .iter()
        .map(|input| Entry {
            user: user.clone(),
            command_id: input.id.clone(),
            body_hash: input.body_hash,
            time_us: input.time.as_microsecond(),
            outcome: accepted(decided.handle(input, 2)),
        })
        .collect();
    group.bench_function("apply, within budgets", |b| {
        b.iter_batched_ref(
            || state.clone(),
            |state| entries.iter().for_each(|entry| state.apply(black_box(entry), 2)),
            BatchSize::SmallInput,
        );
    });
    let root = decided.clone().take_changed().into_iter().find_map(|(_, page)| page).expect("the root page");
    println!("root page: {} bytes; in memory {}", root.len(), decided.weight());
    group.bench_function("a user from their root page", |b| {
        b.iter_with_large_drop(|| UserState::from_root(Some(black_box(&root))).expect("readable"));
    });
    group.bench_function("pages of a changed user", |b| {
        b.iter_batched_ref(
            || decided.clone(),
            |state| black_box(state.take_changed()),
            BatchSize::SmallInput,
        );
    });
    group.finish();

    let mut data = String::new();
    drawn[0].write_data(&mut data);
    criterion.bench_function("parse create_transaction", |b| {
        b.iter(|| Command::parse("create_transaction", black_box(data.as_bytes())));
    });
    criterion.final_summary();
}

fn accepted(handled: Handled) -> Outcome {
    match handled {
        Handled::Decided(outcome @ Outcome::Accepted(_)) => outcome,
        other => panic!("the load is accepted, not {other:?}"),
    }
}
