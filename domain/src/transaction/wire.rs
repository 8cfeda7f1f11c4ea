//! How a transaction is written. In JSON, fields that came later are there only where they say something. In the journal and the
//! pages they are behind the last field of old, which says whether they are there: what was written before them reads as ever.

use super::{Counted, Details, Split, Status, Transaction, TransactionType};
use crate::values::Rate;
use crate::{Amount, CommandId, Currency, Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
struct Json<'a> {
    id: Cow<'a, CommandId>,
    transaction_type: TransactionType,
    amount: Amount,
    currency: Currency,
    category: Cow<'a, Option<Box<str>>>,
    date: Date,
    payee: Cow<'a, Option<Box<str>>>,
    note: Cow<'a, Option<Box<str>>>,
    tags: Cow<'a, Box<[Box<str>]>>,
    account: Cow<'a, Option<Box<str>>>,
    splits: Cow<'a, Box<[Split]>>,
    refund: bool,
    excluded: bool,
    status: Status,
    #[serde(default, skip_serializing_if = "is_none")]
    to_account: Cow<'a, Option<Box<str>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counted: Option<Counted>,
    #[serde(default, skip_serializing_if = "<[Counted]>::is_empty")]
    budgeted: Cow<'a, [Counted]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_amount: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to_account_amount: Option<Amount>,
}

#[expect(clippy::ptr_arg, reason = "serde hands over the field as it is")]
fn is_none(text: &Cow<'_, Option<Box<str>>>) -> bool {
    text.is_none()
}

#[derive(Serialize, Deserialize)]
struct Binary<'a> {
    id: Cow<'a, CommandId>,
    transaction_type: TransactionType,
    amount: Amount,
    currency: Currency,
    category: Cow<'a, Option<Box<str>>>,
    date: Date,
    payee: Cow<'a, Option<Box<str>>>,
    note: Cow<'a, Option<Box<str>>>,
    tags: Cow<'a, Box<[Box<str>]>>,
    account: Cow<'a, Option<Box<str>>>,
    splits: Cow<'a, Box<[Split]>>,
    refund: bool,
    excluded: bool,
    end: End<'a>,
}

/// The first two are what was the status.
#[derive(Serialize, Deserialize)]
enum End<'a> {
    Pending,
    Posted,
    Detailed(Status, Cow<'a, Details>),
    Budgeted(Status, Cow<'a, Details>, Cow<'a, [Counted]>),
}

impl Serialize for Transaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.json().serialize(serializer)
        } else {
            self.binary().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Transaction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Json::deserialize(deserializer).map(Self::from)
        } else {
            Binary::deserialize(deserializer).map(Self::from)
        }
    }
}

impl Transaction {
    fn json(&self) -> Json<'_> {
        const NONE: &Option<Box<str>> = &None;
        let details = self.details.as_deref();
        Json {
            id: Cow::Borrowed(&self.id),
            transaction_type: self.transaction_type,
            amount: self.amount,
            currency: self.currency,
            category: Cow::Borrowed(&self.category),
            date: self.date,
            payee: Cow::Borrowed(&self.payee),
            note: Cow::Borrowed(&self.note),
            tags: Cow::Borrowed(&self.tags),
            account: Cow::Borrowed(&self.account),
            splits: Cow::Borrowed(&self.splits),
            refund: self.refund,
            excluded: self.excluded,
            status: self.status,
            to_account: Cow::Borrowed(details.map_or(NONE, |details| &details.to_account)),
            rate: details.and_then(|details| details.rate),
            counted: details.and_then(|details| details.counted),
            budgeted: Cow::Borrowed(details.map_or(&[], |details| &details.budgeted)),
            account_amount: details.and_then(|details| details.account_amount),
            to_account_amount: details.and_then(|details| details.to_account_amount),
        }
    }

    fn binary(&self) -> Binary<'_> {
        Binary {
            id: Cow::Borrowed(&self.id),
            transaction_type: self.transaction_type,
            amount: self.amount,
            currency: self.currency,
            category: Cow::Borrowed(&self.category),
            date: self.date,
            payee: Cow::Borrowed(&self.payee),
            note: Cow::Borrowed(&self.note),
            tags: Cow::Borrowed(&self.tags),
            account: Cow::Borrowed(&self.account),
            splits: Cow::Borrowed(&self.splits),
            refund: self.refund,
            excluded: self.excluded,
            end: match (self.details.as_deref(), self.status) {
                (None, Status::Pending) => End::Pending,
                (None, Status::Posted) => End::Posted,
                (Some(details), status) if details.budgeted.is_empty() => {
                    End::Detailed(status, Cow::Borrowed(details))
                }
                (Some(details), status) => {
                    End::Budgeted(status, Cow::Borrowed(details), Cow::Borrowed(&details.budgeted))
                }
            },
        }
    }
}

