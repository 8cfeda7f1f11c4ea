//! Alerts as lines for people. Made from the envelope, so that they look the same wherever the alert came from.

use serde::Deserialize;

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    category: String,
    month: String,
    limit: String,
    spent: String,
    over_by: Option<String>,
    threshold: Option<u16>,
    currency: String,
}

/// One line, coloured if asked for. What is no alert known here comes back as it is.
pub(crate) fn line(envelope: &str, colours: bool) -> String {
    let Ok(Envelope { kind, subject, time, data }) = serde_json::from_str(envelope) else {
        return envelope.to_owned();
    };
    let Data { category, month, limit, spent, over_by, threshold, currency } = data;
    let (colour, says) = match (kind.as_str(), threshold) {
        ("budget_exceeded", _) => ("31;1", format!("EXCEEDED by {}", over_by.unwrap_or_default())),
        ("budget_threshold_reached", Some(percent)) => ("33", format!("reached {percent} %")),
        ("budget_recovered", Some(percent)) => ("32", format!("back under {percent} %")),
        ("budget_recovered", None) => ("32", "back within its limit".to_owned()),
        _ => ("0", kind.replace('_', " ")),
    };
    let date = time.get(..10).unwrap_or(&time);
    let says = if colours { format!("\x1b[{colour}m{says}\x1b[0m") } else { says };
    format!("{date}  {subject}  {category} {month}: {says} ({spent} of {limit} {currency})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_reads_as_a_sentence() {
        let envelope = r#"{"type":"budget_exceeded","subject":"25","time":"1996-08-27T00:00:00Z","data":{"category":"household",
            "month":"1996-08","limit":"100","spent":"120.50","over_by":"20.50","currency":"CZK","crossing":1}}"#;
        assert_eq!(
            line(envelope, false),
            "1996-08-27  25  household 1996-08: EXCEEDED by 20.50 (120.50 of 100 CZK)"
        );
        assert!(line(envelope, true).contains("\x1b[31;1m"));
    }

    #[test]
    fn what_is_no_alert_is_left_alone() {
        assert_eq!(line("{}", false), "{}");
    }
}
