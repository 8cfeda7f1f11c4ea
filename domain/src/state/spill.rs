//! Keeping the root page small: the oldest goes to pages of its own.

use super::UserState;
use super::pages::Page;
use super::rows::Pointer;
use crate::PageKey;
use crate::stable_hash::id_hash;

/// How much the root page may hold. Only a matter of speed: states made under different limits understand each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Decided commands in the tail.
    pub tail: usize,
    /// Decided commands that leave it at a time: one write of the store for several.
    pub tail_evicted: usize,
    /// Month totals.
    pub cells: usize,
    /// Whether what leaves the tail is kept in pages: lists need that, figures do not.
    pub rows: bool,
    /// Payees whose last payments are remembered, besides those with a schedule.
    pub traces: usize,
    /// Payees that leave it at a time.
    pub traces_evicted: usize,
}

impl Limits {
    /// What a user of ordinary diligence does in a month or two.
    pub(super) const ORDINARY: Self =
        Self { tail: 48, tail_evicted: 16, cells: 96, traces: 16, traces_evicted: 8, rows: true };

    /// For somebody who is asked for figures only, and never stored.
    pub(super) const FIGURES: Self = Self { rows: false, ..Self::ORDINARY };

    /// So small that a few commands spill.
    #[cfg(test)]
    pub(super) const TINY: Self =
        Self { tail: 3, tail_evicted: 2, cells: 3, traces: 2, traces_evicted: 1, rows: true };

    #[cfg(test)]
    pub(super) const TINY_FIGURES: Self = Self { rows: false, ..Self::TINY };
}

impl UserState {
    /// Called after every command, so that memory and replay spill at the same places.
    pub(super) fn spill(&mut self) {
        while self.root.tail.len() > self.limits.tail {
            self.spill_tail();
        }
        while self.root.cells.len() > self.limits.cells {
            self.spill_oldest_year();
        }
        self.spill_traces();
    }

    fn spill_tail(&mut self) {
        let mut ordinals = self.root.first_ordinal()..;
        let oldest = self.root.tail.take_oldest(self.limits.tail_evicted);
        if !self.limits.rows {
            return;
        }
        for row in oldest.iter() {
            let (hash, origin) = (id_hash(&row.id()), row.origin());
            if !row.created() {
                self.root.spilled_seen = true;
                self.pages.put(PageKey::SeenId(hash), Some(Page::Seen(origin)));
                continue;
            }
            self.root.spilled_transactions = true;
            let ordinal = ordinals.next().expect("there is always another number");
            if row.id().is_forgotten() {
                continue;
            }
            let pointer = Pointer { origin, ordinal, date: row.date() };
            self.pages.put(PageKey::Transaction(hash), Some(Page::Pointer(pointer)));
            if let Some(transaction) = row.transaction(&self.root.categories) {
                let key = PageKey::ByDate(transaction.date, ordinal);
                self.pages.put(key, Some(Page::Transaction(Box::new(transaction))));
            }
        }
    }

    /// A year spills once; from then on its totals are in its pages only.
    fn spill_oldest_year(&mut self) {
        let Some((year, cells)) = self.root.cells.take_oldest_year() else {
            return;
        };
        if let Err(place) = self.root.spilled_years.binary_search(&year) {
            self.root.spilled_years.insert(place, year);
        }
        for cell in cells.iter() {
            let page = PageKey::Totals { year, block: cell.line.block() };
            self.pages.totals_mut(page).adopt(&cell);
        }
    }
}
