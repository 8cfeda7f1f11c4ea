//! A budget: a limit for a category, valid from a month until changed.

use crate::{Amount, Currency, Month};
use serde::{Deserialize, Serialize};

/// What happens to what is left over at a month's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Every month starts anew.
    #[default]
    Reset,
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
}

/// What a category's budget is from one month on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// The first month it is valid in.
    pub from: Month,
    /// The month's limit; may be zero.
    pub limit: Amount,
    /// The limit's currency: the only one its category's spending may have while it is valid.
    pub currency: Currency,
    /// Percentages to be told about, ascending.
    pub thresholds: Box<[u16]>,
    /// What happens to what is left over.
    pub policy: Policy,
}

impl Version {
    /// All its levels, ascending: 100 % is reached before it is exceeded, 101 % after.
    pub(crate) fn levels(&self) -> impl DoubleEndedIterator<Item = Level> {
        let below = self.thresholds.partition_point(|percent| *percent <= 100);
        let percent = |percent: &u16| Level::Percent(*percent);
        let (low, high) = self.thresholds.split_at(below);
        low.iter().map(percent).chain([Level::Exceeded]).chain(high.iter().map(percent))
    }

    /// Whether so much spending stands at or above the level. Only spending above zero does: a limit of zero is
    /// reached and exceeded by the first cent, not by nothing.
    pub(crate) fn stands_at(&self, level: Level, spent: Amount) -> bool {
        match level {
            _ if !spent.is_positive() => false,
            Level::Percent(percent) => spent.times(100) >= self.limit.times(percent),
            Level::Exceeded => spent > self.limit,
        }
    }

    /// Whether it has this level at all.
    pub(crate) fn has(&self, level: Level) -> bool {
        level.percent().is_none_or(|percent| self.thresholds.contains(&percent))
    }
}

/// One category's budget through time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Budget {
    /// Which category, by its number.
    pub category: u16,
    /// Ascending by `from`, one for each.
    pub versions: Vec<Version>,
}

impl Budget {
    /// The version valid in a month.
    pub(crate) fn at(&self, month: Month) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.from <= month)
    }

    /// The first month after `from` that another version governs.
    pub(crate) fn until(&self, from: Month) -> Option<Month> {
        self.versions.iter().map(|version| version.from).find(|start| *start > from)
    }

    /// Adds a version, in place of one from the same month.
    pub(crate) fn set(&mut self, version: Version) {
        match self.versions.binary_search_by_key(&version.from, |old| old.from) {
            Ok(place) => self.versions[place] = version,
            Err(place) => self.versions.insert(place, version),
        }
    }
}
