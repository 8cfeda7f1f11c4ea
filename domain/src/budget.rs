//! A budget: a limit for a category, valid from a month until changed.

use crate::memory::{heap, make_room, vec_heap};
use crate::{Amount, Currency, Month};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};
use std::ops::Range;

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

/// Percentages to be told about, ascending. The default ones, nearly everyone's, take no memory of their own.
// A thin box of a fat one: it is rare, and makes every budget eight bytes smaller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thresholds(Option<Box<Several>>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Several(Box<[u16]>);

impl From<&[u16]> for Thresholds {
    fn from(percents: &[u16]) -> Self {
        Self((percents != DEFAULT_THRESHOLDS).then(|| Box::new(Several(percents.into()))))
    }
}

impl std::ops::Deref for Thresholds {
    type Target = [u16];

    fn deref(&self) -> &[u16] {
        self.0.as_deref().map_or(&DEFAULT_THRESHOLDS, |Several(percents)| percents)
    }
}

/// What a category's budget is from one month on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Which category, by its number.
    pub category: u16,
    /// The first month it is valid in.
    pub from: Month,
    /// A month's own limit, without what it takes over; may be zero.
    pub limit: Amount,
    /// The limit's currency: the only one its category's spending may have while it is valid.
    pub currency: Currency,
    /// Percentages to be told about, ascending.
    pub thresholds: Thresholds,
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

    /// Whether it has this level at all.
    pub(crate) fn has(&self, level: Level) -> bool {
        level.percent().is_none_or(|percent| self.thresholds.contains(&percent))
    }
}

/// One category's budget through time: its versions, at least one, ascending by `from`, one for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget<'a>(&'a [Version]);

impl<'a> Budget<'a> {
    /// Which category, by its number.
    pub(crate) fn category(self) -> u16 {
        self.0[0].category
    }

    /// All its versions.
    pub(crate) fn versions(self) -> &'a [Version] {
        self.0
    }

    /// The first month it is valid in.
    pub(crate) fn first(self) -> Month {
        self.0[0].from
    }

    /// The version valid in a month.
    pub(crate) fn at(self, month: Month) -> Option<&'a Version> {
        self.0.iter().rev().find(|version| version.from <= month)
    }

    /// The first month after `from` that another version governs.
    pub(crate) fn until(self, from: Month) -> Option<Month> {
        self.0.iter().map(|version| version.from).find(|start| *start > from)
    }
}

/// All versions of all budgets, ascending by category and `from`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Budgets(Vec<Version>);

impl Budgets {
    /// One after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Budget<'_>> {
        self.0.chunk_by(|a, b| a.category == b.category).map(Budget)
    }

    /// A category's budget.
    pub(crate) fn of(&self, category: u16) -> Option<Budget<'_>> {
        let versions = &self.0[self.range(category)];
        (!versions.is_empty()).then_some(Budget(versions))
    }

    /// Adds a version, in place of one from the same month.
    pub(crate) fn set(&mut self, version: Version) {
        let key = |version: &Version| (version.category, version.from);
        match self.0.binary_search_by_key(&key(&version), key) {
            Ok(place) => self.0[place] = version,
            Err(place) => {
                make_room(&mut self.0, 1);
                self.0.insert(place, version);
            }
        }
    }

    /// Removes a category's budget from all months.
    pub(crate) fn remove(&mut self, category: u16) {
        self.0.drain(self.range(category));
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        let several = |version: &Version| version.thresholds.0.as_deref().map(|all| all.0.len());
        let lists: usize =
            self.0.iter().filter_map(several).map(|len| heap(size_of::<Several>()) + heap(len * 2)).sum();
        lists + vec_heap(&self.0)
    }

    fn range(&self, category: u16) -> Range<usize> {
        let start = self.0.partition_point(|version| version.category < category);
        let versions = self.0[start..].iter().take_while(|version| version.category == category);
        start..start + versions.count()
    }
}
