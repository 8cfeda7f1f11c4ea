//! What comes again, or does not, because of what just happened: due dates gone by, new prices, regular payments.
//!
//! Looked at are the payees of the command's transactions, and the schedules whose deadline has passed.

use super::UserState;
use super::recurring::Recurring;
use crate::commands::Context;
use crate::events::{RecurringDetected, RecurringMissed, RecurringPriceChanged, SeenPayment};
use crate::recurring::{Entry, Found, Payment, Schedule, Trace, amount_max, find};
use crate::transaction::Transaction;
use crate::{CommandId, Date, Event};
use jiff::Timestamp;

mod evidence;
#[cfg(test)]
mod tests;

/// A payment that a command entered or took back.
struct Touched<'a> {
    payment: Payment,
    transaction: &'a Transaction,
    entered: bool,
}

impl UserState {
    /// What there is to tell after `events`, which are applied already: what was missed, then prices, then what was detected.
    pub(super) fn recur(&self, events: &[Event], context: &Context<'_>) -> Vec<Event> {
        let Some(recurring) = self.recurring() else {
            return Vec::new();
        };
        let mut told = self.missed(context.time);
        let touched = touched(events);
        if !touched.is_empty() {
            self.tell_prices(recurring, &touched, &mut told);
            self.tell_detected(recurring, &touched, context, &mut told);
        }
        told
    }

    /// What was due and did not come, as of an instant.
    pub(super) fn missed(&self, time: Timestamp) -> Vec<Event> {
        let mut told = Vec::new();
        if let Some(recurring) = self.recurring().filter(|recurring| recurring.deadline().is_some())
            && let Ok(now) = self.date_at(time)
            && recurring.is_due(now)
        {
            self.tell_missed(recurring, now, &mut told);
        }
        told
    }

    fn tell_missed(&self, recurring: &Recurring, now: Date, told: &mut Vec<Event>) {
        for schedule in recurring.schedules() {
            if schedule.deadline().is_some_and(|deadline| deadline < now)
                && let Some(trace) = self.trace(schedule.key)
            {
                let met = schedule.met_by(&active(recurring, schedule.key), trace);
                let (mut number, mut missed) = (schedule.next, schedule.missed);
                while schedule.last_day(number).is_some_and(|last| last < now) {
                    let is_met = met.iter().any(|(known, _)| *known == number);
                    if !is_met && is_known(schedule, number, trace) {
                        let before = missed.filter(|(last, _)| *last == number - 1);
                        let in_a_row = before.map_or(0, |(_, count)| count).saturating_add(1);
                        told.extend(missed_event(schedule, number, in_a_row));
                        missed = Some((number, in_a_row));
                        if in_a_row >= Schedule::LAPSES_AFTER {
                            break;
                        }
                    }
                    number += 1;
                }
            }
        }
    }

