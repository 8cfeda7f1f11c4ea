//! The engine on a log that fails on command: what is told, and what is true afterwards.

mod faulty;
mod past;
mod size;

use crate::api::{Bus, EngineConfig, EngineError, NewCommand, Position, Reply};
use crate::{Clock, Engine};
use centime_domain::{CommandId, Outcome, Query, UserId};
use centime_state::{MemoryStore, StateStore};
use faulty::{Fault, FaultyLog};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Only ever met by a hang.
const PATIENCE: Duration = Duration::from_mins(1);

struct House {
    log: Arc<FaultyLog>,
    store: Arc<dyn StateStore>,
}

impl House {
    fn new() -> Self {
        Self::far_away(Duration::ZERO)
    }

    /// With commits that take so long.
    fn far_away(delay: Duration) -> Self {
        Self { log: Arc::new(FaultyLog::new(4, delay)), store: Arc::new(MemoryStore::new()) }
    }

    /// An engine on this house's log and store, ready.
    async fn engine(&self) -> Engine {
        self.engine_with(64 << 20).await
    }

    async fn engine_with(&self, memory_budget: usize) -> Engine {
        let config = EngineConfig {
            bus: Bus::InMemory,
            data_dir: std::path::PathBuf::new(),
            shards: 2,
            partitions: 4,
            memory_budget,
            write_behind: Duration::from_millis(20),
            clock: Arc::new(Clock::default()),
            panic_id: Some("panic-".to_owned()),
        };
        let engine = Engine::start_on(Arc::new(self.log.reopened()), Arc::clone(&self.store), config)
            .expect("the engine starts");
        while !engine.ready() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        engine
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a valid user")
}

async fn post(engine: &Engine, name: &str, id: &str, amount: &str) -> Result<Reply, EngineError> {
    let data = format!(
        r#"{{"transaction_type":"Expense","amount":"{amount}","currency":"EUR","category":"food","date":"2026-03-04"}}"#
    );
    let id = CommandId::parse(id).expect("a valid id");
    let kind = "create_transaction".to_owned();
    engine.submit(NewCommand { user: user(name), id, time: None, kind, data: data.into() }).await
}

/// Posts until it is answered: what a careful client does with the same id.
async fn insist(engine: &Engine, name: &str, id: &str, amount: &str) -> Reply {
    until_answered(id, || post(engine, name, id, amount)).await
}

/// Asks until there is an answer.
async fn until_answered<F>(id: &str, ask: impl Fn() -> F) -> Reply
where
    F: Future<Output = Result<Reply, EngineError>>,
{
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match ask().await {
            Ok(reply) => return reply,
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
    panic!("{id} was never answered");
}

async fn budget(engine: &Engine, name: &str, limit: &str) {
    let data = format!(r#"{{"category":"food","limit":"{limit}","currency":"EUR","from":"2026-01"}}"#);
    let id = CommandId::parse(&format!("budget-{name}")).expect("a valid id");
    let kind = "set_budget".to_owned();
    let command = NewCommand { user: user(name), id, time: None, kind, data: data.into() };
    engine.submit(command).await.expect("the budget is set");
}

async fn spent(engine: &Engine, name: &str, at_least: Option<Position>) -> String {
    let month = centime_domain::Month::read("2026-03").expect("a month");
    let answer = engine.query(user(name), Query::Budgets { month }, at_least).await.expect("an answer");
    let body = answer.body.expect("budgets");
    body["items"][0]["spent"].as_str().expect("an amount").to_owned()
}

fn alerts(reply: &Reply) -> Vec<&'static str> {
    match &reply.outcome {
        Outcome::Accepted(events) => {
            events.iter().filter(|e| e.is_alert()).map(centime_domain::Event::type_name).collect()
        }
        Outcome::Refused(_) => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_the_log_does_not_take_leaves_no_trace_and_can_be_sent_again() {
    let house = House::new();
    let engine = house.engine().await;
    budget(&engine, "ann", "10").await;
    house.log.fail_next(Fault::Refused);
    assert!(post(&engine, "ann", "t1", "11").await.is_err(), "nobody is told yes");
    let reply = insist(&engine, "ann", "t1", "11").await;
    assert!(!reply.repeated, "the refused batch was never true");
    assert_eq!(alerts(&reply).last(), Some(&"budget_exceeded"));
    assert_eq!(spent(&engine, "ann", Some(reply.position)).await, "11");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_in_the_future_is_refused_at_once_where_no_other_node_commits() {
    let house = House::new();
    let engine = house.engine().await;
    let last = insist(&engine, "ann", "t1", "11").await.position;
    let ask = |at: Position| engine.query(user("ann"), Query::Balance, Some(at));
    assert!(ask(last).await.is_ok());
    let next = Position { sequence: last.sequence + 1, ..last };
    let told = tokio::time::timeout(Duration::from_secs(10), ask(next)).await.expect("at once");
    assert!(matches!(told, Err(EngineError::UnknownPosition { last: known }) if known == last), "{told:?}");
    let elsewhere = Position { partition: (last.partition + 1) % 4, sequence: 1_000 };
    assert!(ask(elsewhere).await.is_ok(), "positions of other partitions say nothing of this one");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_commit_that_was_true_counts_once() {
    let house = House::new();
    let engine = house.engine().await;
    budget(&engine, "ann", "10").await;
    house.log.fail_next(Fault::DoubtDone);
    assert!(post(&engine, "ann", "t1", "11").await.is_err(), "doubt is not told as success");
    let reply = insist(&engine, "ann", "t1", "11").await;
    assert!(reply.repeated, "the journal knew it");
    assert_eq!(alerts(&reply).last(), Some(&"budget_exceeded"), "the first answer again");
    assert_eq!(spent(&engine, "ann", Some(reply.position)).await, "11");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_commit_that_was_not_true_is_decided_anew() {
    let house = House::new();
    let engine = house.engine().await;
    budget(&engine, "ann", "10").await;
    house.log.fail_next(Fault::DoubtNotDone);
    assert!(post(&engine, "ann", "t1", "11").await.is_err());
    let reply = insist(&engine, "ann", "t1", "11").await;
    assert!(!reply.repeated);
    assert_eq!(spent(&engine, "ann", Some(reply.position)).await, "11");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_commits_fail_every_transaction_counts_once() {
    let house = House::new();
    let engine = house.engine().await;
    for name in ["ann", "bob", "cyd"] {
        budget(&engine, name, "50").await;
    }
    for n in 0..120 {
        match n % 7 {
            2 => house.log.fail_next(Fault::Refused),
            4 => house.log.fail_next(Fault::DoubtDone),
            6 => house.log.fail_next(Fault::DoubtNotDone),
            _ => {}
        }
        let name = ["ann", "bob", "cyd"][n % 3];
        insist(&engine, name, &format!("t{n}"), "1").await;
    }
    for name in ["ann", "bob", "cyd"] {
        assert_eq!(spent(&engine, name, None).await, "40", "{name}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_during_a_commit_counts_once_whatever_becomes_of_it() {
    let house = House::far_away(Duration::from_millis(3));
    let engine = house.engine_with(1).await;
    let names = ["ann", "bob", "cyd", "dan", "eve", "fay"];
    for name in names {
        budget(&engine, name, "50").await;
    }
    // Several clients, so that commands come while others' are being committed.
    let clients = (0..12).map(async |client| {
        for n in 0..20 {
            match (client + n) % 9 {
                2 => house.log.fail_next(Fault::Refused),
                4 => house.log.fail_next(Fault::DoubtDone),
                6 => house.log.fail_next(Fault::DoubtNotDone),
                _ => {}
            }
            let name = names[(client + n) % names.len()];
            let reply = insist(&engine, name, &format!("t{client}-{n}"), "1").await;
            let answer = spent(&engine, name, Some(reply.position)).await;
            assert!(answer.parse::<u32>().expect("a whole number") > 0, "one's own write is seen");
        }
    });
    futures::future::join_all(clients).await;
    for name in names {
        assert_eq!(spent(&engine, name, None).await, "40", "{name}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_may_be_tiny_and_the_store_may_go() {
    let mut house = House::new();
    // Room for nobody: everybody is passivated at once and comes back from pages.
    let engine = house.engine_with(1).await;
    for n in 0..300 {
        insist(&engine, &format!("user-{}", n % 30), &format!("t{n}"), "1").await;
    }
    for n in 0..30 {
        budget(&engine, &format!("user-{n}"), "100").await;
    }
    engine.stop().await;
    for store in [Arc::clone(&house.store), Arc::new(MemoryStore::new()) as Arc<dyn StateStore>] {
        house.store = store;
        let engine = house.engine().await;
        for n in 0..30 {
            assert_eq!(spent(&engine, &format!("user-{n}"), None).await, "10");
        }
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_journal_is_found_out_and_rebuilt() {
    let (one, mut other) = (House::new(), House::new());
    let engine = one.engine().await;
    budget(&engine, "ann", "10").await;
    for n in 0..20 {
        insist(&engine, "ann", &format!("one-{n}"), "1").await;
    }
    engine.stop().await;
    let engine = other.engine().await;
    budget(&engine, "ann", "10").await;
    for n in 0..30 {
        insist(&engine, "ann", &format!("other-{n}"), "2").await;
    }
    engine.stop().await;
    other.store = one.store;
    let engine = other.engine().await;
    assert_eq!(spent(&engine, "ann", None).await, "60");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_panics_is_set_aside_and_the_rest_goes_on() {
    let house = House::new();
    let engine = house.engine().await;
    budget(&engine, "ann", "10").await;
    assert!(matches!(post(&engine, "ann", "panic-1", "1").await, Err(EngineError::Poisoned)));
    let reply = insist(&engine, "ann", "t1", "3").await;
    assert_eq!(spent(&engine, "ann", Some(reply.position)).await, "3");
    engine.stop().await;
    let letters = house.log.dead_letters();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("failed inside centime"));
    let bytes = String::from_utf8_lossy(&letters[0].value);
    assert!(bytes.contains("panic-1"), "its bytes are kept: {bytes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_every_event_once_across_doubt_and_resumes_where_it_was() {
    use futures::StreamExt as _;
    let house = House::new();
    let engine = house.engine().await;
    let mut live = engine.subscribe(user("ann"), None).await.expect("a feed");
    for n in 0..40 {
        if n % 5 == 3 {
            house.log.fail_next(if n % 2 == 0 { Fault::DoubtDone } else { Fault::DoubtNotDone });
        }
        insist(&engine, "ann", &format!("t{n}"), "1").await;
    }
    let mut seen = Vec::new();
    while seen.len() < 40 {
        seen.push(live.next().await.expect("the feed goes on").position);
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "in order, none twice: {seen:?}");
    insist(&engine, "bob", "t1", "1").await;
    let (_, export) = engine.export(user("ann"), None).await.expect("an export");
    let exported: Vec<_> = export.map(|event| event.expect("it is whole").position).collect().await;
    assert_eq!(exported, seen, "an export is all of the past, and ends");
    let past = engine.subscribe(user("ann"), Some(seen[9])).await.expect("a feed");
    let past: Vec<_> = past.take(30).map(|e| e.position).collect().await;
    assert_eq!(past, seen[10..], "all after the tenth, from the journal");
    engine.stop().await;
}
