//! Reading JSON so that what is wrong is told by name and field.

use crate::account::AccountKind;
use crate::preferences::TimeOfDay;
use crate::transaction::{Status, TransactionType};
use crate::values::{Cadence, Rate};
use crate::{Amount, CommandId, Currency, Date, Month, Refusal, When};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// What a person wrote is quoted back to them only this far.
const QUOTED: usize = 200;

/// Reads `data` in one go; only when that fails is it read again, slowly, to find out which field is at fault.
/// Refuses with `missing_field`, `unknown_field`, `duplicate_field`, `wrong_type` or `invalid_json`.
pub(crate) fn from_json<'de, T: Deserialize<'de>>(data: &'de [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(data).map(|Object(read)| read).map_err(|error| explain::<Object<T>>(data, &error))
}

/// What is a JSON object and nothing else: serde would take a list of the fields in their order, too.
pub(crate) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

fn explain<'de, T: Deserialize<'de>>(data: &'de [u8], first: &serde_json::Error) -> Refusal {
    let mut reader = serde_json::Deserializer::from_slice(data);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => Refusal::plain("invalid_json", shorten(&first.to_string())),
        Err(error) => named(&error.path().to_string(), error.inner()),
    }
}

/// Names the refusal after serde's message: the only place where it says what kind of mistake it was.
fn named(path: &str, error: &serde_json::Error) -> Refusal {
    let message = error.to_string();
    let quoted = || message.split('`').nth(1).unwrap_or_default();
    let path = if path == "." { "" } else { path };
    let text = shorten(&message);
    let (refusal, field) = if message.starts_with("missing field") {
        (Refusal::plain("missing_field", text), join(path, quoted()))
    } else if message.starts_with("unknown field") {
        (Refusal::plain("unknown_field", text), parent_and(path, quoted()))
    } else if message.starts_with("duplicate field") {
        (Refusal::plain("duplicate_field", text), parent_and(path, quoted()))
    } else if error.is_data() {
        (Refusal::plain("wrong_type", text), path.to_owned())
    } else {
        (Refusal::plain("invalid_json", text), path.to_owned())
    };
    if field.is_empty() { refusal } else { refusal.at(shorten(&field)) }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The path may or may not end in the name already, depending on how far the reader got.
fn parent_and(path: &str, name: &str) -> String {
    let parent = path.strip_suffix(name).map_or(path, |parent| parent.trim_end_matches('.'));
    join(parent, name)
}

pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

/// A field that is text in JSON and something better in Rust. It is kept with its refusal, so that one bad field is
/// refused by its own name instead of as unreadable JSON.
pub(crate) struct Field<T>(Result<T, Refusal>);

impl<T> Field<T> {
    /// The value, or its refusal naming the field.
    pub(crate) fn at(self, field: impl Into<Cow<'static, str>>) -> Result<T, Refusal> {
        self.0.map_err(|refusal| refusal.at(field))
    }
}

/// What a [`Field`] can hold.
pub(crate) trait FromText: Sized {
    /// Reads it; refuses without naming a field.
    fn from_text(text: &str) -> Result<Self, Refusal>;

    /// The refusal for a JSON number in its place, if that has a name of its own.
    fn number() -> Option<Refusal> {
        None
    }
}

impl FromText for Amount {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }

    fn number() -> Option<Refusal> {
        Some(Refusal::plain("amount_not_a_string", "write the amount as a string: \"12.50\", not 12.50"))
    }
}

/// An amount that may have a minus in front.
pub(crate) struct Signed(pub Amount);

impl FromText for Signed {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        match text.strip_prefix('-') {
            Some(digits) => Amount::read(digits).map(|amount| Self(amount.negated())),
            None => Amount::read(text).map(Self),
        }
    }

    fn number() -> Option<Refusal> {
        Amount::number()
    }
}

/// An amount as a transaction may show it: see [`Amount::read_shown`].
pub(crate) struct Shown(pub Amount);

impl FromText for Shown {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Amount::read_shown(text).map(Self)
    }

    fn number() -> Option<Refusal> {
        Amount::number()
    }
}

impl FromText for Rate {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }

    fn number() -> Option<Refusal> {
        Some(Refusal::plain("invalid_rate", "write the rate as a string: \"0.9234\", not 0.9234"))
    }
}

impl FromText for AccountKind {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Ok(match text {
            "checking" => Self::Checking,
            "savings" => Self::Savings,
            "cash" => Self::Cash,
            "credit" => Self::Credit,
            "loan" => Self::Loan,
            "other" => Self::Other,
            _ => {
                let text = "an account is checking, savings, cash, credit, loan or other";
                return Err(Refusal::plain("unknown_account_kind", text));
            }
        })
    }
}

impl FromText for Currency {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }
}

impl FromText for Date {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }
}

impl FromText for When {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }
}

impl FromText for TimeOfDay {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }
}

impl FromText for Cadence {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }
}

impl FromText for Month {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::read(text)
    }
}

impl FromText for CommandId {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        Self::parse(text)
    }
}

impl FromText for TransactionType {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        match text {
            "Income" | "income" => Ok(Self::Income),
            "Expense" | "expense" => Ok(Self::Expense),
            "Transfer" | "transfer" => Ok(Self::Transfer),
            _ => {
                let text = "a transaction is \"Income\", \"Expense\" or \"Transfer\"";
                Err(Refusal::plain("unknown_transaction_type", text))
            }
        }
    }
}

impl FromText for Status {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        match text {
            "pending" => Ok(Self::Pending),
            "posted" => Ok(Self::Posted),
            _ => Err(Refusal::plain("unknown_status", "a status is \"pending\" or \"posted\"")),
        }
    }
}

impl<'de, T: FromText> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<T: FromText> FieldVisitor<T> {
    fn number<E: serde::de::Error>(&self, found: Unexpected<'_>) -> Result<Field<T>, E> {
        T::number().map(|refusal| Field(Err(refusal))).ok_or_else(|| E::invalid_type(found, self))
    }
}

impl<T: FromText> Visitor<'_> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field(T::from_text(text)))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        self.number(Unexpected::Unsigned(number))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        self.number(Unexpected::Signed(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
        self.number(Unexpected::Float(number))
    }
}

/// A field that may be left out, but not be `null`: where `null` empties others, it must not say nothing here.
pub(crate) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Tells a field that is `null` from one that is not there.
#[allow(clippy::option_option)]
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
