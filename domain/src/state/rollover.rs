//! The limits of budgets that take over what earlier months left.

use super::UserState;
use super::line::Line;
use crate::budget::{Budget, Version};
use crate::rollover::Walk;
use crate::{Amount, Month};

#[cfg(test)]
mod tests;

impl UserState {
    /// What a month's limit comes to; `None` if the budget is not valid in it.
    pub(crate) fn limit_in(&self, budget: Budget<'_>, month: Month) -> Option<Amount> {
        let first = budget.depends_from(month);
        let mut walk = Walk::start(budget, first)?;
        for (earlier, spent) in self.spending(budget, first, Some(month)) {
            walk.go_to(earlier);
            walk.spend(spent);
        }
        Some(walk.go_to(month))
    }

    /// The limits of all months with spending, from one on, ascending.
    fn limits_from(&self, budget: Budget<'_>, month: Month) -> Vec<(Month, Amount)> {
        let first = budget.depends_from(month);
        let Some(mut walk) = Walk::start(budget, first) else {
            return Vec::new();
        };
        let limit = |(month, spent)| {
            let limit = walk.go_to(month);
            walk.spend(spent);
            (month, limit)
        };
        self.spending(budget, first, None).into_iter().map(limit).collect()
    }

    /// What was spent in a budget's months, in the currency it had then: ascending, months without left out.
    fn spending(&self, budget: Budget<'_>, from: Month, until: Option<Month>) -> Vec<(Month, Amount)> {
        let category = budget.category();
        let mut spending: Vec<(Month, Amount)> = self
            .cells_of(Line::spending(category), from, until)
            .filter(|cell| budget.at(cell.month).is_some_and(|version| version.currency == cell.currency))
            .map(|cell| (cell.month, cell.sum))
            .collect();
        // A year that came late is in the root page, behind spilled later ones.
        spending.sort_unstable_by_key(|(month, _)| *month);
        spending
    }
}

/// The limits that what one event touched is judged by: each budget is walked through once, and only if it takes over.
pub(super) struct Limits<'a> {
    state: &'a UserState,
    walked: Vec<(u16, Vec<(Month, Amount)>)>,
}

impl<'a> Limits<'a> {
    pub(super) fn new(state: &'a UserState) -> Self {
        Self { state, walked: Vec::new() }
    }

    /// The limit of a month that has a total. To be asked in the order of months.
    pub(super) fn limit(&mut self, budget: Budget<'_>, version: &Version<'_>, month: Month) -> Amount {
        if version.takes_over() { self.walk(budget, month) } else { version.limit }
    }

    fn walk(&mut self, budget: Budget<'_>, month: Month) -> Amount {
        let category = budget.category();
        let known = self.walked.iter().position(|(walked, _)| *walked == category);
        let place = known.unwrap_or_else(|| {
            self.walked.push((category, self.state.limits_from(budget, month)));
            self.walked.len() - 1
        });
        let limits = &self.walked[place].1;
        let found = limits.binary_search_by_key(&month, |(month, _)| *month);
        limits[found.expect("a month with a total was walked through")].1
    }
}
