//! A day as it is given: as a civil date, or as an instant on it.

use crate::{Date, Refusal};
use jiff::Timestamp;
use std::hash::{Hash, Hasher};

/// `2026-02-13`, or an instant of RFC 3339, which becomes the civil date in the user's zone before anything else looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A civil date.
    Date(Date),
    /// An instant; its own offset does not matter.
    Instant(Timestamp),
}

impl When {
    /// Reads either. Refuses with `invalid_date`, without a field.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        Date::read(text).map(Self::Date).or_else(|refusal| {
            let is_instant = text.len() > "2026-02-13T".len();
            is_instant.then(|| text.parse().ok().map(Self::Instant)).flatten().ok_or(refusal)
        })
    }
}

/// Hashes of commands are kept for ever, and there are some from when dates were the only way.
impl Hash for When {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self {
            Self::Date(date) => date.hash(hasher),
            Self::Instant(time) => hasher.write(&time.as_nanosecond().to_le_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_may_be_given_as_an_instant() {
        let date = Date::read("2026-02-13").expect("a date");
        assert_eq!(When::read("2026-02-13"), Ok(When::Date(date)));
        let instant = |text: &str| When::read(text).expect(text);
        assert_eq!(instant("2026-02-13T20:00:00+13:00"), instant("2026-02-13T07:00:00Z"));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in
            ["", "2026-02-30", "2026-02-30T00:00:00Z", "2026-02-13T20:00:00", "13.02.2026", "now", "20260213"]
        {
            assert_eq!(When::read(text).expect_err(text).code, "invalid_date");
        }
    }
}
