//! What was announced is booked: a transaction that an import knows as pending, and the row that says it is no more.

use crate::Amount;
use crate::transaction::{Details, Status, Transaction, TransactionType};

/// Whether the row says that the transaction is booked by now.
pub(super) fn is_booked_by(known: &Transaction, row: &Transaction) -> bool {
    known.status == Status::Pending && row.status == Status::Posted
}

/// The transaction as it is booked. What the bank says wins: amount, currency, direction, date, payee. What a person adds
/// stays: category, note and tags where there are some, the accounts, that it is a transfer, a refund or excluded; parts, as long
/// as they sum to what is booked.
pub(super) fn booked(known: &Transaction, row: Transaction) -> Transaction {
    let transfer = known.transaction_type == TransactionType::Transfer;
    let transaction_type = if transfer { TransactionType::Transfer } else { row.transaction_type };
    let sum = known.splits.iter().fold(Amount::ZERO, |sum, part| sum.plus(part.amount));
    let fits = transaction_type == known.transaction_type && sum == row.amount && !known.splits.is_empty();
    let details = known.details.as_deref().map(|details| Details {
        to_account: details.to_account.clone(),
        // A rate is for the currency it was given for.
        rate: details.rate.filter(|_| known.currency == row.currency),
        ..Details::default()
    });
    Transaction {
        id: known.id.clone(),
        transaction_type,
        splits: if transfer || fits { known.splits.clone() } else { row.splits },
        category: known.category.clone().or(row.category),
        note: known.note.clone().or(row.note),
        tags: if known.tags.is_empty() { row.tags } else { known.tags.clone() },
        account: known.account.clone(),
        refund: known.refund && transaction_type == TransactionType::Income,
        // A row of zero counts nowhere; one that is no more counts like any other.
        excluded: if known.amount.is_zero() { row.excluded } else { known.excluded || row.amount.is_zero() },
        details: details.and_then(Details::boxed),
        amount: row.amount,
        currency: row.currency,
        date: row.date,
        payee: row.payee.or_else(|| known.payee.clone()),
        status: Status::Posted,
    }
}

#[cfg(test)]
#[path = "import_booked_tests.rs"]
mod tests;
