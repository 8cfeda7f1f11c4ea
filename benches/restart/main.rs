//! Killed and started again: how soon the first new command is answered, with a million users behind it and on Kafka; and
//! how much memory it takes to know so many. `cargo bench --bench restart -- --help`; what it shows: docs/benchmarks.md.

#[path = "../kafka/cluster.rs"]
#[allow(dead_code, reason = "of the kafka bench's broker only the broker is needed")]
mod cluster;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "every bench uses a part of what they share")]
mod support;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, ValueEnum};
use cluster::Broker;
use hdrhistogram::Histogram;
use jiff::Timestamp;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use support::client::{Client, wait_until_ready};
use support::load::{Load, user_id};
use support::process::{Group, free_port, peak_rss_mib};
use support::table::{Table, figure, verdict};
use support::{median, ratio};

/// The bars: seconds to the first answer, embedded and on Kafka (the session timeout of 10 s and two more); MiB; milliseconds.
const EMBEDDED_S: f64 = 1.0;
const KAFKA_S: f64 = 12.0;
const RSS_MIB: f64 = 300.0;
const KAFKA_P50_MS: f64 = 40.0;
/// POSTs of the one client on Kafka: those that do not count, then those that do.
const WARMUP: usize = 200;
const POSTS: usize = 1_000;

/// Measures starts after `kill -9`.
#[derive(Debug, Parser)]
struct Args {
    /// Users that the embedded one knows, with a transaction each.
    #[arg(long, default_value_t = 1_000_000)]
    users: u64,
    /// How many of them are active while its memory is measured.
    #[arg(long, default_value_t = 10_000)]
    active: u64,
    /// Kills, each under load; the table shows medians.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Clients that make the load, and its seconds.
    #[arg(long, default_value_t = 8)]
    clients: u64,
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Measure only this.
    #[arg(long)]
    only: Option<Only>,
    /// Where the data is kept meanwhile.
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/restart"))]
    folder: PathBuf,
    /// The binary measured.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_centime"))]
    binary: PathBuf,
    /// `cargo bench` says this.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    Embedded,
    Kafka,
}

fn main() -> Result<()> {
    if !support::asked_for() {
        println!("measures nothing unless asked: cargo bench --bench restart");
        return Ok(());
    }
    let args = Args::parse();
    support::process::clean_up_when_interrupted();
    let _ = std::fs::remove_dir_all(&args.folder);
    std::fs::create_dir_all(&args.folder)?;
    let mut table = Table::new(&["", "each", "median", "bar", "verdict"]);
    if args.only != Some(Only::Kafka) {
        embedded(&args, &mut table)?;
    }
    if args.only != Some(Only::Embedded) {
        kafka(&args, &mut table)?;
    }
    table.print();
    std::fs::remove_dir_all(&args.folder)?;
    Ok(())
}

/// What is measured: how it is started, and where it listens.
struct Subject<'a> {
    args: &'a Args,
    name: &'static str,
    flags: Vec<String>,
    address: String,
}

impl<'a> Subject<'a> {
    fn new(args: &'a Args, name: &'static str, flags: &[&str]) -> Result<Self> {
        let flags = flags.iter().map(ToString::to_string).collect();
        Ok(Self { args, name, flags, address: format!("127.0.0.1:{}", free_port()?) })
    }

    fn data(&self) -> PathBuf {
        self.args.folder.join(self.name)
    }

    fn start(&self) -> Result<Group> {
        let mut command = Command::new(&self.args.binary);
        command.args(["serve", "--auth", "none", "--listen", &self.address]).args(&self.flags);
        command.arg("--data-dir").arg(self.data()).current_dir(&self.args.folder);
        let log = self.args.folder.join(format!("{}.log", self.name));
        Group::spawn("centime", &mut command, &log)
    }

    /// Kills it under load and starts it again, so many times; the last one runs on. Adds the figures to the table.
    fn restarts(&self, users: u64, bar: f64, table: &mut Table) -> Result<Group> {
        let mut process = self.start()?;
        wait_until_ready(&self.address, &mut process)?;
        let (mut took, mut replayed, mut read, mut loaded) = (vec![], vec![], vec![], vec![]);
        for round in 0..self.args.rounds {
            #[expect(clippy::cast_precision_loss, reason = "thousands of commands")]
            loaded.push(self.load(round, users)? as f64);
            // Dropped, it is killed with SIGKILL.
            drop(process);
            let begun = Instant::now();
            process = self.start()?;
            self.first_answer(&mut process, round)?;
            took.push(begun.elapsed().as_secs_f64());
            let mut client = Client::connect(&self.address)?;
            replayed.push(client.metric("centime_replayed_commands_total")?);
            read.push(client.metric("centime_page_reads_total")?);
        }
        let name = self.name;
        add(table, format!("{name}: commands under load before the kill"), &loaded, None);
        add(table, format!("{name}: start to first answer, s"), &took, Some(bar));
        add(table, format!("{name}: commands replayed"), &replayed, None);
        add(table, format!("{name}: pages read by then"), &read, None);
        Ok(process)
    }

