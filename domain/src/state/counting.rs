//! In which currencies a transaction counts, and at which rates: in reports, and for budgets in other currencies.
//!
//! Reports have it in the base currency, whatever its categories' budgets are in: so a budget changes no report, and it makes no
//! difference which of the two came first.

use super::UserState;
use crate::transaction::{Counted, Figure, Transaction};
use crate::values::Rate;
use crate::{Currency, PageKey, Refusal};

/// The rates of one transaction: the one given is for one currency, others are looked up.
pub(super) struct Rates<'a> {
    pub(super) state: &'a UserState,
    pub(super) transaction: &'a Transaction,
    /// The rate given with it, and what for.
    pub(super) given: Option<(Rate, Currency)>,
    /// What the transaction was, if it keeps the rates it was counted at.
    pub(super) kept: Option<&'a Transaction>,
}

/// The currencies that a transaction is wanted in.
pub(super) struct Wanted {
    /// By reports; `None`: it counts nowhere.
    pub(super) reports: Option<Currency>,
    /// By budgets that it was counted for before, at those rates.
    pub(super) held: Vec<Counted>,
    /// By budgets of its categories.
    pub(super) budgets: Vec<Currency>,
}

impl Wanted {
    /// Those that it may have to be converted to: a rate that was given is for the first.
    pub(super) fn others(&self, transaction: &Transaction) -> impl Iterator<Item = Currency> {
        let held = self.held.iter().map(|held| held.currency);
        let all = self.reports.into_iter().chain(held).chain(self.budgets.iter().copied());
        all.filter(|currency| *currency != transaction.currency)
    }
}

impl UserState {
    /// `kept` is what the transaction was, if it goes on counting as it did; `previous` if it was there at all. `more` is a
    /// budget's currency that is to come.
    pub(super) fn wanted(
        &self,
        transaction: &Transaction,
        kept: Option<&Transaction>,
        previous: Option<&Transaction>,
        more: Option<Currency>,
    ) -> Wanted {
        let mut wanted = Wanted { reports: None, held: Vec::new(), budgets: Vec::new() };
        if !transaction.counts() {
            return wanted;
        }
        let usual = kept.map_or_else(|| self.base_currency(), Transaction::counted_currency);
        wanted.reports = Some(usual);
        if let Some(old) = previous {
            let held = old.details.as_ref().map_or(&[][..], |details| &details.budgeted).iter().copied();
            // What a rate was given for it is for as long as it is there.
            let given = own_rate(transaction).filter(|_| old.currency == transaction.currency);
            wanted.held.extend(held.filter(|held| kept.is_some() || given == Some(held.rate)));
        }
        let month = self.month_of(transaction.date);
        let versions = transaction.figures().filter_map(|(figure, _)| match figure {
            Figure::Spending(Some(name)) => self.category_budget(name)?.at(month),
            _ => None,
        });
        for currency in versions.map(|version| version.currency).chain(more) {
            let plain = currency == usual && currency == transaction.currency;
            if !plain && !wanted.budgets.contains(&currency) {
                wanted.budgets.push(currency);
            }
        }
        wanted
    }

    /// The pages that [`Rates`] still need.
    pub(super) fn add_counted(&self, transaction: &Transaction, wanted: &Wanted, keys: &mut Vec<PageKey>) {
        for currency in wanted.others(transaction) {
            self.add_rates(transaction.currency, currency, transaction.date, keys);
        }
        for currency in &wanted.budgets {
            if let Some(reports) = wanted.reports {
                self.add_rates(reports, *currency, transaction.date, keys);
            }
        }
    }

    /// The transaction as it counts with the rates known now (`anew`), or as it did, and in `more`, the currency of a budget to
    /// come. What it moved stays. Refuses with `unknown_exchange_rate`, `amount_too_large`.
    pub(crate) fn recounted(
        &self,
        old: &Transaction,
        anew: bool,
        more: Option<Currency>,
    ) -> Result<Transaction, Refusal> {
        let kept = (!anew && old.counts()).then_some(old);
        let wanted = self.wanted(old, kept, Some(old), more);
        let given_for = self.moved_currencies(old).chain(wanted.others(old)).next();
        let rates = Rates { state: self, transaction: old, given: own_rate(old).zip(given_for), kept };
        let (counted, budgeted) = rates.counted(&wanted)?;
        let mut details = old.details.as_deref().cloned().unwrap_or_default();
        (details.counted, details.budgeted) = (counted, budgeted);
        Ok(Transaction { details: details.boxed(), ..old.clone() })
    }

