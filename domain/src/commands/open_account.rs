//! `open_account`: there is a place where money is.

use super::{Context, Decide, fields};
use crate::account::{AccountKind, Accounts};
use crate::events::AccountOpened;
use crate::read::{Field, Signed, from_json};
use crate::values::ACCOUNT;
use crate::{Amount, Currency, Event, Refusal, UserState, When};
use serde::Deserialize;

/// A new account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpenAccount {
    /// What it may be named by besides its name; the command's id if left out.
    pub id: Option<Box<str>>,
    /// What the user calls it; `id` if left out.
    pub name: Box<str>,
    /// What kind it is.
    pub kind: AccountKind,
    /// In what; the user's base currency if left out.
    pub currency: Option<Currency>,
    /// The day that `opening_balance` is the balance at the beginning of; that of the command if left out.
    pub opened: Option<When>,
    /// What is in it then; below zero: owed.
    pub opening_balance: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Option<String>,
    name: Option<String>,
    kind: Option<Field<AccountKind>>,
    currency: Option<Field<Currency>>,
    opened: Option<Field<When>>,
    opening_balance: Option<Field<Signed>>,
}

impl Decide for OpenAccount {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        let id = fields::text(raw.id, &ACCOUNT, "id")?;
        let name = fields::text(raw.name, &ACCOUNT, "name")?;
        Ok(Self {
            name: name
                .or_else(|| id.clone())
                .ok_or_else(|| Refusal::new("missing_field", "name", "an account has a name"))?,
            id,
            kind: raw.kind.map_or(Ok(AccountKind::Checking), |kind| kind.at("kind"))?,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            opened: raw.opened.map(|opened| opened.at("opened")).transpose()?,
            opening_balance: fields::signed(raw.opening_balance, "opening_balance")?,
        })
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let own = context.id.text();
        let id: &str = self.id.as_deref().unwrap_or(&own);
        for (text, field) in [(id, "id"), (&*self.name, "name")] {
            if state.account(text).is_some() {
                return Err(Refusal::new(
                    "account_exists",
                    field,
                    "there is an account with this id or name",
                ));
            }
        }
        if state.accounts().is_some_and(|accounts| accounts.len() >= Accounts::MOST) {
            return Err(Refusal::new("too_many_accounts", "name", format!("at most {}", Accounts::MOST)));
        }
        let currency = self.currency.unwrap_or(state.base_currency());
        self.opening_balance.check_digits(currency.digits()).map_err(|no| no.at("opening_balance"))?;
        let event = AccountOpened {
            id: id.into(),
            name: self.name.clone(),
            kind: self.kind,
            currency,
            opened: state.date_given(self.opened, context.time).map_err(|no| no.at("opened"))?,
            opening_balance: self.opening_balance,
        };
        Ok(vec![Event::AccountOpened(event)])
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{Month, Query};
    use serde_json::{Value, json};

    fn giro(story: Story) -> Story {
        let data =
            json!({"name": "Giro", "kind": "checking", "opened": "2026-02-01", "opening_balance": "100"});
        story.when_as("giro", "open_account", data).then_events(&["account_opened"])
    }

    fn entry(kind: &str, amount: &str, account: &str) -> Value {
        json!({"transaction_type": kind, "amount": amount, "account": account, "category": "Food", "date": "2026-02-03"})
    }

    fn with(mut data: Value, field: &str, value: Value) -> Value {
        data[field] = value;
        data
    }

    fn account(story: &mut Story, name: &str) -> Value {
        story.ask(&Query::Account { name: name.into() }).expect("found")
    }

    fn balance(story: &mut Story, name: &str) -> Value {
        account(story, name)["balance"].clone()
    }

