//! A transaction as the tail keeps it: what nearly all leave out costs no bytes.
//!
//! `shape` (one byte) ‖ date ‖ the amount's digits as a number ‖ currency, unless it is the default one ‖ the category's
//! number, if it has one ‖ [`Rest`], unless that is empty; each as postcard writes it.

use super::Categories;
use crate::transaction::{Counted, Details, Split, Status, Transaction, TransactionType};
use crate::{Amount, CommandId, Currency, Date};
use serde::{Deserialize, Serialize};

// The bits of `shape`. The lowest two are the tail's: what kind of row this is.
const EXPENSE: u8 = 1 << 2;
/// Three bits: digits after the point, at most 7.
const SCALE: u32 = 3;
const CURRENCY: u8 = 1 << 6;
const CATEGORY: u8 = 1 << 7;

/// The bit of the kind that says whether there is a [`Rest`].
const REST: u8 = 1;

/// Read as far as that takes no memory, except for lists.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    transaction_type: TransactionType,
    date: Date,
    amount: Amount,
    currency: Currency,
    category: Option<u16>,
    rest: Rest<'a>,
}

/// What most transactions do not have.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rest<'a> {
    /// A category that never counted for anything has no number.
    category: Option<&'a str>,
    payee: Option<&'a str>,
    note: Option<&'a str>,
    tags: Vec<&'a str>,
    account: Option<&'a str>,
    splits: Vec<(&'a str, Amount)>,
    refund: bool,
    excluded: bool,
    status: Status,
    transfer: bool,
    details: Detailed,
}

/// The first two are what was an `Option`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
enum Detailed {
    #[default]
    No,
    Yes(Box<Details>),
    Budgeted(Box<Details>, Box<[Counted]>),
}

impl Detailed {
    fn of(details: Option<&Details>) -> Self {
        match details {
            None => Self::No,
            Some(details) if details.budgeted.is_empty() => Self::Yes(details.clone().into()),
            Some(details) => Self::Budgeted(details.clone().into(), details.budgeted.clone()),
        }
    }

    fn details(&self) -> Option<Box<Details>> {
        match self {
            Self::No => None,
            Self::Yes(details) => Some(details.clone()),
            Self::Budgeted(details, budgeted) => {
                Some(Box::new(Details { budgeted: budgeted.clone(), ..(**details).clone() }))
            }
        }
    }
}

/// Appends a transaction without its id; `kind` is that of one without a [`Rest`], the next kind means one with it.
pub(super) fn write(transaction: &Transaction, categories: &Categories, kind: u8, out: &mut Vec<u8>) {
    let name = transaction.category.as_deref();
    let category = name.and_then(|name| categories.find(name));
    let rest = Rest {
        category: name.filter(|_| category.is_none()),
        payee: transaction.payee.as_deref(),
        note: transaction.note.as_deref(),
        tags: transaction.tags.iter().map(|tag| &**tag).collect(),
        account: transaction.account.as_deref(),
        splits: transaction.splits.iter().map(|split| (&*split.category, split.amount)).collect(),
        refund: transaction.refund,
        excluded: transaction.excluded,
        status: transaction.status,
        transfer: transaction.transaction_type == TransactionType::Transfer,
        details: Detailed::of(transaction.details.as_deref()),
    };
    let (digits, scale) = transaction.amount.digits_and_scale().expect("commands carry no others");
    let currency = Some(transaction.currency).filter(|currency| *currency != Currency::default());
    let is_rest = rest != Rest::default();
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let shape = kind
        | flag(is_rest, REST)
        | flag(transaction.transaction_type == TransactionType::Expense, EXPENSE)
        | scale << SCALE
        | flag(currency.is_some(), CURRENCY)
        | flag(category.is_some(), CATEGORY);
    put(out, &(shape, transaction.date, digits));
    if let Some(currency) = currency {
        put(out, &currency);
    }
    if let Some(category) = category {
        put(out, &category);
    }
    if is_rest {
        put(out, &rest);
    }
}

