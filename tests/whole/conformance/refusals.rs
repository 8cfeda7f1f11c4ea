//! Bad input is answered by name and field, and changes nothing.

use super::world::{World, food, on_both};
use reqwest::Method;
use serde_json::json;

/// Sends a raw body to `create_transaction` and expects a refusal.
#[track_caller]
fn refused(world: &mut World, id: &str, body: &str, code: &str, field: &str) {
    let answer = world.ask(&Method::POST, "transactions", Some(id), Some(body));
    assert_eq!((answer.status, answer.code(), answer.field()), (422, code, field), "{body}: {}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let document = &answer.body;
    assert!(
        document["type"].is_string() && document["title"].is_string() && document["status"] == 422,
        "{document}"
    );
}

fn with(field: &str, value: &str) -> String {
    let rest = food("1").as_object().expect("an object").clone();
    let rest =
        rest.iter().filter(|(name, _)| *name != field).map(|(name, value)| format!(",\"{name}\":{value}"));
    format!("{{\"{field}\":{value}{}}}", rest.collect::<String>())
}

#[test]
fn a_wrong_amount_is_refused_by_name() {
    on_both("amounts", |world| {
        let long = format!("\"{}\"", "1".repeat(29));
        let cases = [
            ("12.5", "amount_not_a_string"),
            ("-3", "amount_not_a_string"),
            ("\"-5\"", "amount_signed"),
            ("\"+5\"", "amount_signed"),
            ("\"0\"", "amount_zero"),
            ("\"0.00\"", "amount_zero"),
            (&long, "amount_too_large"),
            ("\"1e400\"", "amount_not_a_number"),
            ("\"NaN\"", "amount_not_a_number"),
            ("\"Infinity\"", "amount_not_a_number"),
            ("\"1,50\"", "amount_not_a_number"),
            ("\"\"", "amount_not_a_number"),
            ("\"0.001\"", "amount_too_many_digits"),
            ("null", "wrong_type"),
            ("[\"1\"]", "wrong_type"),
        ];
        for (n, (amount, code)) in cases.iter().enumerate() {
            refused(world, &format!("a-{n}"), &with("amount", amount), code, "amount");
        }
        assert_eq!(world.get("transactions").expect(200).body["items"], json!([]));
        assert_eq!(world.get("balance").expect(200).body["items"], json!([]));
    });
}

#[test]
fn a_number_no_machine_can_hold_is_refused_not_fatal() {
    on_both("huge", |world| {
        let answer = world.ask(&Method::POST, "transactions", Some("h-1"), Some(&with("amount", "1e400")));
        assert!((400..500).contains(&answer.status), "{}", answer.text);
        let answer = world.ask(&Method::POST, "transactions", Some("h-2"), Some(&with("amount", "NaN")));
        assert_eq!((answer.status, answer.code()), (400, "invalid_json"));
        world.post("transactions", "h-3", &food("1")).expect(201);
    });
}

#[test]
fn a_wrong_date_is_refused_by_name() {
    on_both("dates", |world| {
        let cases = ["\"2026-02-30\"", "\"2026-13-01\"", "\"03.02.2026\"", "\"1850-01-01\"", "\"\""];
        for (n, date) in cases.iter().enumerate() {
            refused(world, &format!("d-{n}"), &with("date", date), "invalid_date", "date");
        }
    });
}

#[test]
fn unknown_and_missing_things_are_refused_by_name() {
    on_both("unknown", |world| {
        refused(world, "1", &with("currency", "\"XXQ\""), "unknown_currency", "currency");
        refused(world, "2", &with("colour", "\"red\""), "unknown_field", "colour");
        refused(
            world,
            "3",
            r#"{"transaction_type":"Expense","date":"2026-02-03"}"#,
            "missing_field",
            "amount",
        );
        refused(world, "4", r#"{"amount":"1"}"#, "missing_field", "transaction_type");
        refused(
            world,
            "5",
            &with("transaction_type", "\"Gift\""),
            "unknown_transaction_type",
            "transaction_type",
        );
        refused(world, "6", &with("refund", "true"), "refund_not_income", "refund");
        let splits = with("splits", r#"[{"category":"A","amount":"0.4"}]"#);
        refused(world, "7", &splits, "splits_do_not_sum", "splits");
        refused(world, "8", &with("amount", "\"1\",\"amount\":\"2\""), "duplicate_field", "amount");
    });
}

#[test]
fn digits_are_the_currencys() {
    on_both("digits", |world| {
        let yen = with("amount", "\"1.5\",\"currency\":\"JPY\"");
        refused(world, "1", &yen, "amount_too_many_digits", "amount");
        let mut dinar = food("1.234");
        dinar["currency"] = json!("BHD");
        world.post("transactions", "2", &dinar).expect(201);
        let mut dinar = food("1.2345");
        dinar["currency"] = json!("BHD");
        world.post("transactions", "3", &dinar).expect(422);
    });
}

#[test]
fn a_refusal_is_told_on_the_feed() {
    on_both("told", |world| {
        refused(world, "t-1", &with("amount", "\"0\""), "amount_zero", "amount");
        world.post("transactions", "t-2", &food("1")).expect(201);
        let told = world.feed();
        let kinds: Vec<(&str, &str)> = told.iter().map(|told| (told.kind.as_str(), told.cause())).collect();
        assert_eq!(kinds, [("command_rejected", "t-1"), ("transaction_created", "t-2")]);
        assert_eq!(told[0].envelope["data"]["code"], "amount_zero");
    });
}

#[test]
fn what_is_no_request_is_refused_before_it_is_a_command() {
    on_both("requests", |world| {
        let answer = world.ask(&Method::POST, "transactions", Some("j-1"), Some("{\"amount\": "));
        assert_eq!((answer.status, answer.code()), (400, "invalid_json"));
        assert_eq!(
            world.post("commands/make_money", "j-2", &json!({})).expect(404).code(),
            "unknown_command"
        );
        assert_eq!(world.post("transactions", &"x".repeat(256), &food("1")).status, 400);
        assert_eq!(world.client.command("no%20such", "create_transaction", "1", &food("1")).status, 400);
        assert_eq!(world.client.command(&"u".repeat(129), "create_transaction", "1", &food("1")).status, 400);
        assert_eq!(world.get("budgets?month=2026-13").expect(400).field(), "month");
        assert_eq!(world.get("transactions?limt=3").expect(400).field(), "limt");
        assert_eq!(world.get("transactions?limit=0").expect(400).field(), "limit");
    });
}
