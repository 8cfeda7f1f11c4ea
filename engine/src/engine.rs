//! The running engine: starts log, store and shards; routes what comes to the shard that owns it.

use crate::api::{
    Answer, Bus, EngineConfig, EngineError, EventPosition, Export, Feed, NewCommand, Position, Reply,
};
use crate::envelope::{self, write_command};
use crate::feed::FeedHub;
use crate::follow::Past;
use crate::inbox::inbox;
use crate::log::{Journal, Log, LogError, ShardInbox, embedded, inmemory, kafka};
use crate::request::{Question, Request};
use crate::shard::{Parts, Shard};
use crate::shared::Shared;
use crate::{Clock, DeadLetter, as_of, follow, partition_of};
use centime_domain::{CommandId, Input, PastFigures, Query, Refusal, UserId};
use centime_state::{MemoryStore, SledConfig, SledStore, StateStore, Writer};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Version of the pages' content: a store with another one is rebuilt from the journal.
const PAGE_VERSION: u32 = 5;
/// Requests that may wait for a shard; beyond that callers are told to come back.
const REQUEST_QUEUE: usize = 16_384;
/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    log: Arc<dyn Log>,
    journal: Arc<dyn Journal>,
    shards: Vec<mpsc::Sender<Request>>,
    shared: Arc<Shared>,
    feed: Arc<FeedHub>,
    clock: Arc<Clock>,
    /// Every partition must be here before the engine is ready.
    alone: bool,
    /// One permit a question as of an earlier position.
    past_room: Arc<Semaphore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    writer: Mutex<Option<Writer>>,
}

impl Engine {
    /// Starts the engine; returns when the log has been opened (partitions may still be catching up: [`Engine::ready`]).
    pub fn start(config: EngineConfig) -> Result<Self, LogError> {
        Self::start_on(open_log(&config)?, open_store(&config)?, config)
    }

