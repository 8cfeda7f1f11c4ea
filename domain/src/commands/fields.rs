//! Fields that several commands share, from raw to checked.

use crate::budget::ALL_NAME;
use crate::read::{Field, FromText, Object, Shown, Signed};
use crate::transaction::{Split, Transaction, TransactionType};
use crate::values::{CATEGORY, TAG, TextRule};
use crate::{Amount, Currency, Refusal};
use serde::Deserialize;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// More labels or parts than this are no person's doing.
const MOST_TAGS: usize = 50;
const MOST_SPLITS: usize = 100;
const MOST_THRESHOLDS: usize = 10;
const HIGHEST_THRESHOLD: u16 = 1_000;

/// A part as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub(super) struct RawSplit<T: FromText> {
    category: String,
    amount: Field<T>,
}

/// An amount above zero.
pub(super) fn positive(
    amount: Field<Amount>,
    field: impl Into<Cow<'static, str>>,
) -> Result<Amount, Refusal> {
    let field = field.into();
    let amount = amount.at(field.clone())?;
    check_positive(amount, field)?;
    Ok(amount)
}

/// A text that may be left out.
pub(super) fn text(
    text: Option<String>,
    rule: &TextRule,
    field: &'static str,
) -> Result<Option<Box<str>>, Refusal> {
    text.map(|text| rule.check(text, field)).transpose()
}

/// What a budget is for: a category, or all of them, which may be said in several ways.
pub(super) fn budgeted(category: Option<String>) -> Result<Box<str>, Refusal> {
    match category {
        Some(category) if category != "*" => CATEGORY.check(category, "category"),
        _ => Ok(ALL_NAME.into()),
    }
}

pub(super) fn tags(tags: Vec<String>) -> Result<Box<[Box<str>]>, Refusal> {
    if tags.len() > MOST_TAGS {
        return Err(Refusal::new("too_many_tags", "tags", format!("at most {MOST_TAGS}")));
    }
    let check = |(i, tag)| TAG.check(tag, "tags").map_err(|no| no.at(format!("tags[{i}]")));
    tags.into_iter().enumerate().map(check).collect()
}

pub(super) fn splits(splits: Vec<Object<RawSplit<Amount>>>) -> Result<Box<[Split]>, Refusal> {
    check_number(splits.len())?;
    splits.into_iter().enumerate().map(|(i, Object(raw))| split(i, raw)).collect()
}

fn split(i: usize, raw: RawSplit<Amount>) -> Result<Split, Refusal> {
    let RawSplit { category, amount } = raw;
    let amount = positive(amount, format!("splits[{i}].amount"))?;
    part(i, category, amount)
}

fn part(i: usize, category: String, amount: Amount) -> Result<Split, Refusal> {
    let category =
        CATEGORY.check(category, "category").map_err(|no| no.at(format!("splits[{i}].category")))?;
    Ok(Split { category, amount })
}

/// Parts as a transaction may show them; see [`check_positive`].
pub(super) fn shown_splits(splits: Vec<Object<RawSplit<Shown>>>) -> Result<Box<[Split]>, Refusal> {
    check_number(splits.len())?;
    let read = |(i, Object(RawSplit { category, amount }))| {
        let amount: Field<Shown> = amount;
        let Shown(amount) = amount.at(format!("splits[{i}].amount"))?;
        part(i, category, amount)
    };
    splits.into_iter().enumerate().map(read).collect()
}

fn check_number(splits: usize) -> Result<(), Refusal> {
    if splits > MOST_SPLITS {
        return Err(Refusal::new("too_many_splits", "splits", format!("at most {MOST_SPLITS}")));
    }
    Ok(())
}

/// Refuses with `amount_signed` or `amount_zero` what a bank may have written, but a command may not say anew.
pub(super) fn check_positive(amount: Amount, field: impl Into<Cow<'static, str>>) -> Result<(), Refusal> {
    if amount < Amount::ZERO {
        let text = "an amount has no sign: the transaction's type gives the direction";
        return Err(Refusal::new("amount_signed", field, text));
    }
    if amount.is_zero() {
        return Err(Refusal::new("amount_zero", field, "an amount must be above zero"));
    }
    Ok(())
}

