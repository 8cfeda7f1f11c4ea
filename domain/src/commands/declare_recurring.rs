//! `declare_recurring`: these payments are expected.

use super::{Context, Decide, fields};
use crate::events::RecurringDeclared;
use crate::read::{Field, from_json};
use crate::recurring::Schedule;
use crate::transaction::TransactionType;
use crate::values::{ACCOUNT, CATEGORY, Cadence, PAYEE};
use crate::{Amount, Currency, Date, Event, Refusal, UserState, When};
use serde::Deserialize;

/// Payments that come again; their id will be the command's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeclareRecurring {
    /// Income or Expense.
    pub transaction_type: TransactionType,
    /// To or from whom.
    pub payee: Box<str>,
    /// How much, above zero; the least, if there is an `amount_max`.
    pub amount: Amount,
    /// The most, where the amount varies.
    pub amount_max: Option<Amount>,
    /// In what; the user's base currency if left out.
    pub currency: Option<Currency>,
    /// How often.
    pub cadence: Cadence,
    /// The first due date; the day of the command, in the user's zone, if left out.
    pub starts: Option<When>,
    /// The last day a due date may be on.
    pub ends: Option<Date>,
    /// What it is for.
    pub category: Option<Box<str>>,
    /// The account that payments must name.
    pub account: Option<Box<str>>,
    /// By how many per cent a payment may be below the least, or the most below it: 50, or 0 with an `amount_max`, if left out.
    pub tolerance: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    transaction_type: Field<TransactionType>,
    payee: String,
    amount: Field<Amount>,
    amount_max: Option<Field<Amount>>,
    currency: Option<Field<Currency>>,
    cadence: Field<Cadence>,
    starts: Option<Field<When>>,
    ends: Option<Field<Date>>,
    category: Option<String>,
    account: Option<String>,
    tolerance: Option<i64>,
}

impl Decide for DeclareRecurring {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        let transaction_type = raw.transaction_type.at("transaction_type")?;
        if transaction_type == TransactionType::Transfer {
            let text = "what comes again is an Income or an Expense: transfers are not watched";
            return Err(Refusal::new("recurring_not_transfer", "transaction_type", text));
        }
        let amount_max = raw.amount_max.map(|most| fields::positive(most, "amount_max")).transpose()?;
        Ok(Self {
            transaction_type,
            payee: PAYEE.check(raw.payee, "payee")?,
            amount: fields::positive(raw.amount, "amount")?,
            amount_max,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            cadence: raw.cadence.at("cadence")?,
            starts: raw.starts.map(|starts| starts.at("starts")).transpose()?,
            ends: raw.ends.map(|ends| ends.at("ends")).transpose()?,
            category: fields::text(raw.category, &CATEGORY, "category")?,
            account: fields::text(raw.account, &ACCOUNT, "account")?,
            tolerance: raw.tolerance.map(tolerance).transpose()?,
        })
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let now = state.date_given(None, context.time).map_err(|no| no.at("starts"))?;
        let starts = state.date_given(self.starts, context.time).map_err(|no| no.at("starts"))?;
        let event = RecurringDeclared {
            id: context.id.clone(),
            transaction_type: self.transaction_type,
            payee: self.payee.clone(),
            amount: self.amount,
            amount_max: self.amount_max.filter(|most| *most != self.amount),
            currency: self.currency.unwrap_or(state.base_currency()),
            cadence: self.cadence,
            starts,
            ends: self.ends,
            category: self.category.clone(),
            account: self.account.clone(),
            tolerance: self.tolerance.unwrap_or(match self.amount_max {
                Some(_) => 0,
                None => Schedule::TOLERANCE,
            }),
            next_due: Some(starts),
        };
        check(&event, state)?;
        let mut schedule = Schedule::declared(&event);
        schedule.advance(now);
        let next_due = schedule.due(schedule.next);
        Ok(vec![Event::RecurringDeclared(Box::new(RecurringDeclared { next_due, ..event }))])
    }
}

fn tolerance(raw: i64) -> Result<u16, Refusal> {
    u16::try_from(raw)
        .ok()
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| Refusal::new("invalid_tolerance", "tolerance", "whole per cent, 0 to 100"))
}

