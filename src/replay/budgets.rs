//! `--budget`: every user of the file gets these, before their first transaction.

use super::rows::{Row, Rows};
use crate::settings::values::Budget;
use centime_domain::{CommandId, UserId};
use centime_engine::NewCommand;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use std::collections::HashSet;
use uuid::Uuid;

/// The budgets and who has them already.
pub(super) struct Budgets {
    commands: Vec<NewCommand>,
    given: HashSet<UserId>,
}

impl Budgets {
    /// For a file whose rows are `rows`: they are read once for the first month.
    pub(super) fn new(
        budgets: &[Budget],
        currency: &str,
        rows: impl FnOnce() -> anyhow::Result<Rows<'static>>,
    ) -> anyhow::Result<Self> {
        let first = if budgets.is_empty() { None } else { first_month(rows()?)? };
        let commands =
            first.map(|first| budgets.iter().map(|budget| command(budget, currency, first)).collect());
        Ok(Self { commands: commands.unwrap_or_default(), given: HashSet::new() })
    }

    /// The commands that give `user` their budgets: none from the second time on.
    pub(super) fn of(&mut self, user: &UserId) -> Vec<NewCommand> {
        if self.commands.is_empty() || !self.given.insert(user.clone()) {
            return Vec::new();
        }
        self.commands.iter().map(|command| NewCommand { user: user.clone(), ..command.clone() }).collect()
    }
}

/// The first day of the first month in the file.
fn first_month(rows: Rows<'_>) -> anyhow::Result<Option<Date>> {
    let mut first: Option<Timestamp> = None;
    for row in rows {
        if let Row::Command(NewCommand { time: Some(time), .. }) = row? {
            first = Some(first.map_or(time, |first| first.min(time)));
        }
    }
    Ok(first.map(|first| first.to_zoned(TimeZone::UTC).date().first_of_month()))
}

/// A budget's command, for nobody yet. Its id comes from all it says: the same budget again changes nothing, another
/// limit is another command.
fn command(budget: &Budget, currency: &str, from: Date) -> NewCommand {
    let Budget { category, limit } = budget;
    let data = json!({"category": category, "limit": limit, "currency": currency, "from": from.strftime("%Y-%m").to_string()});
    let data = data.to_string().into_bytes();
    let id = format!("budget-{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, &data).simple());
    let midnight = from.to_zoned(TimeZone::UTC).map(|day| day.timestamp());
    NewCommand {
        user: UserId::parse("nobody").expect("letters are a user id"),
        id: CommandId::parse(&id).expect("letters and digits are a command id"),
        time: Some(midnight.unwrap_or(Timestamp::MIN)),
        kind: "set_budget".to_owned(),
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(user: &str, time: &str) -> Row {
        Row::Command(NewCommand {
            user: UserId::parse(user).expect("a user"),
            id: CommandId::parse("x").expect("an id"),
            time: time.parse().ok(),
            kind: "create_transaction".to_owned(),
            data: Vec::new(),
        })
    }

    #[test]
    fn budgets_hold_from_the_files_first_month_and_are_given_once() {
        let rows = || {
            let rows = vec![row("a", "1996-07-28T00:00:00Z"), Row::Note, row("b", "1995-03-24T00:00:00Z")];
            Ok(Box::new(rows.into_iter().map(Ok)) as Rows<'static>)
        };
        let budget = "household=5000".parse().expect("a budget");
        let mut budgets = Budgets::new(&[budget], "CZK", rows).expect("rows");
        let user = UserId::parse("a").expect("a user");
        let commands = budgets.of(&user);
        let data: serde_json::Value = serde_json::from_slice(&commands[0].data).expect("JSON");
        assert_eq!(
            data,
            json!({"category": "household", "limit": "5000", "currency": "CZK", "from": "1995-03"})
        );
        assert_eq!(commands[0].user, user);
        assert!(budgets.of(&user).is_empty());
    }
}
