//! A small blocking HTTP client. It knows one or several nodes and goes on to the next when one fails it.

use super::PATIENCE;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Its JSON; `null` if it is none.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    /// What a request is answered with.
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self { status, headers, body, text })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `Centime-Position` it holds at.
    pub(crate) fn position(&self) -> &str {
        self.header("centime-position").unwrap_or_else(|| panic!("no Centime-Position: {self:?}"))
    }

    /// The problem's `code`.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The problem's `field`.
    pub(crate) fn field(&self) -> &str {
        self.body["field"].as_str().unwrap_or_default()
    }

    /// Checks the status and hands itself on.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "unexpected answer: {} {}", self.status, self.text);
        self
    }

    /// Says nothing about the command's fate: it must be repeated.
    fn is_undecided(&self) -> bool {
        self.status == 429 || (self.status >= 500 && self.code() != "poisoned")
    }
}

/// A request's headers besides those it always has.
pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

/// A client of one or several nodes.
#[derive(Debug)]
pub(crate) struct Client {
    nodes: Vec<String>,
    current: AtomicUsize,
    inner: reqwest::Client,
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self { nodes: self.nodes.clone(), current: AtomicUsize::new(0), inner: self.inner.clone() }
    }
}

impl Client {
    pub(crate) fn new(nodes: &[&str]) -> Self {
        let inner = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(40))
            .build()
            .expect("a client");
        let nodes = nodes.iter().map(|node| format!("http://{node}")).collect();
        Self { nodes, current: AtomicUsize::new(0), inner }
    }

    fn node(&self) -> &str {
        &self.nodes[self.current.load(Ordering::Relaxed) % self.nodes.len()]
    }

    /// Turns to the next node.
    pub(crate) fn turn(&self) {
        self.current.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn request(
        &self,
        method: &Method,
        path: &str,
        headers: Headers<'_>,
        body: Option<&str>,
    ) -> reqwest::RequestBuilder {
        let mut request = self.inner.request(method.clone(), format!("{}{path}", self.node()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        request
    }

    /// One try.
    pub(crate) fn try_send(
        &self,
        method: &Method,
        path: &str,
        headers: Headers<'_>,
        body: Option<&str>,
    ) -> reqwest::Result<Answer> {
        RUNTIME.block_on(Answer::of(self.request(method, path, headers, body)))
    }

    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &Method,
        path: &str,
        headers: Headers<'_>,
        body: Option<&str>,
    ) -> Answer {
        self.try_send(method, path, headers, body).unwrap_or_else(|e| panic!("{method} {path}: {e:?}"))
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&Method::GET, path, &[], None)
    }

    /// A read that waits for what is at `position`.
    #[track_caller]
    pub(crate) fn get_at(&self, path: &str, position: &str) -> Answer {
        self.send(&Method::GET, path, &[("centime-position", position)], None)
    }

    #[track_caller]
    pub(crate) fn command(&self, user: &str, kind: &str, id: &str, data: &Value) -> Answer {
        let (path, body) = (format!("/v1/users/{user}/commands/{kind}"), data.to_string());
        self.send(&Method::POST, &path, &[("idempotency-key", id)], Some(&body))
    }

    /// Repeats a command until it is decided, whatever happens to the nodes meanwhile.
    pub(crate) fn decide(&self, user: &str, kind: &str, id: &str, data: &Value) -> Answer {
        let (path, body) = (format!("/v1/users/{user}/commands/{kind}"), data.to_string());
        self.insist(&Method::POST, &path, &[("idempotency-key", id)], Some(&body))
    }

    /// Repeats a request until it gets an answer that counts.
    pub(crate) fn insist(
        &self,
        method: &Method,
        path: &str,
        headers: Headers<'_>,
        body: Option<&str>,
    ) -> Answer {
        let started = Instant::now();
        loop {
            let tried = self.try_send(method, path, headers, body);
            match tried {
                Ok(answer) if !answer.is_undecided() => return answer,
                tried => assert!(started.elapsed() < PATIENCE, "{method} {path} gets no answer: {tried:?}"),
            }
            self.turn();
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// All of a list, page by page.
    pub(crate) fn all_items(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = self
                .insist(&Method::GET, &format!("{path}{separator}limit=500{cursor}"), &[], None)
                .expect(200);
            items.extend(page.body["items"].as_array().expect("a list has items").iter().cloned());
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}
