//! Query strings.

use crate::problem::Problem;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::str::FromStr;

/// A query string's parameters.
#[derive(Debug)]
pub(crate) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// Reads a raw query string that may hold the known names, each once. A misspelt name is refused: to ignore it would
    /// answer another question than the one asked.
    pub(crate) fn parse(raw: &'a str, known: &[&str]) -> Result<Self, Problem> {
        check_text(raw)?;
        let mut pairs = Vec::new();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            if pairs.iter().any(|(other, _)| *other == name) {
                let detail = "this parameter is given more than once";
                return Err(Problem::bad_request("repeated_parameter", detail).field(name.into_owned()));
            }
            if !known.contains(&name.as_ref()) {
                let detail = format!("the parameters here are: {}", known.join(", "));
                return Err(Problem::bad_request("unknown_parameter", detail).field(name.into_owned()));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// A parameter's text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_ref())
    }

    /// A parameter's value; `what` says in the refusal what was expected.
    pub(crate) fn value<T: FromStr>(&self, name: &'static str, what: &str) -> Result<Option<T>, Problem> {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| Problem::bad_request("invalid_parameter", format!("must be {what}")).field(name))
        };
        self.get(name).map(read).transpose()
    }
}

/// What is no text would become another one when it is decoded: `%FF` is in no category's name.
fn check_text(raw: &str) -> Result<(), Problem> {
    let is_text = |part: &str| percent_decode_str(part).decode_utf8().is_ok();
    if let Some(pair) = raw.split('&').find(|pair| !is_text(pair)) {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
        return Err(Problem::bad_request("invalid_parameter", "must be percent-encoded UTF-8").field(name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded() {
        let parameters =
            Parameters::parse("category=Caf%C3%A9+%26+Bar&limit=20", &["category", "limit"]).unwrap();
        assert_eq!(parameters.get("category"), Some("Café & Bar"));
        assert_eq!(parameters.value("limit", "a number").unwrap(), Some(20_usize));
        assert_eq!(parameters.get("from"), None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(Parameters::parse("catgory=Food", &["category"]).is_err());
        assert!(Parameters::parse("limit=1&limit=2", &["limit"]).is_err());
        let is_text = |raw: &str| Parameters::parse(raw, &["category"]).is_ok();
        assert!(is_text("category=%EF%BF%BD") && !is_text("category=%FF") && !is_text("category=%C3"));
        let parameters = Parameters::parse("limit=many", &["limit"]).unwrap();
        assert!(parameters.value::<usize>("limit", "a number").is_err());
    }
}
