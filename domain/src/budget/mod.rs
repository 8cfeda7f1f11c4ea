//! A budget: a limit for a category, or for all of them, valid from a month until changed. `list` keeps a user's budgets.

mod list;

pub(crate) use list::Budgets;

use crate::{Amount, Currency, Month};
use list::{Kept, Own};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};

/// Stands for all categories together where a category's number does: none has it.
pub(crate) const ALL: u16 = (1 << 14) - 1;

/// What a budget for all categories is called: a category of that name has none of its own.
pub(crate) const ALL_NAME: &str = "all";

/// What happens to what is left over at a month's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Every month starts anew.
    #[default]
    Reset,
    /// What is left over is added to the next month's limit; overspending is forgotten.
    Rollover,
    /// What is left over is added to the next month's limit, and overspending taken off it.
    Carry,
}

/// Hashes of commands are kept for ever, and there are some from when `reset` was the only policy: a derived hash says
/// nothing of an enum's only variant.
impl Hash for Policy {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self {
            Self::Reset => {}
            Self::Rollover => hasher.write_u8(1),
            Self::Carry => hasher.write_u8(2),
        }
    }
}

/// A line that spending crosses: a percentage of the limit, or the limit itself (`spent > limit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Level {
    /// Reached when `spent` is at least so many percent of the limit.
    Percent(u16),
    /// Passed when `spent` is above the limit.
    Exceeded,
}

impl Level {
    /// The percentage; `None` for the limit itself.
    pub(crate) fn percent(self) -> Option<u16> {
        match self {
            Self::Percent(percent) => Some(percent),
            Self::Exceeded => None,
        }
    }

    /// Whether so much spending stands at or above it. Only spending above zero does: a limit of zero, or below, is
    /// reached and exceeded by the first cent, not by nothing.
    pub(crate) fn is_reached(self, spent: Amount, limit: Amount) -> bool {
        match self {
            _ if !spent.is_positive() => false,
            Self::Percent(percent) => spent.times(100) >= limit.times(percent),
            Self::Exceeded => spent > limit,
        }
    }
}

/// What a person wants to be told about who says nothing: nearly there, and there.
pub(crate) const DEFAULT_THRESHOLDS: [u16; 2] = [80, 100];

/// What a budget is from one month on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version<'a> {
    /// Which category, by its number; [`ALL`] of them.
    pub category: u16,
    /// The first month it is valid in.
    pub from: Month,
    /// A month's own limit, without what it takes over; may be zero.
    pub limit: Amount,
    /// The limit's currency: while it is valid, all spending of its category is known in it. Where it is for all categories, it
    /// is about what counts in it.
    pub currency: Currency,
    /// Percentages to be told about, ascending.
    pub thresholds: &'a [u16],
    /// What happens to what is left over.
    pub policy: Policy,
}

impl<'a> Version<'a> {
    /// All its levels, ascending: 100 % is reached before it is exceeded, 101 % after.
    pub(crate) fn levels(&self) -> impl DoubleEndedIterator<Item = Level> + use<'a> {
        let below = self.thresholds.partition_point(|percent| *percent <= 100);
        let percent = |percent: &u16| Level::Percent(*percent);
        let (low, high) = self.thresholds.split_at(below);
        low.iter().map(percent).chain([Level::Exceeded]).chain(high.iter().map(percent))
    }

    /// Whether it has this level at all.
    pub(crate) fn has(&self, level: Level) -> bool {
        level.percent().is_none_or(|percent| self.thresholds.contains(&percent))
    }
}

/// One budget through time: its versions, at least one, ascending by `from`, one for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget<'a> {
    versions: &'a [Kept],
    own: &'a [Own],
}

impl<'a> Budget<'a> {
    /// Which category, by its number; [`ALL`] of them.
    pub(crate) fn category(self) -> u16 {
        self.versions[0].category
    }

    /// All its versions.
    pub(crate) fn versions(self) -> impl DoubleEndedIterator<Item = Version<'a>> {
        self.versions.iter().map(|kept| kept.version(self.own))
    }

    /// The first month it is valid in.
    pub(crate) fn first(self) -> Month {
        self.versions[0].from
    }

    /// The version valid in a month.
    pub(crate) fn at(self, month: Month) -> Option<Version<'a>> {
        self.versions.iter().rev().find(|kept| kept.from <= month).map(|kept| kept.version(self.own))
    }

    /// The first month after `from` that another version governs.
    pub(crate) fn until(self, from: Month) -> Option<Month> {
        self.versions.iter().map(|kept| kept.from).find(|start| *start > from)
    }
}
