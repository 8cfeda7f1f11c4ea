//! `record_exchange_rate`: what a currency was worth on a day.

use super::{Context, Decide};
use crate::events::ExchangeRateRecorded;
use crate::read::{Field, from_json};
use crate::state::RateYears;
use crate::values::Rate;
use crate::{Currency, Event, PageKey, Refusal, UserState, When};
use serde::Deserialize;

/// An exchange rate, for transactions from its date on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordExchangeRate {
    /// The currency a unit of which …
    pub from: Currency,
    /// … is worth `rate` of this one.
    pub to: Currency,
    /// On which day; that of the command, in the user's zone, if left out.
    pub date: Option<When>,
    /// How many.
    pub rate: Rate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(alias = "base")]
    from: Field<Currency>,
    #[serde(alias = "quote")]
    to: Field<Currency>,
    date: Option<Field<When>>,
    rate: Field<Rate>,
}

impl RecordExchangeRate {
    fn event(&self, state: &UserState, context: &Context<'_>) -> Result<ExchangeRateRecorded, Refusal> {
        let date = state.date_given(self.date, context.time).map_err(|no| no.at("date"))?;
        Ok(ExchangeRateRecorded { from: self.from, to: self.to, date, rate: self.rate })
    }
}

impl Decide for RecordExchangeRate {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        let (from, to) = (raw.from.at("from")?, raw.to.at("to")?);
        if from == to {
            return Err(Refusal::new("same_currency", "to", "a rate is from one currency to another"));
        }
        let rate = raw.rate.at("rate")?;
        Ok(Self { from, to, date: raw.date.map(|day| day.at("date")).transpose()?, rate })
    }

    fn pages(&self, state: &UserState, context: &Context<'_>, keys: &mut Vec<PageKey>) {
        if let Ok(event) = self.event(state, context) {
            state.add_rate_page(event.from, event.to, event.date, keys);
        }
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let event = self.event(state, context)?;
        if let Some(years) = state.rate_years()
            && years.of((event.from, event.to)).is_empty()
            && years.len() >= RateYears::MOST
        {
            let text = format!("at most {} pairs of currencies", RateYears::MOST);
            return Err(Refusal::new("too_many_exchange_rates", "from", text));
        }
        Ok(if state.has_rate(&event) { Vec::new() } else { vec![Event::ExchangeRateRecorded(event)] })
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{CommandId, Month, Query, Report, ReportQuery};
    use serde_json::{Value, json};

    fn dollars(amount: &str, date: &str) -> Value {
        json!({"transaction_type": "Expense", "amount": amount, "currency": "USD", "category": "Food", "date": date})
    }

    fn with(mut data: Value, field: &str, value: Value) -> Value {
        data[field] = value;
        data
    }

    fn rate(from: &str, to: &str, date: &str, rate: &str) -> Value {
        json!({"from": from, "to": to, "date": date, "rate": rate})
    }

    fn food_budget(story: Story) -> Story {
        story.when("set_budget", json!({"category": "Food", "limit": "100", "from": "2025-01"}))
    }

    fn spent(story: &mut Story, month: &str) -> Value {
        let month = Month::read(month).expect("a month");
        story.ask(&Query::Budgets { month }).expect("answered")["items"][0]["spent"].clone()
    }

    fn transaction(story: &mut Story, id: &str) -> Value {
        story.ask(&Query::Transaction { id: CommandId::parse(id).expect("an id") }).expect("found")
    }

    #[test]
    fn a_budget_takes_another_currency_at_its_own_rate_or_the_last_one_known() {
        for story in [Story::new(), Story::tiny()] {
            let mut story = food_budget(story)
                .when("create_transaction", dollars("10", "2026-02-01"))
                .then_refused("unknown_exchange_rate", "currency")
                .when_as(
                    "own",
                    "create_transaction",
                    with(dollars("10", "2026-02-01"), "rate", json!("0.925")),
                )
                .when("record_exchange_rate", rate("USD", "EUR", "2025-12-30", "0.90"))
                .then_events(&["exchange_rate_recorded"])
                .when("record_exchange_rate", rate("USD", "EUR", "2026-02-03", "0.80"))
                .when("create_transaction", dollars("10", "2025-12-29"))
                .then_refused("unknown_exchange_rate", "currency")
                .when_as("known", "create_transaction", dollars("10", "2026-02-02"))
                .when("create_transaction", dollars("100", "2026-02-03"))
                .then_alerts(&["reached 80 Food 2026-02 #1: 98.25 of 100"]);
            assert_eq!(spent(&mut story, "2026-02"), "98.25");
            assert_eq!(
                transaction(&mut story, "own")["counted"],
                json!({"currency": "EUR", "rate": "0.925"})
            );
            assert_eq!(transaction(&mut story, "own")["rate"], "0.925");
            assert_eq!(
                transaction(&mut story, "known")["counted"],
                json!({"currency": "EUR", "rate": "0.9"})
            );
            story.reload();
            let mut story = story
                .when("delete_transaction", json!({"id": "own"}))
                .when("record_exchange_rate", rate("USD", "EUR", "2026-02-02", "0.10"))
                // The rate it was entered with stays, unless the day is another.
                .when("update_transaction", json!({"id": "known", "amount": "20"}));
            assert_eq!(spent(&mut story, "2026-02"), "98.00");
            let mut story = story.when("update_transaction", json!({"id": "known", "date": "2026-02-04"}));
            assert_eq!(spent(&mut story, "2026-02"), "96.00");
        }
    }

    #[test]
    fn a_rate_is_known_the_other_way_around() {
        let mut story = food_budget(Story::new())
            .when(
                "record_exchange_rate",
                json!({"base": "EUR", "quote": "USD", "date": "2026-01-01", "rate": "1.10"}),
            )
            .when("create_transaction", dollars("100", "2026-02-01"));
        assert_eq!(spent(&mut story, "2026-02"), "90.91");
        let mut story = story
            .when("record_exchange_rate", rate("USD", "EUR", "2025-06-01", "2"))
            .when("create_transaction", dollars("100", "2026-02-01"));
        assert_eq!(spent(&mut story, "2026-02"), "181.82", "the later one is used");
    }

    #[test]
    fn without_a_budget_a_rate_is_used_where_it_is_known_and_not_needed() {
        let mut story = Story::new()
            .when("create_transaction", dollars("10", "2026-02-01"))
            .when("record_exchange_rate", rate("USD", "EUR", "2026-02-01", "0.5"))
            .when("create_transaction", dollars("10", "2026-02-01"))
            .when("update_transaction", json!({"id": "c1", "note": "left as it was"}));
        let report = Query::Report(ReportQuery {
            report: Report::Month(Month::read("2026-02").expect("a month")),
            currency: None,
        });
        assert_eq!(story.ask(&report).expect("answered")["expense"], "5.00");
        let balance = story.ask(&Query::Balance).expect("answered");
        let expected =
            json!([{"currency": "USD", "balance": "-10"}, {"currency": "EUR", "balance": "-5.00"}]);
        assert_eq!(balance["items"], expected);
        let mut story = story.when("update_transaction", json!({"id": "c1", "rate": "0.6"}));
        assert_eq!(story.ask(&report).expect("answered")["expense"], "11.00");
    }

    #[test]
    fn parts_are_rounded_one_by_one_and_a_refund_is_their_sum() {
        let parts = json!([{"category": "Food", "amount": "0.01"}, {"category": "Zoo", "amount": "0.01"}]);
        let mut refund = with(dollars("0.02", "2026-02-01"), "splits", parts);
        (refund["rate"], refund["transaction_type"], refund["refund"]) =
            (json!("0.5"), json!("Income"), json!(true));
        let mut story = Story::new().when("create_transaction", refund);
        let months = Month::read("2026-02").expect("a month").into();
        let flow = Query::Report(ReportQuery { report: Report::CashFlow(months), currency: None });
        let flow = story.ask(&flow).expect("answered");
        assert_eq!((&flow["in"], &flow["closing"]), (&json!("0.02"), &json!("0.02")));
    }

    #[test]
    fn the_same_rate_again_is_nothing_new_and_another_replaces_it() {
        let mut story = food_budget(Story::tiny())
            .when("record_exchange_rate", rate("USD", "EUR", "2026-02-01", "0.9"))
            .when("record_exchange_rate", rate("USD", "EUR", "2026-02-01", "0.90"))
            .then_events(&[]);
        story.reload();
        let mut story = story
            .when("record_exchange_rate", rate("USD", "EUR", "2026-02-01", "0.5"))
            .then_events(&["exchange_rate_recorded"])
            .when("create_transaction", dollars("1", "2026-02-09"));
        assert_eq!(spent(&mut story, "2026-02"), "0.50");
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |field: &str, value: Value, code: &str, at: &str| {
            let data = with(rate("USD", "EUR", "2026-02-01", "1"), field, value);
            Story::new().when("record_exchange_rate", data).then_refused(code, at);
        };
        for wrong in
            [json!("0"), json!("-1"), json!("1e400"), json!("NaN"), json!("9".repeat(29)), json!(1.5)]
        {
            refused("rate", wrong, "invalid_rate", "rate");
        }
        refused("from", json!("XXX"), "unknown_currency", "from");
        refused("to", json!("USD"), "same_currency", "to");
        refused("date", json!("2026-02-30"), "invalid_date", "date");
        refused("base", json!("USD"), "duplicate_field", "from");
        refused("colour", json!("red"), "unknown_field", "colour");
        let euros = json!({"transaction_type": "Expense", "amount": "1", "rate": "2"});
        Story::new().when("create_transaction", euros).then_refused("rate_not_needed", "rate");
        let large = with(dollars("1000000000000000", "2026-02-01"), "rate", json!("2"));
        Story::new().when("create_transaction", large).then_refused("amount_too_large", "rate");
        let parts = json!([{"category": "Food", "amount": "1"}, {"category": "Trip", "amount": "1"}]);
        food_budget(Story::new())
            .when("set_budget", json!({"category": "Trip", "limit": "9", "currency": "USD"}))
            .when("create_transaction", with(dollars("2", "2026-02-01"), "splits", parts))
            .then_refused("unknown_exchange_rate", "currency");
    }

    #[test]
    fn pairs_come_to_an_end_but_not_their_rates() {
        let codes = [
            "EUR", "USD", "JPY", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "ISK",
            "TRY",
        ];
        let pairs = codes
            .iter()
            .flat_map(|from| codes.iter().map(move |to| (from, to)))
            .filter(|(from, to)| from != to);
        let rate = |from: &str, to: &str| json!({"from": from, "to": to, "rate": "2", "date": "2026-01-02"});
        let mut story = Story::new();
        for (from, to) in pairs.clone().take(200) {
            story = story.when("record_exchange_rate", rate(from, to)).then_accepted();
        }
        let (from, to) = pairs.clone().nth(200).expect("15 × 14 pairs");
        let story = story
            .when("record_exchange_rate", rate(from, to))
            .then_refused("too_many_exchange_rates", "from");
        let mut newer = rate("EUR", "USD");
        newer["date"] = json!("2026-01-03");
        story.when("record_exchange_rate", newer).then_events(&["exchange_rate_recorded"]);
    }
}
