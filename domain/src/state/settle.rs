//! What a transaction in another currency counts as, and what it does to accounts. Decided once, and written into the
//! transaction: whatever rates are known later, taking it back takes back the same.

use super::UserState;
use crate::account::Account;
use crate::commands::same_account;
use crate::transaction::{Counted, Figure, Transaction, TransactionType};
use crate::values::Rate;
use crate::{Amount, Currency, PageKey, Refusal};

impl UserState {
    /// Fills in what follows from the rest of the transaction. `previous` is what it was, if it was there before.
    ///
    /// Refuses with `unknown_account`, `account_closed`, `same_account`, `budgets_in_two_currencies`, `unknown_exchange_rate`,
    /// `rate_not_needed`, `amount_too_large`.
    pub(crate) fn settle(
        &self,
        transaction: &mut Transaction,
        previous: Option<&Transaction>,
    ) -> Result<(), Refusal> {
        let kept = previous.filter(|old| old.has_rates_of(transaction));
        let (counted_in, must) = self.counted_in(transaction, kept)?;
        let counted_in = counted_in.filter(|currency| *currency != transaction.currency);
        // Nearly all are in the base currency and move no account.
        if counted_in.is_none() && transaction.details.is_none() && self.accounts().is_none() {
            return Ok(());
        }
        let mut details = transaction.details.take().map(|details| *details).unwrap_or_default();
        let to_account =
            self.account_moved(details.to_account.as_deref(), "to_account", transaction, previous)?;
        let account = self.account_moved(transaction.account.as_deref(), "account", transaction, previous)?;
        if let (Some((from, _)), Some((to, _))) = (account, to_account)
            && from == to
        {
            return Err(same_account());
        }
        let currencies = [to_account, account].map(|moved| moved.map(|(_, account)| account.currency));
        let others = currencies.into_iter().flatten().chain(counted_in);
        let given_for = others.into_iter().find(|currency| *currency != transaction.currency);
        if given_for.is_none() && details.rate.is_some_and(|rate| rate != Rate::ONE) {
            let text = format!("nothing here is in another currency than {:?}", transaction.currency);
            return Err(Refusal::new("rate_not_needed", "rate", text));
        }
        let rates = Rates { state: self, transaction, own: details.rate.zip(given_for), kept };
        let spent = transaction.transaction_type != TransactionType::Income;
        details.account_amount = account.map(|(_, account)| rates.moved(account, spent)).transpose()?;
        details.to_account_amount = to_account.map(|(_, account)| rates.moved(account, false)).transpose()?;
        details.counted = match counted_in {
            Some(currency) => rates.counted(currency, must)?,
            None => None,
        };
        transaction.details = details.boxed();
        self.check_unmoved(transaction, previous)
    }

    /// The pages that [`UserState::settle`] still needs.
    pub(crate) fn add_settled(&self, transaction: &Transaction, keys: &mut Vec<PageKey>) {
        if self.rate_years().is_none() {
            return;
        }
        let to_account = transaction.details.as_ref().and_then(|details| details.to_account.as_deref());
        let accounts = [transaction.account.as_deref(), to_account].into_iter().flatten();
        let moved = accounts.filter_map(|name| Some(self.account(name)?.1.currency));
        let counted = self.counted_in(transaction, None).ok().and_then(|(currency, _)| currency);
        for currency in moved.chain(counted) {
            self.add_rates(transaction.currency, currency, transaction.date, keys);
        }
    }

    /// The account that is meant: `None` where there is no name, or only a name. Once an account was opened a name must be one;
    /// those that were used before stay.
    fn account_moved(
        &self,
        name: Option<&str>,
        field: &'static str,
        transaction: &Transaction,
        previous: Option<&Transaction>,
    ) -> Result<Option<(u16, &Account)>, Refusal> {
        let Some(name) = name else {
            return Ok(None);
        };
        let Some((number, account)) = self.account(name) else {
            let known = previous.is_some_and(|old| old.names().any(|known| known == name));
            return if known { Ok(None) } else { self.check_known(name, field).map(|()| None) };
        };
        // What a closed account held stays: such a transaction may change only where that is no matter.
        let unmoved =
            |old: &Transaction| old.date == transaction.date && old.names().any(|known| known == name);
        if !previous.is_some_and(unmoved) {
            self.check_open(name, field)?;
        }
        Ok(Some((number, account)))
    }

