//! Figures as of an earlier position are those that were answered then, whatever came later.

use super::accounts;
use super::commands::{Step, steps};
use super::export::restored;
use super::run;
use crate::query::PastFigures;
use crate::story::Story;
use crate::{
    Currency, Date, Entry, Month, Months, Query, Refusal, Report, ReportQuery, UserState, When, Year,
};
use proptest::prelude::*;
use serde_json::Value;

fn questions() -> Vec<Query> {
    let month = |text: &str| Month::read(text).expect("a month");
    let months = || Months::new(month("2023-01"), month("2026-12")).expect("months");
    let mut questions: Vec<Query> =
        ["2023-02", "2025-03", "2026-02"].map(|text| Query::Budgets { month: month(text) }).into();
    let reports = [
        Report::Month(month("2026-02")),
        Report::Year(Year::read("2025").expect("a year")),
        Report::CashFlow(months()),
        Report::CategoryTrend { category: Some("Food".to_owned()), months: months() },
    ];
    let currencies = [None, Some(Currency::read("USD").expect("a currency"))];
    for report in reports {
        questions.extend(
            currencies.map(|currency| Query::Report(ReportQuery { report: report.clone(), currency })),
        );
    }
    let days = ["2023-01-05", "2024-02-15", "2025-01-28", "2026-02-10"];
    questions.extend(days.map(|day| Query::NetWorth { as_of: When::Date(Date::read(day).expect("a date")) }));
    let now = When::Instant("2026-02-10T23:30:00Z".parse().expect("an instant"));
    questions.push(Query::NetWorth { as_of: now });
    questions
}

fn as_of(journal: &[Entry], query: Query, tiny: bool) -> Result<Value, Refusal> {
    let empty = if tiny { UserState::tiny_figures() } else { UserState::figures() };
    let mut past = PastFigures::of(query, empty)?;
    for (entry, sequence) in journal.iter().zip(1..) {
        past.apply(entry, sequence);
    }
    past.answer()
}

fn check(mut story: Story, steps: &[Step], later: &[Step], tiny: bool) {
    run(&mut story, steps);
    let (position, answered) = (story.journal.len(), questions().into_iter().map(|query| story.ask(&query)));
    let then: Vec<_> = answered.collect();
    run(&mut story, later);
    let now = questions().into_iter().map(|query| as_of(&story.journal[..position], query, tiny));
    assert_eq!(now.collect::<Vec<_>>(), then);
    // Of who was restored it is known from the position of the restore on.
    let new = restored(&story, tiny, 7);
    let expected: Vec<_> = questions().into_iter().map(|query| story.ask(&query)).collect();
    let restored = questions().into_iter().map(|query| as_of(&new.journal, query, tiny));
    assert_eq!(restored.collect::<Vec<_>>(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn earlier_figures_are_those_of_then(steps in steps(), later in steps()) {
        for tiny in [false, true] {
            check(if tiny { Story::tiny() } else { Story::new() }, &steps, &later, tiny);
        }
    }

    #[test]
    fn earlier_net_worth_is_that_of_then(steps in accounts::steps(), later in accounts::steps()) {
        check(accounts::opened(), &steps, &later, true);
    }
}

#[test]
fn what_is_not_about_figures_is_answered_as_of_now_only() {
    for query in [Query::Balance, Query::Accounts, Query::Erased, Query::Preferences] {
        assert_eq!(PastFigures::new(query).expect_err("refused").code, "current_only");
    }
}
