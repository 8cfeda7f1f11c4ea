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

    /// Commits a batch. It is on its way when this returns.
    pub(super) fn commit(&self, batch: Batch) -> impl Future<Output = Result<Vec<u64>, CommitError>> + use<> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Commit(batch, reply));
        of_thread(answer)
    }

    /// Proves that the partitions are still this shard's.
    pub(super) fn prove(
        &self,
        partitions: Vec<u16>,
    ) -> impl Future<Output = Result<(), CommitError>> + use<> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Prove(partitions, reply));
        of_thread(answer)
    }

    /// Asks the log to settle what is open and to hand the shard again what it had, under which epochs.
    pub(super) fn reset(&self, forgotten: Vec<(u16, u64)>) {
        self.send(Job::Reset(forgotten));
    }

    fn send(&self, job: Job) {
        // A thread that has ended drops the job: who waits for its answer meets that.
        let _ = self.0.send(job);
    }
}

async fn of_thread<T>(answer: oneshot::Receiver<Result<T, CommitError>>) -> Result<T, CommitError> {
    answer.await.unwrap_or_else(|_| Err(CommitError::Fatal("the commit thread has ended".to_owned())))
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
