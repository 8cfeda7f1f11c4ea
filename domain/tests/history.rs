//! A user with twenty years and 200,000 transactions behind them: posting stays fast and small, and a year's report is
//! quick. (Without optimisation a tenth of it, and nothing is timed.) `--nocapture` shows the figures.

use centime_domain::{
    CommandId, Handled, Input, Month, Months, Outcome, PageKey, Query, Report, ReportQuery, UserState, Year,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const TRANSACTIONS: u64 = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
const YEARS: u64 = 20;
const CATEGORIES: u64 = 40;
/// Commands between two writes of what changed.
const WRITTEN: u64 = 20;

/// One user, and what the page store holds of them.
#[derive(Default)]
struct User {
    state: UserState,
    store: BTreeMap<Vec<u8>, Vec<u8>>,
    commands: u64,
    heaviest: usize,
}

impl User {
    /// Posts one transaction the way the user's actor does.
    fn post(&mut self, data: &Value) {
        self.commands += 1;
        let id = CommandId::parse(&format!("c{}", self.commands)).expect("an id");
        let time = "2026-02-10T12:00:00Z".parse().expect("an instant");
        let input = Input::read(id, time, "create_transaction", data.to_string().as_bytes());
        self.load(|state| state.missing(&input));
        let handled = self.state.handle(&input, self.commands);
        assert!(matches!(handled, Handled::Decided(Outcome::Accepted(_))), "{handled:?}");
        if self.commands.is_multiple_of(WRITTEN) {
            for (key, page) in self.state.take_changed() {
                match page {
                    Some(page) => self.store.insert(key, page),
                    None => self.store.remove(&key),
                };
            }
        }
        self.state.trim();
        self.heaviest = self.heaviest.max(self.state.weight());
    }

    fn load(&mut self, missing: impl Fn(&UserState) -> Vec<PageKey>) {
        loop {
            let keys = missing(&self.state);
            if keys.is_empty() {
                return;
            }
            for key in keys {
                let page = self.store.get(&key.to_bytes()).map(Vec::as_slice);
                self.state.insert(key, page).expect("a readable page");
            }
        }
    }

    /// The answer, and the quickest of several attempts, pages read anew each time.
    fn ask(&mut self, report: Report) -> (Value, Duration) {
        let query = Query::Report(ReportQuery { report, currency: None });
        let mut attempts = Vec::new();
        for _ in 0..20 {
            self.state.trim();
            let start = Instant::now();
            self.load(|state| query.missing(state));
            let answer = query.answer(&self.state, &[]).expect("answered");
            attempts.push((start.elapsed(), answer));
        }
        self.state.trim();
        let (time, answer) = attempts.into_iter().min_by_key(|(time, _)| *time).expect("twenty");
        (answer, time)
    }

    /// How long a hundred more transactions of one month take, at best.
    fn posting(&mut self) -> Duration {
        let attempt = |user: &mut Self| {
            let start = Instant::now();
            (0..100).for_each(|i| user.post(&transaction(i, TRANSACTIONS)));
            start.elapsed()
        };
        (0..20).map(|_| attempt(self)).min().expect("twenty")
    }
}

/// The `i`th of so many: dates go forward through the years; every tenth is an income, every fiftieth a refund.
fn transaction(i: u64, month: u64) -> Value {
    let month = (month * YEARS * 12 / TRANSACTIONS).min(YEARS * 12 - 1);
    let kind = if i.is_multiple_of(10) { "Income" } else { "Expense" };
    json!({
        "transaction_type": kind, "amount": format!("{}.{:02}", i % 100 + 1, i % 97), "refund": i.is_multiple_of(50),
        "category": (!i.is_multiple_of(7)).then(|| format!("Category {}", i % CATEGORIES)),
        "date": format!("{}-{:02}-{:02}", 2007 + month / 12, month % 12 + 1, i % 28 + 1),
    })
}

#[test]
fn twenty_years_of_history_slow_nothing_down() {
    let mut user = User::default();
    for i in 0..TRANSACTIONS {
        user.post(&transaction(i, i));
    }
    let heaviest = user.heaviest;
    let (year, took) = user.ask(Report::Year(Year::read("2026").expect("a year")));
    let months = |from, to| {
        Months::new(Month::read(from).expect("a month"), Month::read(to).expect("a month")).expect("a range")
    };
    let (flow, all) = user.ask(Report::CashFlow(months("2007-01", "2026-12")));
    println!("{TRANSACTIONS} transactions: a year's report {took:?}, twenty years of cash flow {all:?}");
    println!("at most {heaviest} bytes of memory, {} pages", user.store.len());
    assert_eq!(flow["opening"].as_str().map(|text| text.trim_end_matches(['0', '.'])), Some(""));
    assert_eq!(flow["months"].as_array().map(Vec::len), Some(240));
    assert_eq!(year["categories"].as_array().map(Vec::len), Some(41));
    assert!(heaviest <= 64 * 1024, "{heaviest} bytes");

    let (old, new) = (user.posting(), User::default().posting());
    println!("100 more: {old:?}; for a new user: {new:?}");
    if !cfg!(debug_assertions) {
        assert!(took <= Duration::from_millis(10), "{took:?}");
        assert!(all <= Duration::from_millis(50), "{all:?}");
        // A root page that is full, and pages to write: more work than for nobody, but no more with every year.
        assert!(old <= new * 5, "{old:?}, not {new:?}");
    }
}
