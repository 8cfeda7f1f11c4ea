//! What makes a transaction a payment to or from a payee.

use super::Entry;
use crate::Currency;
use crate::stable_hash::name_hash;
use crate::transaction::{Status, Transaction, TransactionType};

/// A payment: whose, and what is remembered of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payment {
    /// See [`payee_key`].
    pub key: u64,
    /// What its trace keeps.
    pub entry: Entry,
}

impl Payment {
    /// `None` for what can't come again in the sense meant here: without a payee, between own accounts, taken back (a refund),
    /// counted nowhere, or only announced: a pending one is looked at when it is posted.
    pub(crate) fn of(transaction: &Transaction) -> Option<Self> {
        let payee = transaction.payee.as_deref()?;
        let transfer = transaction.transaction_type == TransactionType::Transfer;
        let announced = transaction.status == Status::Pending;
        if transfer || announced || transaction.excluded || transaction.refund {
            return None;
        }
        let key = payee_key(transaction.transaction_type, transaction.currency, payee);
        let account = account_tag(transaction.account.as_deref());
        Some(Self {
            key,
            entry: Entry { date: transaction.date, amount: transaction.amount.into(), account },
        })
    }
}

/// What a payee's payments of one direction and currency are found by. Upper and lower case, and spaces around, are no difference.
pub(crate) fn payee_key(kind: TransactionType, currency: Currency, payee: &str) -> u64 {
    let direction = if kind == TransactionType::Income { '+' } else { '-' };
    name_hash(&format!("{direction}{}{}", currency.code(), payee.trim().to_lowercase()))
}

/// Stands for the account a payment names, as it is written there; 0 for none.
pub(crate) fn account_tag(account: Option<&str>) -> u32 {
    // The lowest bit tells a name from no name.
    account.map_or(0, |name| u32::try_from(name_hash(name) >> 32).expect("32 bits") | 1)
}
