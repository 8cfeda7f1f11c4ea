//! Partitions that the group has given to nobody. A cooperative rebalance takes two steps: a member gives partitions up, then
//! joins again so that they can be dealt out. One that is killed in between comes back, under its static name, to what it had
//! kept, without any rebalance: the rest is nobody's, for ever. So nodes look at what has been dealt out, and the first of
//! them by name asks for a rebalance.

use super::cluster::Cluster;
use super::topics::JOURNAL;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A rebalance under way leaves partitions to nobody for less than this.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the answer to a look may take.
const LOOK: Duration = Duration::from_secs(1);

/// One member of a group that is not being rebalanced.
pub(super) struct Dealt {
    /// Its id in the group: of a static member its name, a hyphen, and something the broker made up.
    pub(super) id: String,
    /// What it was given, as the group's protocol has it.
    pub(super) assignment: Vec<u8>,
}

/// Looks for orphans.
#[derive(Default)]
pub(super) struct Orphans {
    /// Since when there have been some.
    since: Option<Instant>,
}

impl Orphans {
    /// Looks once; asks for a rebalance if partitions have been without an owner for a while and it is this node's turn.
    pub(super) fn look(&mut self, cluster: &Cluster) {
        let Ok(Some(members)) = cluster.lookup.dealt(&cluster.config.group, LOOK) else {
            // Being rebalanced, or out of reach: nothing can be said.
            self.since = None;
            return;
        };
        let owned: BTreeSet<u16> = members.iter().flat_map(|member| journals(&member.assignment)).collect();
        if members.is_empty() || owned.len() >= usize::from(cluster.partitions) {
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let own = format!("{}-", cluster.config.node);
        let first = members.iter().map(|member| &*member.id).min();
        if since.elapsed() > PATIENCE && first.is_some_and(|id| id.starts_with(&own)) {
            tracing::warn!(?owned, "the group has left partitions to nobody; asking for a rebalance");
            cluster.ownership.ask_for_rebalance();
            self.since = None;
        }
    }
}

/// The journal's partitions in an assignment as all clients write it: version (2 bytes), then topics (4 bytes: how many),
/// each with its name (2 bytes: length) and partitions (4 bytes: how many, 4 bytes each). None in what can't be read.
fn journals(assignment: &[u8]) -> Vec<u16> {
    read_journals(assignment).unwrap_or_default()
}

fn read_journals(mut bytes: &[u8]) -> Option<Vec<u16>> {
    let mut found = Vec::new();
    let _version: [u8; 2] = take(&mut bytes)?;
    for _ in 0..u32::from_be_bytes(take(&mut bytes)?) {
        let length = u16::from_be_bytes(take(&mut bytes)?);
        let name = bytes.split_off(..usize::from(length))?;
        for _ in 0..u32::from_be_bytes(take(&mut bytes)?) {
            let partition = u32::from_be_bytes(take(&mut bytes)?);
            if name == JOURNAL.as_bytes() {
                found.push(u16::try_from(partition).ok()?);
            }
        }
    }
    Some(found)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    bytes.split_off(..N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(topics: &[(&str, &[u32])]) -> Vec<u8> {
        let number = |n: usize| u32::try_from(n).expect("few").to_be_bytes();
        let mut bytes = vec![0, 1];
        bytes.extend(number(topics.len()));
        for (name, partitions) in topics {
            bytes.extend(u16::try_from(name.len()).expect("short").to_be_bytes());
            bytes.extend(name.bytes());
            bytes.extend(number(partitions.len()));
            bytes.extend(partitions.iter().flat_map(|p| p.to_be_bytes()));
        }
        bytes
    }

    #[test]
    fn only_partitions_of_the_journal_count() {
        let bytes = assignment(&[("commands.dead_letter", &[0, 1]), (JOURNAL, &[3, 5])]);
        assert_eq!(journals(&bytes), [3, 5]);
    }

    #[test]
    fn what_cannot_be_read_owns_nothing() {
        let bytes = assignment(&[(JOURNAL, &[3, 5])]);
        assert_eq!(journals(&bytes[..bytes.len() - 1]), [0; 0]);
        assert_eq!(journals(&[]), [0; 0]);
    }
}
