//! `update_transaction`: a transaction was not what it was said to be.

use super::read_only::{RawCounted, ReadOnly};
use super::{Context, Decide, fields};
use crate::events::TransactionUpdated;
use crate::read::{Field, Object, Shown, from_json, given, present};
use crate::transaction::{Details, Split, Status, Transaction, TransactionType};
use crate::values::{ACCOUNT, CATEGORY, NOTE, PAYEE, Rate};
use crate::{Amount, CommandId, Currency, Date, Event, PageKey, Refusal, UserState, When};
use serde::Deserialize;
use std::hash::{Hash, Hasher};

/// A field of a change: `None` leaves it as it is, an inner `None` empties it.
#[allow(clippy::option_option)]
type Change<T> = Option<Option<T>>;

/// Changes to a transaction: what is `None` stays as it is; an inner `None` empties the field.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub date: Option<When>,
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
    /// The account a transfer goes to.
    pub to_account: Change<Box<str>>,
    /// What a unit of `currency` is worth in the one it is converted to.
    pub rate: Change<Rate>,
    /// What it was said to be and can't be changed.
    pub(super) read_only: ReadOnly,
}

/// See [`CreateTransaction`](super::CreateTransaction)'s.
impl Hash for UpdateTransaction {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.id, self.transaction_type, self.amount, self.currency, &self.category, self.date).hash(hasher);
        (&self.payee, &self.note, &self.tags, &self.account, &self.splits).hash(hasher);
        (self.refund, self.excluded, self.status).hash(hasher);
        fields::hash_later(self.to_account.as_ref(), self.rate.as_ref(), hasher);
        self.read_only.hash(hasher);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Field<CommandId>,
    #[serde(default, deserialize_with = "given")]
    transaction_type: Option<Field<TransactionType>>,
    #[serde(default, deserialize_with = "given")]
    amount: Option<Field<Shown>>,
    #[serde(default, deserialize_with = "given")]
    currency: Option<Field<Currency>>,
    #[serde(default, deserialize_with = "present")]
    category: Change<String>,
    #[serde(default, deserialize_with = "given")]
    date: Option<Field<When>>,
    #[serde(default, deserialize_with = "present")]
    payee: Change<String>,
    #[serde(default, deserialize_with = "present")]
    note: Change<String>,
    #[serde(default, deserialize_with = "present")]
    tags: Change<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    account: Change<String>,
    #[serde(default, deserialize_with = "present")]
    splits: Change<Vec<Object<fields::RawSplit<Shown>>>>,
    #[serde(default, deserialize_with = "given")]
    refund: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    excluded: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    status: Option<Field<Status>>,
    #[serde(default, deserialize_with = "present")]
    to_account: Change<String>,
    #[serde(default, deserialize_with = "present")]
    rate: Change<Field<Rate>>,
    #[serde(default, deserialize_with = "present")]
    counted: Change<Object<RawCounted>>,
    #[serde(default, deserialize_with = "present")]
    budgeted: Change<Vec<Object<RawCounted>>>,
    #[serde(default, deserialize_with = "present")]
    account_amount: Change<Field<Shown>>,
    #[serde(default, deserialize_with = "present")]
    to_account_amount: Change<Field<Shown>>,
}

impl UpdateTransaction {
    /// The transaction as it was, and with the changes made as they are written, nothing converted yet.
    fn written(
        &self,
        state: &UserState,
        context: &Context<'_>,
    ) -> Result<(Transaction, Transaction), Refusal> {
        let previous = state.transaction(&self.id)?;
        let given = self.date.unwrap_or(When::Date(previous.date));
        let date = state.date_given(Some(given), context.time).map_err(|no| no.at("date"))?;
        let transaction = self.applied_to(&previous, date);
        Ok((previous, transaction))
    }

    /// Whether it names the rate: then the transaction is counted at the rates known now, even if it names the same, or none. Who
    /// gives back a transaction as it is shown asks for no such thing.
    fn counts_anew(&self) -> bool {
        self.rate.is_some() && !self.read_only.is_said()
    }

    fn details(&self, old: &Transaction) -> Details {
        let mut details = old.details.as_deref().cloned().unwrap_or_default();
        if let Some(to_account) = &self.to_account {
            details.to_account.clone_from(to_account);
        }
        if let Some(rate) = self.rate {
            details.rate = rate;
        }
        details
    }

    /// The transaction with the changes made.
    fn applied_to(&self, old: &Transaction, date: Date) -> Transaction {
        Transaction {
            id: old.id.clone(),
            transaction_type: self.transaction_type.unwrap_or(old.transaction_type),
            amount: self.amount.unwrap_or(old.amount),
            currency: self.currency.unwrap_or(old.currency),
            category: self.category.as_ref().unwrap_or(&old.category).clone(),
            date,
            payee: self.payee.as_ref().unwrap_or(&old.payee).clone(),
            note: self.note.as_ref().unwrap_or(&old.note).clone(),
            tags: self.tags.as_ref().unwrap_or(&old.tags).clone(),
            account: self.account.as_ref().unwrap_or(&old.account).clone(),
            splits: self.splits.as_ref().unwrap_or(&old.splits).clone(),
            refund: self.refund.unwrap_or(old.refund),
            excluded: self.excluded.unwrap_or(old.excluded),
            status: self.status.unwrap_or(old.status),
            details: self.details(old).boxed(),
        }
    }
}