impl<'a> Kept<'a> {
    /// What [`write`] wrote, after its `shape`; `None` if it can't have.
    pub(super) fn read(shape: u8, mut bytes: &'a [u8], categories: usize) -> Option<Self> {
        let (date, digits) = take(&mut bytes)?;
        let flag = |bit: u8| shape & bit != 0;
        let currency = if flag(CURRENCY) { take(&mut bytes)? } else { Currency::default() };
        let category = if flag(CATEGORY) { Some(take::<u16>(&mut bytes)?) } else { None };
        let rest = if flag(REST) { take(&mut bytes)? } else { Rest::default() };
        let transaction_type = match (rest.transfer, flag(EXPENSE)) {
            (true, _) => TransactionType::Transfer,
            (false, true) => TransactionType::Expense,
            (false, false) => TransactionType::Income,
        };
        let known = category.is_none_or(|number| usize::from(number) < categories);
        (known && bytes.is_empty()).then_some(Self {
            transaction_type,
            date,
            amount: Amount::from_digits(digits, shape >> SCALE & 0b111),
            currency,
            category,
            rest,
        })
    }

    pub(super) fn date(&self) -> Date {
        self.date
    }

    /// All of it.
    pub(super) fn transaction(&self, id: CommandId, categories: &Categories) -> Transaction {
        let rest = &self.rest;
        let split =
            |(category, amount): &(&str, Amount)| Split { category: (*category).into(), amount: *amount };
        Transaction {
            id,
            transaction_type: self.transaction_type,
            amount: self.amount,
            currency: self.currency,
            category: self.category.map(|number| categories.name(number)).or(rest.category).map(Box::from),
            date: self.date,
            payee: rest.payee.map(Box::from),
            note: rest.note.map(Box::from),
            tags: rest.tags.iter().map(|tag| Box::from(*tag)).collect(),
            account: rest.account.map(Box::from),
            splits: rest.splits.iter().map(split).collect(),
            refund: rest.refund,
            excluded: rest.excluded,
            status: rest.status,
            details: rest.details.details(),
        }
    }
}

/// Appends a value.
pub(super) fn put(out: &mut Vec<u8>, value: &impl Serialize) {
    *out = postcard::to_extend(value, std::mem::take(out)).expect("a Vec takes all of it");
}

/// Takes a value off the front.
pub(super) fn take<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    *bytes = rest;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const KIND: u8 = 2;

    /// How many bytes it takes; it must come back as it was.
    fn kept(change: &Value, categories: &Categories) -> usize {
        let mut data = json!({
            "id": "c1", "transaction_type": "Expense", "amount": "99.90", "currency": "EUR", "category": null,
            "date": "2026-02-03", "payee": null, "note": null, "tags": [], "account": null, "splits": [],
            "refund": false, "excluded": false, "status": "posted",
        });
        data.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let transaction: Transaction = serde_json::from_value(data).expect("a transaction");
        let mut bytes = Vec::new();
        write(&transaction, categories, KIND, &mut bytes);
        let read = Kept::read(bytes[0], &bytes[1..], categories.len()).expect("readable");
        assert_eq!(read.transaction(transaction.id.clone(), categories), transaction);
        assert!(Kept::read(bytes[0], &bytes[1..bytes.len() - 1], categories.len()).is_none());
        bytes.len()
    }

    #[test]
    fn what_is_left_out_costs_nothing_and_all_comes_back() {
        let mut categories = Categories::default();
        categories.intern("Food");
        let changes = [
            (json!({}), 6),
            (json!({"category": "Food"}), 7),
            (json!({"category": "Food", "currency": "USD", "amount": "0.01"}), 8),
            (json!({"category": "Unseen", "transaction_type": "Income"}), 24),
            (json!({"status": "pending", "excluded": true, "tags": ["a"], "account": "Giro"}), 24),
            (json!({"refund": true, "note": "two\nlines", "payee": "Shop"}), 32),
            (
                json!({"splits": [{"category": "Food", "amount": "99"}, {"category": "b", "amount": "0.90"}]}),
                30,
            ),
            (
                json!({"transaction_type": "Transfer", "account": "a", "to_account": "b", "account_amount": "-99.90",
                    "to_account_amount": "1", "rate": "0.5", "counted": {"currency": "USD", "rate": "1.25"}}),
                46,
            ),
            (
                json!({"counted": {"currency": "USD", "rate": "1.25"}, "budgeted": [{"currency": "GBP", "rate": "0.85"}]}),
                39,
            ),
            (json!({"amount": "999999999999999.9999", "currency": "CLF"}), 16),
        ];
        for (change, bytes) in changes {
            assert_eq!(kept(&change, &categories), bytes, "{change}");
        }
    }

    #[test]
    fn a_category_that_is_not_there_is_unreadable() {
        let mut categories = Categories::default();
        categories.intern("Food");
        kept(&json!({"category": "Food"}), &categories);
        assert!(Kept::read(KIND | CATEGORY, &[1, 1, 0], 1).is_none());
    }
}
