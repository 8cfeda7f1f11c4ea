//! `recurrence`: the dates on which something happens again.

use crate::read::{Field, from_json};
use crate::values::MonthlyRule;
use crate::{Date, Refusal};
use serde::Deserialize;
use serde_json::{Value, json};

/// A month for each there is from 1900 to 2200.
const MOST_DATES: u32 = 3_612;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    date: Field<Date>,
    add_months: Option<i32>,
    rule: Option<String>,
    count: Option<u32>,
}

/// How one date follows from another.
enum Step {
    Months(i32),
    Rule(MonthlyRule),
}

/// The next date, or with `count` that many, in order. `add_months` counts from `date` each time, so its day is
/// remembered; `rule` is met strictly after the date before. Refuses with `missing_field` and `one_of_two` (both on
/// `rule`), `unknown_rule`, `invalid_count`, and with `invalid_date` for what would leave the years 1900 to 2200.
pub(super) fn calculate(body: &[u8]) -> Result<Value, Refusal> {
    let question: Question = from_json(body)?;
    let step = step(question.add_months, question.rule.as_deref())?;
    let date = question.date.at("date")?;
    match question.count {
        None => Ok(json!(dates(date, &step, 1)?[0])),
        Some(count) if (1..=MOST_DATES).contains(&count) => Ok(json!(dates(date, &step, count)?)),
        Some(_) => Err(Refusal::new("invalid_count", "count", format!("from 1 to {MOST_DATES}"))),
    }
}

fn step(months: Option<i32>, rule: Option<&str>) -> Result<Step, Refusal> {
    match (months, rule) {
        (Some(months), None) => Ok(Step::Months(months)),
        (None, Some(rule)) => MonthlyRule::read(rule).map(Step::Rule).map_err(|no| no.at("rule")),
        (None, None) => Err(Refusal::new("missing_field", "rule", "either add_months or a rule is needed")),
        (Some(_), Some(_)) => {
            Err(Refusal::new("one_of_two", "rule", "either add_months or a rule, not both"))
        }
    }
}

fn dates(from: Date, step: &Step, count: u32) -> Result<Vec<Date>, Refusal> {
    let outside = || Refusal::new("invalid_date", "date", "this would leave the years 1900 to 2200");
    let mut last = from;
    let next = |times: i32| {
        last = match step {
            Step::Months(months) => from.plus_months(months.saturating_mul(times)),
            Step::Rule(rule) => rule.next_after(last),
        }
        .ok_or_else(outside)?;
        Ok(last)
    };
    (1..).take(count as usize).map(next).collect()
}

#[cfg(test)]
mod tests {
    use crate::calculate;
    use serde_json::{Value, json};

    fn result(question: &Value) -> Value {
        calculate("recurrence", question.to_string().as_bytes()).expect("answered")["result"].clone()
    }

    #[test]
    fn the_next_date_is_told_or_as_many_as_asked() {
        assert_eq!(result(&json!({"date": "2020-01-31", "add_months": 1})), "2020-02-29");
        assert_eq!(result(&json!({"date": "2020-02-29", "rule": "last_of_month"})), "2020-03-31");
        assert_eq!(
            result(&json!({"date": "2020-01-30", "rule": "day_30", "count": 2})),
            json!(["2020-02-29", "2020-03-30"])
        );
    }

    #[test]
    fn months_remember_the_day_they_started_on() {
        assert_eq!(
            result(&json!({"date": "2026-01-31", "add_months": 1, "count": 3})),
            json!(["2026-02-28", "2026-03-31", "2026-04-30"])
        );
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |question: Value, code: &str, field: &str| {
            let refusal = calculate("recurrence", question.to_string().as_bytes()).expect_err("refused");
            assert_eq!((refusal.code.as_ref(), refusal.field.as_deref()), (code, Some(field)), "{refusal:?}");
        };
        refused(json!({"rule": "day_1"}), "missing_field", "date");
        refused(json!({"date": "2026-02-30", "rule": "day_1"}), "invalid_date", "date");
        refused(json!({"date": "2026-01-31"}), "missing_field", "rule");
        refused(json!({"date": "2026-01-31", "add_months": 1, "rule": "day_1"}), "one_of_two", "rule");
        refused(json!({"date": "2026-01-31", "rule": "weekly"}), "unknown_rule", "rule");
        refused(json!({"date": "2026-01-31", "rule": "day_1", "count": 0}), "invalid_count", "count");
        refused(json!({"date": "2026-01-31", "rule": "day_1", "count": 5_000}), "invalid_count", "count");
        refused(json!({"date": "2026-01-31", "add_months": 5_000}), "invalid_date", "date");
        refused(json!({"date": "2026-01-31", "add_months": "1"}), "wrong_type", "add_months");
    }
}
