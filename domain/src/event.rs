//! Events: facts, in the past tense.

use serde::{Deserialize, Serialize};

/// Every event there is. The order of the variants is the journal's format: append only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {}

impl Event {
    /// The wire names of all events.
    pub fn types() -> &'static [&'static str] {
        &["transaction_created", "transaction_updated", "transaction_deleted", "budget_set", "budget_removed",
          "budget_threshold_reached", "budget_exceeded", "budget_recovered"]
    }

    /// This event's wire name.
    pub fn type_name(&self) -> &'static str {
        match *self {}
    }

    /// Its place in [`Event::types`].
    pub fn type_index(&self) -> usize {
        match *self {}
    }

    /// Appends the public JSON `data` of this event.
    pub fn write_json(&self, _out: &mut Vec<u8>) {
        match *self {}
    }

    /// True for what a person wants to be woken for (threshold reached, exceeded, recovered).
    pub fn is_alert(&self) -> bool {
        match *self {}
    }
}
