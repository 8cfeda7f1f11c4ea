//! The same command again: the same answer, no second effect.

use super::world::{food, on_both};
use serde_json::json;

#[test]
fn the_same_id_and_body_get_the_same_answer_and_no_second_effect() {
    on_both("repeat", |world| {
        world.put("budgets/Food", "r-0", &json!({"limit": "10", "from": "2026-02"})).expect(200);
        let first = world.post("transactions", "r-1", &food("12.50")).expect(201);
        assert_eq!(first.body["events"].as_array().map(Vec::len), Some(4));
        for _ in 0..3 {
            let again = world.post("transactions", "r-1", &food("12.50")).expect(201);
            assert_eq!(again.body, first.body, "id, position and events");
            assert_eq!(again.position(), first.position());
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
        }
        assert_eq!(world.get("transactions").expect(200).body["items"].as_array().map(Vec::len), Some(1));
        let causes: Vec<String> = world.feed().iter().map(|told| told.cause().to_owned()).collect();
        assert_eq!(causes, ["r-0", "r-1", "r-1", "r-1", "r-1"]);
    });
}

#[test]
fn the_same_body_spelled_otherwise_is_the_same_body() {
    on_both("spelling", |world| {
        let first = world.post("transactions", "s-1", &food("12.50")).expect(201);
        let spelled = r#" {"date":"2026-02-03", "category":"F\u006fod","amount":"12.50","transaction_type" : "Expense"}"#;
        let again = world.ask(&reqwest::Method::POST, "transactions", Some("s-1"), Some(spelled)).expect(201);
        assert_eq!(again.body, first.body);
    });
}

#[test]
fn the_same_id_with_another_body_is_refused() {
    on_both("reuse", |world| {
        world.post("transactions", "r-1", &food("12.50")).expect(201);
        assert_eq!(world.post("transactions", "r-1", &food("12.51")).expect(422).code(), "id_reused");
        assert_eq!(world.put("budgets/Food", "r-1", &json!({"limit": "10"})).expect(422).code(), "id_reused");
        assert_eq!(world.get("transactions/r-1").expect(200).body["amount"], "12.50");
        // The refusal took nothing from the first answer.
        world.post("transactions", "r-1", &food("12.50")).expect(201);
    });
}

#[test]
fn a_refusal_is_remembered_like_any_answer() {
    on_both("refused-again", |world| {
        let first = world.delete("transactions/later", "d-1").expect(404);
        world.post("transactions", "later", &food("1")).expect(201);
        let again = world.delete("transactions/later", "d-1").expect(404);
        assert_eq!(again.body, first.body);
        world.get("transactions/later").expect(200);
        world.delete("transactions/later", "d-2").expect(200);
    });
}

#[test]
fn a_created_transactions_id_stays_taken_after_its_deletion() {
    on_both("taken", |world| {
        let first = world.post("transactions", "t-1", &food("1")).expect(201);
        world.delete("transactions/t-1", "t-2").expect(200);
        let again = world.post("transactions", "t-1", &food("1")).expect(201);
        assert_eq!(again.body, first.body);
        world.get("transactions/t-1").expect(404);
    });
}

#[test]
fn ids_of_different_users_do_not_meet() {
    on_both("mine", |world| {
        world.post("transactions", "same", &food("1")).expect(201);
        let answer = world.client.command("yours", "create_transaction", "same", &food("2")).expect(201);
        assert_eq!(answer.body["events"][0]["data"]["amount"], "2");
    });
}
