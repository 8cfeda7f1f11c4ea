//! What happened to the user as a whole.

use serde::{Deserialize, Serialize};

/// Nothing that was known of the user is known any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserErased {}
