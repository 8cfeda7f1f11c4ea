//! Names of users and commands.

use crate::Refusal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A user: 1–128 characters of `[A-Za-z0-9._~-]`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Checks length and alphabet; refuses with `invalid_user_id`, field `subject`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-');
        if (1..=128).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Refusal::new("invalid_user_id", "subject", "a user id is 1 to 128 of A-Z a-z 0-9 . _ ~ -"))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A command's id (its Idempotency-Key): 1–255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommandId(Box<str>);

impl CommandId {
    /// Checks length and printability; refuses with `invalid_command_id`, field `id`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            Ok(Self(text.into()))
        } else {
            Err(Refusal::new(
                "invalid_command_id",
                "id",
                "a command id is 1 to 255 printable ASCII characters",
            ))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
