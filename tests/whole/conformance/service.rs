//! What the process says about itself.

use super::world::{food, on_both};
use crate::support::wait_until;
use reqwest::Method;
use serde_json::json;

#[test]
fn a_running_engine_is_live_and_ready() {
    on_both("health", |world| {
        world.client.get("/health/live").expect(200);
        world.client.get("/health/ready").expect(200);
    });
}

#[test]
fn metrics_count_what_was_decided() {
    on_both("metrics", |world| {
        let before = world.engine.server.metric("centime_commands_total");
        for n in 0..10 {
            world.post("transactions", &format!("m-{n}"), &food("1")).expect(201);
        }
        wait_until("ten more commands in the metrics", || {
            world.engine.server.metric("centime_commands_total") >= before + 10.0
        });
    });
}

#[test]
fn the_commands_there_are_can_be_asked_for() {
    on_both("registry", |world| {
        let items = world.client.get("/v1/commands").expect(200).body["items"].clone();
        let types: Vec<&str> =
            items.as_array().expect("a list").iter().filter_map(|item| item["type"].as_str()).collect();
        for kind in ["create_transaction", "update_transaction", "delete_transaction", "set_budget"] {
            assert!(types.contains(&kind), "{kind} in {types:?}");
        }
    });
}

#[test]
fn a_test_clock_moves_forward_and_dates_what_has_no_date() {
    on_both("clock", |world| {
        let mut undated = food("1");
        undated.as_object_mut().expect("an object").remove("date");
        let answer = world.post("transactions", "c-1", &undated).expect(201);
        assert_eq!(answer.body["events"][0]["data"]["date"], "2026-02-10");
        let back = json!({"to": "2026-02-09T00:00:00Z"}).to_string();
        let refused = world.client.send(&Method::POST, "/v1/admin/clock", &[], Some(&back));
        assert_eq!(refused.status, 409, "{}", refused.text);
        let forward = json!({"to": "2026-02-10T18:00:00Z"}).to_string();
        world.client.send(&Method::POST, "/v1/admin/clock", &[], Some(&forward)).expect(200);
        let answer = world.post("transactions", "c-2", &undated).expect(201);
        assert_eq!(answer.body["events"][0]["data"]["date"], "2026-02-10");
        let told = world.feed();
        assert!(told[1].envelope["time"].as_str() >= Some("2026-02-10T18:00:00"), "{}", told[1].envelope);
    });
}

#[test]
fn beyond_loopback_it_does_not_start_without_sign_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("UTF-8").to_owned();
    let (fine, _, error) =
        crate::support::server::run(&["serve", "--listen", "0.0.0.0:0", "--data-dir", &data]);
    assert!(!fine && error.contains("loopback"), "{error}");
}
