//! Small batches of different shards travel together. What a Kafka commit costs the broker hardly depends on how much is
//! in it, and under a light load every shard has a little: committed together it is done in half the requests.
//!
//! Large batches travel alone: while one shard's is under way, another shard decides.

use super::cluster::{Cluster, Lane};
use super::committer::{Failed, Load, Pair};
use crate::log::{Batch, CommitError, LogError};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Events of a large batch.
const LARGE: usize = 400;
/// How long shards that travelled together the last time wait for each other. As much as it takes to decide on a small
/// batch: shards that set out together come back together.
const PATIENCE: Duration = Duration::from_millis(8);

/// A shard's batch on its way.
struct Passenger {
    shard: usize,
    batch: Batch,
    answer: Sender<Result<Vec<u64>, CommitError>>,
}

/// The way to the thread that commits what shards have for it. The thread ends when all ways to it are gone.
pub(super) struct Convoy {
    boarding: Sender<Passenger>,
    pair: Arc<Mutex<Pair>>,
}

impl Convoy {
    /// Opens its producers and starts its thread.
    pub(super) fn start(cluster: Arc<Cluster>) -> Result<Self, LogError> {
        let mut pair = Pair::new(cluster, Lane::Convoy);
        pair.open().map_err(|e| LogError::Unavailable(format!("no Kafka producer for all shards: {e}")))?;
        let pair = Arc::new(Mutex::new(pair));
        let (boarding, passengers) = channel();
        let producers = Arc::clone(&pair);
        std::thread::Builder::new()
            .name("convoy".to_owned())
            .spawn(move || travel(&producers, &passengers))
            .map_err(|e| LogError::Unavailable(format!("no thread for the shards' common commits: {e}")))?;
        Ok(Self { boarding, pair })
    }

    /// Whether a batch is small enough.
    pub(super) fn takes(batch: &Batch) -> bool {
        batch.events.len() < LARGE
    }

    /// Commits a shard's batch together with whatever else is there. Blocks.
    pub(super) fn commit(&self, shard: usize, batch: Batch) -> Result<Vec<u64>, CommitError> {
        let ended = || CommitError::Fatal("the thread of the shards' common commits has ended".to_owned());
        let (answer, result) = channel();
        self.boarding.send(Passenger { shard, batch, answer }).map_err(|_| ended())?;
        result.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// After doubt: opens the producers anew, which settles what they have left open.
    pub(super) fn renew(&self) -> Result<(), String> {
        super::lock(&self.pair).renew()
    }
}

fn travel(pair: &Mutex<Pair>, passengers: &Receiver<Passenger>) {
    let mut companions = Vec::new();
    while let Ok(first) = passengers.recv() {
        let aboard = board(first, passengers, &companions);
        companions = aboard.iter().map(|p| p.shard).collect();
        arrive(&mut super::lock(pair), &aboard);
    }
}

/// Who is there; whoever came along the last time is waited for a moment.
fn board(first: Passenger, passengers: &Receiver<Passenger>, companions: &[usize]) -> Vec<Passenger> {
    let began = Instant::now();
    let mut aboard = vec![first];
    let missing = |aboard: &[Passenger]| companions.iter().any(|c| aboard.iter().all(|p| p.shard != *c));
    while missing(&aboard)
        && let Ok(next) = passengers.recv_timeout(PATIENCE.saturating_sub(began.elapsed()))
    {
        aboard.push(next);
    }
    aboard.extend(passengers.try_iter());
    aboard
}

fn arrive(pair: &mut Pair, aboard: &[Passenger]) {
    let loads: Vec<_> = aboard.iter().map(|p| Load { shard: p.shard, batch: &p.batch }).collect();
    match pair.commit(&loads) {
        Ok(hints) => {
            let mut rest = &hints[..];
            for passenger in aboard {
                let (own, others) = rest.split_at(passenger.batch.partitions.len());
                rest = others;
                tell(passenger, Ok(own.to_vec()));
            }
        }
        // What one of them must not do is no reason to refuse the others; nor is a leader that has moved, which producers
        // opened anew know of. (If they can't be opened, each commit says so.)
        Err(Failed::Aborted(_)) => {
            drop(pair.renew());
            for (passenger, load) in aboard.iter().zip(loads) {
                tell(passenger, pair.commit_one(load));
            }
        }
        Err(Failed::Unknown(text)) => {
            for passenger in aboard {
                tell(passenger, Err(CommitError::Doubt(text.clone())));
            }
        }
    }
}

fn tell(passenger: &Passenger, result: Result<Vec<u64>, CommitError>) {
    // A shard that no longer waits has ended.
    drop(passenger.answer.send(result));
}
