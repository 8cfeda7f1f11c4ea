//! What is expected of a payee, and which payments meet it.

use super::payment::{account_tag, payee_key};
use super::trace::{Entry, Trace};
use crate::events::{RecurringDeclared, RecurringDetected};
use crate::memory::heap;
use crate::transaction::TransactionType;
use crate::values::Cadence;
use crate::{Amount, CommandId, Currency, Date};
use serde::{Deserialize, Serialize};

/// Payments that come again. Due dates are numbered, 0 being the anchor; what was there before it is below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub id: CommandId,
    /// The user said so; else it was detected.
    pub declared: bool,
    /// See [`payee_key`](super::payee_key).
    pub key: u64,
    pub transaction_type: TransactionType,
    pub payee: Box<str>,
    pub currency: Currency,
    /// Only what names this account; `None`: any, or none.
    pub account: Option<Box<str>>,
    /// See `account_tag`.
    pub account_tag: u32,
    pub category: Option<Box<str>>,
    /// The least and the most it is known to come to; the same if it has a price.
    pub least: Amount,
    pub most: Amount,
    /// By how many per cent a payment may be below the least, or the most below it, 0 to 100.
    pub tolerance: u16,
    pub cadence: Cadence,
    pub anchor: Date,
    /// The last day a due date may be on.
    pub ends: Option<Date>,
    /// The first due date there is.
    pub first: i32,
    /// The first that may be missed.
    pub since: i32,
    /// The next that is to be judged: none before it will be missed any more.
    pub next: i32,
    /// The due date that its price is from, if that is not the first one known.
    pub repriced: Option<i32>,
    /// The last one missed, and how many there were in a row.
    pub missed: Option<(i32, u8)>,
    /// Too many were missed in a row: no more are told of until it is met again.
    pub lapsed: bool,
}

/// How the most is told: not at all if there is a price.
pub(crate) fn amount_max(least: Amount, most: Amount) -> Option<Amount> {
    (least != most).then_some(most)
}

impl Schedule {
    /// More than any person is bound by; it bounds the size of the root page.
    pub(crate) const MOST: usize = 100;

    /// So many missed in a row, and it has lapsed.
    pub(crate) const LAPSES_AFTER: u8 = 3;

    /// The tolerance if none is given: a payment may be half of what is known, or twice.
    pub(crate) const TOLERANCE: u16 = 50;

    /// Prices that differ by no more per cent of the lower one are the same (exchange rates, cents).
    const SAME_PRICE: u16 = 2;

    /// As it was declared.
    pub(crate) fn declared(event: &RecurringDeclared) -> Self {
        let mut schedule = Self {
            id: event.id.clone(),
            declared: true,
            key: payee_key(event.transaction_type, event.currency, &event.payee),
            transaction_type: event.transaction_type,
            payee: event.payee.clone(),
            currency: event.currency,
            account: event.account.clone(),
            account_tag: account_tag(event.account.as_deref()),
            category: event.category.clone(),
            least: event.amount,
            most: event.amount_max.unwrap_or(event.amount),
            tolerance: event.tolerance,
            cadence: event.cadence,
            anchor: event.starts,
            ends: event.ends,
            first: 0,
            since: 0,
            next: 0,
            repriced: None,
            missed: None,
            lapsed: false,
        };
        if let Some(next_due) = event.next_due {
            schedule.next = schedule.cadence.number_of(schedule.anchor, next_due);
        } else {
            schedule.advance(Date::LAST);
        }
        schedule.since = schedule.next;
        schedule
    }

    /// As it was detected.
    pub(crate) fn detected(event: &RecurringDetected) -> Self {
        let number = |date| event.cadence.number_of(event.starts, date);
        let next = number(event.next_due);
        Self {
            id: event.id.clone(),
            declared: false,
            key: payee_key(event.transaction_type, event.currency, &event.payee),
            transaction_type: event.transaction_type,
            payee: event.payee.clone(),
            currency: event.currency,
            account: event.account.clone(),
            account_tag: account_tag(event.account.as_deref()),
            category: event.category.clone(),
            least: event.amount,
            most: event.amount_max.unwrap_or(event.amount),
            tolerance: Self::TOLERANCE,
            cadence: event.cadence,
            anchor: event.starts,
            ends: None,
            first: event.evidence.first().map_or(next, |seen| number(seen.date)),
            since: next,
            next,
            repriced: None,
            missed: None,
            lapsed: false,
        }
    }

    /// A due date; `None` if there is none of this number.
    pub(crate) fn due(&self, number: i32) -> Option<Date> {
        let due = self.cadence.due(self.anchor, number).filter(|_| number >= self.first)?;
        self.ends.is_none_or(|ends| due <= ends).then_some(due)
    }

