//! The edge over real sockets, with an engine that plays along.

mod accounts;
mod answers;
mod export;
mod fake;
mod feeds;
mod imports;
mod limits;
mod nodes;
mod predictions;
mod preferences;
mod recurring;
mod registry;
mod reports;
mod restore;

use crate::{HttpConfig, Server};
use fake::Fake;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running edge.
struct Running {
    address: SocketAddr,
    fake: Arc<Fake>,
    client: reqwest::Client,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

async fn start() -> Running {
    start_with(HttpConfig::default(), Fake::default()).await
}

async fn start_with(config: HttpConfig, fake: Fake) -> Running {
    let fake = Arc::new(fake);
    let config = HttpConfig { listen: (Ipv4Addr::LOCALHOST, 0).into(), ..config };
    let metrics = Box::new(|| "up 1\n".to_owned());
    let server = Server::bind_backend(Box::new(fake.clone()), config, metrics).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(server.run(async move { drop(stopped.await) }));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Running { address, fake, client, stop, server }
}

impl Running {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    fn post(&self, path: &str, body: &'static str) -> RequestBuilder {
        self.client.post(self.url(path)).body(body)
    }
}

/// Status and JSON of an answer.
async fn json(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Status and code of a problem.
async fn problem(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    (status, problem["code"].as_str().unwrap().to_owned())
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
