//! Commits block, so they have a thread of their own; the shard awaits its answers.

use crate::log::{Batch, CommitError, Committer, Log, LogError};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

enum Job {
    Commit(Batch, oneshot::Sender<Result<Vec<u64>, CommitError>>),
    Prove(Vec<u16>, oneshot::Sender<Result<(), CommitError>>),
    Reset(Vec<(u16, u64)>),
}

/// A shard's commit thread. Ends when dropped.
pub(super) struct CommitThread(mpsc::Sender<Job>);

impl CommitThread {
    pub(super) fn start(log: &Arc<dyn Log>, shard: usize) -> Result<Self, LogError> {
        let committer = log.committer(shard)?;
        let (jobs, todo) = mpsc::channel();
        let log = Arc::clone(log);
        std::thread::Builder::new()
            .name(format!("commit-{shard}"))
            .spawn(move || work(committer, &todo, log.as_ref(), shard))
            .map_err(|e| LogError::Unavailable(format!("no thread for commits: {e}")))?;
        Ok(Self(jobs))
    }

    /// Commits a batch.
    pub(super) async fn commit(&self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        self.ask(|reply| Job::Commit(batch, reply)).await
    }

    /// Proves that the partitions are still this shard's.
    pub(super) async fn prove(&self, partitions: Vec<u16>) -> Result<(), CommitError> {
        self.ask(|reply| Job::Prove(partitions, reply)).await
    }

    /// Asks the log to settle what is open and to hand the shard again what it had, under which epochs.
    pub(super) fn reset(&self, forgotten: Vec<(u16, u64)>) {
        // A thread that has ended has said why; the next commit meets it.
        let _ = self.0.send(Job::Reset(forgotten));
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, CommitError>>) -> Job,
    ) -> Result<T, CommitError> {
        let ended = || CommitError::Fatal("the commit thread has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        self.0.send(job(reply)).map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn work(mut committer: Box<dyn Committer>, todo: &mpsc::Receiver<Job>, log: &dyn Log, shard: usize) {
    while let Ok(job) = todo.recv() {
        // A shard that no longer waits has ended.
        match job {
            Job::Commit(batch, reply) => drop(reply.send(committer.commit(batch))),
            Job::Prove(partitions, reply) => drop(reply.send(committer.still_owner(&partitions))),
            Job::Reset(forgotten) => log.reset(shard, &forgotten),
        }
    }
}
