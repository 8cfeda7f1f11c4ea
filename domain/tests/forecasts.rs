//! How good forecasts are on a real bank's accounts: the Berka data set, 1995 to 1998, which is not part of the
//! repository: it is in the folder `shared` beside the checkout, or where `CENTIME_SHARED` says.

use centime_domain::{CommandId, Event, ForecastGenerated, Handled, Input, Outcome, UserState};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Accounts with fewer months say little about forecasting.
const FEWEST_MONTHS: usize = 18;
/// From here on each month is forecast from those before it.
const FIRST_ORIGIN: usize = 12;

/// What was spent from an account, by month counted from the year 0.
type Account = BTreeMap<u32, f64>;

#[derive(Default)]
struct Errors {
    forecast: f64,
    last_month: f64,
    last_three: f64,
    covered: u32,
    months: u32,
}

#[test]
fn forecasts_of_real_accounts_beat_the_naive_ones_and_their_intervals_hold() {
    let file = std::fs::read_to_string(path()).expect("the shared data, beside the checkout: put it there");
    let mut errors = Errors::default();
    let mut accounts = 0;
    for account in accounts_of(&file).into_values() {
        let first = *account.0.keys().next().expect("spending");
        let spent: Vec<f64> =
            (first..=account.1).map(|m| account.0.get(&m).copied().unwrap_or(0.0)).collect();
        if spent.len() >= FEWEST_MONTHS {
            accounts += 1;
            measure(first, &spent, &mut errors);
        }
    }
    let months = f64::from(errors.months);
    let coverage = f64::from(errors.covered) / months;
    println!("{accounts} accounts, {months} months ahead by one:");
    println!("  mean absolute error {:.0} CZK", errors.forecast / months);
    println!(
        "  same as last month  {:.0} CZK ({:.3})",
        errors.last_month / months,
        errors.forecast / errors.last_month
    );
    println!(
        "  mean of last three  {:.0} CZK ({:.3})",
        errors.last_three / months,
        errors.forecast / errors.last_three
    );
    println!("  intervals of 80 % held {:.1} %", coverage * 100.0);
    assert!(errors.forecast <= 0.9 * errors.last_month);
    assert!(errors.forecast <= errors.last_three);
    assert!((0.75..=0.85).contains(&coverage));
}

/// Where the data set is. A git worktree lies elsewhere than the checkout it belongs to.
fn path() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("CENTIME_SHARED").map_or(beside, PathBuf::from).join("data/berka/trans.csv")
}

/// Each account's spending by month, and its last month with any transaction.
fn accounts_of(file: &str) -> BTreeMap<&str, (Account, u32)> {
    let mut accounts: BTreeMap<&str, (Account, u32)> = BTreeMap::new();
    for row in file.lines().skip(1) {
        let fields: Vec<&str> = row.split(';').collect();
        let [_, account, date, kind, _, amount, ..] = fields[..] else { panic!("not a row: {row}") };
        let number = |text: &str| text.parse::<u32>().expect("digits");
        let month = (1900 + number(&date[..2])) * 12 + number(&date[2..4]) - 1;
        let entry = accounts.entry(account).or_default();
        entry.1 = entry.1.max(month);
        if kind != "credit" {
            *entry.0.entry(month).or_default() += amount.parse::<f64>().expect("an amount");
        }
    }
    accounts.retain(|_, (spent, _)| !spent.is_empty());
    accounts
}

fn measure(first: u32, spent: &[f64], errors: &mut Errors) {
    let mut user = User::default();
    for (month, spent) in (first..).zip(spent).filter(|(_, spent)| **spent > 0.0) {
        let data = json!({
            "transaction_type": "Expense", "amount": format!("{spent:.2}"), "currency": "CZK", "category": "all",
            "date": date(month),
        });
        user.send("create_transaction", &data);
    }
    for (origin, month) in (FIRST_ORIGIN..spent.len()).zip(first + 12..) {
        let actual = spent[origin];
        let forecast = user.forecast(&date(month));
        let [expected, low, high] = forecast;
        let mean = spent[origin - 3..origin].iter().sum::<f64>() / 3.0;
        errors.forecast += (actual - expected).abs();
        errors.last_month += (actual - spent[origin - 1]).abs();
        errors.last_three += (actual - mean).abs();
        errors.covered += u32::from(low <= actual && actual <= high);
        errors.months += 1;
    }
}

fn date(month: u32) -> String {
    format!("{}-{:02}-01", month / 12, month % 12 + 1)
}

#[derive(Default)]
struct User {
    state: UserState,
    commands: u64,
}

impl User {
    fn send(&mut self, name: &str, data: &Value) -> Vec<Event> {
        self.commands += 1;
        let id = CommandId::parse(&format!("c{}", self.commands)).expect("an id");
        let time = "1999-01-01T08:00:00Z".parse().expect("an instant");
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

    /// Expected, low and high of the month that begins on a day.
    fn forecast(&mut self, as_of: &str) -> [f64; 3] {
        let events = self.send("generate_forecast", &json!({"category": "all", "months": 1, "as_of": as_of}));
        let [Event::ForecastGenerated(event)] = &events[..] else { panic!("{events:?}") };
        let ForecastGenerated { months, .. } = &**event;
        let month = &months[0];
        [month.expected, month.low, month.high].map(|amount| amount.to_string().parse().expect("a number"))
    }
}