    fn tell_prices(&self, recurring: &Recurring, touched: &[Touched<'_>], told: &mut Vec<Event>) {
        for (key, cause) in causes(touched) {
            let schedules = active(recurring, key);
            let Some(trace) = self.trace(key).filter(|_| !schedules.is_empty()) else {
                continue;
            };
            for schedule in &schedules {
                let newest = schedule.met_by(&schedules, trace).pop();
                // What was paid before the user named a price says nothing about it; what was detected has its price of these.
                let newest = newest.filter(|(number, _)| {
                    !schedule.declared || schedule.repriced.is_some() || *number >= schedule.since
                });
                if let Some((number, entry)) = newest
                    && schedule.is_new_price(entry.amount())
                {
                    told.extend(price_event(schedule, number, &entry, cause));
                }
            }
        }
    }

    fn tell_detected(
        &self,
        recurring: &Recurring,
        touched: &[Touched<'_>],
        context: &Context<'_>,
        told: &mut Vec<Event>,
    ) {
        let mut taken: Vec<(u64, Entry)> = Vec::new();
        let mut known = recurring.schedules().len();
        for Touched { payment, transaction, .. } in touched.iter().filter(|touched| touched.entered) {
            let Some(trace) = self.trace(payment.key).filter(|trace| !trace.dismissed) else {
                continue;
            };
            let Ok(now) = self.date_at(context.time) else {
                return;
            };
            let free = free(recurring, payment, trace, &taken, now);
            if known < Schedule::MOST
                && free.contains(&payment.entry)
                && let Some(found) = find(&free, payment.entry.amount())
                && let Some(event) = detected_event(&found, payment.key, transaction, context.id, now)
            {
                taken.extend(found.run.iter().map(|entry| (payment.key, *entry)));
                known += 1;
                told.push(event);
            }
        }
    }

    /// Which payments meet a schedule's due dates, and which of the last so many that were judged none meets.
    pub(crate) fn met_and_missed(&self, schedule: &Schedule, last: i32) -> (Vec<(i32, Entry)>, Vec<Date>) {
        let (Some(recurring), Some(trace)) = (self.recurring(), self.trace(schedule.key)) else {
            return (Vec::new(), Vec::new());
        };
        let met = schedule.met_by(&active(recurring, schedule.key), trace);
        let is_missed = |number: &i32| {
            is_known(schedule, *number, trace) && !met.iter().any(|(known, _)| known == number)
        };
        let judged = schedule.since.max(schedule.next - last)..schedule.next;
        let missed = judged.filter(is_missed).filter_map(|number| schedule.due(number)).collect();
        (met, missed)
    }
}

/// Schedules of a payee that have not lapsed: what has lapsed has no claim to payments.
fn active(recurring: &Recurring, key: u64) -> Vec<&Schedule> {
    recurring.of(key).filter(|schedule| !schedule.lapsed).collect()
}

/// The payments of the same account up to today that no schedule has.
fn free(
    recurring: &Recurring,
    payment: &Payment,
    trace: &Trace,
    taken: &[(u64, Entry)],
    now: Date,
) -> Vec<Entry> {
    let schedules = active(recurring, payment.key);
    let met: Vec<Entry> = schedules
        .iter()
        .flat_map(|schedule| schedule.met_by(&schedules, trace))
        .map(|(_, entry)| entry)
        .collect();
    let is_free = |entry: &&Entry| {
        entry.account == payment.entry.account
            && entry.date <= now
            && !met.contains(entry)
            && !taken.contains(&(payment.key, **entry))
    };
    trace.entries().iter().filter(is_free).copied().collect()
}

/// Whether a payment for a due date would be in the trace: what can't be known is not told.
fn is_known(schedule: &Schedule, number: i32, trace: &Trace) -> bool {
    let first = schedule.due(number).and_then(|due| due.plus_days(-schedule.cadence.lead()));
    first.is_none_or(|first| trace.knows(first))
}

fn touched(events: &[Event]) -> Vec<Touched<'_>> {
    let mut touched = Vec::new();
    let mut add = |transaction, entered| {
        if let Some(payment) = Payment::of(transaction) {
            touched.push(Touched { payment, transaction, entered });
        }
    };
    for event in events {
        match event {
            Event::TransactionCreated(event) => add(&event.transaction, true),
            Event::TransactionDeleted(event) => add(&event.transaction, false),
            Event::TransactionUpdated(event) => {
                add(&event.previous, false);
                add(&event.transaction, true);
            }
            _ => {}
        }
    }
    touched
}

/// The payees touched, each with the last transaction that did.
fn causes<'a>(touched: &[Touched<'a>]) -> Vec<(u64, &'a CommandId)> {
    let mut causes: Vec<_> =
        touched.iter().rev().map(|touched| (touched.payment.key, &touched.transaction.id)).collect();
    // Stable: of each payee the first here, which came last, stays.
    causes.sort_by_key(|(key, _)| *key);
    causes.dedup_by_key(|(key, _)| *key);
    causes
}

fn missed_event(schedule: &Schedule, number: i32, in_a_row: u8) -> Option<Event> {
    Some(Event::RecurringMissed(Box::new(RecurringMissed {
        id: schedule.id.clone(),
        payee: schedule.payee.clone(),
        transaction_type: schedule.transaction_type,
        amount: schedule.least,
        amount_max: amount_max(schedule.least, schedule.most),
        currency: schedule.currency,
        due: schedule.due(number)?,
        in_a_row,
        next_due: schedule.due(number + 1),
    })))
}

fn price_event(schedule: &Schedule, number: i32, entry: &Entry, cause: &CommandId) -> Option<Event> {
    Some(Event::RecurringPriceChanged(Box::new(RecurringPriceChanged {
        id: schedule.id.clone(),
        payee: schedule.payee.clone(),
        transaction_type: schedule.transaction_type,
        due: schedule.due(number)?,
        old_amount: schedule.least,
        new_amount: entry.amount(),
        currency: schedule.currency,
        percent: schedule.least.percent_to(entry.amount()).into(),
        transaction_id: cause.clone(),
    })))
}

/// `None` if what was regular has ended already.
fn detected_event(
    found: &Found,
    key: u64,
    transaction: &Transaction,
    command: &CommandId,
    now: Date,
) -> Option<Event> {
    let Found { cadence, anchor, run, least, most } = found;
    let next = cadence.number_of(*anchor, run.last()?.date) + 1;
    let next_due = cadence.due(*anchor, next)?;
    if next_due.plus_days(cadence.grace())? < now {
        return None;
    }
    let seen = |entry: &Entry| SeenPayment { date: entry.date, amount: entry.amount() };
    let (first, last) = (run.first()?.date, run.last()?.date);
    Some(Event::RecurringDetected(Box::new(RecurringDetected {
        id: CommandId::derived(&format!("recurring\n{}\n{key}\n{first}\n{last}\n{least}", &*command.text())),
        transaction_type: transaction.transaction_type,
        payee: transaction.payee.clone()?,
        amount: *least,
        amount_max: amount_max(*least, *most),
        currency: transaction.currency,
        cadence: *cadence,
        starts: *anchor,
        category: transaction.category.clone(),
        account: transaction.account.clone(),
        next_due,
        evidence: run.iter().map(seen).collect(),
        transaction_id: transaction.id.clone(),
    })))
}
