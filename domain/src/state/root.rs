//! The root page: everything of a small user.

use super::categories::Categories;
use super::cells::Cells;
use super::rows::{SeenId, TailRow};
use crate::budget::Budget;
use crate::{Amount, Currency, PageError, PageKey};
use serde::{Deserialize, Serialize};

/// The first byte of a root page. Another one means another format: the cache is rebuilt.
const VERSION: u8 = 1;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Root {
    /// Sequence and chain hash of the last applied commit record.
    pub applied: (u64, u64),
    /// What amounts without a currency are in.
    pub base_currency: Currency,
    /// How many transactions were ever created.
    pub created: u64,
    /// Income less expenses of all transactions that are not excluded, for each currency in use.
    pub balances: Vec<(Currency, Amount)>,
    /// The names behind category numbers.
    pub categories: Categories,
    /// Ascending by category number.
    pub budgets: Vec<Budget>,
    /// The totals of the years that are not spilled.
    pub cells: Cells,
    /// Years whose totals are in pages of their own, ascending.
    pub spilled_years: Vec<u16>,
    /// The newest transactions, oldest first.
    pub tail: Vec<TailRow>,
    /// The newest decided commands that made no transaction, oldest first.
    pub seen: Vec<SeenId>,
    /// Whether any transaction left the tail.
    pub spilled_transactions: bool,
    /// Whether any decided command left `seen`.
    pub spilled_seen: bool,
}

impl Root {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, PageError> {
        let unreadable = |reason: String| PageError::new(PageKey::Root, reason);
        match bytes.split_first() {
            Some((&VERSION, rest)) => {
                let root: Self = postcard::from_bytes(rest).map_err(|error| unreadable(error.to_string()))?;
                // The tail stays encoded, so it is checked here once.
                let readable = |row: &TailRow| {
                    row.encoded.is_empty()
                        || postcard::from_bytes::<crate::transaction::Transaction>(&row.encoded).is_ok()
                };
                if root.tail.iter().all(readable) {
                    Ok(root)
                } else {
                    Err(unreadable("a broken transaction".into()))
                }
            }
            Some((version, _)) => Err(unreadable(format!("version {version}, not {VERSION}"))),
            None => Err(unreadable("empty".into())),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(VERSION);
        postcard::to_extend(self, bytes).expect("a Vec takes all of it")
    }

    /// Adds to the balance of a currency.
    pub(crate) fn add_balance(&mut self, currency: Currency, amount: Amount) {
        match self.balances.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, balance)) => *balance = balance.plus(amount),
            None => self.balances.push((currency, amount)),
        }
    }

    /// About how many bytes of heap it takes.
    pub(crate) fn weight(&self) -> usize {
        let tail: usize = self.tail.iter().map(|row| row.encoded.len()).sum();
        let versions: usize = self.budgets.iter().map(|budget| budget.versions.len()).sum();
        tail + self.tail.capacity() * size_of::<TailRow>()
            + self.seen.capacity() * size_of::<SeenId>()
            + self.budgets.capacity() * size_of::<Budget>()
            + versions * (size_of::<crate::budget::Version>() + 8)
            + self.balances.capacity() * size_of::<(Currency, Amount)>()
            + self.categories.weight()
            + self.cells.weight()
    }
}
