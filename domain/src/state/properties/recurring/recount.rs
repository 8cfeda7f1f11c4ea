//! The rules of what comes again, looked up the slow way in all payments there are.

use crate::recurring::{Payment, Trace};
use crate::transaction::{Transaction, TransactionType};
use crate::values::Cadence;
use crate::{Amount, CommandId, Date, Event};
use std::collections::BTreeMap;

/// Direction and name as compared.
type Key = (bool, String);

/// Date, amount, account.
pub(super) type Paid = (Date, Amount, Option<Box<str>>);

/// All of a payee's payments; those up to the horizon are not looked at.
#[derive(Default)]
struct Payee {
    all: Vec<Paid>,
    horizon: Option<Date>,
    dismissed: bool,
}

impl Payee {
    fn known(&self) -> Vec<Paid> {
        let mut known: Vec<Paid> = self
            .all
            .iter()
            .filter(|paid| self.horizon.is_none_or(|horizon| paid.0 > horizon))
            .cloned()
            .collect();
        known.sort();
        known
    }

    fn post(&mut self, paid: &Paid, add: bool) {
        if !add {
            let place = self.all.iter().position(|known| known == paid).expect("it was added");
            self.all.remove(place);
            return;
        }
        self.all.push(paid.clone());
        let known = self.known();
        if known.len() > Trace::MOST {
            self.horizon = Some(known[0].0);
        }
    }
}

#[derive(Clone)]
pub(super) struct Expected {
    id: CommandId,
    declared: bool,
    key: Key,
    payee: String,
    account: Option<Box<str>>,
    range: (Amount, Amount),
    cadence: Cadence,
    anchor: Date,
    first: i32,
    pub(super) since: i32,
    pub(super) next: i32,
    repriced: Option<i32>,
    missed: Option<(i32, u8)>,
    pub(super) lapsed: bool,
}

impl Expected {
    pub(super) fn due(&self, number: i32) -> Option<Date> {
        self.cadence.due(self.anchor, number).filter(|_| number >= self.first)
    }

    fn is_over(&self, number: i32, now: Date) -> bool {
        self.due(number).is_some_and(|due| now.days_since(due) > self.cadence.grace())
    }

    /// The last number whose due date, less the lead, has come.
    fn number_of(&self, day: Date) -> i32 {
        let come = |number: &i32| {
            self.cadence
                .due(self.anchor, *number)
                .is_some_and(|due| due.days_since(day) <= self.cadence.lead())
        };
        (-250..250).rev().find(come).expect("near")
    }

    fn takes(&self, paid: &Paid) -> Option<i32> {
        let double = |amount: Amount| amount.plus(amount);
        let fits = double(paid.1) >= self.range.0 && paid.1 <= double(self.range.1);
        let account = self.account.is_none() || self.account == paid.2;
        (fits && account).then(|| self.number_of(paid.0)).filter(|number| *number >= self.first)
    }

    fn distance(&self, amount: Amount) -> Amount {
        let (least, most) = self.range;
        least.minus(amount).max(amount.minus(most)).max(Amount::ZERO)
    }

    fn is_new_price(&self, amount: Amount) -> bool {
        self.range.0 == self.range.1 && !same(amount, self.range.0)
    }
}

/// Within two per cent of the lower.
fn same(one: Amount, other: Amount) -> bool {
    let percent = |amount: Amount| {
        amount.decimal() * rust_decimal::Decimal::from(102) / rust_decimal::Decimal::from(100)
    };
    one.decimal() <= percent(other) && other.decimal() <= percent(one)
}

/// All payees and schedules.
#[derive(Default)]
pub(super) struct Recount {
    payees: BTreeMap<Key, Payee>,
    pub(super) schedules: Vec<Expected>,
}

fn paid(transaction: &Transaction) -> Option<(Key, Paid)> {
    Payment::of(transaction)?;
    let income = transaction.transaction_type == TransactionType::Income;
    let name = transaction.payee.as_deref().expect("a payee").trim().to_lowercase();
    Some(((income, name), (transaction.date, transaction.amount, transaction.account.clone())))
}