    /// Starts the engine on this log and this store.
    pub(crate) fn start_on(
        log: Arc<dyn Log>,
        store: Arc<dyn StateStore>,
        config: EngineConfig,
    ) -> Result<Self, LogError> {
        let writer = Writer::start(store).map_err(|e| LogError::Unavailable(e.to_string()))?;
        let shared = Arc::new(Shared::new(log.partitions()));
        let feed = Arc::new(FeedHub::default());
        let shards = config.shards.clamp(1, usize::from(log.partitions()));
        let (mut senders, mut inboxes, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..shards {
            let (to_shard, from_log) = inbox();
            let (sender, requests) = mpsc::channel(REQUEST_QUEUE);
            inboxes.push(Arc::new(to_shard) as Arc<dyn ShardInbox>);
            senders.push(sender);
            let parts = Parts {
                index,
                log: Arc::clone(&log),
                from_log,
                requests,
                write_behind: writer.shard(),
                feed: Arc::clone(&feed),
                shared: Arc::clone(&shared),
                clock: Arc::clone(&config.clock),
                memory_budget: config.memory_budget / shards,
                write_behind_interval: config.write_behind,
                panic_id: config.panic_id.clone(),
            };
            threads.push(spawn(parts)?);
        }
        start_log(log.as_ref(), inboxes)?;
        let inner = Inner {
            journal: log.journal(),
            log,
            shards: senders,
            shared,
            feed,
            clock: config.clock,
            alone: !matches!(config.bus, Bus::Kafka(_)),
            past_room: Arc::new(Semaphore::new(as_of::AT_ONCE)),
            threads: Mutex::new(threads),
            writer: Mutex::new(Some(writer)),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Submits a command and waits for its commit.
    pub async fn submit(&self, command: NewCommand) -> Result<Reply, EngineError> {
        let NewCommand { user, id, time, kind, data } = command;
        let time = time.unwrap_or_else(|| self.inner.clock.now());
        let partition = self.locate(&user)?;
        let mut bytes = Vec::new();
        write_command(&mut bytes, &user, &id, &kind, time, &data);
        if !self.inner.log.publishes() {
            let input = envelope::input(id, time, &kind, &data);
            return decided(self.decide(partition, user, input, bytes.into())?).await;
        }
        self.produce(partition, user, id, &kind, bytes).await
    }

    /// Submits a command already read (the same path, without the JSON). Only where commands have no topics.
    /// It is on its way when this returns; what is returned waits for its commit.
    pub fn submit_input(
        &self,
        user: UserId,
        input: Input,
    ) -> impl Future<Output = Result<Reply, EngineError>> + use<> {
        let answer = if self.inner.log.publishes() {
            let why = "commands that are not JSON can't be put on Kafka";
            Err(EngineError::Log(LogError::Setup(why.to_owned())))
        } else {
            self.locate(&user).and_then(|partition| self.decide(partition, user, input, Box::default()))
        };
        async { decided(answer?).await }
    }

    fn decide(
        &self,
        partition: u16,
        user: UserId,
        input: Input,
        raw: Box<[u8]>,
    ) -> Result<oneshot::Receiver<Result<Reply, EngineError>>, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.ask(partition, Request::Command { user, partition, input, raw, reply })?;
        Ok(answer)
    }

    async fn produce(
        &self,
        partition: u16,
        user: UserId,
        id: CommandId,
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<Reply, EngineError> {
        let (reply, answer) = oneshot::channel();
        // Asked first, so that the shard knows who waits before it can see the command.
        self.ask(partition, Request::Await { user: user.clone(), partition, id, reply })?;
        if let Some(taken) = self.inner.log.produce(kind, &user, bytes) {
            match tokio::time::timeout(PATIENCE, taken).await {
                Ok(Ok(result)) => result?,
                _ => return Err(EngineError::Timeout),
            }
        }
        wait(answer, EngineError::Timeout).await
    }

    /// Keeps what could not be read as a command: in the dead letters, in the order of commits.
    pub async fn submit_dead_letter(&self, letter: DeadLetter) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        let partition = 0;
        if !self.inner.shared.is_ready(partition) && !self.inner.alone {
            return Err(EngineError::NotReady);
        }
        self.ask(partition, Request::DeadLetter { partition, letter, reply })?;
        wait(answer, EngineError::Timeout).await
    }

    /// Asks a question about a user; waits until everything up to `at_least` is in. Where no other node commits, a position that is not
    /// in can't have been told to anybody: [`EngineError::UnknownPosition`], at once.
    pub async fn query(
        &self,
        user: UserId,
        query: Query,
        at_least: Option<Position>,
    ) -> Result<Answer, EngineError> {
        let partition = self.locate(&user)?;
        let at_least = at_least.filter(|p| p.partition == partition).map_or(0, |p| p.sequence);
        let (reply, answer) = oneshot::channel();
        let question = Question { user, partition, query, at_least, reply };
        self.ask(partition, Request::Query(Box::new(question)))?;
        wait(answer, EngineError::NoAnswer).await
    }

    /// Asks a question about a user's figures as of an earlier position: what was answered then, unless the user was erased since.
    /// Refused with `unknown_position` if that is no committed position of the user's partition, with `current_only` if it is not about
    /// figures. The time it takes is that of reading the partition's journal up to there; nobody else waits for it.
    pub async fn query_at(
        &self,
        user: UserId,
        query: Query,
        at: Position,
        at_least: Option<Position>,
    ) -> Result<Answer, EngineError> {
        let deadline = Instant::now() + PATIENCE;
        // What is committed now, proven: a position can't be known before it is true.
        let current = self.query(user.clone(), Query::Erased, at_least).await?;
        let refused = |refusal| Ok(Answer { body: Err(refusal), position: current.position });
        if at.partition != current.position.partition || at.sequence > current.position.sequence {
            let text =
                format!("there is no such position of this user: the last one is {}", current.position);
            return refused(Refusal::new("unknown_position", "position", text));
        }
        let figures = match PastFigures::new(query) {
            Ok(figures) => figures,
            Err(refusal) => return refused(refusal),
        };
        let Ok(room) = Arc::clone(&self.inner.past_room).try_acquire_owned() else {
            return Err(EngineError::Busy { retry_after: Duration::from_secs(1) });
        };
        let past = as_of::Past { user, until: at, erased: erased_at(current), deadline, room };
        let answer = as_of::answer(Arc::clone(&self.inner.journal), past, figures);
        Ok(Answer { body: wait(answer, EngineError::NoAnswer).await?, position: at })
    }

    /// Follows a user's committed events: all after `after`, without gap or repeat; `None`: from now on.
    pub async fn subscribe(&self, user: UserId, after: Option<EventPosition>) -> Result<Feed, EngineError> {
        let partition = self.locate(&user)?;
        if !self.inner.shared.is_ready(partition) {
            return Err(EngineError::NotReady);
        }
        let past = match after {
            None => None,
            Some(after) => {
                let erased = erased_at(self.query(user.clone(), Query::Erased, None).await?);
                Some(Past { after, erased })
            }
        };
        let journal = Arc::clone(&self.inner.journal);
        Ok(follow::user(&self.inner.feed, journal, &self.inner.shared, user, partition, past))
    }

    /// A user's committed events up to now, from the first (or their last erasure) on, and the position that they are all of.
    pub async fn export(
        &self,
        user: UserId,
        at_least: Option<Position>,
    ) -> Result<(Position, Export), EngineError> {
        let answer = self.query(user.clone(), Query::Erased, at_least).await?;
        let (position, erased) = (answer.position, erased_at(answer));
        let journal = Arc::clone(&self.inner.journal);
        Ok((position, follow::export(journal, user, position, erased)))
    }

    /// Follows all users' committed events from now on (this node's partitions).
    pub fn subscribe_all(&self) -> Feed {
        follow::all(&self.inner.feed)
    }

    /// True when every partition this node owns has caught up (and, on Kafka, the group has been joined).
    pub fn ready(&self) -> bool {
        let shared = &self.inner.shared;
        if self.inner.alone { shared.all_ready() } else { self.inner.log.joined() && shared.caught_up() }
    }

    /// The engine's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Stops: no more input, the last batches committed, pages written.
    pub async fn stop(&self) {
        if self.inner.shared.stopping.swap(true, Ordering::SeqCst) {
            return;
        }
        for shard in &self.inner.shards {
            let (done, ended) = oneshot::channel();
            if shard.send(Request::Stop { done }).await.is_ok() {
                // An error is the shard's end, which is what is waited for.
                let _ = ended.await;
            }
        }
        self.inner.feed.end_all();
        let inner = Arc::clone(&self.inner);
        let _ = tokio::task::spawn_blocking(move || inner.join()).await;
    }

    /// The user's partition, if it is (or may soon be) served here.
    fn locate(&self, user: &UserId) -> Result<u16, EngineError> {
        if self.inner.shared.stopping.load(Ordering::SeqCst) {
            return Err(EngineError::Stopping);
        }
        let partition = partition_of(user, self.inner.log.partitions());
        if !self.inner.alone
            && !self.inner.shared.is_ready(partition)
            && let Some(address) = self.inner.log.owner_elsewhere(partition)
        {
            return Err(EngineError::Elsewhere { address });
        }
        Ok(partition)
    }

    fn ask(&self, partition: u16, request: Request) -> Result<(), EngineError> {
        let shard = &self.inner.shards[usize::from(partition) % self.inner.shards.len()];
        shard.try_send(request).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => EngineError::Busy { retry_after: Duration::from_secs(1) },
            mpsc::error::TrySendError::Closed(_) => EngineError::Stopping,
        })
    }
}

