//! What is remembered of payees: their last payments, and what is expected of them.
//!
//! The last payments of payees with a schedule, and of some others, are in the root page; those of the rest are in pages of their own.

use super::UserState;
use super::pages::Page;
use crate::events::{RecurringDeclared, RecurringDetected, RecurringMissed, RecurringPriceChanged};
use crate::memory::{heap, make_room, vec_heap};
use crate::recurring::{Payment, Schedule, Trace, payee_key};
use crate::transaction::Transaction;
use crate::{CommandId, Date, Event, PageKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recurring {
    /// By payee.
    traces: Vec<(u64, Trace)>,
    /// Whether there are others in pages of their own.
    spilled: bool,
    /// In the order they were declared or detected.
    schedules: Vec<Schedule>,
    /// The day after which there is something to be judged.
    deadline: Option<Date>,
}

impl Recurring {
    /// All schedules.
    pub(crate) fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }

    /// Those of a payee.
    pub(crate) fn of(&self, key: u64) -> impl Iterator<Item = &Schedule> {
        self.schedules.iter().filter(move |schedule| schedule.key == key)
    }

    /// Whether anything may be missed by this day.
    pub(crate) fn is_due(&self, now: Date) -> bool {
        self.deadline.is_some_and(|deadline| deadline < now)
    }

    /// The day after which there is something to be judged.
    pub(crate) fn deadline(&self) -> Option<Date> {
        self.deadline
    }

    pub(super) fn trace(&self, key: u64) -> Option<&Trace> {
        self.place(key).ok().map(|place| &self.traces[place].1)
    }

    fn place(&self, key: u64) -> Result<usize, usize> {
        self.traces.binary_search_by_key(&key, |(known, _)| *known)
    }

    fn put(&mut self, key: u64, trace: Trace) {
        match self.place(key) {
            Ok(place) if trace.is_nothing() => drop(self.traces.remove(place)),
            Ok(place) => self.traces[place].1 = trace,
            Err(_) if trace.is_nothing() => {}
            Err(place) => {
                make_room(&mut self.traces, 1);
                self.traces.insert(place, (key, trace));
            }
        }
    }

    fn schedule_mut(&mut self, id: &CommandId) -> Option<&mut Schedule> {
        self.schedules.iter_mut().find(|schedule| schedule.id == *id)
    }

    fn add(&mut self, schedule: Schedule) {
        make_room(&mut self.schedules, 1);
        self.schedules.push(schedule);
        self.find_deadline();
    }

    fn find_deadline(&mut self) {
        self.deadline = self.schedules.iter().filter_map(Schedule::deadline).min();
    }

    /// Takes out those of the payees without a schedule that were paid longest ago.
    fn take_oldest(&mut self, count: usize) -> Vec<(u64, Trace)> {
        let mut keys: Vec<(Option<Date>, u64)> =
            self.unscheduled().map(|(key, trace)| (trace.last_date(), *key)).collect();
        keys.sort_unstable();
        keys.truncate(count);
        let places = keys.into_iter().filter_map(|(_, key)| self.place(key).ok());
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.into_iter().rev().map(|place| self.traces.remove(place)).collect()
    }

    fn unscheduled(&self) -> impl Iterator<Item = &(u64, Trace)> {
        self.traces.iter().filter(|(_, trace)| !trace.scheduled)
    }

    /// About how many bytes of heap it takes, its own included.
    pub(super) fn weight(&self) -> usize {
        heap(size_of::<Self>())
            + vec_heap(&self.traces)
            + self.traces.iter().map(|(_, trace)| trace.weight()).sum::<usize>()
            + vec_heap(&self.schedules)
            + self.schedules.iter().map(Schedule::weight).sum::<usize>()
    }
}

impl UserState {
    /// What comes again, and what might; `None`: no payee was ever named.
    pub(crate) fn recurring(&self) -> Option<&Recurring> {
        self.root.recurring.as_deref()
    }

    /// A schedule.
    pub(crate) fn schedule(&self, id: &CommandId) -> Option<&Schedule> {
        self.recurring()?.schedules().iter().find(|schedule| schedule.id == *id)
    }

    /// A payee's last payments, wherever they are.
    pub(crate) fn trace(&self, key: u64) -> Option<&Trace> {
        if let Some(trace) = self.recurring()?.trace(key) {
            return Some(trace);
        }
        match self.pages.get(PageKey::Payee(key)) {
            Some(Page::Trace(trace)) => Some(trace),
            _ => None,
        }
    }

    pub(super) fn has_spilled_traces(&self) -> bool {
        self.recurring().is_some_and(|recurring| recurring.spilled)
    }

    /// Adds the pages of the payees that the events are about.
    pub(super) fn add_traces(&self, events: &[Event], keys: &mut Vec<PageKey>) {
        if !self.has_spilled_traces() {
            return;
        }
        let of = |transaction: &Transaction| Payment::of(transaction).map(|payment| payment.key);
        for event in events {
            let payees = match event {
                Event::TransactionCreated(event) => [of(&event.transaction), None],
                Event::TransactionDeleted(event) => [of(&event.transaction), None],
                Event::TransactionUpdated(event) => [of(&event.previous), of(&event.transaction)],
                Event::RecurringDeclared(event) => {
                    [Some(payee_key(event.transaction_type, event.currency, &event.payee)), None]
                }
                // Whatever else is told of a payee follows from a transaction of the same command, or is in the root page.
                _ => [None, None],
            };
            payees.into_iter().flatten().for_each(|key| self.add_trace(key, keys));
        }
    }