    /// The pages that [`UserState::recounted`] still needs.
    pub(crate) fn add_recounted(&self, old: &Transaction, more: Option<Currency>, keys: &mut Vec<PageKey>) {
        let kept = old.counts().then_some(old);
        self.add_counted(old, &self.wanted(old, kept, Some(old), more), keys);
    }

    /// The other currencies of the accounts it moved, `to_account` first.
    fn moved_currencies(&self, transaction: &Transaction) -> impl Iterator<Item = Currency> {
        let mut moved: Vec<Currency> =
            transaction.moves().filter_map(|(name, _)| Some(self.account(name)?.1.currency)).collect();
        moved.retain(|currency| *currency != transaction.currency);
        moved.into_iter().rev()
    }
}

impl Rates<'_> {
    /// What a unit of its currency is worth in another one.
    pub(super) fn of(&self, currency: Currency) -> Option<Rate> {
        match self.given {
            Some((rate, given_for)) if given_for == currency => Some(rate),
            _ => self
                .kept_rate(currency)
                .or_else(|| self.state.rate(self.transaction.currency, currency, self.transaction.date)),
        }
    }

    fn kept_rate(&self, currency: Currency) -> Option<Rate> {
        let details = self.kept?.details.as_ref()?;
        let mut known = details.counted.iter().chain(&details.budgeted);
        known.find(|counted| counted.currency == currency).map(|counted| counted.rate)
    }

    /// What it counts as in reports, if that is not its own currency, and for budgets in other currencies. Reports do without a
    /// rate, budgets do not: they refuse with `unknown_exchange_rate`.
    pub(super) fn counted(&self, wanted: &Wanted) -> Result<(Option<Counted>, Box<[Counted]>), Refusal> {
        let own = self.transaction.currency;
        let reports = wanted.reports.filter(|currency| *currency != own);
        let rate = |currency| self.kept_rate(currency).or_else(|| self.of(currency));
        let counted = reports.and_then(|currency| Some(Counted { currency, rate: rate(currency)? }));
        let counts_in = counted.map_or(own, |counted| counted.currency);
        let mut budgeted = wanted.held.clone();
        for currency in &wanted.budgets {
            if budgeted.iter().all(|known| known.currency != *currency) {
                let rate =
                    self.for_budget(*currency, counted).ok_or_else(|| self.unknown(*currency, wanted))?;
                budgeted.push(Counted { currency: *currency, rate });
            }
        }
        budgeted.retain(|budget| budget.currency != counts_in);
        for Counted { currency, rate } in counted.iter().chain(&budgeted) {
            rate.convert(self.transaction.amount, currency.digits()).ok_or_else(too_large)?;
        }
        Ok((counted, budgeted.into()))
    }

    /// Where the pair itself has no rate the way leads over the currency that reports have it in.
    fn for_budget(&self, currency: Currency, counted: Option<Counted>) -> Option<Rate> {
        self.of(currency).or_else(|| {
            let Counted { currency: between, rate } = counted?;
            rate.times(self.state.rate(between, currency, self.transaction.date)?)
        })
    }

    fn unknown(&self, currency: Currency, wanted: &Wanted) -> Refusal {
        let first = wanted.others(self.transaction).next();
        let cure = if self.given.is_none() && first == Some(currency) {
            "give one as `rate`, or record it"
        } else {
            "record one"
        };
        unknown_rate(self.transaction.currency, currency, "this category's budget", cure)
    }
}

/// The rate that was given with a transaction.
pub(super) fn own_rate(transaction: &Transaction) -> Option<Rate> {
    transaction.details.as_ref()?.rate
}

/// What is said where a rate is needed and not known, and `cure` helps.
pub(super) fn unknown_rate(from: Currency, to: Currency, of: &str, cure: &str) -> Refusal {
    let text = format!(
        "there is no exchange rate from {from:?} to {to:?}, the currency of {of}, on or before this date: {cure}"
    );
    Refusal::new("unknown_exchange_rate", "currency", text)
}

pub(super) fn too_large() -> Refusal {
    Refusal::new("amount_too_large", "rate", "at this rate it is more than an amount can be: 10^15")
}
