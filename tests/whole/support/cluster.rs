//! Several nodes of centime on one broker.

use super::broker::Broker;
use super::check;
use super::http::Client;
use super::server::Server;
use super::story::Story;
use super::topics::{Producer, read_committed};
use tempfile::TempDir;

const EVENTS: [&str; 8] = [
    "transaction_created",
    "transaction_updated",
    "transaction_deleted",
    "budget_set",
    "budget_threshold_reached",
    "budget_exceeded",
    "budget_recovered",
    "command_rejected",
];

/// A broker and its nodes.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
    pub(crate) broker: Broker,
    folder: TempDir,
    partitions: u16,
}

impl Cluster {
    /// So many nodes on a broker of their own.
    pub(crate) fn start(nodes: usize) -> Self {
        Self::with_partitions(nodes, 6)
    }

    /// The same, with so many partitions.
    pub(crate) fn with_partitions(nodes: usize, partitions: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cluster = Self { nodes: Vec::new(), broker: Broker::start(), folder, partitions };
        for _ in 0..nodes {
            cluster.join(&[]);
        }
        for node in &cluster.nodes {
            node.wait_ready();
        }
        cluster
    }

    /// One more node; does not wait for it.
    pub(crate) fn join(&mut self, flags: &[&str]) {
        let (address, partitions) = (self.broker.address(), self.partitions.to_string());
        let usual = [
            "--bus",
            "kafka",
            "--bootstrap-servers",
            &address,
            "--session-timeout",
            "6s",
            "--partitions",
            &partitions,
        ];
        let data = self.folder.path().join(format!("node{}", self.nodes.len()));
        let flags = [&usual[..], &["--write-behind", "100ms"], flags].concat();
        self.nodes.push(Server::launch(&data, &flags));
    }

    /// A client that knows all nodes.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.nodes.iter().map(|node| node.address.as_str()).collect::<Vec<_>>())
    }

    pub(crate) fn producer(&self) -> Producer {
        Producer::new(&self.broker.address())
    }

    /// Every events topic holds exactly what the stories must have led to.
    pub(crate) fn check_topics(&self, stories: &[Story]) {
        for kind in EVENTS {
            let records = read_committed(&self.broker.address(), &format!("events.{kind}"));
            println!("{kind}: {} events", records.len());
            check::topic_tells(kind, &records, stories);
        }
    }
}
