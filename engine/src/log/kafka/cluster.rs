//! What all parts of the Kafka log share.

use super::anchor::{Anchor, Lookup};
use super::ownership::Ownership;
use super::topics::Names;
use super::watchdog::Watchdog;
use crate::api::KafkaConfig;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One node's view of the cluster.
pub(super) struct Cluster {
    pub(super) config: KafkaConfig,
    pub(super) names: Names,
    pub(super) partitions: u16,
    pub(super) ownership: Ownership,
    pub(super) lookup: Lookup,
    pub(super) watchdog: Arc<Watchdog>,
    pub(super) stop: AtomicBool,
}

/// Whose producers make a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// One shard's own.
    Shard(usize),
    /// Those of all the node's shards together.
    Convoy,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shard(shard) => write!(f, "{shard}"),
            Self::Convoy => f.write_str("convoy"),
        }
    }
}

impl Cluster {
    /// The name under which a node commits.
    pub(super) fn transactional_id(&self, node: &str, lane: Lane, turn: usize) -> String {
        format!("{}-{node}-{lane}-{turn}", self.config.group)
    }

    /// The name under which a node takes partitions over.
    pub(super) fn takeover_id(&self, node: &str) -> String {
        format!("{}-{node}-takeover", self.config.group)
    }

    /// An anchor of this node's.
    pub(super) fn anchor(&self, offset: i64, sequence: u64, shard: usize) -> Anchor {
        let node = self.config.node.clone();
        Anchor { offset, sequence, node, shard, address: self.config.advertised.clone().unwrap_or_default() }
    }

    /// Whether the log is being stopped.
    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
