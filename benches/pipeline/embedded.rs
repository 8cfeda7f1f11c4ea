//! Commands submitted in this process, each answered once it is durable.

use crate::floor::{self, Journal};
use crate::support::load::{CATEGORIES, Load, Oracle};
use crate::support::{inputs, per_second, ratio};
use crate::{Args, Bar, Figure, Folder, figure_of};
use anyhow::{Context as _, Result, bail, ensure};
use centime_domain::{Event, Input, Outcome, UserId};
use centime_engine::{Bus, Clock, Engine, EngineConfig, Reply};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

/// A command ready to be submitted.
type Job = (UserId, Input);

/// One round in a new folder.
pub(crate) fn measure(args: &Args, round: u64) -> Result<Vec<Figure>> {
    let folder = Folder::new(&format!("pipeline-{round}"))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(args.submitters).enable_all().build()?;
    let (mut figures, journal) = {
        let engine = {
            let _context = runtime.enter();
            Engine::start(config(args, &folder.0))?
        };
        runtime.block_on(drive(args, round, &engine, &folder.0))?
    };
    let floor = floor::measure(&journal, u64::from(args.shards), &folder.0)?;
    figures.push(figure_of(
        "floor: the same bytes and fdatasyncs, commands/s",
        per_second(args.n, floor),
        None,
    ));
    figures.push(figure_of("journal bytes a command", ratio(journal.bytes, args.n), None));
    figures.push(figure_of("commands a batch", ratio(args.n, journal.batches), None));
    Ok(figures)
}

fn config(args: &Args, folder: &Path) -> EngineConfig {
    EngineConfig {
        bus: Bus::Embedded,
        data_dir: folder.join("data"),
        shards: usize::from(args.shards),
        partitions: args.partitions,
        memory_budget: args.memory << 20,
        write_behind: Duration::from_millis(args.write_behind),
        clock: Arc::new(Clock::default()),
        panic_id: None,
    }
}

async fn drive(args: &Args, round: u64, engine: &Engine, folder: &Path) -> Result<(Vec<Figure>, Journal)> {
    let begun = Instant::now();
    while !engine.ready() {
        ensure!(begun.elapsed() < Duration::from_mins(1), "the engine is not ready after a minute");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let now = Timestamp::now();
    let budgets: Vec<Job> = (0..CATEGORIES.len())
        .flat_map(|category| (0..args.users).map(move |user| inputs::budget(user, category, now)))
        .collect();
    let n = budgets.len() as u64;
    let (set, took) = submit_all(args, engine, budgets).await?;
    let budget_rate = per_second(n, took);
    let journal_before = size(&folder.join("data/journal"))?;

    let mut oracle = Oracle::new(args.users);
    let expenses: Vec<Job> = Load::new(round, args.users)
        .take(usize::try_from(args.n)?)
        .inspect(|expense| oracle.add(expense))
        .map(|expense| inputs::expense(&expense, now))
        .collect();
    let (spent, took) = submit_all(args, engine, expenses).await?;
    ensure!(
        spent.exceeded == oracle.exceeded,
        "{} budget_exceeded, {} are right",
        spent.exceeded,
        oracle.exceeded
    );
    let journal_after = size(&folder.join("data/journal"))?;
    engine.stop().await;

    let records: u64 = spent.newest.iter().map(|(p, last)| last - set.newest.get(p).unwrap_or(&0)).sum();
    // A full batch leaves one record in each partition of its shard.
    let batches = records * u64::from(args.shards) / u64::from(args.partitions);
    let journal = Journal { bytes: journal_after - journal_before, batches: batches.max(1) };
    let ms = |quantile| ratio(spent.waited.value_at_quantile(quantile), 1_000);
    let figures = vec![
        figure_of("embedded: set_budget/s", budget_rate, None),
        figure_of("embedded: create_transaction/s", per_second(args.n, took), Some(Bar::AtLeast(150_000.0))),
        figure_of("embedded: budget_exceeded, as many as right", ratio(spent.exceeded, 1), None),
        figure_of("embedded: answered after, p50, ms", ms(0.5), None),
        figure_of("embedded: answered after, p99, ms", ms(0.99), None),
    ];
    Ok((figures, journal))
}

/// What the answers said.
struct Answers {
    exceeded: u64,
    /// Newest sequence seen by partition.
    newest: BTreeMap<u16, u64>,
    /// Microseconds from submission to answer.
    waited: Histogram<u64>,
}

impl Answers {
    fn new() -> Result<Self> {
        let waited = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        Ok(Self { exceeded: 0, newest: BTreeMap::new(), waited })
    }

    fn add(&mut self, reply: &Reply, waited: Duration) -> Result<()> {
        let Outcome::Accepted(events) = &reply.outcome else {
            bail!("refused: {:?}", reply.outcome);
        };
        let exceeded = events.iter().filter(|event| matches!(event, Event::BudgetExceeded(_))).count();
        self.exceeded += exceeded as u64;
        let newest = self.newest.entry(reply.position.partition).or_default();
        *newest = reply.position.sequence.max(*newest);
        self.waited.saturating_record(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.exceeded += other.exceeded;
        for (partition, sequence) in &other.newest {
            let newest = self.newest.entry(*partition).or_default();
            *newest = (*sequence).max(*newest);
        }
        Ok(self.waited.add(&other.waited)?)
    }
}

/// Submits all jobs, the window always full; returns when the last one is answered.
async fn submit_all(args: &Args, engine: &Engine, jobs: Vec<Job>) -> Result<(Answers, Duration)> {
    let each = jobs.len().div_ceil(args.tasks);
    let mut jobs = jobs.into_iter();
    let shares: Vec<Vec<Job>> = (0..args.tasks).map(|_| jobs.by_ref().take(each).collect()).collect();
    let begun = Instant::now();
    let window = (args.window / args.tasks).max(1);
    let tasks: Vec<_> =
        shares.into_iter().map(|share| tokio::spawn(submit_share(engine.clone(), share, window))).collect();
    let mut all = Answers::new()?;
    for task in tasks {
        all.merge(&task.await.context("a task panicked")??)?;
    }
    Ok((all, begun.elapsed()))
}

/// Takes the answers in the order of the commands. (A waker a command instead took as much of the machine as a quarter of
/// the engine's work.)
async fn submit_share(engine: Engine, share: Vec<Job>, window: usize) -> Result<Answers> {
    let mut answers = Answers::new()?;
    let mut waiting = VecDeque::with_capacity(window);
    let mut share = share.into_iter();
    loop {
        // The window is smaller than a shard's queue, so that none is turned away.
        while waiting.len() < window {
            let Some((user, input)) = share.next() else { break };
            waiting.push_back((Instant::now(), engine.submit_input(user, input)));
        }
        let Some((begun, answer)) = waiting.pop_front() else { return Ok(answers) };
        let reply = answer.await?;
        answers.add(&reply, begun.elapsed())?;
    }
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
