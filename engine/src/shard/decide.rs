//! From a batch to its commit: actors decide, commit records are written, the log makes them true.

use super::work::{Origin, Slice, Work};
use super::{Shard, publish::Repeat};
use crate::EngineError;
use crate::feed::{Happened, for_each_event, write_happened};
use crate::log::{Batch, CommitError, EncodedEvent, LogError, PartitionCommit, REJECTED};
use crate::record::CommitRecord;
use crate::request::ReplyTo;
use centime_actors::{ActorError, Decide, Decided, Directory, NewAlarm, Verdict};
use centime_domain::{CommandId, Entry, Handled, UserId};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Why a command becomes a dead letter that the domain does not get through.
const FAILED: &str = "the command failed inside centime, twice (a bug: please report it)";

/// One partition's decisions and who waits for them.
pub(super) struct Written {
    pub(super) record: CommitRecord,
    pub(super) hash: u64,
    /// One an entry.
    pub(super) replies: Vec<Option<ReplyTo>>,
}

/// A decided batch: nothing of it is true yet.
#[derive(Default)]
pub(super) struct Decision {
    pub(super) partitions: BTreeMap<u16, Written>,
    pub(super) repeats: Vec<Repeat>,
    /// Users whose state changed for the first time since their pages were taken, and their partition.
    pub(super) changed: Vec<(UserId, u16)>,
    /// Users who should be looked at at another time than before, and their partition.
    pub(super) alarms: Vec<(UserId, u16, NewAlarm)>,
    pub(super) letter_replies: Vec<oneshot::Sender<Result<(), EngineError>>>,
    /// Commands that are dead letters.
    pub(super) buried: Vec<(UserId, CommandId)>,
}

impl Shard {
    /// Decide, commit, and only then tell. `ahead`: gather the next batch while the log writes this one.
    pub(super) async fn settle(&mut self, work: &mut Work, ahead: bool) {
        let began = Instant::now();
        let commands = work.commands();
        let mut decision = match self.decide(work) {
            Ok(decision) => decision,
            Err(error) => {
                self.note_actor_error(error);
                work.fail(|| EngineError::NotReady);
                return self.start_afresh();
            }
        };
        decision.letter_replies = std::mem::take(&mut work.letter_replies);
        decision.buried = std::mem::take(&mut work.buried);
        let batch = self.write(&mut decision, work);
        let decided = began.elapsed();
        if batch.partitions.is_empty() {
            return self.publish(decision, &[]);
        }
        if self.gives_up(&mut decision, &batch, commands) {
            return;
        }
        match self.commit(batch, ahead).await {
            Ok(hints) => {
                self.publish(decision, &hints);
                self.note_batch(commands, decided, began.elapsed());
            }
            Err(CommitError::Refused(why)) => {
                tracing::warn!(why, "the log did not take a batch");
                decision.fail(|| EngineError::Log(LogError::Unavailable(why.clone())));
                self.start_afresh();
            }
            Err(CommitError::Doubt(why)) => {
                tracing::warn!(why, "a commit's fate is unknown; reading the journal");
                decision.fail(|| EngineError::Timeout);
                self.start_afresh();
            }
            Err(CommitError::Fatal(why)) => crate::fatal(&why),
        }
    }

    /// Gives every user their slice, collects what they decide.
    fn decide(&mut self, work: &mut Work) -> Result<Decision, ActorError> {
        let mut decision = Decision::default();
        for (partition, part) in &mut work.partitions {
            let owned = self.partitions.get(partition).expect("only owned partitions are gathered");
            let mut next_offsets = owned.next_offsets.clone();
            super::owned::merge(&mut next_offsets, &part.next_offsets);
            let record = CommitRecord {
                partition: *partition,
                sequence: owned.committed.sequence + 1,
                previous: owned.committed.hash,
                next_offsets,
                entries: Vec::with_capacity(part.commands),
                dead_letters: std::mem::take(&mut part.dead_letters),
            };
            let replies = Vec::with_capacity(part.commands);
            decision.partitions.insert(*partition, Written { record, hash: 0, replies });
        }
        let mut slices = std::mem::take(&mut work.slices).into_iter();
        for place in 0.. {
            if place % Directory::AT_ONCE == 0 {
                self.directory.announce(slices.as_slice().iter().map(|slice| &slice.user));
            }
            let Some(Slice { user, partition, inputs, origins }) = slices.next() else { break };
            let sequence = decision.partitions[&partition].record.sequence;
            match self.directory.decide(&user, partition, Decide { inputs, sequence }) {
                Ok(decided) => self.collect(&mut decision, user, partition, origins, decided),
                Err(error) => {
                    decision.fail(|| EngineError::NotReady);
                    let inputs = Vec::new();
                    work.slices.push(Slice { user, partition, inputs, origins });
                    work.slices.extend(slices);
                    return Err(error);
                }
            }
        }
        Ok(decision)
    }

