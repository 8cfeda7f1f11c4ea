//! Anchors: one group offset on the journal a partition, moved by every commit. Its text is the goal of replay and says
//! who made the commit; whether the broker takes it is the fence.

use super::config;
use super::orphans::Dealt;
use super::topics::JOURNAL;
use crate::api::KafkaConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::groups::GroupMemberInfo;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// What an anchor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Journal offset behind the last record.
    pub(super) offset: i64,
    /// Sequence of the last record.
    pub(super) sequence: u64,
    /// The node that made the commit.
    pub(super) node: String,
    /// Its shard: with the node, this names the transactional ids.
    pub(super) shard: usize,
    /// The node's HTTP address; empty if it has none.
    pub(super) address: String,
}

impl Anchor {
    /// `sequence,node,shard,address`.
    pub(super) fn text(&self) -> String {
        format!("{},{},{},{}", self.sequence, self.node, self.shard, self.address)
    }

    fn parse(offset: i64, text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ',');
        Some(Self {
            offset,
            sequence: parts.next()?.parse().ok()?,
            node: parts.next()?.to_owned(),
            shard: parts.next()?.parse().ok()?,
            address: parts.next()?.to_owned(),
        })
    }

    /// Adds this anchor of a partition to a list of offsets to commit.
    pub(super) fn add_to(&self, list: &mut TopicPartitionList, partition: u16) -> KafkaResult<()> {
        let mut element = list.add_partition(JOURNAL, i32::from(partition));
        element.set_offset(Offset::Offset(self.offset))?;
        element.set_metadata(self.text());
        Ok(())
    }
}

/// Looks up anchors and journal ends. Its clients are in the group's name but no members of it.
pub(super) struct Lookup {
    stable: BaseConsumer,
    raw: BaseConsumer,
}

impl Lookup {
    pub(super) fn new(config: &KafkaConfig) -> KafkaResult<Self> {
        Ok(Self { stable: config::stable(config).create()?, raw: config::raw(config).create()? })
    }

    /// The anchors of these partitions, once no commit that touches them is undecided. May wait that long.
    pub(super) fn stable(&self, partitions: &[u16], wait: Duration) -> KafkaResult<Vec<Option<Anchor>>> {
        anchors(&self.stable, partitions, wait)
    }

    /// The last decided anchors of these partitions, whatever is undecided.
    pub(super) fn decided(&self, partitions: &[u16], wait: Duration) -> KafkaResult<Vec<Option<Anchor>>> {
        anchors(&self.raw, partitions, wait)
    }

    /// Who is in the group and what each was given; `None` while that is being settled.
    pub(super) fn dealt(&self, group: &str, wait: Duration) -> KafkaResult<Option<Vec<Dealt>>> {
        let list = self.raw.fetch_group_list(Some(group), wait)?;
        let Some(group) = list.groups().iter().find(|g| g.name() == group && g.state() == "Stable") else {
            return Ok(None);
        };
        let dealt = |member: &GroupMemberInfo| Dealt {
            id: member.id().to_owned(),
            assignment: member.assignment().unwrap_or_default().to_vec(),
        };
        Ok(Some(group.members().iter().map(dealt).collect()))
    }

    /// Offset up to which everything in the partition's journal is decided.
    pub(super) fn stable_end(&self, partition: u16, wait: Duration) -> KafkaResult<i64> {
        Ok(self.stable.fetch_watermarks(JOURNAL, i32::from(partition), wait)?.1)
    }

    /// Offset at which the partition's journal ends, undecided records included.
    pub(super) fn end(&self, partition: u16, wait: Duration) -> KafkaResult<i64> {
        Ok(self.raw.fetch_watermarks(JOURNAL, i32::from(partition), wait)?.1)
    }

    /// Offset of the first record of the partition's journal.
    pub(super) fn start(&self, partition: u16, wait: Duration) -> KafkaResult<i64> {
        Ok(self.raw.fetch_watermarks(JOURNAL, i32::from(partition), wait)?.0)
    }
}

fn anchors(consumer: &BaseConsumer, partitions: &[u16], wait: Duration) -> KafkaResult<Vec<Option<Anchor>>> {
    // Nobody else polls this client: what it has to report would pile up.
    while consumer.poll(Duration::ZERO).is_some() {}
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(JOURNAL, i32::from(*partition));
    }
    let found = consumer.committed_offsets(list, wait)?;
    partitions.iter().map(|partition| of_partition(&found, *partition)).collect()
}

fn of_partition(found: &TopicPartitionList, partition: u16) -> KafkaResult<Option<Anchor>> {
    let element = found.find_partition(JOURNAL, i32::from(partition)).ok_or(KafkaError::NoMessageReceived)?;
    element.error()?;
    let Offset::Offset(offset) = element.offset() else {
        return Ok(None);
    };
    let anchor = Anchor::parse(offset, element.metadata());
    if anchor.is_none() {
        tracing::warn!(
            partition,
            text = element.metadata(),
            "the group's offset on {JOURNAL} was not written by centime; taking the journal's end instead"
        );
    }
    Ok(anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_reads_back_as_written() {
        let anchor = Anchor {
            offset: 7,
            sequence: 3,
            node: "node-1".to_owned(),
            shard: 2,
            address: "http://10.0.0.1:8000/a,b".to_owned(),
        };
        assert_eq!(anchor.text(), "3,node-1,2,http://10.0.0.1:8000/a,b");
        assert_eq!(Anchor::parse(7, &anchor.text()), Some(anchor));
    }

    #[test]
    fn other_tools_offsets_are_no_anchors() {
        for text in ["", "7", "x,n,0,", "1,n,0"] {
            assert_eq!(Anchor::parse(0, text), None, "{text}");
        }
    }
}
