//! How to run the edge.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How to run the edge. Start from [`HttpConfig::default`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address others reach this server at (`http://host:port` or `host:port`): a `Host` that is fine even on loopback.
    pub advertised: Option<String>,
    /// Most requests processed at once; one more is answered 503.
    pub max_in_flight: usize,
    /// Most bytes of one request body; a longer one is answered 413.
    pub max_body: usize,
    /// Most bytes of a file to be imported; a longer one is answered 413.
    pub max_file: usize,
    /// Most bytes of request bodies in memory, all requests together; beyond that 503.
    pub max_bodies: usize,
    /// How long a client may take to send its body.
    pub body_timeout: Duration,
    /// How long running requests get to finish once the server is asked to stop.
    pub drain: Duration,
    /// Silence after which a feed sends a sign of life.
    pub keep_alive: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            advertised: None,
            max_in_flight: 4096,
            max_body: 1 << 20,
            max_file: 16 << 20,
            max_bodies: 64 << 20,
            body_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
        }
    }
}
