//! Figures as of an earlier position.

use super::{Fault, House, budget, insist, post, user};
use crate::Engine;
use crate::api::{EngineError, Position};
use centime_domain::{Month, Query};
use std::time::Duration;

/// What was spent on food as of a position, or why that can't be told.
async fn spent_at(engine: &Engine, at: Position) -> Result<String, String> {
    let month = Month::read("2026-03").expect("a month");
    let answer = loop {
        // A shard that starts afresh is not ready for a moment.
        match engine.query_at(user("ann"), Query::Budgets { month }, at, None).await {
            Err(EngineError::NotReady) => tokio::time::sleep(Duration::from_millis(2)).await,
            answer => break answer.expect("an answer"),
        }
    };
    match answer.body {
        Ok(body) => {
            assert_eq!(answer.position, at);
            Ok(body["items"][0]["spent"].as_str().unwrap_or("nobody").to_owned())
        }
        Err(refusal) => Err(refusal.code.into_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_those_of_then_and_nothing_uncommitted_is_seen() {
    let house = House::new();
    let engine = house.engine().await;
    budget(&engine, "ann", "10").await;
    let first = insist(&engine, "ann", "t1", "3").await.position;
    let second = insist(&engine, "ann", "t2", "4").await.position;
    house.log.fail_next(Fault::Refused);
    assert!(post(&engine, "ann", "t3", "5").await.is_err());
    let later = Position { sequence: second.sequence + 1, ..second };
    assert_eq!(spent_at(&engine, later).await, Err("unknown_position".to_owned()));
    let other = Position { partition: first.partition ^ 1, ..first };
    assert_eq!(spent_at(&engine, other).await, Err("unknown_position".to_owned()));
    let third = insist(&engine, "ann", "t3", "5").await.position;
    for (position, expected) in [(first, "3"), (second, "7"), (third, "12")] {
        assert_eq!(spent_at(&engine, position).await.as_deref(), Ok(expected));
    }
    let nothing = Position { sequence: 0, ..first };
    assert_eq!(spent_at(&engine, nothing).await.as_deref(), Ok("nobody"));
    let balance = engine.query_at(user("ann"), Query::Balance, first, None).await.expect("an answer");
    assert_eq!(balance.body.expect_err("refused").code, "current_only");
    engine.stop().await;
}
