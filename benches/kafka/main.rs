//! centime on Kafka beside Kafka Streams and the floor: throughput, latency, CPU and memory, on one broker in one run.
//! What is measured and why so: docs/benchmarks.md. `cargo bench --bench kafka -- --help` lists the options.

mod cluster;
mod floor;
mod garbage;
mod report;
mod round;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "every bench uses a part of what they share")]
mod support;
mod system;
mod tail;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use report::Report;
use round::Round;
use system::{Phase, System};

/// What centime itself allocates with: the floor must not be slower for that.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Measures centime on Kafka beside Kafka Streams and the floor.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Commands of the throughput measurement.
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) n: u64,
    /// Users, each with a budget in eight categories.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) users: u64,
    /// Commands a second of the latency measurement.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) rate: u32,
    /// Length of the latency measurement.
    #[arg(long, default_value_t = 30)]
    pub(crate) seconds: u32,
    /// The same load before it, not measured.
    #[arg(long, default_value_t = 10)]
    pub(crate) warmup: u32,
    /// How long each round's broker is warmed up, at the rate of the latency measurement.
    #[arg(long, default_value_t = 45)]
    pub(crate) broker_warmup: u32,
    /// Rounds, each on a broker of its own; the table shows medians.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Measure only this.
    #[arg(long)]
    pub(crate) only: Option<Only>,
    /// Measure beside centime …
    #[arg(long, default_value = "all")]
    pub(crate) peers: Peers,
    /// Partitions of the commands (and of what the peers keep).
    #[arg(long, default_value_t = 12)]
    pub(crate) partitions: i32,
    /// Partitions of the peers' events; centime's own default.
    #[arg(long, default_value_t = 3)]
    pub(crate) event_partitions: i32,
    /// `linger.ms` of the latency measurement's load.
    #[arg(long, default_value_t = 5)]
    pub(crate) linger_ms: u32,
    /// Kafka Streams' `commit.interval.ms`.
    #[arg(long, default_value_t = 100)]
    pub(crate) commit_ms: u32,
    /// Kafka Streams' largest Java heap.
    #[arg(long, default_value = "1g")]
    pub(crate) streams_heap: String,
    /// The floor's threads in the latency measurement.
    #[arg(long, default_value_t = 1)]
    pub(crate) floor_threads: i32,
    /// `centime serve --shards`; without it centime decides.
    #[arg(long)]
    pub(crate) shards: Option<usize>,
    /// A piece of garbage after every so many preloaded commands; only centime alone (`--peers none`) can be asked that.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) garbage_every: Option<u64>,
    /// Keep each round's folder (logs, data) in target/tmp/.
    #[arg(long)]
    pub(crate) keep: bool,
    /// `cargo bench` says this.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    internal: Option<Internal>,
}

/// One of the two measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    Throughput,
    Latency,
}

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peers {
    /// centime, floor and Kafka Streams.
    All,
    /// centime alone.
    None,
    /// The floor and Kafka Streams without centime.
    Only,
}

/// Processes this bench starts of itself.
#[derive(Debug, Subcommand)]
enum Internal {
    #[command(hide = true)]
    Floor(floor::FloorArgs),
}

impl Args {
    fn phases(&self) -> &'static [Phase] {
        match self.only {
            None => &[Phase::Throughput, Phase::Latency],
            Some(Only::Throughput) => &[Phase::Throughput],
            Some(Only::Latency) => &[Phase::Latency],
        }
    }

    /// Who is measured, in the order of the round: each is first once in three rounds.
    fn systems(&self, round: usize) -> Vec<System> {
        let mut systems = match self.peers {
            Peers::All => vec![System::Centime, System::Floor, System::Streams],
            Peers::None => vec![System::Centime],
            Peers::Only => vec![System::Floor, System::Streams],
        };
        let first = round % systems.len();
        systems.rotate_left(first);
        systems
    }
}

fn main() -> Result<()> {
    if !support::asked_for() {
        println!("measures nothing unless asked: cargo bench --bench kafka");
        return Ok(());
    }
    let args = Args::parse();
    ensure!(
        args.garbage_every.is_none() || args.peers == Peers::None,
        "--garbage-every: the peers are not made for garbage; add --peers none"
    );
    if let Some(Internal::Floor(floor)) = &args.internal {
        return floor::run(floor);
    }
    support::process::clean_up_when_interrupted();
    if args.peers != Peers::None {
        system::build_streams()?;
    }
    let mut report = Report::default();
    for round in 0..args.rounds {
        println!("\nround {} of {}", round + 1, args.rounds);
        Round::start(&args, round)?.run(&mut report)?;
    }
    report.print(&args);
    Ok(())
}
