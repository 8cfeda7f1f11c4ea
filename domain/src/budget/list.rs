//! A user's budgets in little room: many users have many.

use super::{ALL, Budget, DEFAULT_THRESHOLDS, Policy, Version};
use crate::memory::{heap, make_room, thin_heap, vec_heap};
use crate::{Amount, Currency, Month};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Range;
use thin_vec::ThinVec;

/// A version in 14 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) category: u16,
    pub(super) from: Month,
    digits: [u8; 8],
    currency: Currency,
    shape: u8,
}

// The bits of `shape`. The lowest three: digits after the point.
const SCALE: u8 = 0b111;
const ROLLOVER: u8 = 1 << 3;
const CARRY: u8 = 1 << 4;
/// It has thresholds of its own, not the default ones.
const OWN: u8 = 1 << 5;

impl Kept {
    /// `None`: a limit that no command can set.
    fn of(version: &Version<'_>) -> Option<Self> {
        let Version { category, from, limit, currency, thresholds, policy } = *version;
        let (digits, scale) = limit.digits_and_scale()?;
        let policy = match policy {
            Policy::Reset => 0,
            Policy::Rollover => ROLLOVER,
            Policy::Carry => CARRY,
        };
        let own = if thresholds == DEFAULT_THRESHOLDS { 0 } else { OWN };
        Some(Self { category, from, digits: digits.to_le_bytes(), currency, shape: scale | policy | own })
    }

    pub(super) fn version<'a>(&self, own: &'a [Own]) -> Version<'a> {
        let Self { category, from, digits, currency, shape } = *self;
        let limit = Amount::from_digits(u64::from_le_bytes(digits), shape & SCALE);
        let policy = match shape & (ROLLOVER | CARRY) {
            ROLLOVER => Policy::Rollover,
            CARRY => Policy::Carry,
            _ => Policy::Reset,
        };
        let thresholds: &[u16] = if shape & OWN == 0 {
            &DEFAULT_THRESHOLDS
        } else {
            let place = own.binary_search_by_key(&self.key(), |own| own.key);
            &own[place.expect("put there with the version")].thresholds
        };
        Version { category, from, limit, currency, thresholds, policy }
    }

    fn key(&self) -> Key {
        (self.category, self.from)
    }
}

/// Names a version: category and first month.
type Key = (u16, Month);

/// A version's thresholds, if it has others than nearly everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Own {
    key: Key,
    thresholds: Box<[u16]>,
}

/// All versions of all budgets, ascending by category and `from`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Budgets {
    versions: Vec<Kept>,
    /// In the same order.
    own: ThinVec<Own>,
}

impl Budgets {
    /// See `UserState::touch`.
    pub(crate) fn touch(&self) -> u8 {
        let shape = |kept: Option<&Kept>| kept.map_or(0, |kept| kept.shape);
        shape(self.versions.first()) ^ shape(self.versions.last())
    }

    /// One after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Budget<'_>> {
        let budget = |versions| Budget { versions, own: &self.own };
        self.versions.chunk_by(|a, b| a.category == b.category).map(budget)
    }

    /// A category's budget, or that for [`ALL`].
    pub(crate) fn of(&self, category: u16) -> Option<Budget<'_>> {
        let versions = &self.versions[self.range(category)];
        (!versions.is_empty()).then_some(Budget { versions, own: &self.own })
    }

    /// The budget for all categories. Nearly nobody has one, and to see that is to look at the last version.
    pub(crate) fn of_all(&self) -> Option<Budget<'_>> {
        self.versions.last().filter(|last| last.category == ALL).and_then(|_| self.of(ALL))
    }

    /// Adds a version, in place of one from the same month.
    pub(crate) fn set(&mut self, version: &Version<'_>) {
        let kept =
            Kept::of(version).expect("decide refuses limits that are negative or have too many digits");
        let key = kept.key();
        match self.versions.binary_search_by_key(&key, Kept::key) {
            Ok(place) => self.versions[place] = kept,
            Err(place) => {
                make_room(&mut self.versions, 1);
                self.versions.insert(place, kept);
            }
        }
        self.own.retain(|own| own.key != key);
        if kept.shape & OWN != 0 {
            let place = self.own.partition_point(|own| own.key < key);
            self.own.insert(place, Own { key, thresholds: version.thresholds.into() });
        }
    }

    /// Removes a category's budget from all months.
    pub(crate) fn remove(&mut self, category: u16) {
        self.versions.drain(self.range(category));
        self.own.retain(|own| own.key.0 != category);
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        let lists: usize = self.own.iter().map(|own| heap(own.thresholds.len() * 2)).sum();
        vec_heap(&self.versions) + thin_heap(&self.own) + lists
    }

    fn range(&self, category: u16) -> Range<usize> {
        let start = self.versions.partition_point(|kept| kept.category < category);
        let versions = self.versions[start..].iter().take_while(|kept| kept.category == category);
        start..start + versions.count()
    }
}

