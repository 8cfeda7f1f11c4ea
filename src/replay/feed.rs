//! The loop: rows in, alerts out.

use super::budgets::Budgets;
use super::letters::Letters;
use super::output::Output;
use super::rows::{Row, Rows};
use super::summary::Summary;
use crate::submit::{Pipeline, Target};
use centime_engine::{DeadLetter, NewCommand};

/// A replay under way.
pub(super) struct Feed {
    pipeline: Pipeline,
    letters: Letters,
    budgets: Budgets,
    output: Output,
    summary: Summary,
    /// Where dead letters come from.
    origin: String,
}

impl Feed {
    pub(super) fn new(target: Target, budgets: Budgets, output: Output, origin: String) -> Self {
        let letters = Letters::new(&target);
        Self { pipeline: Pipeline::new(target), letters, budgets, output, summary: Summary::new(), origin }
    }

    /// Sends all rows and waits for all answers.
    pub(super) async fn all(&mut self, rows: Rows<'_>) -> anyhow::Result<()> {
        for row in rows {
            match row? {
                Row::Command(command) => self.command(command).await?,
                Row::Note => self.summary.notes += 1,
                Row::Unreadable { line, reason, bytes } => self.unreadable(line, reason, bytes).await?,
            }
        }
        while let Some(answer) = self.pipeline.next().await {
            self.output.alerts(&self.summary.count(answer?))?;
        }
        self.letters.delivered().await
    }

    /// Says what it came to; true if something failed.
    pub(super) fn finish(self) -> anyhow::Result<bool> {
        self.output.summary(&self.summary)?;
        Ok(self.summary.failed())
    }

    async fn command(&mut self, command: NewCommand) -> anyhow::Result<()> {
        self.summary.users.insert(command.user.clone());
        for budget in self.budgets.of(&command.user) {
            self.send(budget).await?;
        }
        self.send(command).await
    }

    async fn send(&mut self, command: NewCommand) -> anyhow::Result<()> {
        self.pipeline.send(command);
        while let Some(answer) = self.pipeline.answer().await {
            self.output.alerts(&self.summary.count(answer?))?;
        }
        Ok(())
    }

    async fn unreadable(&mut self, line: u64, reason: String, value: Vec<u8>) -> anyhow::Result<()> {
        self.summary.unreadable += 1;
        self.output.aside(|| tracing::warn!(line, reason, "not a command: a dead letter"));
        let offset = i64::try_from(line).unwrap_or(i64::MAX);
        let topic = self.origin.clone();
        self.letters.send(DeadLetter { topic, partition: 0, offset, reason, key: None, value }).await
    }
}
