//! Which brokers there are, and which of them leads which partition.

use super::connection::Connection;
use kafka_protocol::messages::MetadataRequest;
use std::collections::HashMap;

/// Kafka 2.8 and later.
const METADATA: i16 = 12;

/// See the module.
pub(super) struct Topology {
    /// `host:port` by node.
    brokers: HashMap<i32, String>,
    /// Leaders by topic and partition; -1: none.
    leaders: HashMap<String, Vec<i32>, foldhash::fast::RandomState>,
}

impl Topology {
    /// Asks a broker.
    pub(super) fn learn(connection: &mut Connection) -> Result<Self, String> {
        let request = MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(false);
        let answer = connection.call(&request, METADATA)?;
        let brokers = answer.brokers.iter().map(|b| (b.node_id.0, format!("{}:{}", b.host, b.port)));
        let mut leaders = HashMap::default();
        for topic in &answer.topics {
            let Some(name) = topic.name.as_ref().filter(|_| topic.error_code == 0) else { continue };
            let mut partitions = vec![-1; topic.partitions.len()];
            for partition in &topic.partitions {
                let slot = usize::try_from(partition.partition_index).ok();
                if let Some(slot) = slot.and_then(|index| partitions.get_mut(index)) {
                    *slot = partition.leader_id.0;
                }
            }
            leaders.insert(name.to_string(), partitions);
        }
        Ok(Self { brokers: brokers.collect(), leaders })
    }

    /// Where a broker is.
    pub(super) fn address(&self, node: i32) -> Result<&str, String> {
        self.brokers.get(&node).map(String::as_str).ok_or_else(|| format!("no broker {node} is known"))
    }

    /// How many partitions a topic has.
    pub(super) fn partitions(&self, topic: &str) -> Result<usize, String> {
        self.leaders.get(topic).map(Vec::len).ok_or_else(|| format!("topic {topic} is not there"))
    }

    /// Who leads a partition.
    pub(super) fn leader(&self, topic: &str, partition: usize) -> Result<i32, String> {
        let leader = self.leaders.get(topic).and_then(|leaders| leaders.get(partition));
        leader
            .copied()
            .filter(|leader| *leader >= 0)
            .ok_or_else(|| format!("nobody leads partition {partition} of {topic}"))
    }
}
