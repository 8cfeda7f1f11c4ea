//! A whole body of every command: every field there is, all of it right. Each is accepted by a user who has lived through `SETUP`.

use serde_json::{Value, json};

/// A command's body to take apart.
pub(super) struct Body {
    pub(super) kind: &'static str,
    pub(super) data: Value,
    /// What can't be left out.
    pub(super) required: &'static [&'static str],
}

/// Its user must be empty: nothing is set up.
pub(super) const RESTORE: &str = "restore_user";

/// It wants nothing of its own, and nothing is due.
pub(super) const PASS_TIME: &str = "pass_time";

/// What there must be before: (type, id, data).
pub(super) fn setup() -> Vec<(&'static str, &'static str, Value)> {
    let food = |amount: &str, date: &str| json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": date});
    let row = json!({"date": "2026-02-01", "amount": "-5.00", "payee": "Shop"});
    vec![
        ("set_budget", "b1", json!({"category": "Rent", "limit": "800"})),
        ("create_transaction", "t1", food("10.00", "2026-01-10")),
        ("create_transaction", "t2", food("20.00", "2026-02-10")),
        (
            "create_transaction",
            "t3",
            json!({"transaction_type": "Expense", "amount": "9", "currency": "USD", "rate": "0.5", "date": "2026-02-10"}),
        ),
        ("open_account", "giro", json!({"name": "Giro", "opened": "2026-01-01"})),
        ("open_account", "sock", json!({"name": "Sock", "opened": "2026-01-01"})),
        ("open_account", "old", json!({"name": "Old", "opened": "2026-01-01"})),
        ("close_account", "c1", json!({"id": "Old"})),
        ("import_transactions", "march", json!({"rows": [row]})),
        (
            "declare_recurring",
            "gym",
            json!({"transaction_type": "Expense", "payee": "Gym", "amount": "30", "cadence": "monthly"}),
        ),
    ]
}

/// Of every command at least one.
pub(super) fn bodies() -> Vec<Body> {
    let transaction = json!({
        "transaction_type": "Expense", "amount": "10.00", "currency": "EUR", "category": "Food", "date": "2026-02-03",
        "payee": "Shop", "note": "two\nlines", "tags": ["a"], "account": "Giro",
        "splits": [{"category": "Food", "amount": "4.00"}, {"category": "Fun", "amount": "6.00"}], "refund": false,
        "excluded": false, "status": "posted", "to_account": null, "rate": "1",
    });
    let transfer = json!({
        "transaction_type": "Transfer", "amount": "10.00", "account": "Giro", "to_account": "Sock", "date": "2026-02-03",
    });
    // Sent with its own id as the key: see `send`.
    let named = json!({"transaction_type": "Expense", "amount": "10.00", "currency": "EUR", "id": "whole"});
    let shown = json!({
        "id": "t3", "note": "read", "counted": {"currency": "EUR", "rate": "0.50"}, "account_amount": null,
        "to_account_amount": null, "budgeted": [],
    });
    let mut update = transaction.clone();
    update["id"] = json!("t1");
    let row = json!({
        "line": 7, "date": "2026-02-03", "amount": "10.00", "transaction_type": "Expense", "currency": "EUR", "category": "Food",
        "payee": "Shop", "note": "note", "tags": ["a"], "splits": [{"category": "Food", "amount": "-10.00"}], "bank_id": "A1",
        "occurrence": 1, "excluded": false, "status": "posted", "started": "2026-02-01",
    });
    let body = |kind, required, data| Body { kind, data, required };
    vec![
        body(
            "create_transaction",
            &["transaction_type", "amount", "splits[0].category", "splits[0].amount"],
            transaction,
        ),
        body("create_transaction", &["transaction_type", "amount", "account", "to_account"], transfer),
        body("update_transaction", &["id", "splits[0].category", "splits[0].amount"], update),
        body("create_transaction", &["transaction_type", "amount"], named),
        body("update_transaction", &["id", "counted.currency", "counted.rate"], shown),
        body("delete_transaction", &["id"], json!({"id": "t2"})),
        body(
            "set_budget",
            &["limit"],
            json!({"category": "Food", "limit": "100.00", "currency": "EUR", "from": "2026-01", "thresholds": [50, 100], "policy": "carry"}),
        ),
        body("remove_budget", &[], json!({"category": "Rent"})),
        body(
            "generate_forecast",
            &[],
            json!({"category": "Food", "months": 3, "level": 0.8, "as_of": "2026-03-15", "currency": "EUR"}),
        ),
        body(
            "set_preferences",
            &["quiet_hours.from", "quiet_hours.to"],
            json!({
                "time_zone": "Europe/Berlin", "month_start": 1, "base_currency": "USD", "thresholds": [50, 90],
                "quiet_hours": {"from": "22:00", "to": "07:30"},
            }),
        ),
        body(
            "record_exchange_rate",
            &["from", "to", "rate"],
            json!({"from": "USD", "to": "EUR", "date": "2026-02-01", "rate": "0.9250"}),
        ),
        body(
            "open_account",
            &[],
            json!({"id": "new", "name": "New", "kind": "savings", "currency": "USD", "opened": "2026-01-01", "opening_balance": "-100.50"}),
        ),
        body("close_account", &["id"], json!({"id": "Sock", "date": "2026-03-01"})),
        body(
            "import_transactions",
            &[
                "rows",
                "rows[0].date",
                "rows[0].amount",
                "rows[0].splits[0].category",
                "rows[0].splits[0].amount",
            ],
            json!({"import_id": "april", "part": 1, "account": "Giro", "currency": "EUR", "source": "april.csv", "rows": [row]}),
        ),
        body("undo_import", &["id"], json!({"id": "march", "part": 1})),
        body("erase_user", &[], json!({})),
        body(PASS_TIME, &[], json!({})),
        body(
            "declare_recurring",
            &["transaction_type", "payee", "amount", "cadence"],
            json!({
                "transaction_type": "Expense", "payee": "Landlord", "amount": "800.00", "amount_max": "900.00", "currency": "EUR",
                "cadence": "every_2_months", "starts": "2026-01-31", "ends": "2027-12-31", "category": "Rent", "account": "Giro",
                "tolerance": 10,
            }),
        ),
        body("cancel_recurring", &["id"], json!({"id": "gym"})),
        // What is wrong within commands of the past: domain/src/commands/restore_tests.rs.
        body(RESTORE, &["commands"], json!({"restore_id": "past", "part": 1, "last": true, "commands": []})),
    ]
}
