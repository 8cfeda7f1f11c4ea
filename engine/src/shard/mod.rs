//! The shard: one thread, some partitions, their actors, one commit pipeline.
//!
//! Map: this file (the loop) · `owned` (what a shard knows of a partition) · `work` (a batch being gathered) · `decide`
//! (actors decide, records are written) · `publish` (after the commit: replies, feed) · `questions` (queries) · `recover`
//! (taking a partition over, starting afresh after doubt) · `size` (what a batch may come to) · `upkeep` (write-behind, passivation) · `alarms` (what time alone brings) · `commit_thread`.
//!
//! The order of things is the promise: gather → decide → commit → only then tell anybody. One undecided batch at a time:
//! while a remote log's commit is under way the next batch is gathered, and its users' pages are read, but nothing of it is
//! decided.

mod alarms;
mod commit_thread;
mod decide;
mod owned;
mod publish;
mod questions;
mod recover;
mod size;
mod upkeep;
mod work;

use crate::feed::FeedHub;
use crate::inbox::Arrivals;
use crate::log::{Batch, CommitError, FromLog, Journal, Log};
use crate::pages::Pages;
use crate::request::{Question, ReplyTo, Request};
use crate::shared::Shared;
use crate::{Clock, EngineError};
use centime_actors::Directory;
use centime_domain::{CommandId, UserId};
use centime_state::WriteBehind;
use commit_thread::CommitThread;
use jiff::Timestamp;
use owned::Owned;
use recover::Replayed;
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
pub(crate) use work::MOST_COMMANDS;
use work::{Torn, Work};

/// How often a shard looks after its write-behind when nothing else wakes it.
const UPKEEP: Duration = Duration::from_millis(50);

/// Users woken in one go while a commit is under way: a reading of a page may take 0.1 ms.
const WOKEN: usize = 16;

/// What a shard is made of.
pub(crate) struct Parts {
    pub(crate) index: usize,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) from_log: Arrivals,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) write_behind: WriteBehind,
    pub(crate) feed: Arc<FeedHub>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<Clock>,
    /// Most bytes of user state in memory (an estimate).
    pub(crate) memory_budget: usize,
    /// Oldest a change may get before it is written to the store.
    pub(crate) write_behind_interval: Duration,
    pub(crate) panic_id: Option<String>,
}

