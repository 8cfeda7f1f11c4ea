//! Keeps web pages away from a server that trusts whoever reaches it.
//!
//! A server without sign-in listens on loopback only, but a browser on the same machine runs other people's pages. Two
//! ways in: a page posts across origins (the browser then names the page's `Origin`), or its DNS name is rebound to
//! 127.0.0.1 (the browser then names that name as `Host`).

use crate::problem::Problem;
use std::net::{IpAddr, SocketAddr};
use warp::http::uri::Authority;
use warp::http::{Method, StatusCode};

/// What the guard knows about this server.
#[derive(Debug)]
pub(crate) struct Guard {
    loopback: bool,
    advertised: Option<String>,
}

/// What the guard looks at.
#[derive(Debug)]
pub(crate) struct Visitor<'a> {
    pub(crate) method: &'a Method,
    pub(crate) host: Option<&'a Authority>,
    pub(crate) origin: Option<&'a [u8]>,
    /// Browsers let any page open a WebSocket and read it: its GET needs the check that others don't.
    pub(crate) websocket: bool,
}

impl Guard {
    /// A guard for a server listening on `address`.
    pub(crate) fn new(address: SocketAddr, advertised: Option<&str>) -> Self {
        let advertised = advertised.and_then(|text| {
            let authority = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
            Some(host_name(&authority.parse().ok()?).to_owned())
        });
        Self { loopback: address.ip().is_loopback(), advertised }
    }

    /// Refuses with `forbidden_origin`.
    pub(crate) fn check(&self, visitor: &Visitor<'_>) -> Result<(), Problem> {
        let forbidden = |detail| Err(Problem::new(StatusCode::FORBIDDEN, "forbidden_origin", detail));
        if self.loopback && visitor.host.is_some_and(|host| !self.is_ours(host)) {
            return forbidden("this server listens on loopback and goes by no such Host");
        }
        let reads = matches!(*visitor.method, Method::GET | Method::HEAD) && !visitor.websocket;
        match visitor.origin {
            Some(origin) if !reads && !same(origin, visitor.host) => {
                forbidden("a page from another origin may not do this")
            }
            _ => Ok(()),
        }
    }

    fn is_ours(&self, host: &Authority) -> bool {
        let name = host_name(host);
        name.eq_ignore_ascii_case("localhost")
            || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            || self.advertised.as_ref().is_some_and(|ours| ours.eq_ignore_ascii_case(name))
    }
}

/// The host without port and without an IPv6 address's brackets.
fn host_name(authority: &Authority) -> &str {
    authority.host().trim_start_matches('[').trim_end_matches(']')
}

/// Whether an `Origin` (`scheme://host[:port]`, or `null`) is the host asked for.
fn same(origin: &[u8], host: Option<&Authority>) -> bool {
    let origin = std::str::from_utf8(origin).ok().and_then(|text| text.split_once("://"));
    match (origin, host) {
        (Some((_, origin)), Some(host)) => origin.eq_ignore_ascii_case(host.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(guard: &Guard, method: &Method, host: &str, origin: Option<&str>) -> bool {
        let host = host.parse().unwrap();
        let origin = origin.map(str::as_bytes);
        guard.check(&Visitor { method, host: Some(&host), origin, websocket: false }).is_ok()
    }

    #[test]
    fn on_loopback_only_its_own_names_are_hosts() {
        let guard = Guard::new("127.0.0.1:8000".parse().unwrap(), Some("http://node-a.lan:8000/"));
        for host in
            ["localhost:8000", "LOCALHOST", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "node-a.lan:8000"]
        {
            assert!(passes(&guard, &Method::GET, host, None), "{host}");
        }
        for host in
            ["evil.example:8000", "10.0.0.1:8000", "localhost.evil.example", "node-a.lan.evil.example"]
        {
            assert!(!passes(&guard, &Method::GET, host, None), "{host}");
        }
    }

    #[test]
    fn beyond_loopback_any_host_will_do() {
        let guard = Guard::new("0.0.0.0:8000".parse().unwrap(), None);
        assert!(passes(&guard, &Method::POST, "money.example", None));
        assert!(!passes(&guard, &Method::POST, "money.example", Some("https://evil.example")));
    }

    #[test]
    fn another_origin_may_not_write() {
        let guard = Guard::new("127.0.0.1:8000".parse().unwrap(), None);
        let own = Some("http://localhost:8000");
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert!(passes(&guard, &method, "localhost:8000", own));
            for origin in ["http://localhost:3000", "http://evil.example", "null", "http://localhost"] {
                assert!(!passes(&guard, &method, "localhost:8000", Some(origin)), "{method} {origin}");
            }
        }
        assert!(passes(&guard, &Method::GET, "localhost:8000", Some("http://evil.example")));
    }

    #[test]
    fn another_origin_may_not_open_a_web_socket() {
        let guard = Guard::new("127.0.0.1:8000".parse().unwrap(), None);
        let host = "localhost:8000".parse().unwrap();
        let visitor = Visitor {
            method: &Method::GET,
            host: Some(&host),
            origin: Some(b"http://evil.example"),
            websocket: true,
        };
        assert!(guard.check(&visitor).is_err());
    }
}
