//! Starting afresh after an erasure.
//!
//! What was before may be in many pages, too many to delete in one write that a crash can't tear. So each life of a user
//! has pages of its own: from the erasure on keys begin with the life's number, nothing reads the old pages any more, and
//! whoever stores pages removes them when it likes ([`UserState::take_sweep`]).

use super::UserState;
use super::pages::Pages;
use super::root::Root;
use crate::{PageKey, PageRange};
use serde::{Deserialize, Serialize};

/// Above every page's own first byte: what begins with it is a page of a later life.
const LATER: u8 = 0xf0;

/// A user's life after an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Life {
    /// How often the user was erased.
    number: u32,
    /// Of the commit record with the last erasure.
    since: u64,
    /// The pages of earlier lives are gone.
    swept: bool,
}

/// A page's key within a user, as it is stored: `number` is that of the life.
pub(crate) fn stored_key(number: u32, key: PageKey) -> Vec<u8> {
    let bytes = key.to_bytes();
    if number == 0 || key == PageKey::Root {
        return bytes;
    }
    [&[LATER], &number.to_be_bytes()[..], &bytes].concat()
}

/// The page that a stored key names, of whatever life.
pub(crate) fn page_of(bytes: &[u8]) -> Option<PageKey> {
    match bytes {
        [LATER, _, _, _, _, rest @ ..] => PageKey::from_bytes(rest),
        _ => PageKey::from_bytes(bytes),
    }
}

impl UserState {
    /// The bytes a page is stored under.
    pub fn stored_key(&self, key: PageKey) -> Vec<u8> {
        stored_key(self.life_number(), key)
    }

    /// Sequence of the commit record that the user was last erased in; 0: never.
    pub(crate) fn erased_at(&self) -> u64 {
        self.root.life.as_ref().map_or(0, |life| life.since)
    }

    /// Which stored pages are to be removed because of an erasure, if any: after the changed pages are stored, and before
    /// those that change by this call.
    pub fn take_sweep(&mut self) -> Option<PageRange> {
        let life = self.root.life.as_mut().filter(|life| !life.swept)?;
        life.swept = true;
        self.root_changed = true;
        let to = [&[LATER], &life.number.to_be_bytes()[..]].concat();
        // All keys but the root page's, up to those of this life.
        let from = vec![PageKey::Root.to_bytes()[0] + 1];
        Some(PageRange { from, to, descending: false, limit: usize::MAX })
    }

    pub(super) fn life_number(&self) -> u32 {
        self.root.life.as_ref().map_or(0, |life| life.number)
    }

    /// Only the position in the journal and the life's number are left.
    pub(super) fn erase(&mut self, sequence: u64) {
        let number = self.life_number().checked_add(1).expect("nobody is erased so often");
        let life = Some(Box::new(Life { number, since: sequence, swept: false }));
        self.root = Root { applied: self.root.applied, life, ..Root::default() };
        self.pages = Pages::default();
    }
}
