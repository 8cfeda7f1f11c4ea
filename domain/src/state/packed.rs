//! Month totals in little room: nearly all are small numbers.

use super::cells::CellKey;
use super::levels::Usual;
use super::line::Line;
use super::thirds::{SmallThirds, Thirds};
use crate::memory::{make_room, thin_heap, vec_heap};
use crate::values::SmallAmount;
use crate::{Amount, Currency, Month};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thin_vec::ThinVec;

/// What one month came to, for one line, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Total {
    pub(super) month: Month,
    pub(super) line: Line,
    pub(super) currency: Currency,
    pub(super) parts: u32,
    pub(super) sum: Amount,
    pub(super) thirds: Thirds,
    /// Not in the total's own bytes: all levels of a page are together.
    #[serde(skip)]
    pub(super) usual: Usual,
}

impl Total {
    pub(super) fn new((month, line, currency): CellKey) -> Self {
        Self {
            month,
            line,
            currency,
            parts: 0,
            sum: Amount::ZERO,
            thirds: Thirds::default(),
            usual: Usual::default(),
        }
    }

    pub(super) fn key(&self) -> CellKey {
        (self.month, self.line, self.currency)
    }
}

/// A total in 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Small {
    month: Month,
    line: Line,
    /// [`ELSEWHERE`]: the total is too large, and kept as it is.
    parts: u16,
    currency: Currency,
    sum: SmallAmount,
    thirds: SmallThirds,
    usual: Usual,
}

const ELSEWHERE: u16 = u16::MAX;

impl Small {
    fn key(&self) -> CellKey {
        (self.month, self.line, self.currency)
    }

    /// `None`: it is too large.
    fn of(total: &Total) -> Option<Self> {
        let Total { month, line, currency, parts, sum, thirds, usual } = *total;
        let parts = u16::try_from(parts).ok().filter(|parts| *parts != ELSEWHERE)?;
        Some(Self {
            month,
            line,
            parts,
            currency,
            sum: SmallAmount::of(sum)?,
            thirds: SmallThirds::of(thirds)?,
            usual,
        })
    }

    fn elsewhere((month, line, currency): CellKey) -> Self {
        Self {
            month,
            line,
            parts: ELSEWHERE,
            currency,
            sum: SmallAmount::default(),
            thirds: SmallThirds::default(),
            usual: Usual::default(),
        }
    }

    /// `None`: it is kept elsewhere.
    fn total(&self) -> Option<Total> {
        let Self { month, line, parts, currency, sum, thirds, usual } = *self;
        (parts != ELSEWHERE).then(|| Total {
            month,
            line,
            currency,
            parts: parts.into(),
            sum: sum.into(),
            thirds: thirds.into(),
            usual,
        })
    }
}

/// Totals in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// One for each.
    small: Vec<Small>,
    /// Those that are too large to be small.
    large: ThinVec<Total>,
}

