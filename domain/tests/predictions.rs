//! How good predictions of overspending are on a real bank's accounts: the Berka data set, 1995 to 1998, which is not
//! part of the repository: it is in the folder `shared` beside the checkout, or where `CENTIME_SHARED` says.
//!
//! A bank's rows become commands on their own days. The category is what the bank calls the payment. Its limit is set at
//! the beginning of each month: so many percent of the mean of up to twelve months before it.

use centime_domain::{CommandId, Event, Handled, Input, Outcome, UserState};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Complete months before a limit is set.
const FEWEST_MONTHS: usize = 3;

/// An account's expenses: month counted from the year 0, day, category, amount in hellers.
type Account<'a> = Vec<(u32, u32, &'a str, u64)>;

#[derive(Default)]
struct Tally {
    made: u32,
    right: u32,
    /// Months with a limit that ended above it.
    over: u32,
    withdrawn: u32,
    /// Days between a prediction and the limit being passed, of those that came true.
    notice: Vec<u32>,
    /// Days by which the expected day was off.
    off: Vec<u32>,
    /// What was expected of a month, and what it came to, in hellers, of all that were made.
    expected: f64,
    error: f64,
}

#[test]
fn predictions_on_real_accounts_come_true_as_often_as_they_say() {
    let file = std::fs::read_to_string(path()).expect("the shared data, beside the checkout: put it there");
    let accounts = accounts_of(&file);
    for percent in [90, 100, 110] {
        let mut tally = Tally::default();
        for account in accounts.values() {
            measure(account, percent, &mut tally);
        }
        let Tally { made, right, over, withdrawn, .. } = tally;
        let precision = f64::from(right) / f64::from(made);
        println!(
            "limits of {percent} % of the mean: {made} predictions, {:.1} % came true, of {over} months over the limit \
             {:.1} % were predicted; {withdrawn} withdrawn; {:.1} days of notice, median {}; the day off by {:.1}, the \
             amount by {:.1} %",
            100.0 * precision,
            100.0 * f64::from(right) / f64::from(over),
            mean(&tally.notice),
            median(&mut tally.notice.clone()),
            mean(&tally.off),
            100.0 * tally.error / tally.expected,
        );
        assert!(made >= 100 && precision >= 0.8, "{precision}");
        assert!(mean(&tally.notice) >= 7.0);
    }
}

fn path() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("CENTIME_SHARED").map_or(beside, PathBuf::from).join("data/berka/trans.csv")
}

fn accounts_of(file: &str) -> BTreeMap<&str, Account<'_>> {
    let mut accounts: BTreeMap<&str, Account<'_>> = BTreeMap::new();
    for row in file.lines().skip(1) {
        let fields: Vec<&str> = row.split(';').collect();
        let [_, account, date, kind, operation, amount, _, symbol, ..] = fields[..] else {
            panic!("not a row: {row}")
        };
        let number = |text: &str| text.parse::<u32>().expect("digits");
        let month = (1900 + number(&date[..2])) * 12 + number(&date[2..4]) - 1;
        let category = if symbol.trim().is_empty() { operation } else { symbol.trim() };
        let hellers = amount.replace('.', "").parse().expect("two digits after the point");
        if kind != "credit" {
            accounts.entry(account).or_default().push((month, number(&date[4..]), category, hellers));
        }
    }
    for rows in accounts.values_mut() {
        rows.sort_unstable();
    }
    accounts
}