    /// The last day on which a due date is not missed yet.
    pub(crate) fn last_day(&self, number: i32) -> Option<Date> {
        Some(self.due(number)?.plus_days(self.cadence.grace()).unwrap_or(Date::LAST))
    }

    /// The day after which there is something to be judged.
    pub(crate) fn deadline(&self) -> Option<Date> {
        if self.lapsed { None } else { self.last_day(self.next) }
    }

    /// The same, of the due dates that may still be met on a day.
    pub(crate) fn deadline_from(&self, today: Date) -> Option<Date> {
        let last_days = (self.next..).map_while(|number| self.last_day(number));
        last_days.filter(|_| !self.lapsed).find(|last| *last >= today)
    }

    /// Moves on to the first due date that may still be met on a day.
    pub(crate) fn advance(&mut self, now: Date) {
        while !self.lapsed && self.deadline().is_some_and(|last| last < now) {
            self.next += 1;
        }
    }

    /// Takes a new price over. One that was new with the due date before, too, is none: the amount varies.
    pub(crate) fn reprice(&mut self, number: i32, price: Amount) {
        let varies = self.repriced == Some(number - 1);
        (self.least, self.most) =
            if varies { (price.min(self.least), price.max(self.most)) } else { (price, price) };
        self.repriced = Some(number);
    }

    /// The due date that a payment would be for, if it is one of this schedule.
    pub(crate) fn number_of(&self, entry: &Entry) -> Option<i32> {
        if !self.is_near(entry) {
            return None;
        }
        let number = self.cadence.number_of(self.anchor, entry.date);
        self.due(number).map(|_| number)
    }

    /// Whether account and amount would do.
    pub(crate) fn is_near(&self, entry: &Entry) -> bool {
        (self.account.is_none() || entry.account == self.account_tag) && self.tolerates(entry.amount())
    }

    fn tolerates(&self, amount: Amount) -> bool {
        // Up as far as down: with 50 %, from half to twice. So a price that is changed by mistake can be changed back.
        let rest = 100 - self.tolerance;
        amount.times(100) >= self.least.times(rest) && amount.times(rest) <= self.most.times(100)
    }

    /// Whether another one is of the same payments.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let account = other.account.is_none() || self.account == other.account;
        self.key == other.key && account && self.tolerates(other.least)
    }

    /// How far an amount is from what it should be.
    fn distance(&self, amount: Amount) -> Amount {
        if amount < self.least {
            self.least.minus(amount)
        } else if amount > self.most {
            amount.minus(self.most)
        } else {
            Amount::ZERO
        }
    }

    /// Whether there is a price, and this is not it.
    pub(crate) fn is_new_price(&self, amount: Amount) -> bool {
        self.least == self.most && !Self::is_same_price(amount, self.least)
    }

    /// Whether two prices are the same, but for cents.
    pub(crate) fn is_same_price(one: Amount, other: Amount) -> bool {
        let (lower, higher) = (one.min(other), one.max(other));
        higher.minus(lower).times(100) <= lower.times(Self::SAME_PRICE)
    }

    /// Which payments meet which due dates, by number: one for each, of several the one with the right price, then the nearest
    /// day. What another schedule of the same payee fits better is not for this one.
    pub(crate) fn met_by(&self, rivals: &[&Self], trace: &Trace) -> Vec<(i32, Entry)> {
        let mut met: Vec<(i32, Entry)> = Vec::new();
        for entry in trace.entries() {
            let Some(number) = self.number_of(entry).filter(|_| self.fits_best(entry, rivals)) else {
                continue;
            };
            match met.last_mut() {
                Some((last, other)) if *last == number => {
                    if self.rank(number, entry) < self.rank(number, other) {
                        *other = *entry;
                    }
                }
                _ => met.push((number, *entry)),
            }
        }
        met
    }

    fn fits_best(&self, entry: &Entry, rivals: &[&Self]) -> bool {
        let distance = self.distance(entry.amount());
        let mut before = true;
        rivals.iter().all(|rival| {
            if rival.id == self.id {
                before = false;
                return true;
            }
            let other = rival.distance(entry.amount());
            let better = other < distance || (before && other == distance);
            !better || rival.number_of(entry).is_none()
        })
    }

    fn rank(&self, number: i32, entry: &Entry) -> (bool, u32) {
        let off = self.due(number).map_or(u32::MAX, |due| entry.date.days_since(due).unsigned_abs());
        (self.is_new_price(entry.amount()), off)
    }

    /// What it comes to in a year, from the middle of a range: 52 weeks, or 12 months.
    pub(crate) fn yearly(&self) -> Amount {
        let (times, every) = self.cadence.per_year();
        self.least.plus(self.most).times_every(times, every * 2, self.currency.digits())
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        let text = |text: Option<&str>| text.map_or(0, |text| heap(text.len()));
        self.id.weight()
            + heap(self.payee.len())
            + text(self.account.as_deref())
            + text(self.category.as_deref())
    }
}
