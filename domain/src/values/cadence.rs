//! How often something comes again, and what follows from that for its due dates.

use crate::{Date, Month, Refusal};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Every so many weeks or months, counted from an anchor: 31 January, 28 February, 31 March.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cadence {
    unit: Unit,
    every: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Unit {
    Weeks,
    Months,
}

/// Once in five years is the rarest there is.
const MOST_WEEKS: u8 = 52;
const MOST_MONTHS: u8 = 60;

/// Those with names of their own.
const NAMED: [(&str, Cadence); 5] = [
    ("weekly", Cadence::weeks(1)),
    ("biweekly", Cadence::weeks(2)),
    ("monthly", Cadence::months(1)),
    ("quarterly", Cadence::months(3)),
    ("yearly", Cadence::months(12)),
];

impl Cadence {
    pub(crate) const fn weeks(every: u8) -> Self {
        Self { unit: Unit::Weeks, every }
    }

    pub(crate) const fn months(every: u8) -> Self {
        Self { unit: Unit::Months, every }
    }

    /// Reads a name, `every_N_weeks` (to 52) or `every_N_months` (to 60). Refuses with `unknown_cadence`, without a field.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let named = NAMED.iter().find(|(name, _)| *name == text).map(|(_, cadence)| *cadence);
        named.or_else(|| counted(text)).ok_or_else(|| {
            let text = "a cadence is weekly, biweekly, monthly, quarterly, yearly, every_N_weeks (up to 52) or \
                        every_N_months (up to 60)";
            Refusal::plain("unknown_cadence", text)
        })
    }

    /// The so-manieth due date, 0 being the anchor; `None` outside 1900 to 2200.
    pub(crate) fn due(self, anchor: Date, number: i32) -> Option<Date> {
        let steps = number.checked_mul(self.every.into())?;
        match self.unit {
            Unit::Weeks => anchor.plus_days(steps.checked_mul(7)?),
            Unit::Months => anchor.plus_months(steps),
        }
    }

    /// Which due date a day belongs to: from [`Cadence::lead`] days before it until so many before the next one.
    pub(crate) fn number_of(self, anchor: Date, day: Date) -> i32 {
        let day = day.plus_days(self.lead()).unwrap_or(Date::LAST);
        let every = i32::from(self.every);
        match self.unit {
            Unit::Weeks => day.days_since(anchor).div_euclid(7 * every),
            Unit::Months => {
                let number = months_between(anchor.month(), day.month()).div_euclid(every);
                let later = self.due(anchor, number).is_some_and(|due| due > day);
                number - i32::from(later)
            }
        }
    }

    /// Days before a due date from which on a payment is meant for it: two sevenths of the shortest period, at most 30.
    pub(crate) fn lead(self) -> i32 {
        (self.shortest() * 2 / 7).min(30)
    }

    /// Days after a due date in which a payment is not missed yet: a fifth of the shortest period, 2 to 14.
    pub(crate) fn grace(self) -> i32 {
        (self.shortest() / 5).clamp(2, 14)
    }

    /// Days by which what is regular may be early or late: one of those in weeks, which have their weekday; else an eighth of
    /// the shortest period, at most 5.
    pub(crate) fn drift(self) -> i32 {
        if self.is_weeks() { 1 } else { (self.shortest() / 8).min(5) }
    }

    /// Whether so many days could be so many periods of something regular.
    pub(crate) fn could_take(self, periods: i32, days: i32) -> bool {
        let longest = i32::from(self.every) * if self.is_weeks() { 7 } else { 31 };
        let slack = 2 * self.drift();
        (periods * self.shortest() - slack..=periods * longest + slack).contains(&days)
    }

    /// How often in a year, as a fraction.
    pub(crate) fn per_year(self) -> (u16, u16) {
        match self.unit {
            Unit::Weeks => (52, self.every.into()),
            Unit::Months => (12, self.every.into()),
        }
    }

    /// Whether it is counted in weeks.
    pub(crate) fn is_weeks(self) -> bool {
        self.unit == Unit::Weeks
    }

    /// The fewest days between two due dates.
    fn shortest(self) -> i32 {
        i32::from(self.every) * if self.is_weeks() { 7 } else { 28 }
    }
}

fn counted(text: &str) -> Option<Cadence> {
    let (number, unit) = text.strip_prefix("every_")?.split_once('_')?;
    let number = number.parse().ok().filter(|_| !number.starts_with(['+', '0']))?;
    match unit {
        "weeks" if number <= MOST_WEEKS => Some(Cadence::weeks(number)),
        "months" if number <= MOST_MONTHS => Some(Cadence::months(number)),
        _ => None,
    }
}

