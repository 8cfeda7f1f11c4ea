//! A user with twenty years and 200,000 transactions behind them, next to a new one, over HTTP: reports, and the next
//! transaction. `cargo bench --bench history -- --help`; what it shows: docs/benchmarks.md.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "every bench uses a part of what they share")]
mod support;

use anyhow::{Result, ensure};
use clap::Parser;
use hdrhistogram::Histogram;
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use support::client::{Client, wait_until_ready};
use support::process::{Group, free_port};
use support::ratio;
use support::table::{Table, figure, verdict};

const YEARS: u64 = 20;
const CATEGORIES: u64 = 40;
/// As many as one `import_transactions` takes.
const ROWS: u64 = 500;
/// The bars: a year's report, milliseconds; how much longer the next transaction may take than a new user's; bytes of a user who only posts.
const REPORT_MS: f64 = 10.0;
const SLOWER: f64 = 1.2;
const USER_BYTES: f64 = 65_536.0;

/// Measures a long history.
#[derive(Debug, Parser)]
struct Args {
    /// Transactions behind the old user.
    #[arg(long, default_value_t = 200_000)]
    n: u64,
    /// Requests of each kind that are timed.
    #[arg(long, default_value_t = 200)]
    requests: u64,
    /// Where the data is kept meanwhile.
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/history"))]
    folder: PathBuf,
    /// The binary measured.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_centime"))]
    binary: PathBuf,
    /// `cargo bench` says this.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    if !support::asked_for() {
        println!("measures nothing unless asked: cargo bench --bench history");
        return Ok(());
    }
    let args = Args::parse();
    support::process::clean_up_when_interrupted();
    let _ = std::fs::remove_dir_all(&args.folder);
    std::fs::create_dir_all(&args.folder)?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let mut server = serve(&args, &address)?;
    let begun = Instant::now();
    load(&args, &address)?;
    println!("{} transactions loaded in {:.1} s", args.n, begun.elapsed().as_secs_f64());
    // Started again, so that nothing is in memory but what the measured requests load.
    server.stop(Duration::from_mins(1))?;
    server = serve(&args, &address)?;
    let mut table = Table::new(&["", "p50", "p99", "bar", "verdict"]);
    let bytes = posting(&args, &address, &mut table)?;
    reports(&args, &address, &mut table)?;
    let met = bytes <= USER_BYTES;
    table.row(vec![
        "memory of both users, posting only, bytes".into(),
        figure(bytes),
        String::new(),
        format!("<= {}", figure(USER_BYTES)),
        verdict(met),
    ]);
    table.print();
    server.check()?;
    server.stop(Duration::from_mins(1))?;
    std::fs::remove_dir_all(&args.folder)?;
    Ok(())
}

fn serve(args: &Args, address: &str) -> Result<Group> {
    let mut command = Command::new(&args.binary);
    command.args(["serve", "--auth", "none", "--bus", "embedded", "--listen", address]);
    command.arg("--data-dir").arg(args.folder.join("data")).current_dir(&args.folder);
    let mut server = Group::spawn("centime", &mut command, &args.folder.join("log"))?;
    wait_until_ready(address, &mut server)?;
    Ok(server)
}

/// A budget for both; the old user's rows, in the order of their dates.
fn load(args: &Args, address: &str) -> Result<()> {
    let mut client = Client::connect(address)?;
    let budget = json!({"category": "Category 1", "limit": "1000000000", "from": "2026-01"}).to_string();
    for user in ["old", "new"] {
        client.create(&format!("/v1/users/{user}/commands/set_budget"), &budget)?;
    }
    for part in 0..args.n.div_ceil(ROWS) {
        let rows: Vec<_> = (part * ROWS..((part + 1) * ROWS).min(args.n)).map(|i| row(i, args.n)).collect();
        client.create("/v1/users/old/commands/import_transactions", &json!({"rows": rows}).to_string())?;
    }
    Ok(())
}

/// Twenty years up to 2026; every tenth an income.
fn row(i: u64, of: u64) -> serde_json::Value {
    let month = i * YEARS * 12 / of;
    let sign = if i.is_multiple_of(10) { "" } else { "-" };
    json!({
        "date": format!("{}-{:02}-{:02}", 2007 + month / 12, month % 12 + 1, i % 28 + 1),
        "amount": format!("{sign}{}.{:02}", i % 100 + 1, i % 97), "category": format!("Category {}", i % CATEGORIES),
        "bank_id": i.to_string(),
    })
}

/// The next transaction of both, by turns; answers how much memory the two take.
fn posting(args: &Args, address: &str, table: &mut Table) -> Result<f64> {
    let mut client = Client::connect(address)?;
    let mut waited = [histogram()?, histogram()?];
    let warmup = args.requests / 4;
    for i in 0..args.requests + warmup {
        let body = json!({"transaction_type": "Expense", "amount": "1.50", "category": "Category 1", "date": format!("2026-12-{:02}", i % 28 + 1)});
        for (user, waited) in ["old", "new"].iter().zip(&mut waited) {
            let began = Instant::now();
            client.create(&format!("/v1/users/{user}/transactions"), &body.to_string())?;
            if i >= warmup {
                waited.saturating_record(u64::try_from(began.elapsed().as_micros())?);
            }
        }
    }
    let p50 = waited.each_ref().map(|waited| waited.value_at_quantile(0.5));
    add(table, "new user: POST, ms", &waited[1], None);
    add(table, "old user: POST, ms", &waited[0], Some(ratio(p50[1], 1_000) * SLOWER));
    // The figure is taken now and then.
    std::thread::sleep(Duration::from_secs(2));
    client.metric("centime_user_bytes")
}

fn reports(args: &Args, address: &str, table: &mut Table) -> Result<()> {
    let mut client = Client::connect(address)?;
    for (name, path, bar) in [
        ("old user: GET reports/year, ms", "reports/year?year=2026", Some(REPORT_MS)),
        ("old user: GET reports/year, each of twenty, ms", "reports/year?year=", Some(REPORT_MS)),
        ("old user: GET reports/month, ms", "reports/month?month=2026-06", Some(REPORT_MS)),
        ("old user: GET reports/cash-flow, 20 years, ms", "reports/cash-flow?from=2007-01&to=2026-12", None),
    ] {
        let mut waited = histogram()?;
        for i in 0..args.requests {
            let year = if path.ends_with('=') { (2007 + i % YEARS).to_string() } else { String::new() };
            let began = Instant::now();
            let status = client.get(&format!("/v1/users/old/{path}{year}"))?;
            waited.saturating_record(u64::try_from(began.elapsed().as_micros())?);
            ensure!(status == 200, "{path} was answered {status}: {:.500}", client.text());
        }
        add(table, name, &waited, bar);
    }
    Ok(())
}

/// A row; the bar is the median's.
fn add(table: &mut Table, name: &str, waited: &Histogram<u64>, bar: Option<f64>) {
    let [p50, p99] = [0.5, 0.99].map(|quantile| ratio(waited.value_at_quantile(quantile), 1_000));
    let mut cells = vec![name.to_owned(), figure(p50), figure(p99)];
    if let Some(bar) = bar {
        cells.extend([format!("<= {}", figure(bar)), verdict(p50 <= bar)]);
    }
    table.row(cells);
}

fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 600_000_000, 3)?)
}
