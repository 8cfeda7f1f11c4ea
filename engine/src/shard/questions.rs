//! Queries: answered between batches, when memory is what is committed.

use super::Shard;
use crate::EngineError;
use crate::api::{Answer, Position};
use crate::log::CommitError;
use crate::request::{Question, Request};
use centime_actors::TakePages;
use std::collections::BTreeSet;

impl Shard {
    /// Answers what can be answered; what is ahead of the journal waits.
    pub(super) async fn answer(&mut self, new: Vec<Question>) {
        if new.is_empty() && self.later.is_empty() {
            return;
        }
        let asked = std::mem::take(&mut self.later).into_iter().chain(new);
        let mut now = Vec::new();
        for question in asked.filter(|q| !q.reply.is_closed()) {
            match self.partitions.get_mut(&question.partition) {
                None => Request::Query(Box::new(question)).fail(EngineError::NotReady),
                Some(owned) if !owned.ready => owned.park(Request::Query(Box::new(question))),
                // Another node may have committed it, and this one has not read it yet.
                Some(owned) if owned.committed.sequence < question.at_least && self.log.is_remote() => {
                    self.later.push(question);
                }
                Some(owned) if owned.committed.sequence < question.at_least => {
                    let last = Position { partition: question.partition, sequence: owned.committed.sequence };
                    Request::Query(Box::new(question)).fail(EngineError::UnknownPosition { last });
                }
                Some(_) => now.push(question),
            }
        }
        if now.is_empty() {
            return;
        }
        let partitions: BTreeSet<u16> = now.iter().map(|q| q.partition).collect();
        match self.commits.prove(partitions.into_iter().collect()).await {
            Ok(()) => self.ask(now),
            Err(CommitError::Fatal(why)) => crate::fatal(&why),
            Err(error) => {
                tracing::warn!(%error, "not the owner any more; questions go elsewhere");
                for question in now {
                    Request::Query(Box::new(question)).fail(EngineError::NotReady);
                }
                self.start_afresh();
            }
        }
    }

    fn ask(&mut self, questions: Vec<Question>) {
        let mut failed = false;
        for Question { user, partition, query, reply, .. } in questions {
            let committed = self.committed(partition);
            let position = Position { partition, sequence: committed.sequence };
            // Who no longer waits needs no answer.
            match self.directory.ask(&user, partition, query, committed) {
                Ok(body) => drop(reply.send(Ok(Answer { body, position }))),
                Err(error) => {
                    tracing::error!(%error, "a question could not be answered");
                    drop(reply.send(Err(EngineError::NotReady)));
                    failed = true;
                }
            }
        }
        if failed {
            self.start_afresh();
        }
    }

    /// How far a partition is, as actors need it.
    pub(super) fn committed(&self, partition: u16) -> TakePages {
        let cursor = self.partitions.get(&partition).map(|owned| owned.committed).unwrap_or_default();
        TakePages { sequence: cursor.sequence, hash: cursor.hash }
    }
}
