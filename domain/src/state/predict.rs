//! Which predictions begin or end with what just happened.
//!
//! Judged is the month the books have come to (`today`), and only for categories with a budget whose spending, limit or
//! past just changed, or whose prediction stands when a part of the month has gone by. A month is compared with up to twelve
//! before it: see `statistics::outlook`.

use super::UserState;
use super::cells::CellKey;
use super::line::Line;
use super::predictions::Prediction;
use super::thirds::third_of;
use crate::budget::{ALL, Budget, Level, Version};
use crate::events::{BudgetOverspendPredicted, BudgetOverspendPredictionWithdrawn};
use crate::statistics::{Chance, Pace, Share, exceeds_on, mean};
use crate::transaction::Transaction;
use crate::{Amount, CommandId, Date, Event, Month, PageKey};
use jiff::Timestamp;

#[cfg(test)]
mod tests;

/// Months looked back at, and how many of them there must be.
const MOST_MONTHS: usize = 12;
const FEWEST_MONTHS: usize = 3;

/// What comes every month comes some days earlier or later: a third of a month counts as passed so many days before it
/// ends.
const DRIFT: u16 = 3;

/// More past months than this that would not end above the limit, of twelve or fewer, and the chance is not high.
const MOST_AGAINST: usize = 2;

/// How many thirds of the month have passed on its so manieth day, 1 to 3, the begun one included.
fn thirds_passed(day: u16) -> usize {
    third_of(day + DRIFT) + 1
}

/// A category's month that is judged, and what it is judged by.
struct Judged<'a> {
    version: Version<'a>,
    month: Month,
    limit: Amount,
    spent: Amount,
    known: Option<&'a Prediction>,
    events: &'a [Event],
}

/// Where the month would end if it went on like each of those before it, the latest first, in minor units.
struct Ends {
    all: [i128; MOST_MONTHS],
    /// How many of them there are, back to the first with a transaction.
    complete: usize,
}

impl Ends {
    fn complete(&self) -> &[i128] {
        &self.all[..self.complete]
    }
}

impl UserState {
    /// The day the books have come to once `events` are in them: the latest date of a transaction, no later than the day
    /// it was entered in the user's zone (where that is unknown, it stays as it was). It never goes back.
    pub(super) fn today_after(&self, events: &[Event], time: Option<Timestamp>) -> Option<Date> {
        let entered = events.iter().filter_map(|event| match event {
            Event::TransactionCreated(event) => Some(event.transaction.date),
            Event::TransactionUpdated(event) => Some(event.transaction.date),
            _ => None,
        });
        let latest = entered.max().filter(|latest| self.root.today.is_none_or(|today| *latest > today));
        let now = latest.and_then(|latest| Some(latest.min(self.date_at(time?).ok()?)));
        self.root.today.max(now)
    }

    /// The predictions made and withdrawn because of `events`, which are applied already; `before` is the day the books
    /// had come to without them. Months that are over come first, then by category name.
    pub(super) fn predict(&self, events: &[Event], before: Option<Date>) -> Vec<Event> {
        let Some(today) = self.root.today else {
            return Vec::new();
        };
        let judge = |(number, month)| {
            self.judged(number, month, events).and_then(|judged| self.outcome(&judged, today))
        };
        self.concerned(events, before, today).into_iter().filter_map(judge).collect()
    }

    /// The pages that [`UserState::predict`] looks into.
    pub(super) fn add_predicted(&self, events: &[Event], time: Option<Timestamp>, keys: &mut Vec<PageKey>) {
        let Some(today) = self.today_after(events, time) else {
            return;
        };
        for (number, month) in self.concerned(events, self.root.today, today) {
            let taken_over = self.budget_of(number).map_or(month, |budget| budget.depends_from(month));
            let first = (0..MOST_MONTHS)
                .try_fold(month, |month, _| month.previous())
                .unwrap_or(Month::FIRST)
                .min(taken_over);
            for page in self.totals_pages(Line::spending(number), first, month.next()) {
                self.add(page, keys);
            }
        }
    }

    /// The categories and months to judge.
    fn concerned(&self, events: &[Event], before: Option<Date>, today: Date) -> Vec<(u16, Month)> {
        let month = self.month_of(today);
        let mut concerned = Vec::new();
        for event in events {
            let mut add_all = |transaction: &Transaction| {
                if self.month_of(transaction.date) > month {
                    return;
                }
                concerned.extend(self.budgets_with(transaction).map(|budget| (budget.category(), month)));
            };
            match event {
                Event::TransactionCreated(event) => add_all(&event.transaction),
                Event::TransactionUpdated(event) => {
                    add_all(&event.previous);
                    add_all(&event.transaction);
                }
                Event::TransactionDeleted(event) => add_all(&event.transaction),
                Event::BudgetSet(event) => {
                    concerned.extend(self.budgeted_number(&event.category).map(|number| (number, month)));
                }
                _ => {}
            }
        }
        let part = |date: Date| {
            let (month, day) = self.place_of(date);
            (month, thirds_passed(day))
        };
        if before.map(part) != Some(part(today)) {
            concerned.extend(self.root.predictions.standing());
        }
        if concerned.len() > 1 {
            concerned.sort_by_key(|(number, month)| (*month, self.category(*number)));
            concerned.dedup();
        }
        concerned
    }

    /// `None` if there is no budget then.
    fn judged<'a>(&'a self, number: u16, month: Month, events: &'a [Event]) -> Option<Judged<'a>> {
        let budget = self.budget_of(number)?;
        let version = budget.at(month)?;
        let limit = self.limit_of(budget, &version, month)?;
        let spent = self.total(key(&version, month)).map_or(Amount::ZERO, |(sum, _)| sum);
        let known = self.root.predictions.of(number, month);
        Some(Judged { version, month, limit, spent, known, events })
    }

