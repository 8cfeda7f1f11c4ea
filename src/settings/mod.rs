//! From the command line's words to a configuration that holds together. What clap can't check (settings that only
//! make sense together, addresses, the node's kept name) is checked here, and every error names the setting and the cure.

pub(crate) mod layers;
mod listen;
mod node;
pub(crate) mod values;

use crate::args::{BusKind, EngineArgs, KafkaArgs, ServeArgs};
use anyhow::{Context as _, bail};
use centime_engine::{Bus, Clock, EngineConfig, KafkaConfig};
use centime_http::HttpConfig;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use listen::resolve;

/// How long running requests get once the process is asked to stop: with the engine's 8 s this stays within 10 s, the
/// patience of most service managers.
const DRAIN: Duration = Duration::from_secs(2);

const BOOTSTRAP: &str = "bootstrap.servers";

/// What `serve` needs to know.
pub(crate) fn serve(args: &ServeArgs) -> anyhow::Result<(EngineConfig, HttpConfig)> {
    let listen = listen::check(&args.http)?;
    let advertised = args.engine.kafka.advertise.clone().or_else(|| listen::reachable(listen));
    if args.engine.bus == BusKind::Kafka && advertised.is_none() {
        tracing::warn!(
            "other nodes can't be told where this one listens: set --advertise HOST:PORT to be forwarded to"
        );
    }
    let engine = engine(&args.engine, advertised.clone())?;
    Ok((engine, http(listen, advertised)))
}

/// An HTTP edge at `listen`.
pub(crate) fn http(listen: std::net::SocketAddr, advertised: Option<String>) -> HttpConfig {
    HttpConfig { listen, advertised, drain: DRAIN, ..HttpConfig::default() }
}

/// What an engine needs to know.
pub(crate) fn engine(args: &EngineArgs, advertised: Option<String>) -> anyhow::Result<EngineConfig> {
    std::fs::create_dir_all(&args.data_dir).with_context(|| {
        let folder = args.data_dir.display();
        format!("--data-dir {folder}: the folder can't be made; name one that this user may write to")
    })?;
    Ok(EngineConfig {
        bus: match args.bus {
            BusKind::Embedded => Bus::Embedded,
            BusKind::InMemory => Bus::InMemory,
            BusKind::Kafka => Bus::Kafka(kafka(args, advertised)?),
        },
        data_dir: args.data_dir.clone(),
        shards: shards(args.shards, args.partitions),
        partitions: args.partitions,
        memory_budget: memory(args.memory_mib),
        write_behind: args.write_behind,
        clock: Arc::new(args.clock.map_or_else(Clock::default, Clock::starting_at)),
        panic_id: args.panic_id.clone(),
    })
}

/// The engine of the demo: embedded, everything else as a newcomer's `serve` has it.
pub(crate) fn demo_engine(data_dir: &Path) -> anyhow::Result<EngineConfig> {
    #[derive(clap::Parser)]
    struct Defaults {
        #[command(flatten)]
        engine: EngineArgs,
    }
    let Defaults { mut engine } = clap::Parser::try_parse_from(["centime"])?;
    engine.bus = BusKind::Embedded;
    engine.data_dir = PathBuf::from(data_dir);
    self::engine(&engine, None)
}

/// More threads than cores only take turns, more than partitions have nothing to do, more than 16 saturate a disk.
fn shards(asked: Option<u16>, partitions: u16) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.map_or(cores.min(16), usize::from).min(partitions.into())
}

fn memory(mib: u32) -> usize {
    usize::try_from(u64::from(mib) << 20).unwrap_or(usize::MAX)
}

fn kafka(args: &EngineArgs, advertised: Option<String>) -> anyhow::Result<KafkaConfig> {
    let KafkaArgs { group, event_partitions, replication, session_timeout, .. } = &args.kafka;
    let settings = kafka_settings(&args.kafka);
    if !settings.iter().any(|(key, _)| key == BOOTSTRAP) {
        bail!(
            "--bus kafka needs a broker to start from: set --bootstrap-servers or KAFKA_BOOTSTRAP_SERVERS to HOST:PORT"
        );
    }
    if group.is_empty() || !group.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        bail!(
            "--group {group:?} names topics' consumers and transactions: use letters, digits, `.`, `_` and `-`"
        );
    }
    Ok(KafkaConfig {
        settings,
        group: group.clone(),
        node: node::name(args.kafka.node.as_deref(), &args.data_dir)?,
        advertised,
        partitions: args.partitions,
        event_partitions: *event_partitions,
        replication: *replication,
        session_timeout: *session_timeout,
    })
}

/// Later ones win: the file's table, the brokers, the flags.
fn kafka_settings(args: &KafkaArgs) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    let file = args.kafka_from_file.iter().map(|s| (s.key.clone(), s.value.clone()));
    let brokers = args.bootstrap_servers.iter().map(|servers| (BOOTSTRAP.to_owned(), servers.clone()));
    let flags = args.settings.iter().map(|s| (s.key.clone(), s.value.clone()));
    for (key, value) in file.chain(brokers).chain(flags) {
        settings.retain(|(known, _)| *known != key);
        settings.push((key, value));
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Action, Cli};
    use clap::Parser as _;

    fn args(flags: &[&str]) -> EngineArgs {
        let all = ["centime", "serve"].iter().chain(flags);
        match Cli::try_parse_from(all).expect("flags are fine").action {
            Action::Serve(args) => args.engine,
            _ => unreachable!("asked for serve"),
        }
    }

    fn config(flags: &[&str]) -> anyhow::Result<EngineConfig> {
        let folder = tempfile::tempdir().expect("a folder");
        engine(&EngineArgs { data_dir: folder.path().join("data"), ..args(flags) }, None)
    }

    #[test]
    fn kafka_without_a_broker_says_what_to_set() {
        let error = config(&["--bus", "kafka"]).expect_err("must be refused").to_string();
        assert!(error.contains("KAFKA_BOOTSTRAP_SERVERS"), "{error}");
        assert!(config(&["--bus", "kafka", "--kafka", "bootstrap.servers=k:9092"]).is_ok());
    }

    #[test]
    fn a_flag_replaces_one_key_of_the_files_table() {
        let args = args(&[
            "--kafka-from-file=linger.ms=5",
            "--kafka-from-file=bootstrap.servers=file:1",
            "--bootstrap-servers=env:2",
            "--kafka=linger.ms=9",
        ]);
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(kafka_settings(&args.kafka), [pair(BOOTSTRAP, "env:2"), pair("linger.ms", "9")]);
    }

    #[test]
    fn there_are_never_more_shards_than_partitions() {
        assert_eq!(shards(Some(8), 3), 3);
        assert!(shards(None, 12) >= 1);
    }
}
