//! One user's state.

use crate::{Entry, Handled, Input, PageError, PageKey};

/// One user's state, as much of it as is loaded.
#[derive(Debug, Clone, Default)]
pub struct UserState {}

impl UserState {
    /// A user from their root page (`None`: never seen).
    pub fn from_root(_root: Option<&[u8]>) -> Result<Self, PageError> {
        unimplemented!()
    }

    /// Journal position up to which this state is complete: (sequence, chain hash) of the last applied commit record.
    pub fn applied(&self) -> (u64, u64) {
        unimplemented!()
    }

    /// Notes that the state is complete up to this commit record. Written with the root page.
    pub fn set_applied(&mut self, _sequence: u64, _hash: u64) {
        unimplemented!()
    }

    /// Pages that must be inserted before `input` can be handled; ask again until empty.
    pub fn missing(&self, _input: &Input) -> Vec<PageKey> {
        unimplemented!()
    }

    /// Pages that must be inserted before `entry` can be applied; ask again until empty.
    pub fn missing_to_apply(&self, _entry: &Entry) -> Vec<PageKey> {
        unimplemented!()
    }

    /// Adds a loaded page (`None`: there is no such page).
    pub fn insert(&mut self, _key: PageKey, _bytes: Option<&[u8]>) -> Result<(), PageError> {
        unimplemented!()
    }

    /// Decides, evolves and reacts. `sequence` is that of the commit record the outcome will be in.
    pub fn handle(&mut self, _input: &Input, _sequence: u64) -> Handled {
        unimplemented!()
    }

    /// Applies what the journal says was decided: the same effect on the state as [`UserState::handle`] had.
    pub fn apply(&mut self, _entry: &Entry, _sequence: u64) {
        unimplemented!()
    }

    /// Takes the pages changed since the last call: key bytes and the new bytes (`None`: delete).
    pub fn take_changed(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        unimplemented!()
    }

    /// Forgets unchanged pages that posting alone does not need.
    pub fn trim(&mut self) {
        unimplemented!()
    }

    /// True while a change is being made: seen from outside only after a panic in the middle of one.
    pub fn mid_change(&self) -> bool {
        unimplemented!()
    }

    /// About how many bytes of memory this state takes.
    pub fn weight(&self) -> usize {
        unimplemented!()
    }
}
