//! Figures as of an earlier position of a user with twenty years and 200,000 transactions: how long they take to make again, and
//! that they take the memory of figures, not of transactions. `--nocapture` shows the figures.

use centime_domain::{
    CommandId, Entry, Event, Outcome, PastFigures, Query, Report, ReportQuery, Transaction,
    TransactionCreated, UserId, Year,
};
use serde_json::json;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const TRANSACTIONS: u64 = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
const YEARS: u64 = 20;
const CATEGORIES: u64 = 40;

/// Bytes this thread has allocated and not freed, in whole size classes.
fn live() -> u64 {
    let (all, freed) =
        (tikv_jemalloc_ctl::thread::allocatedp::read(), tikv_jemalloc_ctl::thread::deallocatedp::read());
    all.expect("counted").get() - freed.expect("counted").get()
}

fn created(n: u64) -> Entry {
    let month = n * YEARS * 12 / TRANSACTIONS;
    let transaction: Transaction = serde_json::from_value(json!({
        "id": format!("c{n}"), "transaction_type": if n.is_multiple_of(10) { "Income" } else { "Expense" }, "amount": "12.50",
        "currency": "EUR", "category": format!("category {}", n % CATEGORIES), "payee": "Corner shop", "note": null,
        "date": format!("{}-{:02}-{:02}", 2006 + month / 12, month % 12 + 1, n % 28 + 1), "tags": [], "account": null,
        "splits": [], "refund": false, "excluded": false, "status": "posted",
    }))
    .expect("a transaction");
    Entry {
        user: UserId::parse("ada").expect("an id"),
        command_id: CommandId::parse(&format!("c{n}")).expect("an id"),
        body_hash: n,
        time_us: 1_770_000_000_000_000,
        outcome: Outcome::Accepted(vec![Event::TransactionCreated(TransactionCreated { transaction })]),
    }
}

#[test]
fn a_long_past_is_made_again_in_little_time_and_memory() {
    let report = Report::Year(Year::read("2025").expect("a year"));
    let query = Query::Report(ReportQuery { report, currency: None });
    let before = live();
    let mut past = PastFigures::new(query).expect("figures");
    let mut took = Duration::ZERO;
    for n in 0..TRANSACTIONS {
        let entry = created(n);
        let start = Instant::now();
        past.apply(&entry, n + 1);
        took += start.elapsed();
    }
    let kept = live() - before;
    let start = Instant::now();
    let answer = past.answer().expect("answered");
    took += start.elapsed();
    println!("{TRANSACTIONS} transactions: {} ms, {} kB", took.as_millis(), kept / 1_000);
    let year = TRANSACTIONS / YEARS;
    let (income, expense) = (year / 10 * 25 / 2, year / 10 * 9 * 25 / 2);
    assert_eq!(answer["income"].as_str().map(|figure| figure.replace(".00", "")), Some(income.to_string()));
    assert_eq!(answer["expense"].as_str().map(|figure| figure.replace(".00", "")), Some(expense.to_string()));
    assert!(kept < 8_000_000, "{kept} bytes");
    assert!(cfg!(debug_assertions) || took < Duration::from_secs(5), "{took:?}");
}
