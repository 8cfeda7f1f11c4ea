//! `remove_budget`: a category has no limit any more.

use super::{Context, Decide};
use crate::events::BudgetRemoved;
use crate::read::from_json;
use crate::values::CATEGORY;
use crate::{Event, Refusal, UserState};
use serde::Deserialize;

/// Takes a category's budget away, from all months.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RemoveBudget {
    /// The category.
    pub category: Box<str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    category: String,
}

impl Decide for RemoveBudget {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self { category: CATEGORY.check(raw.category, "category")? })
    }

    fn decide(&self, state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        if state.budget(&self.category).is_none() {
            return Err(Refusal::new("not_found", "category", "this category has no budget"));
        }
        Ok(vec![Event::BudgetRemoved(BudgetRemoved { category: self.category.clone() })])
    }
}