/// A version in a page. The default thresholds are left out.
#[derive(Serialize, Deserialize)]
struct Stored {
    category: u16,
    from: Month,
    limit: Amount,
    currency: Currency,
    thresholds: Option<Box<[u16]>>,
    policy: Policy,
}

impl Serialize for Budgets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut versions = serializer.serialize_seq(Some(self.versions.len()))?;
        for kept in &self.versions {
            let Version { category, from, limit, currency, thresholds, policy } = kept.version(&self.own);
            let thresholds = (kept.shape & OWN != 0).then(|| thresholds.into());
            versions.serialize_element(&Stored { category, from, limit, currency, thresholds, policy })?;
        }
        versions.end()
    }
}

impl<'de> Deserialize<'de> for Budgets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Vec::<Stored>::deserialize(deserializer)?;
        let mut budgets = Self { versions: Vec::with_capacity(read.len()), own: ThinVec::new() };
        for Stored { category, from, limit, currency, thresholds, policy } in read {
            let given = thresholds.as_deref().unwrap_or(&DEFAULT_THRESHOLDS);
            let version = Version { category, from, limit, currency, thresholds: given, policy };
            let in_order = budgets.versions.last().is_none_or(|last| last.key() < (category, from));
            let kept = Kept::of(&version).filter(|_| in_order);
            let kept = kept.ok_or_else(|| serde::de::Error::custom("budgets in disorder, or no limit"))?;
            budgets.versions.push(kept);
            if kept.shape & OWN != 0 {
                budgets.own.push(Own { key: kept.key(), thresholds: given.into() });
            }
        }
        Ok(budgets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version<'a>(category: u16, from: &str, limit: &str, thresholds: &'a [u16]) -> Version<'a> {
        let (from, limit) = (Month::read(from).expect("a month"), Amount::read(limit).expect("an amount"));
        Version { category, from, limit, currency: Currency::EUR, thresholds, policy: Policy::Carry }
    }

    #[test]
    fn a_version_takes_14_bytes() {
        assert_eq!(size_of::<Kept>(), 14);
    }

    #[test]
    fn versions_come_back_in_order_each_with_its_thresholds() {
        let versions = [
            version(1, "2026-01", "1000000000000000.0000", &[80, 100]),
            version(1, "2026-03", "0", &[50]),
            version(2, "2025-12", "12.50", &[]),
        ];
        let mut budgets = Budgets::default();
        for place in [2, 0, 1] {
            budgets.set(&version(2, "2025-12", "7", &[1, 2, 3]));
            budgets.set(&versions[place]);
        }
        budgets.set(&versions[2]);
        let bytes = postcard::to_allocvec(&budgets).expect("encodes");
        let read: Budgets = postcard::from_bytes(&bytes).expect("decodes");
        assert_eq!(read, budgets);
        assert!(read.iter().flat_map(Budget::versions).eq(versions));
        assert_eq!(read.own.len(), 2);
        budgets.remove(1);
        assert!(budgets.iter().flat_map(Budget::versions).eq([versions[2]]));
        assert_eq!(budgets.own.len(), 1);
    }

    #[test]
    fn what_no_command_can_set_is_unreadable() {
        let stored = |month, limit| Stored {
            category: 1,
            from: Month::read(month).expect("a month"),
            limit,
            currency: Currency::EUR,
            thresholds: None,
            policy: Policy::Reset,
        };
        let cent = Amount::read("0.01").expect("a cent");
        for pair in [
            [stored("2026-01", cent), stored("2026-01", cent)],
            [stored("2026-02", cent), stored("2026-01", cent)],
            [stored("2026-01", cent), stored("2026-02", cent.negated())],
        ] {
            let bytes = postcard::to_allocvec(&pair).expect("encodes");
            // An array has no length.
            let bytes = [&[2], bytes.as_slice()].concat();
            postcard::from_bytes::<Budgets>(&bytes).expect_err("unreadable");
        }
    }
}
