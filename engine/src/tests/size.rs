//! What commands come to, and how much of it the log takes at a time.

use super::*;
use serde_json::json;

async fn post_large(engine: &Engine, id: &str, note: usize, tags: usize) -> Result<Reply, EngineError> {
    let tags: Vec<String> = (0..tags).map(|n| format!("{n:0>100}")).collect();
    let data = json!({
        "transaction_type": "Expense", "amount": "1", "currency": "EUR", "category": "food", "date": "2026-03-04",
        "note": "x".repeat(note), "tags": tags,
    });
    let id = CommandId::parse(id).expect("a valid id");
    let (user, kind) = (user("ann"), "create_transaction".to_owned());
    engine.submit(NewCommand { user, id, time: None, kind, data: data.to_string().into() }).await
}

/// What is posted at once is decided at once, and comes to more than the log takes (8 kB here).
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_to_too_much_is_decided_in_parts_and_each_command_counts_once() {
    let house = House::far_away(Duration::from_millis(5));
    let engine = house.engine().await;
    budget(&engine, "ann", "10").await;
    let clients = (0..40).map(async |n| {
        let id = format!("t{n}");
        until_answered(&id, || post_large(&engine, &id, 3_000, 0)).await;
    });
    futures::future::join_all(clients).await;
    assert_eq!(spent(&engine, "ann", None).await, "40");
    engine.stop().await;
    assert!(house.log.largest_record() < 8_200, "{}", house.log.largest_record());
    assert_eq!(house.log.dead_letters(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_comes_to_too_much_by_itself_is_set_aside_and_the_rest_goes_on() {
    let house = House::new();
    let engine = house.engine().await;
    budget(&engine, "ann", "10").await;
    let began = Instant::now();
    let mut answer = Err(EngineError::NotReady);
    while matches!(answer, Err(EngineError::NotReady)) && began.elapsed() < PATIENCE {
        answer = post_large(&engine, "huge", 4_000, 50).await;
    }
    assert!(matches!(answer, Err(EngineError::Poisoned)), "{answer:?}");
    let reply = insist(&engine, "ann", "t1", "3").await;
    assert_eq!(spent(&engine, "ann", Some(reply.position)).await, "3");
    engine.stop().await;
    let letters = house.log.dead_letters();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("more than the log takes"), "{}", letters[0].reason);
}
