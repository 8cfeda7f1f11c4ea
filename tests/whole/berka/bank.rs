//! The bank's file, read by the test's own means.

use crate::support::oracle::{Oracle, cents};
use crate::support::random::Random;
use crate::support::server::open;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Budgets for every account. Chosen so that many months cross many levels.
const BUDGETS: [(&str, &str); 3] =
    [("household", "5000"), ("withdrawal in cash", "12000.50"), ("insurrance payment", "300")];

const COLUMNS: [&str; 10] = [
    "trans_id",
    "account_id",
    "date",
    "type",
    "operation",
    "amount",
    "balance",
    "k_symbol",
    "bank",
    "account",
];

pub(crate) type Row = BTreeMap<&'static str, String>;

/// The bank's rows in the order of its file.
pub(crate) struct Bank {
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn budget_flags() -> Vec<String> {
    BUDGETS
        .iter()
        .flat_map(|(category, limit)| ["--budget".to_owned(), format!("{category}={limit}")])
        .collect()
}

/// What a row adds to its account, in cents.
pub(crate) fn signed(row: &Row) -> i64 {
    let amount = cents(&row["amount"]);
    if row["type"] == "credit" { amount } else { -amount }
}

impl Bank {
    pub(crate) fn read() -> Self {
        let (path, mut text) = (Self::path(), String::new());
        let cure = "the tests read the shared data from ../shared, beside the checkout: put it there";
        open(&path, cure).read_to_string(&mut text).expect("the file is text");
        let bank = Self::parse(&text);
        assert_eq!(bank.rows.len(), 30_200, "{} is not the file these tests know", path.display());
        bank
    }

    /// Where the file is.
    pub(crate) fn path() -> PathBuf {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        // A git worktree lies elsewhere than the checkout it belongs to.
        let shared = std::env::var_os("CENTIME_SHARED").map_or(beside, PathBuf::from);
        shared.join("data/berka/trans.csv")
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(COLUMNS.join(";").as_str()), "the file's header");
        let row = |line: &str| COLUMNS.into_iter().zip(line.split(';').map(str::to_owned)).collect();
        Self { rows: lines.map(row).collect() }
    }

    pub(crate) fn csv(&self) -> String {
        let row = |row: &Row| COLUMNS.map(|column| row[column].clone()).join(";");
        let lines: Vec<String> =
            std::iter::once(COLUMNS.join(";")).chain(self.rows.iter().map(row)).collect();
        lines.join("\n") + "\n"
    }

    pub(crate) fn shuffled_within_days(&self, random: &mut Random) -> Self {
        let mut rows = self.rows.clone();
        random.shuffle(&mut rows);
        // A stable sort keeps the new order within each day.
        rows.sort_by(|a, b| a["date"].cmp(&b["date"]));
        assert_ne!(rows, self.rows, "nothing was shuffled");
        Self { rows }
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &String> {
        self.rows.iter().map(|row| &row["account_id"]).collect::<BTreeSet<_>>().into_iter()
    }

    fn of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Row> + Clone {
        self.rows.iter().filter(move |row| row["account_id"] == account)
    }

    pub(crate) fn rows_of(&self, account: &str) -> usize {
        self.of(account).count()
    }

    /// The sum of an account's rows.
    pub(crate) fn moved(&self, account: &str) -> i64 {
        self.of(account).map(signed).sum()
    }

    /// The bank's own last balance of an account: that of the row of its last day which no other row goes on from. (The
    /// file's order within a day is not the bank's; now and then the bank's own figures jump by some 10 cents.)
    pub(crate) fn balance(&self, account: &str) -> i64 {
        let last = self.of(account).map(|row| &row["date"]).max().expect("an account has rows");
        let day: Vec<&Row> = self.of(account).filter(|row| row["date"] == *last).collect();
        let goes_on =
            |from: &Row, to: &Row| (cents(&to["balance"]) - signed(to) - cents(&from["balance"])).abs() < 30;
        let ends = |row: &&&Row| !day.iter().any(|other| !std::ptr::eq(*other, **row) && goes_on(row, other));
        let ends: Vec<_> = day.iter().filter(ends).collect();
        assert_eq!(ends.len(), 1, "account {account}: the last balance of {last}");
        cents(&ends[0]["balance"])
    }

    /// Every alert that must follow, recounted: (account, command, line).
    pub(crate) fn alerts(&self) -> BTreeSet<(String, String, String)> {
        let first = self.rows.iter().map(|row| &row["date"]).min().expect("there are rows");
        let from = format!("19{}-{}", &first[..2], &first[2..4]);
        let mut oracles: BTreeMap<&str, Oracle> = BTreeMap::new();
        let mut alerts = BTreeSet::new();
        for row in &self.rows {
            let account = row["account_id"].as_str();
            let oracle = oracles.entry(account).or_insert_with(|| {
                let mut oracle = Oracle::default();
                for (category, limit) in BUDGETS {
                    oracle.apply(
                        "set_budget",
                        "-",
                        &json!({"category": category, "limit": limit, "from": from}),
                    );
                }
                oracle
            });
            let id = format!("berka-{}", row["trans_id"]);
            for line in oracle.apply("create_transaction", &id, &command(row)) {
                if line.starts_with("budget_") {
                    alerts.insert((account.to_owned(), id.clone(), line));
                }
            }
        }
        alerts
    }
}

fn command(row: &Row) -> serde_json::Value {
    let category =
        Some(row["k_symbol"].trim()).filter(|symbol| !symbol.is_empty()).unwrap_or(row["operation"].trim());
    let date = &row["date"];
    let kind = if row["type"] == "credit" { "Income" } else { "Expense" };
    json!({
        "transaction_type": kind, "amount": row["amount"], "category": category,
        "date": format!("19{}-{}-{}", &date[..2], &date[2..4], &date[4..]),
    })
}
