//! The three systems that do the job: how each is started, and where its events appear.

use crate::Args;
use crate::cluster::{Broker, REPOSITORY};
use crate::garbage::POISON;
use crate::support::process::{Group, free_port};
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Topic of all commands timed.
pub(crate) const COMMANDS: &str = "commands.create_transaction";
/// Topic of the commands that warm the broker up.
pub(crate) const WARM_COMMANDS: &str = "warm.commands";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum System {
    /// The release binary of this repository.
    Centime,
    /// Consume, produce, commit; decides nothing.
    Floor,
    /// Kafka Streams doing the same job.
    Streams,
}

/// What a system is about to be measured for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Preloaded commands, as fast as it goes.
    Throughput,
    /// A steady trickle.
    Latency,
}

impl System {
    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Centime => "centime",
            Self::Floor => "floor",
            Self::Streams => "Kafka Streams",
        }
    }

    /// Where one event a command appears.
    pub(crate) fn created(self) -> &'static str {
        match self {
            Self::Centime => "events.transaction_created",
            Self::Floor => "floor.transaction_created",
            Self::Streams => "peer.transaction_created",
        }
    }

    /// Where the alerts appear.
    pub(crate) fn exceeded(self) -> Option<&'static str> {
        match self {
            Self::Centime => Some("events.budget_exceeded"),
            Self::Floor => None,
            Self::Streams => Some("peer.budget_exceeded"),
        }
    }

    /// What its events call the `UUIDv7` of the command that caused them.
    pub(crate) fn clock(self) -> &'static str {
        match self {
            Self::Floor => r#""id":""#,
            Self::Centime | Self::Streams => r#""causationid":""#,
        }
    }

    /// Starts it on what it has left from the phases before.
    pub(crate) fn start(self, args: &Args, broker: &Broker, dir: &Path, phase: Phase) -> Result<Group> {
        let home = dir.join(self.name().replace(' ', "-"));
        let mut command = match self {
            Self::Centime => centime(args, broker, &home)?,
            Self::Floor => floor_process(args, broker, phase, COMMANDS, "floor")?,
            Self::Streams => streams(args, broker, &home),
        };
        let log = dir.join(format!("{}-{phase:?}.log", self.name().replace(' ', "-")));
        Group::spawn(self.name(), &mut command, &log)
    }
}

fn centime(args: &Args, broker: &Broker, home: &Path) -> Result<Command> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_centime"));
    command.args(["serve", "--auth", "none", "--bus", "kafka"]);
    command.args(["--listen", &format!("127.0.0.1:{}", free_port()?)]);
    command.args(["--kafka", &format!("bootstrap.servers={}", broker.address)]);
    command.arg("--data-dir").arg(home);
    if args.garbage_every.is_some() {
        command.args(["--panic-id", POISON]);
    }
    if let Some(shards) = args.shards {
        command.args(["--shards", &shards.to_string()]);
    }
    Ok(command)
}

/// A floor that warms the broker up, on topics that nobody else uses.
pub(crate) fn warmer(args: &Args, broker: &Broker, dir: &Path) -> Result<Group> {
    let mut command = floor_process(args, broker, Phase::Latency, WARM_COMMANDS, "warm")?;
    Group::spawn("warm-up", &mut command, &dir.join("warm-up.log"))
}

fn floor_process(args: &Args, broker: &Broker, phase: Phase, from: &str, name: &str) -> Result<Command> {
    // Two threads share a backlog; for a trickle, one makes fewer and fuller commits.
    let (threads, dry_ms, linger_ms) = match phase {
        Phase::Throughput => (2, 20, 5),
        Phase::Latency => (args.floor_threads, 0, 0),
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["floor", &broker.address]);
    command.args(["--partitions", &args.partitions.to_string(), "--batch", "20000"]);
    command.args(["--from", from, "--name", name]);
    command.args(["--threads", &threads.to_string()]);
    command.args(["--dry-ms", &dry_ms.to_string(), "--linger-ms", &linger_ms.to_string()]);
    Ok(command)
}

fn streams(args: &Args, broker: &Broker, home: &Path) -> Command {
    let built = streams_target();
    let mut command = Command::new("java");
    command.arg(format!("-Xmx{}", args.streams_heap));
    command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    command.arg("-cp").arg(format!("{0}/classes:{0}/lib/*", built.display()));
    command.args(["centime.peer.BudgetAlerts", &broker.address, "2", &args.commit_ms.to_string()]);
    command.arg(home);
    command
}

fn streams_target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("kafka-streams")
}

/// Compiles the Kafka Streams peer (Maven fetches what it needs the first time).
pub(crate) fn build_streams() -> Result<()> {
    let status = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(Path::new(REPOSITORY).join("benches/peers/kafka-streams/pom.xml"))
        .arg(format!("-Dpeer.target={}", streams_target().display()))
        .arg("compile")
        .status()?;
    ensure!(status.success(), "Maven could not build benches/peers/kafka-streams");
    Ok(())
}