impl From<Json<'_>> for Transaction {
    fn from(json: Json<'_>) -> Self {
        let details = Details {
            to_account: json.to_account.into_owned(),
            rate: json.rate,
            counted: json.counted,
            account_amount: json.account_amount,
            to_account_amount: json.to_account_amount,
            budgeted: json.budgeted.into(),
        };
        Self {
            id: json.id.into_owned(),
            transaction_type: json.transaction_type,
            amount: json.amount,
            currency: json.currency,
            category: json.category.into_owned(),
            date: json.date,
            payee: json.payee.into_owned(),
            note: json.note.into_owned(),
            tags: json.tags.into_owned(),
            account: json.account.into_owned(),
            splits: json.splits.into_owned(),
            refund: json.refund,
            excluded: json.excluded,
            status: json.status,
            details: details.boxed(),
        }
    }
}

impl From<Binary<'_>> for Transaction {
    fn from(binary: Binary<'_>) -> Self {
        let (status, details) = match binary.end {
            End::Pending => (Status::Pending, None),
            End::Posted => (Status::Posted, None),
            End::Detailed(status, details) => (status, details.into_owned().boxed()),
            End::Budgeted(status, details, budgeted) => {
                (status, Details { budgeted: budgeted.into(), ..details.into_owned() }.boxed())
            }
        };
        Self {
            id: binary.id.into_owned(),
            transaction_type: binary.transaction_type,
            amount: binary.amount,
            currency: binary.currency,
            category: binary.category.into_owned(),
            date: binary.date,
            payee: binary.payee.into_owned(),
            note: binary.note.into_owned(),
            tags: binary.tags.into_owned(),
            account: binary.account.into_owned(),
            splits: binary.splits.into_owned(),
            refund: binary.refund,
            excluded: binary.excluded,
            status,
            details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The journal's bytes after what all transactions have, in hex.
    fn end(more: &serde_json::Value) -> String {
        let mut data = json!({
            "id": "a", "transaction_type": "Expense", "amount": "10", "currency": "EUR", "category": null,
            "date": "2026-01-05", "payee": null, "note": null, "tags": [], "account": null, "splits": [],
            "refund": false, "excluded": false, "status": "posted",
        });
        let bytes = |data: &serde_json::Value| {
            let transaction: Transaction = serde_json::from_value(data.clone()).expect("a transaction");
            assert_eq!(serde_json::to_value(&transaction).expect("JSON"), *data);
            let bytes = postcard::to_allocvec(&transaction).expect("encodes");
            assert_eq!(postcard::from_bytes::<Transaction>(&bytes).expect("decodes"), transaction);
            bytes
        };
        let same = bytes(&data).len() - 1;
        data.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        bytes(&data)[same..].iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    #[test]
    fn what_came_later_is_behind_what_was_there() {
        let counted = json!({"currency": "USD", "rate": "1.25"});
        assert_eq!(end(&json!({})), "01");
        assert_eq!(end(&json!({"counted": counted})), "0201000001c80680a8b9ceb0240000");
        assert_eq!(end(&json!({"budgeted": [counted]})), "0301000000000001c80680a8b9ceb024");
    }
}
