//! `update_transaction`: a transaction was not what it was said to be.

use super::{Context, Decide, fields};
use crate::events::TransactionUpdated;
use crate::read::{Field, from_json, present};
use crate::transaction::{Split, Status, Transaction, TransactionType};
use crate::values::{ACCOUNT, CATEGORY, NOTE, PAYEE};
use crate::{Amount, CommandId, Currency, Date, Event, Refusal, UserState};
use serde::Deserialize;

/// A field of a change: `None` leaves it as it is, an inner `None` empties it.
#[allow(clippy::option_option)]
type Change<T> = Option<Option<T>>;

/// Changes to a transaction: what is `None` stays as it is; an inner `None` empties the field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpdateTransaction {
    /// Which transaction.
    pub id: CommandId,
    /// Which way the money went.
    pub transaction_type: Option<TransactionType>,
    /// How much, above zero.
    pub amount: Option<Amount>,
    /// In what.
    pub currency: Option<Currency>,
    /// What it was for.
    pub category: Change<Box<str>>,
    /// On which day.
    pub date: Option<Date>,
    /// To or from whom.
    pub payee: Change<Box<str>>,
    /// Anything else worth knowing.
    pub note: Change<Box<str>>,
    /// Free labels.
    pub tags: Option<Box<[Box<str>]>>,
    /// The account it is in.
    pub account: Change<Box<str>>,
    /// Parts that sum to `amount`.
    pub splits: Option<Box<[Split]>>,
    /// An income that lowers its category's spending.
    pub refund: Option<bool>,
    /// Counts nowhere.
    pub excluded: Option<bool>,
    /// How settled it is.
    pub status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Field<CommandId>,
    transaction_type: Option<Field<TransactionType>>,
    amount: Option<Field<Amount>>,
    currency: Option<Field<Currency>>,
    #[serde(default, deserialize_with = "present")]
    category: Change<String>,
    date: Option<Field<Date>>,
    #[serde(default, deserialize_with = "present")]
    payee: Change<String>,
    #[serde(default, deserialize_with = "present")]
    note: Change<String>,
    #[serde(default, deserialize_with = "present")]
    tags: Change<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    account: Change<String>,
    #[serde(default, deserialize_with = "present")]
    splits: Change<Vec<fields::RawSplit>>,
    refund: Option<bool>,
    excluded: Option<bool>,
    status: Option<Field<Status>>,
}

impl UpdateTransaction {
    /// The transaction with the changes made.
    fn applied_to(&self, old: &Transaction) -> Transaction {
        Transaction {
            id: old.id.clone(),
            transaction_type: self.transaction_type.unwrap_or(old.transaction_type),
            amount: self.amount.unwrap_or(old.amount),
            currency: self.currency.unwrap_or(old.currency),
            category: self.category.as_ref().unwrap_or(&old.category).clone(),
            date: self.date.unwrap_or(old.date),
            payee: self.payee.as_ref().unwrap_or(&old.payee).clone(),
            note: self.note.as_ref().unwrap_or(&old.note).clone(),
            tags: self.tags.as_ref().unwrap_or(&old.tags).clone(),
            account: self.account.as_ref().unwrap_or(&old.account).clone(),
            splits: self.splits.as_ref().unwrap_or(&old.splits).clone(),
            refund: self.refund.unwrap_or(old.refund),
            excluded: self.excluded.unwrap_or(old.excluded),
            status: self.status.unwrap_or(old.status),
        }
    }
}

impl Decide for UpdateTransaction {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self {
            id: raw.id.at("id")?,
            transaction_type: raw.transaction_type.map(|kind| kind.at("transaction_type")).transpose()?,
            amount: raw.amount.map(|amount| fields::positive(amount, "amount")).transpose()?,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            category: raw.category.map(|text| fields::text(text, &CATEGORY, "category")).transpose()?,
            date: raw.date.map(|date| date.at("date")).transpose()?,
            payee: raw.payee.map(|text| fields::text(text, &PAYEE, "payee")).transpose()?,
            note: raw.note.map(|text| fields::text(text, &NOTE, "note")).transpose()?,
            tags: raw.tags.map(|tags| fields::tags(tags.unwrap_or_default())).transpose()?,
            account: raw.account.map(|text| fields::text(text, &ACCOUNT, "account")).transpose()?,
            splits: raw.splits.map(|splits| fields::splits(splits.unwrap_or_default())).transpose()?,
            refund: raw.refund,
            excluded: raw.excluded,
            status: raw.status.map(|status| status.at("status")).transpose()?,
        })
    }

    fn target(&self) -> Option<&CommandId> {
        Some(&self.id)
    }

    fn decide(&self, state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let previous = state.transaction(&self.id)?;
        let transaction = self.applied_to(&previous);
        if transaction == previous {
            return Ok(Vec::new());
        }
        fields::check_whole(&transaction)?;
        state.check_spending(&transaction)?;
        Ok(vec![Event::TransactionUpdated(Box::new(TransactionUpdated { transaction, previous }))])
    }
}
