//! Random commands: few users' worth of ids, categories and months, so that they meet.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// One step: a command's id (few, so that some are reused), its type and data.
pub(super) type Step = (String, &'static str, Value);

fn category() -> impl Strategy<Value = &'static str> {
    // A category that is called like the budget for all of them has none of its own.
    prop::sample::select(vec!["Food", "Rent", "Zoo", "Café", "all"])
}

/// What a budget may be for: a category, or all of them, however that is said.
fn budgeted() -> impl Strategy<Value = Value> {
    prop_oneof![6 => category().prop_map(Value::from), 1 => Just(json!("*")), 1 => Just(Value::Null)]
}

fn date() -> impl Strategy<Value = String> {
    (2023_u16..=2026, 1_u8..=3, 1_u8..=28).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"))
}

fn amount() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u32..200).prop_map(|n| n.to_string()),
        (1_u32..9_999).prop_map(|n| format!("{}.{:02}", n / 100, n % 100))
    ]
}

/// Few enough to come again, and more than a small root page holds.
fn payee() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["Shop", "shop ", "Work", "Gym", "Bakery"])
}

/// A transaction that may name its payee.
fn named() -> impl Strategy<Value = Value> {
    (transaction(), prop::option::weighted(0.5, payee())).prop_map(|(mut data, payee)| {
        data["payee"] = json!(payee);
        data
    })
}

pub(super) fn transaction() -> impl Strategy<Value = Value> {
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    (amount(), prop::option::weighted(0.9, category()), date(), flags, splits()).prop_map(
        |(amount, category, date, (income, refund, excluded, dollars), splits)| {
            json!({
                "transaction_type": if income { "Income" } else { "Expense" }, "amount": amount,
                "category": category, "date": date, "refund": income && refund, "excluded": excluded,
                "currency": if dollars { "USD" } else { "EUR" }, "splits": parts(splits, &amount),
            })
        },
    )
}

fn splits() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(0_usize), 1 => Just(1), 1 => Just(2)]
}

/// So many parts: none, the whole for the zoo, or a cent of it for food.
fn parts(count: usize, amount: &str) -> Value {
    let cent = Decimal::new(1, 2);
    let rest = amount.parse::<Decimal>().expect("a number") - cent;
    match count {
        0 => json!([]),
        2 if !rest.is_zero() => json!([
            {"category": "Zoo", "amount": rest.to_string()},
            {"category": "Food", "amount": cent.to_string()},
        ]),
        _ => json!([{"category": "Zoo", "amount": amount}]),
    }
}

pub(super) fn budget(currency: &'static str) -> impl Strategy<Value = Value> {
    let thresholds = prop::sample::select(vec![json!([80, 100]), json!([50]), json!([]), json!([90, 120])]);
    let policy = prop::sample::select(vec!["reset", "rollover", "carry"]);
    let from = (2023_u16..=2026, 1_u8..=3).prop_map(|(y, m)| format!("{y}-{m:02}"));
    // Small ones, too: what is taken over would soon be more than anything is spent.
    let limit = prop_oneof![0_u32..30, 0_u32..400];
    (budgeted(), limit, from, thresholds, policy).prop_map(
        move |(category, limit, from, thresholds, policy)| {
            json!({
                "category": category, "limit": limit.to_string(), "from": from, "thresholds": thresholds,
                "policy": policy, "currency": currency,
            })
        },
    )
}

fn forecast() -> impl Strategy<Value = Value> {
    (prop::option::of(category()), date(), 1_u8..=36)
        .prop_map(|(category, as_of, months)| json!({"category": category, "as_of": as_of, "months": months}))
}

fn declaration() -> impl Strategy<Value = Value> {
    let cadence = prop::sample::select(vec!["weekly", "monthly", "yearly"]);
    (payee(), amount(), cadence, date()).prop_map(|(payee, amount, cadence, starts)| {
        json!({"transaction_type": "Expense", "payee": payee, "amount": amount, "cadence": cadence, "starts": starts})
    })
}

/// A few rows that meet each other, and the same of other imports.
fn import() -> impl Strategy<Value = Value> {
    let row = (
        amount(),
        any::<bool>(),
        1_u8..=9,
        prop::option::weighted(0.8, category()),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(amount, went, day, category, named, pending)| {
            let sign = if went { "-" } else { "" };
            let bank_id = named.then(|| format!("bank {day}"));
            json!({
                "date": format!("2026-02-0{day}"), "amount": format!("{sign}{amount}"), "category": category,
                "bank_id": bank_id, "currency": "EUR", "status": if pending { "pending" } else { "posted" },
            })
        });
    prop::collection::vec(row, 0..8).prop_map(|rows| json!({"account": "Giro", "rows": rows}))
}

/// Commands with the ids `0`…`49`; changes and deletions mean one of them.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let id = || (0_u32..50).prop_map(|id| id.to_string());
    let data = prop_oneof![
        80 => named().prop_map(|data| ("create_transaction", data)),
        40 => (id(), named()).prop_map(|(id, mut data)| {
            data["id"] = json!(id);
            ("update_transaction", data)
        }),
        20 => id().prop_map(|id| ("delete_transaction", json!({"id": id}))),
        18 => budget("EUR").prop_map(|data| ("set_budget", data)),
        2 => budget("USD").prop_map(|data| ("set_budget", data)),
        10 => budgeted().prop_map(|category| ("remove_budget", json!({"category": category}))),
        10 => forecast().prop_map(|data| ("generate_forecast", data)),
        20 => import().prop_map(|data| ("import_transactions", data)),
        10 => id().prop_map(|id| ("undo_import", json!({"id": id}))),
        2 => Just(("erase_user", json!({}))),
        10 => Just(("create_transaction", json!({"amount": 5}))),
        10 => declaration().prop_map(|data| ("declare_recurring", data)),
        5 => id().prop_map(|id| ("cancel_recurring", json!({"id": id}))),
        5 => Just(("pass_time", json!({}))),
    ];
    (id(), data).prop_map(|(id, (name, data))| (id, name, data))
}

/// A user's commands.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    several(step)
}

/// Mostly a few, which find most faults soonest; every tenth time many, for those that take a long history.
pub(super) fn several<T: Strategy>(one: impl Fn() -> T) -> impl Strategy<Value = Vec<T::Value>> {
    let some = |count| prop::collection::vec(one(), count);
    prop_oneof![5 => some(1..12), 4 => some(8..25), 1 => some(25..80)]
}
