//! `undo_import`: what an import created never was, and may be imported again.

use super::{Context, Decide};
use crate::events::{ImportUndone, TransactionDeleted};
use crate::read::{Field, from_json};
use crate::{CommandId, Event, PageKey, Refusal, UserState};
use serde::Deserialize;

/// Takes one part of an import back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UndoImport {
    /// Which import.
    pub id: CommandId,
    /// Which part of it, from 1; 1 if left out.
    pub part: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Field<CommandId>,
    part: Option<u32>,
}

impl Decide for UndoImport {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self { id: raw.id.at("id")?, part: raw.part.unwrap_or(1) })
    }

    fn needs_pages(&self) -> bool {
        true
    }

    fn pages(&self, state: &UserState, _context: &Context<'_>, keys: &mut Vec<PageKey>) {
        state.add(PageKey::import(&self.id, self.part), keys);
        for id in state.import(&self.id, self.part).unwrap_or_default() {
            state.add_transaction(id, keys);
        }
    }

    /// What is undone already is undone: no events. What the user changed since is deleted with the rest; what they
    /// deleted themselves is only forgotten.
    fn decide(&self, state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let not_found = || Refusal::new("not_found", "id", "there is no such import, or no such part of it");
        let ids = state.import(&self.id, self.part).ok_or_else(not_found)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let there = ids.iter().filter_map(|id| state.transaction(id).ok());
        let mut events: Vec<Event> =
            there.map(|transaction| Event::TransactionDeleted(TransactionDeleted { transaction })).collect();
        events.push(Event::ImportUndone(Box::new(ImportUndone {
            import_id: self.id.clone(),
            part: self.part,
            deleted: u32::try_from(events.len()).expect("no more than were imported"),
            transactions: ids.into(),
        })));
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use serde_json::{Value, json};

    fn rows(payees: &[&str]) -> Value {
        let row =
            |payee: &&str| json!({"date": "2026-02-03", "amount": "-60", "payee": payee, "category": "Food"});
        json!({"account": "Giro", "rows": payees.iter().map(row).collect::<Vec<_>>()})
    }

    fn imported() -> Story {
        Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
            .when_as("file", "import_transactions", rows(&["a", "b"]))
    }

    #[test]
    fn an_undone_import_is_gone_and_may_be_imported_again() {
        imported()
            .when("undo_import", json!({"id": "file"}))
            .then_events(&[
                "transaction_deleted",
                "transaction_deleted",
                "import_undone",
                "budget_recovered",
                "budget_recovered",
                "budget_recovered",
            ])
            .when("undo_import", json!({"id": "file"}))
            .then_events(&[])
            .when("import_transactions", rows(&["a", "b"]))
            .then_events(&[
                "transaction_created",
                "transaction_created",
                "transactions_imported",
                "budget_threshold_reached",
                "budget_threshold_reached",
                "budget_exceeded",
            ]);
    }

    #[test]
    fn what_was_imported_before_is_not_this_imports_to_delete() {
        imported()
            .when_as("more", "import_transactions", rows(&["a", "b", "c"]))
            .then_events(&["transaction_created", "transactions_imported"])
            .when("undo_import", json!({"id": "more"}))
            .then_events(&["transaction_deleted", "import_undone"]);
    }

    #[test]
    fn undoing_works_wherever_the_transactions_are_by_now() {
        let mut story =
            Story::tiny().when_as("file", "import_transactions", rows(&["a", "b", "c", "d", "e", "f"]));
        for round in 0..3 {
            story.reload();
            story = story.when(
                "undo_import",
                json!({"id": if round == 0 { "file".to_owned() } else { format!("again{round}") }}),
            );
            story.reload();
            let again = format!("again{}", round + 1);
            story = story.when_as(&again, "import_transactions", rows(&["a", "b", "c", "d", "e", "f"]));
        }
        let items =
            story.ask(&crate::Query::Transactions(crate::TransactionsQuery::default())).expect("answered");
        assert_eq!(items["items"].as_array().map(Vec::len), Some(6));
        let balance = story.ask(&crate::Query::Balance).expect("answered");
        assert_eq!(balance["items"][0]["balance"], "-360");
    }

    #[test]
    fn an_import_that_never_was_is_not_found() {
        imported()
            .when("undo_import", json!({"id": "nobody"}))
            .then_refused("not_found", "id")
            .when("undo_import", json!({"id": "file", "part": 2}))
            .then_refused("not_found", "id")
            .when("undo_import", json!({}))
            .then_refused("missing_field", "id");
    }
}
