//! What happened to preferences.

use crate::preferences::Preferences;
use serde::{Deserialize, Serialize};

/// A user's preferences are these now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PreferencesSet {
    /// All of them.
    pub preferences: Preferences,
}