fn months_between(from: Month, to: Month) -> i32 {
    match to.since(from) {
        Some(later) => later.into(),
        None => -i32::from(from.since(to).unwrap_or(0)),
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (NAMED.iter().find(|(_, cadence)| cadence == self), self.unit) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Unit::Weeks) => write!(f, "every_{}_weeks", self.every),
            (None, Unit::Months) => write!(f, "every_{}_months", self.every),
        }
    }
}

/// JSON gets the text, the journal and the pages unit and number.
impl Serialize for Cadence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.unit, self.every).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Cadence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Self::read(&String::deserialize(deserializer)?).map_err(D::Error::custom);
        }
        match <(Unit, u8)>::deserialize(deserializer)? {
            (_, 0) => Err(D::Error::custom("not a cadence")),
            (unit, every) => Ok(Self { unit, every }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::read(text).expect(text)
    }

    #[test]
    fn a_cadence_reads_and_writes_itself() {
        for text in [
            "weekly",
            "biweekly",
            "monthly",
            "quarterly",
            "yearly",
            "every_4_weeks",
            "every_6_months",
            "every_60_months",
        ] {
            let cadence = Cadence::read(text).expect(text);
            assert_eq!(cadence.to_string(), text);
            let bytes = postcard::to_allocvec(&cadence).expect("encodes");
            assert_eq!(postcard::from_bytes::<Cadence>(&bytes).expect("decodes"), cadence);
        }
        assert_eq!(Cadence::read("every_12_months").expect("yearly").to_string(), "yearly");
        for text in [
            "",
            "daily",
            "every_0_weeks",
            "every_53_weeks",
            "every_61_months",
            "every_+2_weeks",
            "every_2_days",
        ] {
            assert_eq!(Cadence::read(text).expect_err(text).code, "unknown_cadence");
        }
    }

    #[test]
    fn due_dates_remember_the_day_they_are_counted_from() {
        let dues = |cadence: &str, anchor: &str| {
            let cadence = Cadence::read(cadence).expect(cadence);
            let due = |number| cadence.due(date(anchor), number).expect("on the calendar").to_string();
            [due(-1), due(1), due(2)]
        };
        assert_eq!(dues("monthly", "2026-01-31"), ["2025-12-31", "2026-02-28", "2026-03-31"]);
        assert_eq!(dues("biweekly", "2026-02-20"), ["2026-02-06", "2026-03-06", "2026-03-20"]);
        assert_eq!(dues("yearly", "2024-02-29"), ["2023-02-28", "2025-02-28", "2026-02-28"]);
        assert_eq!(Cadence::months(1).due(Date::LAST, 1), None);
        assert_eq!(Cadence::months(60).due(Date::FIRST, i32::MAX), None);
    }

    #[test]
    fn every_day_belongs_to_exactly_one_due_date() {
        for cadence in [
            Cadence::weeks(1),
            Cadence::weeks(3),
            Cadence::months(1),
            Cadence::months(3),
            Cadence::months(12),
        ] {
            let anchor = date("2024-01-31");
            let mut day = date("2022-12-30");
            let mut number = cadence.number_of(anchor, day);
            for _ in 0..1_500 {
                let belongs = |number: i32| {
                    let from = cadence.due(anchor, number).expect("near").plus_days(-cadence.lead());
                    from.expect("near") <= day
                };
                assert!(belongs(number) && !belongs(number + 1), "{cadence} {day}");
                day = day.plus_days(1).expect("near");
                let next = cadence.number_of(anchor, day);
                assert!(next == number || next == number + 1);
                number = next;
            }
        }
        assert_eq!(Cadence::months(12).number_of(Date::LAST, Date::FIRST), -301);
        assert_eq!(Cadence::weeks(1).number_of(Date::FIRST, Date::LAST), 15_705);
    }

    #[test]
    fn how_early_and_late_something_may_be_goes_by_its_period() {
        let days = |text: &str| {
            let cadence = Cadence::read(text).expect(text);
            (cadence.lead(), cadence.grace(), cadence.drift())
        };
        assert_eq!(days("weekly"), (2, 2, 1));
        assert_eq!(days("biweekly"), (4, 2, 1));
        assert_eq!(days("monthly"), (8, 5, 3));
        assert_eq!(days("quarterly"), (24, 14, 5));
        assert_eq!(days("yearly"), (30, 14, 5));
    }
}
