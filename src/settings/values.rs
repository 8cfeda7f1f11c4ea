//! Values of flags that are more than a word or a number.

use std::str::FromStr;
use std::time::Duration;

/// One librdkafka setting, `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KafkaSetting {
    pub key: String,
    pub value: String,
}

impl FromStr for KafkaSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = split(text, "acks=all")?;
        Ok(Self { key, value })
    }
}

/// A monthly limit of one category, `CATEGORY=LIMIT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    pub category: String,
    pub limit: String,
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (category, limit) = split(text, "groceries=450.00")?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, fraction) = limit.split_once('.').unwrap_or((&limit, "0"));
        if !digits(whole) || !digits(fraction) {
            return Err(format!("the limit {limit:?} is not an amount; write it as in `groceries=450.00`"));
        }
        Ok(Self { category, limit })
    }
}

/// Splits at the first `=`, as everybody expects of `KEY=VALUE`.
fn split(text: &str, example: &str) -> Result<(String, String), String> {
    match text.trim().split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("{text:?} has no name before a `=`; write it as in `{example}`")),
    }
}

/// `500ms`, `2s`, `1m 30s`: above zero.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "not a duration above zero; write it as in `500ms`, `2s` or `1m 30s`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_keeps_the_equals_signs_of_its_value() {
        let setting: KafkaSetting = "sasl.password=a=b".parse().expect("fine");
        assert_eq!((setting.key.as_str(), setting.value.as_str()), ("sasl.password", "a=b"));
        assert!("=x".parse::<KafkaSetting>().is_err());
        assert!("acks".parse::<KafkaSetting>().is_err());
    }

    #[test]
    fn a_budget_needs_an_amount() {
        assert!("household=5000".parse::<Budget>().is_ok());
        for text in ["household=", "household=5k", "household=-5", "=5"] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_above_zero() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        for text in ["0s", "-1s", "2", "soon"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
