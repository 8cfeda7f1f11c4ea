//! A client on a blocking socket, as light as it gets: it shares the machine with what it measures.

use super::process::Group;
use anyhow::{Context as _, Result, bail, ensure};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// Waits until the server says that it is.
pub(crate) fn wait_until_ready(address: &str, process: &mut Group) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        process.check()?;
        if Client::connect(address).and_then(|mut c| c.get("/health/ready")).is_ok_and(|status| status == 200)
        {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    bail!("centime is not ready after a minute")
}

/// As much of an HTTP/1.1 client as this bench needs: keep-alive, no chunked bodies.
pub(crate) struct Client {
    stream: TcpStream,
    request: String,
    response: Vec<u8>,
}

impl Client {
    /// A connection.
    pub(crate) fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self { stream, request: String::new(), response: Vec::new() })
    }

    /// Asks; answers with the status.
    pub(crate) fn get(&mut self, path: &str) -> Result<u16> {
        self.request.clear();
        write!(self.request, "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")?;
        self.exchange()
    }

    /// Sends JSON; answers with the status.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Result<u16> {
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.exchange()
    }

    /// Sends JSON that must make something (201).
    pub(crate) fn create(&mut self, path: &str, body: &str) -> Result<()> {
        let status = self.post(path, body)?;
        ensure!(status == 201, "POST {path} was answered {status}: {:.500}", self.text());
        Ok(())
    }

    /// A metric of centime, summed up over its labels.
    pub(crate) fn metric(&mut self, name: &str) -> Result<f64> {
        ensure!(self.get("/metrics")? == 200, "no metrics");
        let page = self.text();
        let lines = page.lines().filter(|line| line.starts_with(name));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// Sends the request, reads the whole response, returns its status.
    fn exchange(&mut self) -> Result<u16> {
        self.stream.write_all(self.request.as_bytes())?;
        self.response.clear();
        let body_at = loop {
            self.read_some()?;
            if let Some(at) = self.response.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.response[..body_at])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("a status line")?.parse()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.context("a response without content-length")?.trim().parse()?;
        while self.response.len() < body_at + length {
            self.read_some()?;
        }
        Ok(status)
    }

    fn read_some(&mut self) -> Result<()> {
        let mut buffer = [0; 16_384];
        let n = self.stream.read(&mut buffer)?;
        ensure!(n > 0, "the server closed the connection");
        self.response.extend_from_slice(&buffer[..n]);
        Ok(())
    }

    /// The last response as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.response).into_owned()
    }
}
