//! Predictions, recounted from all transactions and budgets after every command.

use super::commands::{Step, budget, transaction};
use super::model::Model;
use crate::story::Story;
use crate::{Amount, Date, Event, Handled, Month, Outcome, Query};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How predictions stand, from accepted events alone.
#[derive(Default)]
struct Recount {
    model: Model,
    today: Option<Date>,
    /// By month and category: how many there were, and whether the last one stands.
    known: BTreeMap<(Month, String), (u32, bool)>,
}

/// A prediction made (`true`) or withdrawn, and its crossing.
type Line = (Month, String, bool, u32);

impl Recount {
    /// Takes one command's events in; answers the predictions that must be among them.
    fn evolve(&mut self, events: &[Event]) -> Vec<Line> {
        let before = self.today.map(part);
        for event in events {
            self.model.evolve(event);
            let date = match event {
                Event::TransactionCreated(event) => Some(event.transaction.date),
                Event::TransactionUpdated(event) => Some(event.transaction.date),
                _ => None,
            };
            let command = Date::read("2026-02-10").expect("a date");
            self.today = self.today.max(date.map(|date| date.min(command)));
            if let Event::BudgetRemoved(event) = event {
                let gone = self.known.iter_mut().filter(|((_, category), _)| **category == *event.category);
                gone.for_each(|(_, state)| state.1 = false);
            }
        }
        let Some(today) = self.today else { return Vec::new() };
        let mut concerned = touched(events, today.month());
        if before != Some(part(today)) {
            let standing = self.known.iter().filter(|((month, _), state)| *month == today.month() && state.1);
            concerned.extend(standing.map(|((_, category), _)| category.clone()));
        }
        self.judge(today, &concerned)
    }

    fn judge(&mut self, today: Date, concerned: &BTreeSet<String>) -> Vec<Line> {
        let spending = self.model.spent();
        let mut lines = Vec::new();
        let over: Vec<_> = self.known.keys().filter(|(month, _)| *month < today.month()).cloned().collect();
        for key in over {
            let (crossing, stood) = self.known.remove(&key).expect("it was there");
            let judged = self.model.limit_and_spent(&key.1, key.0, &spending);
            if stood && judged.is_some_and(|(limit, spent)| !is_over(spent, limit)) {
                lines.push((key.0, key.1, false, crossing));
            }
        }
        let judged = self.model.categories().filter(|category| concerned.contains(*category));
        for category in judged.cloned().collect::<Vec<_>>() {
            let month = today.month();
            let Some((limit, spent)) = self.model.limit_and_spent(&category, month, &spending) else {
                continue;
            };
            let Some((above, all)) = self.chance(&category, today, limit) else { continue };
            let state = self.known.entry((month, category.clone())).or_default();
            // (k + ½) / (n + 1) next to so many hundredths.
            let chance = |percent: usize| (200 * above + 100).cmp(&(percent * (2 * all + 2)));
            if is_over(spent, limit) {
                continue;
            }
            if !state.1 && chance(80).is_gt() {
                *state = (state.0 + 1, true);
                lines.push((month, category, true, state.0));
            } else if state.1 && chance(50).is_lt() {
                state.1 = false;
                lines.push((month, category, false, state.0));
            }
        }
        lines
    }

    /// How many of the last months say that this one will end above the limit.
    fn chance(&self, category: &str, today: Date, limit: Amount) -> Option<(usize, usize)> {
        let (_, passed) = part(today);
        let (before, after) =
            self.model.cut((category, today.month()), today.month(), passed).unwrap_or_default();
        let past: Vec<_> = (1..=12)
            .map(|back| {
                self.model.cut(
                    (category, today.month()),
                    today.month().plus(-back).expect("far from 1900"),
                    passed,
                )
            })
            .collect();
        let all = past.iter().rposition(Option::is_some)? + 1;
        let ends = past[..all].iter().map(|past| past.unwrap_or_default());
        let above = ends.filter(|past| is_over(before.max(past.0).plus(after.max(past.1)), limit)).count();
        (all >= 3).then_some((above, all))
    }
}

/// The month, and the last day of what has passed of it: the first ten days, twenty, or all; three days early.
fn part(today: Date) -> (Month, u16) {
    let passed = match today.day_of_month() {
        1..=7 => 10,
        8..=17 => 20,
        _ => 31,
    };
    (today.month(), passed)
}