    fn limit_of(&self, budget: Budget<'_>, version: &Version<'_>, month: Month) -> Option<Amount> {
        if version.takes_over() { self.limit_in(budget, month) } else { Some(version.limit) }
    }

    fn outcome(&self, judged: &Judged<'_>, today: Date) -> Option<Event> {
        let stands = judged.known.is_some_and(|known| known.standing.is_some());
        if Level::Exceeded.is_reached(judged.spent, judged.limit) {
            // It has come true, or was never needed: `budget_exceeded` says so.
            return None;
        }
        let (month, day) = self.place_of(today);
        if judged.month < month {
            return stands.then(|| self.withdrawal(judged, Share::NONE));
        }
        let ends = self.ends(judged, thirds_passed(day), !stands)?;
        let chance = judged.chance(ends.complete());
        if stands && chance.is_low() {
            Some(self.withdrawal(judged, chance.share()))
        } else {
            (!stands && chance.is_high()).then(|| self.prediction(judged, ends.complete(), chance, day))
        }
    }

    /// `None` if these are too few, or, where only a high chance is of interest, too many of them say no.
    fn ends(&self, judged: &Judged<'_>, passed: usize, only_high: bool) -> Option<Ends> {
        if !self.reaches_back(judged.month) {
            return None;
        }
        let mut ends = Ends { all: [0; MOST_MONTHS], complete: 0 };
        let mut against = 0;
        let now = self.pace(key(&judged.version, judged.month), passed).unwrap_or_default();
        let mut month = judged.month;
        for place in 0..MOST_MONTHS {
            let Some(before) = month.previous() else {
                break;
            };
            month = before;
            let past = self.pace(key(&judged.version, month), passed);
            let end = now.ends_like(past.unwrap_or_default());
            ends.all[place] = end;
            against += usize::from(!judged.is_over(end));
            if past.is_some() {
                ends.complete = place + 1;
                if only_high && against > MOST_AGAINST {
                    return None;
                }
            }
        }
        (ends.complete >= FEWEST_MONTHS).then_some(ends)
    }

    /// Whether anything at all is as long ago as a past that one could go by.
    fn reaches_back(&self, month: Month) -> bool {
        let first = self.root.cells.first_month();
        let since = first.map_or(0, |first| month.since(first).unwrap_or(0));
        usize::from(since) >= FEWEST_MONTHS || !self.root.spilled_years.is_empty()
    }

    /// A month's spending up to so many thirds and after them; `None` without any transaction.
    fn pace(&self, key: CellKey, passed: usize) -> Option<Pace> {
        let (sum, thirds) = self.total(key)?;
        let after = thirds.after(passed).into();
        Some(Pace { before: sum.minor_units(key.2.digits()) - after, after })
    }

    fn prediction(&self, judged: &Judged<'_>, ends: &[i128], chance: Chance, day: u16) -> Event {
        let Judged { version, month, limit, spent, known, events } = *judged;
        let amount = mean(ends, version.currency.digits());
        let months = self.month_start();
        let passed_on = exceeds_on(day, months.days(month), spent, amount, limit);
        Event::BudgetOverspendPredicted(Box::new(BudgetOverspendPredicted {
            category: self.category(version.category).into(),
            month,
            limit,
            spent,
            amount,
            currency: version.currency,
            exceeds_on: months.date(month, passed_on),
            probability: chance.share(),
            crossing: known.map_or(0, |known| known.crossings) + 1,
            transaction_id: cause(events, version.category, self.category(version.category)).cloned(),
        }))
    }

    fn withdrawal(&self, judged: &Judged<'_>, probability: Share) -> Event {
        let Judged { version, month, limit, spent, known, events } = *judged;
        Event::BudgetOverspendPredictionWithdrawn(BudgetOverspendPredictionWithdrawn {
            category: self.category(version.category).into(),
            month,
            limit,
            spent,
            currency: version.currency,
            probability,
            crossing: known.map_or(0, |known| known.crossings),
            transaction_id: cause(events, version.category, self.category(version.category)).cloned(),
        })
    }
}

impl Judged<'_> {
    fn chance(&self, ends: &[i128]) -> Chance {
        let above = ends.iter().filter(|end| self.is_over(**end)).count();
        Chance { with: above, of: ends.len() }
    }

    /// `Level::Exceeded`, in minor units.
    fn is_over(&self, end: i128) -> bool {
        end > 0 && end > self.limit.minor_units(self.version.currency.digits())
    }
}

fn key(version: &Version<'_>, month: Month) -> CellKey {
    (month, Line::spending(version.category), version.currency)
}

/// The transaction that was the reason: the last one of the category (by number and name), or else (time has gone by) the last one.
fn cause<'a>(events: &'a [Event], number: u16, category: &str) -> Option<&'a CommandId> {
    let transactions = || {
        events.iter().rev().filter_map(|event| match event {
            Event::TransactionCreated(event) => Some(&event.transaction),
            Event::TransactionUpdated(event) => Some(&event.transaction),
            Event::TransactionDeleted(event) => Some(&event.transaction),
            _ => None,
        })
    };
    let of_category = |transaction: &&Transaction| {
        if number == ALL {
            return transaction.all_spending().next().is_some();
        }
        transaction.spending().any(|(name, _)| name == category)
    };
    transactions().find(of_category).or_else(|| transactions().next()).map(|transaction| &transaction.id)
}
