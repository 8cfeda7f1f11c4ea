//! `regression`: a line through points, and what it says at one place. Floats: what comes out is an estimate.

use crate::Refusal;
use crate::read::from_json;
use crate::statistics::Line;
use serde::Deserialize;
use serde_json::{Value, json};

/// More points than this are no person's question.
const MOST_POINTS: usize = 100_000;

/// What intervals hold unless asked otherwise, as in R and most textbooks.
const USUAL_LEVEL: f64 = 0.95;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    x: Vec<f64>,
    y: Vec<f64>,
    x0: Option<f64>,
    level: Option<f64>,
}

/// The line through `(x, y)`, and with `x0` what it says there. Refuses with `too_many_points`, `lengths_differ`,
/// `invalid_level`; `null` where no line, or no error of it, can be told (fewer than three points, all x equal).
pub(super) fn calculate(body: &[u8]) -> Result<Value, Refusal> {
    let Question { x, y, x0, level } = from_json(body)?;
    check(&x, &y)?;
    let level = level.unwrap_or(USUAL_LEVEL);
    if level <= 0.0 || level >= 1.0 {
        return Err(Refusal::new("invalid_level", "level", "a level is between 0 and 1, both excluded"));
    }
    let Some(line) = Line::fit(&x, &y) else {
        return Ok(Value::Null);
    };
    let mut result = json!({
        "intercept": line.intercept, "slope": line.slope,
        "se_intercept": line.se_intercept, "se_slope": line.se_slope,
        "r2": line.r2, "mse": line.mse, "sse": line.sse, "n": x.len(),
    });
    if let Some(x0) = x0 {
        let at = line.at(x0, level);
        result["fit"] = json!(at.map(|at| at.fit));
        result["mean_ci"] = json!(at.map(|at| [at.fit - at.mean_half, at.fit + at.mean_half]));
        result["prediction_interval"] = json!(at.map(|at| [at.fit - at.half, at.fit + at.half]));
    }
    Ok(result)
}

fn check(x: &[f64], y: &[f64]) -> Result<(), Refusal> {
    for (values, field) in [(x, "x"), (y, "y")] {
        if values.len() > MOST_POINTS {
            return Err(Refusal::new("too_many_points", field, format!("at most {MOST_POINTS}")));
        }
    }
    if x.len() != y.len() {
        let text = format!("each x needs its y: there are {} and {}", x.len(), y.len());
        return Err(Refusal::new("lengths_differ", "y", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::calculate;
    use serde_json::{Value, json};

    fn result(question: &Value) -> Value {
        calculate("regression", question.to_string().as_bytes()).expect("answered")["result"].clone()
    }

    #[test]
    fn a_line_is_told_with_its_errors_and_its_intervals() {
        let answer = result(&json!({"x": [0, 1, 2], "y": [0, 1, 2], "x0": 3, "level": 0.95}));
        let expected = json!({
            "intercept": 0.0, "slope": 1.0, "se_intercept": 0.0, "se_slope": 0.0, "r2": 1.0, "mse": 0.0, "sse": 0.0,
            "n": 3, "fit": 3.0, "mean_ci": [3.0, 3.0], "prediction_interval": [3.0, 3.0],
        });
        assert_eq!(answer, expected);
        assert_eq!(result(&json!({"x": [0, 1, 2], "y": [0, 1, 3]})).get("fit"), None);
    }

    #[test]
    fn where_there_is_no_line_the_result_is_null() {
        assert_eq!(result(&json!({"x": [], "y": []})), Value::Null);
        assert_eq!(result(&json!({"x": [1, 2], "y": [1, 2]})), Value::Null);
        assert_eq!(result(&json!({"x": [7, 7, 7], "y": [1, 2, 3]})), Value::Null);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |question: Value, code: &str, field: &str| {
            let refusal = calculate("regression", question.to_string().as_bytes()).expect_err("refused");
            assert_eq!((refusal.code.as_ref(), refusal.field.as_deref()), (code, Some(field)), "{refusal:?}");
        };
        refused(json!({"x": [1, 2, 3]}), "missing_field", "y");
        refused(json!({"x": [1, 2, 3], "y": [1]}), "lengths_differ", "y");
        refused(json!({"x": [1, "2"], "y": [1, 2]}), "wrong_type", "x[1]");
        refused(json!({"x": [1], "y": [1], "z": [1]}), "unknown_field", "z");
        refused(json!({"x": [1], "y": [1], "level": 1}), "invalid_level", "level");
        refused(json!({"x": vec![0; 100_001], "y": []}), "too_many_points", "x");
    }
}