    /// Refuses with `account_closed` where a closed account would hold something else than before.
    fn check_unmoved(&self, new: &Transaction, previous: Option<&Transaction>) -> Result<(), Refusal> {
        let Some(old) = previous else {
            return Ok(());
        };
        if old.date == new.date && old.moves().eq(new.moves()) {
            return Ok(());
        }
        old.moves().chain(new.moves()).try_for_each(|(name, _)| self.check_open(name, "account"))
    }

    /// The currency a transaction counts in: that of the budgets of its categories; else the one it counted in before; else that
    /// of the budget for all categories; else the base currency. The second part says whether it must. `None`: it counts nowhere.
    fn counted_in(
        &self,
        transaction: &Transaction,
        kept: Option<&Transaction>,
    ) -> Result<(Option<Currency>, bool), Refusal> {
        let month = self.month_of(transaction.date);
        let mut budgeted = None;
        let mut counts = false;
        for (figure, _) in transaction.figures() {
            counts = true;
            let version = match figure {
                Figure::Spending(Some(name)) => {
                    self.category_budget(name).and_then(|budget| budget.at(month))
                }
                _ => None,
            };
            if let Some(version) = version
                && budgeted.replace(version.currency).is_some_and(|other| other != version.currency)
            {
                let text = "the parts belong to budgets in two currencies: enter them as two transactions";
                return Err(Refusal::new("budgets_in_two_currencies", "splits", text));
            }
        }
        // What counted nowhere before (a transfer, say) counts like something new.
        let before = kept.filter(|old| old.figures().next().is_some()).map(Transaction::counted_currency);
        let of_all = || Some(self.budget_of_all()?.at(month)?.currency);
        let usual = || before.or_else(of_all).unwrap_or_else(|| self.base_currency());
        Ok((budgeted.or_else(|| counts.then(usual)), budgeted.is_some()))
    }
}

/// The rates of one transaction: the one given is for one currency, others are looked up.
struct Rates<'a> {
    state: &'a UserState,
    transaction: &'a Transaction,
    own: Option<(Rate, Currency)>,
    /// What the transaction was, if it keeps the rates it was entered with.
    kept: Option<&'a Transaction>,
}

impl Rates<'_> {
    fn of(&self, currency: Currency) -> Option<Rate> {
        match self.own {
            Some((rate, given_for)) if given_for == currency => Some(rate),
            _ => self
                .kept_rate(currency)
                .or_else(|| self.state.rate(self.transaction.currency, currency, self.transaction.date)),
        }
    }

    fn kept_rate(&self, currency: Currency) -> Option<Rate> {
        let counted = self.kept?.details.as_ref()?.counted?;
        (counted.currency == currency).then_some(counted.rate)
    }

    /// What the account got, or gave, before; only the currency of the account and the amount say how much.
    fn kept_move(&self, account: &Account) -> Option<Amount> {
        let kept = self.kept.filter(|kept| kept.amount == self.transaction.amount)?;
        let (_, moved) = kept.moves().find(|(name, _)| *account.id == **name || *account.name == **name)?;
        Some(if moved.is_positive() { moved } else { moved.negated() })
    }

    /// What an account gets, or gives.
    fn moved(&self, account: &Account, gives: bool) -> Result<Amount, Refusal> {
        let amount = self.transaction.amount;
        let moved = if account.currency == self.transaction.currency {
            amount
        } else if let Some(moved) = self.kept_move(account) {
            moved
        } else {
            let rate = self
                .of(account.currency)
                .ok_or_else(|| unknown_rate(self.transaction.currency, account.currency, "this account"))?;
            rate.convert(amount, account.currency.digits()).ok_or_else(too_large)?
        };
        Ok(if gives { moved.negated() } else { moved })
    }

    /// What it counts as, in another currency than its own. Without a budget it may count in its own.
    fn counted(&self, currency: Currency, must: bool) -> Result<Option<Counted>, Refusal> {
        let Some(rate) = self.of(currency) else {
            let unknown = || unknown_rate(self.transaction.currency, currency, "this category's budget");
            return if must { Err(unknown()) } else { Ok(None) };
        };
        rate.convert(self.transaction.amount, currency.digits()).ok_or_else(too_large)?;
        Ok(Some(Counted { currency, rate }))
    }
}

/// What is said where a rate is needed and not known.
pub(super) fn unknown_rate(from: Currency, to: Currency, of: &str) -> Refusal {
    let text = format!(
        "there is no exchange rate from {from:?} to {to:?}, the currency of {of}, on or before this date: give one as `rate`, or \
         record it"
    );
    Refusal::new("unknown_exchange_rate", "currency", text)
}

fn too_large() -> Refusal {
    Refusal::new("amount_too_large", "rate", "at this rate it is more than an amount can be: 10^15")
}
