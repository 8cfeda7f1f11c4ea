//! `generate_forecast`: what will probably be spent in the months to come.

use super::{Context, Decide, fields};
use crate::events::{ForecastGenerated, ForecastMonth};
use crate::read::{Field, from_json};
use crate::state::{Spending, TotalsRead};
use crate::statistics::{Band, Forecast, History, Share, forecast, from_float};
use crate::values::CATEGORY;
use crate::{Currency, Date, Event, Month, Refusal, UserState, When};
use serde::Deserialize;

const USUAL_MONTHS: u16 = 3;
const MOST_MONTHS: i64 = 36;

/// How far back spending is looked at. Longer ago says nothing about now, and would have to be read all the same.
const MOST_HISTORY: i32 = 50 * 12;

/// Looks ahead from what was spent in complete months.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GenerateForecast {
    /// The category; all spending, that without a category too, if left out.
    pub category: Option<Box<str>>,
    /// How many months, 1 to 36; the first is that of `as_of`.
    pub months: u16,
    /// How often the intervals should hold.
    pub level: Share,
    /// The day to look from: its month and later ones are not known yet. That of the command, in the user's zone, if left out.
    pub as_of: Option<When>,
    /// In what; if left out the user's base currency, or the one most spent in where nothing was spent in that.
    pub currency: Option<Currency>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    category: Option<String>,
    months: Option<i64>,
    level: Option<f64>,
    as_of: Option<Field<When>>,
    currency: Option<Field<Currency>>,
}

impl Decide for GenerateForecast {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self {
            category: fields::text(raw.category, &CATEGORY, "category")?,
            months: months(raw.months)?,
            level: level(raw.level)?,
            as_of: raw.as_of.map(|as_of| as_of.at("as_of")).transpose()?,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
        })
    }

    fn reads(&self, state: &UserState, context: &Context<'_>) -> Option<TotalsRead<'_>> {
        let as_of = state.date_given(self.as_of, context.time).ok()?;
        Some(self.history_until(state.month_of(as_of)))
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let as_of = state.date_given(self.as_of, context.time).map_err(|no| no.at("as_of"))?;
        let this_month = state.month_of(as_of);
        if this_month.plus(i32::from(self.months) - 1).is_none() {
            return Err(Refusal::new("invalid_months", "months", "this would go beyond the year 2200"));
        }
        let read = self.history_until(this_month);
        let spending = state.monthly_spending(&read, self.currency).ok_or_else(not_enough)?;
        let history = History { spent: &spending.by_month, first_of_year: spending.first.of_year() };
        let forecast = forecast(&history, self.months.into(), self.level).ok_or_else(not_enough)?;
        Ok(vec![Event::ForecastGenerated(Box::new(self.event((as_of, this_month), &spending, &forecast)?))])
    }
}

impl GenerateForecast {
    fn history_until(&self, until: Month) -> TotalsRead<'_> {
        let from = until.plus(-MOST_HISTORY).unwrap_or(Month::FIRST);
        TotalsRead { category: self.category.as_deref(), from, until }
    }

    fn event(
        &self,
        (as_of, this_month): (Date, Month),
        spending: &Spending,
        forecast: &Forecast,
    ) -> Result<ForecastGenerated, Refusal> {
        let digits = spending.currency.digits();
        let amount = |estimate: f64| from_float(estimate, digits).ok_or_else(too_large);
        let month = |(ahead, band): (i32, &Band)| {
            Ok(ForecastMonth {
                month: this_month.plus(ahead).ok_or_else(too_large)?,
                expected: amount(band.expected)?,
                low: amount(band.low)?,
                high: amount(band.high)?,
            })
        };
        Ok(ForecastGenerated {
            category: self.category.clone(),
            as_of,
            currency: spending.currency,
            method: forecast.method,
            level: self.level,
            history_from: spending.first,
            history_months: u16::try_from(spending.by_month.len()).expect("at most MOST_HISTORY"),
            months: (0..).zip(&forecast.months).map(month).collect::<Result<_, Refusal>>()?,
            mae: forecast.mae.map(amount).transpose()?,
            coverage: forecast.coverage,
        })
    }
}

