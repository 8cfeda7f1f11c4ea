//! What budgets of all policies show, whichever way it came about.

use super::commands::{budget, steps, transaction};
use super::model::Model;
use crate::story::Story;
use crate::{Event, Handled, Month, Outcome, Query};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A budget's limit, spending and remainder in a month, and whether it is exceeded.
type Shown = BTreeMap<(String, Month), ([String; 3], bool)>;

/// `10.00` and `10` are the same figure.
fn normal(figure: rust_decimal::Decimal) -> String {
    figure.normalize().to_string()
}

/// What the engine shows, for all months that dates here are in and those between.
pub(super) fn shown(story: &mut Story) -> Shown {
    let mut shown = Shown::new();
    for (year, number) in (2023..=2026).flat_map(|year| (1..=12).map(move |number| (year, number))) {
        let month = Month::new(year, number).expect("a month");
        let answer = story.ask(&Query::Budgets { month }).expect("answered");
        for item in answer["items"].as_array().expect("a list") {
            let figures = ["limit", "spent", "remaining"]
                .map(|name| normal(item[name].as_str().expect("a figure").parse().expect("a number")));
            let category = item["category"].as_str().expect("a name").to_owned();
            shown.insert((category, month), (figures, item["exceeded"] == true));
        }
    }
    shown
}

pub(super) fn recomputed(model: &Model) -> Shown {
    let (spending, mut shown) = (model.spent(), Shown::new());
    for category in model.categories() {
        for (month, (_, limit, spent)) in model.months(category, &spending) {
            let figures = [limit, spent, limit.minus(spent)].map(|figure| normal(figure.decimal()));
            shown.insert((category.clone(), month), (figures, spent.is_positive() && spent > limit));
        }
    }
    shown
}

/// The month and category of an alert.
fn place(event: &Event) -> Option<(Month, &str)> {
    match event {
        Event::BudgetThresholdReached(event) => Some((event.month, &event.category)),
        Event::BudgetExceeded(event) => Some((event.month, &event.category)),
        Event::BudgetRecovered(event) => Some((event.month, &event.category)),
        _ => None,
    }
}

fn accepted(handled: &Handled) -> &[Event] {
    match handled {
        Handled::Decided(Outcome::Accepted(events)) => events,
        _ => &[],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn every_month_shows_the_figures_recomputed_from_scratch(steps in steps()) {
        let (mut story, mut model) = (Story::tiny(), Model::default());
        for (id, name, data) in &steps {
            for event in accepted(&story.send(id, name, data)) {
                model.evolve(event);
            }
        }
        prop_assert_eq!(shown(&mut story), recomputed(&model));
    }

    #[test]
    fn alerts_come_by_month_and_then_category(steps in steps()) {
        let mut story = Story::tiny();
        for (id, name, data) in &steps {
            let handled = story.send(id, name, data);
            let places: Vec<_> = accepted(&handled).iter().filter_map(place).collect();
            prop_assert!(places.is_sorted(), "{:?}", places);
        }
    }

    #[test]
    fn the_order_of_commands_makes_no_difference_to_what_stands(
        budgets in prop::collection::vec(budget("EUR"), 1..6),
        entries in prop::collection::vec(transaction(), 1..30),
        orders in prop::array::uniform2(prop::collection::vec(any::<bool>(), 40)),
    ) {
        // The last budget of a category and month is the one that counts: budgets keep their order, wherever they come.
        // All have the same levels: what stands at one that is no more leaves it without an event.
        let same_levels = |mut data: Value| {
            data["thresholds"] = json!([50, 100]);
            data
        };
        let budgets: Vec<_> = budgets.into_iter().map(same_levels).enumerate().map(|(i, data)| (format!("b{i}"), "set_budget", data)).collect();
        let entries: Vec<_> = entries
            .into_iter()
            .enumerate()
            .filter(|(_, data)| data["currency"] == "EUR")
            .map(|(i, data)| (format!("e{i}"), "create_transaction", data))
            .collect();
        let [one, two, three] = [[].as_slice(), &orders[0], &orders[1]].map(|order| {
            let mut story = Story::tiny();
            let mut standing = Standing::new();
            for (id, name, data) in merged(&budgets, &entries, order) {
                note(accepted(&story.send(id, name, data)), &mut standing);
            }
            (shown(&mut story), standing)
        });
        prop_assert_eq!(&one, &two);
        prop_assert_eq!(&one, &three);
    }
}

/// Both in their own order: where the flag is set one of the first comes next, else one of the second; at the end what is left.
fn merged<'a, T>(first: &'a [T], second: &'a [T], flags: &[bool]) -> Vec<&'a T> {
    let (mut first, mut second) = (first.iter(), second.iter());
    let mut merged: Vec<&T> =
        flags.iter().filter_map(|flag| if *flag { first.next() } else { second.next() }).collect();
    merged.extend(first.chain(second));
    merged
}

/// Levels that stand, by category, month and percentage (`None`: exceeded).
type Standing = BTreeSet<(String, Month, Option<u16>)>;

fn note(events: &[Event], standing: &mut Standing) {
    for event in events {
        let level = match event {
            Event::BudgetThresholdReached(event) => Some(event.threshold),
            Event::BudgetRecovered(event) => event.threshold,
            _ => None,
        };
        if let Some((month, category)) = place(event) {
            let key = (category.to_owned(), month, level);
            if matches!(event, Event::BudgetRecovered(_)) {
                standing.remove(&key)
            } else {
                standing.insert(key)
            };
        }
    }
}
