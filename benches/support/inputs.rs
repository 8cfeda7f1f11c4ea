//! The load as the domain knows it: commands already read.

use super::load::{CATEGORIES, Expense, user_id, write_budget_data};
use centime_domain::{Command, CommandId, Input, UserId};
use jiff::Timestamp;

/// An expense's user and command.
pub(crate) fn expense(expense: &Expense, now: Timestamp) -> (UserId, Input) {
    let mut data = String::new();
    expense.write_data(&mut data);
    (user(expense.user), input(&expense.id(now), now, "create_transaction", &data))
}

/// The command that sets a user's budget for a category.
pub(crate) fn budget(of: u64, category: usize, now: Timestamp) -> (UserId, Input) {
    let mut data = String::new();
    write_budget_data(&mut data, CATEGORIES[category]);
    (user(of), input(&format!("budget-{category}"), now, "set_budget", &data))
}

fn user(number: u64) -> UserId {
    UserId::parse(&user_id(number)).expect("letters, digits and a hyphen")
}

fn input(id: &str, time: Timestamp, kind: &str, data: &str) -> Input {
    let command = Command::parse(kind, data.as_bytes()).expect("the load is well-formed");
    let id = CommandId::parse(id).expect("the load's ids are printable");
    Input { id, time, body_hash: command.body_hash(), command: Ok(command) }
}
