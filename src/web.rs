//! Engine and HTTP side by side, until told to stop.

use crate::stop;
use anyhow::Context as _;
use centime_engine::{Engine, EngineConfig};
use centime_http::Server;
use std::convert::Infallible;
use std::time::{Duration, Instant};

/// How often to look whether an engine has caught up.
const LOOK: Duration = Duration::from_millis(5);
/// When to say that it takes long.
const LONG: Duration = Duration::from_secs(5);

/// Starts an engine; that blocks, so it has a thread to itself.
pub(crate) async fn start(config: EngineConfig) -> anyhow::Result<Engine> {
    let folder = config.data_dir.display().to_string();
    let started = tokio::task::spawn_blocking(|| Engine::start(config)).await?;
    started.with_context(|| format!("the engine does not start on {folder}"))
}

/// Starts an engine and waits until it has caught up with its journal, or until told to stop.
pub(crate) async fn ready(config: EngineConfig) -> anyhow::Result<Engine> {
    let engine = start(config).await?;
    let started = Instant::now();
    let mut told = false;
    while !engine.ready() {
        if !told && started.elapsed() > LONG {
            tracing::info!("still catching up with the journal");
            told = true;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(engine)
}

/// Answers requests until told to stop, then lets go of everything in good order: requests first, the engine they wait
/// for afterwards. `beside` runs along; if it fails, all ends.
pub(crate) async fn run(
    engine: Engine,
    server: Server,
    beside: impl Future<Output = anyhow::Result<Infallible>>,
) -> anyhow::Result<()> {
    let mut signal = Ok(());
    let requests = server.run(async { signal = stop::requested().await });
    let ended = tokio::select! {
        () = requests => Ok(()),
        Err(error) = beside => Err(error),
    };
    engine.stop().await;
    tracing::info!("stopped");
    ended.and(signal)
}
