//! The pages besides the root page that happen to be loaded.

use super::cells::Cells;
use super::erase::stored_key;
use super::rates::YearOfRates;
use super::rows::{Origin, Pointer};
use crate::memory::vec_heap;
use crate::recurring::Trace;
use crate::transaction::Transaction;
use crate::{CommandId, PageError, PageKey};
use std::collections::BTreeMap;

/// What a page holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Page {
    /// See [`PageKey::Transaction`].
    Pointer(Pointer),
    /// See [`PageKey::ByDate`].
    Transaction(Box<Transaction>),
    /// See [`PageKey::SeenId`].
    Seen(Origin),
    /// See [`PageKey::Totals`].
    Totals(Cells),
    /// See [`PageKey::Rates`].
    Rates(YearOfRates),
    /// See [`PageKey::Import`].
    Import(Box<[CommandId]>),
    /// See [`PageKey::Payee`].
    Trace(Trace),
}

impl Page {
    fn decode(key: PageKey, bytes: &[u8]) -> Result<Self, PageError> {
        let page = match key {
            PageKey::Transaction(_) => postcard::from_bytes(bytes).map(Self::Pointer),
            PageKey::ByDate(..) => postcard::from_bytes(bytes).map(|row| Self::Transaction(Box::new(row))),
            PageKey::SeenId(_) => postcard::from_bytes(bytes).map(Self::Seen),
            PageKey::Totals { .. } => postcard::from_bytes(bytes).map(Self::Totals),
            PageKey::Rates { .. } => postcard::from_bytes(bytes).map(Self::Rates),
            PageKey::Import(_) => postcard::from_bytes(bytes).map(Self::Import),
            PageKey::Payee(_) => postcard::from_bytes(bytes).map(Self::Trace),
            PageKey::Root => return Err(PageError::new(key, "the root page is read by itself")),
            PageKey::Month(_) => return Err(PageError::new(key, "it is a run of pages, and no page")),
        };
        page.map_err(|error| PageError::new(key, error))
    }

    fn encode(&self) -> Vec<u8> {
        let bytes = match self {
            Self::Pointer(pointer) => postcard::to_allocvec(pointer),
            Self::Transaction(transaction) => postcard::to_allocvec(transaction),
            Self::Seen(origin) => postcard::to_allocvec(origin),
            Self::Totals(cells) => postcard::to_allocvec(cells),
            Self::Rates(rates) => postcard::to_allocvec(rates),
            Self::Import(transactions) => postcard::to_allocvec(transactions),
            Self::Trace(trace) => postcard::to_allocvec(trace),
        };
        bytes.expect("pages are plain data, and a Vec takes all of it")
    }

    fn weight(&self) -> usize {
        match self {
            Self::Transaction(_) => size_of::<Transaction>() + 64,
            Self::Totals(cells) => cells.weight(),
            Self::Rates(rates) => vec_heap(rates),
            Self::Import(transactions) => transactions.len() * 64,
            Self::Trace(trace) => trace.weight(),
            Self::Pointer(_) | Self::Seen(_) => 0,
        }
    }
}

#[derive(Debug, Clone)]
struct Slot {
    page: Option<Page>,
    changed: bool,
}

/// Loaded pages, and whether they are as stored. A page known not to be there is loaded, too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages(BTreeMap<PageKey, Slot>);

impl Pages {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_loaded(&self, key: PageKey) -> bool {
        self.0.contains_key(&key)
    }

    pub(crate) fn get(&self, key: PageKey) -> Option<&Page> {
        self.0.get(&key)?.page.as_ref()
    }

    /// All that are there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PageKey, &Page)> {
        self.0.iter().filter_map(|(key, slot)| Some((*key, slot.page.as_ref()?)))
    }

    /// Adds a page as it is stored. What is loaded already is newer, and stays.
    pub(crate) fn insert(&mut self, key: PageKey, bytes: Option<&[u8]>) -> Result<(), PageError> {
        if !self.is_loaded(key) {
            let page = bytes.map(|bytes| Page::decode(key, bytes)).transpose()?;
            self.0.insert(key, Slot { page, changed: false });
        }
        Ok(())
    }

    /// Notes that there is no such page, unless it is loaded.
    pub(crate) fn note_absent(&mut self, key: PageKey) {
        self.0.entry(key).or_insert(Slot { page: None, changed: false });
    }

    /// Writes a page; `None` deletes it.
    pub(crate) fn put(&mut self, key: PageKey, page: Option<Page>) {
        self.0.insert(key, Slot { page, changed: true });
    }

    /// Totals to be changed; empty ones if there is no such page.
    pub(crate) fn totals_mut(&mut self, key: PageKey) -> &mut Cells {
        let slot = self.0.entry(key).or_insert(Slot { page: None, changed: true });
        slot.changed = true;
        let page = slot.page.get_or_insert_with(|| Page::Totals(Cells::default()));
        match page {
            Page::Totals(cells) => cells,
            _ => unreachable!("pages are decoded by their key, and totals are asked for by a totals key"),
        }
    }

    /// Forgets that a page was looked for and not found.
    pub(crate) fn forget_absent(&mut self, key: PageKey) {
        if self.0.get(&key).is_some_and(|slot| slot.page.is_none() && !slot.changed) {
            self.0.remove(&key);
        }
    }

    /// The changed pages, under the keys of a life (see `erase`).
    pub(crate) fn take_changed(&mut self, life: u32, out: &mut Vec<(Vec<u8>, Option<Vec<u8>>)>) {
        for (key, slot) in self.0.iter_mut().filter(|(_, slot)| slot.changed) {
            slot.changed = false;
            out.push((stored_key(life, *key), slot.page.as_ref().map(Page::encode)));
        }
    }

    /// Drops what is as stored and not wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(PageKey) -> bool) {
        self.0.retain(|key, slot| slot.changed || (slot.page.is_some() && wanted(*key)));
    }

    /// About how many bytes of heap they take.
    pub(crate) fn weight(&self) -> usize {
        let each = |slot: &Slot| size_of::<(PageKey, Slot)>() + slot.page.as_ref().map_or(0, Page::weight);
        self.0.values().map(each).sum()
    }
}
