//! A real Kafka broker, from Maven's jars, without Docker.

use super::server::free_port;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

const UP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka/up.sh");
const CURE: &str = "the Kafka tests run a real broker: they need Java 17 and, once, Maven with access to a repository \
                    (apt-get install openjdk-17-jre-headless maven)";

/// A broker. It lives as long as the pipe to its script, so it ends with this process however that ends.
pub(crate) struct Broker {
    port: u16,
    folder: TempDir,
    script: Mutex<Child>,
}

impl Broker {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("centime-kafka-").tempdir().expect("a folder");
        let port = free_port();
        let script = Mutex::new(up(&folder, port));
        Self { port, folder, script }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends the broker abruptly and starts it again on the same data.
    pub(crate) fn restart(&self) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        end(&mut script);
        *script = up(&self.folder, self.port);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        end(self.script.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

fn up(folder: &TempDir, port: u16) -> Child {
    let mut command = Command::new("bash");
    command.arg(UP).arg(folder.path()).arg(port.to_string()).env("KAFKA_HEAP", "512m");
    let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bash runs");
    let said = script.stdout.as_mut().map(|out| BufReader::new(out).lines().next());
    let ready = matches!(said, Some(Some(Ok(line))) if line == "ready");
    assert!(ready, "{UP} does not bring up a broker (what it says is above): {CURE}");
    script
}

fn end(script: &mut Child) {
    drop(script.stdin.take());
    // An error means that it has ended already.
    let _ = script.wait();
}