/// Percentages to be told about. Refuses with `invalid_thresholds`.
pub(super) fn thresholds(raw: &[i64]) -> Result<Box<[u16]>, Refusal> {
    let refuse = |text: String| Refusal::new("invalid_thresholds", "thresholds", text);
    if raw.len() > MOST_THRESHOLDS {
        return Err(refuse(format!("at most {MOST_THRESHOLDS}")));
    }
    if !raw.is_sorted_by(|a, b| a < b) {
        return Err(refuse("ascending, each only once".to_owned()));
    }
    let percent = |number: &i64| {
        u16::try_from(*number).ok().filter(|percent| (1..=HIGHEST_THRESHOLD).contains(percent))
    };
    raw.iter()
        .map(|number| percent(number).ok_or_else(|| refuse(format!("each from 1 to {HIGHEST_THRESHOLD}"))))
        .collect()
}

/// Checks what only the whole transaction can tell: digits, the sum of the parts, refunds. Refuses with
/// `amount_too_many_digits`, `splits_do_not_sum`, `refund_not_income`.
pub(super) fn check_whole(transaction: &Transaction) -> Result<(), Refusal> {
    let Transaction { amount, currency, splits, .. } = transaction;
    check_amounts(*amount, splits, *currency)?;
    check_parts(transaction)
}

/// The same without the digits.
pub(super) fn check_parts(transaction: &Transaction) -> Result<(), Refusal> {
    let Transaction { amount, splits, refund, transaction_type, .. } = transaction;
    check_sum(*amount, splits)?;
    if *transaction_type == TransactionType::Transfer {
        check_transfer(transaction)?;
    } else if transaction.details.as_ref().is_some_and(|details| details.to_account.is_some()) {
        let text = "only a transfer goes to another account";
        return Err(Refusal::new("to_account_not_transfer", "to_account", text));
    }
    if *refund && *transaction_type != TransactionType::Income {
        return Err(Refusal::new("refund_not_income", "refund", "a refund is an Income with a category"));
    }
    Ok(())
}

fn check_transfer(transaction: &Transaction) -> Result<(), Refusal> {
    let to_account = transaction.details.as_ref().and_then(|details| details.to_account.as_ref());
    for (account, field) in [(transaction.account.as_ref(), "account"), (to_account, "to_account")] {
        if account.is_none() {
            return Err(Refusal::new(
                "missing_field",
                field,
                "a transfer goes from `account` to `to_account`",
            ));
        }
    }
    if transaction.account.as_ref() == to_account {
        return Err(same_account());
    }
    if !transaction.splits.is_empty() {
        let text = "a transfer counts for no category: there is nothing to split";
        return Err(Refusal::new("transfer_not_split", "splits", text));
    }
    Ok(())
}

/// The refusal of a transfer that goes nowhere.
pub(crate) fn same_account() -> Refusal {
    Refusal::new("same_account", "to_account", "a transfer goes from one account to another")
}

/// Hashes fields that came later: left out they say nothing.
pub(super) fn hash_later<H: Hasher>(
    to_account: Option<&impl Hash>,
    rate: Option<&impl Hash>,
    hasher: &mut H,
) {
    if let Some(account) = to_account {
        ("to_account", account).hash(hasher);
    }
    if let Some(rate) = rate {
        ("rate", rate).hash(hasher);
    }
}

/// An amount of either sign that may be left out.
pub(super) fn signed(amount: Option<Field<Signed>>, field: &'static str) -> Result<Amount, Refusal> {
    amount.map_or(Ok(Amount::ZERO), |amount| amount.at(field).map(|Signed(amount)| amount))
}

fn check_amounts(amount: Amount, splits: &[Split], currency: Currency) -> Result<(), Refusal> {
    amount.check_digits(currency.digits()).map_err(|no| no.at("amount"))?;
    for (i, split) in splits.iter().enumerate() {
        split.amount.check_digits(currency.digits()).map_err(|no| no.at(format!("splits[{i}].amount")))?;
    }
    Ok(())
}

/// Refuses with `splits_do_not_sum` parts that don't.
pub(super) fn check_sum(amount: Amount, splits: &[Split]) -> Result<(), Refusal> {
    let sum = splits.iter().fold(Amount::ZERO, |sum, split| sum.plus(split.amount));
    if !splits.is_empty() && sum != amount {
        let text = format!("the parts sum to {sum}, the transaction is {amount}");
        return Err(Refusal::new("splits_do_not_sum", "splits", text));
    }
    Ok(())
}
