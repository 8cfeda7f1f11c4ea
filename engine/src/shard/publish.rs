//! After the commit: memory moves on, whoever waits is answered, followers are told.

use super::Shard;
use super::decide::{Decision, Written};
use crate::EngineError;
use crate::api::{Position, Reply};
use crate::feed::numbers;
use crate::log::{Cursor, Journal};
use crate::record::CommitRecord;
use crate::request::ReplyTo;
use centime_domain::{CommandId, Entry, Outcome, UserId};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// Somebody waits for the answer to a command that was decided before.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) user: UserId,
    pub(super) id: CommandId,
    pub(super) partition: u16,
    pub(super) sequence: u64,
    pub(super) replies: Vec<ReplyTo>,
}

impl Shard {
    /// The batch is true. `hints`: where each record ended in the journal.
    pub(super) fn publish(&mut self, decision: Decision, hints: &[u64]) {
        let now = Instant::now();
        for (written, hint) in decision.partitions.values().zip(hints) {
            let owned =
                self.partitions.get_mut(&written.record.partition).expect("still owned: it committed");
            let cursor = Cursor { sequence: written.record.sequence, hash: written.hash, hint: *hint };
            owned.advance(cursor, &written.record.next_offsets);
            owned.decided += written.record.entries.len() as u64;
        }
        for (user, partition, alarm) in decision.alarms {
            self.set_alarm(&user, partition, alarm);
        }
        for (user, partition) in decision.changed {
            let before = self.partitions.get(&partition).map(|owned| owned.previous).unwrap_or_default();
            self.mark_changed(user, partition, before, now);
        }
        for written in decision.partitions.into_values() {
            self.tell(written);
        }
        for reply in decision.letter_replies {
            drop(reply.send(Ok(())));
        }
        for (user, id) in decision.buried {
            for reply in self.who_waits(&user, &id, None) {
                drop(reply.send(Err(EngineError::Poisoned)));
            }
        }
        let mut repeats: BTreeMap<u16, Vec<Repeat>> = BTreeMap::new();
        for repeat in decision.repeats {
            repeats.entry(repeat.partition).or_default().push(repeat);
        }
        for (partition, repeats) in repeats {
            answer_again(Arc::clone(&self.journal), partition, repeats);
        }
    }

    /// Notes that the store lacks what a user's state got after `before`.
    pub(super) fn mark_changed(&mut self, user: UserId, partition: u16, before: Cursor, now: Instant) {
        if let Some(owned) = self.partitions.get_mut(&partition) {
            owned.mark_dirty(user, before, now);
        }
    }

    fn tell(&mut self, written: Written) {
        let Written { record, replies, .. } = written;
        self.shared.set_committed(record.partition, record.sequence);
        self.feed.publish(&record);
        let position = Position { partition: record.partition, sequence: record.sequence };
        let mut index = 0;
        for (entry, direct) in record.entries.into_iter().zip(replies) {
            let first_index = index;
            index += event_count(&entry.outcome);
            self.tell_waiting(entry, direct, position, first_index);
        }
    }

    /// Answers everybody who waits for this entry.
    pub(super) fn tell_waiting(
        &mut self,
        entry: Entry,
        direct: Option<ReplyTo>,
        position: Position,
        first_index: u32,
    ) {
        if direct.is_none() && self.waiters.is_empty() {
            return;
        }
        let mut waiting = self.who_waits(&entry.user, &entry.command_id, direct);
        let last = waiting.pop();
        let reply = reply(entry, position, first_index, false);
        for other in waiting {
            drop(other.send(Ok(reply.clone())));
        }
        if let Some(last) = last {
            drop(last.send(Ok(reply)));
        }
    }

    /// Everybody who waits for a command.
    pub(super) fn who_waits(
        &mut self,
        user: &UserId,
        id: &CommandId,
        direct: Option<ReplyTo>,
    ) -> Vec<ReplyTo> {
        let mut waiting = if self.waiters.is_empty() {
            Vec::new()
        } else {
            self.waiters.remove(&(user.clone(), id.clone())).unwrap_or_default()
        };
        waiting.extend(direct);
        waiting
    }
}

fn reply(entry: Entry, position: Position, first_index: u32, repeated: bool) -> Reply {
    let Entry { command_id: id, outcome, time_us, .. } = entry;
    let time = Timestamp::from_microsecond(time_us).unwrap_or(Timestamp::MAX);
    Reply { id, position, outcome, first_index, time, repeated }
}

/// Numbers of events that an outcome takes.
pub(super) fn event_count(outcome: &Outcome) -> u32 {
    match outcome {
        Outcome::Refused(_) => 1,
        Outcome::Accepted(events) => events.iter().map(numbers).sum(),
    }
}

/// Reads the first answers of one partition from the journal, in one pass, off the shard's thread.
fn answer_again(journal: Arc<dyn Journal>, partition: u16, repeats: Vec<Repeat>) {
    tokio::task::spawn_blocking(move || {
        let mut wanted: BTreeMap<u64, Vec<Repeat>> = BTreeMap::new();
        for repeat in repeats {
            wanted.entry(repeat.sequence).or_default().push(repeat);
        }
        let (Some(first), Some(last)) = (wanted.keys().next(), wanted.keys().next_back()) else { return };
        let (from, last) = (Cursor { sequence: first - 1, hash: 0, hint: 0 }, *last);
        let read = journal.read(partition, from, last, &mut |record, _| {
            if let Some(repeats) = wanted.remove(&record.sequence) {
                answer_from(record, repeats);
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = read {
            tracing::error!(%error, partition, "first answers can't be read back");
        }
        for reply in wanted.into_values().flatten().flat_map(|repeat| repeat.replies) {
            drop(reply.send(Err(EngineError::Timeout)));
        }
    });
}

/// Answers repeats of commands that this record decided.
fn answer_from(record: CommitRecord, repeats: Vec<Repeat>) {
    let position = Position { partition: record.partition, sequence: record.sequence };
    let mut first_index = 0;
    let mut answers = HashMap::new();
    for entry in record.entries {
        let index = first_index;
        first_index += event_count(&entry.outcome);
        let key = (entry.user.clone(), entry.command_id.clone());
        for (id, again) in restored_answers(&entry, position, index, &repeats) {
            answers.entry((entry.user.clone(), id)).or_insert(again);
        }
        // The first entry under an id is the one that counts; a later one refused its reuse.
        answers.entry(key).or_insert_with(|| reply(entry, position, index, true));
    }
    for Repeat { user, id, replies, .. } in repeats {
        let answer = answers.get(&(user, id));
        for reply in replies {
            drop(reply.send(answer.cloned().ok_or(EngineError::Timeout)));
        }
    }
}

/// The answers of commands that came with a restore, as far as somebody waits for them: what they were told at first.
fn restored_answers(
    entry: &Entry,
    position: Position,
    first_index: u32,
    repeats: &[Repeat],
) -> Vec<(CommandId, Reply)> {
    let mut answers = Vec::new();
    let Outcome::Accepted(events) = &entry.outcome else { return answers };
    for event in events {
        let mut index = first_index + 1;
        for past in event.past() {
            if repeats.iter().any(|repeat| repeat.user == entry.user && repeat.id == past.id) {
                let again = Entry {
                    user: entry.user.clone(),
                    command_id: past.id.clone(),
                    body_hash: past.body_hash,
                    time_us: past.time_us,
                    outcome: Outcome::Accepted(past.events.to_vec()),
                };
                answers.push((past.id.clone(), reply(again, position, index, true)));
            }
            index += past.events.iter().map(numbers).sum::<u32>();
        }
    }
    answers
}
