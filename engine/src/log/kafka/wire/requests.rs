//! The larger requests, and which versions of all of them are spoken.

use super::super::transactor::CALL;
use super::outbox::Shipment;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, ProduceRequest, TopicName, TransactionalId};
use kafka_protocol::protocol::StrBytes;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;

// The versions of each request that transactions of version 2 came with, and older ones of the rest.
pub(super) const API_VERSIONS: i16 = 3;
pub(super) const FIND_COORDINATOR: i16 = 4;
pub(super) const INIT_PRODUCER_ID: i16 = 4;
pub(super) const PRODUCE: i16 = 12;
pub(super) const TXN_OFFSET_COMMIT: i16 = 5;
pub(super) const END_TXN: i16 = 5;
const NEEDED: [(ApiKey, i16); 5] = [
    (ApiKey::FindCoordinator, FIND_COORDINATOR),
    (ApiKey::InitProducerId, INIT_PRODUCER_ID),
    (ApiKey::Produce, PRODUCE),
    (ApiKey::TxnOffsetCommit, TXN_OFFSET_COMMIT),
    (ApiKey::EndTxn, END_TXN),
];

/// Whether the cluster has transactions of version 2, and all that goes with them.
pub(super) fn suits(answer: &ApiVersionsResponse) -> bool {
    let has = |(key, version): &(ApiKey, i16)| {
        answer.api_keys.iter().any(|api| {
            api.api_key == *key as i16 && api.min_version <= *version && *version <= api.max_version
        })
    };
    let transactions = answer.finalized_features.iter().find(|f| &*f.name == "transaction.version");
    transactions.is_some_and(|feature| feature.max_version_level >= 2) && NEEDED.iter().all(has)
}

/// One request for all that goes to one broker.
pub(super) fn produce(id: &TransactionalId, shipments: &[Shipment]) -> ProduceRequest {
    let mut topics: BTreeMap<&str, Vec<PartitionProduceData>> = BTreeMap::new();
    for Shipment { topic, partition, batch, .. } in shipments {
        let index = i32::try_from(*partition).expect("partitions are counted in 16 bits");
        let data = PartitionProduceData::default().with_index(index).with_records(Some(batch.clone()));
        topics.entry(topic).or_default().push(data);
    }
    let topics = topics.into_iter().map(|(name, partitions)| {
        let name = TopicName(StrBytes::from_string(name.to_owned()));
        TopicProduceData::default().with_name(name).with_partition_data(partitions)
    });
    ProduceRequest::default()
        .with_transactional_id(Some(id.clone()))
        .with_acks(-1)
        .with_timeout_ms(i32::try_from(CALL.as_millis()).expect("seconds"))
        .with_topic_data(topics.collect())
}

/// What `TxnOffsetCommit` calls a list of offsets.
pub(super) fn offset_topics(list: &TopicPartitionList) -> Result<Vec<TxnOffsetCommitRequestTopic>, String> {
    let mut topics: BTreeMap<String, Vec<TxnOffsetCommitRequestPartition>> = BTreeMap::new();
    for element in list.elements() {
        let Offset::Offset(offset) = element.offset() else {
            return Err(format!("{}/{}: no offset", element.topic(), element.partition()));
        };
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_partition_index(element.partition())
            .with_committed_offset(offset)
            .with_committed_metadata(Some(StrBytes::from_string(element.metadata().to_owned())));
        topics.entry(element.topic().to_owned()).or_default().push(partition);
    }
    let topic = |(name, partitions)| {
        let name = TopicName(StrBytes::from_string(name));
        TxnOffsetCommitRequestTopic::default().with_name(name).with_partitions(partitions)
    };
    Ok(topics.into_iter().map(topic).collect())
}
