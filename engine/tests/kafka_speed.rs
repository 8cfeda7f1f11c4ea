//! How fast the Kafka log is. Prints figures, checks none:
//! `CENTIME_TEST_SPEED=yes cargo test --profile tests -p centime-engine --test kafka_speed -- --nocapture`.
//! `CENTIME_TEST_KAFKA="linger.ms=5"` tries other client settings.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod kafka_support;

use centime_domain::UserId;
use centime_engine::log::{Batch, Log, PartitionCommit};
use centime_engine::partition_of;
use kafka_support::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const EVENT: &[u8] = &[b'e'; 450];

struct Load {
    node: Node,
    users: Vec<UserId>,
    journals: BTreeMap<u16, (u64, u64)>,
}

impl Load {
    fn start() -> Self {
        let mut config = config("speed", "a");
        let more = std::env::var("CENTIME_TEST_KAFKA").unwrap_or_default();
        let pairs = more.split_whitespace().filter_map(|pair| pair.split_once('='));
        config.settings.extend(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())));
        // A group of its own each time: the journal says where it ends, but not its hash; nobody reads it here.
        config.group = format!("speed-{}", std::process::id());
        let node = Node::start_with(config);
        let journals = (0..PARTITIONS).map(|p| (p, (node.taken(p).1, 0))).collect();
        let users = (0..10_000).map(|i| UserId::parse(&format!("user-{i}")).unwrap()).collect();
        Self { node, users, journals }
    }

    /// Commits one event for each of `numbers`.
    fn commit(&mut self, numbers: std::ops::Range<usize>) {
        let mut batch = Batch { bytes: EVENT.to_vec(), ..Batch::default() };
        let mut touched = BTreeMap::new();
        for number in numbers {
            let user = &self.users[number * 7919 % self.users.len()];
            *touched.entry(partition_of(user, PARTITIONS)).or_insert(0) += 1;
            batch.events.push(centime_engine::log::EncodedEvent {
                type_index: 0,
                user: user.clone(),
                range: 0..EVENT.len(),
            });
        }
        for (partition, count) in touched {
            let (sequence, hash) = self.journals[&partition];
            let (mut frame, next) = frame(partition, sequence + 1, hash);
            // As large as so many decisions are.
            frame.resize(frame.len() + count * 100, 7);
            self.journals.insert(partition, (sequence + 1, next));
            batch.partitions.push(PartitionCommit {
                partition,
                epoch: 0,
                sequence: sequence + 1,
                frame,
                next_offsets: vec![(0, 1)],
                dead_letters: vec![],
            });
        }
        self.node.commit(&mut batch).unwrap();
    }
}

#[test]
fn speed() {
    if std::env::var_os("CENTIME_TEST_SPEED").is_none() {
        return;
    }
    let mut load = Load::start();
    for batch in [1_000, 5_000, 20_000] {
        let began = Instant::now();
        let mut done = 0;
        while began.elapsed() < Duration::from_secs(4) {
            load.commit(done..done + batch);
            done += batch;
        }
        let rate = done as f64 / began.elapsed().as_secs_f64();
        println!("back to back, {batch} events a batch: {rate:.0} events/s");
    }
    paced(&mut load, 5_000.0);
    asking(&load.node);
    feeding(&load.node);
}

/// Commands come at a steady pace; each batch takes what is there.
fn paced(load: &mut Load, rate: f64) {
    let began = Instant::now();
    let (mut done, mut waits) = (0, Vec::new());
    while began.elapsed() < Duration::from_secs(8) {
        let due = (began.elapsed().as_secs_f64() * rate) as usize;
        if due == done {
            std::thread::sleep(Duration::from_micros(100));
            continue;
        }
        load.commit(done..due);
        let now = began.elapsed().as_secs_f64();
        waits.extend((done..due).map(|i| now - i as f64 / rate));
        done = due;
    }
    waits.sort_by(f64::total_cmp);
    let at = |q: f64| waits[(waits.len() as f64 * q) as usize] * 1000.0;
    println!("{rate}/s: p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms", at(0.5), at(0.99), at(0.999));
}

/// What proving ownership costs a batch of queries only.
fn asking(node: &Node) {
    let began = Instant::now();
    for _ in 0..200 {
        node.committer.lock().unwrap().still_owner(&[1, 5, 9]).unwrap();
    }
    println!("still owner? {:.2} ms", began.elapsed().as_secs_f64() * 5.0);
}

/// From the commands topic to the shard's inbox, parsed.
fn feeding(node: &Node) {
    const N: usize = 300_000;
    let user = user_of(8);
    let place = centime_domain::Command::types().iter().position(|t| *t == "set_budget").unwrap();
    let index = u8::try_from(place + 1).unwrap();
    for i in 0..N {
        let envelope = format!(
            r#"{{"specversion":"1.0","id":"id-{i}","source":"/t","type":"set_budget","subject":"{}","time":"2026-01-02T03:04:05Z","data":{{"category":"food","limit":"{i}"}}}}"#,
            user.as_str()
        );
        while let Some(mut answer) = node.log.produce("set_budget", &user, envelope.clone().into_bytes()) {
            match answer.try_recv() {
                Ok(Err(_)) => std::thread::sleep(Duration::from_millis(10)),
                _ => break,
            }
        }
    }
    std::thread::sleep(Duration::from_secs(2));
    let began = Instant::now();
    node.log.resume(8, node.taken(8).0, &[(index, 0)]);
    wait_for("the commands", || (node.notes.records.lock().unwrap().len() >= N).then_some(()));
    println!("fed: {:.0} commands/s on one thread", N as f64 / began.elapsed().as_secs_f64());
}