    /// Enters one user's verdicts into the partition's record.
    fn collect(
        &mut self,
        decision: &mut Decision,
        user: UserId,
        partition: u16,
        origins: Vec<Origin>,
        decided: Decided,
    ) {
        let written = decision.partitions.get_mut(&partition).expect("made for every partition of the batch");
        for ((input, verdict), origin) in decided.inputs.into_iter().zip(decided.verdicts).zip(origins) {
            match verdict {
                Verdict::Handled(Handled::Decided(outcome)) => {
                    written.replies.push(origin.reply());
                    written.record.entries.push(Entry {
                        user: user.clone(),
                        command_id: input.id,
                        body_hash: input.body_hash,
                        time_us: input.time.as_microsecond(),
                        outcome,
                    });
                }
                Verdict::Handled(Handled::Repeated { sequence }) => {
                    let replies = self.who_waits(&user, &input.id, origin.reply());
                    if !replies.is_empty() {
                        let user = user.clone();
                        decision.repeats.push(Repeat { user, id: input.id, partition, sequence, replies });
                    }
                }
                Verdict::Panicked => {
                    for reply in self.who_waits(&user, &input.id, None) {
                        drop(reply.send(Err(EngineError::Poisoned)));
                    }
                    written.record.dead_letters.push(origin.into_dead_letter(partition, &user, FAILED));
                }
            }
        }
        if let Some(alarm) = decided.alarm {
            decision.alarms.push((user.clone(), partition, alarm));
        }
        if decided.first_change {
            decision.changed.push((user, partition));
        }
    }

    /// Writes the records and, for logs that publish, the public events.
    fn write(&mut self, decision: &mut Decision, work: &mut Work) -> Batch {
        let mut batch = Batch { forwards: std::mem::take(&mut work.forwards), ..Batch::default() };
        let publishes = self.log.publishes();
        decision.partitions.retain(|_, w| {
            let r = &w.record;
            publishes || !(r.entries.is_empty() && r.dead_letters.is_empty())
        });
        if publishes {
            // Most commands lead to one event, some to two.
            let entries: usize = decision.partitions.values().map(|w| w.record.entries.len()).sum();
            batch.events.reserve(entries + entries / 4);
            batch.bytes.reserve(entries * 640);
        }
        for written in decision.partitions.values_mut() {
            let mut frame = Vec::with_capacity(written.record.entries.len() * 160 + 64);
            written.hash = written.record.write(&mut frame);
            if publishes {
                encode_events(&written.record, &mut batch);
            }
            batch.partitions.push(PartitionCommit {
                partition: written.record.partition,
                epoch: self.partitions[&written.record.partition].epoch,
                sequence: written.record.sequence,
                frame,
                next_offsets: written.record.next_offsets.clone(),
                dead_letters: written.record.dead_letters.clone(),
            });
        }
        batch
    }

    fn note_actor_error(&mut self, error: ActorError) {
        tracing::error!(%error, "an actor failed; starting afresh from the journal");
        if let ActorError::Torn { user, id } = error {
            self.torn.insert((user, id), FAILED);
        }
    }

    fn note_batch(&self, commands: usize, decided: Duration, whole: Duration) {
        metrics::counter!("centime_batches_total", &self.labels).increment(1);
        metrics::counter!("centime_commands_total", &self.labels).increment(commands as u64);
        metrics::histogram!("centime_decide_seconds", &self.labels).record(decided);
        metrics::histogram!("centime_commit_seconds", &self.labels).record(whole.saturating_sub(decided));
    }
}

impl Decision {
    /// Gives up: everybody who waits is told why.
    pub(super) fn fail(&mut self, error: impl Fn() -> EngineError) {
        let waiting = self.partitions.values_mut().flat_map(|w| w.replies.drain(..)).flatten();
        let repeated = self.repeats.drain(..).flat_map(|r| r.replies);
        for reply in waiting.chain(repeated) {
            drop(reply.send(Err(error())));
        }
        for reply in self.letter_replies.drain(..) {
            drop(reply.send(Err(error())));
        }
    }
}

impl Origin {
    fn reply(self) -> Option<ReplyTo> {
        match self {
            Self::Log { .. } => None,
            Self::Direct { reply, .. } => Some(reply),
        }
    }
}

fn encode_events(record: &CommitRecord, batch: &mut Batch) {
    let (bytes, events) = (&mut batch.bytes, &mut batch.events);
    for_each_event(record, &mut |place, _, entry, happened| {
        let start = bytes.len();
        write_happened(bytes, &place, happened);
        let type_index = match happened {
            Happened::Event(event) => event.type_index(),
            Happened::Rejected(_) => REJECTED,
        };
        events.push(EncodedEvent { type_index, user: entry.user.clone(), range: start..bytes.len() });
    });
}
