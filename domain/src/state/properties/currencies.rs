//! Transactions and budgets in several currencies: reports and budgets equal a recomputation, whatever the path, and no budget
//! changes a report.

use super::budgets::shown;
use super::commands::{Step, budget, several, transaction};
use super::model::Model;
use super::reports::{check, figures_in};
use super::{balances, list, replay, run};
use crate::story::Story;
use crate::{Handled, Outcome, UserState};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CURRENCIES: [&str; 3] = ["EUR", "USD", "GBP"];

fn currency() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["EUR", "EUR", "USD", "GBP"])
}

fn entry() -> impl Strategy<Value = Value> {
    (transaction(), currency()).prop_map(|(mut data, currency)| {
        data["currency"] = json!(currency);
        data
    })
}

fn rate() -> impl Strategy<Value = Value> {
    let pair = prop::sample::select(vec![("USD", "EUR"), ("EUR", "USD"), ("GBP", "EUR"), ("USD", "GBP")]);
    (pair, 2023_u16..=2026, 1_u8..=3, 1_u32..300).prop_map(|((from, to), year, month, rate)| {
        json!({
            "from": from, "to": to, "date": format!("{year}-{month:02}-10"),
            "rate": Decimal::new(rate.into(), 2).to_string(),
        })
    })
}

fn any_budget() -> impl Strategy<Value = Value> {
    (budget("EUR"), currency()).prop_map(|(mut data, currency)| {
        data["currency"] = json!(currency);
        data
    })
}

/// Commands with the ids `0`…`39`; some updates only name what they leave as it is, some only the category.
fn step() -> impl Strategy<Value = Step> {
    let id = || (0_u32..40).prop_map(|id| id.to_string());
    let category = prop::sample::select(vec!["Food", "Rent", "Zoo"]);
    let given = (entry(), 1_u32..300).prop_map(|(mut data, rate)| {
        data["rate"] = json!(Decimal::new(rate.into(), 2).to_string());
        data
    });
    let data = prop_oneof![
        30 => entry().prop_map(|data| ("create_transaction", data)),
        5 => given.prop_map(|data| ("create_transaction", data)),
        8 => (id(), entry()).prop_map(|(id, mut data)| {
            data["id"] = json!(id);
            ("update_transaction", data)
        }),
        12 => (id(), category).prop_map(|(id, category)| {
            ("update_transaction", json!({"id": id, "category": category, "splits": []}))
        }),
        5 => id().prop_map(|id| ("update_transaction", json!({"id": id, "rate": null}))),
        5 => id().prop_map(|id| ("delete_transaction", json!({"id": id}))),
        10 => any_budget().prop_map(|data| ("set_budget", data)),
        2 => Just(("remove_budget", json!({"category": "Food"}))),
        8 => rate().prop_map(|data| ("record_exchange_rate", data)),
    ];
    (id(), data).prop_map(|(id, (name, data))| (id, name, data))
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    several(step)
}

/// Rates that are known before everything else, so that all is converted.
fn known() -> Vec<Step> {
    let rate = |n: usize, (from, to, rate): (&str, &str, &str)| {
        let data = json!({"from": from, "to": to, "date": "2020-01-01", "rate": rate});
        (format!("rate {n}"), "record_exchange_rate", data)
    };
    let rates = [("USD", "EUR", "0.9"), ("EUR", "GBP", "0.853"), ("GBP", "USD", "1.37")];
    rates.into_iter().enumerate().map(|(n, data)| rate(n, data)).collect()
}

/// The same, looked up here.
fn expected(from: &str, to: &str) -> Decimal {
    let given = |rate: &str| rate.parse::<Decimal>().expect("a rate");
    let turned = |rate: &str| {
        (Decimal::ONE / given(rate)).round_dp_with_strategy(12, RoundingStrategy::MidpointAwayFromZero)
    };
    match (from, to) {
        ("USD", "EUR") => given("0.9"),
        ("EUR", "USD") => turned("0.9"),
        ("EUR", "GBP") => given("0.853"),
        ("GBP", "EUR") => turned("0.853"),
        ("GBP", "USD") => given("1.37"),
        ("USD", "GBP") => turned("1.37"),
        _ => Decimal::ONE,
    }
}

/// All that counts is in euros in reports, and at the rates that were known.
fn check_rates(item: &Value) {
    let own = item["currency"].as_str().expect("a code");
    let counts = item["excluded"] == false;
    assert_eq!(!item["counted"].is_null(), counts && own != "EUR", "{item}");
    for counted in item["counted"]
        .is_object()
        .then_some(&item["counted"])
        .into_iter()
        .chain(item["budgeted"].as_array().into_iter().flatten())
    {
        let currency = counted["currency"].as_str().expect("a code");
        let rate: Decimal = counted["rate"].as_str().expect("a rate").parse().expect("a number");
        assert_eq!(rate, expected(own, currency), "{item}");
    }
    assert!(item["counted"].is_null() || item["counted"]["currency"] == "EUR", "{item}");
}