impl Totals {
    pub(super) fn len(&self) -> usize {
        self.small.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Total> {
        self.small.iter().map(|small| self.total(small))
    }

    /// The key of the first.
    pub(super) fn first(&self) -> Option<CellKey> {
        Some(self.small.first()?.key())
    }

    pub(super) fn get(&self, key: CellKey) -> Option<Total> {
        self.place(key).ok().map(|place| self.total(&self.small[place]))
    }

    /// Adds a total, or puts it in the place of the one with its key.
    pub(super) fn put(&mut self, total: Total) {
        let key = total.key();
        let small = Small::of(&total).unwrap_or_else(|| Small::elsewhere(key));
        match self.place(key) {
            Ok(place) => self.small[place] = small,
            Err(place) => {
                make_room(&mut self.small, 1);
                self.small.insert(place, small);
            }
        }
        let is_large = small.parts == ELSEWHERE;
        match self.large_place(key) {
            Ok(place) if is_large => self.large[place] = total,
            Ok(place) => drop(self.large.remove(place)),
            Err(place) if is_large => self.large.insert(place, total),
            Err(_) => {}
        }
    }

    pub(super) fn remove(&mut self, key: CellKey) {
        if let Ok(place) = self.place(key) {
            self.small.remove(place);
        }
        if let Ok(place) = self.large_place(key) {
            self.large.remove(place);
        }
    }

    /// Takes out those up to the end of a year.
    pub(super) fn take_until(&mut self, year: u16) -> Self {
        let small = self.small.partition_point(|small| small.month.year() <= year);
        let large = self.large.partition_point(|large| large.month.year() <= year);
        Self { small: self.small.drain(..small).collect(), large: self.large.drain(..large).collect() }
    }

    /// Heap bytes.
    pub(super) fn weight(&self) -> usize {
        vec_heap(&self.small) + thin_heap(&self.large)
    }

    /// See `UserState::touch`. These are where a search looks.
    pub(super) fn touch(&self) -> u8 {
        let quarter = self.small.len() / 4;
        let at = |place: usize| self.small.get(place).map_or(0, |small| small.parts.to_le_bytes()[0]);
        at(quarter) ^ at(2 * quarter) ^ at(3 * quarter)
    }

    fn total(&self, small: &Small) -> Total {
        small.total().unwrap_or_else(|| {
            self.large[self.large_place(small.key()).expect("what is not small was put here")]
        })
    }

    fn place(&self, key: CellKey) -> Result<usize, usize> {
        self.small.binary_search_by_key(&key, Small::key)
    }

    fn large_place(&self, key: CellKey) -> Result<usize, usize> {
        self.large.binary_search_by_key(&key, Total::key)
    }
}

/// As a sequence: how they are kept is nobody else's business.
impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut totals = serializer.serialize_seq(Some(self.len()))?;
        for total in self.iter() {
            totals.serialize_element(&total)?;
        }
        totals.end()
    }
}

impl<'de> Deserialize<'de> for Totals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Vec::<Total>::deserialize(deserializer)?;
        if !read.is_sorted_by(|a, b| a.key() < b.key()) {
            return Err(serde::de::Error::custom("totals in disorder"));
        }
        let mut totals = Self { small: Vec::with_capacity(read.len()), large: ThinVec::new() };
        for total in read {
            totals.small.push(Small::of(&total).unwrap_or_else(|| {
                totals.large.push(total);
                Small::elsewhere(total.key())
            }));
        }
        Ok(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(line: u16, sum: &str) -> Total {
        let month = Month::read("2026-03").expect("a month");
        let key = (month, Line::spending(line), Currency::EUR);
        Total { parts: 1, sum: Amount::read(sum).expect("an amount"), ..Total::new(key) }
    }

    #[test]
    fn a_small_total_takes_20_bytes() {
        assert_eq!(size_of::<Small>(), 20);
    }

    #[test]
    fn totals_come_back_whether_they_are_small_or_not_and_may_change_from_one_to_the_other() {
        let mut totals = Totals::default();
        let largest = "42949672.95";
        for (sum, is_large) in [("0.00", false), (largest, false), ("42949672.96", true), ("7", false)] {
            totals.put(total(2, sum));
            totals.put(total(1, "1000000000000000"));
            totals.put(total(3, sum));
            assert_eq!(totals.large.len(), if is_large { 3 } else { 1 }, "{sum}");
            let read: Vec<String> = totals.iter().map(|total| total.sum.to_string()).collect();
            assert_eq!(read, ["1000000000000000", sum, sum]);
            let bytes = postcard::to_allocvec(&totals).expect("encodes");
            assert_eq!(postcard::from_bytes::<Totals>(&bytes).expect("decodes"), totals);
        }
        totals.remove(total(1, "1").key());
        assert_eq!((totals.len(), totals.large.len()), (2, 0));
    }

    #[test]
    fn many_parts_and_large_thirds_are_no_small_total() {
        let few = total(1, "1");
        let many = Total { parts: ELSEWHERE.into(), ..few };
        let mut late = few;
        late.thirds.add(31, Amount::read("83886.08").expect("an amount"), 2);
        for large in [many, late] {
            assert_eq!(Small::of(&large), None);
            let mut totals = Totals::default();
            totals.put(large);
            assert_eq!(totals.get(few.key()), Some(large));
            totals.put(few);
            assert_eq!(totals.get(few.key()), Some(few));
        }
    }

    #[test]
    fn totals_in_disorder_are_unreadable() {
        for pair in [[total(2, "1"), total(1, "1")], [total(1, "1"), total(1, "2")]] {
            let bytes = postcard::to_allocvec(&pair.to_vec()).expect("encodes");
            postcard::from_bytes::<Totals>(&bytes).expect_err("in disorder");
        }
    }
}
