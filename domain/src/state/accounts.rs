//! What transactions do to accounts.

use super::UserState;
use super::line::Line;
use crate::account::{Account, Accounts};
use crate::events::{AccountClosed, AccountOpened};
use crate::transaction::Transaction;
use crate::{Amount, PageKey, Refusal};

impl UserState {
    /// All accounts; `None`: none was ever opened.
    pub(crate) fn accounts(&self) -> Option<&Accounts> {
        self.root.extras.as_ref().map(|extras| &extras.accounts).filter(|accounts| accounts.len() > 0)
    }

    /// The account with this id or name.
    pub(crate) fn account(&self, text: &str) -> Option<(u16, &Account)> {
        self.accounts()?.find(text)
    }

    /// Refuses with `unknown_account` an account that there is not, once there are accounts: until then names are labels.
    pub(crate) fn check_known(&self, name: &str, field: &'static str) -> Result<(), Refusal> {
        if self.accounts().is_none() || self.account(name).is_some() {
            return Ok(());
        }
        let text = "there is no account with this id or name; open it, or leave this out";
        Err(Refusal::new("unknown_account", field, text))
    }

    /// Refuses with `account_closed` to change what a closed account held.
    pub(crate) fn check_open(&self, moved: &str, field: &'static str) -> Result<(), Refusal> {
        match self.account(moved) {
            Some((_, account)) if account.closed.is_some() => {
                let text = format!("the account \"{}\" is closed: what it held stays", account.name);
                Err(Refusal::new("account_closed", field, text))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn open_account(&mut self, event: &AccountOpened) {
        self.root.extras_mut().accounts.add(Account {
            id: event.id.clone(),
            name: event.name.clone(),
            kind: event.kind,
            currency: event.currency,
            opened: event.opened,
            opening: event.opening_balance,
            closed: None,
            balance: event.opening_balance,
            earlier: Amount::ZERO,
            moves: 0,
        });
    }

    pub(super) fn close_account(&mut self, event: &AccountClosed) {
        let Some((number, _)) = self.account(&event.id) else {
            return;
        };
        if let Some(account) = self.root.extras_mut().accounts.get_mut(number) {
            account.closed = Some(event.closed);
        }
    }

    /// Adds what a transaction does to the accounts it moves, or takes it away again.
    pub(super) fn move_accounts(&mut self, transaction: &Transaction, add: bool) {
        let (month, day) = self.place_of(transaction.date);
        for (name, amount) in transaction.moves() {
            let Some((number, _)) = self.account(name) else {
                continue;
            };
            let Some(account) = self.root.extras_mut().accounts.get_mut(number) else {
                continue;
            };
            account.post(amount, transaction.date, add);
            let key = (month, Line::account(number), account.currency);
            let cells = self.cells_mut(key);
            if add {
                cells.add(key, day, amount);
            } else {
                cells.take(key, day, amount);
            }
        }
    }

    /// The pages with the totals of the accounts that a transaction moves.
    pub(super) fn add_moves(&self, transaction: &Transaction, keys: &mut Vec<PageKey>) {
        for (name, _) in transaction.moves() {
            let page = self.account(name).and_then(|(number, _)| {
                self.totals_page(self.month_of(transaction.date), Line::account(number))
            });
            if let Some(page) = page {
                self.add(page, keys);
            }
        }
    }
}
