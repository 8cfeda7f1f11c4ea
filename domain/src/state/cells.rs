//! Month totals: what one month came to, for one line (a category's spending, say), in one currency, and which levels that
//! has crossed.

use super::line::Line;
use super::packed::{Total, Totals};
use super::thirds::Thirds;
use crate::budget::Level;
use crate::memory::{make_thin_room, thin_heap};
use crate::{Amount, Currency, Month};
use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

/// Names a cell: month, line, currency. Cells are kept in this order.
pub(crate) type CellKey = (Month, Line, Currency);

/// How spending stands to one level of its budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LevelState {
    /// The cell it belongs to.
    key: CellKey,
    /// Which level.
    pub level: Level,
    /// How often it was crossed upwards.
    pub crossings: u32,
    /// Whether spending stands at it now, as far as was announced.
    pub active: bool,
}

/// One month's total, and how it stands to the levels it ever crossed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    /// The month.
    pub month: Month,
    /// What it is the total of.
    pub line: Line,
    /// The currency of `sum`.
    pub currency: Currency,
    /// How many parts of transactions it is the sum of.
    pub parts: u32,
    /// What they add up to; spending may be negative.
    pub sum: Amount,
    /// How much of it came late in the month.
    pub thirds: Thirds,
    /// The levels ever crossed.
    pub levels: &'a [LevelState],
}

impl Cell<'_> {
    /// The cell's name.
    pub(crate) fn key(&self) -> CellKey {
        (self.month, self.line, self.currency)
    }

    /// The state of a level, if it was ever crossed.
    pub(crate) fn level(&self, level: Level) -> Option<&LevelState> {
        self.levels.iter().find(|state| state.level == level)
    }
}

/// Cells in the order of their keys. Most never cross a level, so levels have a list of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cells {
    totals: Totals,
    /// By key, then in the order of their first crossing.
    levels: ThinVec<LevelState>,
}

impl Cells {
    pub(crate) fn len(&self) -> usize {
        self.totals.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Cell<'_>> {
        self.totals.iter().map(|total| self.cell(total))
    }

    pub(crate) fn get(&self, key: CellKey) -> Option<Cell<'_>> {
        self.totals.get(key).map(|total| self.cell(total))
    }

    /// The earliest month with a total.
    pub(crate) fn first_month(&self) -> Option<Month> {
        self.totals.first().map(|(month, ..)| month)
    }

    /// A cell's total without its levels.
    pub(crate) fn total(&self, key: CellKey) -> Option<(Amount, Thirds)> {
        let total = self.totals.get(key)?;
        (total.parts > 0).then_some((total.sum, total.thirds))
    }

    /// Adds a part, of a day of the month, to a total, made if it is not there.
    pub(crate) fn add(&mut self, key: CellKey, day: u16, amount: Amount) {
        let mut total = self.entry(key);
        total.sum = total.sum.plus(amount);
        total.parts += 1;
        total.thirds.add(day, amount, key.2.digits());
        self.totals.put(total);
    }

    /// Takes away a part that was added. A cell that says nothing any more (no parts, and no crossing to remember) is
    /// dropped.
    pub(crate) fn take(&mut self, key: CellKey, day: u16, amount: Amount) {
        let mut total = self.entry(key);
        total.sum = total.sum.minus(amount);
        total.parts -= 1;
        total.thirds.add(day, amount.negated(), key.2.digits());
        if total.parts == 0 && self.levels_of(key).is_empty() {
            self.totals.remove(key);
        } else {
            self.totals.put(total);
        }
    }

    /// Notes that a level was crossed, upwards or downwards.
    pub(crate) fn cross(&mut self, key: CellKey, level: Level, crossings: u32, active: bool) {
        self.totals.put(self.entry(key));
        let levels = self.levels_range(key);
        let end = levels.end;
        if let Some(state) = self.levels[levels].iter_mut().find(|state| state.level == level) {
            (state.crossings, state.active) = (crossings, active);
        } else {
            make_thin_room(&mut self.levels, 1);
            self.levels.insert(end, LevelState { key, level, crossings, active });
        }
    }

    /// Leaves levels silently; how often they were crossed is remembered.
    pub(crate) fn leave(&mut self, key: CellKey, gone: impl Fn(Level) -> bool) {
        let levels = self.levels_range(key);
        for state in self.levels[levels].iter_mut().filter(|state| gone(state.level)) {
            state.active = false;
        }
    }

    /// Takes out the cells of the earliest year.
    pub(crate) fn take_oldest_year(&mut self) -> Option<(u16, Self)> {
        let year = self.first_month()?.year();
        let levels = self.levels.partition_point(|state| state.key.0.year() <= year);
        let taken =
            Self { totals: self.totals.take_until(year), levels: self.levels.drain(..levels).collect() };
        Some((year, taken))
    }

    /// Adds a cell that is not there yet.
    pub(crate) fn adopt(&mut self, cell: &Cell<'_>) {
        let Cell { month, line, currency, parts, sum, thirds, .. } = *cell;
        self.totals.put(Total { month, line, currency, parts, sum, thirds });
        let start = self.levels_range(cell.key()).start;
        for (place, level) in (start..).zip(cell.levels) {
            self.levels.insert(place, level.clone());
        }
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        self.totals.weight() + thin_heap(&self.levels)
    }

    fn cell(&self, total: Total) -> Cell<'_> {
        let Total { month, line, currency, parts, sum, thirds } = total;
        Cell { month, line, currency, parts, sum, thirds, levels: self.levels_of(total.key()) }
    }

    /// A total to be changed and put back; an empty one if it is not there.
    fn entry(&self, key: CellKey) -> Total {
        self.totals.get(key).unwrap_or_else(|| Total::new(key))
    }

    fn levels_of(&self, key: CellKey) -> &[LevelState] {
        &self.levels[self.levels_range(key)]
    }

    fn levels_range(&self, key: CellKey) -> std::ops::Range<usize> {
        let start = self.levels.partition_point(|state| state.key < key);
        let count = self.levels[start..].iter().take_while(|state| state.key == key).count();
        start..start + count
    }
}
