//! What a batch may come to. Commands are small; what follows from them need not be: a budget set for two hundred years
//! raises an alert for each month and threshold. How much it is shows only when it is decided, and the log takes no commit
//! record of any size.

use super::Shard;
use super::decide::Decision;
use super::work::MOST_COMMANDS;
use crate::EngineError;
use crate::log::{Batch, PartitionCommit};

/// Most bytes of one partition's decisions in a commit record. Kafka's topics take 4 MB, and the rest of the record needs some.
const MOST_DECIDED: usize = if cfg!(test) { 8_000 } else { 3 << 20 };
/// Most bytes of a batch's public events: more would take the log longer than a commit may take.
const MOST_TOLD: usize = 48 << 20;
/// A batch too large is tried again in parts: this many.
const PARTS: usize = 8;

/// Why a command becomes a dead letter that is too large by itself.
const TOO_LARGE: &str = "what follows from the command is more than the log takes at a time";

impl Shard {
    /// Gives a decided batch up if it is too large, and has its commands come again in smaller batches. Memory holds what was
    /// decided, so it goes, too. A command that is too large by itself is a dead letter when it comes again.
    pub(super) fn gives_up(&mut self, decision: &mut Decision, batch: &Batch, commands: usize) -> bool {
        let (decided, told) = (largest(batch), batch.bytes.len());
        if decided <= MOST_DECIDED && told <= MOST_TOLD {
            if decided < MOST_DECIDED / PARTS && told < MOST_TOLD / PARTS {
                self.most_commands = (self.most_commands * 2).min(MOST_COMMANDS);
            }
            return false;
        }
        tracing::warn!(commands, decided, told, "a batch comes to more than the log takes at a time");
        let mut entries = decision.partitions.values().flat_map(|written| &written.record.entries);
        if let (Some(only), None) = (entries.next(), entries.next()) {
            self.torn.insert((only.user.clone(), only.command_id.clone()), TOO_LARGE);
        }
        self.most_commands = (commands / PARTS).max(1);
        decision.fail(|| EngineError::NotReady);
        self.start_afresh();
        true
    }
}

/// Bytes of the largest commit record, without its dead letters: these are as large as what came.
fn largest(batch: &Batch) -> usize {
    let letters = |part: &PartitionCommit| part.dead_letters.iter().map(|letter| letter.value.len()).sum();
    let decided = |part: &PartitionCommit| part.frame.len().saturating_sub(letters(part));
    batch.partitions.iter().map(decided).max().unwrap_or_default()
}
