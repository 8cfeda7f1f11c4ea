//! `set_budget`: a category, or all of them, have a limit from a month on.

use super::{Context, Decide, fields};
use crate::budget::{DEFAULT_THRESHOLDS, Policy};
use crate::events::BudgetSet;
use crate::read::{Field, from_json};
use crate::{Amount, Currency, Event, Month, PageKey, Refusal, UserState};
use serde::Deserialize;
use std::hash::{Hash, Hasher};

/// A limit for a category, or for all of them, valid from a month until changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetBudget {
    /// The category; `all` of them if left out.
    pub category: Box<str>,
    /// A month's own limit, without what it takes over; may be zero.
    pub limit: Amount,
    /// In what; the user's base currency if left out.
    pub currency: Option<Currency>,
    /// The first month; that of the command, in the user's zone, if left out.
    pub from: Option<Month>,
    /// Percentages of the limit to be told about, ascending; the user's preferred ones if left out.
    pub thresholds: Option<Box<[u16]>>,
    /// What happens to what is left over at a month's end.
    pub policy: Policy,
}

/// Hashes of commands are kept for ever, and there are some from when thresholds left out were 80 and 100 for everyone.
impl Hash for SetBudget {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Self { category, limit, currency, from, thresholds, policy } = self;
        let thresholds = thresholds.as_deref().unwrap_or(&DEFAULT_THRESHOLDS);
        (category, limit, currency, from, thresholds, policy).hash(hasher);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    category: Option<String>,
    limit: Field<Amount>,
    currency: Option<Field<Currency>>,
    from: Option<Field<Month>>,
    thresholds: Option<Vec<i64>>,
    policy: Option<String>,
}

impl Decide for SetBudget {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self {
            category: fields::budgeted(raw.category)?,
            limit: raw.limit.at("limit")?,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            from: raw.from.map(|from| from.at("from")).transpose()?,
            thresholds: raw.thresholds.as_deref().map(fields::thresholds).transpose()?,
            policy: policy(raw.policy.as_deref())?,
        })
    }

    fn pages(&self, state: &UserState, context: &Context<'_>, keys: &mut Vec<PageKey>) {
        if let Ok(event) = self.event(state, context)
            && !state.has_budget(&event)
        {
            state.add_converted_for(&event, keys);
        }
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let event = self.event(state, context)?;
        if state.has_budget(&event) {
            return Ok(Vec::new());
        }
        if state.budgeted_number(&event.category).is_none() {
            state.check_categories(1)?;
        }
        state.check_for_all(&event)?;
        // What is there already counts for the budget like what comes after it.
        let mut events = state.converted_for(&event)?;
        events.push(Event::BudgetSet(event));
        Ok(events)
    }
}

impl SetBudget {
    fn event(&self, state: &UserState, context: &Context<'_>) -> Result<BudgetSet, Refusal> {
        let this_month = || state.date_at(context.time).map(|today| state.month_of(today)).ok();
        let event = BudgetSet {
            category: self.category.clone(),
            limit: self.limit,
            currency: self.currency.unwrap_or(state.base_currency()),
            from: self.from.or_else(this_month).ok_or_else(|| {
                Refusal::new("invalid_month", "from", "the command's time is outside 1900 to 2200")
            })?,
            thresholds: self.thresholds.clone().unwrap_or_else(|| state.default_thresholds().into()),
            policy: self.policy,
        };
        event.limit.check_digits(event.currency.digits()).map_err(|no| no.at("limit"))?;
        Ok(event)
    }
}

fn policy(raw: Option<&str>) -> Result<Policy, Refusal> {
    match raw {
        None | Some("reset") => Ok(Policy::Reset),
        Some("rollover") => Ok(Policy::Rollover),
        Some("carry") => Ok(Policy::Carry),
        Some(_) => {
            let text = "a policy is \"reset\", \"rollover\" or \"carry\"";
            Err(Refusal::new("unsupported_policy", "policy", text))
        }
    }
}

