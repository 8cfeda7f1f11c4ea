//! The predictions of the month that a user's books have come to.

use crate::events::BudgetOverspendPredicted;
use crate::memory::thin_heap;
use crate::statistics::Share;
use crate::{Amount, Date, Month};
use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

/// What was predicted of a category's month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Predicted {
    /// What will probably have been spent.
    pub amount: Amount,
    /// When the limit will probably be passed.
    pub exceeds_on: Date,
    /// How likely that is.
    pub probability: Share,
}

/// How predictions for a category's month stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prediction {
    /// Which category, by its number.
    pub category: u16,
    /// Which month.
    pub month: Month,
    /// How often something was predicted.
    pub crossings: u32,
    /// What stands; `None`: it was withdrawn.
    pub standing: Option<Predicted>,
}

/// Few at most: those of one month. In the order they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Predictions(ThinVec<Prediction>);

impl Predictions {
    /// What was predicted of a month, standing or not.
    pub(crate) fn of(&self, category: u16, month: Month) -> Option<&Prediction> {
        self.0.iter().find(|known| (known.category, known.month) == (category, month))
    }

    /// Those not withdrawn.
    pub(crate) fn standing(&self) -> impl Iterator<Item = (u16, Month)> {
        self.0.iter().filter(|known| known.standing.is_some()).map(|known| (known.category, known.month))
    }

    /// Notes a prediction.
    pub(crate) fn stand(&mut self, category: u16, event: &BudgetOverspendPredicted) {
        let BudgetOverspendPredicted { month, amount, exceeds_on, probability, crossing, .. } = *event;
        let standing = Some(Predicted { amount, exceeds_on, probability });
        let new = Prediction { category, month, crossings: crossing, standing };
        if let Some(known) =
            self.0.iter_mut().find(|known| (known.category, known.month) == (category, month))
        {
            *known = new;
        } else {
            self.0.push(new);
        }
    }

    /// Withdraws what is predicted of a category's month, or (`None`) of all its months.
    pub(crate) fn withdraw(&mut self, category: u16, month: Option<Month>) {
        let meant = |known: &&mut Prediction| {
            known.category == category && month.is_none_or(|month| known.month == month)
        };
        self.0.iter_mut().filter(meant).for_each(|known| known.standing = None);
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets those of months that are over.
    pub(crate) fn keep_from(&mut self, month: Month) {
        if self.0.iter().any(|known| known.month < month) {
            self.0.retain(|known| known.month >= month);
        }
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        thin_heap(&self.0)
    }
}
