//! `create_transaction`: money came or went.

use super::{Context, Decide, fields};
use crate::events::TransactionCreated;
use crate::read::{Field, Object, from_json};
use crate::transaction::{Details, Split, Status, Transaction, TransactionType};
use crate::values::{ACCOUNT, CATEGORY, NOTE, PAYEE, Rate};
use crate::{Amount, CommandId, Currency, Event, PageKey, Refusal, UserState, When};
use serde::Deserialize;
use std::hash::{Hash, Hasher};

/// A new transaction; its id will be the command's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTransaction {
    /// Which way the money went.
    pub transaction_type: TransactionType,
    /// How much, above zero.
    pub amount: Amount,
    /// In what; the user's base currency if left out.
    pub currency: Option<Currency>,
    /// What it was for.
    pub category: Option<Box<str>>,
    /// On which day; that of the command, in the user's zone, if left out.
    pub date: Option<When>,
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
    /// The account a transfer goes to.
    pub to_account: Option<Box<str>>,
    /// What a unit of `currency` is worth in the one it is converted to.
    pub rate: Option<Rate>,
    /// The command's id, for who writes a transaction as answers show it.
    pub id: Option<CommandId>,
}

/// Hashes of commands are kept for ever, and there are some from when the last three fields were not: left out they say nothing.
impl Hash for CreateTransaction {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.transaction_type, self.amount, self.currency, &self.category, self.date).hash(hasher);
        (&self.payee, &self.note, &self.tags, &self.account, &self.splits).hash(hasher);
        (self.refund, self.excluded, self.status).hash(hasher);
        fields::hash_later(self.to_account.as_ref(), self.rate.as_ref(), hasher);
        if let Some(id) = &self.id {
            ("id", id).hash(hasher);
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Option<Field<CommandId>>,
    transaction_type: Field<TransactionType>,
    amount: Field<Amount>,
    currency: Option<Field<Currency>>,
    category: Option<String>,
    date: Option<Field<When>>,
    payee: Option<String>,
    note: Option<String>,
    tags: Option<Vec<String>>,
    account: Option<String>,
    splits: Option<Vec<Object<fields::RawSplit<Amount>>>>,
    refund: Option<bool>,
    excluded: Option<bool>,
    status: Option<Field<Status>>,
    to_account: Option<String>,
    rate: Option<Field<Rate>>,
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
            to_account: fields::text(raw.to_account, &ACCOUNT, "to_account")?,
            rate: raw.rate.map(|rate| rate.at("rate")).transpose()?,
            id: raw.id.map(|id| id.at("id")).transpose()?,
        })
    }

    fn pages(&self, state: &UserState, context: &Context<'_>, keys: &mut Vec<PageKey>) {
        if state.rate_years().is_some()
            && let Ok(transaction) = self.written(state, context)
        {
            state.add_settled(&transaction, None, keys);
        }
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let mut transaction = self.written(state, context)?;
        fields::check_whole(&transaction)?;
        if self.id.as_ref().is_some_and(|id| id != context.id) {
            let text = "a transaction has the id of its command (over HTTP, its Idempotency-Key): leave this one out, or make it the same";
            return Err(Refusal::new("id_mismatch", "id", text));
        }
        state.settle(&mut transaction, None, false)?;
        state.check_new_categories(&transaction)?;
        Ok(vec![Event::TransactionCreated(TransactionCreated { transaction })])
    }
}