#[cfg(test)]
#[path = "budget_currency_tests.rs"]
mod currency_tests;

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{Month, Query};
    use serde_json::json;

    fn spent(story: Story, amount: &str, date: &str) -> Story {
        story.when(
            "create_transaction",
            json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": date}),
        )
    }

    #[test]
    fn a_new_budget_judges_every_month_from_its_first() {
        let story =
            spent(spent(spent(Story::new(), "90", "2025-12-31"), "110", "2026-01-05"), "85", "2026-02-05");
        story
            .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
            .then_events(&[
                "budget_set",
                "budget_threshold_reached",
                "budget_threshold_reached",
                "budget_exceeded",
                "budget_threshold_reached",
            ])
            .then_alerts(&[
                "reached 80 Food 2026-01 #1: 110 of 100",
                "reached 100 Food 2026-01 #1: 110 of 100",
                "exceeded Food 2026-01 #1: 110 of 100",
                "reached 80 Food 2026-02 #1: 85 of 100",
            ]);
    }

    #[test]
    fn a_higher_limit_recovers_and_a_lower_one_crosses_again() {
        let story = Story::new().when("set_budget", json!({"category": "Food", "limit": "100"}));
        spent(story, "100", "2026-02-01")
            .when("set_budget", json!({"category": "Food", "limit": "200"}))
            .then_alerts(&[
                "recovered 100 Food 2026-02 #1: 100 of 200",
                "recovered 80 Food 2026-02 #1: 100 of 200",
            ])
            .when("set_budget", json!({"category": "Food", "limit": "125"}))
            .then_alerts(&["reached 80 Food 2026-02 #2: 100 of 125"]);
    }

    #[test]
    fn each_month_has_the_limit_that_was_set_last_before_it() {
        let story = Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
            .when("set_budget", json!({"category": "Food", "limit": "50", "from": "2026-03"}));
        let mut story = spent(spent(story, "60", "2026-02-28"), "60", "2026-03-01");
        let mut limit = |month| {
            let month = Month::read(month).expect("a month");
            story.ask(&Query::Budgets { month }).expect("answered")["items"][0]["limit"].clone()
        };
        assert_eq!(
            [limit("2025-12"), limit("2026-02"), limit("2026-03"), limit("2030-01")],
            [json!(null), json!("100"), json!("50"), json!("50")]
        );
        story.when("set_budget", json!({"category": "Food", "limit": "10", "from": "2026-02"})).then_alerts(
            &[
                "reached 80 Food 2026-02 #1: 60 of 10",
                "reached 100 Food 2026-02 #1: 60 of 10",
                "exceeded Food 2026-02 #1: 60 of 10",
            ],
        );
    }

    #[test]
    fn a_threshold_that_is_no_more_is_left_silently() {
        let story =
            Story::new().when("set_budget", json!({"category": "Food", "limit": "100", "thresholds": [50]}));
        let story = spent(story, "60", "2026-02-01")
            .then_alerts(&["reached 50 Food 2026-02 #1: 60 of 100"])
            .when("set_budget", json!({"category": "Food", "limit": "100", "thresholds": []}))
            .then_alerts(&[])
            .when("set_budget", json!({"category": "Food", "limit": "100", "thresholds": [50, 101, 150]}))
            .then_alerts(&["reached 50 Food 2026-02 #2: 60 of 100"]);
        spent(story, "90", "2026-02-02").then_alerts(&[
            "exceeded Food 2026-02 #1: 150 of 100",
            "reached 101 Food 2026-02 #1: 150 of 100",
            "reached 150 Food 2026-02 #1: 150 of 100",
        ]);
    }

    #[test]
    fn a_limit_of_zero_is_passed_by_the_first_cent_but_not_by_nothing() {
        let story = Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "0"}))
            .then_events(&["budget_set"]);
        spent(story, "0.01", "2026-02-01").then_alerts(&[
            "reached 80 Food 2026-02 #1: 0.01 of 0",
            "reached 100 Food 2026-02 #1: 0.01 of 0",
            "exceeded Food 2026-02 #1: 0.01 of 0",
        ]);
    }

    #[test]
    fn the_same_budget_again_changes_nothing() {
        Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "100"}))
            .when("set_budget", json!({"category": "Food", "limit": "100.00"}))
            .then_events(&[]);
    }

    #[test]
    fn spending_in_another_currency_stands_in_the_way() {
        spent(Story::new(), "1", "2026-02-01")
            .when(
                "set_budget",
                json!({"category": "Food", "limit": "100", "currency": "USD", "from": "2026-01"}),
            )
            .then_refused("unknown_exchange_rate", "currency")
            .when(
                "set_budget",
                json!({"category": "Food", "limit": "100", "currency": "USD", "from": "2026-03"}),
            )
            .then_events(&["budget_set"]);
    }

    #[test]
    fn a_budget_lists_how_it_stands() {
        let story = Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "100.00", "from": "2026-01"}));
        let mut story = spent(story, "120.50", "2026-02-01");
        let month = Month::read("2026-02").expect("a month");
        let expected = json!({"items": [{
            "category": "Food", "month": "2026-02", "limit": "100.00", "amount": "100.00", "spent": "120.50", "remaining": "-20.50",
            "exceeded": true, "currency": "EUR", "thresholds": [80, 100], "policy": "reset", "from": "2026-01",
            "predicted": null,
        }], "next_cursor": null});
        assert_eq!(story.ask(&Query::Budgets { month }).expect("answered"), expected);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |change: serde_json::Value, code: &str, field: &str| {
            let mut data = json!({"category": "Food", "limit": "100"});
            for (key, value) in change.as_object().expect("an object") {
                data[key] = value.clone();
            }
            Story::new().when("set_budget", data).then_refused(code, field);
        };
        refused(json!({"limit": 100}), "amount_not_a_string", "limit");
        refused(json!({"limit": "-1"}), "amount_signed", "limit");
        refused(json!({"limit": "1.001"}), "amount_too_many_digits", "limit");
        refused(json!({"from": "2026-13"}), "invalid_month", "from");
        refused(json!({"policy": "Rollover"}), "unsupported_policy", "policy");
        refused(json!({"thresholds": [100, 80]}), "invalid_thresholds", "thresholds");
        refused(json!({"thresholds": [80, 80]}), "invalid_thresholds", "thresholds");
        refused(json!({"thresholds": [0]}), "invalid_thresholds", "thresholds");
        refused(json!({"thresholds": [1001]}), "invalid_thresholds", "thresholds");
        refused(json!({"thresholds": [1.5]}), "wrong_type", "thresholds[0]");
        refused(json!({"thresholds": (1..=11).collect::<Vec<_>>()}), "invalid_thresholds", "thresholds");
        refused(json!({"category": ""}), "text_empty", "category");
        Story::new().when("set_budget", json!({"category": "Food"})).then_refused("missing_field", "limit");
    }
}
