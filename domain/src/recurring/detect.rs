//! Regular payments among a payee's last ones. The rules, and where they are from: docs/semantics.md, Recurring.

use super::schedule::Schedule;
use super::trace::Entry;
use crate::values::Cadence;
use crate::{Amount, Date};

/// The cadences that are looked for.
const CADENCES: [Cadence; 7] = [
    Cadence::weeks(1),
    Cadence::weeks(2),
    Cadence::months(1),
    Cadence::months(3),
    Cadence::months(6),
    Cadence::months(12),
    // Behind the months: where both would do alike, it is a month.
    Cadence::weeks(4),
];

/// Payments of one amount that make a cadence: in weeks there must be one more, as shopping is weekly, too.
const FEWEST: usize = 3;
/// So many of different amounts: nearly all that a trace holds.
const FEWEST_VARIED: usize = 5;
/// The largest of them is at most so many times the smallest.
const VARIES_AT_MOST: u16 = 2;

/// Payments that are regular.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub cadence: Cadence,
    /// The day its due dates are counted from: of the payment that fits all others best.
    pub anchor: Date,
    /// The payments, oldest first.
    pub run: Vec<Entry>,
    /// The price; without one, the least and the most there was.
    pub least: Amount,
    pub most: Amount,
}

/// What the last of these payments (oldest first, all of one account) say: about those of the same price as `amount` first,
/// and only then about all of them.
pub(crate) fn find(entries: &[Entry], amount: Amount) -> Option<Found> {
    let same: Vec<Entry> =
        entries.iter().filter(|entry| Schedule::is_same_price(entry.amount(), amount)).copied().collect();
    let priced = regular(&same, |cadence| FEWEST + usize::from(cadence.is_weeks()));
    if let Some((cadence, anchor, run)) = priced {
        let price = run.last().expect("a run is not empty").amount();
        return Some(Found { cadence, anchor, run: run.to_vec(), least: price, most: price });
    }
    let (cadence, anchor, run) = regular(entries, |_| FEWEST_VARIED)?;
    let amounts = || run.iter().map(Entry::amount);
    let (least, most) = (amounts().min()?, amounts().max()?);
    let steady = !cadence.is_weeks() && most <= least.times(VARIES_AT_MOST);
    steady.then(|| Found { cadence, anchor, run: run.to_vec(), least, most })
}

/// The cadence that the last three fit best, its anchor, and the longest run at the end that fits it; `None` if that is too short.
fn regular(entries: &[Entry], fewest: impl Fn(Cadence) -> usize) -> Option<(Cadence, Date, &[Entry])> {
    let last = &entries[entries.len().checked_sub(FEWEST)?..];
    let days = last[FEWEST - 1].date.days_since(last[0].date);
    let possible = CADENCES.into_iter().filter(|cadence| cadence.could_take(2, days));
    let fitting = possible.filter_map(|cadence| Some((fit(last, cadence)?.0, cadence)));
    let (_, cadence) = fitting.min_by_key(|(off, _)| *off)?;
    (fewest(cadence)..=entries.len()).rev().find_map(|count| {
        let run = &entries[entries.len() - count..];
        fit(run, cadence).map(|(_, anchor)| (cadence, anchor, run))
    })
}

