//! Dead letters under way to the engine in this process. A server elsewhere has no door for them: there the log line
//! has to do.

use crate::submit::Target;
use centime_engine::{DeadLetter, Engine, EngineError};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};

/// Most under way at once: they share batches then.
const WINDOW: usize = 256;

/// The letters under way.
pub(super) struct Letters {
    engine: Option<Engine>,
    under_way: FuturesUnordered<BoxFuture<'static, Result<(), EngineError>>>,
}

impl Letters {
    pub(super) fn new(target: &Target) -> Self {
        let engine = match target {
            Target::Local(engine) => Some(engine.clone()),
            Target::Server(_) => None,
        };
        Self { engine, under_way: FuturesUnordered::new() }
    }

    pub(super) async fn send(&mut self, letter: DeadLetter) -> anyhow::Result<()> {
        if let Some(engine) = self.engine.clone() {
            self.under_way.push(Box::pin(async move { engine.submit_dead_letter(letter).await }));
        }
        while self.under_way.len() >= WINDOW {
            self.next().await?;
        }
        Ok(())
    }

    /// Waits until all are kept.
    pub(super) async fn delivered(&mut self) -> anyhow::Result<()> {
        while !self.under_way.is_empty() {
            self.next().await?;
        }
        Ok(())
    }

    async fn next(&mut self) -> anyhow::Result<()> {
        Ok(self.under_way.next().await.transpose().map(drop)?)
    }
}
