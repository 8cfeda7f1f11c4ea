//! Calendar years.

use crate::{Month, Months, Refusal};

/// A year from 1900 to 2200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Year(u16);

impl Year {
    /// Reads `YYYY`. Refuses with `invalid_year`, without a field.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let digits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        let year = text.parse().ok().filter(|year| digits && Month::new(*year, 1).is_some());
        year.map(Self).ok_or_else(|| Refusal::plain("invalid_year", "a year is YYYY, from 1900 to 2200"))
    }

    /// Its number, as it is written.
    pub fn number(self) -> u16 {
        self.0
    }

    /// The year before it, unless it is the first there is.
    pub fn previous(self) -> Option<Self> {
        Some(Self(self.0 - 1)).filter(|year| Month::new(year.0, 1).is_some())
    }

    /// Its months.
    pub fn months(self) -> Months {
        let month = |number| Month::new(self.0, number).expect("a month of a year there is");
        Months::new(month(1), month(12)).expect("twelve months in a row")
    }
}

impl From<Month> for Year {
    fn from(month: Month) -> Self {
        Self(month.year())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_its_months() {
        let months = Year::read("2026").expect("fine").months();
        assert_eq!(
            (months.first().to_string(), months.last().to_string()),
            ("2026-01".into(), "2026-12".into())
        );
        assert_eq!(Year::read("1900").expect("fine").previous(), None);
    }

    #[test]
    fn what_is_no_year_is_refused() {
        for text in ["1899", "2201", "26", "02026", "+202", "20a6", ""] {
            assert_eq!(Year::read(text).expect_err(text).code, "invalid_year");
        }
    }
}