impl CreateTransaction {
    /// The transaction as it is written, nothing converted yet.
    fn written(&self, state: &UserState, context: &Context<'_>) -> Result<Transaction, Refusal> {
        let details = Details { to_account: self.to_account.clone(), rate: self.rate, ..Details::default() };
        Ok(Transaction {
            id: context.id.clone(),
            transaction_type: self.transaction_type,
            amount: self.amount,
            currency: self.currency.unwrap_or(state.base_currency()),
            category: self.category.clone(),
            date: state.date_given(self.date, context.time).map_err(|no| no.at("date"))?,
            payee: self.payee.clone(),
            note: self.note.clone(),
            tags: self.tags.clone(),
            account: self.account.clone(),
            splits: self.splits.clone(),
            refund: self.refund,
            excluded: self.excluded,
            status: self.status,
            details: details.boxed(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{Handled, Month, Query};
    use serde_json::json;

    fn expense(amount: &str) -> serde_json::Value {
        json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": "2026-02-03"})
    }

    fn food_budget() -> Story {
        Story::new().when("set_budget", json!({"category": "Food", "limit": "100", "from": "2026-01"}))
    }

    #[test]
    fn a_transaction_is_created_with_the_commands_id_date_and_the_base_currency() {
        let mut story =
            Story::new().when("create_transaction", json!({"transaction_type": "Income", "amount": "12.50"}));
        let id = crate::CommandId::parse("c1").expect("an id");
        let found = story.ask(&Query::Transaction { id }).expect("found");
        let expected = json!({
            "id": "c1", "transaction_type": "Income", "amount": "12.50", "currency": "EUR", "category": null,
            "date": "2026-02-10", "payee": null, "note": null, "tags": [], "account": null, "splits": [],
            "refund": false, "excluded": false, "status": "posted",
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_transaction_may_say_its_own_id_but_no_other() {
        let with_id = |id: &str| json!({"transaction_type": "Income", "amount": "1", "id": id});
        let mut story =
            Story::new().when_as("salary", "create_transaction", with_id("salary")).then_accepted();
        assert!(matches!(
            story.send("salary", "create_transaction", &with_id("salary")),
            Handled::Repeated { .. }
        ));
        story
            .when_as("other", "create_transaction", with_id("salary"))
            .then_refused("id_mismatch", "id")
            .when("create_transaction", with_id("\u{7}"))
            .then_refused("invalid_command_id", "id");
    }

    #[test]
    fn spending_is_announced_level_by_level_and_each_level_once() {
        food_budget()
            .when("create_transaction", expense("79.99"))
            .then_alerts(&[])
            .when("create_transaction", expense("0.01"))
            .then_alerts(&["reached 80 Food 2026-02 #1: 80.00 of 100"])
            .when("create_transaction", expense("20"))
            .then_alerts(&["reached 100 Food 2026-02 #1: 100.00 of 100"])
            .when("create_transaction", expense("0.01"))
            .then_alerts(&["exceeded Food 2026-02 #1: 100.01 of 100"])
            .when("create_transaction", expense("500"))
            .then_alerts(&[]);
    }

    #[test]
    fn one_transaction_may_cross_every_level() {
        food_budget().when("create_transaction", expense("150")).then_alerts(&[
            "reached 80 Food 2026-02 #1: 150 of 100",
            "reached 100 Food 2026-02 #1: 150 of 100",
            "exceeded Food 2026-02 #1: 150 of 100",
        ]);
    }

    #[test]
    fn a_refund_recovers_and_the_next_crossing_is_counted() {
        let refund =
            json!({"transaction_type": "Income", "amount": "60", "category": "Food", "refund": true});
        food_budget()
            .when("create_transaction", expense("101"))
            .when("create_transaction", refund)
            .then_alerts(&[
                "recovered exceeded Food 2026-02 #1: 41 of 100",
                "recovered 100 Food 2026-02 #1: 41 of 100",
                "recovered 80 Food 2026-02 #1: 41 of 100",
            ])
            .when("create_transaction", expense("40"))
            .then_alerts(&["reached 80 Food 2026-02 #2: 81 of 100"]);
    }

    #[test]
    fn incomes_excluded_ones_and_refunds_without_category_lower_nothing() {
        let mut story = food_budget()
            .when("create_transaction", expense("90"))
            .when(
                "create_transaction",
                json!({"transaction_type": "Income", "amount": "80", "category": "Food"}),
            )
            .then_alerts(&[])
            .when("create_transaction", json!({"transaction_type": "Income", "amount": "80", "refund": true}))
            .then_alerts(&[])
            .when(
                "create_transaction",
                json!({"transaction_type": "Expense", "amount": "80", "category": "Food", "excluded": true}),
            )
            .then_alerts(&[]);
        let month = Month::read("2026-02").expect("a month");
        assert_eq!(story.ask(&Query::Budgets { month }).expect("answered")["items"][0]["spent"], "90");
        let balance = story.ask(&Query::Balance).expect("answered");
        assert_eq!(balance["items"], json!([{"currency": "EUR", "balance": "70"}]));
    }

    #[test]
    fn spending_below_zero_is_shown_as_it_is() {
        let refund =
            json!({"transaction_type": "Income", "amount": "50", "category": "Food", "refund": true});
        let mut story = food_budget().when("create_transaction", refund).then_alerts(&[]);
        let month = Month::read("2026-02").expect("a month");
        let item = &story.ask(&Query::Budgets { month }).expect("answered")["items"][0];
        assert_eq!(
            (&item["spent"], &item["remaining"], &item["exceeded"]),
            (&json!("-50"), &json!("150"), &json!(false))
        );
    }

    #[test]
    fn the_parts_of_a_split_count_and_the_whole_does_not() {
        let split = json!({"transaction_type": "Expense", "amount": "100", "category": "Food", "splits": [
            {"category": "Food", "amount": "80"}, {"category": "Household", "amount": "20"}]});
        food_budget()
            .when("create_transaction", split)
            .then_alerts(&["reached 80 Food 2026-02 #1: 80 of 100"]);
    }

    #[test]
    fn an_old_transaction_counts_for_its_own_month() {
        let old =
            |date| json!({"transaction_type": "Expense", "amount": "100", "category": "Food", "date": date});
        food_budget()
            .when("create_transaction", old("2026-01-31"))
            .then_alerts(&[
                "reached 80 Food 2026-01 #1: 100 of 100",
                "reached 100 Food 2026-01 #1: 100 of 100",
            ])
            .when("create_transaction", old("2025-12-31"))
            .then_alerts(&[]);
    }

    #[test]
    fn another_currency_needs_a_rate_only_where_there_is_a_budget() {
        let dollars = |date| json!({"transaction_type": "Expense", "amount": "1", "currency": "USD", "category": "Food", "date": date});
        food_budget()
            .when("create_transaction", dollars("2026-02-01"))
            .then_refused("unknown_exchange_rate", "currency")
            .when("create_transaction", dollars("2025-12-01"))
            .then_events(&["transaction_created"]);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |change: serde_json::Value, code: &str, field: &str| {
            let mut data = expense("10");
            for (key, value) in change.as_object().expect("an object") {
                data[key] = value.clone();
            }
            Story::new().when("create_transaction", data).then_refused(code, field);
        };
        refused(json!({"amount": 12.5}), "amount_not_a_string", "amount");
        refused(json!({"amount": 12}), "amount_not_a_string", "amount");
        refused(json!({"amount": -12}), "amount_not_a_string", "amount");
        refused(json!({"amount": "1e400"}), "amount_not_a_number", "amount");
        refused(json!({"amount": "NaN"}), "amount_not_a_number", "amount");
        refused(json!({"amount": "-5"}), "amount_signed", "amount");
        refused(json!({"amount": "0"}), "amount_zero", "amount");
        refused(json!({"amount": "1.001"}), "amount_too_many_digits", "amount");
        refused(json!({"amount": "1.5", "currency": "JPY"}), "amount_too_many_digits", "amount");
        refused(json!({"amount": "9999999999999999"}), "amount_too_large", "amount");
        refused(json!({"amount": null}), "wrong_type", "amount");
        refused(json!({"amount": {}}), "wrong_type", "amount");
        refused(json!({"currency": "EURO"}), "unknown_currency", "currency");
        refused(json!({"date": "2026-02-30"}), "invalid_date", "date");
        refused(json!({"date": "1850-01-01"}), "invalid_date", "date");
        refused(json!({"date": 20_260_230}), "wrong_type", "date");
        refused(json!({"note": "x".repeat(4_097)}), "text_too_long", "note");
        refused(json!({"category": "x".repeat(101)}), "text_too_long", "category");
        refused(json!({"category": "a\u{7}b"}), "text_has_control_characters", "category");
        refused(json!({"category": ""}), "text_empty", "category");
        refused(json!({"category": 7}), "wrong_type", "category");
        refused(json!({"transaction_type": "Gift"}), "unknown_transaction_type", "transaction_type");
        refused(json!({"status": "lost"}), "unknown_status", "status");
        refused(json!({"refund": true}), "refund_not_income", "refund");
        refused(json!({"colour": "red"}), "unknown_field", "colour");
        refused(json!({"splits": [{"category": "A", "amount": "4"}]}), "splits_do_not_sum", "splits");
        refused(
            json!({"splits": [{"category": "A", "amount": 4}]}),
            "amount_not_a_string",
            "splits[0].amount",
        );
        refused(
            json!({"splits": [{"category": "A", "amount": "10", "x": 1}]}),
            "unknown_field",
            "splits[0].x",
        );
        refused(json!({"splits": [{"category": "A"}]}), "missing_field", "splits[0].amount");
        refused(json!({"splits": [{"category": "", "amount": "10"}]}), "text_empty", "splits[0].category");
        refused(json!({"tags": ["a", ""]}), "text_empty", "tags[1]");
        Story::new()
            .when("create_transaction", json!({"amount": "1"}))
            .then_refused("missing_field", "transaction_type");
        Story::new().when("make_money", json!({})).then_refused("unknown_command", "type");
    }

    #[test]
    fn json_that_is_none_is_refused_not_fatal() {
        for data in [
            "",
            "{",
            "[]",
            "null",
            "{\"amount\": 1e400}",
            "{} {}",
            "\u{0}",
            "{\"amount\":\"1\",\"amount\":\"1\"}",
        ] {
            let refusal = crate::Command::parse("create_transaction", data.as_bytes()).expect_err(data);
            assert!(!refusal.code.is_empty(), "{refusal:?}");
        }
        assert!(crate::Command::parse("create_transaction", &[0xff, 0xfe]).is_err());
    }

    #[test]
    fn the_same_command_again_is_recognised_however_it_is_spelled() {
        let mut story = Story::new().when_as("pay", "create_transaction", expense("12.5"));
        assert_eq!(
            story.send("pay", "create_transaction", &expense("12.50")),
            Handled::Repeated { sequence: 1 }
        );
        let mut story =
            story.when_as("pay", "create_transaction", expense("13")).then_refused("id_reused", "id");
        assert_eq!(
            story.send("pay", "create_transaction", &expense("12.5")),
            Handled::Repeated { sequence: 1 }
        );
    }

    #[test]
    fn a_refusal_is_remembered_too() {
        let mut story = Story::new()
            .when_as("pay", "create_transaction", expense("0"))
            .then_refused("amount_zero", "amount");
        assert_eq!(story.send("pay", "create_transaction", &expense("0")), Handled::Repeated { sequence: 1 });
        story.when_as("pay", "create_transaction", expense("1")).then_refused("id_reused", "id");
    }

    #[test]
    fn labels_and_parts_come_to_an_end() {
        let with = |field: &str, value: serde_json::Value| {
            let mut data = expense("101");
            data[field] = value;
            Story::new().when("create_transaction", data)
        };
        let parts = |count: usize| json!(vec![json!({"category": "Food", "amount": "1"}); count]);
        with("tags", json!(vec!["a"; 50])).then_accepted();
        with("tags", json!(vec!["a"; 51])).then_refused("too_many_tags", "tags");
        with("splits", parts(100)).then_refused("splits_do_not_sum", "splits");
        with("splits", parts(101)).then_refused("too_many_splits", "splits");
        with("splits", parts(10_000)).then_refused("too_many_splits", "splits");
    }

    #[test]
    fn a_list_is_no_object() {
        let refused = |kind: &str, data: serde_json::Value, code: &str, field: &str| {
            Story::new().when(kind, data).then_refused(code, field);
        };
        let mut data = expense("1");
        data["splits"] = json!([["Food", "1"]]);
        refused("create_transaction", data, "wrong_type", "splits[0]");
        refused("set_preferences", json!({"quiet_hours": ["22:00", "07:00"]}), "wrong_type", "quiet_hours");
        refused("import_transactions", json!({"rows": [[1, "2026-02-03", "5"]]}), "wrong_type", "rows[0]");
        let whole = crate::Command::parse("remove_budget", b"[\"Food\"]").expect_err("a list");
        assert_eq!((&*whole.code, whole.field), ("wrong_type", None));
    }
}
