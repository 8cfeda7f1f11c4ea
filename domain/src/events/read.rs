//! Reading an event back from its public JSON, as an export has it.

use super::{Event, Kind, TransactionCreated, TransactionDeleted, TransactionUpdated};
use crate::Refusal;
use crate::read::from_json;
use crate::transaction::Transaction;
use serde::Deserialize;
use serde_json::Value;

/// The public form of [`TransactionUpdated`].
#[derive(Deserialize)]
struct UpdatedJson {
    previous: Transaction,
    #[serde(flatten)]
    transaction: Transaction,
}

impl Event {
    /// The event that was written like this. Refuses, naming the field, what is not written as [`Event::write_json`] would,
    /// to the letter but for spaces and the order of fields: nothing of a file is passed over. `unknown_event_type`,
    /// `not_restorable`, `not_as_exported`, and what [`from_json`] refuses.
    pub(crate) fn read_json(type_name: &str, data: &[u8]) -> Result<Self, Refusal> {
        let Some(kind) = Kind::named(type_name) else {
            let text = "there is no event of this type; a file of a newer centime needs that version";
            return Err(Refusal::new("unknown_event_type", "type", text));
        };
        let in_data = |refusal: Refusal| {
            let field = refusal.field.clone().map_or("data".to_owned(), |field| format!("data.{field}"));
            refusal.at(field)
        };
        let event = Self::of_kind(&kind, data).map_err(in_data)?;
        event.check_as_written(data).map_err(in_data)?;
        Ok(event)
    }

    /// Without a default: whoever adds an event says how an export of it is read.
    fn of_kind(kind: &Kind, data: &[u8]) -> Result<Self, Refusal> {
        Ok(match kind {
            Kind::TransactionCreated => {
                Self::TransactionCreated(TransactionCreated { transaction: from_json(data)? })
            }
            Kind::TransactionUpdated => {
                let UpdatedJson { previous, transaction } = from_json(data)?;
                Self::TransactionUpdated(Box::new(TransactionUpdated { transaction, previous }))
            }
            Kind::TransactionDeleted => {
                Self::TransactionDeleted(TransactionDeleted { transaction: from_json(data)? })
            }
            Kind::BudgetSet => Self::BudgetSet(from_json(data)?),
            Kind::BudgetRemoved => Self::BudgetRemoved(from_json(data)?),
            Kind::BudgetThresholdReached => Self::BudgetThresholdReached(from_json(data)?),
            Kind::BudgetExceeded => Self::BudgetExceeded(from_json(data)?),
            Kind::BudgetRecovered => Self::BudgetRecovered(from_json(data)?),
            Kind::ForecastGenerated => Self::ForecastGenerated(from_json(data)?),
            Kind::PreferencesSet => Self::PreferencesSet(from_json(data)?),
            Kind::ExchangeRateRecorded => Self::ExchangeRateRecorded(from_json(data)?),
            Kind::AccountOpened => Self::AccountOpened(from_json(data)?),
            Kind::AccountClosed => Self::AccountClosed(from_json(data)?),
            Kind::TransactionsImported => Self::TransactionsImported(from_json(data)?),
            Kind::ImportUndone => Self::ImportUndone(from_json(data)?),
            Kind::BudgetOverspendPredicted => Self::BudgetOverspendPredicted(from_json(data)?),
            Kind::BudgetOverspendPredictionWithdrawn => {
                Self::BudgetOverspendPredictionWithdrawn(from_json(data)?)
            }
            Kind::RecurringDeclared => Self::RecurringDeclared(from_json(data)?),
            Kind::RecurringCancelled => Self::RecurringCancelled(from_json(data)?),
            Kind::RecurringDetected => Self::RecurringDetected(from_json(data)?),
            Kind::RecurringPriceChanged => Self::RecurringPriceChanged(from_json(data)?),
            Kind::RecurringMissed => Self::RecurringMissed(from_json(data)?),
            Kind::RecurringWithdrawn => Self::RecurringWithdrawn(from_json(data)?),
            // A file begins where an erasure ended, and tells what was restored as it was first told.
            Kind::UserErased | Kind::UserRestored => {
                let text = "an export has no events of this type";
                return Err(Refusal::plain("not_restorable", text));
            }
        })
    }

    fn check_as_written(&self, data: &[u8]) -> Result<(), Refusal> {
        let mut own = Vec::with_capacity(data.len());
        self.write_json(&mut own);
        if own == data {
            return Ok(());
        }
        let (given, own): (Value, Value) = (from_json(data)?, from_json(&own)?);
        difference(&given, &own, "").map_or(Ok(()), |field| {
            let text = "centime would not have written it like this: a field it does not know, or a value in another form";
            Err(Refusal::plain("not_as_exported", text).at(field))
        })
    }
}

/// The first field that is not the same.
fn difference(given: &Value, own: &Value, path: &str) -> Option<String> {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (given, own) {
        (Value::Object(given), Value::Object(own)) => {
            let names = given.keys().chain(own.keys().filter(|name| !given.contains_key(*name)));
            names.filter(|name| given.get(*name) != own.get(*name)).find_map(|name| {
                match (given.get(name), own.get(name)) {
                    (Some(given), Some(own)) => difference(given, own, &join(name)),
                    _ => Some(join(name)),
                }
            })
        }
        _ => (given != own).then(|| path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(kind: &str, data: &Value) -> Result<Event, (String, Option<String>)> {
        Event::read_json(kind, data.to_string().as_bytes())
            .map_err(|no| (no.code.into_owned(), no.field.map(Into::into)))
    }

    fn budget(change: Value) -> Value {
        let mut data = json!({
            "category": "Food", "limit": "100.00", "currency": "EUR", "from": "2026-01", "thresholds": [80, 100],
            "policy": "reset",
        });
        let Value::Object(change) = change else { panic!("an object") };
        data.as_object_mut().expect("an object").extend(change);
        data
    }

    #[test]
    fn every_event_of_an_export_reads_itself_back() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/events.json");
        let golden: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(golden).expect("a file")).expect("JSON");
        for line in golden {
            let kind = line["type"].as_str().expect("a type");
            let event = match read(kind, &line["data"]) {
                Err(no) if ["user_erased", "user_restored"].contains(&kind) => {
                    assert_eq!(no, ("not_restorable".to_owned(), Some("data".to_owned())));
                    continue;
                }
                event => event.expect(kind),
            };
            let mut data = Vec::new();
            event.write_json(&mut data);
            assert_eq!(serde_json::from_slice::<Value>(&data).expect("JSON"), line["data"]);
        }
    }

    #[test]
    fn what_an_export_would_not_say_is_refused_by_its_field() {
        let refused = |change| read("budget_set", &budget(change)).expect_err("refused");
        let no = |code: &str, field: &str| (code.to_owned(), Some(field.to_owned()));
        assert!(read("budget_set", &budget(json!({}))).is_ok());
        assert_eq!(refused(json!({"since": 1})), no("not_as_exported", "data.since"));
        assert_eq!(refused(json!({"limit": "0100.00"})), no("not_as_exported", "data.limit"));
        assert_eq!(refused(json!({"limit": 100})), no("wrong_type", "data.limit"));
        assert_eq!(refused(json!({"policy": "magic"})), no("wrong_type", "data.policy"));
        assert_eq!(
            read("budget_revised", &json!({})).expect_err("refused"),
            no("unknown_event_type", "type")
        );
        assert_eq!(
            read("budget_removed", &json!({})).expect_err("refused"),
            no("missing_field", "data.category")
        );
    }
}
