//! What an import answers, added up from the events of its commands.

use centime_imports::{File, Row};
use serde_json::{Value, json};
use std::collections::HashSet;

/// The answer so far.
pub(crate) struct Tally<'a> {
    accounts: Vec<Value>,
    errors: Vec<(u64, Value)>,
    transactions: Vec<Value>,
    /// A preview's parts don't know of each other.
    ids: HashSet<String>,
    new: u64,
    updated: u64,
    duplicates: u64,
    /// The file's rows, and how many of them have been looked at.
    rows: (Vec<&'a Row>, usize),
}

impl<'a> Tally<'a> {
    /// Nothing is imported yet: what the file itself says.
    pub(crate) fn new(file: &'a File, account: Option<&str>) -> Self {
        let shown = |statement: &centime_imports::Statement| {
            json!({
                "id": statement.account.as_deref().or(account), "account": account.or(statement.account.as_deref()),
                "balance": statement.balance, "available": statement.available, "currency": statement.currency,
            })
        };
        let rows = file.statements.iter().flat_map(|statement| &statement.rows).collect();
        Self {
            accounts: file.statements.iter().map(shown).collect(),
            errors: file
                .errors
                .iter()
                .map(|error| (error.line.into(), reason(error.line.into(), &json!(error.reason))))
                .collect(),
            transactions: Vec::new(),
            ids: HashSet::new(),
            new: 0,
            updated: 0,
            duplicates: 0,
            rows: (rows, 0),
        }
    }

    /// Adds an event of a part.
    pub(crate) fn add(&mut self, kind: &str, mut data: Value) {
        match kind {
            "transaction_created" => {
                if self.ids.insert(data["id"].as_str().unwrap_or_default().to_owned()) {
                    self.new += 1;
                    self.annotate(&mut data);
                    self.transactions.push(data);
                } else {
                    self.duplicates += 1;
                }
            }
            // What was pending is posted.
            "transaction_updated" => self.updated += 1,
            "transactions_imported" => {
                self.duplicates += data["duplicates"].as_u64().unwrap_or_default();
                for row in data["rejected"].as_array().into_iter().flatten() {
                    let line = row["line"].as_u64().unwrap_or_default();
                    self.errors.push((line, reason(line, &row["reason"])));
                }
            }
            _ => {}
        }
    }

    /// What only the file knows of a transaction: the line, the bank's kind; and the amount with its sign.
    fn annotate(&mut self, data: &mut Value) {
        let amount = data["amount"].as_str().unwrap_or_default();
        let sign = if data["transaction_type"] == "Expense" { "-" } else { "" };
        let signed = format!("{sign}{amount}");
        let (day, payee) = (data["date"].as_str(), data["payee"].as_str());
        let same = |row: &Row| {
            Some(row.date.to_string().as_str()) == day
                && row.amount.to_string() == signed
                && row.payee.as_deref() == payee
        };
        // Transactions come in the order of the rows; those in between were known before.
        let (rows, seen) = &mut self.rows;
        if let Some(ahead) = rows[*seen..].iter().position(|row| same(row)) {
            let row = rows[*seen + ahead];
            *seen += ahead + 1;
            (data["line"], data["type"], data["bank_id"]) =
                (json!(row.line), json!(row.kind), json!(row.bank_id));
        }
        data["signed_amount"] = json!(signed);
    }

    /// All of it.
    pub(crate) fn answer(mut self, id: &str, preview: bool) -> Value {
        self.errors.sort_by_key(|(line, _)| *line);
        let errors: Vec<Value> = self.errors.into_iter().map(|(_, error)| error).collect();
        json!({
            "import_id": id, "preview": preview, "accounts": self.accounts, "new": self.new,
            "updated": self.updated, "duplicates": self.duplicates, "errors": errors, "transactions": self.transactions,
        })
    }
}

/// `{"line", "reason", "code", "field"}`
fn reason(line: u64, refusal: &Value) -> Value {
    json!({"line": line, "reason": refusal["text"], "code": refusal["code"], "field": refusal["field"]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use centime_domain::Refusal;

    #[test]
    fn a_refusal_is_shown_with_its_text_code_and_field() {
        let refusal = Refusal::new("invalid_date", "date", "no such day");
        let expected = json!({"line": 3, "reason": "no such day", "code": "invalid_date", "field": "date"});
        assert_eq!(reason(3, &json!(refusal)), expected);
    }
}
