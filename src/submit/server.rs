//! To a running server, over HTTP.

use super::{Answer, Outcome, PATIENCE};
use anyhow::{Context as _, bail};
use centime_engine::{EventPlace, EventPosition, NewCommand, write_event_json};
use futures::channel::oneshot::Sender;
use jiff::Timestamp;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Requests at once: enough to fill a server's batches, few enough for its accept queue.
const REQUESTS: usize = 64;
/// Between two tries, unless the server names another time.
const BREATHER: Duration = Duration::from_millis(200);

/// A server and the connections to it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Server {
    base: Arc<str>,
    client: Client,
    requests: Arc<Semaphore>,
}

/// The answer to an accepted command, as far as it matters here.
#[derive(Deserialize)]
struct Accepted {
    time: Timestamp,
    events: Vec<AcceptedEvent>,
}

#[derive(Deserialize)]
struct AcceptedEvent {
    #[serde(rename = "type")]
    kind: String,
    sequence: String,
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    detail: String,
}

impl Server {
    /// The server at `url`. Refuses what is no plain HTTP address.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        if !url.starts_with("http://") {
            bail!("--url {url:?}: write http://HOST:PORT (TLS ends at a proxy; see docs/operations.md)");
        }
        let client = Client::builder().connect_timeout(Duration::from_secs(5)).timeout(PATIENCE).build()?;
        Ok(Self {
            base: url.trim_end_matches('/').into(),
            client,
            requests: Arc::new(Semaphore::new(REQUESTS)),
        })
    }

    /// Posts a command until it is decided. `turn` is dropped then: two requests keep no order between them.
    pub(super) async fn submit(&self, command: NewCommand, turn: Sender<()>) -> anyhow::Result<Answer> {
        let _request = self.requests.acquire().await.expect("nobody closes it");
        let started = Instant::now();
        loop {
            let (error, wait) = match self.post(&command).await {
                Ok(Tried::Decided(answer)) => {
                    drop(turn);
                    return Ok(answer);
                }
                Ok(Tried::Later { reason, wait }) => (anyhow::anyhow!(reason), wait),
                Err(error) => (error.into(), None),
            };
            if started.elapsed() > PATIENCE {
                return Err(error)
                    .with_context(|| format!("command {:?} was not decided", &*command.id.text()));
            }
            tokio::time::sleep(wait.unwrap_or(BREATHER)).await;
        }
    }

    async fn post(&self, command: &NewCommand) -> reqwest::Result<Tried> {
        let url = format!("{}/v1/users/{}/commands/{}", self.base, command.user.as_str(), command.kind);
        let mut request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("idempotency-key", &*command.id.text())
            .body(command.data.clone());
        if let Some(time) = command.time {
            request = request.header("centime-time", time.to_string());
        }
        read(command, request.send().await?).await
    }
}

/// What one request came to.
enum Tried {
    Decided(Answer),
    Later { reason: String, wait: Option<Duration> },
}

async fn read(command: &NewCommand, response: Response) -> reqwest::Result<Tried> {
    let (status, headers) = (response.status(), response.headers().clone());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let repeated = header("idempotent-replayed") == Some("true");
    let wait = header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    if status.is_success() {
        let outcome = Outcome::Accepted(alerts(command, &response.json().await?));
        return Ok(Tried::Decided(Answer { outcome, repeated }));
    }
    let body = response.text().await?;
    let unnamed = Problem { code: format!("http_{}", status.as_u16()), detail: String::new() };
    let Problem { code, detail } = serde_json::from_str(&body).unwrap_or(unnamed);
    let outcome = if code == "poisoned" {
        Outcome::Poisoned
    } else if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
        Outcome::Refused { code, text: detail }
    } else {
        return Ok(Tried::Later { reason: format!("{status} {code}: {detail}"), wait });
    };
    Ok(Tried::Decided(Answer { outcome, repeated }))
}

/// The envelopes of the alerts among the events, as the feed has them.
fn alerts(command: &NewCommand, accepted: &Accepted) -> Vec<String> {
    let envelope = |(nth, event): (u32, &AcceptedEvent)| {
        let at: EventPosition = event.sequence.parse().ok()?;
        let place = EventPlace {
            user: &command.user,
            command_id: &command.id,
            time_us: accepted.time.as_microsecond(),
            sequence: (at.partition, at.sequence, at.index),
            nth,
        };
        let mut out = Vec::new();
        write_event_json(&mut out, &place, &event.kind, event.data.get());
        String::from_utf8(out).ok()
    };
    (0..).zip(&accepted.events).filter(|(_, event)| is_alert(&event.kind)).filter_map(envelope).collect()
}

/// `Event::is_alert` by name: what comes over HTTP is text.
fn is_alert(kind: &str) -> bool {
    matches!(kind, "budget_threshold_reached" | "budget_exceeded" | "budget_recovered")
}

#[cfg(test)]
mod tests {
    use super::*;
    use centime_domain::{CommandId, UserId};

    #[test]
    fn an_answers_alerts_become_the_feeds_envelopes() {
        let command = NewCommand {
            user: UserId::parse("25").expect("a user"),
            id: CommandId::parse("berka-1").expect("an id"),
            time: None,
            kind: "create_transaction".to_owned(),
            data: Vec::new(),
        };
        let answer = r#"{"id":"berka-1","time":"1996-08-27T00:00:00Z","position":"3:9","events":[
            {"type":"transaction_created","sequence":"3:9:4","data":{}},
            {"type":"budget_exceeded","sequence":"3:9:5","data":{"category":"household"}}]}"#;
        let alerts = alerts(&command, &serde_json::from_str(answer).expect("an answer"));
        assert_eq!(alerts.len(), 1);
        let envelope: serde_json::Value = serde_json::from_str(&alerts[0]).expect("JSON");
        assert_eq!(envelope["sequence"], "3:9:5");
        assert_eq!(envelope["causationid"], "berka-1");
        assert_eq!(envelope["time"], "1996-08-27T00:00:00Z");
        assert_eq!(envelope["data"]["category"], "household");
    }

    #[test]
    fn only_plain_http_is_spoken() {
        assert!(Server::new("http://127.0.0.1:8000/").is_ok());
        assert!(Server::new("https://example.org").is_err());
    }
}
