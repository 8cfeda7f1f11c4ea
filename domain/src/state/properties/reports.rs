//! Every figure of every report, recomputed from nothing but the list of all transactions.

use super::commands::{steps, transaction};
use super::{list, replay, run};
use crate::story::Story;
use crate::{Currency, Handled, Month, Months, Outcome, Query, Report, ReportQuery, UserState, Year};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Amounts by category.
type Sums = BTreeMap<Option<String>, Decimal>;

fn number(value: &Value) -> Decimal {
    value.as_str().expect("a figure").parse().expect("a number")
}

fn ask(story: &mut Story, report: Report, currency: &str) -> Value {
    let currency = Some(Currency::read(currency).expect("a currency"));
    story.ask(&Query::Report(ReportQuery { report, currency })).expect("answered")
}

/// The currency an item counts in.
fn counted_in(item: &Value) -> &Value {
    if item["counted"].is_null() { &item["currency"] } else { &item["counted"]["currency"] }
}

/// What some of an item counts as, rounded by itself.
fn counted(item: &Value, amount: &Value) -> Decimal {
    if item["counted"].is_null() {
        return number(amount);
    }
    let exact = number(amount) * number(&item["counted"]["rate"]);
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// What all of it counts as: the sum of its parts.
fn whole(item: &Value) -> Decimal {
    let splits = item["splits"].as_array().expect("a list");
    if splits.is_empty() {
        return counted(item, &item["amount"]);
    }
    splits.iter().map(|part| counted(item, &part["amount"])).sum()
}

/// The transactions of a currency that count, with the start of their dates: `2026`, `2026-02`.
struct Book<'a>(&'a [Value], &'a str);

impl Book<'_> {
    fn of(&self, starts: &str) -> impl Iterator<Item = &Value> {
        let counts = |item: &&Value| item["excluded"] == false && *counted_in(item) == self.1;
        self.0
            .iter()
            .filter(counts)
            .filter(move |item| item["date"].as_str().expect("a date").starts_with(starts))
    }

    fn before(&self, date: &str) -> Decimal {
        let early = |item: &&Value| item["date"].as_str().expect("a date") < date;
        self.of("")
            .filter(early)
            .map(|item| if item["transaction_type"] == "Income" { whole(item) } else { -whole(item) })
            .sum()
    }

    fn inflow(&self, starts: &str) -> Decimal {
        self.of(starts).filter(|item| item["transaction_type"] == "Income").map(whole).sum()
    }

    fn outflow(&self, starts: &str) -> Decimal {
        self.of(starts).filter(|item| item["transaction_type"] == "Expense").map(whole).sum()
    }

    /// Spending and incomes.
    fn by_category(&self, starts: &str) -> (Sums, Sums) {
        let (mut spending, mut incomes) = (Sums::new(), Sums::new());
        for item in self.of(starts) {
            let one = [json!({"category": item["category"], "amount": item["amount"]})];
            let splits = item["splits"].as_array().expect("a list");
            for part in if splits.is_empty() { &one[..] } else { &splits[..] } {
                let (category, amount) =
                    (part["category"].as_str().map(str::to_owned), counted(item, &part["amount"]));
                if item["refund"] == true {
                    *spending.entry(category).or_default() -= amount;
                } else if item["transaction_type"] == "Income" {
                    *incomes.entry(category).or_default() += amount;
                } else {
                    *spending.entry(category).or_default() += amount;
                }
            }
        }
        (spending, incomes)
    }
}

/// `{income, expense, net}` against a recomputation.
fn check_sums(report: &Value, book: &Book<'_>, starts: &str) {
    let (spending, incomes) = book.by_category(starts);
    let (expense, income): (Decimal, Decimal) = (spending.values().sum(), incomes.values().sum());
    assert_eq!(number(&report["income"]), income, "{starts}");
    assert_eq!(number(&report["expense"]), expense, "{starts}");
    assert_eq!(number(&report["net"]), income - expense, "{starts}");
}

fn check_period(report: &Value, book: &Book<'_>, (starts, before): (&str, &str)) {
    let (spending, incomes) = book.by_category(starts);
    check_sums(report, book, starts);
    check_sums(&report["previous"], book, before);
    let listed = |name: &str| -> Vec<(Decimal, Option<String>)> {
        let items = report[name].as_array().expect("a list").iter();
        items.map(|item| (-number(&item["amount"]), item["category"].as_str().map(str::to_owned))).collect()
    };
    for (name, expected) in [("categories", &spending), ("incomes", &incomes)] {
        let found = listed(name);
        assert!(found.is_sorted(), "{found:?}");
        for (amount, category) in &found {
            // Budgets nothing was taken from are listed with nothing.
            assert_eq!(
                -*amount,
                expected.get(category).copied().unwrap_or_default(),
                "{starts} {category:?}"
            );
        }
        assert!(
            expected.keys().all(|category| found.iter().any(|(_, name)| name == category)),
            "{expected:?}"
        );
    }
    let income: Decimal = incomes.values().sum();
    let rate = (!income.is_zero()).then(|| {
        let rate = (income - spending.values().sum::<Decimal>()) / income;
        rate.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
    });
    assert_eq!(report["savings_rate"].as_str().map(|text| text.parse().expect("a number")), rate);
}

