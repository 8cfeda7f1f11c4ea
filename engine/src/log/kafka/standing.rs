//! This node's standing in the group, as a commit proves it to the broker.

use super::member::Member;
use rdkafka::bindings::{
    rd_kafka_consumer_group_metadata, rd_kafka_consumer_group_metadata_destroy,
    rd_kafka_consumer_group_metadata_generation_id, rd_kafka_consumer_group_metadata_member_id,
};
use rdkafka::consumer::{Consumer, ConsumerGroupMetadata};
use std::ffi::CStr;

/// See the module.
pub(super) struct Standing {
    /// For librdkafka's producer, which can read it.
    pub(super) metadata: ConsumerGroupMetadata,
    /// The member's id and generation, which rust-rdkafka does not tell.
    pub(super) id: String,
    pub(super) generation: i32,
}

impl Standing {
    /// `None`: the member is not in the group (now). librdkafka still has metadata then, of a generation below zero, which
    /// the broker takes from anybody as long as the group is empty.
    pub(super) fn of(member: &Member) -> Option<Self> {
        let metadata = member.group_metadata()?;
        let (id, generation) = id_and_generation(member)?;
        (generation >= 0 && !id.is_empty()).then_some(Self { metadata, id, generation })
    }
}

#[expect(unsafe_code, reason = "librdkafka tells it, rust-rdkafka 0.39 keeps it to itself")]
fn id_and_generation(member: &Member) -> Option<(String, i32)> {
    // SAFETY: the client lives as long as `member` does. What it hands out is ours until destroyed, and is not null below;
    // its strings are copied before that.
    unsafe {
        let metadata = rd_kafka_consumer_group_metadata(member.client().native_ptr());
        if metadata.is_null() {
            return None;
        }
        let id = CStr::from_ptr(rd_kafka_consumer_group_metadata_member_id(metadata));
        let id = id.to_string_lossy().into_owned();
        let generation = rd_kafka_consumer_group_metadata_generation_id(metadata);
        rd_kafka_consumer_group_metadata_destroy(metadata);
        Some((id, generation))
    }
}
