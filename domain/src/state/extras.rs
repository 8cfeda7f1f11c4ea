//! What most users do not have: one pointer in the root page for all of it.

use super::rates::RateYears;
use super::restore::Restoring;
use super::root::Root;
use crate::account::Accounts;
use crate::memory::heap;
use crate::preferences::Preferences;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extras {
    /// What the user prefers.
    pub preferences: Option<Preferences>,
    /// Their accounts.
    pub accounts: Accounts,
    /// Which exchange rates there are.
    pub rates: RateYears,
    /// A restore that is not whole yet.
    pub restoring: Option<Box<Restoring>>,
}

impl Extras {
    /// About how many bytes of heap they take, their own included.
    pub(super) fn weight(&self) -> usize {
        let texts = |preferences: &Preferences| {
            heap(preferences.time_zone.name().len()) + heap(preferences.thresholds.len() * 2)
        };
        heap(size_of::<Self>())
            + self.preferences.as_ref().map_or(0, texts)
            + self.accounts.weight()
            + self.rates.weight()
            + self.restoring.as_deref().map_or(0, size_of_val)
    }
}

impl Root {
    /// The extras, to be changed.
    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}
