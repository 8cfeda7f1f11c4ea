//! Accounts, transfers and other currencies: every balance and net worth, recomputed from nothing but the list of transactions.

use super::commands::several;
use super::{Step, list, replay, run};
use crate::story::Story;
use crate::{Date, Query, UserState, When};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Opened on 15 February 2024 with this.
const ACCOUNTS: [(&str, &str, i64); 3] = [("Giro", "EUR", 100), ("Cash", "EUR", -7), ("Dollars", "USD", 50)];

pub(super) fn opened() -> Story {
    ACCOUNTS.iter().fold(Story::tiny(), |story, (name, currency, opening)| {
        let data = json!({"name": name, "currency": currency, "opened": "2024-02-15", "opening_balance": opening.to_string()});
        story.when_as(name, "open_account", data)
    })
}

fn entry() -> impl Strategy<Value = Value> {
    let account = || prop::sample::select(vec!["Giro", "Cash", "Dollars"]);
    let kind = prop::sample::select(vec!["Income", "Expense", "Transfer"]);
    let date = (2023_u16..=2025, 1_u8..=3, 1_u8..=28).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"));
    let rate = prop::option::of((1_u32..300).prop_map(|rate| Decimal::new(rate.into(), 2).to_string()));
    let category = prop::sample::select(vec!["Food", "Rent"]);
    (kind, 1_u32..9_999, account(), account(), date, (rate, any::<bool>(), any::<bool>(), category)).prop_map(
        |(kind, cents, account, to_account, date, (rate, dollars, excluded, category))| {
            json!({
                "transaction_type": kind, "amount": Decimal::new(cents.into(), 2).to_string(), "account": account,
                "to_account": (kind == "Transfer").then_some(to_account), "date": date, "rate": rate,
                "currency": if dollars { "USD" } else { "EUR" }, "excluded": excluded, "category": category,
            })
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let id = || (0_u32..30).prop_map(|id| id.to_string());
    let rate = (2023_u16..=2025, 1_u8..=3, 1_u32..300, any::<bool>()).prop_map(|(y, m, rate, turned)| {
        let (from, to) = if turned { ("EUR", "USD") } else { ("USD", "EUR") };
        json!({"from": from, "to": to, "date": format!("{y}-{m:02}-10"), "rate": Decimal::new(rate.into(), 2).to_string()})
    });
    let data = prop_oneof![
        10 => entry().prop_map(|data| ("create_transaction", data)),
        4 => (id(), entry()).prop_map(|(id, mut data)| {
            data["id"] = json!(id);
            ("update_transaction", data)
        }),
        2 => id().prop_map(|id| ("delete_transaction", json!({"id": id}))),
        2 => rate.prop_map(|data| ("record_exchange_rate", data)),
        1 => Just(("set_budget", json!({"category": "Food", "limit": "50", "from": "2023-02", "policy": "carry"}))),
        1 => Just(("set_budget", json!({"limit": "80", "from": "2023-01", "currency": "EUR", "policy": "rollover"}))),
    ];
    (id(), data).prop_map(|(id, (name, data))| (id, name, data))
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    several(step)
}

fn number(value: &Value) -> Decimal {
    value.as_str().expect("a figure").parse().expect("a number")
}

/// The balance of an account at the end of a day; `None`: not there yet.
fn recounted(transactions: &[Value], (name, _, opening): (&str, &str, i64), day: &str) -> Option<Decimal> {
    let (mut balance, mut there) = (Decimal::from(opening), day >= "2024-02-15");
    for item in transactions {
        let date = item["date"].as_str().expect("a date");
        for (account, amount) in [("account", "account_amount"), ("to_account", "to_account_amount")] {
            if item[account] == name && !item[amount].is_null() {
                there |= date <= day;
                // Before it opened the opening moves, so that the balance of that day stays.
                balance += match (date >= "2024-02-15", date <= day) {
                    (true, true) => number(&item[amount]),
                    (false, false) => -number(&item[amount]),
                    _ => Decimal::ZERO,
                };
            }
        }
    }
    there.then_some(balance)
}

/// A leg in the transaction's own currency is its amount; in another one it is that at some rate, which must be the given one where
/// nothing else could have taken it.
fn check_legs(item: &Value) {
    for (account, amount) in [("account", "account_amount"), ("to_account", "to_account_amount")] {
        let Some((_, currency, _)) = ACCOUNTS.iter().find(|(name, ..)| item[account] == *name) else {
            continue;
        };
        let moved = number(&item[amount]);
        let sign = if account == "account" && item["transaction_type"] != "Income" { -1 } else { 1 };
        if item["currency"] == *currency {
            assert_eq!(moved, number(&item["amount"]) * Decimal::from(sign), "{item}");
        } else if !item["rate"].is_null() {
            let converted = number(&item["amount"]) * number(&item["rate"]);
            let rounded = converted.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
            assert_eq!(moved, rounded * Decimal::from(sign), "{item}");
        }
    }
}

fn check(story: &mut Story) {
    let transactions = list(story, None);
    transactions.iter().for_each(check_legs);
    for day in
        ["2023-01-05", "2023-02-14", "2024-02-14", "2024-02-15", "2025-01-28", "2025-03-03", "2026-01-01"]
    {
        let as_of = When::Date(Date::read(day).expect("a date"));
        let report = story.ask(&Query::NetWorth { as_of }).expect("answered");
        let items = report["accounts"].as_array().expect("a list");
        let found: BTreeMap<&str, Decimal> = items
            .iter()
            .map(|item| (item["name"].as_str().expect("a name"), number(&item["balance"])))
            .collect();
        let expected: BTreeMap<&str, Decimal> = ACCOUNTS
            .iter()
            .filter_map(|account| Some((account.0, recounted(&transactions, *account, day)?)))
            .collect();
        assert_eq!(found, expected, "{day}");
        let by_currency: Decimal =
            report["currencies"].as_array().expect("a list").iter().map(|sum| number(&sum["amount"])).sum();
        assert_eq!(by_currency, found.values().sum::<Decimal>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn balances_equal_a_recomputation_from_all_transactions(steps in steps()) {
        let mut story = opened();
        for (i, step) in steps.iter().enumerate() {
            run(&mut story, std::slice::from_ref(step));
            if i % 7 == 0 {
                story.reload();
            }
        }
        check(&mut story);
        story.flush();
        let mut store = BTreeMap::new();
        replay(&story.journal, UserState::tiny(None).expect("no page"), &mut store);
        prop_assert_eq!(&store, &story.store);
    }
}