fn months(raw: Option<i64>) -> Result<u16, Refusal> {
    let Some(raw) = raw else {
        return Ok(USUAL_MONTHS);
    };
    let inside = (1..=MOST_MONTHS).contains(&raw).then(|| u16::try_from(raw).ok()).flatten();
    inside.ok_or_else(|| Refusal::new("invalid_months", "months", format!("from 1 to {MOST_MONTHS}")))
}

fn level(raw: Option<f64>) -> Result<Share, Refusal> {
    let Some(raw) = raw else {
        return Ok(Share::USUAL_LEVEL);
    };
    Share::nearest(raw).filter(|share| share.is_level()).ok_or_else(|| {
        Refusal::new("invalid_level", "level", "a level is between 0 and 1, both excluded, as in 0.8")
    })
}

fn not_enough() -> Refusal {
    let text = "nothing was spent here in a complete month yet";
    Refusal::new("not_enough_history", "category", text)
}

fn too_large() -> Refusal {
    Refusal::new("amount_too_large", "category", "what is expected is more than an amount can hold")
}

#[cfg(test)]
mod tests {
    use crate::Outcome;
    use crate::story::Story;
    use serde_json::{Value, json};

    fn spent(story: Story, category: &str, amount: &str, on: &str) -> Story {
        let data = json!({"transaction_type": "Expense", "amount": amount, "category": category, "date": on});
        story.when("create_transaction", data)
    }

    /// 100, 110, 120, 130 from October to January, and some of February.
    fn rising(mut story: Story) -> Story {
        for (amount, date) in [
            ("100", "2025-10-03"),
            ("110", "2025-11-03"),
            ("60", "2025-12-03"),
            ("60", "2025-12-24"),
            ("130", "2026-01-03"),
        ] {
            story = spent(story, "Food", amount, date);
        }
        spent(story, "Food", "999", "2026-02-03")
    }

    fn forecast(story: &Story) -> Value {
        let Outcome::Accepted(events) = &story.journal.last().expect("a command").outcome else {
            panic!("{:?}", story.journal.last());
        };
        let mut data = Vec::new();
        events[0].write_json(&mut data);
        serde_json::from_slice(&data).expect("JSON")
    }

    #[test]
    fn complete_months_are_continued() {
        let story = rising(Story::new())
            .when("generate_forecast", json!({"category": "Food", "months": 2}))
            .then_events(&["forecast_generated"]);
        let expected = json!({
            "category": "Food", "as_of": "2026-02-10", "currency": "EUR", "method": "ols", "level": 0.8,
            "history_from": "2025-10", "history_months": 4,
            "months": [
                {"month": "2026-02", "expected": "140.00", "low": "140.00", "high": "140.00"},
                {"month": "2026-03", "expected": "150.00", "low": "150.00", "high": "150.00"},
            ],
            "mae": "0.00", "coverage": 1.0,
        });
        assert_eq!(forecast(&story), expected);
    }

