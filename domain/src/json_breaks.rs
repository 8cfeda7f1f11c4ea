//! Where a text stops being JSON.

use crate::read::shorten;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The field in which a text stops being JSON, as in `splits[1].amount`, going by how reading it failed first. `None`: outside of all
/// fields, or it can't be told.
pub fn json_breaks_at(data: &[u8], first: &serde_json::Error) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_slice(data);
    let error = serde_path_to_error::deserialize::<_, IgnoredFields>(&mut reader).err()?;
    let place = |error: &serde_json::Error| (error.line(), error.column());
    let path = error.path().to_string();
    // What is not even the beginning of a field's name is `?` there. (Lists in lists end this reading earlier.)
    let known = path != "." && !path.contains('?') && place(error.inner()) == place(first);
    known.then(|| shorten(&path))
}

/// Any JSON. (`IgnoredAny` would pass over the names of fields.)
struct IgnoredFields;

impl<'de> Deserialize<'de> for IgnoredFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for IgnoredFields {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<String, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_at_which_a_text_stops_being_json_is_named() {
        let cases = [
            (r#"{"amount":NaN}"#, Some("amount")),
            (r#"{"amount":Infinity}"#, Some("amount")),
            (r#"{"amount":-Infinity,"date":1}"#, Some("amount")),
            (r#"{"amount":01}"#, Some("amount")),
            (r#"{"payee":"a","splits":[{"amount":"1"},{"amount":.5}]}"#, Some("splits[1].amount")),
            (r#"{"note":"ab"#, Some("note")),
            (r#"{"a":1"#, None),
            ("{", None),
            ("", None),
            ("NaN", None),
        ];
        for (text, field) in cases {
            let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
            let first = read.expect_err(text);
            assert_eq!(json_breaks_at(text.as_bytes(), &first).as_deref(), field, "{text}");
        }
        let deep = format!(r#"{{"a":{}{},"amount":NaN}}"#, "[".repeat(200), "]".repeat(200));
        let first = serde_json::from_str::<serde::de::IgnoredAny>(&deep).expect_err("no JSON");
        assert_eq!(json_breaks_at(deep.as_bytes(), &first), None);
    }
}
