//! What each import made, in pages of their own: to undo it by.

use super::UserState;
use super::pages::Page;
use crate::stable_hash::id_hash;
use crate::{CommandId, PageKey};

impl UserState {
    /// The transactions an import made (none: it is undone); `None` if there was no such import.
    pub(crate) fn import(&self, id: &CommandId, part: u32) -> Option<&[CommandId]> {
        match self.pages.get(PageKey::import(id, part)) {
            Some(Page::Import(transactions)) => Some(transactions),
            _ => None,
        }
    }

    /// Whether there is, or was, a transaction of this id. Needs [`UserState::add_place`].
    pub(crate) fn knows_transaction(&self, id: &CommandId) -> bool {
        match self.root.tail.find(id) {
            Some(row) => row.created(),
            None => matches!(self.pages.get(PageKey::Transaction(id_hash(id))), Some(Page::Pointer(_))),
        }
    }

    /// Names the page that says where a transaction is, if the root page does not know.
    pub(crate) fn add_place(&self, id: &CommandId, keys: &mut Vec<PageKey>) {
        if self.root.spilled_transactions && self.root.tail.find(id).is_none() {
            self.add(PageKey::Transaction(id_hash(id)), keys);
        }
    }

    pub(super) fn note_import(&mut self, id: &CommandId, part: u32, transactions: &[CommandId]) {
        if self.limits.rows {
            self.pages.put(PageKey::import(id, part), Some(Page::Import(transactions.into())));
        }
    }

    /// The transactions are deleted already; now nothing knows of them.
    pub(super) fn forget_import(&mut self, id: &CommandId, part: u32, transactions: &[CommandId]) {
        self.note_import(id, part, &[]);
        for id in transactions {
            if !self.root.tail.forget(id) && self.limits.rows {
                self.pages.put(PageKey::Transaction(id_hash(id)), None);
            }
        }
    }
}
