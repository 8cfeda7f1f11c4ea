//! The root page: everything of a small user.

use super::categories::Categories;
use super::cells::Cells;
use super::erase::Life;
use super::extras::Extras;
use super::predictions::Predictions;
use super::recurring::Recurring;
use super::tail::Tail;
use crate::budget::Budgets;
use crate::memory::{make_room, thin_heap, vec_heap};
use crate::{Amount, Currency, Date, PageError, PageKey};
use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

/// The first byte of a root page. Another one means another format: the cache is rebuilt.
const VERSION: u8 = 6;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Root {
    /// Sequence and chain hash of the last applied commit record.
    pub applied: (u64, u64),
    /// How many transactions were ever created.
    pub created: u64,
    /// Income less expenses of all transactions that are not excluded, for each currency in use.
    pub balances: Vec<(Currency, Amount)>,
    /// The names behind category numbers.
    pub categories: Categories,
    /// By category number.
    pub budgets: Budgets,
    /// The totals of the years that are not spilled.
    pub cells: Cells,
    /// The day the books have come to: see `UserState::today_after`.
    pub today: Option<Date>,
    /// What is predicted of its month.
    pub predictions: Predictions,
    /// Years whose totals are in pages of their own, ascending.
    pub spilled_years: ThinVec<u16>,
    /// The newest decided commands and the transactions they made.
    pub tail: Tail,
    /// Whether any transaction left the tail.
    pub spilled_transactions: bool,
    /// Whether any decided command that made no transaction left it.
    pub spilled_seen: bool,
    /// What most users do not have.
    pub extras: Option<Box<Extras>>,
    /// What comes again, and what might; `None` of who names no payees.
    pub recurring: Option<Box<Recurring>>,
    /// What an erasure left; most users never were.
    pub life: Option<Box<Life>>,
}

impl Root {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, PageError> {
        let unreadable = |reason: String| PageError::new(PageKey::Root, reason);
        match bytes.split_first() {
            Some((&VERSION, rest)) => {
                let root: Self = postcard::from_bytes(rest).map_err(|error| unreadable(error.to_string()))?;
                // The tail stays encoded, so it is checked here once.
                if root.is_sound() { Ok(root) } else { Err(unreadable("a broken tail".into())) }
            }
            Some((version, _)) => Err(unreadable(format!("version {version}, not {VERSION}"))),
            None => Err(unreadable("empty".into())),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2_048);
        bytes.push(VERSION);
        postcard::to_extend(self, bytes).expect("a Vec takes all of it")
    }

    fn is_sound(&self) -> bool {
        self.tail.is_sound(self.categories.len()) && self.tail.transactions() <= self.created
    }

    /// Adds to the balance of a currency.
    pub(crate) fn add_balance(&mut self, currency: Currency, amount: Amount) {
        if let Some((_, balance)) = self.balances.iter_mut().find(|(known, _)| *known == currency) {
            *balance = balance.plus(amount);
        } else {
            make_room(&mut self.balances, 1);
            self.balances.push((currency, amount));
        }
    }

    /// The number of the first transaction in the tail; the others follow without gaps.
    pub(crate) fn first_ordinal(&self) -> u64 {
        self.created - self.tail.transactions()
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        vec_heap(&self.balances)
            + self.categories.weight()
            + self.budgets.weight()
            + self.cells.weight()
            + self.predictions.weight()
            + thin_heap(&self.spilled_years)
            + self.tail.weight()
            + self.extras.as_ref().map_or(0, |extras| extras.weight())
            + self.recurring.as_ref().map_or(0, |recurring| recurring.weight())
            + self.life.as_deref().map_or(0, size_of_val)
    }
}
