//! Where partitions are served that this node does not own: read from their anchors about once a second. Also looks whether
//! they are anybody's.

use super::cluster::Cluster;
use super::orphans::Orphans;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);

/// Addresses by partition; `None`: this node's, or not known.
pub(super) type Routes = Mutex<Vec<Option<String>>>;

/// Keeps `routes` fresh until `stop` is dropped.
pub(super) fn refresh(cluster: &Arc<Cluster>, routes: &Routes, stop: &Receiver<()>) {
    let mut orphans = Orphans::default();
    while stop.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let held = cluster.ownership.held(|_| true);
        let others: Vec<u16> = (0..cluster.partitions).filter(|p| !held.contains(p)).collect();
        if !others.is_empty() {
            orphans.look(cluster);
        }
        let anchors = match &others[..] {
            [] => Ok(Vec::new()),
            others => cluster.lookup.decided(others, EVERY),
        };
        let Ok(anchors) = anchors else {
            // What was known a second ago is still the best guess.
            continue;
        };
        let mut fresh = vec![None; usize::from(cluster.partitions)];
        for (partition, anchor) in others.iter().zip(anchors) {
            let other = anchor.filter(|a| a.node != cluster.config.node && !a.address.is_empty());
            fresh[usize::from(*partition)] = other.map(|a| a.address);
        }
        *super::lock(routes) = fresh;
    }
}