/// By how many days all of them together are off the due dates counted from one of them: from that which makes it least, the
/// latest of several. `None` if any is off by more than the cadence allows.
fn fit(run: &[Entry], cadence: Cadence) -> Option<(i32, Date)> {
    let off_from = |place: usize, anchor: Date| {
        (0_i32..).zip(run).try_fold(0, |sum, (number, entry)| {
            let due = cadence.due(anchor, number - i32::try_from(place).ok()?)?;
            let off = entry.date.days_since(due).abs();
            (off <= cadence.drift()).then_some(sum + off)
        })
    };
    let anchors = run.iter().enumerate().rev();
    anchors
        .filter_map(|(place, entry)| Some((off_from(place, entry.date)?, entry.date)))
        .min_by_key(|(off, _)| *off)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(payments: &[(&str, &str)]) -> Option<String> {
        let entry = |(date, amount): &(&str, &str)| Entry {
            date: Date::read(date).expect(date),
            amount: Amount::read(amount).expect(amount).into(),
            account: 0,
        };
        let entries: Vec<Entry> = payments.iter().map(entry).collect();
        let last = entries.last().expect("a payment").amount();
        find(&entries, last).map(|found| {
            let Found { cadence, anchor, run, least, most } = found;
            format!("{cadence} {anchor} {} {least}-{most}", run.len())
        })
    }

    fn dated(dates: &[&str]) -> Option<String> {
        found(&dates.iter().map(|date| (*date, "9.99")).collect::<Vec<_>>())
    }

    #[test]
    fn three_of_one_price_in_a_row_are_regular() {
        let cases: [(&[&str], &str); 8] = [
            (&["2026-01-15", "2026-02-15", "2026-03-15"], "monthly 2026-03-15 3"),
            (&["2026-01-31", "2026-02-28", "2026-03-31"], "monthly 2026-03-31 3"),
            // Before a weekend, and after one.
            (&["2026-01-30", "2026-02-27", "2026-03-30"], "monthly 2026-03-30 3"),
            (&["2026-01-01", "2026-02-02", "2026-03-03", "2026-04-01"], "monthly 2026-04-01 4"),
            (&["2025-06-10", "2025-09-10", "2025-12-12"], "quarterly 2025-09-10 3"),
            (&["2024-12-01", "2025-06-01", "2025-12-01"], "every_6_months 2025-12-01 3"),
            (&["2024-02-29", "2025-02-28", "2026-02-28"], "yearly 2024-02-29 3"),
            // The day changed once.
            (&["2025-11-03", "2025-12-03", "2026-01-20", "2026-02-20", "2026-03-20"], "monthly 2026-03-20 3"),
        ];
        for (dates, expected) in cases {
            assert_eq!(dated(dates).as_deref(), Some(&*format!("{expected} 9.99-9.99")), "{dates:?}");
        }
    }

    #[test]
    fn in_weeks_there_must_be_four() {
        let weekly = ["2026-01-05", "2026-01-12", "2026-01-20", "2026-01-26"];
        assert_eq!(dated(&weekly[1..]), None);
        assert_eq!(dated(&weekly).as_deref(), Some("weekly 2026-01-26 4 9.99-9.99"));
        let biweekly = ["2026-01-02", "2026-01-16", "2026-01-30", "2026-02-13"];
        assert_eq!(dated(&biweekly).as_deref(), Some("biweekly 2026-02-13 4 9.99-9.99"));
        // Every 28 days: a month would do for the first three, but not as well.
        let lunar = ["2026-01-01", "2026-01-29", "2026-02-26", "2026-03-26"];
        assert_eq!(dated(&lunar[..3]), None);
        assert_eq!(dated(&lunar).as_deref(), Some("every_4_weeks 2026-03-26 4 9.99-9.99"));
    }

    #[test]
    fn what_is_irregular_is_not_found() {
        for dates in [
            &["2026-01-15", "2026-02-15"][..],
            &["2026-01-15", "2026-02-15", "2026-03-20"],
            &["2026-01-15", "2026-02-15", "2026-02-15", "2026-03-15"],
            &["2026-01-15", "2026-02-15", "2026-04-15"],
            &["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-06"],
            &["2026-03-01", "2026-03-11", "2026-03-21", "2026-03-31"],
        ] {
            assert_eq!(dated(dates), None, "{dates:?}");
        }
    }

    #[test]
    fn amounts_may_vary_if_there_are_five_and_none_is_more_than_twice_another() {
        let bills = [
            ("2025-11-01", "70"),
            ("2025-12-02", "61.20"),
            ("2026-01-03", "48"),
            ("2026-02-02", "55.10"),
            ("2026-03-02", "90"),
        ];
        assert_eq!(found(&bills[1..]), None);
        assert_eq!(found(&bills).as_deref(), Some("monthly 2026-03-02 5 48-90"));
        let more = [bills[0], bills[1], bills[2], bills[3], ("2026-03-02", "96.01")];
        assert_eq!(found(&more), None);
        let weekly = [
            ("2026-01-03", "51"),
            ("2026-01-10", "48"),
            ("2026-01-17", "55"),
            ("2026-01-24", "60"),
            ("2026-01-31", "66"),
        ];
        assert_eq!(found(&weekly), None, "that is shopping");
    }

    #[test]
    fn a_price_is_found_among_other_payments() {
        let mixed = [
            ("2026-01-05", "8.99"),
            ("2026-01-20", "31.40"),
            ("2026-02-05", "8.99"),
            ("2026-02-06", "12"),
            ("2026-03-05", "9.05"),
        ];
        assert_eq!(found(&mixed).as_deref(), Some("monthly 2026-03-05 3 9.05-9.05"));
    }
}