/// A shard. Lives on its own thread.
pub(crate) struct Shard {
    log: Arc<dyn Log>,
    journal: Arc<dyn Journal>,
    from_log: Arrivals,
    requests: mpsc::Receiver<Request>,
    commits: CommitThread,
    directory: Directory,
    pages: Rc<Pages>,
    partitions: BTreeMap<u16, Owned>,
    /// The batch being gathered.
    next: Work,
    /// What ended its gathering early.
    held: Option<Control>,
    /// Who waits for commands that the log has.
    waiters: HashMap<(UserId, CommandId), Vec<ReplyTo>>,
    /// Commands that tore a state, or come to too much: dead letters when they come again.
    torn: Torn,
    /// A batch ends at this many commands: fewer than [`MOST_COMMANDS`] after one that came to too much.
    most_commands: usize,
    /// Questions about a future that has not been committed yet.
    later: Vec<Question>,
    /// Requests whose partition has just become ready.
    unparked: Vec<Request>,
    /// Replays started so far: the last one's name.
    replay_count: u64,
    replays: (mpsc::Sender<Replayed>, mpsc::Receiver<Replayed>),
    feed: Arc<FeedHub>,
    shared: Arc<Shared>,
    write_behind_interval: Duration,
    next_upkeep: Instant,
    clock: Arc<Clock>,
    /// When alarms are looked for again, by the engine's clock.
    next_ring: Timestamp,
    labels: [(&'static str, String); 1],
}

/// What ended a gathering.
enum Control {
    Log(FromLog),
    Stop(oneshot::Sender<()>),
}

impl Shard {
    /// Runs a shard on this thread until it is told to stop.
    pub(crate) fn run(parts: Parts) -> Result<(), crate::log::LogError> {
        let commits = CommitThread::start(&parts.log, parts.index)?;
        let pages = Rc::new(Pages::new(parts.write_behind));
        let directory = Directory::new(
            Rc::clone(&pages) as Rc<dyn centime_actors::PageSource>,
            parts.memory_budget,
            parts.panic_id.as_deref(),
        );
        let shard = Self {
            journal: parts.log.journal(),
            log: parts.log,
            from_log: parts.from_log,
            requests: parts.requests,
            commits,
            directory,
            pages,
            partitions: BTreeMap::new(),
            next: Work::default(),
            held: None,
            waiters: HashMap::new(),
            torn: Torn::new(),
            most_commands: MOST_COMMANDS,
            later: Vec::new(),
            unparked: Vec::new(),
            replay_count: 0,
            replays: mpsc::channel(8),
            feed: parts.feed,
            shared: parts.shared,
            write_behind_interval: parts.write_behind_interval,
            next_upkeep: Instant::now(),
            clock: parts.clock,
            next_ring: Timestamp::MIN,
            labels: [("shard", parts.index.to_string())],
        };
        actix::System::new().block_on(shard.serve());
        Ok(())
    }

    async fn serve(mut self) {
        loop {
            let control = self.gather().await;
            let next = self.next.like();
            let mut work = std::mem::replace(&mut self.next, next);
            if !work.is_empty() {
                let ahead = control.is_none() && self.log.is_remote();
                self.settle(&mut work, ahead).await;
            }
            self.answer(std::mem::take(&mut work.questions)).await;
            match control {
                None => {}
                Some(Control::Log(message)) => self.obey(message),
                Some(Control::Stop(done)) => {
                    self.stop(done).await;
                    return;
                }
            }
            if Instant::now() >= self.next_upkeep {
                self.upkeep().await;
                self.ring();
            }
        }
    }

    /// Waits for something to do, then takes what is there: dry input or a full batch ends it, no timer.
    async fn gather(&mut self) -> Option<Control> {
        if let Ok(replayed) = self.replays.1.try_recv() {
            self.replayed(replayed).await;
        } else if self.held.is_none() && self.next.has_nothing() && self.unparked.is_empty() {
            let upkeep = tokio::time::Instant::from_std(self.next_upkeep);
            tokio::select! {
                biased;
                Some(replayed) = self.replays.1.recv() => self.replayed(replayed).await,
                message = self.from_log.recv() => self.take_in(message),
                request = self.requests.recv() => self.accept(request),
                () = tokio::time::sleep_until(upkeep) => return None,
            }
        }
        for request in std::mem::take(&mut self.unparked) {
            self.accept(Some(request));
        }
        self.top_up();
        self.held.take()
    }

    /// Takes what is there. The log first: whoever awaits a command asked before the log had it, so the request is here by
    /// now.
    fn top_up(&mut self) {
        while self.has_room()
            && let Some(message) = self.from_log.try_recv()
        {
            self.take_in(message);
        }
        while self.has_room_for_requests()
            && let Ok(request) = self.requests.try_recv()
        {
            self.accept(Some(request));
        }
    }

    /// Waits for a commit. With `ahead`, what comes meanwhile joins the next batch, and the users it is about are woken:
    /// their pages are read while the log is written.
    async fn commit(&mut self, batch: Batch, ahead: bool) -> Result<Vec<u64>, CommitError> {
        let mut committed = pin!(self.commits.commit(batch));
        let mut woken = 0;
        loop {
            tokio::select! {
                biased;
                result = &mut committed => return result,
                message = self.from_log.recv(), if ahead && self.has_room() => self.take_in(message),
                request = self.requests.recv(), if ahead && self.has_room_for_requests() => self.accept(request),
                () = tokio::task::yield_now(), if woken < self.next.slices.len() => {}
            }
            self.top_up();
            for slice in self.next.slices.iter().skip(woken).take(WOKEN) {
                self.directory.wake(&slice.user, slice.partition);
            }
            woken = self.next.slices.len().min(woken + WOKEN);
        }
    }

    fn has_room(&self) -> bool {
        self.held.is_none() && self.next.has_room_for(self.most_commands)
    }

    /// Where commands come through the log, requests make no batch larger; and who awaits one of its commands must be known
    /// before it is decided.
    fn has_room_for_requests(&self) -> bool {
        self.held.is_none() && (self.log.publishes() || self.has_room())
    }

    /// A message of the log: commands join the batch, as many as it has room for; anything else waits until the batch is
    /// settled.
    fn take_in(&mut self, message: FromLog) {
        match message {
            FromLog::Commands { partition, epoch, records } => {
                let current = self.partitions.get(&partition).is_some_and(|p| p.ready && p.epoch == epoch);
                let mut records = records.into_iter();
                while current
                    && self.has_room()
                    && let Some(incoming) = records.next()
                {
                    self.next.add_incoming(partition, incoming, &self.torn);
                }
                if current && records.len() > 0 {
                    let records = records.collect();
                    self.from_log.put_back(FromLog::Commands { partition, epoch, records });
                }
            }
            control => self.held = Some(Control::Log(control)),
        }
    }

    /// A request joins the batch, waits for its partition, or is turned away. `None`: the engine is gone.
    fn accept(&mut self, request: Option<Request>) {
        let request = request.unwrap_or_else(|| Request::Stop { done: oneshot::channel().0 });
        let Some(partition) = request.partition() else {
            if let Request::Stop { done } = request {
                self.held = Some(Control::Stop(done));
            }
            return;
        };
        match self.partitions.get_mut(&partition) {
            None => request.fail(EngineError::NotReady),
            Some(owned) if !owned.ready => owned.park(request),
            Some(_) => match request {
                Request::Await { user, id, reply, .. } => {
                    self.waiters.entry((user, id)).or_default().push(reply);
                }
                request => self.next.add_request(request, &self.torn),
            },
        }
    }

    /// Ownership changes, between batches.
    fn obey(&mut self, message: FromLog) {
        match message {
            FromLog::Take { partition, epoch, goal } => self.take(partition, epoch, goal),
            FromLog::Drop { partition, done } => {
                self.let_go(partition);
                drop(done);
            }
            FromLog::Commands { .. } => unreachable!("commands never wait behind a batch"),
        }
    }
}
