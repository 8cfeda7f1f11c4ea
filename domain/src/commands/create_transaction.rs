//! `create_transaction`: money came or went.

use super::{Context, Decide, fields};
use crate::events::TransactionCreated;
use crate::read::{Field, from_json};
use crate::transaction::{Split, Status, Transaction, TransactionType};
use crate::values::{ACCOUNT, CATEGORY, NOTE, PAYEE};
use crate::{Amount, Currency, Date, Event, Refusal, UserState};
use serde::Deserialize;

/// A new transaction; its id will be the command's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CreateTransaction {
    /// Which way the money went.
    pub transaction_type: TransactionType,
    /// How much, above zero.
    pub amount: Amount,
    /// In what; the user's base currency if left out.
    pub currency: Option<Currency>,
    /// What it was for.
    pub category: Option<Box<str>>,
    /// On which day; the command's, in UTC, if left out.
    pub date: Option<Date>,
    /// To or from whom.
    pub payee: Option<Box<str>>,
    /// Anything else worth knowing.
    pub note: Option<Box<str>>,
    /// Free labels.
    pub tags: Box<[Box<str>]>,
    /// The account it is in.
    pub account: Option<Box<str>>,
    /// Parts that sum to `amount`.
    pub splits: Box<[Split]>,
    /// An income that lowers its category's spending.
    pub refund: bool,
    /// Counts nowhere.
    pub excluded: bool,
    /// How settled it is.
    pub status: Status,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    transaction_type: Field<TransactionType>,
    amount: Field<Amount>,
    currency: Option<Field<Currency>>,
    category: Option<String>,
    date: Option<Field<Date>>,
    payee: Option<String>,
    note: Option<String>,
    tags: Option<Vec<String>>,
    account: Option<String>,
    splits: Option<Vec<fields::RawSplit>>,
    refund: Option<bool>,
    excluded: Option<bool>,
    status: Option<Field<Status>>,
}

impl Decide for CreateTransaction {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self {
            transaction_type: raw.transaction_type.at("transaction_type")?,
            amount: fields::positive(raw.amount, "amount")?,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            category: fields::text(raw.category, &CATEGORY, "category")?,
            date: raw.date.map(|date| date.at("date")).transpose()?,
            payee: fields::text(raw.payee, &PAYEE, "payee")?,
            note: fields::text(raw.note, &NOTE, "note")?,
            tags: fields::tags(raw.tags.unwrap_or_default())?,
            account: fields::text(raw.account, &ACCOUNT, "account")?,
            splits: fields::splits(raw.splits.unwrap_or_default())?,
            refund: raw.refund.unwrap_or_default(),
            excluded: raw.excluded.unwrap_or_default(),
            status: raw.status.map(|status| status.at("status")).transpose()?.unwrap_or_default(),
        })
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let date = self.date.or_else(|| Date::of(context.time));
        let transaction = Transaction {
            id: context.id.clone(),
            transaction_type: self.transaction_type,
            amount: self.amount,
            currency: self.currency.unwrap_or(state.base_currency()),
            category: self.category.clone(),
            date: date.ok_or_else(|| {
                Refusal::new("invalid_date", "date", "the command's time is outside 1900 to 2200")
            })?,
            payee: self.payee.clone(),
            note: self.note.clone(),
            tags: self.tags.clone(),
            account: self.account.clone(),
            splits: self.splits.clone(),
            refund: self.refund,
            excluded: self.excluded,
            status: self.status,
        };
        fields::check_whole(&transaction)?;
        state.check_spending(&transaction)?;
        Ok(vec![Event::TransactionCreated(TransactionCreated { transaction })])
    }
}
