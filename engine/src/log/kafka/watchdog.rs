//! Ends the process when a Kafka call that must return does not: a shard that hangs is worse than one that restarts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// Every call has a time limit of its own, all shorter; one that outlives this will never return.
const LIMIT: Duration = Duration::from_mins(1);

/// Watches the calls of several clients.
pub(super) struct Watchdog {
    limit: Duration,
    began: Instant,
    clients: Mutex<Vec<Weak<AtomicU64>>>,
}

/// One client's calls, one at a time.
pub(super) struct Watched {
    dog: Arc<Watchdog>,
    /// Milliseconds since `began` at which the call under way started, plus one; 0: none.
    since: Arc<AtomicU64>,
}

impl Watchdog {
    /// Starts watching. Ends when nobody holds it any more.
    pub(super) fn start() -> Arc<Self> {
        Self::start_with(LIMIT)
    }

    fn start_with(limit: Duration) -> Arc<Self> {
        let dog = Arc::new(Self { limit, began: Instant::now(), clients: Mutex::default() });
        let watch = Arc::downgrade(&dog);
        std::thread::Builder::new()
            .name("kafka-watchdog".to_owned())
            .spawn(move || {
                while let Some(dog) = watch.upgrade() {
                    dog.look();
                    drop(dog);
                    std::thread::sleep(Duration::from_secs(1));
                }
            })
            .expect("the system gives threads at start");
        dog
    }

    /// A new client to watch.
    pub(super) fn client(self: &Arc<Self>) -> Watched {
        let since = Arc::new(AtomicU64::new(0));
        super::lock(&self.clients).push(Arc::downgrade(&since));
        Watched { dog: self.clone(), since }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn look(&self) {
        let (now, limit) = (self.now(), self.limit);
        super::lock(&self.clients).retain(|client| {
            let Some(since) = client.upgrade() else {
                return false;
            };
            let since = since.load(Ordering::Relaxed);
            if since > 0 && u128::from(now.saturating_sub(since)) > limit.as_millis() {
                tracing::error!("a Kafka call has not returned for {limit:?}; ending the process");
                eprintln!("centime: a Kafka call has not returned for {limit:?}; ending the process");
                std::process::abort();
            }
            true
        });
    }
}

impl Watched {
    /// Makes a call that must return.
    pub(super) fn call<T>(&self, call: impl FnOnce() -> T) -> T {
        self.since.store(self.dog.now() + 1, Ordering::Relaxed);
        let result = call();
        self.since.store(0, Ordering::Relaxed);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    #[test]
    fn a_call_that_does_not_return_ends_the_process() {
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["log::kafka::watchdog::tests::child_of_the_test_above", "--exact", "--nocapture"])
            .env("CENTIME_TEST_CHILD", "yes")
            .output()
            .expect("it starts");
        assert!(child.status.signal().is_some(), "{child:?}");
        let told = String::from_utf8_lossy(&child.stderr);
        assert!(
            told.contains("short calls are left alone") && told.contains("has not returned for 1s"),
            "{told}"
        );
    }

    #[test]
    fn child_of_the_test_above() {
        // The test above runs it in a process of its own, which does not outlive it.
        if std::env::var_os("CENTIME_TEST_CHILD").is_none() {
            return;
        }
        let dog = Watchdog::start_with(Duration::from_secs(1));
        let (watched, other) = (dog.client(), dog.client());
        for _ in 0..15 {
            watched.call(|| std::thread::sleep(Duration::from_millis(100)));
        }
        eprintln!("short calls are left alone");
        other.call(|| std::thread::sleep(Duration::from_secs(30)));
    }
}