pub(super) fn check(story: &mut Story, currency: &str) {
    let transactions = list(story, None);
    let book = Book(&transactions, currency);
    for year in 2023..=2026 {
        let report = ask(story, Report::Year(Year::read(&year.to_string()).expect("a year")), currency);
        check_period(&report, &book, (&year.to_string(), &(year - 1).to_string()));
        for row in report["months"].as_array().expect("a list") {
            check_sums(row, &book, row["month"].as_str().expect("a month"));
        }
        for number in [1, 3] {
            let month = Month::new(year, number).expect("a month");
            let before = month.previous().expect("not the first").to_string();
            check_period(&ask(story, Report::Month(month), currency), &book, (&month.to_string(), &before));
        }
    }
    let month = |text| Month::read(text).expect("a month");
    let months = Months::new(month("2024-02"), month("2026-02")).expect("a range");
    check_cash_flow(&ask(story, Report::CashFlow(months), currency), &book);
    for category in [Some("Zoo"), None] {
        let category = category.map(str::to_owned);
        let report = ask(story, Report::CategoryTrend { category: category.clone(), months }, currency);
        for row in report["months"].as_array().expect("a list") {
            let (spending, incomes) = book.by_category(row["month"].as_str().expect("a month"));
            let sum = |sums: &Sums| sums.get(&category).copied().unwrap_or_default();
            assert_eq!((number(&row["amount"]), number(&row["income"])), (sum(&spending), sum(&incomes)));
        }
    }
}

fn check_cash_flow(report: &Value, book: &Book<'_>) {
    let rows = report["months"].as_array().expect("a list");
    let sum = |name: &str| -> Decimal { rows.iter().map(|row| number(&row[name])).sum() };
    assert_eq!((number(&report["in"]), number(&report["out"])), (sum("in"), sum("out")));
    assert_eq!((&report["opening"], &report["closing"]), (&rows[0]["opening"], &rows[24]["closing"]));
    for row in rows {
        let month = row["month"].as_str().expect("a month");
        let opening = book.before(month);
        let (inflow, outflow) = (book.inflow(month), book.outflow(month));
        let found = ["opening", "in", "out", "closing"].map(|name| number(&row[name]));
        assert_eq!(found, [opening, inflow, outflow, opening + inflow - outflow], "{month}");
    }
}

/// All figures of the years, without the scale they are written with.
fn figures(story: &mut Story) -> Vec<String> {
    figures_in(story, "EUR")
}

/// The same in any currency.
pub(super) fn figures_in(story: &mut Story, currency: &str) -> Vec<String> {
    let mut figures = Vec::new();
    for year in 2023..=2026 {
        let report = ask(story, Report::Year(Year::read(&year.to_string()).expect("a year")), currency);
        collect(&report, &mut figures);
    }
    figures
}

/// The figures of the years' reports without the budgets that are shown beside.
pub(super) fn without_budgets(story: &mut Story, currency: &str) -> Vec<String> {
    let mut figures = Vec::new();
    for year in 2023..=2026 {
        let year = Year::read(&year.to_string()).expect("a year");
        let mut report = ask(story, Report::Year(year), currency);
        report["budget"] = Value::Null;
        let categories = report["categories"].as_array_mut().expect("a list");
        for item in categories.iter_mut() {
            item["budget"] = Value::Null;
        }
        categories.retain(|item| !number(&item["amount"]).is_zero());
        collect(&report, &mut figures);
    }
    figures
}

fn collect(value: &Value, figures: &mut Vec<String>) {
    match value {
        Value::String(text) => figures.push(
            text.parse::<Decimal>().map_or_else(|_| text.clone(), |number| number.normalize().to_string()),
        ),
        Value::Array(items) => items.iter().for_each(|item| collect(item, figures)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, figures)),
        _ => figures.push(value.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn reports_equal_a_recomputation_from_all_transactions(steps in steps()) {
        let mut story = Story::tiny();
        run(&mut story, &steps);
        story.reload();
        check(&mut story, "EUR");
        check(&mut story, "USD");
    }

    #[test]
    fn the_journal_replayed_gives_the_same_reports(steps in steps()) {
        let mut story = Story::tiny();
        run(&mut story, &steps);
        let mut again = Story::tiny();
        again.state = replay(&story.journal, UserState::tiny(None).expect("no page"), &mut again.store);
        prop_assert_eq!(figures(&mut again), figures(&mut story));
    }

    #[test]
    fn a_change_taken_back_restores_every_report(steps in steps(), changed in transaction()) {
        let mut story = Story::tiny();
        run(&mut story, &steps);
        let Some(first) = list(&mut story, None).first().cloned() else { return Ok(()) };
        let before = figures(&mut story);
        let mut change = changed;
        change["id"] = first["id"].clone();
        let Handled::Decided(Outcome::Accepted(_)) = story.send("there", "update_transaction", &change) else { return Ok(()) };
        let Handled::Decided(Outcome::Accepted(_)) = story.send("back", "update_transaction", &first) else {
            return Err(TestCaseError::fail("what was accepted once is accepted again"));
        };
        prop_assert_eq!(figures(&mut story), before);
    }
}