    #[test]
    fn an_account_is_known_by_its_id_and_its_name() {
        let mut story = giro(Story::new());
        let expected = json!({
            "id": "giro", "name": "Giro", "kind": "checking", "currency": "EUR", "opened": "2026-02-01",
            "opening_balance": "100", "balance": "100", "closed": null,
        });
        assert_eq!(account(&mut story, "Giro"), expected);
        assert_eq!(story.ask(&Query::Accounts).expect("answered")["items"], json!([expected]));
        let mut story = story
            .when("create_transaction", entry("Expense", "10", "giro"))
            .when("create_transaction", entry("Income", "1", "Giro"));
        assert_eq!(balance(&mut story, "giro"), "91");
        assert_eq!(
            story.ask(&Query::Account { name: "Visa".into() }).expect_err("refused").code,
            "not_found"
        );
    }

    #[test]
    fn update_and_delete_move_accounts_back() {
        for story in [Story::new(), Story::tiny()] {
            let mut story = giro(story)
                .when(
                    "open_account",
                    json!({"id": "cash", "kind": "cash", "opening_balance": "-5.50", "opened": "2026-01-01"}),
                )
                .when_as("food", "create_transaction", entry("Expense", "10", "Giro"));
            for day in 10..=20 {
                let old = with(entry("Expense", "1", "cash"), "date", json!(format!("2025-03-{day}")));
                story = story.when("create_transaction", old);
            }
            story.reload();
            let mut story =
                story.when("update_transaction", json!({"id": "food", "account": "cash", "amount": "4.50"}));
            assert_eq!(
                (balance(&mut story, "Giro"), balance(&mut story, "cash")),
                (json!("100"), json!("-10.00"))
            );
            let mut story = story.when("update_transaction", json!({"id": "food", "account": null}));
            assert_eq!(balance(&mut story, "cash"), "-5.50");
            let mut story = story
                .when("update_transaction", json!({"id": "food", "account": "Giro", "status": "pending"}))
                .when("update_transaction", json!({"id": "food", "status": "posted"}));
            assert_eq!(balance(&mut story, "Giro"), "95.50", "pending and posted are one transaction");
            let mut story = story.when("delete_transaction", json!({"id": "food"}));
            assert_eq!(balance(&mut story, "Giro"), "100.00");
        }
    }

    #[test]
    fn a_transaction_from_before_the_opening_moves_the_opening() {
        let early = with(entry("Expense", "30", "Giro"), "date", json!("2026-01-31"));
        let mut story = giro(Story::new()).when_as("early", "create_transaction", early);
        let found = account(&mut story, "Giro");
        assert_eq!((&found["opening_balance"], &found["balance"]), (&json!("130"), &json!("100")));
        let mut story = story.when("update_transaction", json!({"id": "early", "date": "2026-02-01"}));
        let found = account(&mut story, "Giro");
        assert_eq!((&found["opening_balance"], &found["balance"]), (&json!("100"), &json!("70")));
    }

    #[test]
    fn before_the_first_account_names_are_only_names() {
        let mut story = Story::new().when_as("old", "create_transaction", entry("Expense", "10", "Giro"));
        story = giro(story)
            .when("create_transaction", entry("Expense", "10", "Visa"))
            .then_refused("unknown_account", "account")
            .when_as("old2", "create_transaction", entry("Expense", "1", "Giro"));
        assert_eq!(balance(&mut story, "Giro"), "99", "the old one did not move it");
        let mut story = story.when("delete_transaction", json!({"id": "old"}));
        assert_eq!(balance(&mut story, "Giro"), "99");
    }

    #[test]
    fn an_excluded_transaction_moves_its_account_all_the_same() {
        let excluded = with(entry("Expense", "10", "Giro"), "excluded", json!(true));
        let mut story = giro(Story::new()).when("create_transaction", excluded);
        assert_eq!(balance(&mut story, "Giro"), "90");
        assert_eq!(story.ask(&Query::Balance).expect("answered")["items"], json!([]));
    }

