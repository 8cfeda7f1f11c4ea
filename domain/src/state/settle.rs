//! What a transaction in another currency counts as (`counting`), and what it does to accounts. Decided once, and written into
//! the transaction: whatever rates are known later, taking it back takes back the same.

use super::UserState;
use super::counting::{Rates, own_rate, too_large, unknown_rate};
use crate::account::Account;
use crate::commands::same_account;
use crate::transaction::{Transaction, TransactionType};
use crate::values::Rate;
use crate::{Amount, PageKey, Refusal};

/// Of the accounts one may do without a rate that was given: then it is for the other.
const CURE: &str = "give one as `rate`, or record it";

impl UserState {
    /// Fills in what follows from the rest of the transaction. `previous` is what it was, if it was there before; `anew`: it is
    /// counted at the rates known now, though it may be as it was.
    ///
    /// Refuses with `unknown_account`, `account_closed`, `same_account`, `unknown_exchange_rate`, `rate_not_needed`,
    /// `amount_too_large`.
    pub(crate) fn settle(
        &self,
        transaction: &mut Transaction,
        previous: Option<&Transaction>,
        anew: bool,
    ) -> Result<(), Refusal> {
        let kept = previous.filter(|old| old.has_rates_of(transaction));
        // What counted nowhere before (a transfer, say) counts like something new.
        let counted_like = kept.filter(|old| !anew && old.counts());
        let wanted = self.wanted(transaction, counted_like, previous, None);
        // Nearly all are in the base currency and move no account.
        let plain = transaction.details.is_none() && self.accounts().is_none();
        if plain && wanted.others(transaction).next().is_none() && wanted.budgets.is_empty() {
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
        let moved = currencies.into_iter().flatten().filter(|currency| *currency != transaction.currency);
        let given_for = moved.chain(wanted.others(transaction)).next();
        // One that was needed may stay: who excludes a transaction, or moves it, says nothing of its rate.
        let stays = !transaction.counts() || previous.is_some_and(|old| own_rate(old) == details.rate);
        if given_for.is_none() && !stays && details.rate.is_some_and(|rate| rate != Rate::ONE) {
            let text = format!("nothing here is in another currency than {:?}", transaction.currency);
            return Err(Refusal::new("rate_not_needed", "rate", text));
        }
        let rates = Rates { state: self, transaction, given: details.rate.zip(given_for), kept };
        let spent = transaction.transaction_type != TransactionType::Income;
        details.account_amount = account.map(|(_, account)| rates.moved(account, spent)).transpose()?;
        details.to_account_amount = to_account.map(|(_, account)| rates.moved(account, false)).transpose()?;
        (details.counted, details.budgeted) = Rates { kept: counted_like, ..rates }.counted(&wanted)?;
        transaction.details = details.boxed();
        self.check_unmoved(transaction, previous)
    }

    /// The pages that [`UserState::settle`] still needs.
    pub(crate) fn add_settled(
        &self,
        transaction: &Transaction,
        previous: Option<&Transaction>,
        keys: &mut Vec<PageKey>,
    ) {
        if self.rate_years().is_none() {
            return;
        }
        let to_account = transaction.details.as_ref().and_then(|details| details.to_account.as_deref());
        let accounts = [transaction.account.as_deref(), to_account].into_iter().flatten();
        for currency in accounts.filter_map(|name| Some(self.account(name)?.1.currency)) {
            self.add_rates(transaction.currency, currency, transaction.date, keys);
        }
        // It may count as it did, or like something new.
        for kept in [None, previous.filter(|old| old.counts())] {
            self.add_counted(transaction, &self.wanted(transaction, kept, previous, None), keys);
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
}

impl Rates<'_> {
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
            let rate = self.of(account.currency).ok_or_else(|| {
                unknown_rate(self.transaction.currency, account.currency, "this account", CURE)
            })?;
            rate.convert(amount, account.currency.digits()).ok_or_else(too_large)?
        };
        Ok(if gives { moved.negated() } else { moved })
    }
}
