//! One user's state: the root page, and whatever other pages are loaded.
//!
//! `root` (`extras`: `accounts`, `rates`), `pages`, `tail` (`rows`, `kept`), `cells` (`packed`, `levels`, `line`, `thirds`, `all_spending`), `predictions`, `recurring`, `categories` hold it ·
//! `view`, `calendar`, `totals` and `spending` are what commands and queries may ask it · `missing` says which pages a command needs · `handle` is
//! a command's way through it (`settle`: what a transaction in another currency counts as (`counting`), and does to accounts; `convert`: what a new budget finds) ·
//! `imports` remembers what each import made · `erase` starts afresh, `restore` brings a past back · `evolve` applies events ·
//! `react` finds the alerts that follow (`rollover`: by which limits), `predict` the predictions, `recur` what comes again or does not, `alarm` when somebody should look · `spill` keeps the root page small.

mod accounts;
mod alarm;
mod all_spending;
mod calendar;
mod categories;
mod cells;
mod convert;
mod counting;
mod erase;
mod evolve;
mod extras;
mod handle;
mod imports;
mod kept;
mod levels;
mod line;
mod missing;
mod packed;
mod pages;
mod predict;
mod predictions;
#[cfg(test)]
mod properties;
mod rates;
mod react;
mod recur;
mod recurring;
mod restore;
mod rollover;
mod root;
mod rows;
mod settle;
mod spending;
mod spill;
mod tail;
mod thirds;
mod totals;
mod view;

pub(crate) use categories::Categories;
pub(crate) use erase::page_of;
pub(crate) use line::Line;
pub(crate) use predictions::Predicted;
pub(crate) use rates::RateYears;
pub(crate) use spending::{Spending, TotalsRead};

use crate::{PageError, PageKey};
use pages::Pages;
use root::Root;
use spill::Limits;

#[cfg(test)]
impl UserState {
    /// As [`UserState::from_root`], with a root page so small that everything spills.
    pub(crate) fn tiny(root: Option<&[u8]>) -> Result<Self, PageError> {
        Ok(Self { limits: &Limits::TINY, ..Self::from_root(root)? })
    }

    /// As [`UserState::figures`], with everything in pages.
    pub(crate) fn tiny_figures() -> Self {
        Self { limits: &Limits::TINY_FIGURES, ..Self::default() }
    }
}

/// One user's state, as much of it as is loaded.
#[derive(Debug, Clone)]
pub struct UserState {
    root: Root,
    root_changed: bool,
    pages: Pages,
    mid_change: bool,
    limits: &'static Limits,
}

impl Default for UserState {
    fn default() -> Self {
        let limits = &Limits::ORDINARY;
        Self {
            root: Root::default(),
            root_changed: false,
            pages: Pages::default(),
            mid_change: false,
            limits,
        }
    }
}

impl UserState {
    /// A user from their root page (`None`: never seen).
    pub fn from_root(root: Option<&[u8]>) -> Result<Self, PageError> {
        let root = root.map(Root::decode).transpose()?.unwrap_or_default();
        Ok(Self { root, ..Self::default() })
    }

    /// A user never seen, of whom only figures are kept: single transactions that leave the root page are forgotten.
    pub(crate) fn figures() -> Self {
        Self { limits: &Limits::FIGURES, ..Self::default() }
    }

    /// Notes that there is no such page.
    pub(crate) fn note_absent(&mut self, key: PageKey) {
        self.pages.note_absent(key);
    }

    /// Journal position up to which this state is complete: (sequence, chain hash) of the last applied commit record.
    pub fn applied(&self) -> (u64, u64) {
        self.root.applied
    }

    /// Notes that the state is complete up to this commit record. Written with the root page.
    pub fn set_applied(&mut self, sequence: u64, hash: u64) {
        if self.root.applied != (sequence, hash) {
            self.root.applied = (sequence, hash);
            self.root_changed = true;
        }
    }

    /// Adds a loaded page (`None`: there is no such page). What is loaded already is newer, and stays.
    pub fn insert(&mut self, key: PageKey, bytes: Option<&[u8]>) -> Result<(), PageError> {
        self.pages.insert(key, bytes)
    }

    /// Adds a loaded run of pages, the answer to [`UserState::run`].
    pub fn insert_run(&mut self, key: PageKey, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), PageError> {
        for (stored, bytes) in rows {
            let row = page_of(stored).ok_or_else(|| PageError::new(key, "no page has this name"))?;
            self.pages.insert(row, Some(bytes))?;
        }
        self.pages.note_absent(key);
        Ok(())
    }

    /// Takes the pages changed since the last call: key bytes and the new bytes (`None`: delete).
    pub fn take_changed(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut changed = Vec::new();
        if std::mem::take(&mut self.root_changed) {
            changed.push((PageKey::Root.to_bytes(), Some(self.root.encode())));
        }
        self.pages.take_changed(self.life_number(), &mut changed);
        changed
    }

    /// Forgets unchanged pages that posting alone does not need: all but the totals of the two newest spilled
    /// years (predictions look back twelve months).
    pub fn trim(&mut self) {
        let (_, newest) = self.root.spilled_years.split_at(self.root.spilled_years.len().saturating_sub(2));
        self.pages.retain(|key| matches!(key, PageKey::Totals { year, .. } if newest.contains(&year)));
    }

    /// Reads a little of what a command looks into at first: not there yet, it has the processor fetch it from memory, for
    /// several users at the same time if asked one after the other. The answer means nothing.
    pub fn touch(&self) -> u8 {
        let Root { categories, budgets, cells, tail, .. } = &self.root;
        categories.touch() ^ budgets.touch() ^ cells.touch() ^ tail.touch()
    }

    /// True while a change is being made: seen from outside only after a panic in the middle of one.
    pub fn mid_change(&self) -> bool {
        self.mid_change
    }

    /// About how many bytes of memory this state takes.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.root.weight() + self.pages.weight()
    }
}
