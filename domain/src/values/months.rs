//! Runs of months.

use crate::{Month, Refusal};

/// Some months in a row: at least one, at most [`Months::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Months {
    first: Month,
    last: Month,
}

impl Months {
    /// Fifty years: more than anyone looks at in one go, and a bound for the work behind one answer.
    pub const MOST: u16 = 600;

    /// From a month to another, both inclusive. Refuses at `to`, with `invalid_range` when that is before `from`, with
    /// `range_too_long` when there are more than [`Months::MOST`].
    pub fn new(from: Month, to: Month) -> Result<Self, Refusal> {
        match to.since(from) {
            None => Err(Refusal::new("invalid_range", "to", "`to` may not be before `from`")),
            Some(more) if more >= Self::MOST => {
                let text = format!("at most {} months at a time", Self::MOST);
                Err(Refusal::new("range_too_long", "to", text))
            }
            Some(_) => Ok(Self { first: from, last: to }),
        }
    }

    /// The first one.
    pub fn first(self) -> Month {
        self.first
    }

    /// The last one.
    pub fn last(self) -> Month {
        self.last
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Month> {
        std::iter::successors(Some(self.first), |month| month.next())
            .take_while(move |month| *month <= self.last)
    }

    pub(crate) fn contains(self, month: Month) -> bool {
        (self.first..=self.last).contains(&month)
    }
}

impl From<Month> for Months {
    fn from(month: Month) -> Self {
        Self { first: month, last: month }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(from: &str, to: &str) -> Result<Months, Refusal> {
        Months::new(Month::read(from).expect(from), Month::read(to).expect(to))
    }

    #[test]
    fn a_run_has_both_its_ends() {
        let all: Vec<String> =
            months("2025-11", "2026-02").expect("fine").iter().map(|month| month.to_string()).collect();
        assert_eq!(all, ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(months("2200-12", "2200-12").expect("fine").iter().count(), 1);
    }

    #[test]
    fn a_run_is_bounded_and_goes_forward() {
        let code = |from, to| months(from, to).expect_err("refused").code;
        assert_eq!(code("2026-02", "2026-01"), "invalid_range");
        assert_eq!(code("1950-01", "2000-01"), "range_too_long");
        assert_eq!(months("1950-01", "1999-12").expect("fine").iter().count(), 600);
    }
}
