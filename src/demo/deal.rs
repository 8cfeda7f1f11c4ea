//! One transaction of the demo user.

use centime_domain::{CommandId, UserId};
use centime_engine::NewCommand;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

/// The demo user's id.
pub(super) const USER: &str = "demo";

/// Money that came or went, in euros.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Deal {
    pub date: Date,
    pub category: &'static str,
    pub payee: &'static str,
    pub cents: u32,
    pub income: bool,
    pub refund: bool,
}

impl Deal {
    pub(super) fn expense(date: Date, category: &'static str, payee: &'static str, cents: u32) -> Self {
        Self { date, category, payee, cents, income: false, refund: false }
    }

    pub(super) fn income(date: Date, category: &'static str, payee: &'static str, cents: u32) -> Self {
        Self { income: true, ..Self::expense(date, category, payee, cents) }
    }

    /// The same money coming back.
    pub(super) fn refunded(self, date: Date) -> Self {
        Self { date, income: true, refund: true, ..self }
    }

    /// The command that makes it so.
    pub(super) fn command(&self, id: &str, time: Timestamp) -> NewCommand {
        let data = json!({
            "transaction_type": if self.income { "Income" } else { "Expense" },
            "amount": self.amount(),
            "currency": "EUR",
            "category": self.category,
            "payee": self.payee,
            "date": self.date,
            "refund": self.refund,
        });
        command("create_transaction", id, time, &data)
    }

    fn amount(&self) -> String {
        format!("{}.{:02}", self.cents / 100, self.cents % 100)
    }
}

/// A line for people.
impl std::fmt::Display for Deal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.income { '+' } else { '-' };
        let what = if self.refund { " (refund)" } else { "" };
        write!(f, "{}  {sign}{} EUR  {}{what}, {}", self.date, self.amount(), self.category, self.payee)
    }
}

/// A command of the demo user.
pub(super) fn command(kind: &str, id: &str, time: Timestamp, data: &serde_json::Value) -> NewCommand {
    NewCommand {
        user: UserId::parse(USER).expect("letters are a user id"),
        id: CommandId::parse(id).expect("letters, digits and dashes are a command id"),
        time: Some(time),
        kind: kind.to_owned(),
        data: data.to_string().into_bytes(),
    }
}
