//! How a month's spending stands to the levels of its budget.

use super::cells::CellKey;
use crate::budget::{DEFAULT_THRESHOLDS, Level};
use serde::{Deserialize, Serialize};

/// How spending stands to one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LevelState {
    /// The cell it belongs to.
    pub(super) key: CellKey,
    /// Which level.
    pub level: Level,
    /// How often it was crossed upwards.
    pub crossings: u32,
    /// Whether spending stands at it now, as far as was announced.
    pub active: bool,
}

/// The levels of a budget with the default thresholds, each crossed up to 15 times: what nearly all are. Five bits for each:
/// how often it was crossed, and whether it is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usual(u16);

const LEVELS: [Level; 3] =
    [Level::Percent(DEFAULT_THRESHOLDS[0]), Level::Percent(DEFAULT_THRESHOLDS[1]), Level::Exceeded];
const BITS: usize = 5;
const CROSSINGS: u16 = 0b1111;
const ACTIVE: u16 = CROSSINGS + 1;

impl Usual {
    /// Whether none was ever crossed.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those ever crossed.
    pub(super) fn iter(self, key: CellKey) -> impl Iterator<Item = LevelState> {
        (0..).zip(LEVELS).filter_map(move |(place, level)| {
            let bits = self.0 >> (place * BITS);
            let crossings = bits & CROSSINGS;
            let state = LevelState { key, level, crossings: crossings.into(), active: bits & ACTIVE != 0 };
            (crossings > 0).then_some(state)
        })
    }

    /// Notes how a level stands; false, and nothing is noted, if it is none of these, or was crossed too often.
    pub(super) fn set(&mut self, state: &LevelState) -> bool {
        let Some(place) = LEVELS.iter().position(|level| *level == state.level) else {
            return false;
        };
        self.0 &= !((CROSSINGS | ACTIVE) << (place * BITS));
        let crossings =
            u16::try_from(state.crossings).ok().filter(|crossings| (1..=CROSSINGS).contains(crossings));
        let bits = crossings.map(|crossings| crossings | if state.active { ACTIVE } else { 0 });
        self.0 |= bits.unwrap_or_default() << (place * BITS);
        bits.is_some()
    }
}

/// The levels that a cell ever crossed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels<'a> {
    pub(super) key: CellKey,
    pub(super) usual: Usual,
    /// All that are not usual.
    pub(super) others: &'a [LevelState],
}

impl<'a> Levels<'a> {
    /// One after the other.
    pub(crate) fn iter(self) -> impl Iterator<Item = LevelState> + use<'a> {
        self.usual.iter(self.key).chain(self.others.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Line;
    use super::*;
    use crate::{Currency, Month};

    #[test]
    fn the_usual_levels_are_kept_up_to_fifteen_crossings() {
        let key = (Month::read("2026-03").expect("a month"), Line::spending(1), Currency::EUR);
        let state = |level, crossings, active| LevelState { key, level, crossings, active };
        let mut usual = Usual::default();
        let all = [
            state(Level::Percent(80), 1, true),
            state(Level::Percent(100), 15, false),
            state(Level::Exceeded, 15, true),
        ];
        assert!(usual.is_empty() && all.iter().rev().all(|state| usual.set(state)));
        assert!(usual.iter(key).eq(all));
        assert!(!usual.set(&state(Level::Percent(81), 1, true)));
        assert!(usual.iter(key).eq(all));
        assert!(!usual.set(&state(Level::Percent(100), 16, true)), "it is elsewhere now");
        assert!(usual.iter(key).eq([all[0], all[2]]));
        assert!(!usual.set(&state(Level::Exceeded, 0, true)) && usual.set(&all[0]));
        assert!(usual.iter(key).eq([all[0]]));
    }
}