    #[test]
    fn an_account_in_another_currency_is_moved_at_a_rate() {
        let dollars = with(entry("Expense", "10", "Giro"), "currency", json!("USD"));
        let mut story = giro(Story::new())
            .when("create_transaction", dollars.clone())
            .then_refused("unknown_exchange_rate", "currency")
            .when("create_transaction", with(dollars.clone(), "rate", json!("0.925")));
        assert_eq!(balance(&mut story, "Giro"), "90.75");
        assert_eq!(story.ask(&Query::Balance).expect("answered")["items"][0]["balance"], "-9.25");
        let mut story = story
            .when(
                "record_exchange_rate",
                json!({"from": "USD", "to": "EUR", "date": "2026-01-01", "rate": "0.5"}),
            )
            .when("create_transaction", dollars);
        assert_eq!(balance(&mut story, "Giro"), "85.75");
    }

    fn transfer(amount: &str, from: &str, to: &str) -> Value {
        json!({"transaction_type": "Transfer", "amount": amount, "account": from, "to_account": to, "date": "2026-02-04"})
    }

    #[test]
    fn a_transfer_has_two_legs_and_is_neither_income_nor_expense() {
        for story in [Story::new(), Story::tiny()] {
            let mut story = giro(story)
                .when("open_account", json!({"name": "Savings", "kind": "savings", "opened": "2026-02-01"}))
                .when("set_budget", json!({"category": "Food", "limit": "10"}))
                .when_as(
                    "move",
                    "create_transaction",
                    with(transfer("40", "Giro", "Savings"), "category", json!("Food")),
                )
                .then_events(&["transaction_created"]);
            assert_eq!(
                (balance(&mut story, "Giro"), balance(&mut story, "Savings")),
                (json!("60"), json!("40"))
            );
            assert_eq!(story.ask(&Query::Balance).expect("answered")["items"], json!([]));
            let month = Month::read("2026-02").expect("a month");
            assert_eq!(story.ask(&Query::Budgets { month }).expect("answered")["items"][0]["spent"], "0");
            story.reload();
            let mut story = story.when("update_transaction", json!({"id": "move", "amount": "15"}));
            assert_eq!(
                (balance(&mut story, "Giro"), balance(&mut story, "Savings")),
                (json!("85"), json!("15"))
            );
            let change = json!({"id": "move", "transaction_type": "Expense", "to_account": null});
            let mut story = story.when("update_transaction", change).then_accepted();
            assert_eq!(
                (balance(&mut story, "Giro"), balance(&mut story, "Savings")),
                (json!("85"), json!("0"))
            );
            let mut story = story
                .when(
                    "update_transaction",
                    json!({"id": "move", "transaction_type": "Transfer", "to_account": "Savings"}),
                )
                .when("delete_transaction", json!({"id": "move"}));
            assert_eq!(
                (balance(&mut story, "Giro"), balance(&mut story, "Savings")),
                (json!("100"), json!("0"))
            );
        }
    }

    #[test]
    fn a_transfer_between_currencies_takes_a_rate() {
        let story = giro(Story::new())
            .when("open_account", json!({"name": "Dollars", "currency": "USD", "opened": "2026-02-01"}))
            .when("create_transaction", transfer("10", "Giro", "Dollars"))
            .then_refused("unknown_exchange_rate", "currency");
        let mut story = story
            .when("create_transaction", with(transfer("10", "Giro", "Dollars"), "rate", json!("1.0813")));
        assert_eq!(
            (balance(&mut story, "Giro"), balance(&mut story, "Dollars")),
            (json!("90"), json!("10.81"))
        );
    }