fn check(event: &RecurringDeclared, state: &UserState) -> Result<(), Refusal> {
    let digits = event.currency.digits();
    event.amount.check_digits(digits).map_err(|no| no.at("amount"))?;
    if let Some(most) = event.amount_max {
        most.check_digits(digits).map_err(|no| no.at("amount_max"))?;
        if most < event.amount {
            return Err(Refusal::new("invalid_range", "amount_max", "below `amount`, which is the least"));
        }
    }
    if event.ends.is_some_and(|ends| ends < event.starts) {
        return Err(Refusal::new("invalid_range", "ends", "before the first due date, `starts`"));
    }
    if let Some(name) = &event.account {
        state.check_known(name, "account")?;
        state.check_open(name, "account")?;
    }
    if state.schedule(&event.id).is_some() {
        let text = "a detected recurring payment has this id; a new command needs a new id";
        return Err(Refusal::new("recurring_exists", "id", text));
    }
    if state.recurring().is_some_and(|recurring| recurring.schedules().len() >= Schedule::MOST) {
        let text = format!("at most {}: cancel one first", Schedule::MOST);
        return Err(Refusal::new("too_many_recurring", "payee", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Query;
    use crate::story::Story;
    use serde_json::{Value, json};

    fn rent() -> Value {
        json!({"transaction_type": "Expense", "payee": "Landlord", "amount": "800", "cadence": "monthly",
            "starts": "2026-01-31"})
    }

    fn with(mut data: Value, field: &str, value: Value) -> Value {
        data[field] = value;
        data
    }

    fn declared(data: Value) -> Story {
        Story::tiny()
            .on("2026-01-20")
            .when_as("rent", "declare_recurring", data)
            .then_events(&["recurring_declared"])
    }

    fn paid(amount: &str, date: &str) -> Value {
        json!({"transaction_type": "Expense", "amount": amount, "payee": "landlord ", "date": date})
    }

    fn item(story: &mut Story) -> Value {
        story.ask(&Query::Recurring).expect("answered")["items"][0].clone()
    }

    #[test]
    fn what_is_declared_is_listed_with_what_comes_next() {
        let mut story = declared(with(rent(), "ends", json!("2026-12-31")));
        let expected = json!({
            "id": "rent", "origin": "declared", "transaction_type": "Expense", "payee": "Landlord", "category": null,
            "account": null, "cadence": "monthly", "starts": "2026-01-31", "ends": "2026-12-31", "amount": "800",
            "amount_max": null, "currency": "EUR", "yearly_amount": "9600", "last_seen": null, "last_amount": null,
            "next_due": "2026-01-31", "missed": [], "lapsed": false,
        });
        assert_eq!(item(&mut story), expected);
        story.reload();
        let mut story = story.when("create_transaction", paid("800.00", "2026-01-30")).then_recurring(&[]);
        let shown = item(&mut story);
        assert_eq!(
            (&shown["last_seen"], &shown["last_amount"], &shown["next_due"]),
            (&json!("2026-01-30"), &json!("800.00"), &json!("2026-02-28"))
        );
        let story = story.when("create_transaction", paid("800", "2026-02-28"));
        assert_eq!(item(&mut story.clone())["next_due"], "2026-03-31", "the 31st is remembered");
    }

    #[test]
    fn what_is_not_paid_is_missed_once_and_a_late_payment_is_for_it() {
        let mut story = declared(rent())
            .on("2026-02-05")
            .when("create_transaction", json!({"transaction_type": "Expense", "amount": "1"}))
            .then_recurring(&[])
            .on("2026-02-06")
            .when("set_preferences", json!({"month_start": 1}))
            .then_recurring(&["missed Landlord 2026-01-31 #1"])
            .when("remove_budget", json!({"category": "None"}))
            .then_refused("not_found", "category");
        assert_eq!(item(&mut story)["missed"], json!(["2026-01-31"]));
        story.reload();
        let mut story = story.when("create_transaction", paid("800", "2026-02-15")).then_recurring(&[]);
        let shown = item(&mut story);
        assert_eq!((&shown["missed"], &shown["last_seen"]), (&json!([]), &json!("2026-02-15")));
        let mut story = story.when("delete_transaction", json!({"id": "c5"})).then_recurring(&[]);
        assert_eq!(item(&mut story)["missed"], json!(["2026-01-31"]), "shown again, told once");
    }

    #[test]
    fn the_day_it_is_missed_on_is_that_of_the_users_zone() {
        let story = |zone: &str| {
            declared(rent()).when("set_preferences", json!({"time_zone": zone})).on("2026-02-05")
        };
        let command = json!({"transaction_type": "Income", "amount": "1"});
        story("UTC").when("create_transaction", command.clone()).then_recurring(&[]);
        story("Pacific/Tongatapu")
            .when("create_transaction", command)
            .then_recurring(&["missed Landlord 2026-01-31 #1"]);
    }

    #[test]
    fn after_three_in_a_row_it_lapses_until_it_is_paid_again() {
        let mut story = declared(rent())
            .on("2027-01-20")
            .when("create_transaction", json!({"transaction_type": "Income", "amount": "1"}))
            .then_recurring(&[
                "missed Landlord 2026-01-31 #1",
                "missed Landlord 2026-02-28 #2",
                "missed Landlord 2026-03-31 #3",
            ]);
        let shown = item(&mut story);
        assert_eq!((&shown["lapsed"], &shown["next_due"]), (&json!(true), &Value::Null));
        let story = story
            .when("create_transaction", json!({"transaction_type": "Income", "amount": "1"}))
            .then_recurring(&[])
            .when("create_transaction", paid("800", "2027-01-19"))
            .then_recurring(&[])
            .on("2027-03-06");
        let mut story = story
            .when("create_transaction", json!({"transaction_type": "Income", "amount": "1"}))
            .then_recurring(&["missed Landlord 2027-01-31 #1", "missed Landlord 2027-02-28 #2"]);
        assert_eq!(item(&mut story)["last_seen"], "2027-01-19", "12 days early is December's, paid late");
    }

    #[test]
    fn a_new_price_is_told_once_and_follows_corrections() {
        let mut story = declared(rent())
            .on("2026-02-01")
            .when("create_transaction", paid("816", "2026-01-31"))
            .then_recurring(&[])
            .on("2026-03-01")
            .when_as("new", "create_transaction", paid("850", "2026-02-28"))
            .then_recurring(&["changed Landlord 2026-02-28: 800 to 850, 6.25 %"])
            .when("update_transaction", json!({"id": "new", "note": "from now on"}))
            .then_recurring(&[])
            .on("2026-04-01")
            .when("create_transaction", paid("850", "2026-03-31"))
            .then_recurring(&[])
            .when("update_transaction", json!({"id": "new", "amount": "800"}))
            .then_recurring(&[])
            .when_as("typo", "create_transaction", paid("580", "2026-04-30"))
            .then_recurring(&["changed Landlord 2026-04-30: 850 to 580, -31.76 %"])
            .when("delete_transaction", json!({"id": "typo"}))
            .then_recurring(&["changed Landlord 2026-03-31: 580 to 850, 46.55 %"]);
        assert_eq!(item(&mut story)["amount"], "850");
    }

    #[test]
    fn a_price_that_changes_with_every_payment_is_none_and_becomes_a_range() {
        let mut story = declared(rent())
            .on("2026-02-01")
            .when("create_transaction", paid("900", "2026-01-31"))
            .then_recurring(&["changed Landlord 2026-01-31: 800 to 900, 12.5 %"])
            .on("2026-03-01")
            .when("create_transaction", paid("850", "2026-02-28"))
            .then_recurring(&["changed Landlord 2026-02-28: 900 to 850, -5.56 %"])
            .on("2026-04-01")
            .when("create_transaction", paid("700", "2026-03-31"))
            .then_recurring(&[]);
        let shown = item(&mut story);
        assert_eq!((&shown["amount"], &shown["amount_max"]), (&json!("850"), &json!("900")));
    }

    #[test]
    fn a_payment_is_told_by_payee_direction_currency_account_and_amount() {
        let story = declared(with(rent(), "account", json!("Giro"))).on("2026-02-06");
        let other = |field: &str, value: Value| {
            let data = with(with(paid("800", "2026-01-31"), "account", json!("Giro")), field, value);
            story.clone().when("create_transaction", data).then_recurring(&["missed Landlord 2026-01-31 #1"]);
        };
        other("payee", json!("Landlady"));
        other("payee", Value::Null);
        other("transaction_type", json!("Income"));
        other("currency", json!("USD"));
        other("account", json!("Savings"));
        other("account", Value::Null);
        other("amount", json!("399.99"));
        other("amount", json!("1600.01"));
        other("date", json!("2026-01-22"));
        other("excluded", json!(true));
        other("status", json!("pending"));
        let data = with(paid("399.99", "2026-02-06"), "account", json!("Giro"));
        story
            .clone()
            .when("create_transaction", with(data, "amount", json!("400")))
            .then_recurring(&["changed Landlord 2026-01-31: 800 to 400, -50 %"]);
    }

    #[test]
    fn where_a_range_is_given_no_price_changes() {
        let bill = with(with(rent(), "amount", json!("40")), "amount_max", json!("80"));
        let mut story = declared(bill)
            .on("2026-02-06")
            .when("create_transaction", paid("79", "2026-01-31"))
            .then_recurring(&[])
            .on("2026-03-06")
            .when("create_transaction", paid("81", "2026-02-28"))
            .then_recurring(&["missed Landlord 2026-02-28 #1"]);
        let shown = item(&mut story);
        assert_eq!((&shown["amount_max"], &shown["yearly_amount"]), (&json!("80"), &json!("720")));
    }

    #[test]
    fn due_dates_that_are_over_when_it_is_declared_are_not_missed() {
        let story = Story::tiny().when("create_transaction", paid("800", "2025-12-31"));
        let mut story =
            story.when("declare_recurring", with(rent(), "starts", json!("2024-10-31"))).then_recurring(&[]);
        let shown = item(&mut story);
        assert_eq!((&shown["next_due"], &shown["last_seen"]), (&json!("2026-02-28"), &json!("2025-12-31")));
        let over = with(with(rent(), "starts", json!("2024-10-31")), "ends", json!("2025-01-30"));
        let mut story = Story::new().when("declare_recurring", over).then_recurring(&[]).on("2026-06-01");
        assert_eq!(item(&mut story)["next_due"], Value::Null);
        story.when("create_transaction", paid("1", "2026-05-01")).then_recurring(&[]);
    }

    #[test]
    fn what_is_cancelled_is_gone_and_misses_nothing() {
        let mut story = declared(rent())
            .when("cancel_recurring", json!({"id": "rent"}))
            .then_events(&["recurring_cancelled"])
            .when("cancel_recurring", json!({"id": "rent"}))
            .then_refused("not_found", "id")
            .on("2026-06-01")
            .when("create_transaction", paid("800", "2026-05-31"))
            .then_recurring(&[]);
        assert_eq!(item(&mut story), Value::Null);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name_and_field() {
        let refused = |field: &str, value: Value, code: &str| {
            let data = with(rent(), field, value);
            Story::new().when("declare_recurring", data).then_refused(code, field);
        };
        refused("transaction_type", json!("Transfer"), "recurring_not_transfer");
        refused("payee", json!(" "), "text_empty");
        refused("amount", json!("0"), "amount_zero");
        refused("amount", json!(5), "amount_not_a_string");
        refused("amount_max", json!("799"), "invalid_range");
        refused("amount_max", json!("800.001"), "amount_too_many_digits");
        refused("cadence", json!("daily"), "unknown_cadence");
        refused("starts", json!("2026-02-30"), "invalid_date");
        refused("ends", json!("2026-01-30"), "invalid_range");
        refused("tolerance", json!(101), "invalid_tolerance");
        refused("tolerance", json!(-1), "invalid_tolerance");
        refused("currency", json!("XXX"), "unknown_currency");
        refused("colour", json!("red"), "unknown_field");
        let story = Story::new()
            .when("open_account", json!({"name": "Old"}))
            .when("close_account", json!({"id": "Old"}));
        let named = |name: &str| with(rent(), "account", json!(name));
        story
            .when("declare_recurring", named("New"))
            .then_refused("unknown_account", "account")
            .when("declare_recurring", named("Old"))
            .then_refused("account_closed", "account");
        let full =
            (0..100).fold(Story::new(), |story, _| story.when("declare_recurring", rent()).then_accepted());
        full.when("declare_recurring", rent()).then_refused("too_many_recurring", "payee");
    }
}