impl Decide for UpdateTransaction {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self {
            id: raw.id.at("id")?,
            transaction_type: raw.transaction_type.map(|kind| kind.at("transaction_type")).transpose()?,
            amount: raw.amount.map(|amount| amount.at("amount")).transpose()?.map(|Shown(amount)| amount),
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            category: raw.category.map(|text| fields::text(text, &CATEGORY, "category")).transpose()?,
            date: raw.date.map(|date| date.at("date")).transpose()?,
            payee: raw.payee.map(|text| fields::text(text, &PAYEE, "payee")).transpose()?,
            note: raw.note.map(|text| fields::text(text, &NOTE, "note")).transpose()?,
            tags: raw.tags.map(|tags| fields::tags(tags.unwrap_or_default())).transpose()?,
            account: raw.account.map(|text| fields::text(text, &ACCOUNT, "account")).transpose()?,
            splits: raw.splits.map(|splits| fields::shown_splits(splits.unwrap_or_default())).transpose()?,
            refund: raw.refund,
            excluded: raw.excluded,
            status: raw.status.map(|status| status.at("status")).transpose()?,
            to_account: raw.to_account.map(|text| fields::text(text, &ACCOUNT, "to_account")).transpose()?,
            rate: raw.rate.map(|rate| rate.map(|rate| rate.at("rate")).transpose()).transpose()?,
            read_only: ReadOnly::read(raw.counted, raw.budgeted, raw.account_amount, raw.to_account_amount)?,
        })
    }

    fn pages(&self, state: &UserState, context: &Context<'_>, keys: &mut Vec<PageKey>) {
        if state.rate_years().is_some()
            && let Ok((previous, transaction)) = self.written(state, context)
        {
            state.add_settled(&transaction, Some(&previous), keys);
        }
    }

    fn target(&self) -> Option<&CommandId> {
        Some(&self.id)
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let (previous, mut transaction) = self.written(state, context)?;
        self.read_only.check(&previous)?;
        if transaction == previous {
            let transaction =
                if self.counts_anew() { state.recounted(&previous, true, None)? } else { transaction };
            let same = transaction == previous;
            return Ok(if same { Vec::new() } else { updated(transaction, previous) });
        }
        check_said_anew(&transaction, &previous)?;
        // What a bank wrote may have more digits than its currency: who does not change it may leave it so.
        let money = |of: &Transaction| (of.amount, of.currency, of.splits.clone());
        if money(&transaction) == money(&previous) {
            fields::check_parts(&transaction)?;
        } else {
            fields::check_whole(&transaction)?;
        }
        state.settle(&mut transaction, Some(&previous), self.counts_anew())?;
        state.check_new_categories(&transaction)?;
        Ok(updated(transaction, previous))
    }
}

fn updated(transaction: Transaction, previous: Transaction) -> Vec<Event> {
    vec![Event::TransactionUpdated(Box::new(TransactionUpdated { transaction, previous }))]
}

