//! Month totals: what was spent in one month, for one category, in one currency, and which levels that has crossed.

use crate::budget::Level;
use crate::{Amount, Currency, Month};
use serde::{Deserialize, Serialize};

/// Names a cell: month, category number, currency. Cells are kept in this order.
pub(crate) type CellKey = (Month, u16, Currency);

/// How spending stands to one level of its budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LevelState {
    /// Which level.
    pub level: Level,
    /// How often it was crossed upwards.
    pub crossings: u32,
    /// Whether spending stands at it now, as far as was announced.
    pub active: bool,
}

/// One month's total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// The month.
    pub month: Month,
    /// The category's number.
    pub category: u16,
    /// The currency of `spent`.
    pub currency: Currency,
    /// How many parts of transactions it is the sum of.
    pub parts: u32,
    /// Expenses less refunds; may be negative.
    pub spent: Amount,
    /// The levels ever crossed.
    pub levels: Vec<LevelState>,
}

impl Cell {
    /// The cell's name.
    pub(crate) fn key(&self) -> CellKey {
        (self.month, self.category, self.currency)
    }

    /// The state of a level, if it was ever crossed.
    pub(crate) fn level(&self, level: Level) -> Option<&LevelState> {
        self.levels.iter().find(|state| state.level == level)
    }

    /// Notes that a level was crossed, upwards or downwards.
    pub(crate) fn cross(&mut self, level: Level, crossings: u32, active: bool) {
        if let Some(state) = self.levels.iter_mut().find(|state| state.level == level) {
            (state.crossings, state.active) = (crossings, active);
        } else {
            // Exactly one more: most cells never cross more than a level or two.
            self.levels.reserve_exact(1);
            self.levels.push(LevelState { level, crossings, active });
        }
    }
}

/// Cells in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cells(Vec<Cell>);

impl Cells {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.0.iter()
    }

    pub(crate) fn get(&self, key: CellKey) -> Option<&Cell> {
        self.place(key).ok().map(|place| &self.0[place])
    }

    /// The cell, made if it is not there.
    pub(crate) fn entry(&mut self, key: CellKey) -> &mut Cell {
        let place = self.place(key).unwrap_or_else(|place| {
            let (month, category, currency) = key;
            let cell = Cell { month, category, currency, parts: 0, spent: Amount::ZERO, levels: Vec::new() };
            self.0.insert(place, cell);
            place
        });
        &mut self.0[place]
    }

    /// Drops the cell if it says nothing: no parts, and no crossing to remember.
    pub(crate) fn tidy(&mut self, key: CellKey) {
        if let Ok(place) = self.place(key)
            && self.0[place].parts == 0
            && self.0[place].levels.is_empty()
        {
            self.0.remove(place);
        }
    }

    /// Takes out the cells of the earliest year.
    pub(crate) fn take_oldest_year(&mut self) -> Option<(u16, Vec<Cell>)> {
        let year = self.0.first()?.month.year();
        let end = self.0.partition_point(|cell| cell.month.year() <= year);
        Some((year, self.0.drain(..end).collect()))
    }

    /// About how many bytes of heap it takes.
    pub(crate) fn weight(&self) -> usize {
        let levels: usize = self.0.iter().map(|cell| cell.levels.capacity()).sum();
        self.0.capacity() * size_of::<Cell>() + levels * size_of::<LevelState>()
    }

    fn place(&self, key: CellKey) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, Cell::key)
    }
}
