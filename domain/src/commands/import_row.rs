//! One row of an import: what a bank wrote, checked, and the transaction it becomes.

use super::fields;
use crate::read::{Field, Object};
use crate::transaction::{Split, Status, Transaction, TransactionType};
use crate::values::{CATEGORY, Marks, NOTE, PAYEE, TextRule, Written};
use crate::{Amount, Currency, Date, Refusal};
use serde::Deserialize;
use std::hash::{Hash, Hasher};

const BANK_ID: TextRule = TextRule::name(255);

/// More parts than this are no person's doing.
const MOST_SPLITS: usize = 100;

/// A row of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Where it stands in the file, from 1; its place among the rows if left out.
    pub line: u32,
    /// On which day.
    pub date: Date,
    /// How much, below zero: it went.
    pub amount: Amount,
    /// In what, if the row says so.
    pub currency: Option<Currency>,
    /// What it was for.
    pub category: Option<Box<str>>,
    /// To or from whom.
    pub payee: Option<Box<str>>,
    /// Anything else the bank wrote.
    pub note: Option<Box<str>>,
    /// Free labels.
    pub tags: Box<[Box<str>]>,
    /// Parts that sum to `amount`, with their own signs.
    pub splits: Box<[Split]>,
    /// The bank's own name for it, unique within the account.
    pub bank_id: Option<Box<str>>,
    /// For rows without one: the how-manieth of equal rows in the file, if other parts have some, too.
    pub occurrence: Option<u32>,
    /// Counts nowhere.
    pub excluded: bool,
    /// How settled it is.
    pub status: Status,
    /// When it began, if that is another day than it was booked on: rows without a bank's id are known by it, as it is the
    /// same whether they are pending or posted.
    pub started: Option<Date>,
}

/// Hashes of commands are kept for ever, and there are some from when the last field was not: left out it says nothing.
impl Hash for ImportRow {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.line, self.date, self.amount, self.currency, &self.category, &self.payee).hash(hasher);
        (&self.note, &self.tags, &self.splits, &self.bank_id, self.occurrence).hash(hasher);
        (self.excluded, self.status).hash(hasher);
        if let Some(started) = &self.started {
            ("started", started).hash(hasher);
        }
    }
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRow {
    line: Option<u32>,
    date: Field<Date>,
    amount: String,
    transaction_type: Option<Field<TransactionType>>,
    currency: Option<Field<Currency>>,
    category: Option<String>,
    payee: Option<String>,
    note: Option<String>,
    tags: Option<Vec<String>>,
    splits: Option<Vec<Object<RawPart>>>,
    bank_id: Option<String>,
    occurrence: Option<u32>,
    excluded: Option<bool>,
    status: Option<Field<Status>>,
    started: Option<Field<Date>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    category: String,
    amount: String,
}

impl RawRow {
    /// Refuses what can't be read, naming the field as `rows[3].date`.
    pub(super) fn checked(self, place: usize) -> Result<ImportRow, Refusal> {
        let within = |refusal: Refusal| {
            let field = refusal.field.clone().unwrap_or_default();
            refusal.at(format!("rows[{place}].{field}"))
        };
        self.read(place).map_err(within)
    }

    fn read(self, place: usize) -> Result<ImportRow, Refusal> {
        let written = Written::read(&self.amount, Marks::Unknown).map_err(|no| no.at("amount"))?;
        let amount = match self.transaction_type.map(|kind| kind.at("transaction_type")).transpose()? {
            Some(_) if written.signed => {
                let why = "the transaction's type gives the direction: leave the sign out, or the type";
                return Err(Refusal::new("amount_signed", "amount", why));
            }
            None | Some(TransactionType::Income) => written.amount,
            Some(TransactionType::Expense) => written.amount.negated(),
            Some(TransactionType::Transfer) => {
                let why = "a row is of one account: Income or Expense (a transfer is a create_transaction)";
                return Err(Refusal::new("transfer_not_imported", "transaction_type", why));
            }
        };
        let splits = self.splits.unwrap_or_default();
        if splits.len() > MOST_SPLITS {
            return Err(Refusal::new("too_many_splits", "splits", format!("at most {MOST_SPLITS}")));
        }
        let line = self.line.unwrap_or(u32::try_from(place).expect("at most 500 rows") + 1);
        let currency = self.currency.map(|currency| currency.at("currency")).transpose()?;
        Ok(ImportRow {
            line,
            date: self.date.at("date")?,
            amount,
            currency: currency.or(written.currency),
            category: fields::text(self.category, &CATEGORY, "category")?,
            payee: fields::text(self.payee, &PAYEE, "payee")?,
            note: fields::text(self.note, &NOTE, "note")?,
            tags: fields::tags(self.tags.unwrap_or_default())?,
            splits: splits
                .into_iter()
                .enumerate()
                .map(|(i, Object(part))| part.read(i))
                .collect::<Result<_, _>>()?,
            bank_id: fields::text(self.bank_id, &BANK_ID, "bank_id")?,
            occurrence: self.occurrence,
            excluded: self.excluded.unwrap_or_default(),
            status: self.status.map(|status| status.at("status")).transpose()?.unwrap_or_default(),
            started: self.started.map(|started| started.at("started")).transpose()?,
        })
    }
}

