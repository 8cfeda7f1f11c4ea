//! What a shard's memory is counted by, one a user: kept by the actor, read by the directory.

use std::cell::Cell;
use std::rc::Rc;

/// What an actor costs besides its state: mailbox, task, directory entry (measured with actix 0.13: 0.8–0.9 KB).
const ACTOR_OVERHEAD: usize = 1_000;

/// Memory one user takes, and whether the page store lacks a change of theirs.
pub(crate) struct Footprint {
    weight: Cell<usize>,
    dirty: Cell<bool>,
    /// The directory has forgotten the user; their pages may still be on their way.
    released: Cell<bool>,
    /// All users' weights of the directory.
    total: Rc<Cell<usize>>,
}

impl Footprint {
    /// A user just found, counted from now on.
    pub(crate) fn new(total: Rc<Cell<usize>>) -> Self {
        let footprint =
            Self { weight: Cell::new(0), dirty: Cell::new(false), released: Cell::new(false), total };
        footprint.weigh(0);
        footprint
    }

    /// Notes what the user's state weighs now, unless the user was let go.
    pub(crate) fn weigh(&self, state: usize) {
        if !self.released.get() {
            self.count(state + ACTOR_OVERHEAD);
        }
    }

    /// Notes a change. True if there was none since the pages were taken.
    pub(crate) fn changed(&self) -> bool {
        !self.dirty.replace(true)
    }

    /// Whether there are changed pages to take; after this there are none.
    pub(crate) fn take_dirty(&self) -> bool {
        self.dirty.take()
    }

    /// The user is let go.
    pub(crate) fn release(&self) {
        self.released.set(true);
        self.count(0);
    }

    fn count(&self, weight: usize) {
        self.total.set(self.total.get() + weight - self.weight.replace(weight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_let_go_weighs_nothing_whatever_is_weighed_afterwards() {
        let total = Rc::default();
        let footprint = Footprint::new(Rc::clone(&total));
        footprint.weigh(500);
        assert_eq!(total.get(), 500 + ACTOR_OVERHEAD);
        footprint.release();
        footprint.weigh(500);
        assert_eq!(total.get(), 0);
    }
}
