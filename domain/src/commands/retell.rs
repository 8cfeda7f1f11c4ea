//! Which command events of the past came of: so that a restore can decide it again, and see whether they did.

use super::import_row::ImportRow;
use super::import_transactions::Given;
use crate::events::{PastCommand, RecurringDeclared, TransactionUpdated, TransactionsImported};
use crate::transaction::Transaction;
use crate::{Command, Event, ImportTransactions, Refusal};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How a command of the past is told again.
#[derive(Debug)]
pub(crate) enum Retold {
    /// By deciding this command.
    Command(Box<Command>),
    /// Its own events as they are told; what follows from them is found again. So it is with a forecast, which changes nothing
    /// (another machine's floats may end in another digit), and with a command that had no event but what it was the occasion for.
    Told(Vec<Event>),
}

/// What follows from a transaction and is not part of a command.
const SETTLED: [&str; 5] = ["id", "counted", "budgeted", "account_amount", "to_account_amount"];

/// The command that the first events of `past` came of; alerts and predictions follow by themselves. Refuses, naming the field
/// as `events[0].data.amount`, with `event_does_not_follow` or what the command would be refused for.
pub(crate) fn retell(past: &PastCommand) -> Result<Retold, Refusal> {
    let closes = |event: &Event| {
        matches!(event, Event::TransactionsImported(_) | Event::ImportUndone(_) | Event::BudgetSet(_))
    };
    let place = past.events.iter().position(closes).unwrap_or(0);
    let Some(event) = past.events.get(place) else {
        return Err(Refusal::new("missing_field", "events", "a command of an export has events"));
    };
    of_event(event, &past.events[..place]).map_err(|refusal| {
        let field = refusal.field.as_deref().map_or_else(String::new, |field| format!(".data.{field}"));
        refusal.at(format!("events[{place}]{field}"))
    })
}

/// Without a default: whoever adds an event says which command it comes of.
fn of_event(told: &Event, before: &[Event]) -> Result<Retold, Refusal> {
    let command = match told {
        Event::TransactionCreated(event) => parse("create_transaction", &plain(&event.transaction).into())?,
        Event::TransactionUpdated(event) => parse("update_transaction", &changes(event))?,
        Event::TransactionDeleted(event) => {
            parse("delete_transaction", &json!({"id": event.transaction.id}))?
        }
        Event::BudgetSet(event) => parse("set_budget", &value(event))?,
        Event::BudgetRemoved(event) => parse("remove_budget", &value(event))?,
        Event::PreferencesSet(event) => parse("set_preferences", &value(event))?,
        Event::ExchangeRateRecorded(event) => parse("record_exchange_rate", &value(event))?,
        Event::AccountOpened(event) => parse("open_account", &value(event))?,
        Event::AccountClosed(event) => {
            parse("close_account", &json!({"id": event.id, "date": event.closed}))?
        }
        Event::TransactionsImported(event) => Command::ImportTransactions(import(event, before)?),
        Event::ImportUndone(event) => {
            parse("undo_import", &json!({"id": event.import_id, "part": event.part}))?
        }
        Event::ForecastGenerated(event) => {
            let data = json!({
                "category": event.category, "months": event.months.len(), "level": event.level, "as_of": event.as_of,
                "currency": event.currency,
            });
            return parse("generate_forecast", &data).map(|_| Retold::Told(vec![told.clone()]));
        }
        Event::RecurringDeclared(event) => parse("declare_recurring", &declared(event))?,
        Event::RecurringCancelled(event) => parse("cancel_recurring", &json!({"id": event.id}))?,
        Event::RecurringMissed(_) => return Ok(Retold::Told(Vec::new())),
        Event::BudgetThresholdReached(_)
        | Event::BudgetExceeded(_)
        | Event::BudgetRecovered(_)
        | Event::BudgetOverspendPredicted(_)
        | Event::BudgetOverspendPredictionWithdrawn(_)
        | Event::RecurringDetected(_)
        | Event::RecurringPriceChanged(_)
        | Event::RecurringWithdrawn(_)
        | Event::UserErased(_)
        | Event::UserRestored(_) => {
            let text = "no command of an export begins with an event of this type";
            return Err(Refusal::plain("event_does_not_follow", text));
        }
    };
    Ok(Retold::Command(Box::new(command)))
}

fn parse(type_name: &str, data: &Value) -> Result<Command, Refusal> {
    Command::parse(type_name, data.to_string().as_bytes())
}

fn value(event: &impl Serialize) -> Value {
    serde_json::to_value(event).expect("events have text keys, so they are JSON")
}

/// What the command said of a transaction.
fn plain(transaction: &Transaction) -> Map<String, Value> {
    match value(transaction) {
        Value::Object(mut fields) => {
            fields.retain(|name, _| !SETTLED.contains(&name.as_str()));
            fields
        }
        _ => unreachable!("a transaction is an object"),
    }
}

/// What the command said of a schedule.
fn declared(event: &RecurringDeclared) -> Value {
    match value(event) {
        Value::Object(mut fields) => {
            fields.retain(|name, value| !matches!(name.as_str(), "id" | "next_due") && !value.is_null());
            fields.into()
        }
        _ => unreachable!("a schedule is an object"),
    }
}

/// Only what changed is named: what a bank wrote may stay, though no command might write it.
fn changes(event: &TransactionUpdated) -> Value {
    let (old, mut new) = (plain(&event.previous), plain(&event.transaction));
    let emptied = old.keys().filter(|name| !new.contains_key(*name)).cloned().collect::<Vec<_>>();
    new.retain(|name, value| old.get(name) != Some(value));
    new.extend(emptied.into_iter().map(|name| (name, Value::Null)));
    if is_recounted(event) {
        let rate = event.transaction.details.as_ref().and_then(|details| details.rate);
        new.insert("rate".to_owned(), json!(rate));
    }
    new.insert("id".to_owned(), json!(event.transaction.id));
    new.into()
}

/// Whether it does not count as it did, though nothing is written differently that rates go by: then the rate was named.
fn is_recounted(event: &TransactionUpdated) -> bool {
    let TransactionUpdated { transaction: new, previous: old } = event;
    let counted = |of: &Transaction| of.details.as_ref().and_then(|details| details.counted);
    let budgeted =
        |of: &Transaction| of.details.as_ref().map_or_else(Box::default, |details| details.budgeted.clone());
    let now = budgeted(new);
    old.has_rates_of(new)
        && (old.counts() && new.counts())
        && (counted(old) != counted(new) || budgeted(old).iter().any(|known| !now.contains(known)))
}

/// The rows that became transactions, or posted some; the others are only counted.
fn import(event: &TransactionsImported, before: &[Event]) -> Result<ImportTransactions, Refusal> {
    let mut rows = Vec::with_capacity(before.len());
    let mut ids = Vec::with_capacity(before.len());
    for event in before {
        let transaction = match event {
            Event::TransactionCreated(event) => &event.transaction,
            Event::TransactionUpdated(event) => &event.transaction,
            _ => {
                let text = "an import creates and posts transactions, and nothing else comes before it";
                return Err(Refusal::plain("event_does_not_follow", text));
            }
        };
        rows.push(ImportRow::of(transaction)?);
        ids.push(transaction.id.clone());
    }
    if rows.len() > ImportTransactions::MOST_ROWS {
        return Err(Refusal::new("too_many_rows", "transactions", "no command imports so many"));
    }
    Ok(ImportTransactions {
        import_id: Some(event.import_id.clone()),
        part: event.part,
        account: event.account.clone(),
        currency: None,
        source: event.source.clone(),
        rows: rows.into(),
        given: Given(Some(ids.into())),
    })
}
