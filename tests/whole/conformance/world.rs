//! A scenario's world: one user on one kind of log, and a transcript of all that was asked and answered.

use crate::support::broker::Broker;
use crate::support::feed::Told;
use crate::support::http::{Answer, Client};
use crate::support::server::Server;
use reqwest::Method;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tempfile::TempDir;

pub(crate) const NOW: &str = "2026-02-10T12:00:00Z";

/// One kind of log, running.
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    _folder: TempDir,
    pub(crate) broker: Option<Broker>,
}

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) user: String,
    pub(crate) engine: Arc<Engine>,
    /// The last command with events: its id, how many they are, its position.
    last: Option<(String, usize, String)>,
    transcript: Vec<String>,
}

fn engines() -> Arc<[Arc<Engine>; 2]> {
    static SHARED: Mutex<Weak<[Arc<Engine>; 2]>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let folder = || tempfile::tempdir().expect("a folder");
        let (on_disk, on_kafka, broker) = (folder(), folder(), Broker::start());
        let embedded = Server::start(&on_disk.path().join("data"), &["--clock", NOW]);
        let address = broker.address();
        let flags = ["--clock", NOW, "--bus", "kafka", "--bootstrap-servers", &address, "--partitions", "6"];
        let kafka = Server::start(&on_kafka.path().join("data"), &flags);
        let engines = Arc::new([
            Arc::new(Engine { name: "embedded", server: embedded, _folder: on_disk, broker: None }),
            Arc::new(Engine { name: "kafka", server: kafka, _folder: on_kafka, broker: Some(broker) }),
        ]);
        *shared = Arc::downgrade(&engines);
        engines
    })
}

/// Runs a scenario for a user on both kinds and holds the transcripts against each other.
#[track_caller]
pub(crate) fn on_both(user: &str, scenario: impl Fn(&mut World)) {
    let engines = engines();
    let [embedded, kafka] = [0, 1].map(|kind| {
        let engine = Arc::clone(&engines[kind]);
        println!("--- on {}", engine.name);
        let (client, user) = (engine.server.client(), user.to_owned());
        let mut world = World { client, user, engine, last: None, transcript: Vec::new() };
        scenario(&mut world);
        world.feed();
        world.transcript
    });
    for (on_embedded, on_kafka) in embedded.iter().zip(&kafka) {
        assert_eq!(on_embedded, on_kafka, "embedded (left) and Kafka (right) differ");
    }
    assert_eq!(embedded.len(), kafka.len(), "as many answers and events on both");
}

impl World {
    /// A request below the user's path.
    #[track_caller]
    pub(crate) fn ask(
        &mut self,
        method: &Method,
        path: &str,
        id: Option<&str>,
        body: Option<&str>,
    ) -> Answer {
        let headers: Vec<(&str, &str)> = id.map(|id| ("idempotency-key", id)).into_iter().collect();
        let path = format!("/v1/users/{}/{path}", self.user);
        let answer = self.client.send(method, &path, &headers, body);
        if let (Some(id), Some(events @ [_, ..])) = (id, answer.body["events"].as_array().map(Vec::as_slice))
        {
            self.last = Some((id.to_owned(), events.len(), answer.position().to_owned()));
        }
        let replayed = answer.header("idempotent-replayed").unwrap_or("-");
        let body = plain(&answer.body);
        self.transcript.push(format!("{method} {path} {id:?} -> {} {replayed} {body}", answer.status));
        answer
    }

    #[track_caller]
    pub(crate) fn post(&mut self, path: &str, id: &str, body: &Value) -> Answer {
        self.ask(&Method::POST, path, Some(id), Some(&body.to_string()))
    }

    #[track_caller]
    pub(crate) fn put(&mut self, path: &str, id: &str, body: &Value) -> Answer {
        self.ask(&Method::PUT, path, Some(id), Some(&body.to_string()))
    }

    #[track_caller]
    pub(crate) fn delete(&mut self, path: &str, id: &str) -> Answer {
        self.ask(&Method::DELETE, path, Some(id), None)
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask(&Method::GET, path, None, None)
    }

    /// An accepted command's events as short lines.
    #[track_caller]
    pub(crate) fn gives(&mut self, kind: &str, id: &str, data: &Value, events: &[&str]) {
        let answer = self.post(&format!("commands/{kind}"), id, data).expect(201);
        let list =
            answer.body["events"].as_array().expect("an accepted command has a list of events").clone();
        let told: Vec<String> = list.iter().map(|event| short(&event["type"], &event["data"])).collect();
        assert_eq!(told, events, "{kind} {data}");
        assert_eq!(answer.body["id"], id);
        assert_eq!(answer.body["position"], answer.position());
    }

    /// Everything the user was ever told, up to the last command with events; part of the transcript.
    pub(crate) fn feed(&mut self) -> Vec<Told> {
        let Some((id, count, position)) = self.last.clone() else { return Vec::new() };
        let told = self.client.history(&self.user, (&id, count), &position);
        self.transcript
            .extend(told.iter().map(|told| format!("told {} {}", told.kind, plain(&told.envelope))));
        told
    }
}

/// The short form of an event: what matters of an alert, the type alone of all others.
pub(crate) fn short(kind: &Value, data: &Value) -> String {
    let kind = kind.as_str().expect("an event has a type");
    let field = |name: &str| data[name].as_str().unwrap_or_else(|| panic!("{kind} has no {name}: {data}"));
    let of = |name: &str| {
        format!(
            "{name} {} {}: {} of {} #{}",
            field("category"),
            field("month"),
            field("spent"),
            field("limit"),
            data["crossing"]
        )
    };
    match kind {
        "budget_threshold_reached" => of(&format!("reached {}", data["threshold"])),
        "budget_exceeded" => format!("{} by {}", of("exceeded"), field("over_by")),
        "budget_recovered" if data["threshold"].is_null() => of("recovered"),
        "budget_recovered" => of(&format!("recovered {}", data["threshold"])),
        other => other.to_owned(),
    }
}

/// JSON without what may differ between two runs: positions, and times read off a clock.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept =
                fields.iter().filter(|(name, _)| !["position", "sequence", "time"].contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

/// An expense on Food in February 2026.
pub(crate) fn food(amount: &str) -> Value {
    serde_json::json!({"transaction_type": "Expense", "amount": amount, "category": "Food", "date": "2026-02-03"})
}