    #[test]
    fn a_closed_account_keeps_what_it_held() {
        let story = giro(Story::new())
            .when("open_account", json!({"name": "Cash", "kind": "cash"}))
            .when_as("food", "create_transaction", entry("Expense", "10", "Giro"))
            .when("close_account", json!({"id": "Giro", "date": "2026-02-05"}))
            .then_events(&["account_closed"])
            .when("close_account", json!({"id": "giro"}))
            .then_events(&[])
            .when("create_transaction", entry("Expense", "10", "Giro"))
            .then_refused("account_closed", "account")
            .when("create_transaction", transfer("1", "Cash", "giro"))
            .then_refused("account_closed", "to_account")
            .when("update_transaction", json!({"id": "food", "amount": "11"}))
            .then_refused("account_closed", "account")
            .when("update_transaction", json!({"id": "food", "account": null}))
            .then_refused("account_closed", "account")
            .when("delete_transaction", json!({"id": "food"}))
            .then_refused("account_closed", "id");
        let mut story =
            story.when("update_transaction", json!({"id": "food", "category": "Fun"})).then_accepted();
        let found = account(&mut story, "Giro");
        assert_eq!((&found["balance"], &found["closed"]), (&json!("90"), &json!("2026-02-05")));
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |type_name: &str, data: Value, code: &str, field: &str| {
            giro(Story::new()).when(type_name, data).then_refused(code, field);
        };
        let open = |field: &str, value: Value| with(json!({"name": "New"}), field, value);
        refused("open_account", json!({}), "missing_field", "name");
        refused("open_account", open("name", json!("a\u{7}b")), "text_has_control_characters", "name");
        refused("open_account", open("name", json!(" ")), "text_empty", "name");
        refused("open_account", open("name", json!("x".repeat(101))), "text_too_long", "name");
        refused("open_account", open("name", json!("giro")), "account_exists", "name");
        refused("open_account", open("id", json!("Giro")), "account_exists", "id");
        refused("open_account", open("kind", json!("sock")), "unknown_account_kind", "kind");
        refused("open_account", open("currency", json!("XAU")), "unknown_currency", "currency");
        refused("open_account", open("opened", json!("2026-02-30")), "invalid_date", "opened");
        refused("open_account", open("opening_balance", json!(1)), "amount_not_a_string", "opening_balance");
        refused("open_account", open("opening_balance", json!("--1")), "amount_signed", "opening_balance");
        refused(
            "open_account",
            open("opening_balance", json!("9".repeat(29))),
            "amount_too_large",
            "opening_balance",
        );
        refused(
            "open_account",
            open("opening_balance", json!("1.001")),
            "amount_too_many_digits",
            "opening_balance",
        );
        refused("open_account", open("colour", json!("red")), "unknown_field", "colour");
        refused("close_account", json!({"id": "Visa"}), "not_found", "id");
        refused("close_account", json!({"id": "Giro", "date": "2026-01-31"}), "closed_before_opened", "date");
        let transfer = |field: &str, value: Value| with(transfer("1", "giro", "Giro"), field, value);
        refused("create_transaction", transfer("note", json!("x")), "same_account", "to_account");
        refused("create_transaction", transfer("to_account", json!("giro")), "same_account", "to_account");
        refused("create_transaction", transfer("to_account", Value::Null), "missing_field", "to_account");
        refused("create_transaction", transfer("account", Value::Null), "missing_field", "account");
        refused("create_transaction", transfer("to_account", json!("Visa")), "unknown_account", "to_account");
        refused(
            "create_transaction",
            transfer("transaction_type", json!("Expense")),
            "to_account_not_transfer",
            "to_account",
        );
        let parts = json!([{"category": "Food", "amount": "1"}]);
        let split = with(transfer("to_account", json!("x")), "splits", parts);
        refused("create_transaction", split, "transfer_not_split", "splits");
        let refund = with(transfer("to_account", json!("x")), "refund", json!(true));
        refused("create_transaction", refund, "refund_not_income", "refund");
    }

    #[test]
    fn accounts_come_to_an_end() {
        let mut story = Story::new();
        for n in 0..500 {
            story =
                story.when("open_account", json!({"name": n.to_string()})).then_events(&["account_opened"]);
        }
        story.when("open_account", json!({"name": "one more"})).then_refused("too_many_accounts", "name");
    }
}
