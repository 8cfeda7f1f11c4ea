//! A running `centime serve`: started, killed, started again.

use super::http::Client;
use super::{PATIENCE, wait_until};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// The binary under test.
pub(crate) const CENTIME: &str = env!("CARGO_BIN_EXE_centime");

/// Node and everything it was started with. Killed when dropped.
pub(crate) struct Server {
    child: Option<Child>,
    flags: Vec<String>,
    /// `host:port`.
    pub(crate) address: String,
    data: PathBuf,
}

/// A port nobody listens on, outside the range that outgoing connections take theirs from: it stays free over restarts.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let spread = u16::try_from(std::process::id() % 90).expect("below 90") * 100;
    loop {
        let port = 20_000 + spread + NEXT.fetch_add(2, Ordering::Relaxed) % 3_000;
        if [port, port + 1].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
}

/// A command that runs the binary, free of this shell's settings.
pub(crate) fn centime<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(CENTIME);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CENTIME_") || name.starts_with("KAFKA_") || name == "MESSAGE_BUS_TYPE" {
            command.env_remove(name);
        }
    }
    command.args(args);
    command
}

/// Sends a signal by name (`-STOP`, `-CONT`, `-TERM`, `-KILL`).
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill runs");
    assert!(sent.success(), "kill {name} {pid}");
}

impl Server {
    /// Starts on a data folder and waits until it is ready.
    pub(crate) fn start(data: &Path, flags: &[&str]) -> Self {
        let server = Self::launch(data, flags);
        server.wait_ready();
        server
    }

    /// Starts without waiting.
    pub(crate) fn launch(data: &Path, flags: &[&str]) -> Self {
        std::fs::create_dir_all(data).expect("the data folder can be made");
        let address = format!("127.0.0.1:{}", free_port());
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut server = Self { child: None, flags, address, data: data.to_owned() };
        server.restart();
        server
    }

    /// Starts again after its end, with the same flags on the same address; does not wait.
    pub(crate) fn restart(&mut self) {
        assert!(self.child.is_none(), "it still runs");
        let log = OpenOptions::new().create(true).append(true).open(self.log()).expect("a log file");
        let mut command = centime(&["serve", "--listen", &self.address, "--data-dir"]);
        command.arg(&self.data).args(&self.flags).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("the binary starts"));
    }

    /// Waits until `/health/ready` says 200.
    pub(crate) fn wait_ready(&self) {
        let started = Instant::now();
        let client = self.client();
        while !matches!(client.try_send(&reqwest::Method::GET, "/health/ready", &[], None), Ok(answer) if answer.status == 200)
        {
            let ended = !Path::new(&format!("/proc/{}", self.pid())).exists() || self.is_zombie();
            assert!(!ended, "centime ended instead of getting ready:\n{}", self.log_tail());
            assert!(started.elapsed() < PATIENCE, "not ready after {PATIENCE:?}:\n{}", self.log_tail());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_zombie(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&[&self.address])
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it has ended");
    }

    /// `SIGTERM`, and waits for the end.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        signal(self.pid(), "-TERM");
        let mut child = self.child.take().expect("it runs");
        let mut ended = None;
        wait_until("the end after SIGTERM", || {
            ended = child.try_wait().expect("its state can be asked");
            ended.is_some()
        });
        ended.expect("it has ended")
    }

    /// Its page store's folder: a cache, which may be damaged or deleted while it is stopped.
    pub(crate) fn sled(&self) -> PathBuf {
        self.data.join("sled")
    }

    /// `SIGSTOP`.
    pub(crate) fn freeze(&self) {
        signal(self.pid(), "-STOP");
    }

    /// `SIGCONT`.
    pub(crate) fn thaw(&self) {
        signal(self.pid(), "-CONT");
    }

    /// The sum of a metric over its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let page = self.client().get("/metrics").expect(200).text;
        let own = |line: &&str| line.starts_with(name) && line[name.len()..].starts_with([' ', '{']);
        page.lines().filter(own).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// How often its log holds this text.
    pub(crate) fn said(&self, text: &str) -> usize {
        std::fs::read_to_string(self.log()).unwrap_or_default().matches(text).count()
    }

    /// What it said last.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", self.address));
            // The log goes with its folder otherwise.
            let kept = std::fs::copy(self.log(), &kept).map(|_| kept);
            eprintln!("--- {} ({kept:?}) said last:\n{}", self.address, self.log_tail());
        }
    }
}

/// Runs the binary to its end: (success, stdout, stderr).
pub(crate) fn run<S: AsRef<OsStr>>(args: &[S]) -> (bool, String, String) {
    let output = centime(args).stdin(Stdio::null()).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// Opens a file that must be there.
pub(crate) fn open(path: &Path, cure: &str) -> File {
    File::open(path).unwrap_or_else(|e| panic!("{} can't be opened ({e}): {cure}", path.display()))
}
