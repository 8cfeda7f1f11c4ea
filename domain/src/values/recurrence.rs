//! Dates that come again: so many months later, or the next time a rule about the day of the month is met.

use crate::{Date, Month, Refusal};

/// On which day of each month something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MonthlyRule {
    /// The last day.
    Last,
    /// This day, 1 to 31, or the last one of a month that has fewer.
    Day(u16),
}

impl MonthlyRule {
    /// Reads `first_of_month`, `last_of_month` or `day_N`. Refuses with `unknown_rule`, without a field.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let day = |text: &str| text.parse().ok().filter(|day| (1..=31).contains(day)).map(Self::Day);
        match text {
            "first_of_month" => Some(Self::Day(1)),
            "last_of_month" => Some(Self::Last),
            _ => text.strip_prefix("day_").and_then(day),
        }
        .ok_or_else(|| {
            Refusal::plain("unknown_rule", "a rule is first_of_month, last_of_month, or day_1 to day_31")
        })
    }

    /// The first date after `date`, never `date` itself, that meets the rule; `None` after the year 2200.
    pub(crate) fn next_after(self, date: Date) -> Option<Date> {
        let in_month = |month: Month| month.day(self.day());
        let this = in_month(date.month());
        if this > date { Some(this) } else { date.month().plus(1).map(in_month) }
    }

    fn day(self) -> u16 {
        match self {
            Self::Last => 31,
            Self::Day(day) => day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::read(text).expect(text)
    }

    /// Firefly III, `MonthlyTest`, besides the anchor's own rules.
    #[test]
    fn months_are_added_on_the_same_day_or_the_months_last() {
        let cases = [
            ("2019-01-01", 1, "2019-02-01"),
            ("2020-01-31", 1, "2020-02-29"),
            ("2021-01-31", 1, "2021-02-28"),
            ("2023-10-31", 1, "2023-11-30"),
            ("2026-01-31", 2, "2026-03-31"),
            ("2026-03-31", -1, "2026-02-28"),
            ("2026-01-15", 12, "2027-01-15"),
            ("2024-02-29", 12, "2025-02-28"),
        ];
        for (from, months, to) in cases {
            assert_eq!(date(from).plus_months(months), Some(date(to)), "{from} + {months}");
        }
    }

    /// Invoice Ninja, `RecurringDueDatesTest`, and what follows from "strictly after".
    #[test]
    fn a_rule_is_met_next_strictly_after_the_date() {
        let cases = [
            ("first_of_month", "2020-03-31", "2020-04-01"),
            ("last_of_month", "2020-02-29", "2020-03-31"),
            ("day_1", "2020-02-01", "2020-03-01"),
            ("day_30", "2020-01-30", "2020-02-29"),
            ("day_30", "2020-02-29", "2020-03-30"),
            ("last_of_month", "2020-02-28", "2020-02-29"),
            ("first_of_month", "2020-03-01", "2020-04-01"),
            ("day_15", "2020-12-15", "2021-01-15"),
        ];
        for (rule, from, to) in cases {
            let rule = MonthlyRule::read(rule).expect(rule);
            assert_eq!(rule.next_after(date(from)), Some(date(to)), "{rule:?} after {from}");
        }
    }

    #[test]
    fn no_date_is_made_that_is_none() {
        assert_eq!(MonthlyRule::Last.next_after(Date::LAST), None);
        assert_eq!(Date::LAST.plus_months(1), None);
        assert_eq!(Date::FIRST.plus_months(-1), None);
        assert_eq!(Date::FIRST.plus_months(i32::MAX), None);
        assert_eq!(Date::LAST.plus_months(i32::MIN), None);
        for text in ["", "day_0", "day_32", "day_", "day_-1", "daily"] {
            assert_eq!(MonthlyRule::read(text).expect_err(text).code, "unknown_rule");
        }
    }
}
