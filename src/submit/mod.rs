//! Many commands in flight, each user's in order. Used by `replay` and `demo`, against the engine in this process or a
//! server elsewhere.

mod local;
mod server;

use centime_engine::{Engine, NewCommand};
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{FuturesOrdered, StreamExt as _};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

pub(crate) use server::Server;

/// Most commands under way at once.
const WINDOW: usize = 4096;
/// Users are spread over so many lanes; who shares a lane may wait for the other's commands, too.
const LANES: u64 = 1024;
/// How long one command is tried before the whole undertaking fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What it came to.
    pub outcome: Outcome,
    /// It had been decided before: nothing changed.
    pub repeated: bool,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It took effect and raised these alerts: event envelopes, JSON.
    Accepted(Vec<String>),
    /// It was refused.
    Refused {
        /// The refusal's stable name.
        code: String,
        /// What is wrong, for people.
        text: String,
    },
    /// It failed inside centime, twice, and is a dead letter now.
    Poisoned,
}

/// Who takes the commands.
#[derive(Clone)]
pub(crate) enum Target {
    /// The engine in this process.
    Local(Engine),
    /// A server elsewhere.
    Server(Server),
}

/// Commands under way.
pub(crate) struct Pipeline {
    target: Target,
    /// Answers in the order of the commands, so that two runs print the same.
    under_way: FuturesOrdered<BoxFuture<'static, anyhow::Result<Answer>>>,
    /// By lane: resolves (to an error: nobody sends anything) once the lane's last command is out of the next one's way.
    /// A chain rather than a mutex, because it keeps the order of [`Pipeline::send`] whoever is polled first.
    lanes: Vec<Option<oneshot::Receiver<()>>>,
}

impl Pipeline {
    pub(crate) fn new(target: Target) -> Self {
        Self { target, under_way: FuturesOrdered::new(), lanes: (0..LANES).map(|_| None).collect() }
    }

    /// Puts a command on its way; [`Pipeline::answer`] and [`Pipeline::next`] move it on.
    pub(crate) fn send(&mut self, command: NewCommand) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(command.user.as_str());
        let lane = usize::try_from(hash % LANES).expect("there are few lanes");
        let (turn, next) = oneshot::channel();
        let before = self.lanes[lane].replace(next);
        let target = self.target.clone();
        let sent = async move {
            if let Some(before) = before {
                before.await.unwrap_or_default();
            }
            match target {
                Target::Local(engine) => local::submit(&engine, command, turn).await,
                Target::Server(server) => server.submit(command, turn).await,
            }
        };
        self.under_way.push_back(sent.boxed());
    }

    /// The oldest command's answer, if it is there; when too many are under way, waits for it. `None`: there is room
    /// for another command.
    pub(crate) async fn answer(&mut self) -> Option<anyhow::Result<Answer>> {
        if self.under_way.len() >= WINDOW {
            return self.next().await;
        }
        self.under_way.next().now_or_never().flatten()
    }

    /// The oldest command's answer; `None` when all have been answered.
    pub(crate) async fn next(&mut self) -> Option<anyhow::Result<Answer>> {
        self.under_way.next().await
    }
}