    #[test]
    fn what_came_after_the_day_is_not_known() {
        let story = rising(Story::new())
            .when("generate_forecast", json!({"category": "Food", "months": 1, "as_of": "2025-12-31"}));
        let answer = forecast(&story);
        assert_eq!((&answer["method"], &answer["history_months"]), (&json!("median"), &json!(2)));
        assert_eq!(
            (&answer["months"][0]["month"], &answer["months"][0]["expected"]),
            (&json!("2025-12"), &json!("105.00"))
        );
        assert_eq!((&answer["mae"], &answer["coverage"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn months_without_a_transaction_count_as_nothing() {
        let story = spent(Story::new(), "Food", "90", "2025-10-03")
            .when("generate_forecast", json!({"category": "Food", "months": 1, "as_of": "2026-01-01"}));
        let answer = forecast(&story);
        assert_eq!((&answer["history_from"], &answer["history_months"]), (&json!("2025-10"), &json!(3)));
        // 90, 0, 0 fall to −60: floored.
        assert_eq!((&answer["method"], &answer["months"][0]["expected"]), (&json!("ols"), &json!("0.00")));
    }

    #[test]
    fn all_categories_together_are_summed_and_refunds_lower_them() {
        let refund = json!({"transaction_type": "Income", "amount": "20", "category": "Food", "refund": true, "date": "2026-01-09"});
        let story = spent(spent(Story::new(), "Food", "100", "2026-01-03"), "Rent", "500", "2026-01-01")
            .when("create_transaction", refund)
            .when("generate_forecast", json!({}));
        let answer = forecast(&story);
        assert_eq!((&answer["category"], &answer["months"][0]["expected"]), (&Value::Null, &json!("580.00")));
        assert_eq!(answer["months"].as_array().expect("months").len(), 3);
    }

    #[test]
    fn spending_without_a_category_belongs_to_all_and_income_to_none() {
        let entry = |kind: &str, amount: &str| json!({"transaction_type": kind, "amount": amount, "date": "2026-01-05"});
        let story = spent(Story::new(), "Food", "100", "2026-01-03")
            .when("create_transaction", entry("Expense", "11"))
            .when("create_transaction", entry("Income", "2000"))
            .when("generate_forecast", json!({"months": 1}));
        assert_eq!(forecast(&story)["months"][0]["expected"], "111.00");
    }

    #[test]
    fn one_currency_is_looked_at_and_the_base_currency_comes_first() {
        let dollars = json!({"transaction_type": "Expense", "amount": "30", "category": "Trip", "currency": "USD", "date": "2026-01-03"});
        let story = Story::new()
            .when("create_transaction", dollars)
            .when("generate_forecast", json!({"category": "Trip"}));
        assert_eq!(
            (&forecast(&story)["currency"], &forecast(&story)["months"][0]["expected"]),
            (&json!("USD"), &json!("30.00"))
        );
        let story =
            spent(story, "Trip", "7", "2026-01-04").when("generate_forecast", json!({"category": "Trip"}));
        assert_eq!(
            (&forecast(&story)["currency"], &forecast(&story)["months"][0]["expected"]),
            (&json!("EUR"), &json!("7.00"))
        );
        let story = story.when("generate_forecast", json!({"category": "Trip", "currency": "USD"}));
        assert_eq!(forecast(&story)["currency"], "USD");
        story
            .when("generate_forecast", json!({"category": "Trip", "currency": "JPY"}))
            .then_refused("not_enough_history", "category");
    }

    #[test]
    fn totals_that_left_the_root_page_are_read_again() {
        for data in [json!({"category": "Food"}), json!({}), json!({"as_of": "2025-12-10"})] {
            let expected = forecast(&rising(Story::new()).when("generate_forecast", data.clone()));
            let mut paged = rising(Story::tiny());
            paged.reload();
            assert_eq!(forecast(&paged.when("generate_forecast", data)), expected);
        }
    }

    #[test]
    fn without_history_there_is_no_forecast() {
        let this_month = spent(Story::new(), "Food", "1", "2026-02-01");
        this_month
            .when("generate_forecast", json!({"category": "Food"}))
            .then_refused("not_enough_history", "category")
            .when("generate_forecast", json!({"category": "Zoo"}))
            .then_refused("not_enough_history", "category");
        Story::new().when("generate_forecast", json!({})).then_refused("not_enough_history", "category");
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |data: Value, code: &str, field: &str| {
            Story::new().when("generate_forecast", data).then_refused(code, field);
        };
        refused(json!({"months": 0}), "invalid_months", "months");
        refused(json!({"months": 37}), "invalid_months", "months");
        refused(json!({"months": 1.5}), "wrong_type", "months");
        refused(json!({"months": 36, "as_of": "2200-01-01"}), "invalid_months", "months");
        refused(json!({"level": 0}), "invalid_level", "level");
        refused(json!({"level": 1}), "invalid_level", "level");
        refused(json!({"level": 80}), "invalid_level", "level");
        refused(json!({"level": "0.8"}), "wrong_type", "level");
        refused(json!({"as_of": "2026-02-30"}), "invalid_date", "as_of");
        refused(json!({"category": ""}), "text_empty", "category");
        refused(json!({"currency": "EURO"}), "unknown_currency", "currency");
        refused(json!({"method": "ols"}), "unknown_field", "method");
    }
}
