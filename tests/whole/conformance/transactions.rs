//! Transactions: made, changed, taken back, read.

use super::world::{food, on_both};
use serde_json::{Value, json};

#[test]
fn a_created_transaction_is_there_with_all_that_was_said_about_it() {
    on_both("create", |world| {
        let said = json!({
            "transaction_type": "Expense", "amount": "12.50", "currency": "EUR", "category": "Food", "date": "2026-02-03",
            "payee": "Müller & Söhne", "note": "two\nlines", "tags": ["a", "b"], "account": "giro", "status": "pending",
        });
        let answer = world.post("transactions", "c-1", &said).expect(201);
        assert_eq!(answer.body["id"], "c-1");
        assert_eq!(answer.body["events"][0]["type"], "transaction_created");
        let read = world.get("transactions/c-1").expect(200).body;
        assert_eq!(read["id"], "c-1");
        for (field, value) in said.as_object().expect("an object") {
            assert_eq!(&read[field], value, "{field}");
            assert_eq!(&answer.body["events"][0]["data"][field], value, "{field} of the event");
        }
    });
}

#[test]
fn a_read_with_the_position_of_a_write_shows_it() {
    on_both("position", |world| {
        for n in 1..=20 {
            let position =
                world.post("transactions", &format!("p-{n}"), &food("1")).expect(201).position().to_owned();
            let path = format!("/v1/users/{}/transactions", world.user);
            let items = world.client.get_at(&path, &position).expect(200).body["items"].clone();
            assert_eq!(items.as_array().map(Vec::len), Some(n));
        }
    });
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    on_both("update", |world| {
        world.post("transactions", "u-1", &food("10")).expect(201);
        let answer =
            world.put("transactions/u-1", "u-2", &json!({"amount": "20", "note": "dearer"})).expect(200);
        let event = &answer.body["events"][0];
        assert_eq!(
            (&event["type"], &event["data"]["previous"]["amount"]),
            (&json!("transaction_updated"), &json!("10"))
        );
        let read = world.get("transactions/u-1").expect(200).body;
        let fields = ["amount", "note", "category", "date"].map(|field| read[field].clone());
        assert_eq!(fields, [json!("20"), json!("dearer"), json!("Food"), json!("2026-02-03")]);
        world.put("transactions/nobody", "u-3", &json!({"amount": "20"})).expect(404);
    });
}

#[test]
fn a_deleted_transaction_is_gone_and_can_not_be_deleted_again() {
    on_both("delete", |world| {
        world.post("transactions", "d-1", &food("10")).expect(201);
        let answer = world.delete("transactions/d-1", "d-2").expect(200);
        assert_eq!(answer.body["events"][0]["type"], "transaction_deleted");
        assert_eq!(world.get("transactions/d-1").expect(404).code(), "not_found");
        assert_eq!(world.delete("transactions/d-1", "d-3").expect(404).code(), "not_found");
        assert_eq!(
            world.get("balance").expect(200).body["items"][0]["balance"]
                .as_str()
                .map(crate::support::oracle::cents),
            Some(0)
        );
    });
}

#[test]
fn transactions_are_listed_page_by_page_newest_date_first() {
    on_both("list", |world| {
        for day in [5, 17, 2, 28, 11, 9, 23] {
            let mut data = food("1");
            data["date"] = json!(format!("2026-02-{day:02}"));
            world.post("transactions", &format!("l-{day}"), &data).expect(201);
        }
        let (mut days, mut path) = (Vec::new(), "transactions?limit=3".to_owned());
        let mut pages = 0;
        loop {
            let page = world.get(&path).expect(200).body;
            let items = page["items"].as_array().expect("a list").clone();
            assert!(items.len() <= 3);
            days.extend(items.iter().map(|item| item["date"].as_str().expect("a date")[8..].to_owned()));
            pages += 1;
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("transactions?limit=3&cursor={next}");
        }
        assert_eq!((pages, days.join(" ")), (3, "28 23 17 11 09 05 02".to_owned()));
        let within = world.get("transactions?from=2026-02-05&to=2026-02-11").expect(200).body;
        assert_eq!(within["items"].as_array().map(Vec::len), Some(3));
    });
}

#[test]
fn one_users_money_is_no_other_users_business() {
    on_both("alone", |world| {
        world.post("transactions", "a-1", &food("10")).expect(201);
        let other = world.client.get("/v1/users/alone2/transactions").expect(200).body;
        assert_eq!(other["items"], Value::Array(Vec::new()));
        assert_eq!(world.client.get("/v1/users/alone2/transactions/a-1").status, 404);
    });
}

#[test]
fn the_parts_of_a_split_count_for_their_categories() {
    on_both("split", |world| {
        for (id, category) in [("s-1", "Food"), ("s-2", "Home")] {
            world.gives(
                "set_budget",
                id,
                &json!({"category": category, "limit": "100", "from": "2026-02"}),
                &["budget_set"],
            );
        }
        let mut data = food("110");
        data["splits"] = json!([{"category": "Food", "amount": "30"}, {"category": "Home", "amount": "80"}]);
        world.gives(
            "create_transaction",
            "s-3",
            &data,
            &["transaction_created", "reached 80 Home 2026-02: 80 of 100 #1"],
        );
        let budgets = world.get("budgets?month=2026-02").expect(200).body;
        assert_eq!(
            [&budgets["items"][0]["spent"], &budgets["items"][1]["spent"]],
            [&json!("30"), &json!("80")]
        );
    });
}
