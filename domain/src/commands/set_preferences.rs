//! `set_preferences`: how a user wants things.

use super::{Context, Decide, fields};
use crate::events::PreferencesSet;
use crate::preferences::{QuietHours, TimeOfDay};
use crate::read::{Field, Object, from_json, present};
use crate::{Currency, Event, MonthStart, Refusal, UserState, Zone};
use serde::Deserialize;

/// Preferences to be changed: what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetPreferences {
    /// Where the user's days begin and end.
    pub time_zone: Option<Zone>,
    /// The day their months begin on.
    pub month_start: Option<MonthStart>,
    /// What amounts without a currency are in.
    pub base_currency: Option<Currency>,
    /// The percentages that budgets without their own tell about, ascending.
    pub thresholds: Option<Box<[u16]>>,
    /// When not to be disturbed; an inner `None`: never.
    #[allow(clippy::option_option)]
    pub quiet_hours: Option<Option<QuietHours>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    time_zone: Option<String>,
    month_start: Option<RawMonthStart>,
    base_currency: Option<Field<Currency>>,
    thresholds: Option<Vec<i64>>,
    #[serde(default, deserialize_with = "present")]
    #[allow(clippy::option_option)]
    quiet_hours: Option<Option<Object<RawQuietHours>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawMonthStart {
    Day(i64),
    Name(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuietHours {
    from: Field<TimeOfDay>,
    to: Field<TimeOfDay>,
}

impl Decide for SetPreferences {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        let zone = |name: String| Zone::read(&name).map_err(|no| no.at("time_zone"));
        Ok(Self {
            time_zone: raw.time_zone.map(zone).transpose()?,
            month_start: raw.month_start.map(month_start).transpose()?,
            base_currency: raw.base_currency.map(|currency| currency.at("base_currency")).transpose()?,
            thresholds: raw.thresholds.as_deref().map(fields::thresholds).transpose()?,
            quiet_hours: raw.quiet_hours.map(|hours| hours.map(quiet_hours).transpose()).transpose()?,
        })
    }

    fn decide(&self, state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let old = state.preferences().cloned().unwrap_or_default();
        let mut new = old.clone();
        if let Some(zone) = &self.time_zone {
            new.time_zone = zone.clone();
        }
        if let Some(start) = self.month_start {
            new.month_start = start;
        }
        if let Some(currency) = self.base_currency {
            new.base_currency = currency;
        }
        if let Some(thresholds) = &self.thresholds {
            new.thresholds.clone_from(thresholds);
        }
        if let Some(hours) = self.quiet_hours {
            new.quiet_hours = hours;
        }
        if new.month_start != old.month_start && state.has_history() {
            let text = "months are kept added up; once there are transactions, the day they start on stays";
            return Err(Refusal::new("month_start_fixed", "month_start", text));
        }
        let event = PreferencesSet { preferences: new };
        Ok(if event.preferences == old { Vec::new() } else { vec![Event::PreferencesSet(Box::new(event))] })
    }
}

fn month_start(raw: RawMonthStart) -> Result<MonthStart, Refusal> {
    let start = match raw {
        RawMonthStart::Day(day) => MonthStart::day(day),
        RawMonthStart::Name(name) => MonthStart::read(&name),
    };
    start.map_err(|no| no.at("month_start"))
}

fn quiet_hours(Object(raw): Object<RawQuietHours>) -> Result<QuietHours, Refusal> {
    let (from, to) = (raw.from.at("quiet_hours.from")?, raw.to.at("quiet_hours.to")?);
    if from == to {
        let text = "quiet hours begin and end at different times";
        return Err(Refusal::new("invalid_time_of_day", "quiet_hours.to", text));
    }
    Ok(QuietHours { from, to })
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{CommandId, Query, Report, ReportQuery};
    use serde_json::{Value, json};

    fn food(amount: &str, date: &str) -> Value {
        json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": date})
    }

    fn date_of(story: &mut Story, id: &str) -> Value {
        let id = CommandId::parse(id).expect("an id");
        story.ask(&Query::Transaction { id }).expect("found")["date"].clone()
    }

    #[test]
    fn what_is_not_given_stays_and_defaults_are_shown() {
        let mut story = Story::new();
        let defaults = json!({
            "time_zone": "UTC", "month_start": 1, "base_currency": "EUR", "thresholds": [80, 100], "quiet_hours": null,
        });
        assert_eq!(story.ask(&Query::Preferences), Ok(defaults));
        let quiet = json!({"from": "22:00", "to": "07:00"});
        let mut story = story
            .when("set_preferences", json!({"time_zone": "europe/berlin", "quiet_hours": quiet}))
            .then_events(&["preferences_set"])
            .when(
                "set_preferences",
                json!({"month_start": "last", "base_currency": "USD", "thresholds": [50]}),
            )
            .then_events(&["preferences_set"])
            .when("set_preferences", json!({"month_start": "last"}))
            .then_events(&[])
            .when("set_preferences", json!({}))
            .then_events(&[]);
        let expected = json!({
            "time_zone": "Europe/Berlin", "month_start": "last", "base_currency": "USD", "thresholds": [50],
            "quiet_hours": quiet,
        });
        assert_eq!(story.ask(&Query::Preferences), Ok(expected));
        let mut story = story.when("set_preferences", json!({"quiet_hours": null}));
        assert_eq!(story.ask(&Query::Preferences).expect("answered")["quiet_hours"], Value::Null);
    }

    #[test]
    fn days_are_those_of_the_users_zone() {
        let mut entry = food("1", "2026-02-12T19:00:00Z");
        let mut story = Story::new()
            .when("set_preferences", json!({"time_zone": "Pacific/Tongatapu"}))
            .when_as("instant", "create_transaction", entry.clone());
        assert_eq!(date_of(&mut story, "instant"), "2026-02-13");
        // The stories' commands come at noon UTC on the 10th.
        entry["date"] = Value::Null;
        let story = story.when_as("now", "create_transaction", entry.clone());
        let mut story =
            story.when("update_transaction", json!({"id": "instant", "date": "2026-02-13T20:00:00+13:00"}));
        assert_eq!(date_of(&mut story, "now"), "2026-02-11");
        assert_eq!(date_of(&mut story, "instant"), "2026-02-13");
        let mut utc = Story::new().when_as("now", "create_transaction", entry);
        assert_eq!(date_of(&mut utc, "now"), "2026-02-10");
    }

    #[test]
    fn budgets_alerts_and_reports_follow_the_users_months() {
        let mut story = Story::new()
            .when("set_preferences", json!({"month_start": 25}))
            // The stories' commands come on 10 February: in the month that began in January.
            .when("set_budget", json!({"category": "Food", "limit": "100"}))
            .when("create_transaction", food("85", "2026-02-24"))
            .then_alerts(&["reached 80 Food 2026-01 #1: 85 of 100"])
            .when("create_transaction", food("30", "2026-02-25"))
            .then_alerts(&[])
            .when("create_transaction", food("70", "2026-03-24"))
            .then_alerts(&[
                "reached 80 Food 2026-02 #1: 100 of 100",
                "reached 100 Food 2026-02 #1: 100 of 100",
            ]);
        let noon = "2026-02-24T12:00:00Z".parse().expect("an instant");
        let budgets = story.ask(&Query::BudgetsAt { time: noon }).expect("answered");
        assert_eq!(
            (&budgets["items"][0]["month"], &budgets["items"][0]["spent"]),
            (&json!("2026-01"), &json!("85"))
        );
        let report = |report| Query::Report(ReportQuery { report, currency: None });
        let month = story.ask(&report(Report::MonthAt(noon))).expect("answered");
        assert_eq!((&month["month"], &month["expense"]), (&json!("2026-01"), &json!("85")));
        let year = story.ask(&report(Report::YearAt(noon))).expect("answered");
        assert_eq!((&year["year"], &year["months"][1]["expense"]), (&json!(2026), &json!("100")));
        let forecast = story
            .when("generate_forecast", json!({"category": "Food", "as_of": "2026-02-25", "months": 1}))
            .then_events(&["forecast_generated"]);
        let journal = format!("{:?}", forecast.journal.last());
        assert!(journal.contains("history_from: 2026-01, history_months: 1"), "{journal}");
    }

    #[test]
    fn the_day_months_start_on_stays_once_there_are_transactions() {
        Story::new()
            .when("set_preferences", json!({"month_start": 25}))
            .when("create_transaction", food("1", "2026-02-24"))
            .when("set_preferences", json!({"month_start": 1}))
            .then_refused("month_start_fixed", "month_start")
            .when("set_preferences", json!({"month_start": 25, "time_zone": "Asia/Tokyo"}))
            .then_events(&["preferences_set"]);
    }

    #[test]
    fn another_base_currency_leaves_the_past_as_it_was() {
        let mut story = Story::new()
            .when("create_transaction", food("10", "2026-02-01"))
            .when("set_preferences", json!({"base_currency": "USD"}))
            .when("create_transaction", food("3", "2026-02-01"));
        let balance = story.ask(&Query::Balance).expect("answered");
        let expected = json!([{"currency": "EUR", "balance": "-10"}, {"currency": "USD", "balance": "-3"}]);
        assert_eq!(balance["items"], expected);
    }

    #[test]
    fn budgets_without_thresholds_take_the_preferred_ones() {
        Story::new()
            .when("set_preferences", json!({"thresholds": [50]}))
            .when("set_budget", json!({"category": "Food", "limit": "100"}))
            .when("set_budget", json!({"category": "Rent", "limit": "100", "thresholds": [80]}))
            .when("create_transaction", food("60", "2026-02-01"))
            .then_alerts(&["reached 50 Food 2026-02 #1: 60 of 100"])
            .when("set_preferences", json!({"thresholds": []}))
            .when("create_transaction", food("39", "2026-02-01"))
            .then_alerts(&[]);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |data: Value, code: &str, field: &str| {
            Story::new().when("set_preferences", data).then_refused(code, field);
        };
        refused(json!({"time_zone": "Mars/Olympus"}), "unknown_time_zone", "time_zone");
        refused(json!({"time_zone": 1}), "wrong_type", "time_zone");
        refused(json!({"month_start": 29}), "invalid_month_start", "month_start");
        refused(json!({"month_start": 0}), "invalid_month_start", "month_start");
        refused(json!({"month_start": "first"}), "invalid_month_start", "month_start");
        refused(json!({"month_start": 1.5}), "wrong_type", "month_start");
        refused(json!({"base_currency": "EURO"}), "unknown_currency", "base_currency");
        refused(json!({"thresholds": [100, 80]}), "invalid_thresholds", "thresholds");
        refused(
            json!({"quiet_hours": {"from": "25:00", "to": "07:00"}}),
            "invalid_time_of_day",
            "quiet_hours.from",
        );
        refused(
            json!({"quiet_hours": {"from": "07:00", "to": "07:00"}}),
            "invalid_time_of_day",
            "quiet_hours.to",
        );
        refused(json!({"quiet_hours": {"from": "07:00"}}), "missing_field", "quiet_hours.to");
        refused(json!({"colour": "red"}), "unknown_field", "colour");
    }
}
