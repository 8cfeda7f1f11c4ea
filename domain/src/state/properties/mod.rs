//! What must hold for any sequence of commands.

mod accounts;
mod budgets;
mod commands;
mod crashes;
mod currencies;
mod export;
mod model;
mod past;
mod predictions;
mod recurring;
mod reports;

use crate::budget::Level;
use crate::story::{Story, line, load};
use crate::{Amount, Command, CommandId, Date, Entry, Event, Handled, Month, Outcome, Query, UserState};
use budgets::shown;
use commands::{Step, steps, transaction};
use model::Model;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many random sequences each property is tried on.
const CASES: u32 = 10_000;

/// What happened, with sequences left in.
fn run(story: &mut Story, steps: &[Step]) -> Vec<Handled> {
    steps.iter().map(|(id, name, data)| story.send(id, name, data)).collect()
}

/// Without the scale of the figures: `10.00` and `10` are the same sum, reached in another order.
fn same_figures(line: &str) -> String {
    let (head, figures) = line.split_once(": ").expect("a line has figures");
    let normal =
        |text: &str| text.parse::<rust_decimal::Decimal>().expect("a figure").normalize().to_string();
    let (spent, limit) = figures.split_once(" of ").expect("two figures");
    format!("{head}: {} of {}", normal(spent), normal(limit))
}

/// A command's alerts are the crossings that the model, given its events, comes to.
fn check_alerts(model: &mut Model, events: &[Event]) -> Result<(), TestCaseError> {
    for event in events {
        model.evolve(event);
    }
    let alerts: Vec<String> = events.iter().filter_map(line).map(|line| same_figures(&line)).collect();
    let expected: BTreeSet<String> = model.judge().iter().map(|line| same_figures(line)).collect();
    prop_assert_eq!(alerts.len(), expected.len(), "{:?} {:?}", &alerts, &expected);
    prop_assert_eq!(alerts.into_iter().collect::<BTreeSet<_>>(), expected);
    Ok(())
}

