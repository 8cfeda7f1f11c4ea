//! Worked examples of other systems, as far as they concern what is built. The figures are theirs; where we chose
//! otherwise the test says so.

use centime_domain::{CommandId, Event, Handled, Input, Month, Outcome, Query, UserState};
use serde_json::{Value, json};

/// One user, and the alerts raised so far.
#[derive(Default)]
struct User {
    state: UserState,
    commands: u64,
    alerts: Vec<Event>,
}

impl User {
    fn send(&mut self, name: &str, data: &Value) {
        self.commands += 1;
        let id = CommandId::parse(&format!("c{}", self.commands)).expect("an id");
        let time = "2016-12-03T08:00:00Z".parse().expect("an instant");
        let input = Input::read(id, time, name, data.to_string().as_bytes());
        match self.state.handle(&input, self.commands) {
            Handled::Decided(Outcome::Accepted(events)) => {
                self.alerts.extend(events.into_iter().filter(Event::is_alert));
            }
            other => panic!("{data}: {other:?}"),
        }
    }

    fn budget(&mut self, category: &str, limit: &str) {
        self.send("set_budget", &json!({"category": category, "limit": limit, "currency": "USD"}));
    }

    fn expense(&mut self, category: &str, amount: &str) {
        let data =
            json!({"transaction_type": "Expense", "amount": amount, "category": category, "currency": "USD"});
        self.send("create_transaction", &data);
    }

    fn budgets(&self, month: &str) -> Vec<Value> {
        let query = Query::Budgets { month: Month::read(month).expect("a month") };
        let answer = query.answer(&self.state, &[]).expect("answered");
        answer["items"].as_array().expect("a list").clone()
    }
}

/// hledger/budget-2016-12-03: limits food 10, leisure 15; spent food 11, leisure 0, movies 25, cab 15.
#[test]
fn hledger_food_is_over_its_budget_and_leisure_untouched() {
    let mut user = User::default();
    user.budget("food", "10");
    user.budget("leisure", "15");
    for (category, amount) in [("food", "11"), ("movies", "25"), ("cab", "15")] {
        user.expense(category, amount);
    }
    let budgets = user.budgets("2016-12");
    let figures: Vec<_> = budgets.iter().map(|b| (&b["category"], &b["spent"], &b["exceeded"])).collect();
    assert_eq!(
        figures,
        [(&json!("food"), &json!("11"), &json!(true)), (&json!("leisure"), &json!("0"), &json!(false))]
    );
    let names: Vec<_> = user.alerts.iter().map(Event::type_name).collect();
    assert_eq!(names, ["budget_threshold_reached", "budget_threshold_reached", "budget_exceeded"]);
}

/// firefly/reset: limit 100, spent 40; the next month's limit is 100 again.
#[test]
fn firefly_a_reset_budget_starts_every_month_anew() {
    let mut user = User::default();
    user.budget("food", "100");
    user.expense("food", "40");
    let next = &user.budgets("2017-01")[0];
    assert_eq!(
        (&next["limit"], &next["spent"], &next["remaining"]),
        (&json!("100"), &json!("0"), &json!("100"))
    );
}

/// sure/refund-only-clamped: limit 100, a refund of 50. Sure shows 0 spent; we show what it is, as Actual and YNAB do:
/// 150 are left to spend. Neither is over.
#[test]
fn sure_a_refund_alone_leaves_more_to_spend() {
    let mut user = User::default();
    user.budget("food", "100");
    let refund = json!({"transaction_type": "Income", "amount": "50", "category": "food", "currency": "USD", "refund": true});
    user.send("create_transaction", &refund);
    let budget = &user.budgets("2016-12")[0];
    assert_eq!(
        (&budget["spent"], &budget["remaining"], &budget["exceeded"]),
        (&json!("-50"), &json!("150"), &json!(false))
    );
}

/// maybe/transfer, its incomes and expenses (transfers are not built yet): income 1000, expense 900.
#[test]
fn maybe_the_balance_is_income_less_expenses() {
    let mut user = User::default();
    user.send(
        "create_transaction",
        &json!({"transaction_type": "Income", "amount": "1000", "currency": "USD"}),
    );
    for amount in ["200", "300", "400"] {
        user.expense("any", amount);
    }
    let answer = Query::Balance.answer(&user.state, &[]).expect("answered");
    assert_eq!(answer["items"], json!([{"currency": "USD", "balance": "100"}]));
}
