//! Month totals: what one month came to, for one line (a category's spending, say), in one currency, and which levels that
//! has crossed.

use super::levels::{LevelState, Levels, Usual};
use super::line::Line;
use super::packed::{Total, Totals};
use super::thirds::Thirds;
use crate::budget::Level;
use crate::memory::{make_thin_room, thin_heap};
use crate::{Amount, Currency, Month};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thin_vec::ThinVec;

/// Names a cell: month, line, currency. Cells are kept in this order.
pub(crate) type CellKey = (Month, Line, Currency);

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
    pub levels: Levels<'a>,
}

impl Cell<'_> {
    /// The cell's name.
    pub(crate) fn key(&self) -> CellKey {
        (self.month, self.line, self.currency)
    }

    /// The state of a level, if it was ever crossed.
    pub(crate) fn level(&self, level: Level) -> Option<LevelState> {
        self.levels.iter().find(|state| state.level == level)
    }
}

/// Cells in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    totals: Totals,
    /// The levels that a total has no room for, by key, then in the order of their first crossing. Few have any.
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
        self.put_or_drop(total);
    }

    /// Makes a total this; the levels stay.
    pub(crate) fn set(&mut self, key: CellKey, parts: u32, sum: Amount, thirds: Thirds) {
        let total = Total { parts, sum, thirds, ..self.entry(key) };
        self.put_or_drop(total);
    }

    /// Notes that a level was crossed, upwards or downwards.
    pub(crate) fn cross(&mut self, key: CellKey, level: Level, crossings: u32, active: bool) {
        let mut total = self.entry(key);
        self.note(&mut total, LevelState { key, level, crossings, active });
        self.totals.put(total);
    }

    /// Leaves levels silently; how often they were crossed is remembered.
    pub(crate) fn leave(&mut self, key: CellKey, gone: impl Fn(Level) -> bool) {
        let mut total = self.entry(key);
        let left: Vec<LevelState> = self.levels_of(&total).iter().filter(|state| gone(state.level)).collect();
        for state in left {
            self.note(&mut total, LevelState { active: false, ..state });
        }
        self.totals.put(total);
    }

    /// Takes the levels of a total away, and the total with them if it says nothing any more.
    pub(crate) fn take_levels(&mut self, key: CellKey) -> Vec<LevelState> {
        let mut total = self.entry(key);
        let taken = self.levels_of(&total).iter().collect();
        self.levels.drain(self.levels_range(key));
        total.usual = Usual::default();
        if total.parts == 0 {
            self.totals.remove(key);
        } else {
            self.totals.put(total);
        }
        taken
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
        let Cell { month, line, currency, parts, sum, thirds, levels } = *cell;
        let mut total = Total { parts, sum, thirds, ..Total::new((month, line, currency)) };
        for state in levels.iter() {
            self.note(&mut total, state);
        }
        self.totals.put(total);
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        self.totals.weight() + thin_heap(&self.levels)
    }

    /// See `UserState::touch`.
    pub(crate) fn touch(&self) -> u8 {
        self.totals.touch()
    }

    fn cell(&self, total: Total) -> Cell<'_> {
        let Total { month, line, currency, parts, sum, thirds, .. } = total;
        Cell { month, line, currency, parts, sum, thirds, levels: self.levels_of(&total) }
    }

    /// Notes how a level of a total, which is to be put back, stands.
    fn note(&mut self, total: &mut Total, state: LevelState) {
        let others = self.levels_range(state.key);
        let known = self.levels[others.clone()].iter().position(|known| known.level == state.level);
        let known = known.map(|place| others.start + place);
        match (total.usual.set(&state), known) {
            (true, Some(place)) => drop(self.levels.remove(place)),
            (true, None) => {}
            (false, Some(place)) => self.levels[place] = state,
            (false, None) => {
                make_thin_room(&mut self.levels, 1);
                self.levels.insert(others.end, state);
            }
        }
    }

    fn put_or_drop(&mut self, total: Total) {
        let key = total.key();
        if total.parts == 0 && total.usual.is_empty() && self.levels_range(key).is_empty() {
            self.totals.remove(key);
        } else {
            self.totals.put(total);
        }
    }

    /// A total to be changed and put back; an empty one if it is not there.
    fn entry(&self, key: CellKey) -> Total {
        self.totals.get(key).unwrap_or_else(|| Total::new(key))
    }

    fn levels_of(&self, total: &Total) -> Levels<'_> {
        let key = total.key();
        Levels { key, usual: total.usual, others: &self.levels[self.levels_range(key)] }
    }

    fn levels_range(&self, key: CellKey) -> std::ops::Range<usize> {
        let start = self.levels.partition_point(|state| state.key < key);
        let count = self.levels[start..].iter().take_while(|state| state.key == key).count();
        start..start + count
    }
}