/// Steps of these types.
fn only(steps: &[Step], types: &[&str]) -> Vec<Step> {
    steps.iter().filter(|(_, name, _)| types.contains(name)).cloned().collect()
}

/// All reports, in all currencies.
fn all_figures(story: &mut Story) -> Vec<Vec<String>> {
    CURRENCIES.iter().map(|currency| figures_in(story, currency)).collect()
}

/// The same without the budgets that are shown beside.
fn reports(story: &mut Story) -> Vec<Vec<String>> {
    CURRENCIES.iter().map(|currency| super::reports::without_budgets(story, currency)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn reports_budgets_and_alerts_equal_a_recomputation(steps in steps(), every in 1_usize..9) {
        let (mut story, mut model) = (Story::tiny(), Model::default());
        for (i, (id, name, data)) in steps.iter().enumerate() {
            if let Handled::Decided(Outcome::Accepted(events)) = story.send(id, name, data) {
                super::check_alerts(&mut model, &events)?;
            }
            if i % every == 0 {
                story.reload();
            }
        }
        for currency in CURRENCIES {
            check(&mut story, currency);
        }
        prop_assert_eq!(shown(&mut story), super::budgets::recomputed(&model));
        story.flush();
        let mut store = BTreeMap::new();
        replay(&story.journal, UserState::tiny(None).expect("no page"), &mut store);
        prop_assert_eq!(&store, &story.store);
    }

    #[test]
    fn budgets_change_no_report(steps in steps()) {
        let entries = ["create_transaction", "update_transaction", "delete_transaction", "record_exchange_rate"];
        // Where rates are given one may be refused that nothing needs.
        let steps: Vec<Step> =
            steps.into_iter().filter(|(_, name, data)| *name != "create_transaction" || data["rate"].is_null()).collect();
        let [with, without] = [steps.clone(), only(&steps, &entries)].map(|steps| {
            let mut story = Story::tiny();
            run(&mut story, &known());
            // An id is the first command's that had it: budgets have their own here.
            for (n, (id, name, data)) in steps.iter().enumerate() {
                let own = format!("budget {n}");
                story.send(if entries.contains(name) { id } else { &own }, name, data);
            }
            (reports(&mut story), balances(&mut story))
        });
        prop_assert_eq!(with, without);
    }

    #[test]
    fn the_path_makes_no_difference(steps in steps()) {
        let steps: Vec<Step> = only(&steps, &["create_transaction", "update_transaction", "delete_transaction", "set_budget"])
            .into_iter()
            .filter(|(_, name, data)| *name != "create_transaction" || data["rate"].is_null())
            .collect();
        let mut story = Story::tiny();
        run(&mut story, &known());
        run(&mut story, &steps);
        // The same anew: all budgets first, then every transaction as it is by now.
        let mut again = Story::tiny();
        run(&mut again, &known());
        for (n, entry) in story.journal.iter().enumerate() {
            let Outcome::Accepted(events) = &entry.outcome else { continue };
            for event in events {
                if let crate::Event::BudgetSet(event) = event {
                    again.send(&format!("budget {n}"), "set_budget", &json!(event));
                }
            }
        }
        for mut item in list(&mut story, None) {
            check_rates(&item);
            for settled in ["id", "counted", "budgeted"] {
                item.as_object_mut().expect("an object").remove(settled);
            }
            let id = format!("again {}", again.journal.len());
            let entered = again.send(&id, "create_transaction", &item);
            prop_assert!(matches!(entered, Handled::Decided(Outcome::Accepted(_))), "{:?}", entered);
        }
        prop_assert_eq!(shown(&mut again), shown(&mut story));
        prop_assert_eq!(all_figures(&mut again), all_figures(&mut story));
        prop_assert_eq!(balances(&mut again), balances(&mut story));
    }

    #[test]
    fn a_category_moved_there_and_back_restores_every_figure(steps in steps(), category in prop::sample::select(vec!["Food", "Rent", "Zoo"])) {
        let mut story = Story::tiny();
        run(&mut story, &steps);
        for first in list(&mut story, None) {
            let before = (all_figures(&mut story), shown(&mut story), balances(&mut story));
            let change = json!({"id": first["id"], "category": category, "splits": []});
            let id = format!("there {}", story.journal.len());
            let Handled::Decided(Outcome::Accepted(_)) = story.send(&id, "update_transaction", &change) else { continue };
            let back = json!({"id": first["id"], "category": first["category"], "splits": first["splits"]});
            let Handled::Decided(Outcome::Accepted(_)) = story.send(&format!("{id} and back"), "update_transaction", &back) else {
                return Err(TestCaseError::fail("what was accepted once is accepted again"));
            };
            prop_assert_eq!((all_figures(&mut story), shown(&mut story), balances(&mut story)), before);
        }
    }
}