/// The payments a command's events enter (`true`) or take back.
fn touched(events: &[Event]) -> Vec<(Key, Paid, bool)> {
    let mut all = Vec::new();
    let mut add = |transaction: &Transaction, entered: bool| {
        all.extend(paid(transaction).map(|(key, paid)| (key, paid, entered)));
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
    all
}

impl Recount {
    fn active(&self, key: &Key) -> Vec<&Expected> {
        self.schedules.iter().filter(|known| known.key == *key && !known.lapsed).collect()
    }

    fn known(&self, key: &Key) -> Vec<Paid> {
        self.payees.get(key).map(Payee::known).unwrap_or_default()
    }

    pub(super) fn met(&self, schedule: &Expected) -> BTreeMap<i32, Paid> {
        let mut met: BTreeMap<i32, Vec<Paid>> = BTreeMap::new();
        for paid in self.known(&schedule.key) {
            let mut rivals = self.active(&schedule.key);
            if schedule.lapsed {
                rivals.push(schedule);
            }
            let takers = rivals.into_iter().filter(|rival| rival.takes(&paid).is_some());
            let best = takers.min_by_key(|rival| rival.distance(paid.1));
            if best.is_some_and(|best| best.id == schedule.id) {
                met.entry(schedule.takes(&paid).expect("it is the best")).or_default().push(paid);
            }
        }
        let best = |(number, all): (i32, Vec<Paid>)| {
            let due = schedule.due(number).expect("it is there");
            let rank = |paid: &Paid| (schedule.is_new_price(paid.1), paid.0.days_since(due).abs());
            (number, all.into_iter().min_by_key(rank).expect("one at least"))
        };
        met.into_iter().map(best).collect()
    }

    pub(super) fn missed(&self, schedule: &Expected, number: i32) -> bool {
        let first =
            schedule.due(number).and_then(|due| due.plus_days(-schedule.cadence.lead())).expect("near");
        let horizon = self.payees.get(&schedule.key).and_then(|payee| payee.horizon);
        horizon.is_none_or(|horizon| first > horizon) && !self.met(schedule).contains_key(&number)
    }

    /// Ends what was detected of payments that are all gone; says what must be told of it.
    pub(super) fn withdraw(&mut self, events: &[Event]) -> Vec<String> {
        let taken = touched(events);
        let gone = |schedule: &&Expected| {
            let payee = self.payees.get(&schedule.key);
            let horizon = payee.and_then(|payee| payee.horizon);
            let is_seen = |number: &i32| {
                let lead = schedule.due(*number)?.days_since(horizon?);
                Some(lead > schedule.cadence.lead())
            };
            !schedule.declared
                && taken.iter().any(|(key, paid, entered)| {
                    *key == schedule.key && !entered && schedule.takes(paid).is_some()
                })
                && self.met(schedule).is_empty()
                && (schedule.next - 3..schedule.next).all(|number| is_seen(&number).unwrap_or(true))
        };
        let gone: Vec<CommandId> = self.schedules.iter().filter(gone).map(|known| known.id.clone()).collect();
        let is_gone = |known: &Expected| gone.contains(&known.id);
        let told = self.schedules.iter().filter(|known| is_gone(known));
        let told = told.map(|known| format!("withdrawn {}", known.payee)).collect();
        self.schedules.retain(|known| !is_gone(known));
        told
    }

    /// What must be told, sorted.
    pub(super) fn judge(&self, events: &[Event], now: Date) -> Vec<String> {
        let mut told = Vec::new();
        for schedule in self.schedules.iter().filter(|schedule| !schedule.lapsed) {
            let (mut number, mut row) = (schedule.next, schedule.missed);
            while schedule.is_over(number, now)
                && row.is_none_or(|(last, count)| count < 3 || last < schedule.next)
            {
                if self.missed(schedule, number) {
                    let count = row.filter(|(last, _)| *last == number - 1).map_or(1, |(_, count)| count + 1);
                    row = Some((number, count));
                    let due = schedule.due(number).expect("it is over");
                    told.push(format!("missed {} {due} #{count}", schedule.payee));
                }
                number += 1;
            }
        }
        let touched = touched(events);
        for schedule in self.schedules.iter().filter(|schedule| !schedule.lapsed) {
            if touched.iter().any(|(key, _, _)| *key == schedule.key)
                && let Some((number, paid)) = self.met(schedule).last_key_value()
                && (!schedule.declared || schedule.repriced.is_some() || *number >= schedule.since)
                && schedule.is_new_price(paid.1)
            {
                let (old, due) = (schedule.range.0, schedule.due(*number).expect("it is there"));
                let (payee, new) = (&schedule.payee, paid.1);
                told.push(format!("changed {payee} {due}: {old} to {new}, {} %", old.percent_to(new)));
            }
        }
        let mut taken: Vec<(Key, Paid)> = Vec::new();
        for (key, paid, _) in touched.iter().filter(|(_, _, entered)| *entered) {
            if self.payees[key].dismissed {
                continue;
            }
            let met: Vec<Paid> =
                self.active(key).into_iter().flat_map(|one| self.met(one).into_values()).collect();
            let mut free = self.known(key);
            free.retain(|one| {
                one.2 == paid.2
                    && one.0 <= now
                    && !met.contains(one)
                    && !taken.contains(&(key.clone(), one.clone()))
            });
            if free.contains(paid)
                && let Some((cadence, next, run)) =
                    found(&free, paid.1).filter(|(cadence, next, _)| now.days_since(*next) <= cadence.grace())
            {
                taken.extend(run.iter().map(|paid| (key.clone(), paid.clone())));
                let (least, most) = range(&run, paid.1);
                let most = if least == most { String::new() } else { format!("-{most}") };
                told.push(format!("detected {} {cadence} {least}{most} {} next {next}", key.1, run.len()));
            }
        }
        told.sort();
        told
    }

    pub(super) fn evolve(&mut self, events: &[Event]) {
        events.iter().filter(|event| is_by_user(event)).for_each(|event| self.evolve_schedule(event));
        for (key, paid, add) in touched(events) {
            self.payees.entry(key.clone()).or_default().post(&paid, add);
            for schedule in self.schedules.iter_mut().filter(|known| add && known.key == key && known.lapsed)
            {
                if let Some(number) = schedule.takes(&paid).filter(|number| *number >= schedule.next) {
                    (schedule.lapsed, schedule.next) = (false, number);
                }
            }
        }
    }

    pub(super) fn evolve_told(&mut self, events: &[Event], now: Date) {
        events.iter().filter(|event| !is_by_user(event)).for_each(|event| self.evolve_schedule(event));
        for schedule in self.schedules.iter_mut().filter(|known| !known.lapsed && !events.is_empty()) {
            while schedule.is_over(schedule.next, now) {
                schedule.next += 1;
            }
        }
    }

    fn evolve_schedule(&mut self, event: &Event) {
        match event {
            Event::RecurringDeclared(event) => {
                let mut new = expected(&event.id, &event.payee, event.transaction_type, true);
                new.range = (event.amount, event.amount);
                (new.cadence, new.anchor, new.account) = (event.cadence, event.starts, event.account.clone());
                new.next = new.number_of(event.next_due.expect("it does not end"));
                new.since = new.next;
                self.add(new, |known| !known.declared);
            }
            Event::RecurringDetected(event) => {
                let mut new = expected(&event.id, &event.payee, event.transaction_type, false);
                new.range = (event.amount, event.amount_max.unwrap_or(event.amount));
                (new.cadence, new.anchor, new.account) = (event.cadence, event.starts, event.account.clone());
                new.next = new.number_of(event.next_due);
                (new.since, new.first) = (new.next, new.number_of(event.evidence[0].date));
                self.add(new, |known| !known.declared && known.lapsed);
            }
            Event::RecurringCancelled(event) => {
                let place = self.schedules.iter().position(|known| known.id == event.id).expect("known");
                let key = self.schedules.remove(place).key;
                self.payees.entry(key).or_default().dismissed = true;
            }
            Event::RecurringPriceChanged(event) => {
                let known = self.schedules.iter_mut().find(|known| known.id == event.id).expect("known");
                let (number, new) = (known.number_of(event.due), event.new_amount);
                let again = known.repriced.is_some_and(|last| last + 1 == number);
                let old = if again { known.range } else { (new, new) };
                (known.range, known.repriced) = ((new.min(old.0), new.max(old.1)), Some(number));
            }
            Event::RecurringMissed(event) => {
                let known = self.schedules.iter_mut().find(|known| known.id == event.id).expect("known");
                let number = known.number_of(event.due);
                known.missed = Some((number, event.in_a_row));
                (known.next, known.lapsed) = (number + 1, event.in_a_row >= 3);
            }
            _ => {}
        }
    }

    fn add(&mut self, new: Expected, gives_way: impl Fn(&Expected) -> bool) {
        let like = (new.anchor, new.range.0, None);
        self.schedules.retain(|known| {
            let mut any = known.clone();
            (any.account, any.first) = (None, -250);
            let account = new.account.is_none() || known.account == new.account;
            !(gives_way(known) && known.key == new.key && account && any.takes(&like).is_some())
        });
        self.schedules.push(new);
    }
}

/// These come before what is told of the command.
fn is_by_user(event: &Event) -> bool {
    matches!(event, Event::RecurringDeclared(_) | Event::RecurringCancelled(_))
}

fn expected(id: &CommandId, payee: &str, kind: TransactionType, declared: bool) -> Expected {
    Expected {
        id: id.clone(),
        declared,
        key: (kind == TransactionType::Income, payee.trim().to_lowercase()),
        payee: payee.to_owned(),
        account: None,
        range: (Amount::ZERO, Amount::ZERO),
        cadence: Cadence::weeks(1),
        anchor: Date::FIRST,
        first: 0,
        since: 0,
        next: 0,
        repriced: None,
        missed: None,
        lapsed: false,
    }
}

/// Cadence, next due date and payments of what is regular.
fn found(free: &[Paid], amount: Amount) -> Option<(Cadence, Date, Vec<Paid>)> {
    let priced: Vec<Paid> = free.iter().filter(|paid| same(paid.1, amount)).cloned().collect();
    if let Some(found) = regular(&priced, |cadence| if cadence.is_weeks() { 4 } else { 3 }) {
        return Some(found);
    }
    let (cadence, next, run) = regular(free, |_| 5)?;
    let (least, most) = (run.iter().map(|paid| paid.1).min()?, run.iter().map(|paid| paid.1).max()?);
    (!cadence.is_weeks() && most <= least.plus(least)).then_some((cadence, next, run))
}

fn range(run: &[Paid], amount: Amount) -> (Amount, Amount) {
    let last = run.last().expect("a payment").1;
    if run.iter().all(|paid| same(paid.1, amount)) {
        return (last, last);
    }
    let amounts = || run.iter().map(|paid| paid.1);
    (amounts().min().expect("one"), amounts().max().expect("one"))
}

fn regular(paid: &[Paid], fewest: impl Fn(Cadence) -> usize) -> Option<(Cadence, Date, Vec<Paid>)> {
    let names = ["weekly", "biweekly", "monthly", "quarterly", "every_6_months", "yearly", "every_4_weeks"];
    let three = paid.get(paid.len().checked_sub(3)?..)?;
    let cadences = names.map(|name| Cadence::read(name).expect(name));
    let fitting = cadences.into_iter().filter_map(|cadence| Some((fit(three, cadence)?.0, cadence)));
    let cadence = fitting.min_by_key(|(off, _)| *off)?.1;
    for start in 0..=paid.len().checked_sub(fewest(cadence))? {
        if let Some((_, anchor, place)) = fit(&paid[start..], cadence) {
            let count = i32::try_from(paid.len() - start).expect("few");
            return Some((cadence, cadence.due(anchor, count - place)?, paid[start..].to_vec()));
        }
    }
    None
}

/// Days off, the anchor, its place.
fn fit(run: &[Paid], cadence: Cadence) -> Option<(i32, Date, i32)> {
    let mut best = None;
    for (place, anchor) in (0..).zip(run.iter().map(|paid| paid.0)) {
        let off = (0..).zip(run).map(|(number, paid)| {
            paid.0.days_since(cadence.due(anchor, number - place).expect("near")).abs()
        });
        let off: Vec<i32> = off.collect();
        let sum: i32 = off.iter().sum();
        if off.iter().all(|days| *days <= cadence.drift()) && best.is_none_or(|(least, _, _)| sum <= least) {
            best = Some((sum, anchor, place));
        }
    }
    best
}
