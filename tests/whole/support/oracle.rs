//! An independent recount: what must follow from commands, worked out anew from the rules of docs/semantics.md, in
//! whole cents, without a line of centime's own code. Told as lines, which events are turned into as well.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A month (`2026-02`) and a category.
type Cell = (String, String);

/// Where an alert stands: a percentage of the limit, or (`None`) above it.
type Level = Option<u16>;

#[derive(Debug, Clone, PartialEq)]
struct Budget {
    limit: i64,
    thresholds: Vec<u16>,
}

#[derive(Debug, Default)]
struct Crossing {
    active: bool,
    count: u32,
}

/// One user's truth.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    transactions: BTreeMap<String, Value>,
    /// By category, then by first month.
    budgets: BTreeMap<String, BTreeMap<String, Budget>>,
    spent: BTreeMap<Cell, i64>,
    crossings: BTreeMap<(Cell, Level), Crossing>,
    balance: i64,
}

impl Oracle {
    /// The lines that must follow from a command, sorted.
    pub(crate) fn apply(&mut self, kind: &str, id: &str, data: &Value) -> Vec<String> {
        if data["amount"] == "0" {
            return vec!["command_rejected amount_zero amount".to_owned()];
        }
        let mut lines = Vec::new();
        let (touched, cause) = match kind {
            "create_transaction" => (self.replace(id, Some(data.clone()), &mut lines), id),
            "update_transaction" => {
                let target = text(data, "id");
                let Some(mut changed) = self.transactions.get(target).cloned() else {
                    return vec![not_found()];
                };
                for (field, value) in
                    data.as_object().expect("data is an object").iter().filter(|(f, _)| *f != "id")
                {
                    changed[field] = value.clone();
                }
                (self.replace(target, Some(changed), &mut lines), target)
            }
            "delete_transaction" => {
                let target = text(data, "id");
                if !self.transactions.contains_key(target) {
                    return vec![not_found()];
                }
                (self.replace(target, None, &mut lines), target)
            }
            "set_budget" => (self.set_budget(data, &mut lines), "-"),
            other => panic!("the oracle does not know {other}"),
        };
        for cell in touched {
            self.judge(&cell, cause, &mut lines);
        }
        lines.sort();
        lines
    }

    /// Income less expenses, in cents.
    pub(crate) fn balance(&self) -> i64 {
        self.balance
    }

    /// Ids of the transactions there are.
    pub(crate) fn ids(&self) -> BTreeSet<&str> {
        self.transactions.keys().map(String::as_str).collect()
    }

    fn replace(&mut self, id: &str, new: Option<Value>, lines: &mut Vec<String>) -> BTreeSet<Cell> {
        let old = self.transactions.remove(id);
        if old.is_some() && old == new {
            self.transactions.insert(id.to_owned(), new.expect("it equals the old one"));
            return BTreeSet::new();
        }
        let kind = match (&old, &new) {
            (None, _) => "transaction_created",
            (_, Some(_)) => "transaction_updated",
            _ => "transaction_deleted",
        };
        lines.push(transaction_line(kind, id, new.as_ref().or(old.as_ref()).expect("one of both")));
        let mut touched = BTreeSet::new();
        for (transaction, sign) in old.iter().map(|old| (old, -1)).chain(new.iter().map(|new| (new, 1))) {
            let amount = cents(text(transaction, "amount"));
            let is_expense = transaction["transaction_type"] == "Expense";
            self.balance += sign * if is_expense { -amount } else { amount };
            let spending = match (is_expense, transaction["refund"] == true) {
                (true, _) => amount,
                (false, true) => -amount,
                (false, false) => continue,
            };
            if let Some(category) = transaction["category"].as_str() {
                let cell = (text(transaction, "date")[..7].to_owned(), category.to_owned());
                *self.spent.entry(cell.clone()).or_default() += sign * spending;
                touched.insert(cell);
            }
        }
        if let Some(new) = new {
            self.transactions.insert(id.to_owned(), new);
        }
        touched
    }

