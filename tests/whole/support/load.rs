//! Clients that never give up: each command is repeated under its own id until it is decided, and its answer must be the
//! oracle's.

use super::check;
use super::http::{Answer, Client};
use super::oracle::cents;
use super::story::{Step, Story};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Clients at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<Story>>>,
}

/// Gives a story's next command over HTTP until it is decided.
pub(crate) fn next(client: &Client, story: &mut Story) -> Answer {
    let step = story.step();
    give(client, &story.user, &step)
}

fn give(client: &Client, user: &str, step: &Step) -> Answer {
    let answer = client.decide(user, step.kind, &step.id, &step.data);
    let refused = step.lines.first().is_some_and(|line| line.starts_with("command_rejected"));
    let answer = answer.expect(if refused { 422 } else { 201 });
    check::answer_tells(&answer.body, step);
    answer
}

impl Load {
    /// Starts so many clients, each with so many users of its own.
    pub(crate) fn start(client: &Client, name: &str, clients: usize, users: usize, seed: u64) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let work = |number: usize| {
            let (client, stop, answered) = (client.clone(), Arc::clone(&stop), Arc::clone(&answered));
            let mut stories: Vec<Story> =
                (0..users).map(|n| Story::new(&format!("{name}{number}-{n}"), seed)).collect();
            std::thread::spawn(move || {
                for turn in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let count = stories.len();
                    next(&client, &mut stories[turn % count]);
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                stories
            })
        };
        let clients = (0..clients).map(work).collect();
        Self { stop, answered, clients }
    }

    /// Commands answered so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until so many more were answered than now.
    pub(crate) fn goes_on(&self, more: usize) {
        let goal = self.answered() + more;
        super::wait_until("answers to the load", || {
            assert!(!self.clients.iter().any(JoinHandle::is_finished), "a client failed: see above");
            self.answered() >= goal
        });
    }

    /// Stops all clients once each has its last answer.
    pub(crate) fn stop(self) -> Vec<Story> {
        self.stop.store(true, Ordering::SeqCst);
        let join = |client: JoinHandle<Vec<Story>>| {
            client.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        self.clients.into_iter().flat_map(join).collect()
    }
}

/// Ends each story and holds its feed, read from the very beginning, against it.
pub(crate) fn end_and_check_feeds(client: &Client, stories: &mut [Story]) {
    for story in stories {
        let end = story.end();
        let answer = give(client, &story.user, &end);
        check::feed_tells(&client.history(&story.user, (&end.id, end.lines.len()), answer.position()), story);
    }
}

/// All that can be read of these users: budgets by month, transactions, balance.
pub(crate) fn everything(client: &Client, stories: &[Story]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for story in stories {
        for path in ["budgets?month=2026-01", "budgets?month=2026-02", "budgets?month=2026-03", "balance"] {
            let path = format!("/v1/users/{}/{path}", story.user);
            let answer = client.insist(&reqwest::Method::GET, &path, &[], None).expect(200);
            all.insert(path, answer.text);
        }
        let path = format!("/v1/users/{}/transactions", story.user);
        let items: Vec<String> = client.all_items(&path).iter().map(ToString::to_string).collect();
        all.insert(path, items.join("\n"));
    }
    all
}

/// The transactions and balances that can be read of these users are the oracle's.
#[track_caller]
pub(crate) fn transactions_are_the_oracles(client: &Client, stories: &[Story]) {
    for story in stories {
        let items = client.all_items(&format!("/v1/users/{}/transactions", story.user));
        let mut ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().expect("an id")).collect();
        ids.sort_unstable();
        assert_eq!(
            ids,
            story.oracle().ids().into_iter().collect::<Vec<_>>(),
            "transactions of {}",
            story.user
        );
        let path = format!("/v1/users/{}/balance", story.user);
        let balance = client.insist(&reqwest::Method::GET, &path, &[], None).expect(200).body;
        let balance = balance["items"][0]["balance"].as_str().map(cents);
        assert_eq!(balance.unwrap_or(0), story.oracle().balance(), "balance of {}", story.user);
    }
}
