//! What an import would come to, if it were decided now.

use crate::commands::{Context, Decide};
use crate::{CommandId, Event, ImportTransactions, PageKey, Refusal, UserState};
use serde_json::{Value, json};

/// An import that is not to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewQuery {
    /// The import.
    pub command: Box<ImportTransactions>,
    /// The id it would have.
    pub id: CommandId,
}

impl PreviewQuery {
    fn context(&self) -> Context<'_> {
        Context { id: &self.id, time: jiff::Timestamp::UNIX_EPOCH }
    }

    pub(super) fn missing(&self, state: &UserState, keys: &mut Vec<PageKey>) {
        self.command.pages(state, &self.context(), keys);
    }

    /// `{"events": [{"type", "data"}]}`, without the alerts that would follow.
    pub(super) fn answer(&self, state: &UserState) -> Result<Value, Refusal> {
        let events = self.command.decide(state, &self.context())?;
        Ok(json!({"events": events.iter().map(written).collect::<Vec<_>>()}))
    }
}

fn written(event: &Event) -> Value {
    let mut data = Vec::new();
    event.write_json(&mut data);
    let data: Value = serde_json::from_slice(&data).expect("events are written as JSON");
    json!({"type": event.type_name(), "data": data})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;
    use crate::{Command, Query};

    #[test]
    fn a_preview_says_what_the_import_would_and_decides_nothing() {
        let row = |day: u32| json!({"date": format!("2026-02-{day:02}"), "amount": "-5", "payee": "Shop"});
        let file = |days: std::ops::Range<u32>| json!({"account": "Giro", "rows": days.map(row).collect::<Vec<_>>()});
        let mut story = Story::tiny().when("import_transactions", file(1..9));
        story.reload();
        let data = file(5..13);
        let Ok(Command::ImportTransactions(command)) =
            Command::parse("import_transactions", data.to_string().as_bytes())
        else {
            panic!("an import")
        };
        let query = Query::Preview(PreviewQuery {
            command: Box::new(command),
            id: CommandId::parse("p").expect("an id"),
        });
        let preview = story.ask(&query).expect("answered");
        assert_eq!(story.ask(&query).expect("answered"), preview);
        let imported = &preview["events"][4]["data"];
        assert_eq!(
            (&imported["new"], &imported["duplicates"], &imported["import_id"]),
            (&json!(4), &json!(4), &json!("p"))
        );
        story.when("import_transactions", data).then_events(&[
            "transaction_created",
            "transaction_created",
            "transaction_created",
            "transaction_created",
            "transactions_imported",
        ]);
    }

    #[test]
    fn a_preview_knows_the_rates_that_are_not_in_memory() {
        let rate = json!({"base": "USD", "quote": "EUR", "date": "2026-01-01", "rate": "0.5"});
        let budget = json!({"category": "Food", "limit": "100", "currency": "EUR", "from": "2026-01"});
        let mut story = Story::tiny().when("record_exchange_rate", rate).when("set_budget", budget);
        story.reload();
        let row = json!({"date": "2026-02-01", "amount": "-5", "currency": "USD", "category": "Food"});
        let data = json!({"rows": [row]}).to_string();
        let Ok(Command::ImportTransactions(command)) = Command::parse("import_transactions", data.as_bytes())
        else {
            panic!("an import")
        };
        let id = CommandId::parse("p").expect("an id");
        let query = Query::Preview(PreviewQuery { command: Box::new(command), id });
        let preview = story.ask(&query).expect("answered");
        let counted = &preview["events"][0]["data"]["counted"];
        assert_eq!(counted, &json!({"currency": "EUR", "rate": "0.5"}), "{preview}");
    }
}