/// What a bank wrote (nothing, or parts that go the other way) may be repeated; what is new is above zero.
fn check_said_anew(new: &Transaction, old: &Transaction) -> Result<(), Refusal> {
    if new.amount != old.amount {
        fields::check_positive(new.amount, "amount")?;
    }
    if new.splits == old.splits {
        return Ok(());
    }
    let mut parts = new.splits.iter().enumerate();
    parts.try_for_each(|(i, part)| fields::check_positive(part.amount, format!("splits[{i}].amount")))
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use serde_json::json;

    fn over_budget() -> Story {
        Story::new()
            .when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
            .when_as("t", "create_transaction", json!({"transaction_type": "Expense", "amount": "101", "category": "Food", "date": "2026-02-03"}))
    }

    #[test]
    fn alerts_follow_the_net_result_of_a_change() {
        over_budget()
            .when("update_transaction", json!({"id": "t", "amount": "200"}))
            .then_events(&["transaction_updated"])
            .when("update_transaction", json!({"id": "t", "amount": "90"}))
            .then_alerts(&[
                "recovered exceeded Food 2026-02 #1: 90 of 100",
                "recovered 100 Food 2026-02 #1: 90 of 100",
            ]);
    }

    #[test]
    fn moving_a_transaction_moves_its_spending_earlier_month_first() {
        over_budget()
            .when("update_transaction", json!({"id": "t", "date": "2026-01-03", "amount": "80"}))
            .then_alerts(&[
                "reached 80 Food 2026-01 #1: 80 of 100",
                "recovered exceeded Food 2026-02 #1: 0 of 100",
                "recovered 100 Food 2026-02 #1: 0 of 100",
                "recovered 80 Food 2026-02 #1: 0 of 100",
            ]);
    }

    #[test]
    fn null_empties_a_field_and_what_is_left_out_stays() {
        let mut story =
            over_budget().when("update_transaction", json!({"id": "t", "category": null, "note": "hm"}));
        let id = crate::CommandId::parse("t").expect("an id");
        let found = story.ask(&crate::Query::Transaction { id }).expect("found");
        assert_eq!(
            (&found["category"], &found["note"], &found["amount"]),
            (&json!(null), &json!("hm"), &json!("101"))
        );
    }

    #[test]
    fn a_transaction_can_be_given_back_as_it_is_shown() {
        let opened = json!({"name": "Giro", "opened": "2026-01-01"});
        let abroad = json!({"transaction_type": "Expense", "amount": "10", "currency": "USD", "rate": "0.50", "account": "Giro"});
        let parts = json!([{"category": "Fees", "amount": "-3"}, {"category": "Fun", "amount": "15.34567"}]);
        let rows = json!([
            {"date": "2026-02-03", "amount": "0.00", "bank_id": "zero"},
            {"date": "2026-02-03", "amount": "12.34567", "splits": parts, "bank_id": "parts"},
        ]);
        let mut story = over_budget()
            .when("open_account", opened)
            .when_as("abroad", "create_transaction", abroad)
            .when("import_transactions", json!({"account": "Giro", "rows": rows}));
        let listed =
            story.ask(&crate::Query::Transactions(crate::TransactionsQuery::default())).expect("a list");
        let items = listed["items"].as_array().expect("a list").clone();
        assert_eq!(items.len(), 4);
        assert_eq!(items[0]["account_amount"], "-5.00", "{listed}");
        for item in items {
            let mut noted = item.clone();
            noted["note"] = json!("read");
            story = story
                .when("update_transaction", item)
                .then_events(&[])
                .when("update_transaction", noted)
                .then_events(&["transaction_updated"]);
        }
    }

    #[test]
    fn what_follows_from_the_rest_can_not_be_changed() {
        let abroad = json!({"transaction_type": "Expense", "amount": "10", "currency": "USD", "rate": "0.5"});
        let refused = |change: serde_json::Value, code: &str, field: &str| {
            let mut change = change;
            change["id"] = json!("abroad");
            Story::new()
                .when_as("abroad", "create_transaction", abroad.clone())
                .when("update_transaction", change)
                .then_refused(code, field);
        };
        let counted = |rate: &str| json!({"currency": "EUR", "rate": rate});
        refused(json!({"counted": counted("0.6")}), "read_only_field", "counted");
        refused(json!({"counted": null}), "read_only_field", "counted");
        refused(json!({"account_amount": "-5"}), "read_only_field", "account_amount");
        refused(json!({"to_account_amount": "5"}), "read_only_field", "to_account_amount");
        refused(json!({"account_amount": -5}), "amount_not_a_string", "account_amount");
        refused(json!({"counted": counted("x")}), "invalid_rate", "counted.rate");
        refused(json!({"counted": {"currency": "EUR"}}), "missing_field", "counted.rate");
        refused(json!({"amount": "0"}), "amount_zero", "amount");
        refused(json!({"amount": "-5"}), "amount_signed", "amount");
        refused(json!({"splits": [{"category": "A", "amount": "-10"}]}), "amount_signed", "splits[0].amount");
        Story::new()
            .when_as("abroad", "create_transaction", abroad)
            .when(
                "update_transaction",
                json!({"id": "abroad", "amount": "20", "counted": counted("0.50"), "account_amount": null}),
            )
            .then_events(&["transaction_updated"]);
    }

    #[test]
    fn a_change_that_changes_nothing_has_no_events() {
        over_budget().when("update_transaction", json!({"id": "t", "amount": "101.00"})).then_events(&[]);
    }

    #[test]
    fn what_can_not_be_empty_is_not_emptied() {
        for field in ["transaction_type", "amount", "currency", "date", "refund", "excluded", "status"] {
            over_budget()
                .when("update_transaction", json!({"id": "t", field: null}))
                .then_refused("wrong_type", field);
        }
    }

    #[test]
    fn what_can_not_be_changed_is_refused() {
        over_budget()
            .when("update_transaction", json!({"id": "nobody"}))
            .then_refused("not_found", "id")
            .when("update_transaction", json!({"amount": "1"}))
            .then_refused("missing_field", "id")
            .when("update_transaction", json!({"id": "t", "currency": "JPY", "amount": "1.50"}))
            .then_refused("amount_too_many_digits", "amount")
            .when("update_transaction", json!({"id": "t", "currency": "USD"}))
            .then_refused("unknown_exchange_rate", "currency")
            .when("update_transaction", json!({"id": "t", "amount": 1}))
            .then_refused("amount_not_a_string", "amount")
            .when("update_transaction", json!({"id": "t", "splits": [{"category": "Food", "amount": "1"}]}))
            .then_refused("splits_do_not_sum", "splits");
    }
}
