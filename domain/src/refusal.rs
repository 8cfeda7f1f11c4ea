//! Refusals: every "no" has a name, and says which field is at fault.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Why a command was not accepted. `code` is stable and documented; `text` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Refusal {
    /// Stable name, e.g. `amount_not_positive`.
    pub code: Cow<'static, str>,
    /// The JSON field at fault, as a path (`splits[1].amount`), where one is.
    pub field: Option<Cow<'static, str>>,
    /// What is wrong and what would be right.
    pub text: Cow<'static, str>,
}

impl Refusal {
    /// A refusal that names a field.
    pub fn new(
        code: &'static str,
        field: impl Into<Cow<'static, str>>,
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { code: Cow::Borrowed(code), field: Some(field.into()), text: text.into() }
    }

    /// A refusal that concerns no field, or whose field is named later by [`Refusal::at`].
    pub fn plain(code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Cow::Borrowed(code), field: None, text: text.into() }
    }

    /// The same, naming the field.
    #[must_use]
    pub fn at(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }
}