/// The last month of an account is left out: the bank's file may end in it.
fn measure(account: &Account<'_>, percent: u64, tally: &mut Tally) {
    let last = account.last().expect("rows").0;
    let mut user = User::default();
    let mut totals: BTreeMap<&str, BTreeMap<u32, u64>> = BTreeMap::new();
    for month in account[0].0..last {
        let mut limits = BTreeMap::new();
        for (category, by_month) in &totals {
            let first = *by_month.keys().next().expect("a month");
            let from = first.max(month.saturating_sub(12));
            if month - first >= u32::try_from(FEWEST_MONTHS).expect("few") {
                let sum: u64 = by_month.range(from..).map(|(_, sum)| sum).sum();
                let limit = sum * percent / 100 / u64::from(month - from);
                if limit > 0 {
                    limits.insert(*category, limit);
                    let data = json!({"category": category, "limit": money(limit), "currency": "CZK", "from": date(month, 1).get(..7)});
                    user.send("set_budget", &data, &date(month, 1));
                }
            }
        }
        let rows: Vec<_> = account.iter().filter(|row| row.0 == month).collect();
        follow(&mut user, &rows, &limits, tally);
        for (_, _, category, hellers) in rows {
            *totals.entry(category).or_default().entry(month).or_default() += hellers;
        }
    }
}

/// One month, row by row; only what was predicted first of each category counts.
fn follow(user: &mut User, rows: &[&(u32, u32, &str, u64)], limits: &BTreeMap<&str, u64>, tally: &mut Tally) {
    let mut first: BTreeMap<String, (u32, u32, f64)> = BTreeMap::new();
    let mut spent: BTreeMap<&str, (u64, Option<u32>)> = BTreeMap::new();
    for (month, day, category, hellers) in rows {
        let data = json!({
            "transaction_type": "Expense", "amount": money(*hellers), "currency": "CZK", "category": category,
            "date": date(*month, *day),
        });
        let sum = spent.entry(category).or_default();
        sum.0 += hellers;
        if limits.get(category).is_some_and(|limit| sum.0 > *limit) {
            sum.1 = sum.1.or(Some(*day));
        }
        for event in user.send("create_transaction", &data, &date(*month, *day)) {
            match event {
                Event::BudgetOverspendPredicted(event)
                    if event.month.to_string() == data["date"].as_str().expect("a date")[..7] =>
                {
                    let expected = event.amount.to_string().parse::<f64>().expect("a number") * 100.0;
                    let on = event.exceeds_on.to_string()[8..].parse().expect("a day");
                    first.entry(event.category.into()).or_insert((*day, on, expected));
                }
                Event::BudgetOverspendPredictionWithdrawn(_) => tally.withdrawn += 1,
                _ => {}
            }
        }
    }
    tally.over += u32::try_from(spent.values().filter(|sum| sum.1.is_some()).count()).expect("few");
    for (category, (day, on, expected)) in first {
        let (sum, exceeded) = spent[&*category];
        tally.made += 1;
        tally.expected += expected;
        #[allow(clippy::cast_precision_loss)]
        let actual = sum as f64;
        tally.error += (actual - expected).abs();
        if let Some(exceeded) = exceeded {
            tally.right += 1;
            tally.notice.push(exceeded - day);
            tally.off.push(exceeded.abs_diff(on));
        }
    }
}

fn mean(days: &[u32]) -> f64 {
    f64::from(days.iter().sum::<u32>()) / f64::from(u32::try_from(days.len()).expect("few"))
}

fn median(days: &mut [u32]) -> u32 {
    days.sort_unstable();
    days[days.len() / 2]
}

fn date(month: u32, day: u32) -> String {
    format!("{}-{:02}-{day:02}", month / 12, month % 12 + 1)
}

fn money(hellers: u64) -> String {
    format!("{}.{:02}", hellers / 100, hellers % 100)
}

#[derive(Default)]
struct User {
    state: UserState,
    commands: u64,
}

impl User {
    fn send(&mut self, name: &str, data: &Value, day: &str) -> Vec<Event> {
        self.commands += 1;
        let id = CommandId::parse(&format!("c{}", self.commands)).expect("an id");
        let time = format!("{day}T12:00:00Z").parse().expect("an instant");
        let input = Input::read(id, time, name, data.to_string().as_bytes());
        // A new command and totals of years gone by are in no page yet, or in one that was never taken out.
        while let Some(key) = self.state.missing(&input).first() {
            self.state.insert(*key, None).expect("no page");
        }
        match self.state.handle(&input, self.commands) {
            Handled::Decided(Outcome::Accepted(events)) => events,
            other => panic!("{data}: {other:?}"),
        }
    }
}
