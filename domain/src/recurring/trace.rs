//! The last payments of a payee.

use crate::memory::{make_room, vec_heap};
use crate::values::PackedAmount;
use crate::{Amount, Date};
use serde::{Deserialize, Serialize};

/// What is kept of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub date: Date,
    pub amount: PackedAmount,
    /// See `account_tag`.
    pub account: u32,
}

impl Entry {
    pub(crate) fn amount(&self) -> Amount {
        self.amount.into()
    }

    fn order(&self) -> (Date, Amount, u32) {
        (self.date, self.amount(), self.account)
    }
}

/// The last payments by date: all of those after the horizon, which moves on when they become too many, and never back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trace {
    /// By date, then amount.
    entries: Vec<Entry>,
    horizon: Option<Date>,
    /// Nothing is to be detected here: the user said so.
    pub dismissed: bool,
    /// There are schedules for this payee.
    pub scheduled: bool,
}

impl Trace {
    /// Enough for two things a payee is paid for to be seen three times.
    pub(crate) const MOST: usize = 6;

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn last_date(&self) -> Option<Date> {
        self.entries.last().map(|entry| entry.date)
    }

    /// Whether all payments of that day are here.
    pub(crate) fn knows(&self, date: Date) -> bool {
        self.horizon.is_none_or(|horizon| date > horizon)
    }

    /// Adds a payment; forgets the oldest day if there are too many.
    pub(crate) fn add(&mut self, entry: Entry) {
        if !self.knows(entry.date) {
            return;
        }
        let place = self.entries.partition_point(|known| known.order() <= entry.order());
        make_room(&mut self.entries, 1);
        self.entries.insert(place, entry);
        if self.entries.len() > Self::MOST {
            let oldest = self.entries[0].date;
            self.horizon = Some(oldest);
            self.entries.retain(|known| known.date > oldest);
        }
    }

    /// Takes back a payment that was added.
    pub(crate) fn take(&mut self, entry: &Entry) {
        if let Some(place) = self.entries.iter().position(|known| known.order() == entry.order()) {
            self.entries.remove(place);
        }
    }

    /// Whether it says nothing that an absent one would not.
    pub(crate) fn is_nothing(&self) -> bool {
        self.entries.is_empty() && self.horizon.is_none() && !self.dismissed && !self.scheduled
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        vec_heap(&self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(day: u16, amount: &str) -> Entry {
        let date = Date::read("2026-01-01").expect("a date").month().day(day);
        Entry { date, amount: Amount::read(amount).expect("an amount").into(), account: 0 }
    }

    #[test]
    fn what_is_added_and_taken_back_leaves_nothing() {
        let mut trace = Trace::default();
        for day in [3, 1, 2] {
            trace.add(entry(day, "5.0"));
        }
        assert_eq!(trace.last_date(), Some(entry(3, "5").date));
        for day in [1, 2, 3] {
            trace.take(&entry(day, "5"));
        }
        assert!(trace.is_nothing());
    }

    #[test]
    fn the_oldest_day_is_forgotten_whole_and_stays_so() {
        let mut trace = Trace::default();
        for (day, amount) in [(2, "1"), (2, "2"), (3, "1"), (4, "1"), (5, "1"), (6, "1"), (7, "1")] {
            trace.add(entry(day, amount));
        }
        assert_eq!(trace.entries().len(), 5);
        trace.take(&entry(7, "1"));
        trace.add(entry(2, "1"));
        trace.add(entry(1, "1"));
        assert_eq!(trace.entries().len(), 4, "nothing before the horizon is known");
        assert!(!trace.knows(entry(2, "1").date) && trace.knows(entry(3, "1").date));
        assert!(!trace.is_nothing());
    }

    #[test]
    fn too_many_on_one_day_are_all_forgotten() {
        let mut trace = Trace::default();
        (0..=Trace::MOST).for_each(|_| trace.add(entry(1, "1")));
        assert!(trace.entries().is_empty() && !trace.is_nothing());
    }
}