    fn set_budget(&mut self, data: &Value, lines: &mut Vec<String>) -> BTreeSet<Cell> {
        let (category, from) = (text(data, "category").to_owned(), text(data, "from").to_owned());
        let thresholds = match &data["thresholds"] {
            Value::Null => vec![80, 100],
            list => serde_json::from_value(list.clone()).expect("thresholds are numbers"),
        };
        let budget = Budget { limit: cents(text(data, "limit")), thresholds };
        let versions = self.budgets.entry(category.clone()).or_default();
        if versions.insert(from.clone(), budget.clone()).as_ref() == Some(&budget) {
            return BTreeSet::new();
        }
        lines.push(line("budget_set", data));
        let until = versions.keys().find(|start| **start > from).cloned();
        let governed = |(month, of): &&Cell| {
            *of == category && *month >= from && until.as_ref().is_none_or(|until| month < until)
        };
        self.spent.keys().filter(governed).cloned().collect()
    }

    fn judge(&mut self, cell: &Cell, cause: &str, lines: &mut Vec<String>) {
        let (month, category) = cell;
        let Some((_, budget)) =
            self.budgets.get(category).and_then(|versions| versions.range(..=month.clone()).next_back())
        else {
            return;
        };
        let (spent, limit) = (self.spent[cell], budget.limit);
        for level in budget.thresholds.iter().copied().map(Some).chain([None]) {
            let stands = spent > 0 && level.map_or(spent > limit, |p| spent * 100 >= limit * i64::from(p));
            let crossing = self.crossings.entry((cell.clone(), level)).or_default();
            if stands == crossing.active {
                continue;
            }
            crossing.active = stands;
            crossing.count += u32::from(stands);
            let at = level.map_or_else(|| "limit".to_owned(), |percent| percent.to_string());
            let name = match (stands, level) {
                (true, Some(_)) => format!("budget_threshold_reached {at}"),
                (true, None) => format!("budget_exceeded by {}", spent - limit),
                (false, _) => format!("budget_recovered {at}"),
            };
            let count = crossing.count;
            lines.push(format!("{name} {category} {month} {spent}/{limit} #{count} {cause}"));
        }
    }
}

fn not_found() -> String {
    "command_rejected not_found id".to_owned()
}

fn text<'a>(data: &'a Value, field: &str) -> &'a str {
    data[field].as_str().unwrap_or_else(|| panic!("no {field} in {data}"))
}

/// `12.5` as 1250.
pub(crate) fn cents(amount: &str) -> i64 {
    let (negative, digits) = amount.strip_prefix('-').map_or((false, amount), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = format!("{fraction:0<2}");
    assert_eq!(fraction.trim_end_matches('0').len().max(2), 2, "{amount} has parts of a cent");
    let all: i64 = format!("{whole}{}", &fraction[..2]).parse().unwrap_or_else(|e| panic!("{amount}: {e}"));
    if negative { -all } else { all }
}

fn transaction_line(kind: &str, id: &str, data: &Value) -> String {
    let category = data["category"].as_str().unwrap_or("-");
    let (amount, day) = (cents(text(data, "amount")), text(data, "date"));
    format!("{kind} {id} {} {amount} {category} {day}", text(data, "transaction_type"))
}

/// An event as the oracle would tell it.
pub(crate) fn line(kind: &str, data: &Value) -> String {
    let field = |name: &str| text(data, name);
    let alert = |name: String| {
        let (spent, limit) = (cents(field("spent")), cents(field("limit")));
        let cause = data["transaction_id"].as_str().unwrap_or("-");
        format!(
            "{name} {} {} {spent}/{limit} #{} {cause}",
            field("category"),
            field("month"),
            data["crossing"]
        )
    };
    match kind {
        "transaction_created" | "transaction_updated" | "transaction_deleted" => {
            transaction_line(kind, field("id"), data)
        }
        "budget_set" => {
            format!("budget_set {} {} {}", field("category"), cents(field("limit")), field("from"))
        }
        "budget_threshold_reached" => alert(format!("budget_threshold_reached {}", data["threshold"])),
        "budget_exceeded" => alert(format!("budget_exceeded by {}", cents(field("over_by")))),
        "budget_recovered" => alert(format!(
            "budget_recovered {}",
            data["threshold"].as_u64().map_or_else(|| "limit".to_owned(), |percent| percent.to_string())
        )),
        "command_rejected" => {
            format!("command_rejected {} {}", field("code"), data["field"].as_str().unwrap_or("-"))
        }
        other => panic!("an event the oracle does not know: {other} {data}"),
    }
}
