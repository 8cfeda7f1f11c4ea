//! A transactional producer that speaks Kafka's protocol itself: one request a broker for all partitions of a commit.
//!
//! Map: this file (the producer) · `connection` (one broker) · `topology` (who leads what) · `outbox` (records to be sent; `batch`, `packer`) ·
//! `requests` (what is sent) · `codes` (what comes back).
//!
//! librdkafka sends a request a partition, and a broker takes them one by one: a commit that touches twenty partitions waits
//! twenty times. Here it waits once for its records, once for its anchors, once for its decision (ADR 12).
//!
//! It relies on transactions of version 2 (KIP-890, Kafka 4): partitions join a transaction as they are written to, and
//! every decision raises the producer's epoch, so that nothing sent before it can come to count after it. Where a cluster does
//! not have them, [`Wire::open`] says so. Nothing is repeated here but what the broker says it has not done: after any other
//! error the producer is of no more use, and opening another under its id settles what it left.

mod batch;
mod codes;
mod connection;
mod outbox;
mod packer;
mod requests;
mod topology;

use super::config::TRANSACTION_TIMEOUT;
use super::ownership::Standing;
use super::transactor::{CALL, Outgoing};
use crate::partition::of_key;
use batch::Writer;
use codes::{is_concurrent, is_elsewhere, is_not_ready, told};
use connection::Connection;
use kafka_protocol::messages::{
    ApiVersionsRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest,
    TransactionalId, TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::StrBytes;
use outbox::{Outbox, Shipment};
use rdkafka::TopicPartitionList;
use requests::{
    API_VERSIONS, END_TXN, FIND_COORDINATOR, INIT_PRODUCER_ID, PRODUCE, TXN_OFFSET_COMMIT, offset_topics,
    suits,
};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use topology::Topology;

/// Between two tries of what the broker is not ready for.
const AGAIN: Duration = Duration::from_millis(5);
/// What [`FindCoordinatorRequest`] calls groups and transactions.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// See the module.
pub(super) struct Wire {
    client: StrBytes,
    /// The node's name as a static member of the group.
    instance: StrBytes,
    id: TransactionalId,
    topology: Topology,
    /// By broker.
    connections: HashMap<i32, Connection>,
    /// The broker that decides this id's transactions.
    coordinator: i32,
    /// The broker that keeps the group's offsets.
    group_coordinator: i32,
    producer: i64,
    epoch: i16,
    outbox: Outbox,
    timestamp: i64,
    /// Offsets of the records tagged, at their tag less one.
    offsets: Vec<i64>,
}

impl Wire {
    /// Opens a producer under `id`: fences every other one with this id, and waits until what they left is decided.
    /// `None`: the cluster's transactions are older than version 2.
    pub(super) fn open(bootstrap: &str, node: &str, group: &str, id: &str) -> Result<Option<Self>, String> {
        let mut last = "bootstrap.servers is empty".to_owned();
        // A broker may take connections and know nothing, or nothing new: then the next one is asked.
        for address in bootstrap.split(',').map(str::trim).filter(|address| !address.is_empty()) {
            match Self::open_at(address, node, group, id) {
                Ok(wire) => return Ok(wire),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn open_at(address: &str, node: &str, group: &str, id: &str) -> Result<Option<Self>, String> {
        let began = Instant::now();
        let text = |text: &str| StrBytes::from_string(text.to_owned());
        let client = StrBytes::from_string(format!("centime-{node}"));
        // "PLAINTEXT://host" is allowed, and so is a host without its port.
        let address = address.rsplit("://").next().unwrap_or(address);
        let port = if address.contains(':') { "" } else { ":9092" };
        let mut first = Connection::open(&format!("{address}{port}"), client.clone())?;
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("centime"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        if !suits(&first.call(&request, API_VERSIONS)?) {
            return Ok(None);
        }
        let topology = Topology::learn(&mut first)?;
        let group_coordinator = coordinator(&mut first, GROUP, group, began)?;
        let mut wire = Self {
            client,
            instance: text(node),
            id: TransactionalId(text(id)),
            topology,
            connections: HashMap::new(),
            coordinator: -1,
            group_coordinator,
            producer: -1,
            epoch: -1,
            outbox: Outbox::default(),
            timestamp: 0,
            offsets: Vec::new(),
        };
        wire.init(&mut first, began)?;
        Ok(Some(wire))
    }

    /// Begins a commit with so many tagged records.
    pub(super) fn begin(&mut self, tagged: usize) {
        self.connections.retain(|_, connection| connection.is_alive());
        self.outbox.clear();
        self.offsets = vec![-1; tagged];
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.timestamp = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    }

    /// Adds a record. It is sent by [`Wire::deliver`].
    pub(super) fn add(&mut self, record: &Outgoing<'_>) -> Result<(), String> {
        let partition = match (record.partition, record.key) {
            (Some(partition), _) => partition.into(),
            // Without a key any will do.
            (None, key) => {
                let count = self.topology.partitions(record.topic)?;
                let count = u16::try_from(count).map_err(|_| format!("{} has too many", record.topic))?;
                of_key(key.unwrap_or(record.value), count).into()
            }
        };
        self.outbox.add(record, partition);
        Ok(())
    }

    /// Sends all records and waits until the brokers have them. The offsets of the tagged ones.
    pub(super) fn deliver(&mut self) -> Result<Vec<i64>, String> {
        loop {
            let writer = Writer { producer: self.producer, epoch: self.epoch, timestamp: self.timestamp };
            let mut round = self.outbox.next_round(writer)?;
            if round.is_empty() {
                return Ok(std::mem::take(&mut self.offsets));
            }
            let began = Instant::now();
            while !round.is_empty() {
                round = self.ship(round)?;
                if !round.is_empty() {
                    wait(began, "the brokers don't take the records yet")?;
                }
            }
        }
    }

    /// Adds group offsets to the commit, in the name of a member of the group.
    pub(super) fn send_offsets(
        &mut self,
        list: &TopicPartitionList,
        group: &str,
        member: &Standing,
    ) -> Result<(), String> {
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(self.id.clone())
            .with_group_id(StrBytes::from_string(group.to_owned()).into())
            .with_producer_id(self.producer.into())
            .with_producer_epoch(self.epoch)
            .with_generation_id(member.generation)
            .with_member_id(StrBytes::from_string(member.id.clone()))
            .with_group_instance_id(Some(self.instance.clone()))
            .with_topics(offset_topics(list)?);
        let began = Instant::now();
        loop {
            let node = self.group_coordinator;
            let answer = self.connection(node)?.call(&request, TXN_OFFSET_COMMIT)?;
            let codes = answer.topics.iter().flat_map(|topic| &topic.partitions).map(|p| p.error_code);
            match codes.clone().find(|code| *code != 0) {
                None if codes.count() == list.count() => return Ok(()),
                None => return Err("the group did not answer for all offsets".to_owned()),
                Some(code) if is_concurrent(code) => wait(began, &told(code))?,
                Some(code) if is_elsewhere(code) => {
                    wait(began, &told(code))?;
                    self.group_coordinator = coordinator(self.connection(node)?, GROUP, group, began)?;
                }
                Some(code) => return Err(format!("the group does not take the offsets: {}", told(code))),
            }
        }
    }

    /// Decides the transaction. Any error leaves its fate open.
    pub(super) fn end(&mut self, commit: bool) -> Result<(), String> {
        if !commit {
            // Answers may be due on the old ones.
            self.connections.clear();
        }
        let request = EndTxnRequest::default()
            .with_transactional_id(self.id.clone())
            .with_producer_id(self.producer.into())
            .with_producer_epoch(self.epoch)
            .with_committed(commit);
        let began = Instant::now();
        loop {
            let node = self.coordinator;
            let answer = self.connection(node)?.call(&request, END_TXN)?;
            match answer.error_code {
                0 => {
                    (self.producer, self.epoch) = (answer.producer_id.0, answer.producer_epoch);
                    return Ok(());
                }
                code if is_concurrent(code) => wait(began, &told(code))?,
                // The same decision twice is one: after the first the epoch is another, and the coordinator knows both.
                code if is_elsewhere(code) => {
                    wait(began, &told(code))?;
                    let id = self.id.0.clone();
                    self.coordinator = coordinator(self.connection(node)?, TRANSACTION, &id, began)?;
                }
                code => return Err(told(code)),
            }
        }
    }

    /// Asks for the producer's number under its id, and has what others left under it decided.
    fn init(&mut self, first: &mut Connection, began: Instant) -> Result<(), String> {
        let timeout = i32::try_from(TRANSACTION_TIMEOUT.as_millis()).expect("seconds");
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(self.id.clone()))
            .with_transaction_timeout_ms(timeout)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        loop {
            let node = coordinator(first, TRANSACTION, &self.id.0, began)?;
            let answer = self.connection(node)?.call(&request, INIT_PRODUCER_ID)?;
            match answer.error_code {
                0 => {
                    self.coordinator = node;
                    (self.producer, self.epoch) = (answer.producer_id.0, answer.producer_epoch);
                    return Ok(());
                }
                code if is_concurrent(code) || is_elsewhere(code) => wait(began, &told(code))?,
                code => return Err(told(code)),
            }
        }
    }

    /// Sends one pile a partition. Those a broker was not ready for come back.
    fn ship(&mut self, round: Vec<Shipment>) -> Result<Vec<Shipment>, String> {
        let mut by_leader: BTreeMap<i32, Vec<Shipment>> = BTreeMap::new();
        for shipment in round {
            let leader = self.topology.leader(&shipment.topic, shipment.partition)?;
            by_leader.entry(leader).or_default().push(shipment);
        }
        for (leader, shipments) in &by_leader {
            let request = requests::produce(&self.id, shipments);
            self.connection(*leader)?.send(&request, PRODUCE)?;
        }
        let mut again = Vec::new();
        for (leader, shipments) in by_leader {
            let answer = self.connection(leader)?.receive::<ProduceRequest>(PRODUCE)?;
            let mut results = HashMap::new();
            for topic in &answer.responses {
                let partitions = topic.partition_responses.iter();
                results.extend(
                    partitions.map(|p| ((topic.name.0.as_str(), p.index), (p.error_code, p.base_offset))),
                );
            }
            for shipment in shipments {
                let partition = i32::try_from(shipment.partition).map_err(|e| e.to_string())?;
                match results.get(&(&*shipment.topic, partition)) {
                    Some((0, base)) => {
                        for (tag, place) in shipment.tags {
                            self.offsets[tag - 1] = base + place;
                        }
                    }
                    Some((code, _)) if is_concurrent(*code) || is_not_ready(*code) => again.push(shipment),
                    Some((code, _)) => {
                        let topic = &shipment.topic;
                        return Err(format!("{topic}/{partition} does not take records: {}", told(*code)));
                    }
                    None => return Err(format!("no answer for {}/{partition}", shipment.topic)),
                }
            }
        }
        Ok(again)
    }

    /// The connection to a broker, opened if need be.
    fn connection(&mut self, node: i32) -> Result<&mut Connection, String> {
        if !self.connections.contains_key(&node) {
            let connection = Connection::open(self.topology.address(node)?, self.client.clone())?;
            self.connections.insert(node, connection);
        }
        Ok(self.connections.get_mut(&node).expect("inserted above"))
    }
}

/// The broker that coordinates a group or a transactional id.
fn coordinator(connection: &mut Connection, kind: i8, name: &str, began: Instant) -> Result<i32, String> {
    let request = FindCoordinatorRequest::default()
        .with_key_type(kind)
        .with_coordinator_keys(vec![StrBytes::from_string(name.to_owned())]);
    loop {
        let answer = connection.call(&request, FIND_COORDINATOR)?;
        let found = answer.coordinators.first().ok_or("no coordinator was named")?;
        match found.error_code {
            0 => return Ok(found.node_id.0),
            code if is_elsewhere(code) => wait(began, &told(code))?,
            code => return Err(told(code)),
        }
    }
}

/// Waits a moment; an error when `since` is too long ago.
fn wait(since: Instant, why: &str) -> Result<(), String> {
    if since.elapsed() > CALL {
        return Err(why.to_owned());
    }
    std::thread::sleep(AGAIN);
    Ok(())
}
