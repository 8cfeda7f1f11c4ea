//! How much of a month came late: in its second and its last ten days or so.

use crate::Amount;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What was added on the 11th to 20th of a month, and from the 21st on, in minor units (cents; what is finer of each amount is
/// cut off). Five bytes each, which
/// wrap around beyond 5·10^11, so that taking away what was added always restores what was. Only looked ahead with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Thirds([[u8; 5]; 2]);

/// Which third of its month a day is in: 0 to 2.
pub(crate) fn third_of(day: u16) -> usize {
    usize::from(day.saturating_sub(1) / 10).min(2)
}

impl Thirds {
    /// Adds an amount of that day; `digits` are its currency's.
    pub(crate) fn add(&mut self, day: u16, amount: Amount, digits: u32) {
        if let Some(late) = third_of(day).checked_sub(1) {
            self.put(late, i128::from(self.minor(late)) + amount.minor_units(digits));
        }
    }

    /// With all that was added to another.
    pub(crate) fn plus(mut self, other: Self) -> Self {
        for late in 0..2 {
            self.put(late, i128::from(self.minor(late)) + i128::from(other.minor(late)));
        }
        self
    }

    /// Without what was added to another.
    pub(crate) fn minus(mut self, other: Self) -> Self {
        for late in 0..2 {
            self.put(late, i128::from(self.minor(late)) - i128::from(other.minor(late)));
        }
        self
    }

    /// What was added after so many thirds, in minor units; after all three nothing was.
    pub(crate) fn after(self, thirds: usize) -> i64 {
        (thirds.saturating_sub(1)..2).map(|late| self.minor(late)).sum()
    }

    fn put(&mut self, late: usize, minor: i128) {
        self.0[late].copy_from_slice(&minor.to_le_bytes()[..5]);
    }

    fn minor(self, late: usize) -> i64 {
        // Through the upper bytes, so that the sign comes back.
        let mut bytes = [0; 8];
        bytes[3..].copy_from_slice(&self.0[late]);
        i64::from_le_bytes(bytes) >> 24
    }
}

/// The same in three bytes each: enough for nearly everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SmallThirds([[u8; 3]; 2]);

impl SmallThirds {
    /// `None`: one of the two is 2^23 minor units or more, in either direction.
    pub(super) fn of(thirds: Thirds) -> Option<Self> {
        let small = Self(thirds.0.map(|[low, middle, high, ..]| [low, middle, high]));
        (Thirds::from(small) == thirds).then_some(small)
    }
}

impl From<SmallThirds> for Thirds {
    fn from(small: SmallThirds) -> Self {
        Self(small.0.map(|[low, middle, high]| {
            let sign = if high & 0x80 == 0 { 0 } else { 0xff };
            [low, middle, high, sign, sign]
        }))
    }
}

/// As two numbers: most are zero, and small ones are short.
impl Serialize for Thirds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.minor(0), self.minor(1)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Thirds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (second, last) = <(i64, i64)>::deserialize(deserializer)?;
        let mut thirds = Self::default();
        thirds.put(0, second.into());
        thirds.put(1, last.into());
        Ok(thirds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::read(text).expect("an amount")
    }

    #[test]
    fn what_came_after_a_third_is_known_to_the_cent() {
        let mut thirds = Thirds::default();
        for (day, spent) in [(10, "1"), (11, "2.5"), (20, "0.01"), (21, "40"), (31, "0.99")] {
            thirds.add(day, amount(spent), 2);
        }
        assert_eq!([1, 2, 3].map(|passed| thirds.after(passed)), [4_350, 4_099, 0]);
        let bytes = postcard::to_allocvec(&thirds).expect("encodes");
        assert_eq!(postcard::from_bytes::<Thirds>(&bytes).expect("decodes"), thirds);
    }

    #[test]
    fn joined_they_are_those_of_all_amounts() {
        let of = |second, last| {
            let mut thirds = Thirds::default();
            thirds.add(15, amount(second), 2);
            thirds.add(25, amount(last), 2);
            thirds
        };
        assert_eq!(of("7.25", "999999999999990").plus(of("1", "2")), of("8.25", "999999999999992"));
        assert_eq!(of("8.25", "999999999999992").minus(of("1", "2")), of("7.25", "999999999999990"));
    }

    #[test]
    fn small_thirds_come_back() {
        for (spent, is_small) in [("83886.07", true), ("83886.08", false), ("0", true), ("5000000000", false)]
        {
            let mut thirds = Thirds::default();
            thirds.add(15, amount(spent), 2);
            thirds.add(25, amount(spent).negated(), 2);
            let small = SmallThirds::of(thirds);
            assert_eq!(small.map(Thirds::from), is_small.then_some(thirds), "{spent}");
        }
    }

    #[test]
    fn taking_away_restores_what_was_even_where_it_wraps() {
        let mut thirds = Thirds::default();
        thirds.add(15, amount("7.25"), 2);
        let before = thirds;
        for huge in ["1000000000000000", "999999999999999.99", "12.50"] {
            thirds.add(15, amount(huge), 2);
            assert_ne!(thirds, before);
            thirds.add(15, amount(huge).negated(), 2);
            assert_eq!(thirds, before);
        }
        thirds.add(15, amount("8").negated(), 2);
        assert_eq!(thirds.after(1), -75);
    }
}
