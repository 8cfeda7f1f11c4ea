//! centime on one machine, without Kafka: durable commands a second through the engine's handle beside the bare disk, and
//! the same over HTTP. What is measured and why so: docs/benchmarks.md. `cargo bench --bench pipeline -- --help`.

mod embedded;
mod floor;
mod http;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "every bench uses a part of what they share")]
mod support;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use std::fs;
use std::path::PathBuf;
use support::median;
use support::table::{Table, figure, verdict};

/// What the release binary allocates with.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Measures centime with its embedded log.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Commands of the embedded measurement.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) n: u64,
    /// Users, each with a budget in eight categories.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) users: u64,
    /// Rounds, each in a new folder; the table shows medians.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Measure only this.
    #[arg(long)]
    pub(crate) only: Option<Only>,
    /// Tasks that submit commands.
    #[arg(long, default_value_t = 4)]
    pub(crate) tasks: usize,
    /// Commands without an answer yet, all tasks together.
    #[arg(long, default_value_t = 8_192)]
    pub(crate) window: usize,
    /// Threads that run those tasks.
    #[arg(long, default_value_t = 1)]
    pub(crate) submitters: usize,
    /// The engine's worker threads.
    #[arg(long, default_value_t = 2)]
    pub(crate) shards: u16,
    /// The engine's partitions.
    #[arg(long, default_value_t = 12)]
    pub(crate) partitions: u16,
    /// The engine's memory for user states, MiB.
    #[arg(long, default_value_t = 1_024)]
    pub(crate) memory: usize,
    /// Age at which the engine writes changes to sled, ms.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) write_behind: u64,
    /// Keep-alive clients of the HTTP measurement (and, before it, one).
    #[arg(long, default_value_t = 64)]
    pub(crate) clients: usize,
    /// Seconds of each HTTP measurement; two more before each are not counted.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// `cargo bench` says this.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One of the two measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    Embedded,
    Http,
}

/// One figure of one round, with the bar it has to meet.
pub(crate) struct Figure {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) bar: Option<Bar>,
}

/// What centime promises.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

/// A figure.
pub(crate) fn figure_of(label: impl Into<String>, value: f64, bar: Option<Bar>) -> Figure {
    Figure { label: label.into(), value, bar }
}

fn main() -> Result<()> {
    if !support::asked_for() {
        println!("measures nothing unless asked: cargo bench --bench pipeline");
        return Ok(());
    }
    let args = Args::parse();
    support::process::clean_up_when_interrupted();
    let mut rounds = Vec::new();
    for round in 0..args.rounds {
        println!("\nround {} of {}", round + 1, args.rounds);
        let mut figures = Vec::new();
        if args.only != Some(Only::Http) {
            figures.extend(embedded::measure(&args, round as u64)?);
        }
        if args.only != Some(Only::Embedded) {
            figures.extend(http::measure(&args, round as u64)?);
        }
        for Figure { label, value, .. } in &figures {
            println!("  {label:44} {}", figure(*value));
        }
        rounds.push(figures);
    }
    print(&args, &rounds);
    Ok(())
}

fn print(args: &Args, rounds: &[Vec<Figure>]) {
    println!("\n{} commands of {} users; medians of {} rounds\n", args.n, args.users, rounds.len());
    let mut table = Table::new(&["", "median", "bar", "verdict"]);
    for (row, Figure { label, bar, .. }) in rounds.first().into_iter().flatten().enumerate() {
        let values: Vec<f64> = rounds.iter().map(|figures| figures[row].value).collect();
        let middle = median(&values).expect("there is a first round");
        let mut cells = vec![label.clone(), figure(middle)];
        if let Some(bar) = bar {
            let (sign, limit, met) = match *bar {
                Bar::AtLeast(limit) => (">=", limit, middle >= limit),
                Bar::AtMost(limit) => ("<=", limit, middle <= limit),
            };
            cells.extend([format!("{sign} {}", figure(limit)), verdict(met)]);
        }
        table.row(cells);
    }
    table.print();
}

/// A folder for one measurement, on the disk the build is on; deleted when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// Makes it, empty.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The next run empties it too.
        let _ = fs::remove_dir_all(&self.0);
    }
}
