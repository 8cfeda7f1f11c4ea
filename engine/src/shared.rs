//! What all threads of an engine look at: how far each partition is here.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// A partition, seen from this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Not this node's.
    Away = 0,
    /// This node's, but its journal is still being replayed.
    CatchingUp = 1,
    /// Served here.
    Ready = 2,
}

#[derive(Debug, Default)]
struct Progress {
    stage: AtomicU8,
    committed: AtomicU64,
}

/// Progress of all partitions.
#[derive(Debug)]
pub(crate) struct Shared {
    partitions: Vec<Progress>,
    pub(crate) stopping: AtomicBool,
}

impl Shared {
    pub(crate) fn new(partitions: u16) -> Self {
        let partitions = (0..partitions).map(|_| Progress::default()).collect();
        Self { partitions, stopping: AtomicBool::new(false) }
    }

    /// The partition is served here.
    pub(crate) fn is_ready(&self, partition: u16) -> bool {
        self.partitions[usize::from(partition)].stage.load(Ordering::SeqCst) == Stage::Ready as u8
    }

    /// All partitions are served here.
    pub(crate) fn all_ready(&self) -> bool {
        self.partitions.iter().all(|p| p.stage.load(Ordering::SeqCst) == Stage::Ready as u8)
    }

    /// Nothing that is this node's is still catching up.
    pub(crate) fn caught_up(&self) -> bool {
        self.partitions.iter().all(|p| p.stage.load(Ordering::SeqCst) != Stage::CatchingUp as u8)
    }

    pub(crate) fn set_stage(&self, partition: u16, stage: Stage) {
        self.partitions[usize::from(partition)].stage.store(stage as u8, Ordering::SeqCst);
    }

    /// Sequence of the last commit known here.
    pub(crate) fn committed(&self, partition: u16) -> u64 {
        self.partitions[usize::from(partition)].committed.load(Ordering::SeqCst)
    }

    pub(crate) fn set_committed(&self, partition: u16, sequence: u64) {
        self.partitions[usize::from(partition)].committed.store(sequence, Ordering::SeqCst);
    }
}
