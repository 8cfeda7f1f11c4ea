//! Shares of a whole: probabilities, and how often something came true.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All of it.
const WHOLE: u16 = 10_000;

/// A share from 0 to 1, to a hundredth of a percent: exact, so it can be compared, hashed and kept. A number in JSON
/// (`0.8`), hundredths of a percent in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u16);

impl Share {
    /// No chance at all.
    pub const NONE: Self = Self(0);
    /// What intervals hold unless asked otherwise: 80 %.
    pub const USUAL_LEVEL: Self = Self(8_000);

    /// The share nearest to a number; `None` outside 0 to 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn nearest(number: f64) -> Option<Self> {
        let inside = (0.0..=1.0).contains(&number);
        // Inside, the product is a whole number from 0 to 10,000.
        inside.then(|| Self((number * f64::from(WHOLE)).round() as u16))
    }

    /// How many of how many, rounded half up; `None` of none, or more than all.
    pub(crate) fn of(part: usize, all: usize) -> Option<Self> {
        let hundredths = (part * usize::from(WHOLE) + all / 2).checked_div(all)?;
        u16::try_from(hundredths).ok().filter(|share| *share <= WHOLE).map(Self)
    }

    /// True between nothing and all, both excluded: only such a share can be an interval's level.
    pub fn is_level(self) -> bool {
        (1..WHOLE).contains(&self.0)
    }

    /// As a number from 0 to 1.
    pub fn number(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_f64(self.number())
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = if deserializer.is_human_readable() {
            Self::nearest(f64::deserialize(deserializer)?)
        } else {
            Some(Self(u16::deserialize(deserializer)?)).filter(|share| share.0 <= WHOLE)
        };
        share.ok_or_else(|| D::Error::custom("a share is from 0 to 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_and_written_as_a_number() {
        for (json, share) in [("0.8", 8_000), ("0.95", 9_500), ("1", 10_000), ("0", 0)] {
            let read: Share = serde_json::from_str(json).expect("a share");
            assert_eq!(read, Share(share));
            let bytes = postcard::to_allocvec(&read).expect("encodes");
            assert_eq!(postcard::from_bytes::<Share>(&bytes).expect("decodes"), read);
        }
        assert_eq!(serde_json::to_string(&Share(8_000)).expect("JSON"), "0.8");
        assert!(serde_json::from_str::<Share>("1.1").is_err());
        assert!(postcard::from_bytes::<Share>(&[0xff, 0xff, 3]).is_err());
        assert_eq!(Share::nearest(f64::NAN), None);
    }

    #[test]
    fn a_count_becomes_a_share() {
        assert_eq!(Share::of(2, 3), Some(Share(6_667)));
        assert_eq!(Share::of(0, 3), Some(Share(0)));
        assert_eq!(Share::of(3, 3), Some(Share(10_000)));
        assert_eq!((Share::of(0, 0), Share::of(4, 3)), (None, None));
    }
}
