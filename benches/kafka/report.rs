//! Figures of all rounds, and the one table they end in.

use crate::support::median;
use crate::support::table::{Table, figure, verdict};
use crate::system::System;
use crate::{Args, Peers};
use std::collections::BTreeMap;

/// What is measured of each system, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    Rate,
    Startup,
    RateStarted,
    Cpu,
    BrokerCpu,
    Rss,
    Alerts,
    Load,
    P50,
    P90,
    P99,
    P999,
    Max,
    LatencyCpu,
    LatencyRss,
}

/// What centime promises against another system.
#[derive(Debug, Clone, Copy)]
enum Bar {
    AtLeast(System, f64),
    AtMost(System, f64),
}

impl Metric {
    fn label(self) -> &'static str {
        match self {
            Self::Rate => "commands/s from process start",
            Self::Startup => "process start to first event, s",
            Self::RateStarted => "commands/s from first event",
            Self::Cpu => "CPU a command, us",
            Self::BrokerCpu => "broker's CPU a command, us",
            Self::Rss => "peak RSS, MiB",
            Self::Alerts => "budget_exceeded",
            Self::Load => "latency: load, commands/s",
            Self::P50 => "latency p50, ms",
            Self::P90 => "latency p90, ms",
            Self::P99 => "latency p99, ms",
            Self::P999 => "latency p99.9, ms",
            Self::Max => "latency max, ms",
            Self::LatencyCpu => "CPU a command at that rate, us",
            Self::LatencyRss => "peak RSS at that rate, MiB",
        }
    }

    fn bars(self) -> &'static [Bar] {
        match self {
            Self::Rate | Self::RateStarted => &[Bar::AtLeast(System::Streams, 2.0)],
            Self::Cpu | Self::LatencyCpu => &[Bar::AtMost(System::Streams, 0.5)],
            Self::Rss => &[Bar::AtMost(System::Streams, 1.0 / 3.0)],
            Self::P50 => &[Bar::AtMost(System::Streams, 0.35), Bar::AtMost(System::Floor, 1.5)],
            Self::P99 => &[Bar::AtMost(System::Streams, 0.4), Bar::AtMost(System::Floor, 1.5)],
            _ => &[],
        }
    }
}

/// Collects figures: one of each metric and system a round.
#[derive(Default)]
pub(crate) struct Report {
    values: BTreeMap<(Metric, System), Vec<f64>>,
    unequal: Vec<String>,
}

impl Report {
    /// Takes a figure and shows it.
    pub(crate) fn note(&mut self, metric: Metric, system: System, value: f64) {
        println!("  {:14} {:32} {}", system.name(), metric.label(), figure(value));
        self.values.entry((metric, system)).or_default().push(value);
    }

    /// Takes how many alerts a system has raised and how many it must have.
    pub(crate) fn check_alerts(&mut self, system: System, raised: u64, expected: u64) {
        if raised != expected {
            let text = format!("{} raised {raised} budget_exceeded, {expected} are right", system.name());
            println!("  {text}");
            self.unequal.push(text);
        }
    }

    /// Prints the table.
    pub(crate) fn print(&self, args: &Args) {
        println!(
            "\n{} commands of {} users, then {}/s for {} s; medians of {} rounds\n",
            args.n, args.users, args.rate, args.seconds, args.rounds
        );
        let mut table =
            Table::new(&["", "centime", "floor", "Kafka Streams", "centime : peer", "bar", "verdict"]);
        let mut metrics: Vec<Metric> = self.values.keys().map(|(metric, _)| *metric).collect();
        metrics.dedup();
        for metric in metrics {
            let cell = |system| {
                let values = self.values.get(&(metric, system)).map_or(&[][..], Vec::as_slice);
                median(values).map_or("-".into(), figure)
            };
            let mut cells = vec![metric.label().to_owned()];
            cells.extend([System::Centime, System::Floor, System::Streams].map(cell));
            let mut bars = metric.bars().iter().filter_map(|bar| self.judge(metric, *bar));
            cells.extend(bars.next().into_iter().flatten());
            table.row(cells);
            for more in bars {
                table.row(std::iter::repeat_n(String::new(), 4).chain(more).collect());
            }
        }
        table.print();
        if !self.unequal.is_empty() {
            println!("\nNo ratios: the systems did not do the same job.");
            for text in &self.unequal {
                println!("- {text}");
            }
        } else if args.peers == Peers::All {
            println!(
                "\nAlerts are equal, and as many as the load calls for. Ratios are medians of each round's."
            );
        }
    }

    /// The cells for a bar: ratio, bar, verdict. `None` where there is nothing to compare, or it would be unfair.
    fn judge(&self, metric: Metric, bar: Bar) -> Option<[String; 3]> {
        let (Bar::AtLeast(peer, limit) | Bar::AtMost(peer, limit)) = bar;
        let own = self.values.get(&(metric, System::Centime))?;
        let other = self.values.get(&(metric, peer))?;
        if !self.unequal.is_empty() {
            return None;
        }
        let ratios: Vec<f64> = own.iter().zip(other).map(|(a, b)| a / b).collect();
        let middle = median(&ratios)?;
        let (sign, met) = match bar {
            Bar::AtLeast(..) => (">=", middle >= limit),
            Bar::AtMost(..) => ("<=", middle <= limit),
        };
        Some([format!("{middle:.2} x {}", peer.name()), format!("{sign} {limit:.2}"), verdict(met)])
    }
}
