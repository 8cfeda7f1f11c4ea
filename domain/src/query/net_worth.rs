//! What all accounts came to on a day.
//!
//! An account's balance on a day is today's less all that moved it since: the month totals of later months, which are kept
//! anyway, and the transactions of that month's later days, which are looked at one by one. So the cost is that of the months
//! since, and of the transactions of one month; what is older is not looked at.

use super::past::MovesByDay;
use super::transactions::read_row;
use crate::account::Account;
use crate::state::Line;
use crate::transaction::Transaction;
use crate::{Amount, Currency, Date, PageKey, PageRange, Refusal, UserState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The totals of later months, the rates of that day.
pub(super) fn missing(state: &UserState, as_of: Date, keys: &mut Vec<PageKey>) {
    let Some(accounts) = state.accounts() else {
        return;
    };
    let later = state.month_of(as_of).next();
    for (number, account) in accounts.iter() {
        if let Some(later) = later {
            for page in state.totals_pages(Line::account(number), later, None) {
                state.add(page, keys);
            }
        }
        state.add_rates(account.currency, state.base_currency(), as_of, keys);
    }
}

/// The later days of that month, as far as they are outside the root page.
pub(super) fn range(state: &UserState, as_of: Date) -> Option<PageRange> {
    state.accounts()?;
    let from = state.stored_key(PageKey::ByDate(as_of, u64::MAX));
    // A month that begins on another day than the first ends in the next calendar month.
    let end = as_of.month().plus(1).map_or(Date::LAST, |month| month.day(31));
    let to = state.stored_key(PageKey::ByDate(end, u64::MAX));
    state.has_spilled_transactions().then_some(PageRange { from, to, descending: true, limit: usize::MAX })
}

pub(super) fn answer(state: &UserState, as_of: Date, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<Value, Refusal> {
    let mut since = Since::new(state, as_of);
    for row in rows {
        since.add_moves_of(state, &read_row(row)?.1);
    }
    state.tail().for_each(|(_, transaction)| since.add_moves_of(state, &transaction));
    Ok(report(state, as_of, &since))
}

/// The same where it was noted what moved accounts on each day.
pub(super) fn answer_past(state: &UserState, as_of: Date, moves: &MovesByDay) -> Value {
    let mut since = Since::new(state, as_of);
    for (date, moved) in moves {
        for (name, (amount, count)) in moved {
            since.add_move(state, *date, name, *amount, u32::try_from(*count).unwrap_or_default());
        }
    }
    report(state, as_of, &since)
}

fn report(state: &UserState, as_of: Date, since: &Since) -> Value {
    let mut items = Vec::new();
    let mut sums: BTreeMap<&str, (Currency, Amount)> = BTreeMap::new();
    for (number, account) in state.accounts().into_iter().flat_map(super::super::account::Accounts::iter) {
        if let Some(balance) = since.balance(number, account) {
            let sum = sums.entry(account.currency.code()).or_insert((account.currency, Amount::ZERO));
            sum.1 = sum.1.plus(balance);
            items.push(json!({
                "id": account.id, "name": account.name, "kind": account.kind, "currency": account.currency,
                "balance": balance,
            }));
        }
    }
    let base = state.base_currency();
    let mut net_worth = Some(Amount::ZERO);
    let mut currencies = Vec::new();
    for (currency, sum) in sums.into_values() {
        let rate = state.rate(currency, base, as_of);
        let converted = match rate {
            _ if currency == base => Some(sum),
            Some(rate) => rate.convert(sum, base.digits()),
            None => None,
        };
        // What is nothing is nothing in every currency.
        let counted = converted.or(sum.is_zero().then_some(Amount::ZERO));
        net_worth = net_worth.zip(counted).map(|(all, more)| all.plus(more));
        currencies.push(json!({"currency": currency, "amount": sum, "rate": rate, "converted": converted}));
    }
    json!({
        "as_of": as_of, "currency": base, "net_worth": net_worth, "currencies": currencies, "accounts": items,
    })
}

/// What moved accounts after a day, by account: how much, and how many transactions.
struct Since(Date, BTreeMap<u16, (Amount, u32)>);

impl Since {
    /// All of the months after that day's.
    fn new(state: &UserState, as_of: Date) -> Self {
        let month = state.month_of(as_of);
        let mut since = Self(as_of, BTreeMap::new());
        for (number, _) in state.accounts().into_iter().flat_map(super::super::account::Accounts::iter) {
            let Some(later) = month.next() else {
                continue;
            };
            for cell in state.cells_of(Line::account(number), later, None) {
                since.add(number, cell.sum, cell.parts);
            }
        }
        since
    }

    /// What a transaction of the later days of that day's month moved.
    fn add_moves_of(&mut self, state: &UserState, transaction: &Transaction) {
        for (name, amount) in transaction.moves() {
            self.add_move(state, transaction.date, name, amount, 1);
        }
    }

    fn add_move(&mut self, state: &UserState, date: Date, name: &str, amount: Amount, moves: u32) {
        if date > self.0
            && state.month_of(date) == state.month_of(self.0)
            && let Some((number, _)) = state.account(name)
        {
            self.add(number, amount, moves);
        }
    }

    fn add(&mut self, number: u16, amount: Amount, moves: u32) {
        let (sum, count) = self.1.entry(number).or_default();
        (*sum, *count) = (sum.plus(amount), *count + moves);
    }

    /// What was in an account; `None` before it opened and before anything moved it.
    fn balance(&self, number: u16, account: &Account) -> Option<Amount> {
        let (sum, count) = self.1.get(&number).copied().unwrap_or_default();
        let there = self.0 >= account.opened || account.moves > count;
        there.then(|| account.balance.minus(sum))
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{Date, Query, When};
    use serde_json::{Value, json};

    fn net_worth(story: &mut Story, day: &str) -> Value {
        story.ask(&Query::NetWorth { as_of: When::Date(Date::read(day).expect(day)) }).expect("answered")
    }

    fn open(story: Story, name: &str, currency: &str, balance: &str) -> Story {
        let data =
            json!({"name": name, "currency": currency, "opened": "2026-01-01", "opening_balance": balance});
        story.when_as(name, "open_account", data)
    }

    #[test]
    fn currencies_are_added_up_and_converted_where_a_rate_is_known() {
        let story = open(open(Story::new(), "Giro", "EUR", "100"), "Dollars", "USD", "-10");
        let mut story = story
            .when(
                "create_transaction",
                json!({"transaction_type": "Income", "amount": "5", "account": "Giro", "date": "2026-02-03"}),
            )
            .when(
                "record_exchange_rate",
                json!({"from": "USD", "to": "EUR", "date": "2026-02-02", "rate": "0.905"}),
            );
        let unknown = net_worth(&mut story, "2026-02-01");
        assert_eq!(unknown["net_worth"], Value::Null);
        let dollars = json!({"currency": "USD", "amount": "-10", "rate": null, "converted": null});
        assert_eq!(unknown["currencies"][1], dollars);
        assert_eq!(unknown["accounts"][0]["balance"], "100");
        let known = net_worth(&mut story, "2026-02-03");
        assert_eq!((&known["net_worth"], &known["currency"]), (&json!("95.95"), &json!("EUR")));
        assert_eq!(known["currencies"][1]["converted"], "-9.05");
    }

    #[test]
    fn who_has_no_accounts_is_worth_nothing_and_accounts_to_come_are_not_there_yet() {
        let nothing = net_worth(&mut Story::new(), "2026-02-01");
        assert_eq!((&nothing["net_worth"], &nothing["accounts"]), (&json!("0"), &json!([])));
        let mut story = open(Story::new(), "Giro", "EUR", "100");
        assert_eq!(net_worth(&mut story, "2025-12-31")["accounts"], json!([]));
    }

    #[test]
    fn days_within_the_users_own_month_are_told_apart() {
        let entry = |date: &str| json!({"transaction_type": "Expense", "amount": "1", "account": "Giro", "date": date});
        let mut story = Story::tiny().when("set_preferences", json!({"month_start": "last"}));
        story = open(story, "Giro", "EUR", "10");
        for date in
            ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-27", "2026-02-28", "2026-03-30", "2026-03-31"]
        {
            story = story.when("create_transaction", entry(date));
        }
        let days = [
            ("2026-01-30", "9"),
            ("2026-01-31", "8"),
            ("2026-02-27", "6"),
            ("2026-02-28", "5"),
            ("2026-03-29", "5"),
            ("2026-03-31", "3"),
        ];
        for (day, balance) in days {
            assert_eq!(net_worth(&mut story, day)["accounts"][0]["balance"], balance, "{day}");
        }
    }

    #[test]
    fn beyond_the_calendar_there_is_no_day_and_no_month() {
        let instant = "2300-01-01T00:00:00Z".parse().expect("an instant");
        let query = Query::NetWorth { as_of: When::Instant(instant) };
        let mut story = Story::new();
        assert_eq!(story.ask(&query).expect_err("no day").code, "clock_out_of_range");
        assert_eq!(story.state.month_at(instant).expect_err("no month").code, "clock_out_of_range");
    }
}