    /// Adds the page of a payee that is not in the root page.
    fn add_trace(&self, key: u64, keys: &mut Vec<PageKey>) {
        if self.recurring().is_some_and(|recurring| recurring.trace(key).is_none()) {
            self.add(PageKey::Payee(key), keys);
        }
    }

    /// Changes a payee's trace where it is; a new one begins in the root page.
    fn change_trace(&mut self, key: u64, change: impl FnOnce(&mut Trace)) {
        let recurring = self.root.recurring.get_or_insert_default();
        if let Ok(place) = recurring.place(key) {
            change(&mut recurring.traces[place].1);
            if recurring.traces[place].1.is_nothing() {
                recurring.traces.remove(place);
            }
            return;
        }
        let page = PageKey::Payee(key);
        let spilled = match self.pages.get(page) {
            Some(Page::Trace(trace)) => Some(trace.clone()),
            _ => None,
        };
        let is_spilled = spilled.is_some();
        let mut trace = spilled.unwrap_or_default();
        change(&mut trace);
        // What has a schedule is in the root page.
        if is_spilled && !trace.scheduled {
            let left = (!trace.is_nothing()).then_some(Page::Trace(trace));
            self.pages.put(page, left);
            return;
        }
        if is_spilled {
            self.pages.put(page, None);
        }
        recurring.put(key, trace);
    }

    /// Remembers a payment, or takes it back.
    pub(super) fn note_payment(&mut self, transaction: &Transaction, add: bool) {
        let Some(payment) = Payment::of(transaction) else {
            return;
        };
        let entry = payment.entry;
        self.change_trace(payment.key, |trace| if add { trace.add(entry) } else { trace.take(&entry) });
        let recurring = self.root.recurring.get_or_insert_default();
        let mut resumed = false;
        // What had lapsed and is paid again is expected again.
        for schedule in
            recurring.schedules.iter_mut().filter(|known| known.key == payment.key && known.lapsed)
        {
            if let Some(number) = schedule.number_of(&entry).filter(|number| add && *number >= schedule.next)
            {
                (schedule.lapsed, schedule.next) = (false, number);
                resumed = true;
            }
        }
        if resumed {
            recurring.find_deadline();
        }
    }

    pub(super) fn declare(&mut self, event: &RecurringDeclared) {
        self.expect(Schedule::declared(event), |known| !known.declared);
    }

    pub(super) fn note_detected(&mut self, event: &RecurringDetected) {
        self.expect(Schedule::detected(event), |known| !known.declared && known.lapsed);
    }

    /// Adds a schedule, in the place of those of the same payments that may give way.
    fn expect(&mut self, schedule: Schedule, gives_way: impl Fn(&Schedule) -> bool) {
        self.change_trace(schedule.key, |trace| trace.scheduled = true);
        let recurring = self.root.recurring.get_or_insert_default();
        recurring.schedules.retain(|known| !(gives_way(known) && known.is_same(&schedule)));
        recurring.add(schedule);
    }

    /// Ends a schedule. Dismissed: nothing is to be detected of that payee any more.
    pub(super) fn end(&mut self, id: &CommandId, dismissed: bool) {
        let recurring = self.root.recurring.get_or_insert_default();
        let Some(place) = recurring.schedules.iter().position(|schedule| schedule.id == *id) else {
            return;
        };
        let key = recurring.schedules.remove(place).key;
        recurring.find_deadline();
        let scheduled = recurring.of(key).next().is_some();
        self.change_trace(key, |trace| {
            trace.dismissed |= dismissed;
            trace.scheduled = scheduled;
        });
    }

    pub(super) fn note_price(&mut self, event: &RecurringPriceChanged) {
        if let Some(schedule) = self.root.recurring.get_or_insert_default().schedule_mut(&event.id) {
            let number = schedule.cadence.number_of(schedule.anchor, event.due);
            schedule.reprice(number, event.new_amount);
        }
    }

    pub(super) fn note_missed(&mut self, event: &RecurringMissed) {
        let recurring = self.root.recurring.get_or_insert_default();
        if let Some(schedule) = recurring.schedule_mut(&event.id) {
            let number = schedule.cadence.number_of(schedule.anchor, event.due);
            schedule.missed = Some((number, event.in_a_row));
            schedule.lapsed = event.in_a_row >= Schedule::LAPSES_AFTER;
            schedule.next = number + 1;
        }
        recurring.find_deadline();
    }

    /// Due dates whose grace is over were judged with the command of these events: none of them will be again. A command
    /// without events moves nothing, as it is in no export.
    pub(super) fn pass_due_dates(&mut self, events: &[Event], time: Option<Timestamp>) {
        if events.is_empty() || self.recurring().and_then(Recurring::deadline).is_none() {
            return;
        }
        let now = time.and_then(|time| self.date_at(time).ok());
        if let (Some(now), Some(recurring)) = (now, self.root.recurring.as_deref_mut())
            && recurring.is_due(now)
        {
            recurring.schedules.iter_mut().for_each(|schedule| schedule.advance(now));
            recurring.find_deadline();
        }
    }

    /// Moves payees that were paid long ago into pages of their own.
    pub(super) fn spill_traces(&mut self) {
        let Some(recurring) = self.root.recurring.as_deref_mut() else {
            return;
        };
        while recurring.traces.len() > self.limits.traces
            && recurring.unscheduled().count() > self.limits.traces
        {
            recurring.spilled = true;
            for (key, trace) in recurring.take_oldest(self.limits.traces_evicted) {
                self.pages.put(PageKey::Payee(key), Some(Page::Trace(trace)));
            }
        }
    }
}
