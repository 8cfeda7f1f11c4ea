//! An account: where money is.

use crate::memory::{heap, make_room, vec_heap};
use crate::{Amount, Currency, Date};
use serde::{Deserialize, Serialize};

/// What kind of account it is. All are added up alike; what is owed is a balance below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// For every day.
    Checking,
    /// To be kept.
    Savings,
    /// Notes and coins.
    Cash,
    /// A card that is paid later.
    Credit,
    /// Money owed.
    Loan,
    /// None of these.
    Other,
}

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The id of the command that opened it, or the one given there.
    pub id: Box<str>,
    /// What the user calls it.
    pub name: Box<str>,
    /// What kind.
    pub kind: AccountKind,
    /// In what its balance is.
    pub currency: Currency,
    /// The day that `opening` is the balance at the beginning of.
    pub opened: Date,
    /// As it was given.
    pub opening: Amount,
    /// The last day; `None`: it is open.
    pub closed: Option<Date>,
    /// What is in it: `opening` and all that moved it from `opened` on.
    pub balance: Amount,
    /// What moved it before `opened`.
    pub earlier: Amount,
    /// How many transactions move it.
    pub moves: u32,
}

impl Account {
    /// What it had before the first transaction: those dated before it opened move this, not today's balance.
    pub(crate) fn opening_balance(&self) -> Amount {
        self.opening.minus(self.earlier)
    }

    /// Notes that so much came (went, if negative), or takes that back.
    pub(crate) fn post(&mut self, amount: Amount, date: Date, add: bool) {
        let sum = if date < self.opened { &mut self.earlier } else { &mut self.balance };
        *sum = if add { sum.plus(amount) } else { sum.minus(amount) };
        self.moves = if add { self.moves.saturating_add(1) } else { self.moves.saturating_sub(1) };
    }
}

/// All accounts, by number: in the order they were opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Accounts(Vec<Account>);

impl Accounts {
    /// More than any person has; it bounds the size of the root page.
    pub(crate) const MOST: usize = 500;

    /// One after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, &Account)> {
        (0..).zip(&self.0)
    }

    /// The account with this id or name, which no two share.
    pub(crate) fn find(&self, text: &str) -> Option<(u16, &Account)> {
        self.iter().find(|(_, account)| *account.id == *text || *account.name == *text)
    }

    pub(crate) fn get_mut(&mut self, number: u16) -> Option<&mut Account> {
        self.0.get_mut(usize::from(number))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn add(&mut self, account: Account) {
        make_room(&mut self.0, 1);
        self.0.push(account);
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        let texts = |account: &Account| heap(account.id.len()) + heap(account.name.len());
        vec_heap(&self.0) + self.0.iter().map(texts).sum::<usize>()
    }
}