impl Inner {
    fn join(&self) {
        self.log.stop();
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a shard's thread panicked");
            }
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = writer.map(Writer::stop) {
            tracing::warn!(%error, "the page store did not close in good order; it will be caught up");
        }
    }
}

/// The shard answers or ends; nothing in between can lose the command, so no clock is needed here.
async fn decided(answer: oneshot::Receiver<Result<Reply, EngineError>>) -> Result<Reply, EngineError> {
    answer.await.unwrap_or(Err(EngineError::Stopping))
}

/// `late` is what it is if nothing comes.
async fn wait<T>(
    answer: oneshot::Receiver<Result<T, EngineError>>,
    late: EngineError,
) -> Result<T, EngineError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(EngineError::Stopping),
        Err(_) => Err(late),
    }
}

/// The answer to [`Query::Erased`]: sequence of the commit record that the user was last erased in; 0: never.
fn erased_at(answer: Answer) -> u64 {
    answer.body.ok().and_then(|body| body["sequence"].as_u64()).unwrap_or_default()
}

/// Starts the log on a thread of its own: it blocks, and the caller may be on an async runtime's.
fn start_log(log: &dyn Log, inboxes: Vec<Arc<dyn ShardInbox>>) -> Result<(), LogError> {
    std::thread::scope(|scope| {
        let started = scope.spawn(|| log.start(inboxes)).join();
        started.unwrap_or_else(|_| Err(LogError::Setup("the log panicked while starting".to_owned())))
    })
}

fn spawn(parts: Parts) -> Result<JoinHandle<()>, LogError> {
    let name = format!("shard-{}", parts.index);
    std::thread::Builder::new()
        .name(name.clone())
        .spawn(move || {
            if let Err(error) = Shard::run(parts) {
                crate::fatal(&format!("{name}: {error}"));
            }
        })
        .map_err(|e| LogError::Unavailable(format!("no thread for a shard: {e}")))
}

fn open_log(config: &EngineConfig) -> Result<Arc<dyn Log>, LogError> {
    Ok(match &config.bus {
        Bus::Embedded => Arc::new(embedded::EmbeddedLog::open(&config.data_dir, config.partitions)?),
        Bus::InMemory => Arc::new(inmemory::InMemoryLog::new(config.partitions)),
        Bus::Kafka(kafka) => Arc::new(kafka::KafkaLog::open(kafka.clone())?),
    })
}

fn open_store(config: &EngineConfig) -> Result<Arc<dyn StateStore>, LogError> {
    if config.bus == Bus::InMemory {
        return Ok(Arc::new(MemoryStore::new()));
    }
    let path: &Path = &config.data_dir.join("sled");
    let store = SledStore::open(&SledConfig::new(path, PAGE_VERSION))
        .map_err(|e| LogError::Setup(format!("{}: {e} (it may be deleted while stopped)", path.display())))?;
    Ok(Arc::new(store))
}