impl RawPart {
    fn read(self, place: usize) -> Result<Split, Refusal> {
        let at = |field: &str| format!("splits[{place}].{field}");
        let written = Written::read(&self.amount, Marks::Unknown).map_err(|no| no.at(at("amount")))?;
        let category = CATEGORY.check(self.category, "category").map_err(|no| no.at(at("category")))?;
        Ok(Split { category, amount: written.amount })
    }
}

impl ImportRow {
    /// The row that a transaction was imported from, as far as it tells. Refuses what no row could say.
    pub(super) fn of(transaction: &Transaction) -> Result<Self, Refusal> {
        let text = |text: &Option<Box<str>>, rule: &TextRule, field| {
            fields::text(text.as_deref().map(str::to_owned), rule, field)
        };
        let went = transaction.transaction_type == TransactionType::Expense;
        let signed = |amount: Amount| if went { amount.negated() } else { amount };
        let part = |part: &Split| {
            let amount = signed(part.amount.as_imported().map_err(|no| no.at("splits"))?);
            Ok(Split { category: CATEGORY.check(part.category.clone().into(), "splits")?, amount })
        };
        if transaction.splits.len() > MOST_SPLITS {
            return Err(Refusal::new("too_many_splits", "splits", format!("at most {MOST_SPLITS}")));
        }
        Ok(Self {
            line: 0,
            date: transaction.date,
            amount: signed(transaction.amount.as_imported().map_err(|no| no.at("amount"))?),
            currency: Some(transaction.currency),
            category: text(&transaction.category, &CATEGORY, "category")?,
            payee: text(&transaction.payee, &PAYEE, "payee")?,
            note: text(&transaction.note, &NOTE, "note")?,
            tags: fields::tags(transaction.tags.iter().map(|tag| tag.clone().into()).collect())?,
            splits: transaction.splits.iter().map(part).collect::<Result<_, Refusal>>()?,
            bank_id: None,
            occurrence: None,
            excluded: transaction.excluded,
            status: transaction.status,
            started: None,
        })
    }

    /// What makes it the row it is, within an account: the bank's id, or else what the bank wrote. Line breaks part the
    /// pieces: none of them has any.
    pub(super) fn name(&self, account: Option<&str>) -> String {
        let account = account.unwrap_or_default();
        if let Some(bank_id) = &self.bank_id {
            format!("bank\n{account}\n{bank_id}")
        } else {
            let equal = Self::equal_by(self.started.unwrap_or(self.date), self.amount, self.payee.as_deref());
            format!("row\n{account}\n{equal}")
        }
    }

    /// What rows without a bank's id are equal by, and counted; `date` is when they began, where they say so: `1.50` and `1.5` are one amount, blanks around a payee mean nothing.
    pub fn equal_by(date: Date, amount: Amount, payee: Option<&str>) -> String {
        let payee = payee.unwrap_or_default().trim();
        format!("{date}\n{}\n{payee}", amount.decimal().normalize())
    }

    /// The transaction. Nothing came or went in a row of zero: it is kept, and counts nowhere.
    pub(super) fn transaction(
        &self,
        id: crate::CommandId,
        currency: Currency,
        account: Option<Box<str>>,
    ) -> Transaction {
        let went = self.amount < Amount::ZERO;
        let turned = |amount: Amount| if went { amount.negated() } else { amount };
        let part = |part: &Split| Split { category: part.category.clone(), amount: turned(part.amount) };
        Transaction {
            id,
            transaction_type: if went { TransactionType::Expense } else { TransactionType::Income },
            amount: turned(self.amount),
            currency,
            category: self.category.clone(),
            date: self.date,
            payee: self.payee.clone(),
            note: self.note.clone(),
            tags: self.tags.clone(),
            account,
            splits: self.splits.iter().map(part).collect(),
            refund: false,
            excluded: self.excluded || self.amount.is_zero(),
            status: self.status,
            details: None,
        }
    }
}
