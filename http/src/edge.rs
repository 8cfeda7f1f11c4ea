//! What all requests share.

use crate::backend::Backend;
use crate::config::HttpConfig;
use crate::guard::Guard;
use futures::future::FutureExt;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// How long another node may take to accept a connection before it counts as gone.
const CONNECT: Duration = Duration::from_secs(2);
/// How long another node may be silent. Its feeds send a sign of life more often than this.
const SILENCE: Duration = Duration::from_mins(1);

/// Files that are read as they arrive, at once: each may take as long as its sender likes, and a few MiB.
const UPLOADS: usize = 4;

/// The metrics page: called at every scrape.
pub(crate) type Metrics = Box<dyn Fn() -> String + Send + Sync>;

/// What all requests share.
pub(crate) struct Edge {
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) config: HttpConfig,
    pub(crate) guard: Guard,
    pub(crate) metrics: Metrics,
    /// One permit a request that is being processed.
    pub(crate) in_flight: Semaphore,
    /// One permit a byte of a request's body.
    pub(crate) body_room: Semaphore,
    /// One permit a file that is read as it arrives.
    pub(crate) uploads: Semaphore,
    /// Reaches other nodes.
    pub(crate) client: reqwest::Client,
    stop: watch::Sender<bool>,
}

impl Edge {
    /// For a server that listens on `address`.
    pub(crate) fn new(
        backend: Box<dyn Backend>,
        config: HttpConfig,
        address: SocketAddr,
        metrics: Metrics,
    ) -> Result<Self, reqwest::Error> {
        // Nodes talk to each other directly, and what a node answers is the answer.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()?;
        Ok(Self {
            backend,
            guard: Guard::new(address, config.advertised.as_deref()),
            metrics,
            in_flight: Semaphore::new(config.max_in_flight),
            body_room: Semaphore::new(config.max_bodies),
            uploads: Semaphore::new(UPLOADS),
            client,
            stop: watch::Sender::new(false),
            config,
        })
    }

    /// Ends the endless answers: feeds, sockets.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Resolves once the server is asked to stop.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.subscribe();
        // An error means that the edge itself is gone: as stopped as can be.
        async move { stop.wait_for(|stopped| *stopped).map(drop).await }
    }
}