    /// Posts from several clients for some seconds; how many were answered.
    fn load(&self, round: u64, users: u64) -> Result<u64> {
        let end = Instant::now() + Duration::from_secs(self.args.seconds);
        thread::scope(|scope| {
            let clients = (0..self.args.clients).map(|client| {
                let load = Load::new(1_000 * (round + 1) + client, users);
                scope.spawn(move || -> Result<u64> {
                    let mut client = Client::connect(&self.address)?;
                    let mut posted = 0;
                    for expense in load {
                        if Instant::now() >= end {
                            break;
                        }
                        let mut body = String::new();
                        expense.write_data(&mut body);
                        post(&mut client, expense.user, &body)?;
                        posted += 1;
                    }
                    Ok(posted)
                })
            });
            let clients: Vec<_> = clients.collect();
            clients.into_iter().map(|client| client.join().expect("a client ends with an error")).sum()
        })
    }

    /// Asks until a new command is answered.
    fn first_answer(&self, process: &mut Group, round: u64) -> Result<()> {
        let expense = Load::new(500_000 + round, 1).next().context("the load is endless")?;
        let mut body = String::new();
        expense.write_data(&mut body);
        loop {
            process.check()?;
            let answered = Client::connect(&self.address).and_then(|mut c| post(&mut c, expense.user, &body));
            if answered.is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn embedded(args: &Args, table: &mut Table) -> Result<()> {
    let subject = Subject::new(args, "embedded", &["--bus", "embedded"])?;
    know(args, &subject)?;
    let mut process = subject.restarts(args.users, EMBEDDED_S, table)?;
    let mut client = Client::connect(&subject.address)?;
    for (n, expense) in (0..args.active).zip(Load::new(7, args.users)) {
        let mut body = String::new();
        expense.write_data(&mut body);
        post(&mut client, n * (args.users / args.active), &body)?;
    }
    process.check()?;
    let name = format!("embedded: peak RSS, {} users known, {} active, MiB", args.users, args.active);
    add(table, name, &[peak_rss_mib(process.pid())?], Some(RSS_MIB));
    process.stop(Duration::from_mins(1))
}

/// Gives every user a transaction, through `centime replay`.
fn know(args: &Args, subject: &Subject<'_>) -> Result<()> {
    let begun = Instant::now();
    let path = args.folder.join("users.jsonl");
    let mut file = BufWriter::new(File::create(&path)?);
    let now = Timestamp::now();
    for (user, mut expense) in (0..args.users).zip(Load::new(1, args.users)) {
        expense.user = user;
        let mut line = String::new();
        expense.write_envelope(&mut line, now);
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    let mut replay = Command::new(&args.binary);
    replay.arg("replay").arg(&path).args(["--format", "jsonl", "--data-dir"]).arg(subject.data());
    let mut process = Group::spawn("centime replay", &mut replay, &args.folder.join("replay.log"))?;
    ensure!(
        process.wait(Duration::from_mins(20))?.success(),
        "the users could not be loaded: see replay.log"
    );
    println!("{} users loaded in {:.1} s", args.users, begun.elapsed().as_secs_f64());
    Ok(())
}

fn kafka(args: &Args, table: &mut Table) -> Result<()> {
    let broker = Broker::start(&args.folder)?;
    let flags = ["--bus", "kafka", "--bootstrap-servers", &broker.address];
    let subject = Subject::new(args, "kafka", &flags)?;
    let mut process = subject.start()?;
    wait_until_ready(&subject.address, &mut process)?;
    let waited = one_client(&subject)?;
    let ms = |quantile| ratio(waited.value_at_quantile(quantile), 1_000);
    add(table, "kafka: one client's POST, p50, ms".into(), &[ms(0.5)], Some(KAFKA_P50_MS));
    add(table, "kafka: one client's POST, p99, ms".into(), &[ms(0.99)], None);
    process.stop(Duration::from_mins(1))?;
    subject.restarts(10_000, KAFKA_S, table)?.stop(Duration::from_mins(1))
}

/// Microseconds that one client waits for each answer.
fn one_client(subject: &Subject<'_>) -> Result<Histogram<u64>> {
    let mut waited = Histogram::new_with_bounds(1, 600_000_000, 3)?;
    let mut client = Client::connect(&subject.address)?;
    for (n, expense) in Load::new(3, 10_000).take(WARMUP + POSTS).enumerate() {
        let mut body = String::new();
        expense.write_data(&mut body);
        let begun = Instant::now();
        post(&mut client, expense.user, &body)?;
        if n >= WARMUP {
            waited.saturating_record(u64::try_from(begun.elapsed().as_micros())?);
        }
    }
    Ok(waited)
}

fn post(client: &mut Client, user: u64, body: &str) -> Result<()> {
    client.create(&format!("/v1/users/{}/transactions", user_id(user)), body)
}

/// A row; the bar is the median's.
fn add(table: &mut Table, name: String, values: &[f64], bar: Option<f64>) {
    let middle = median(values).unwrap_or_default();
    let each = values.iter().map(|value| figure(*value)).collect::<Vec<_>>().join(" ");
    let mut cells = vec![name, each, figure(middle)];
    if let Some(bar) = bar {
        cells.extend([format!("<= {}", figure(bar)), verdict(middle <= bar)]);
    }
    table.row(cells);
}