/// Cells in a page: where a level is kept is nobody else's business.
#[derive(Serialize, Deserialize)]
struct Stored<T> {
    totals: T,
    levels: Vec<LevelState>,
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let levels = self.iter().flat_map(|cell| cell.levels.iter()).collect();
        Stored { totals: &self.totals, levels }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { totals, levels } = Stored::<Totals>::deserialize(deserializer)?;
        let mut cells = Self { totals, levels: ThinVec::new() };
        for state in levels {
            let total = cells.totals.get(state.key);
            let mut total = total.ok_or_else(|| serde::de::Error::custom("a level of no total"))?;
            cells.note(&mut total, state);
            cells.totals.put(total);
        }
        Ok(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(month: &str) -> CellKey {
        (Month::read(month).expect("a month"), Line::spending(1), Currency::EUR)
    }

    /// (level, crossings, active) of a cell.
    fn levels(cells: &Cells, key: CellKey) -> Vec<(Level, u32, bool)> {
        let levels = cells.get(key).expect("a cell").levels;
        levels.iter().map(|state| (state.level, state.crossings, state.active)).collect()
    }

    #[test]
    fn levels_are_the_same_wherever_they_are_kept() {
        let (march, april) = (key("2026-03"), key("2026-04"));
        let (own, exceeded) = (Level::Percent(50), Level::Exceeded);
        let mut cells = Cells::default();
        for (key, level, crossings, active) in [
            (april, own, 1, true),
            (march, exceeded, 15, true),
            (march, exceeded, 15, false),
            (march, own, 1, true),
            (march, exceeded, 16, true),
            (april, exceeded, 1, true),
        ] {
            cells.cross(key, level, crossings, active);
        }
        assert_eq!(levels(&cells, march), [(own, 1, true), (exceeded, 16, true)]);
        assert_eq!(levels(&cells, april), [(exceeded, 1, true), (own, 1, true)]);
        let bytes = postcard::to_allocvec(&cells).expect("encodes");
        assert_eq!(postcard::from_bytes::<Cells>(&bytes).expect("decodes"), cells);
        let mut copy = Cells::default();
        cells.iter().for_each(|cell| copy.adopt(&cell));
        assert_eq!(copy, cells);
        cells.leave(march, |level| level == exceeded);
        assert_eq!(levels(&cells, march), [(own, 1, true), (exceeded, 16, false)]);
        let moved = copy.take_levels(march);
        assert!(copy.get(march).is_none() && copy.get(april).is_some());
        for state in moved {
            copy.cross(march, state.level, state.crossings, state.active);
        }
        assert_eq!(levels(&copy, march).len(), 2);
        cells.leave(april, |_| true);
        assert_eq!(levels(&cells, april), [(exceeded, 1, false), (own, 1, false)]);
    }

    #[test]
    fn a_level_of_no_total_is_unreadable() {
        let levels =
            vec![LevelState { key: key("2026-03"), level: Level::Exceeded, crossings: 1, active: true }];
        let stored = Stored { totals: Totals::default(), levels };
        let bytes = postcard::to_allocvec(&stored).expect("encodes");
        postcard::from_bytes::<Cells>(&bytes).expect_err("no total");
    }
}
