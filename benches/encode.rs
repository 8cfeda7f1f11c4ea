//! What a command passes through on its way in and out: its envelope read, its events' envelopes written, its commit
//! record written and read.

#[allow(dead_code, reason = "every bench uses a part of what they share")]
mod support;

use centime_domain::{CommandId, Entry, Event, Handled, Outcome, UserId, UserState};
use centime_engine::{CommandEnvelope, CommitRecord, EventPlace, write_event};
use criterion::{Criterion, Throughput};
use jiff::Timestamp;
use std::hint::black_box;
use support::inputs;
use support::load::{CATEGORIES, Expense, Load};

/// What the release binary allocates with.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Commands of one batch in one partition.
const ENTRIES: usize = 1_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let now = Timestamp::now();
    let expenses: Vec<Expense> = Load::new(1, 200).take(ENTRIES).collect();

    let mut envelope = String::new();
    expenses[0].write_envelope(&mut envelope, now);
    let mut group = criterion.benchmark_group("envelope");
    group.throughput(Throughput::Bytes(envelope.len() as u64));
    group.bench_function("parse create_transaction", |b| {
        b.iter(|| CommandEnvelope::parse(black_box(envelope.as_bytes()), Some("create_transaction"), now));
    });
    group.finish();

    let entries = decide(&expenses, now);
    let events = |kind: &str| entries.iter().find_map(|entry| event(entry, kind));
    for kind in ["transaction_created", "budget_exceeded"] {
        let (entry, event) = events(kind).expect("a thousand expenses over 200 users raise alerts");
        let mut out = Vec::new();
        criterion.bench_function(&format!("write {kind}"), |b| {
            b.iter(|| {
                out.clear();
                write_event(
                    &mut out,
                    &place(&entry.user, &entry.command_id, entry.time_us),
                    black_box(event),
                );
                out.len()
            });
        });
    }

    let record = CommitRecord {
        partition: 7,
        sequence: 1,
        previous: 0,
        next_offsets: vec![(0, 1_000)],
        entries,
        dead_letters: Vec::new(),
    };
    let mut bytes = Vec::new();
    record.write(&mut bytes);
    println!("a commit record of {ENTRIES} commands has {} bytes", bytes.len());
    let mut group = criterion.benchmark_group("commit record");
    group.throughput(Throughput::Elements(ENTRIES as u64));
    group.bench_function("write", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            black_box(&record).write(&mut out)
        });
    });
    group.bench_function("read", |b| b.iter(|| CommitRecord::read(black_box(&bytes))));
    group.finish();
    criterion.final_summary();
}

/// Decides them, each for a user with all budgets; one in ten has already spent 99.99 there and then.
fn decide(expenses: &[Expense], now: Timestamp) -> Vec<Entry> {
    let mut fresh = UserState::default();
    for category in 0..CATEGORIES.len() {
        black_box(fresh.handle(&inputs::budget(0, category, now).1, 1));
    }
    expenses
        .iter()
        .map(|expense| {
            let mut state = fresh.clone();
            if expense.cents > 9_000 {
                let (_, mut before) = inputs::expense(&expense.costing(9_999), now);
                before.id = CommandId::parse("before").expect("printable");
                black_box(state.handle(&before, 2));
            }
            let (user, input) = inputs::expense(expense, now);
            let Handled::Decided(outcome) = state.handle(&input, 3) else { panic!("every id is new") };
            let time_us = input.time.as_microsecond();
            Entry { user, command_id: input.id, body_hash: input.body_hash, time_us, outcome }
        })
        .collect()
}

fn event<'a>(entry: &'a Entry, kind: &str) -> Option<(&'a Entry, &'a Event)> {
    let Outcome::Accepted(events) = &entry.outcome else { return None };
    events.iter().find(|event| event.type_name() == kind).map(|event| (entry, event))
}

fn place<'a>(user: &'a UserId, command_id: &'a CommandId, time_us: i64) -> EventPlace<'a> {
    EventPlace { user, command_id, time_us, sequence: (7, 1_000_000, 500), nth: 0 }
}
