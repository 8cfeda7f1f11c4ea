//! What an export carries is enough: its events, read back from their JSON and played for somebody new, give the same
//! answers, and the same answers to what comes next.

use super::accounts;
use super::commands::steps;
use super::{list, replay, run};
use crate::events::{TransactionCreated, TransactionDeleted, TransactionUpdated};
use crate::story::Story;
use crate::{CommandId, Currency, Entry, Event, Month, Outcome, Query, Report, ReportQuery, UserState, Year};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// A line's `data`.
fn written(event: &Event) -> Value {
    let mut data = Vec::new();
    event.write_json(&mut data);
    serde_json::from_slice(&data).expect("JSON")
}

fn of<T: DeserializeOwned>(data: Value) -> T {
    serde_json::from_value(data).expect("as it was written")
}

/// The event of a line.
fn read(kind: &str, mut data: Value) -> Event {
    match kind {
        "transaction_created" => Event::TransactionCreated(TransactionCreated { transaction: of(data) }),
        "transaction_deleted" => Event::TransactionDeleted(TransactionDeleted { transaction: of(data) }),
        "transaction_updated" => {
            let previous = of(data["previous"].take());
            data.as_object_mut().expect("an object").remove("previous");
            Event::TransactionUpdated(Box::new(TransactionUpdated { transaction: of(data), previous }))
        }
        "budget_set" => Event::BudgetSet(of(data)),
        "budget_removed" => Event::BudgetRemoved(of(data)),
        "budget_threshold_reached" => Event::BudgetThresholdReached(of(data)),
        "budget_exceeded" => Event::BudgetExceeded(of(data)),
        "budget_recovered" => Event::BudgetRecovered(of(data)),
        "forecast_generated" => Event::ForecastGenerated(of(data)),
        "preferences_set" => Event::PreferencesSet(of(data)),
        "exchange_rate_recorded" => Event::ExchangeRateRecorded(of(data)),
        "account_opened" => Event::AccountOpened(of(data)),
        "account_closed" => Event::AccountClosed(of(data)),
        "transactions_imported" => Event::TransactionsImported(of(data)),
        "import_undone" => Event::ImportUndone(of(data)),
        "budget_overspend_predicted" => Event::BudgetOverspendPredicted(of(data)),
        "budget_overspend_prediction_withdrawn" => Event::BudgetOverspendPredictionWithdrawn(of(data)),
        other => panic!("{other} is not exported, or not read here"),
    }
}

/// What the lines of an export say: the events of each command, since the last erasure.
fn exported(journal: &[Entry]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for entry in journal {
        let Outcome::Accepted(events) = &entry.outcome else { continue };
        if matches!(events[..], [Event::UserErased(_)]) {
            entries.clear();
            continue;
        }
        let events: Vec<Event> = events.iter().map(|event| read(event.type_name(), written(event))).collect();
        // Without events there is no line to tell of the command.
        if !events.is_empty() {
            entries.push(Entry { body_hash: 0, outcome: Outcome::Accepted(events), ..entry.clone() });
        }
    }
    entries
}

/// Somebody new who is told all of it.
fn restored(story: &Story, tiny: bool) -> Story {
    let mut pages = BTreeMap::new();
    let empty = if tiny { UserState::tiny(None) } else { UserState::from_root(None) };
    let journal = exported(&story.journal);
    let state = replay(&journal, empty.expect("no page"), &mut pages);
    let mut story = Story::new();
    (story.state, story.store, story.journal) = (state, pages, journal);
    story
}

/// Whatever may be asked.
pub(super) fn answers(story: &mut Story) -> Vec<Value> {
    let month = |text| Month::read(text).expect("a month");
    let report = |report, currency| {
        let currency = Some(Currency::read(currency).expect("a currency"));
        Query::Report(ReportQuery { report, currency })
    };
    let mut queries = vec![Query::Balance, Query::Preferences, Query::Accounts];
    queries.extend(["2023-01", "2025-03", "2026-02"].map(|text| Query::Budgets { month: month(text) }));
    queries.extend((0..50).map(|n| {
        let id = CommandId::parse(&n.to_string()).expect("an id");
        Query::Transaction { id }
    }));
    for currency in ["EUR", "USD"] {
        queries.push(report(Report::Year(Year::read("2025").expect("a year")), currency));
        queries.push(report(Report::Month(month("2026-02")), currency));
    }
    let answered = queries.iter().map(|query| match story.ask(query) {
        Ok(body) => body,
        Err(refusal) => Value::from(refusal.code.into_owned()),
    });
    let mut all: Vec<Value> = answered.collect();
    all.extend(list(story, None));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn an_export_tells_all_that_answers_follow_from(steps in steps(), later in steps(), tiny in any::<bool>()) {
        let mut story = if tiny { Story::tiny() } else { Story::new() };
        run(&mut story, &steps);
        let mut new = restored(&story, tiny);
        prop_assert_eq!(answers(&mut new), answers(&mut story));
        for (n, (_, name, data)) in later.iter().enumerate() {
            let id = format!("later {n}");
            prop_assert_eq!(new.send(&id, name, data), story.send(&id, name, data));
        }
        prop_assert_eq!(answers(&mut new), answers(&mut story));
    }

    #[test]
    fn an_export_tells_of_accounts_and_rates(steps in accounts::steps(), later in accounts::steps()) {
        let mut story = accounts::opened();
        run(&mut story, &steps);
        let mut new = restored(&story, true);
        prop_assert_eq!(answers(&mut new), answers(&mut story));
        for (n, (_, name, data)) in later.iter().enumerate() {
            let id = format!("later {n}");
            prop_assert_eq!(new.send(&id, name, data), story.send(&id, name, data));
        }
        prop_assert_eq!(answers(&mut new), answers(&mut story));
    }
}