fn replay(journal: &[Entry], mut state: UserState, store: &mut BTreeMap<Vec<u8>, Vec<u8>>) -> UserState {
    for (i, entry) in journal.iter().enumerate() {
        load(&mut state, store, |state| state.missing_to_apply(entry));
        state.apply(entry, i as u64 + 1);
        state.trim();
        for (key, value) in state.take_changed() {
            match value {
                Some(value) => store.insert(key, value),
                None => store.remove(&key),
            };
        }
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn replaying_the_journal_leaves_the_same_pages(steps in steps()) {
        for tiny in [false, true] {
            let mut story = if tiny { Story::tiny() } else { Story::new() };
            run(&mut story, &steps);
            story.sweep();
            let mut store = BTreeMap::new();
            let empty = if tiny { UserState::tiny(None) } else { UserState::from_root(None) };
            let state = replay(&story.journal, empty.expect("no page"), &mut store);
            let mut replayed = Story::new();
            (replayed.state, replayed.store) = (state, store);
            replayed.sweep();
            prop_assert_eq!(&replayed.store, &story.store);
        }
    }

    #[test]
    fn reloading_at_any_point_changes_nothing(steps in steps(), every in 1_usize..6, trim in any::<bool>()) {
        let mut memory = Story::new();
        let mut paged = Story::tiny();
        for (i, step) in steps.iter().enumerate() {
            let expected = memory.send(&step.0, step.1, &step.2);
            prop_assert_eq!(paged.send(&step.0, step.1, &step.2), expected);
            if i % every == 0 {
                if trim {
                    paged.flush();
                    paged.state.trim();
                } else {
                    paged.reload();
                }
            }
        }
        for month in ["2023-01", "2025-03", "2026-02"] {
            let query = Query::Budgets { month: Month::read(month).expect("a month") };
            prop_assert_eq!(paged.ask(&query), memory.ask(&query));
        }
        for id in 0..50 {
            let query = Query::Transaction { id: CommandId::parse(&id.to_string()).expect("an id") };
            prop_assert_eq!(paged.ask(&query), memory.ask(&query));
        }
        prop_assert_eq!(paged.ask(&Query::Balance), memory.ask(&Query::Balance));
        prop_assert_eq!(paged.ask(&Query::Recurring), memory.ask(&Query::Recurring));
        prop_assert_eq!(list(&mut paged, None), list(&mut memory, None));
        prop_assert_eq!(list(&mut paged, Some("Zoo")), list(&mut memory, Some("Zoo")));
    }

    #[test]
    fn alerts_are_the_crossings_recomputed_from_scratch(steps in steps()) {
        let mut story = Story::tiny();
        let mut model = Model::default();
        for step in &steps {
            let Handled::Decided(Outcome::Accepted(events)) = story.send(&step.0, step.1, &step.2) else { continue };
            check_alerts(&mut model, &events)?;
        }
    }

    #[test]
    fn a_change_taken_back_restores_every_figure(steps in steps(), changed in transaction()) {
        let mut story = Story::tiny();
        run(&mut story, &steps);
        let Some(first) = list(&mut story, None).first().cloned() else { return Ok(()) };
        let before = (balances(&mut story), shown(&mut story));
        let mut change = changed;
        change["id"] = first["id"].clone();
        let Handled::Decided(Outcome::Accepted(_)) = story.send("there", "update_transaction", &change) else { return Ok(()) };
        let Handled::Decided(Outcome::Accepted(_)) = story.send("back", "update_transaction", &first) else {
            return Err(TestCaseError::fail("what was accepted once is accepted again"));
        };
        prop_assert_eq!((balances(&mut story), shown(&mut story)), before);
    }

    #[test]
    fn what_is_shown_can_be_given_back(steps in steps(), moves in accounts::steps()) {
        let mut moved = accounts::opened();
        run(&mut moved, &moves);
        let mut story = Story::new();
        run(&mut story, &steps);
        for mut story in [story, moved] {
            for (n, item) in list(&mut story, None).iter().enumerate() {
                let handled = story.send(&format!("back {n}"), "update_transaction", item);
                prop_assert_eq!(handled, Handled::Decided(Outcome::Accepted(Vec::new())), "{}", item);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(data in prop::collection::vec(any::<u8>(), 0..200), name in prop::sample::select(Command::types())) {
        prop_assert!(Command::parse(name, &data).is_err());
    }

    #[test]
    fn no_text_in_a_field_makes_it_panic(text in ".{0,60}", field in prop::sample::select(vec!["amount", "date", "currency", "category", "note", "status"])) {
        let mut data = json!({"transaction_type": "Expense", "amount": "1"});
        data[field] = json!(text);
        let _ = Command::parse("create_transaction", data.to_string().as_bytes());
    }
}

/// All pages of the list, two at a time.
fn list(story: &mut Story, category: Option<&str>) -> Vec<Value> {
    let mut items = Vec::new();
    let mut query =
        crate::TransactionsQuery { limit: 2, category: category.map(str::to_owned), ..Default::default() };
    for _ in 0..100 {
        let answer = story.ask(&Query::Transactions(query.clone())).expect("answered");
        items.extend(answer["items"].as_array().expect("a list").iter().cloned());
        match answer["next_cursor"].as_str() {
            Some(cursor) => query.cursor = Some(cursor.to_owned()),
            None => return items,
        }
    }
    panic!("the list has no end");
}

/// Balances as numbers: `0` and `0.00` are the same.
fn balances(story: &mut Story) -> BTreeMap<String, rust_decimal::Decimal> {
    let answer = story.ask(&Query::Balance).expect("answered");
    let mut balances = BTreeMap::new();
    for item in answer["items"].as_array().expect("a list") {
        let number: rust_decimal::Decimal =
            item["balance"].as_str().expect("a figure").parse().expect("a number");
        if !number.is_zero() {
            balances.insert(item["currency"].to_string(), number);
        }
    }
    balances
}

#[test]
fn a_list_may_be_bounded_by_dates() {
    let mut story = Story::tiny();
    for day in 1..=9 {
        let data = json!({"transaction_type": "Expense", "amount": "1", "date": format!("2026-01-0{day}")});
        story = story.when("create_transaction", data);
    }
    let date = |text| Some(Date::read(text).expect("a date"));
    let query =
        crate::TransactionsQuery { from: date("2026-01-03"), to: date("2026-01-07"), ..Default::default() };
    let answer = story.ask(&Query::Transactions(query)).expect("answered");
    let days: Vec<_> =
        answer["items"].as_array().expect("a list").iter().map(|item| item["date"].clone()).collect();
    assert_eq!(days, ["2026-01-07", "2026-01-06", "2026-01-05", "2026-01-04", "2026-01-03"]);
    assert_eq!(answer["next_cursor"], Value::Null);
}

#[test]
fn a_small_user_takes_little_memory_and_small_pages() {
    let mut story = Story::new().when("set_budget", json!({"category": "Food", "limit": "100"}));
    for _ in 0..4 {
        story = story.when(
            "create_transaction",
            json!({"transaction_type": "Expense", "amount": "12.50", "category": "Food"}),
        );
    }
    story.reload();
    let (weight, page) = (story.state.weight(), story.store.values().map(Vec::len).sum::<usize>());
    assert!(weight < 1_500, "{weight} bytes of memory");
    assert!(page < 400, "{page} bytes of page");
}

#[test]
fn a_level_has_one_place_among_the_others() {
    let version = crate::budget::Version {
        category: 0,
        from: Month::read("2026-01").expect("a month"),
        limit: Amount::ZERO,
        currency: crate::Currency::EUR,
        thresholds: &[99, 100, 101],
        policy: crate::Policy::Reset,
    };
    let levels: Vec<Level> = version.levels().collect();
    assert_eq!(levels, [Level::Percent(99), Level::Percent(100), Level::Exceeded, Level::Percent(101)]);
}
