//! The live feed: nothing missing, nothing twice, from wherever one was.

use super::world::{World, food, on_both};
use crate::support::topics::{Record, read_committed};
use serde_json::{Value, json};

fn create(world: &mut World, ids: std::ops::Range<usize>) {
    for n in ids {
        world.post("transactions", &format!("f-{n}"), &food("1")).expect(201);
    }
}

fn causes(told: &[crate::support::feed::Told]) -> Vec<&str> {
    told.iter().map(crate::support::feed::Told::cause).collect()
}

#[test]
fn an_event_is_told_as_it_happens_in_a_cloud_events_envelope() {
    on_both("live", |world| {
        let feed = world.client.follow("live", None, "");
        create(world, 1..2);
        let told = feed.take(1).remove(0);
        let envelope = &told.envelope;
        let fields = ["specversion", "type", "subject", "datacontenttype", "causationid"]
            .map(|field| envelope[field].clone());
        assert_eq!(
            fields,
            ["1.0", "transaction_created", "live", "application/json", "f-1"].map(|text| json!(text))
        );
        for field in ["id", "source", "time", "sequence"] {
            assert!(envelope[field].is_string(), "{field} in {envelope}");
        }
        assert_eq!(
            (&*told.id, &*told.kind),
            (envelope["sequence"].as_str().expect("text"), "transaction_created")
        );
        let parts: Vec<u64> = told.id.split(':').map(|part| part.parse().expect("a number")).collect();
        assert_eq!(parts.len(), 3, "partition, sequence, index");
        assert_eq!(envelope["data"]["id"], "f-1");
    });
}

#[test]
fn a_feed_resumes_after_any_event_without_gap_or_repeat() {
    on_both("resume", |world| {
        world.put("budgets/Food", "f-0", &json!({"limit": "2", "from": "2026-02"})).expect(200);
        create(world, 1..6);
        let all = world.feed();
        assert_eq!(causes(&all), ["f-0", "f-1", "f-2", "f-2", "f-2", "f-3", "f-3", "f-4", "f-5"]);
        for at in 0..all.len() {
            let feed = world.client.follow("resume", Some(&all[at].id), "");
            assert_eq!(feed.take(all.len() - at - 1), all[at + 1..], "after {}", all[at].id);
        }
    });
}

#[test]
fn a_resumed_feed_goes_over_from_past_to_present() {
    on_both("seam", |world| {
        create(world, 1..3);
        let past = world.feed();
        let feed = world.client.follow("seam", Some(&past[0].id), "");
        create(world, 3..30);
        let told = feed.take(28);
        assert_eq!(causes(&told), (2..30).map(|n| format!("f-{n}")).collect::<Vec<_>>());
    });
}

#[test]
fn a_feed_may_be_narrowed_to_types() {
    on_both("types", |world| {
        let feed = world.client.follow("types", None, "?types=budget_exceeded,budget_recovered");
        world.put("budgets/Food", "f-0", &json!({"limit": "1", "from": "2026-02"})).expect(200);
        create(world, 1..3);
        world.delete("transactions/f-1", "f-3").expect(200);
        let told = feed.take(2);
        let kinds: Vec<&str> = told.iter().map(|told| told.kind.as_str()).collect();
        assert_eq!(kinds, ["budget_exceeded", "budget_recovered"]);
        let refusal =
            world.client.try_follow("types", None, "?types=fireworks").err().expect("an unknown type");
        assert!(refusal.starts_with("400"), "{refusal}");
    });
}

#[test]
fn a_feed_shows_its_own_user_only() {
    on_both("own", |world| {
        let feed = world.client.follow("own", None, "");
        // Enough others that some share a partition.
        for n in 0..30 {
            world.client.command(&format!("own-{n}"), "create_transaction", "x", &food("1")).expect(201);
        }
        create(world, 1..2);
        assert_eq!(feed.take(1)[0].envelope["subject"], "own");
    });
}

#[test]
fn what_the_feed_tells_is_what_the_topics_hold() {
    on_both("topics", |world| {
        world.put("budgets/Food", "f-0", &json!({"limit": "1", "from": "2026-02"})).expect(200);
        create(world, 1..3);
        let told: Vec<Value> = world
            .feed()
            .into_iter()
            .map(|told| told.envelope)
            .filter(|e| e["type"] == "budget_exceeded")
            .collect();
        assert_eq!(told.len(), 1);
        // Only Kafka has topics.
        if let Some(broker) = &world.engine.broker {
            let records = read_committed(&broker.address(), "events.budget_exceeded");
            let own: Vec<Value> =
                records.iter().map(Record::envelope).filter(|e| e["subject"] == "topics").collect();
            assert_eq!(own, told);
        }
    });
}
