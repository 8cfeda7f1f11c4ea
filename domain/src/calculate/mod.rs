//! Calculators: stateless questions, answered by the same code the engine uses. A calculator is one file here and one
//! line in the list below.

mod recurrence;
mod regression;

use crate::Refusal;
use serde_json::Value;

/// One calculator: the body (JSON) in, the result out.
type Calculator = fn(&[u8]) -> Result<Value, Refusal>;

/// Every calculator there is, by name.
const CALCULATORS: &[(&str, Calculator)] =
    &[("regression", regression::calculate), ("recurrence", recurrence::calculate)];

/// Answers a stateless question: `{"result": …}`, with `null` where there is no result. Refuses with
/// `unknown_function` (field `fn`, naming those there are), and with whatever is wrong with the body, naming the field.
pub fn calculate(name: &str, body: &[u8]) -> Result<Value, Refusal> {
    let Some((_, calculator)) = CALCULATORS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<_> = CALCULATORS.iter().map(|(name, _)| *name).collect();
        return Err(Refusal::new(
            "unknown_function",
            "fn",
            format!("the functions are: {}", names.join(", ")),
        ));
    };
    Ok(serde_json::json!({ "result": calculator(body)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_function_is_told_which_there_are() {
        let refusal = calculate("alchemy", b"{}").expect_err("unknown");
        assert_eq!((refusal.code.as_ref(), refusal.field.as_deref()), ("unknown_function", Some("fn")));
        assert_eq!(refusal.text, "the functions are: regression, recurrence");
    }
}
