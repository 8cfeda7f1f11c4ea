//! The server: bind, run, drain.

use crate::backend::Backend;
use crate::config::HttpConfig;
use crate::dispatch;
use crate::edge::{Edge, Metrics};
use crate::reply::Response;
use centime_engine::Engine;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use warp::filters::BoxedFilter;

/// How long a connection may be silent before or between requests, and how long a request's head may take.
const IDLE: Duration = Duration::from_mins(2);
/// Pause after a failed accept: it fails again until some connection has closed.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The client that reaches other nodes can't be made.
    #[error("can't set up the client that reaches other nodes: {0}")]
    Client(#[from] reqwest::Error),
}

/// A server that listens: connections queue until [`Server::run`].
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    edge: Arc<Edge>,
}

impl Server {
    /// Listens. `metrics` makes the text of `/metrics` at every scrape.
    pub async fn bind(
        engine: Engine,
        config: HttpConfig,
        metrics: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Self, HttpError> {
        Self::bind_backend(Box::new(engine), config, Box::new(metrics)).await
    }

    pub(crate) async fn bind_backend(
        backend: Box<dyn Backend>,
        config: HttpConfig,
        metrics: Metrics,
    ) -> Result<Self, HttpError> {
        let failed = |source| HttpError::Bind { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let edge = Arc::new(Edge::new(backend, config, address, metrics)?);
        Ok(Self { listener, address, edge })
    }

    /// The address listened on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves; then ends feeds, lets running requests finish for as long as
    /// [`HttpConfig::drain`] says, and drops what is left. Stop the engine only afterwards: requests wait for it.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let app = dispatch::filter(self.edge.clone());
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(serve(stream, app.clone(), graceful.watcher()))),
                    Err(error) => {
                        tracing::warn!(%error, "can't accept a connection");
                        sleep(ACCEPT_AGAIN).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
        drop(self.listener);
        self.edge.stop();
        if timeout(self.edge.config.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "requests still running after the drain; dropped"
            );
        }
        connections.shutdown().await;
    }
}

async fn serve(stream: TcpStream, app: BoxedFilter<(Response,)>, watcher: Watcher) {
    // Answers are small and awaited: Nagle's algorithm would hold them back.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(IDLE);
    let service = TowerToHyperService::new(warp::service(app));
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, "a connection broke off");
    }
}
