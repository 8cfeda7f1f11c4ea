//! What a month's limit comes to: its version's own amount, and what that takes over from the month before.

use crate::budget::{Budget, Policy, Version};
use crate::{Amount, Month};

impl Version<'_> {
    /// Whether its months take anything over from the month before.
    pub(crate) fn takes_over(&self) -> bool {
        self.policy != Policy::Reset
    }

    /// The limit of the last of so many months in a row. `left` is what the month before them left over (below zero: a
    /// debt); in all of them but the last nothing was spent, which is why no month has to be looked at by itself.
    fn limit_after(&self, left: Amount, months: u16) -> Amount {
        let taken_over = match self.policy {
            Policy::Reset => return self.limit,
            Policy::Rollover => left.max(Amount::ZERO),
            Policy::Carry => left,
        };
        taken_over.plus(self.limit.times(months))
    }
}

impl Budget<'_> {
    /// Whether any of its months takes anything over.
    pub(crate) fn takes_over(self) -> bool {
        self.versions().any(|version| version.takes_over())
    }

    /// The first month that the limit of `month` depends on: `month` itself if that takes nothing over.
    pub(crate) fn depends_from(self, month: Month) -> Month {
        let mut valid = self.versions().rev().skip_while(|version| version.from > month).peekable();
        let mut first = month;
        while let Some(version) = valid.next_if(Version::takes_over) {
            first = version.from;
            // Without exchange rates nothing can be taken over from another currency.
            if valid.peek().is_none_or(|before| before.currency != version.currency) {
                break;
            }
            first = first.previous().expect("an earlier version is valid in it");
        }
        first
    }

    /// The first later month whose limit does not depend on what was spent in `month`; `None`: there is none.
    pub(crate) fn flows_until(self, month: Month) -> Option<Month> {
        let next = month.next()?;
        if self.at(next).is_some_and(|version| version.takes_over()) {
            self.starts_anew(month)
        } else {
            Some(next)
        }
    }

    /// The first month after `month` that a version begins in which takes nothing over.
    pub(crate) fn starts_anew(self, month: Month) -> Option<Month> {
        let anew = |version: &Version<'_>| version.from > month && !version.takes_over();
        self.versions().find(anew).map(|version| version.from)
    }
}

/// A walk through a budget's months, forwards. It skips months without spending, so the far future is near.
pub(crate) struct Walk<'a> {
    budget: Budget<'a>,
    month: Month,
    version: Version<'a>,
    limit: Amount,
    left: Amount,
}

impl<'a> Walk<'a> {
    /// Starts in a month that takes nothing over; `None` if the budget is not valid in it.
    pub(crate) fn start(budget: Budget<'a>, month: Month) -> Option<Self> {
        let version = budget.at(month)?;
        Some(Self { budget, month, version, limit: version.limit, left: version.limit })
    }

    /// Goes on to a month, nothing being spent on the way; answers its limit.
    pub(crate) fn go_to(&mut self, month: Month) -> Amount {
        while self.month < month
            && let Some(next) = self.month.next()
            && let Some(version) = self.budget.at(next)
        {
            let last_valid = self.budget.until(next).and_then(Month::previous);
            let last = last_valid.map_or(month, |last| last.min(month));
            let left = if version.currency == self.version.currency { self.left } else { Amount::ZERO };
            self.limit = version.limit_after(left, last.since(self.month).unwrap_or_default());
            (self.month, self.version, self.left) = (last, version, self.limit);
        }
        self.limit
    }

    /// Notes what was spent in the month it is in.
    pub(crate) fn spend(&mut self, spent: Amount) {
        self.left = self.limit.minus(spent);
    }
}
