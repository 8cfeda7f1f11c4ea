//! The live feed over SSE.

use super::http::{Client, RUNTIME};
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::Value;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::task::JoinHandle;

/// No event for so long means that none will come.
const SILENCE: Duration = Duration::from_mins(1);

/// One event as it was told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// Its SSE id.
    pub(crate) id: String,
    /// Its SSE name.
    pub(crate) kind: String,
    /// Its envelope.
    pub(crate) envelope: Value,
}

impl Told {
    pub(crate) fn cause(&self) -> &str {
        self.envelope["causationid"]
            .as_str()
            .unwrap_or_else(|| panic!("an event without causationid: {self:?}"))
    }
}

/// A feed that is being followed; ends when dropped.
pub(crate) struct Feed {
    told: Receiver<Told>,
    reader: JoinHandle<()>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Feed {
    /// The next event; `None`: the server ended the stream.
    pub(crate) fn next(&self) -> Option<Told> {
        match self.told.recv_timeout(SILENCE) {
            Ok(told) => Some(told),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the feed has been silent for {SILENCE:?}"),
        }
    }

    /// The next `count` events.
    #[track_caller]
    pub(crate) fn take(&self, count: usize) -> Vec<Told> {
        (0..count)
            .map(|n| self.next().unwrap_or_else(|| panic!("the feed ended after {n} of {count} events")))
            .collect()
    }
}

impl Client {
    /// Follows a user's events; `Err` is the answer that was no feed.
    pub(crate) fn try_follow(&self, user: &str, last: Option<&str>, query: &str) -> Result<Feed, String> {
        let headers: &[(&str, &str)] =
            &last.map(|last| ("last-event-id", last)).into_iter().collect::<Vec<_>>();
        let request = self.request(&Method::GET, &format!("/v1/users/{user}/events{query}"), headers, None);
        let response = RUNTIME.block_on(async { request.send().await }).map_err(|e| format!("{e:?}"))?;
        let media = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        if response.status() != 200 || !media.starts_with("text/event-stream") {
            return Err(format!("{} {media}", response.status()));
        }
        let (tell, told) = channel();
        Ok(Feed { told, reader: RUNTIME.spawn(read(response, tell)) })
    }

    #[track_caller]
    pub(crate) fn follow(&self, user: &str, last: Option<&str>, query: &str) -> Feed {
        self.try_follow(user, last, query).unwrap_or_else(|no| panic!("no feed of {user}: {no}"))
    }

    /// All events of a user from the very first up to the last of the `count` events of the command `last`, which was
    /// decided at `position`. Comes back with the last id seen whenever the server ends the stream.
    pub(crate) fn history(&self, user: &str, (last, count): (&str, usize), position: &str) -> Vec<Told> {
        let partition = position.split(':').next().expect("a position names its partition");
        let (mut all, mut left): (Vec<Told>, usize) = (Vec::new(), count);
        loop {
            let from = all.last().map_or_else(|| format!("{partition}:0:0"), |told| told.id.clone());
            if let Ok(feed) = self.try_follow(user, Some(&from), "") {
                while let Some(told) = feed.next() {
                    left -= usize::from(told.cause() == last);
                    all.push(told);
                    if left == 0 {
                        return all;
                    }
                }
            }
            self.turn();
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

async fn read(response: reqwest::Response, tell: Sender<Told>) {
    let mut bytes = response.bytes_stream();
    let mut text = Vec::new();
    while let Some(Ok(chunk)) = bytes.next().await {
        text.extend_from_slice(&chunk);
        while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let frame: Vec<u8> = text.drain(..end + 2).collect();
            if let Some(told) = parse(&String::from_utf8(frame).expect("SSE is UTF-8"))
                && tell.send(told).is_err()
            {
                return;
            }
        }
    }
}

/// A frame that tells an event; comments and `retry` are none.
fn parse(frame: &str) -> Option<Told> {
    let field = |name: &str| {
        let value = frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(|value| value.strip_prefix(' ').unwrap_or(value).to_owned())
    };
    let envelope = serde_json::from_str(&field("data")?).expect("an event's data is JSON");
    Some(Told {
        id: field("id").expect("an event has an id"),
        kind: field("event").expect("an event has a name"),
        envelope,
    })
}
