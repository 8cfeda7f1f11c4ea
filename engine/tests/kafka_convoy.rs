//! Two shards of one node on a real broker: their small batches are committed together.

#![allow(clippy::unwrap_used)]

mod kafka_support;

use centime_engine::log::kafka::KafkaLog;
use centime_engine::log::{Batch, CommitError, Committer, Cursor, Log};
use kafka_support::*;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, Producer};
use std::ops::ControlFlow;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

/// A node with two shards: even partitions are the first's, odd ones the second's.
struct Two {
    log: KafkaLog,
    notes: [Arc<Notes>; 2],
    committers: [Mutex<Box<dyn Committer>>; 2],
}

impl Two {
    fn start(group: &str) -> Self {
        let log = KafkaLog::open(config(group, "a")).unwrap();
        let committers = [0, 1].map(|shard| Mutex::new(log.committer(shard).unwrap()));
        let notes = [0, 1].map(|_| Arc::new(Notes::default()));
        log.start(vec![notes[0].clone(), notes[1].clone()]).unwrap();
        Self { log, notes, committers }
    }

    /// Waits until its shard has taken the partition under an epoch later than `after`; the epoch and the goal.
    fn taken_after(&self, wanted: u16, after: u64) -> (u64, u64) {
        wait_for("a partition to be taken", || {
            let told = self.notes[usize::from(wanted % 2)].told.lock().unwrap();
            told.iter().rev().find_map(|told| match told {
                Told::Take { partition, epoch, goal } if *partition == wanted && *epoch > after => {
                    Some((*epoch, *goal))
                }
                _ => None,
            })
        })
    }

    fn commit(&self, shard: usize, batch: &Batch) -> Result<Vec<u64>, CommitError> {
        self.committers[shard].lock().unwrap().commit(batch.clone())
    }

    /// Both shards commit at the same time, again and again, as shards do that have a little work each: afterwards they
    /// wait for each other. The chain hashes.
    fn rounds(&self, partitions: [u16; 2], epochs: [u64; 2], count: u64) -> [u64; 2] {
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            let shard = |shard: usize| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut hash = 0;
                    for sequence in 1..=count {
                        let (mut batch, next) = batch(partitions[shard], sequence, hash);
                        batch.partitions[0].epoch = epochs[shard];
                        barrier.wait();
                        self.commit(shard, &batch).unwrap();
                        hash = next;
                    }
                    hash
                })
            };
            [shard(0), shard(1)].map(|thread| thread.join().unwrap())
        })
    }

    fn sequences(&self, partition: u16, until: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        let journal = self.log.journal();
        let read = journal.read(partition, Cursor::default(), until, &mut |record, _| {
            seen.push(record.sequence);
            ControlFlow::Continue(())
        });
        read.unwrap();
        seen
    }
}

#[test]
fn shards_that_commit_at_the_same_time_each_get_their_own_answer() {
    let node = Two::start("together");
    let epochs = [node.taken_after(0, 0).0, node.taken_after(1, 0).0];
    node.rounds([0, 1], epochs, 20);
    assert_eq!(node.sequences(0, 20), (1..=20).collect::<Vec<_>>());
    assert_eq!(node.sequences(1, 20), (1..=20).collect::<Vec<_>>());
}

#[test]
fn a_batch_that_has_become_stale_does_not_keep_the_others_back() {
    let node = Two::start("companions");
    let epochs = [node.taken_after(2, 0).0, node.taken_after(3, 0).0];
    let hashes = node.rounds([2, 3], epochs, 3);
    let (mut stale, _) = batch(2, 4, hashes[0]);
    stale.partitions[0].epoch = epochs[0];
    node.log.reset(0, &[(2, epochs[0])]);
    node.taken_after(2, epochs[0]);
    let (mut good, _) = batch(3, 4, hashes[1]);
    good.partitions[0].epoch = epochs[1];
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let late = scope.spawn(|| {
            barrier.wait();
            node.commit(0, &stale)
        });
        barrier.wait();
        node.commit(1, &good).unwrap();
        assert!(matches!(late.join().unwrap(), Err(CommitError::Doubt(_))));
    });
    assert_eq!(node.sequences(3, 4), [1, 2, 3, 4]);
    assert_eq!(node.sequences(2, 3), [1, 2, 3]);
}

#[test]
fn small_batches_share_producers_and_large_ones_have_their_shards() {
    let node = Two::start("lanes");
    let (epoch, _) = node.taken_after(4, 0);
    for turn in 0..2 {
        let other = open_transaction(&format!("lanes-a-convoy-{turn}"));
        other.abort_transaction(Duration::from_secs(5)).unwrap();
    }
    let (mut large, hash) = batch(4, 1, 0);
    large.partitions[0].epoch = epoch;
    for _ in 0..400 {
        add_event(&mut large, &user_of(4), b"lanes-event");
    }
    node.commit(0, &large).unwrap();
    let (mut small, _) = batch(4, 2, hash);
    small.partitions[0].epoch = epoch;
    assert!(matches!(node.commit(0, &small), Err(CommitError::Doubt(_))), "its producers are fenced");
    // A reset settles those, too.
    node.log.reset(0, &[(4, epoch)]);
    let (newer, goal) = node.taken_after(4, epoch);
    assert_eq!(goal, 1);
    small.partitions[0].epoch = newer;
    node.commit(0, &small).unwrap();
}

#[test]
fn what_the_shards_of_a_dead_node_left_undecided_together_is_settled() {
    // The dead node had one commit, and died in the middle of the next.
    let dead = Two::start("left");
    let (epoch, _) = dead.taken_after(5, 0);
    let (mut first, hash) = batch(5, 1, 0);
    first.partitions[0].epoch = epoch;
    dead.commit(1, &first).unwrap();
    drop(dead);
    let open = open_transaction("left-a-convoy-0");
    let (frame, _) = frame(5, 2, hash + 1);
    let record = BaseRecord::<(), [u8]>::to("centime.journal").partition(5);
    open.send(record.payload(&frame)).map_err(|(error, _)| error).unwrap();
    open.flush(Duration::from_secs(5)).unwrap();

    let heir = Node::start_with(config("left", "b"));
    assert_eq!(heir.taken(5).1, 1);
    // It would end by itself after a minute, and hide until then what the heir commits.
    let (mut second, _) = batch(5, 2, hash);
    heir.commit(&mut second).unwrap();
    let frame = second.partitions[0].frame.clone();
    wait_for("the heir's commit to be seen", || {
        let seen = read_committed("centime.journal");
        seen.iter().any(|m| m.partition() == 5 && m.payload() == Some(&frame)).then_some(())
    });
    assert!(open.commit_transaction(Duration::from_secs(5)).is_err(), "it was not settled");
}
