//! Questions to one user's state.

use crate::{PageKey, PageRange, Refusal, UserState};

/// Every question there is.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {}

impl Query {
    /// Pages still to be inserted before [`Query::range`] and [`Query::answer`]; ask again until empty.
    pub fn missing(&self, _state: &UserState) -> Vec<PageKey> {
        match *self {}
    }

    /// Rows the answer is made from, beyond single pages.
    pub fn range(&self, _state: &UserState) -> Option<PageRange> {
        match *self {}
    }

    /// The answer as JSON.
    pub fn answer(
        &self,
        _state: &UserState,
        _rows: &[(Vec<u8>, Vec<u8>)],
    ) -> Result<serde_json::Value, Refusal> {
        match *self {}
    }
}
