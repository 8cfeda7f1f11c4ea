//! What comes again, recounted after every command from all payments there are: what is detected, missed and repriced must be
//! what follows by the rules.

mod recount;

use super::{Step, replay};
use crate::recurring::{Payment, Trace};
use crate::story::{Story, recurring_line};
use crate::transaction::Transaction;
use crate::{CommandId, Date, Event, Handled, Outcome, Query, UserState};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use recount::Recount;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What happens, so many days after what was before.
type Timed = (i32, Action);

#[derive(Debug, Clone)]
enum Action {
    Pay(Pay),
    Change(usize, Pay),
    Delete(usize),
    Declare(Pay, &'static str),
    Cancel(usize),
    /// Three months of a payee, which make it regular.
    Import(&'static str),
    Undo(&'static str),
    Else,
}

/// A payment of a regular day: so many weeks or months back, and some days off.
#[derive(Debug, Clone)]
struct Pay {
    payee: &'static str,
    amount: &'static str,
    account: Option<&'static str>,
    weekly: bool,
    back: i32,
    off: i32,
    status: &'static str,
}

fn pay() -> impl Strategy<Value = Pay> {
    let amount =
        prop_oneof![10 => Just("10"), 2 => Just("10.1"), 2 => Just("12.50"), 1 => Just("6"), 1 => Just("21")];
    let account = prop_oneof![4 => Just(None), 1 => Just(Some("Giro"))];
    let off = prop_oneof![6 => Just(0), 2 => -1..=1, 1 => -6..=6];
    let status = prop_oneof![9 => Just("posted"), 1 => Just("pending")];
    let payee = prop_oneof![4 => Just("net"), 3 => Just("gym"), 1 => Just("bus")];
    (payee, amount, account, prop::bool::weighted(0.3), prop_oneof![3 => Just(0), 2 => 0..=4], off, status)
        .prop_map(|(payee, amount, account, weekly, back, off, status)| Pay {
            weekly: weekly || payee == "gym",
            payee,
            amount,
            account,
            back,
            off,
            status,
        })
}

/// Of one of them there is nothing else.
fn imported() -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => Just("tv"), 1 => Just("net")]
}

fn actions() -> impl Strategy<Value = Vec<Timed>> {
    let cadence = prop::sample::select(vec!["weekly", "monthly", "biweekly", "quarterly"]);
    let action = prop_oneof![
        30 => pay().prop_map(Action::Pay),
        5 => (0_usize..40, pay()).prop_map(|(n, pay)| Action::Change(n, pay)),
        4 => (0_usize..40).prop_map(Action::Delete),
        2 => (pay(), cadence).prop_map(|(pay, cadence)| Action::Declare(pay, cadence)),
        1 => (0_usize..3).prop_map(Action::Cancel),
        3 => imported().prop_map(Action::Import),
        3 => imported().prop_map(Action::Undo),
        4 => Just(Action::Else),
    ];
    let days = prop_oneof![1 => 0_i32..3, 2 => 5_i32..9, 3 => 26_i32..34];
    prop::collection::vec((days, action), 1..60)
}

fn data(pay: &Pay, today: Date) -> Value {
    let monday = Date::read("2025-09-01").expect("a date");
    let day = if pay.weekly {
        let weeks = today.days_since(monday) / 7 - pay.back;
        monday.plus_days(7 * weeks + pay.off.clamp(-2, 2)).expect("near")
    } else {
        let month = today.month().plus(-pay.back).expect("near");
        month.day(10).plus_days(pay.off).expect("near")
    };
    let Pay { payee, amount, account, status, .. } = pay;
    json!({"transaction_type": "Expense", "payee": payee, "amount": amount, "account": account, "date": day, "status": status})
}

/// The command of an action; those about something mean one of those before.
fn step(story: &mut Story, number: usize, action: &Action, today: Date) -> Step {
    let id = format!("a{number}");
    let known = |n: &usize| format!("a{}", n % (number + 1));
    match action {
        Action::Pay(pay) => (id, "create_transaction", data(pay, today)),
        Action::Change(n, pay) => {
            let mut data = data(pay, today);
            data["id"] = json!(known(n));
            (id, "update_transaction", data)
        }
        Action::Delete(n) => (id, "delete_transaction", json!({"id": known(n)})),
        Action::Declare(pay, cadence) => {
            let mut declared = data(pay, today);
            declared.as_object_mut().expect("an object").remove("status");
            declared["starts"] = declared.as_object_mut().expect("an object").remove("date").expect("a date");
            declared["cadence"] = json!(cadence);
            (id, "declare_recurring", declared)
        }
        Action::Cancel(n) => {
            let shown = items(story);
            let id_of = |n: usize| shown.get(n).map_or(json!("none"), |item| item["id"].clone());
            (id, "cancel_recurring", json!({"id": id_of(*n)}))
        }
        Action::Import(payee) => {
            let last = i32::from(today.day_of_month() < 10);
            let day = |back: i32| today.month().plus(-back).expect("near").day(10);
            let row = |back| json!({"date": day(back), "amount": "-10", "payee": payee});
            let rows: Vec<_> = (last..last + 3).rev().map(row).collect();
            (id, "import_transactions", json!({"import_id": payee, "rows": rows}))
        }
        Action::Undo(payee) => (id, "undo_import", json!({"id": payee})),
        Action::Else => (
            id,
            "create_transaction",
            json!({"transaction_type": "Income", "amount": "1", "date": "2025-09-01"}),
        ),
    }
}

fn items(story: &mut Story) -> Vec<Value> {
    story.ask(&Query::Recurring).expect("answered")["items"].as_array().expect("a list").clone()
}

/// Plays actions; hands over each command's events (none if it was refused) and its day.
fn play(mut story: Story, actions: &[Timed], mut each: impl FnMut(&mut Story, &[Event], Date)) -> Story {
    let mut today = Date::read("2025-12-01").expect("a date");
    for (number, (days, action)) in actions.iter().enumerate() {
        today = today.plus_days(*days).expect("near");
        story = story.on(&today.to_string());
        let (id, name, data) = step(&mut story, number, action, today);
        match story.send(&id, name, &data) {
            Handled::Decided(Outcome::Accepted(events)) => each(&mut story, &events, today),
            _ => each(&mut story, &[], today),
        }
    }
    story
}

fn lines(events: &[Event]) -> Vec<String> {
    let mut lines: Vec<String> = events.iter().filter_map(recurring_line).collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn what_is_told_is_that_of_a_recount(actions in actions(), every in 1_usize..6) {
        let mut recount = Recount::default();
        let mut count = 0;
        let mut differences = Vec::new();
        play(Story::tiny(), &actions, |story, events, today| {
            recount.evolve(events);
            let mut expected = recount.withdraw(events);
            if !events.is_empty() {
                expected.extend(recount.judge(events, today));
            }
            expected.sort();
            if lines(events) != expected {
                differences.push((lines(events), expected));
            }
            recount.evolve_told(events, today);
            let shown: Vec<_> = items(story).into_iter().map(|item| (item["last_seen"].clone(), item["missed"].clone(), item["lapsed"].clone())).collect();
            let recounted: Vec<_> = recount.schedules.iter().map(|schedule| {
                let last = recount.met(schedule).into_values().next_back().map(|paid| paid.0);
                let judged = schedule.since.max(schedule.next - 3)..schedule.next;
                let missed: Vec<_> = judged.filter(|number| recount.missed(schedule, *number)).map(|number| schedule.due(number)).collect();
                (json!(last), json!(missed), json!(schedule.lapsed))
            }).collect();
            if shown != recounted {
                differences.push((vec![format!("{shown:?}")], vec![format!("{recounted:?}")]));
            }
            count += 1;
            if count % every == 0 {
                story.reload();
            }
        });
        prop_assert!(differences.is_empty(), "{:?}", differences.first());
    }

    #[test]
    fn a_small_root_page_and_a_replay_tell_and_leave_the_same(actions in actions()) {
        let (mut small, mut large) = (Vec::new(), Vec::new());
        let mut tiny = play(Story::tiny(), &actions, |story, events, _| {
            small.extend(events.to_vec());
            story.flush();
            story.state.trim();
        });
        let mut whole = play(Story::new(), &actions, |_, events, _| large.extend(events.to_vec()));
        prop_assert_eq!(&small, &large);
        prop_assert_eq!(items(&mut tiny), items(&mut whole));
        let mut store = BTreeMap::new();
        let state = replay(&tiny.journal, UserState::tiny(None).expect("no page"), &mut store);
        let mut replayed = Story::new();
        (replayed.state, replayed.store) = (state, store);
        replayed.sweep();
        tiny.sweep();
        prop_assert_eq!(&replayed.store, &tiny.store);
    }

    #[test]
    fn a_change_that_says_nothing_leaves_what_is_expected_as_it_was_once_taken_back(actions in actions(), which in 0_usize..60, other in pay()) {
        let mut today = Date::FIRST;
        let mut story = play(Story::tiny(), &actions, |_, _, day| today = day);
        let id = CommandId::parse(&format!("a{}", which % actions.len())).expect("an id");
        let Ok(old) = story.ask(&Query::Transaction { id: id.clone() }) else { return Ok(()) };
        let mut change = data(&other, today);
        change["id"] = json!(id);
        // What leaves the memory of a payee, lapses, or is detected does not come back: here there is room for all.
        let transactions = [&old, &change].map(|data| {
            let mut whole = old.clone();
            whole.as_object_mut().expect("an object").extend(data.as_object().expect("an object").clone());
            serde_json::from_value::<Transaction>(whole).expect("a transaction")
        });
        let full = |story: &Story, transaction: &Transaction| Payment::of(transaction).is_some_and(|payment| {
            story.state.trace(payment.key).is_some_and(|trace| trace.entries().len() == Trace::MOST || !trace.knows(transaction.date))
        });
        // Due dates that are over are judged by what is accepted: the last action may have been refused.
        story.send("now", "create_transaction", &json!({"transaction_type": "Income", "amount": "1", "date": "2025-09-01"}));
        let before = items(&mut story.clone());
        if transactions.iter().any(|transaction| full(&story, transaction)) || before.iter().any(|item| item["lapsed"] == true) {
            return Ok(());
        }
        let mut told = Vec::new();
        for (id, data) in [("there", &change), ("back", &old)] {
            let Handled::Decided(Outcome::Accepted(events)) = story.send(id, "update_transaction", data) else {
                return Err(TestCaseError::fail("what was accepted once is accepted again"));
            };
            told.extend(lines(&events));
        }
        // What was told stands (docs/semantics.md, Price), and which of a payee's schedules a payment is for goes by their prices.
        if told.is_empty() {
            let after = items(&mut story);
            for (now, before) in after.iter().zip(&before) {
                for field in ["id", "last_seen", "missed", "next_due", "lapsed"] {
                    prop_assert_eq!(&now[field], &before[field], "{} {:?}", field, &told);
                }
            }
        }
    }
}

#[test]
fn the_commands_tried_lead_to_all_there_is_to_tell() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..100 {
        let actions = actions().new_tree(&mut runner).expect("actions").current();
        play(Story::new(), &actions, |_, events, _| {
            for line in lines(events) {
                *told.entry(line.split(' ').next().expect("a word").to_owned()).or_default() += 1;
            }
        });
    }
    assert!(
        ["detected", "missed", "changed", "withdrawn"]
            .iter()
            .all(|what| told.get(*what).is_some_and(|n| *n >= 10)),
        "{told:?}"
    );
}
