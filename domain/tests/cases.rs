//! Worked examples of other systems: `tests/cases/budget.json`. `expected` is what they answer; where we chose otherwise
//! `ours` is what we answer, and `reason` why.

use centime_domain::{
    CommandId, Currency, Handled, Input, Month, Outcome, Query, Report, ReportQuery, UserState,
};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// The examples' months: the one something is spent in, and the one after.
const MONTHS: [&str; 2] = ["2016-12", "2017-01"];

/// One user with dollars.
#[derive(Default)]
struct User {
    state: UserState,
    commands: u64,
}

impl User {
    fn send(&mut self, name: &str, mut data: Value) {
        data["currency"] = json!("USD");
        self.commands += 1;
        let id = CommandId::parse(&format!("c{}", self.commands)).expect("an id");
        let time = "2016-12-03T08:00:00Z".parse().expect("an instant");
        let input = Input::read(id, time, name, data.to_string().as_bytes());
        let handled = self.state.handle(&input, self.commands);
        assert!(matches!(handled, Handled::Decided(Outcome::Accepted(_))), "{data}: {handled:?}");
    }

    fn budget(&mut self, category: &str, limit: &Value, policy: &str, from: &str) {
        let data = json!({"category": category, "limit": limit, "policy": policy, "from": from});
        self.send("set_budget", data);
    }

    /// Nothing is no transaction.
    fn expense(&mut self, category: &str, amount: &Value) {
        if *amount != json!("0") {
            let data = json!({"transaction_type": "Expense", "amount": amount, "category": category});
            self.send("create_transaction", data);
        }
    }

    fn figure(&self, category: &str, month: &str, name: &str) -> Value {
        let query = Query::Budgets { month: Month::read(month).expect("a month") };
        let answer = query.answer(&self.state, &[]).expect("answered");
        let items = answer["items"].as_array().expect("a list");
        let item = items.iter().find(|item| item["category"] == category).expect("a budget");
        item[name].clone()
    }

    fn balance(&self) -> Value {
        let answer = Query::Balance.answer(&self.state, &[]).expect("answered");
        answer["items"][0]["balance"].clone()
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

/// `kind`: a limit, what was spent of it, and the next month's.
fn next_limit(input: &Value) -> Value {
    let mut user = User::default();
    let policy =
        if input["kind"] == "adjusted" { "carry" } else { input["kind"].as_str().expect("a policy") };
    user.budget("food", &input["previous_limit"], policy, MONTHS[0]);
    user.budget("food", &input["amount"], policy, MONTHS[1]);
    user.expense("food", &input["spent"]);
    json!({"next_limit": user.figure("food", MONTHS[1], "limit")})
}

/// `limit` and `transactions`: what counts as spent.
fn spent(input: &Value) -> Value {
    let mut user = User::default();
    user.budget("food", &input["limit"], "reset", MONTHS[0]);
    record(&mut user, &input["transactions"]);
    json!({"spent": user.figure("food", MONTHS[0], "spent")})
}

fn record(user: &mut User, transactions: &Value) {
    for transaction in transactions.as_array().expect("a list") {
        let kind = transaction[0].as_str().expect("a kind");
        let transfer = matches!(kind, "transfer" | "cc_payment");
        let transaction_type = match kind {
            // The other leg of a transfer: one command makes both.
            "transfer_in" => continue,
            "income" | "refund" => "Income",
            _ if transfer => "Transfer",
            _ => "Expense",
        };
        let data = json!({
            "transaction_type": transaction_type, "amount": transaction[1], "category": "food",
            "refund": kind == "refund", "account": transfer.then_some("one"), "to_account": transfer.then_some("other"),
        });
        user.send("create_transaction", data);
    }
}

/// `transactions` alone: the month's income and expense.
fn income_and_expense(input: &Value) -> Value {
    let mut user = User::default();
    record(&mut user, &input["transactions"]);
    let report = Report::Month(Month::read(MONTHS[0]).expect("a month"));
    let query = Query::Report(ReportQuery { report, currency: Some(Currency::read("USD").expect("known")) });
    let report = query.answer(&user.state, &[]).expect("answered");
    json!({"income": report["income"], "expense": report["expense"]})
}

/// `carryover`: what two months leave.
fn leftovers(input: &Value) -> Value {
    let mut user = User::default();
    for (month, name) in MONTHS.iter().zip(["month1", "month2"]) {
        user.budget("food", &input[name]["budgeted"], "carry", month);
    }
    user.expense("food", &input["month1"]["spent"]);
    let [first, second] = MONTHS.map(|month| user.figure("food", month, "remaining"));
    json!({"leftover_m1": first, "leftover_m2": second})
}

/// `visible` and `hidden`: what two categories spent.
fn two_categories(input: &Value) -> Value {
    let mut user = User::default();
    let mut spent = |category: &str| {
        user.budget(category, &json!("0"), "reset", MONTHS[0]);
        let signed = input[category].as_str().expect("a figure");
        user.expense(category, &json!(signed.trim_start_matches('-')));
        user.figure(category, MONTHS[0], "spent")
    };
    json!({"visible": spent("visible"), "hidden": spent("hidden")})
}

/// `limits` and `spent`, by category: how much of the limits that is, in percent; and how much of 25 everything is.
fn percentages(input: &Value) -> Value {
    let mut user = User::default();
    for (category, amount) in object(&input["spent"]) {
        user.expense(category, amount);
    }
    let mut answer =
        json!({"all_expenses": user.balance().as_str().expect("a figure").trim_start_matches('-')});
    for (category, limit) in object(&input["limits"]) {
        user.budget(category, limit, "reset", MONTHS[0]);
        answer[format!("{category}_pct")] = percent(&user, category);
    }
    user.budget("all", &json!("25"), "reset", MONTHS[0]);
    answer["all_pct_of_25"] = percent(&user, "all");
    answer
}

/// How much of a budget was spent.
fn percent(user: &User, category: &str) -> Value {
    let [limit, spent] = ["limit", "spent"].map(|name| {
        let figure = user.figure(category, MONTHS[0], name);
        figure.as_str().expect("a figure").parse::<Decimal>().expect("a number")
    });
    (spent * Decimal::ONE_HUNDRED / limit).to_string().parse().expect("a whole number")
}

/// `cash_overspent`: what the next month starts with.
fn overspent(input: &Value) -> Value {
    let mut user = User::default();
    user.budget("food", &json!("0"), "rollover", MONTHS[0]);
    user.expense("food", &input["cash_overspent"]);
    json!({"category_next_month_start": user.figure("food", MONTHS[1], "limit")})
}

/// What we answer to an example.
type Answer = fn(&Value) -> Value;

#[test]
fn every_worked_example_comes_out_as_the_table_says() {
    let kinds: [(&str, Answer); 7] = [
        ("kind", next_limit),
        ("carryover", leftovers),
        ("limit", spent),
        ("transactions", income_and_expense),
        ("visible", two_categories),
        ("limits", percentages),
        ("cash_overspent", overspent),
    ];
    let cases: Vec<Value> = serde_json::from_str(include_str!("cases/budget.json")).expect("JSON");
    for case in cases {
        let input = object(&case["input"]);
        let (_, answer) =
            kinds.iter().find(|(key, _)| input.contains_key(*key)).expect("a known kind of example");
        let expected = case.get("ours").unwrap_or(&case["expected"]);
        assert_eq!(answer(&case["input"]), *expected, "{}", case["id"]);
        assert_eq!(
            case.get("ours").is_some(),
            case.get("reason").is_some(),
            "{}: a reason for ours",
            case["id"]
        );
    }
}
