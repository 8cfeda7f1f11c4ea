//! Where to listen, and whether that is safe without sign-in.

use crate::args::{Auth, HttpArgs};
use anyhow::{Context as _, bail};
use std::net::{SocketAddr, ToSocketAddrs as _};

/// The address to listen on. As long as nobody is asked who they are, only this machine may ask.
pub(crate) fn check(args: &HttpArgs) -> anyhow::Result<SocketAddr> {
    if args.auth == Auth::Required {
        bail!(
            "--auth required is not available yet: use --auth none on a loopback address, e.g. --listen 127.0.0.1:8000"
        );
    }
    let address = resolve(&args.listen)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    if !args.trust_network {
        bail!(
            "--listen {}: with --auth none everybody who reaches this address reads and writes everybody's money, so only \
             loopback is allowed: use 127.0.0.1 and let something that signs people in stand before it. (Inside a private \
             container network: --trust-network, see docs/adr/0005)",
            args.listen
        );
    }
    tracing::warn!(%address, "listening beyond loopback without sign-in, because --trust-network says the network is safe");
    Ok(address)
}

/// `host:port` as an address. A name that stands for several takes the first, but loopback only counts as such if all
/// of them are.
pub(crate) fn resolve(text: &str) -> anyhow::Result<SocketAddr> {
    let found: Vec<SocketAddr> = text
        .to_socket_addrs()
        .with_context(|| format!("--listen {text:?} is no address; write HOST:PORT, e.g. 127.0.0.1:8000"))?
        .collect();
    let open = found.iter().find(|address| !address.ip().is_loopback());
    open.or(found.first())
        .copied()
        .with_context(|| format!("--listen {text:?} stands for no address; write e.g. 127.0.0.1:8000"))
}

/// What other nodes may call this address; `None` if that can't be told before listening.
pub(crate) fn reachable(address: SocketAddr) -> Option<String> {
    match address.port() {
        0 => None,
        port if address.ip().is_unspecified() => Some(format!("{}:{port}", host_name()?)),
        _ => Some(address.to_string()),
    }
}

/// Containers and most systems say it in one of these places.
fn host_name() -> Option<String> {
    let from_file = || std::fs::read_to_string("/etc/hostname").ok();
    let name = std::env::var("HOSTNAME").ok().or_else(from_file)?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(listen: &str, trust_network: bool) -> HttpArgs {
        HttpArgs { listen: listen.to_owned(), auth: Auth::None, trust_network }
    }

    #[test]
    fn without_sign_in_only_loopback_is_open() {
        for listen in ["127.0.0.1:8000", "[::1]:8000", "127.1.2.3:0"] {
            assert!(check(&http(listen, false)).is_ok(), "{listen}");
        }
        for listen in ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:8000"] {
            let error = check(&http(listen, false)).expect_err(listen).to_string();
            assert!(error.contains("loopback"), "{error}");
            assert!(check(&http(listen, true)).is_ok(), "{listen} trusted");
        }
    }

    #[test]
    fn what_is_not_there_yet_is_refused() {
        let args = HttpArgs { auth: Auth::Required, ..http("127.0.0.1:8000", true) };
        assert!(check(&args).expect_err("must be refused").to_string().contains("not available yet"));
    }

    #[test]
    fn what_is_no_address_says_how_one_looks() {
        for listen in ["8000", "127.0.0.1", ""] {
            let error = check(&http(listen, false)).expect_err(listen).to_string();
            assert!(error.contains("127.0.0.1:8000"), "{error}");
        }
    }
}