/// The categories whose spending until the end of a month, or limit, the events change.
fn touched(events: &[Event], month: Month) -> BTreeSet<String> {
    let mut touched = BTreeSet::new();
    for event in events {
        let transactions = match event {
            Event::TransactionCreated(event) => vec![&event.transaction],
            Event::TransactionUpdated(event) => vec![&event.previous, &event.transaction],
            Event::TransactionDeleted(event) => vec![&event.transaction],
            Event::BudgetSet(event) => {
                touched.insert(event.category.to_string());
                vec![]
            }
            _ => vec![],
        };
        for transaction in transactions.into_iter().filter(|transaction| transaction.date.month() <= month) {
            touched
                .extend(transaction.spending().map(|(name, _)| name.to_owned()).filter(|name| name != "all"));
            touched.extend(transaction.all_spending().next().map(|_| "all".to_owned()));
        }
    }
    touched
}

fn is_over(spent: Amount, limit: Amount) -> bool {
    spent.is_positive() && spent > limit
}

fn line(event: &Event) -> Option<Line> {
    match event {
        Event::BudgetOverspendPredicted(e) => {
            assert!(e.exceeds_on.month() == e.month && e.probability.number() > 0.8);
            assert!(!is_over(e.spent, e.limit));
            Some((e.month, e.category.to_string(), true, e.crossing))
        }
        Event::BudgetOverspendPredictionWithdrawn(e) => {
            assert!(e.probability.number() < 0.5);
            Some((e.month, e.category.to_string(), false, e.crossing))
        }
        _ => None,
    }
}

/// Five months in a row, so that there is a past to go by; in the last little is spent, so that there is something to
/// predict.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = || (0_u32..80).prop_map(|id| id.to_string());
    let recent = || {
        let date = (0_i32..5, 1_u16..=28).prop_map(|(ahead, day)| {
            let first = Month::read("2025-10").expect("a month");
            first.plus(ahead).expect("near").day(day).to_string()
        });
        let category = prop::sample::select(vec!["Food", "Rent"]);
        (transaction(), date, category).prop_map(|(mut data, date, category)| {
            if date.starts_with("2026-02") {
                data["amount"] = json!("3");
                data["splits"] = json!([]);
            }
            data["date"] = json!(date);
            if data["refund"] == false {
                data["transaction_type"] = json!("Expense");
            }
            if data["category"] != "Zoo" {
                data["category"] = json!(category);
            }
            data
        })
    };
    let limit = (budget("EUR"), prop::sample::select(vec!["Food", "Rent", "all"]), 10_u32..150);
    let limit = limit.prop_map(|(mut data, category, limit)| {
        data["category"] = json!(category);
        data["from"] = json!("2025-10");
        data["limit"] = json!(limit.to_string());
        data
    });
    let data = prop_oneof![
        60 => recent().prop_map(|data| ("create_transaction", data)),
        10 => (id(), recent()).prop_map(|(id, mut data)| {
            data["id"] = json!(id);
            ("update_transaction", data)
        }),
        10 => id().prop_map(|id| ("delete_transaction", json!({"id": id}))),
        15 => limit.prop_map(|data| ("set_budget", data)),
        2 => Just(("remove_budget", json!({"category": "Food"}))),
        1 => Just(("remove_budget", json!({"category": null}))),
    ];
    prop::collection::vec((id(), data).prop_map(|(id, (name, data))| (id, name, data)), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn predictions_alternate_and_are_those_of_a_recount(steps in steps()) {
        let (mut story, mut recount) = (Story::tiny(), Recount::default());
        for (id, name, data) in &steps {
            let Handled::Decided(Outcome::Accepted(events)) = story.send(id, name, data) else { continue };
            let mut expected = recount.evolve(&events);
            expected.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            let lines: Vec<Line> = events.iter().filter_map(line).collect();
            prop_assert_eq!(lines, expected);
        }
        let Some(today) = recount.today else { return Ok(()) };
        let answer = story.ask(&Query::Budgets { month: today.month() }).expect("answered");
        for item in answer["items"].as_array().expect("a list") {
            let category = item["category"].as_str().expect("a name").to_owned();
            let stands = recount.known.get(&(today.month(), category)).is_some_and(|state| state.1);
            prop_assert_eq!(item["predicted"].is_object(), stands);
        }
    }
}

#[test]
fn the_commands_tried_lead_to_predictions_and_withdrawals() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut made, mut withdrawn) = (0, 0);
    for _ in 0..100 {
        let steps = steps().new_tree(&mut runner).expect("steps").current();
        let mut story = Story::new();
        for (id, name, data) in &steps {
            let Handled::Decided(Outcome::Accepted(events)) = story.send(id, name, data) else { continue };
            for (_, _, made_now, _) in events.iter().filter_map(line) {
                *(if made_now { &mut made } else { &mut withdrawn }) += 1;
            }
        }
    }
    assert!(made >= 10 && withdrawn >= 2, "{made} made, {withdrawn} withdrawn");
}
