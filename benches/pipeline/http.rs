//! The release binary over HTTP. Clients are threads of this process on blocking sockets: one write and one read a request
//! is as light as it gets, for they share the machine with what they measure.

use crate::support::client::{Client, wait_until_ready};
use crate::support::load::{Load, user_id};
use crate::support::process::{Group, cpu, free_port};
use crate::support::{per_second, ratio};
use crate::{Args, Bar, Figure, Folder, figure_of};
use anyhow::Result;
use hdrhistogram::Histogram;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Load before each measurement that does not count.
const WARMUP: Duration = Duration::from_secs(2);

/// One client, then many, on a server of their own.
pub(crate) fn measure(args: &Args, round: u64) -> Result<Vec<Figure>> {
    let folder = Folder::new(&format!("pipeline-http-{round}"))?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let mut serve = Command::new(env!("CARGO_BIN_EXE_centime"));
    serve.args(["serve", "--auth", "none", "--bus", "embedded", "--listen", &address]);
    serve.arg("--data-dir").arg(folder.0.join("data"));
    let log = folder.0.with_extension("log");
    let mut process = Group::spawn("centime", &mut serve, &log)?;
    wait_until_ready(&address, &mut process)?;
    let mut figures = Vec::new();
    for (clients, seed) in [(1, 2 * round), (args.clients, 2 * round + 1)] {
        let cpu_before = cpu(process.pid())?;
        let measured = run(args, &address, clients, seed)?;
        let used = cpu(process.pid())?.saturating_sub(cpu_before);
        process.check()?;
        figures.extend(measured.figures(clients, used));
    }
    process.stop(Duration::from_mins(1))?;
    Ok(figures)
}

/// What some clients saw together.
struct Measured {
    /// Microseconds from request to response.
    waited: Histogram<u64>,
    /// Time in which those were counted.
    took: Duration,
    /// Requests that were not counted.
    warmup: u64,
}

impl Measured {
    fn figures(&self, clients: usize, cpu: Duration) -> Vec<Figure> {
        let ms = |quantile| ratio(self.waited.value_at_quantile(quantile), 1_000);
        let (p50, p99, rate) = match clients {
            1 => (Some(Bar::AtMost(1.0)), Some(Bar::AtMost(5.0)), None),
            _ => (None, Some(Bar::AtMost(30.0)), Some(Bar::AtLeast(10_000.0))),
        };
        let name = if clients == 1 { "HTTP, 1 client".into() } else { format!("HTTP, {clients} clients") };
        let n = self.waited.len();
        vec![
            figure_of(format!("{name}: POST/s"), per_second(n, self.took), rate),
            figure_of(format!("{name}: p50, ms"), ms(0.5), p50),
            figure_of(format!("{name}: p99, ms"), ms(0.99), p99),
            figure_of(format!("{name}: max, ms"), ratio(self.waited.max(), 1_000), None),
            figure_of(
                format!("{name}: centime's CPU a POST, us"),
                cpu.as_secs_f64() * 1e6 / ratio(n + self.warmup, 1),
                None,
            ),
        ]
    }
}

fn run(args: &Args, address: &str, clients: usize, seed: u64) -> Result<Measured> {
    let begun = Instant::now();
    let end = begun + WARMUP + Duration::from_secs(args.seconds);
    let mut measured = Measured { waited: histogram()?, took: Duration::from_secs(args.seconds), warmup: 0 };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients as u64)
            .map(|client| {
                // No two clients send the same.
                let load = Load::new(seed * 10_000 + client, args.users);
                scope.spawn(move || client_loop(address, load, begun + WARMUP, end))
            })
            .collect();
        for thread in threads {
            let (waited, warmup) = thread.join().expect("a client ends with an error, not a panic")?;
            measured.waited.add(&waited)?;
            measured.warmup += warmup;
        }
        Ok(measured)
    })
}

fn client_loop(address: &str, load: Load, from: Instant, end: Instant) -> Result<(Histogram<u64>, u64)> {
    let mut client = Client::connect(address)?;
    let (mut waited, mut warmup) = (histogram()?, 0);
    let mut body = String::new();
    for expense in load {
        body.clear();
        expense.write_data(&mut body);
        let sent = Instant::now();
        client.create(&format!("/v1/users/{}/transactions", user_id(expense.user)), &body)?;
        let now = Instant::now();
        if now >= end {
            break;
        }
        if now >= from {
            waited.saturating_record(u64::try_from((now - sent).as_micros())?);
        } else {
            warmup += 1;
        }
    }
    Ok((waited, warmup))
}

fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 600_000_000, 3)?)
}
