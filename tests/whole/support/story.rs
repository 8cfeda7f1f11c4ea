//! Lifelike commands of one user, and what must follow from each.

use super::oracle::Oracle;
use super::random::Random;
use serde_json::{Value, json};

const CATEGORIES: [&str; 3] = ["Food", "Rent", "Fun"];
const MONTHS: [&str; 3] = ["2026-01", "2026-02", "2026-03"];

/// One command and its consequences.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) data: Value,
    /// What the oracle says must follow, sorted; empty for what changes nothing.
    pub(crate) lines: Vec<String>,
}

/// A user who goes on and on.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) user: String,
    random: Random,
    oracle: Oracle,
    /// Transactions that were made and not deleted.
    there: Vec<String>,
    /// All steps so far, in order.
    pub(crate) steps: Vec<Step>,
    /// Only ever create transactions.
    only_creates: bool,
}

impl Story {
    pub(crate) fn new(user: &str, seed: u64) -> Self {
        let random = Random::new(seed ^ user.bytes().fold(7, |h, b| h * 31 + u64::from(b)));
        Self {
            user: user.to_owned(),
            random,
            oracle: Oracle::default(),
            there: Vec::new(),
            steps: Vec::new(),
            only_creates: false,
        }
    }

    /// After its budgets, this story only creates transactions.
    pub(crate) fn only_creating(mut self) -> Self {
        self.only_creates = true;
        self
    }

    /// How many steps set up the budgets.
    pub(crate) const OPENING: usize = CATEGORIES.len();

    /// The next command.
    pub(crate) fn step(&mut self) -> Step {
        let n = self.steps.len();
        let id = format!("{}-{n}", self.user);
        let (kind, data) = match self.random.below(100) {
            _ if n < Self::OPENING => self.budget(CATEGORIES[n], MONTHS[0]),
            _ if self.only_creates || self.there.len() < 3 => self.create(&id),
            0..60 => self.create(&id),
            60..75 => self.update(),
            75..85 => self.delete(),
            85..95 => {
                let (category, from) = (*self.random.pick(&CATEGORIES), *self.random.pick(&MONTHS));
                self.budget(category, from)
            }
            _ => (
                "create_transaction",
                json!({"transaction_type": "Expense", "amount": "0", "date": "2026-02-01"}),
            ),
        };
        let lines = self.oracle.apply(kind, &id, &data);
        let step = Step { kind, id, data, lines };
        self.steps.push(step.clone());
        step
    }

    /// A last command that has an event of its own, to know where the end is.
    pub(crate) fn end(&mut self) -> Step {
        let id = format!("{}-end", self.user);
        let data = json!({"transaction_type": "Income", "amount": "0.01", "date": "2026-03-31"});
        let lines = self.oracle.apply("create_transaction", &id, &data);
        let step = Step { kind: "create_transaction", id, data, lines };
        self.steps.push(step.clone());
        step
    }

    pub(crate) fn oracle(&self) -> &Oracle {
        &self.oracle
    }

    fn amount(&mut self) -> String {
        let amount = 1 + self.random.below(6_000);
        format!("{}.{:02}", amount / 100, amount % 100)
    }

    fn date(&mut self) -> String {
        format!("{}-{:02}", self.random.pick(&MONTHS), 1 + self.random.below(28))
    }

    fn create(&mut self, id: &str) -> (&'static str, Value) {
        self.there.push(id.to_owned());
        let mut data = json!({
            "transaction_type": "Expense", "amount": self.amount(), "category": self.random.pick(&CATEGORIES), "date": self.date(),
        });
        match self.random.below(10) {
            0 => data["transaction_type"] = json!("Income"),
            1 => {
                data["transaction_type"] = json!("Income");
                data["refund"] = json!(true);
            }
            _ => {}
        }
        ("create_transaction", data)
    }

    fn update(&mut self) -> (&'static str, Value) {
        let id = self.random.pick(&self.there).clone();
        let change = match self.random.below(3) {
            0 => json!({"id": id, "amount": self.amount()}),
            1 => json!({"id": id, "date": self.date()}),
            _ => json!({"id": id, "category": self.random.pick(&CATEGORIES), "amount": self.amount()}),
        };
        ("update_transaction", change)
    }

    fn delete(&mut self) -> (&'static str, Value) {
        let place = self.random.below(u64::try_from(self.there.len()).expect("a length"));
        let id = self.there.swap_remove(usize::try_from(place).expect("an index"));
        ("delete_transaction", json!({"id": id}))
    }

    fn budget(&mut self, category: &str, from: &str) -> (&'static str, Value) {
        let limit = 50 * (1 + self.random.below(12));
        ("set_budget", json!({"category": category, "limit": limit.to_string(), "from": from}))
    }
}
