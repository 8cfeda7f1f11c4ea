//! Child processes that are measured and that never outlive the bench.

use anyhow::{Context as _, Result, bail};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Groups to be killed when the bench is interrupted.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A child in a process group of its own; dropping it kills the whole group.
pub(crate) struct Group {
    child: Child,
    name: String,
}

impl Group {
    /// Starts `command`; what it prints goes to the file `log`.
    pub(crate) fn spawn(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        GROUPS.lock().expect("nothing panics with the list held").push(child.id());
        Ok(Self { child, name: format!("{name} (log: {})", log.display()) })
    }

    /// The first process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `Err` if it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended: {status}", self.name),
        }
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("{} did not end within {} s", self.name, within.as_secs())
    }

    /// Asks the process to end (SIGTERM) and waits for it. What is left of it is killed when this is dropped.
    pub(crate) fn stop(mut self, within: Duration) -> Result<()> {
        signal("-TERM", &self.pid().to_string());
        self.wait(within).map(drop)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = self.child.id();
        signal("-KILL", &format!("-{group}"));
        // The child is dead or was already; its status says nothing new.
        let _ = self.child.wait();
        GROUPS.lock().expect("nothing panics with the list held").retain(|g| *g != group);
    }
}

fn signal(signal: &str, target: &str) {
    // The target may have ended by itself: nothing to do then.
    let _ = Command::new("kill").args([signal, "--", target]).stderr(Stdio::null()).status();
}

/// From now on SIGINT and SIGTERM end the bench and all it started.
pub(crate) fn clean_up_when_interrupted() {
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let mut terminate = signal(SignalKind::terminate()).expect("a signal handler");
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        });
        for group in GROUPS.lock().expect("nothing panics with the list held").iter() {
            signal("-KILL", &format!("-{group}"));
        }
        std::process::exit(130);
    });
}

/// CPU time a process has used, all its threads, user and system.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces. After it: state is field 3, utime 14, stime 15; in 1/100 s on Linux.
    let (_, fields) = stat.rsplit_once(')').context("a line of /proc/PID/stat")?;
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()
        .context("utime and stime")?;
    Ok(Duration::from_millis(ticks * 10))
}

/// The most memory a process has had resident, in MiB.
pub(crate) fn peak_rss_mib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .context("VmHWM in /proc/PID/status")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}

/// A port that is free, and so is the next one.
pub(crate) fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let first = TcpListener::bind("127.0.0.1:0")?;
        let port = first.local_addr()?.port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no two neighbouring ports are free")
}
