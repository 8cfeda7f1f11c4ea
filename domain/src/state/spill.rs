//! Keeping the root page small: the oldest goes to pages of its own.

use super::UserState;
use super::pages::Page;
use super::rows::{Pointer, TailRow};
use crate::PageKey;

/// Categories a page of totals holds: with 12 months and one currency at most 384 cells, about 8 kB.
pub(super) const BLOCK: u16 = 32;

/// How much the root page may hold. Only a matter of speed: states made under different limits understand each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Transactions in the tail.
    pub tail: usize,
    /// Transactions that leave it at a time: one write of the store for several.
    pub tail_evicted: usize,
    /// Decided commands that made no transaction.
    pub seen: usize,
    /// Decided commands that leave at a time.
    pub seen_evicted: usize,
    /// Month totals.
    pub cells: usize,
}

#[cfg(test)]
impl Limits {
    /// So small that a few commands spill.
    pub(super) const TINY: Self = Self { tail: 3, tail_evicted: 2, seen: 2, seen_evicted: 1, cells: 3 };
}

impl Default for Limits {
    fn default() -> Self {
        Self { tail: 32, tail_evicted: 16, seen: 64, seen_evicted: 16, cells: 96 }
    }
}

impl UserState {
    /// Called after every command, so that memory and replay spill at the same places.
    pub(super) fn spill(&mut self) {
        if self.root.tail.len() > self.limits.tail {
            self.spill_transactions();
        }
        if self.root.seen.len() > self.limits.seen {
            self.spill_seen();
        }
        while self.root.cells.len() > self.limits.cells {
            self.spill_oldest_year();
        }
    }

    fn spill_transactions(&mut self) {
        self.root.spilled_transactions = true;
        let evicted: Vec<TailRow> = self.root.tail.drain(..self.limits.tail_evicted).collect();
        for row in evicted {
            let transaction = row.transaction();
            let date = transaction.as_ref().map(|transaction| transaction.date);
            let pointer = Pointer { origin: row.origin, ordinal: row.ordinal, date };
            self.pages.put(PageKey::Transaction(row.hash), Some(Page::Pointer(pointer)));
            if let Some(transaction) = transaction {
                let key = PageKey::ByDate(transaction.date, row.ordinal);
                self.pages.put(key, Some(Page::Transaction(Box::new(transaction))));
            }
        }
    }

    fn spill_seen(&mut self) {
        self.root.spilled_seen = true;
        for seen in self.root.seen.drain(..self.limits.seen_evicted) {
            self.pages.put(PageKey::SeenId(seen.hash), Some(Page::Seen(seen.origin)));
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
        for cell in cells {
            let page = PageKey::Totals { year, block: cell.category / BLOCK };
            let key = cell.key();
            *self.pages.totals_mut(page).entry(key) = cell;
        }
    }
}
