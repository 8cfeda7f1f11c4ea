//! Which alerts follow from what just happened.

use super::UserState;
use super::cells::{Cell, CellKey};
use super::line::Line;
use super::rollover::Limits;
use crate::budget::{Level, Version};
use crate::events::{BudgetExceeded, BudgetRecovered, BudgetThresholdReached};
use crate::transaction::Transaction;
use crate::{Amount, CommandId, Currency, Event, Month};
use std::collections::BTreeMap;

impl UserState {
    /// The alerts for the totals that `events` touched, judged once, on the net result: by month, then by category
    /// name; levels fallen below first, from the highest down, then levels reached, from the lowest up. Later months
    /// whose limits follow from touched ones count as touched.
    pub(super) fn react(&self, events: &[Event]) -> Vec<Event> {
        let mut alerts = Vec::new();
        match events {
            [event] => {
                let (touched, cause) = self.touched(event);
                self.judge_all(touched.into_iter().map(|key| (key, cause)), &mut alerts);
            }
            _ => self.judge_all(self.touched_by_many(events).into_iter(), &mut alerts),
        }
        alerts
    }

    /// Judges totals, which come in order, each with the transaction that was the reason to.
    fn judge_all<'a>(
        &self,
        touched: impl Iterator<Item = (CellKey, Option<&'a CommandId>)>,
        alerts: &mut Vec<Event>,
    ) {
        let mut limits = Limits::new(self);
        for (key, cause) in touched {
            if let Some(cell) = self.cell(key)
                && let Some(category) = cell.line.budget()
                && let Some(budget) = self.budget_of(category)
                && let Some(version) = budget.at(cell.month)
                && version.currency == cell.currency
            {
                let limit = limits.limit(budget, &version, cell.month);
                self.judge(&Judged { cell, category, limit, cause }, &version, alerts);
            }
        }
    }

    /// The totals that many events touched, in order, each with the last transaction that touched it.
    fn touched_by_many<'a>(&self, events: &'a [Event]) -> Vec<(CellKey, Option<&'a CommandId>)> {
        let mut last = BTreeMap::new();
        for event in events {
            let (keys, cause) = self.touched(event);
            last.extend(keys.into_iter().map(|key| (key, cause)));
        }
        let mut touched: Vec<_> = last.into_iter().collect();
        touched.sort_by(|(a, _), (b, _)| self.order(*a).cmp(&self.order(*b)));
        touched
    }

    /// Totals are judged by month, then by category name.
    fn order(&self, key: CellKey) -> (Month, Option<&str>, Currency) {
        (key.0, key.1.budget().map(|number| self.category(number)), key.2)
    }

    /// The totals of budgeted categories an event touched, in order, and the transaction it was about.
    fn touched<'a>(&self, event: &'a Event) -> (Vec<CellKey>, Option<&'a CommandId>) {
        let mut keys = Vec::new();
        let cause = match event {
            Event::TransactionCreated(event) => Some(self.touched_by(&event.transaction, &mut keys)),
            Event::TransactionDeleted(event) => Some(self.touched_by(&event.transaction, &mut keys)),
            Event::TransactionUpdated(event) => {
                self.touched_by(&event.previous, &mut keys);
                Some(self.touched_by(&event.transaction, &mut keys))
            }
            Event::BudgetSet(event) => {
                if let Some(number) = self.budgeted_number(&event.category) {
                    let until = self.budget_of(number).and_then(|budget| budget.starts_anew(event.from));
                    keys.extend(
                        self.cells_of(Line::spending(number), event.from, until).map(|cell| cell.key()),
                    );
                }
                None
            }
            _ => None,
        };
        if keys.len() > 1 {
            keys.sort_by(|a, b| self.order(*a).cmp(&self.order(*b)));
            keys.dedup();
        }
        (keys, cause)
    }

    /// Adds the totals of one transaction; answers its id.
    fn touched_by<'a>(&self, transaction: &'a Transaction, keys: &mut Vec<CellKey>) -> &'a CommandId {
        let month = self.month_of(transaction.date);
        for budget in self.budgets_with(transaction) {
            let line = Line::spending(budget.category());
            if budget.takes_over() {
                let concerned = self.cells_of(line, month, budget.flows_until(month));
                keys.extend(concerned.map(|cell| cell.key()));
            } else {
                keys.extend(transaction.currencies().map(|currency| (month, line, currency)));
            }
        }
        &transaction.id
    }

    fn judge(&self, judged: &Judged<'_>, version: &Version<'_>, alerts: &mut Vec<Event>) {
        let Judged { cell, limit, .. } = judged;
        let is_active = |level: Level| cell.level(level).is_some_and(|state| state.active);
        for level in version.levels().rev().filter(|level| is_active(*level)) {
            if !level.is_reached(cell.sum, *limit) {
                alerts.push(self.recovered(judged, level));
            }
        }
        for level in version.levels().filter(|level| !is_active(*level)) {
            if level.is_reached(cell.sum, *limit) {
                alerts.push(self.crossed(judged, level));
            }
        }
    }

    fn crossed(&self, judged: &Judged<'_>, level: Level) -> Event {
        let Judged { cell, category, limit, cause } = *judged;
        let category = self.category(category).into();
        let crossing = cell.level(level).map_or(0, |state| state.crossings) + 1;
        let (month, spent, currency) = (cell.month, cell.sum, cell.currency);
        let transaction_id = cause.cloned();
        match level {
            Level::Percent(threshold) => Event::BudgetThresholdReached(BudgetThresholdReached {
                category,
                month,
                threshold,
                limit,
                spent,
                currency,
                crossing,
                transaction_id,
            }),
            Level::Exceeded => {
                let over_by = spent.minus(limit);
                Event::BudgetExceeded(BudgetExceeded {
                    category,
                    month,
                    limit,
                    spent,
                    over_by,
                    currency,
                    crossing,
                    transaction_id,
                })
            }
        }
    }

    fn recovered(&self, judged: &Judged<'_>, level: Level) -> Event {
        let Judged { cell, category, limit, cause } = *judged;
        Event::BudgetRecovered(BudgetRecovered {
            category: self.category(category).into(),
            month: cell.month,
            threshold: level.percent(),
            limit,
            spent: cell.sum,
            currency: cell.currency,
            crossing: cell.level(level).map_or(0, |state| state.crossings),
            transaction_id: cause.cloned(),
        })
    }
}

/// A month's total, the limit it is judged by, and the transaction that was the reason to.
#[derive(Clone, Copy)]
struct Judged<'a> {
    cell: Cell<'a>,
    category: u16,
    limit: Amount,
    cause: Option<&'a CommandId>,
}
