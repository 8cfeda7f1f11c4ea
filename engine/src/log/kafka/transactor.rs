//! A transactional producer: our own where the cluster and the settings are such that it can be, or else librdkafka's.

use super::config;
use super::librdkafka::Librdkafka;
use super::ownership::Standing;
use super::watchdog::Watched;
use super::wire::Wire;
use crate::api::KafkaConfig;
use rdkafka::TopicPartitionList;
use std::time::Duration;

/// Longest any one call may take; the watchdog's limit is well above.
pub(super) const CALL: Duration = Duration::from_secs(15);

/// A record on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) topic: &'a str,
    /// `None`: the one its key belongs to.
    pub(super) partition: Option<u16>,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: &'a [u8],
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// Its offset will be at this place, counted from one; 0: nobody asks for it.
    pub(super) tag: usize,
}

impl Outgoing<'_> {
    /// Bytes of its content.
    pub(super) fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        self.key.map_or(0, <[u8]>::len) + self.value.len() + headers
    }
}

/// A transactional producer that has settled what an earlier one under its id left open. After an error it is of no more
/// use, except to abort.
pub(super) enum Transactor {
    Wire(Box<Wire>),
    Librdkafka(Box<Librdkafka>),
}

impl Transactor {
    /// Opens a producer under `id`: fences every other one with this id, and waits until what they left is decided.
    pub(super) fn open(config: &KafkaConfig, id: &str, watched: &Watched) -> Result<Self, String> {
        if let Some(bootstrap) = config::for_own_producer(config) {
            // Unwatched: with several brokers that hang it may take longer than any one call, and returns all the same.
            let wire = Wire::open(bootstrap, &config.node, &config.group, id)?;
            if let Some(wire) = wire {
                return Ok(Self::Wire(Box::new(wire)));
            }
        }
        let librdkafka = Librdkafka::open(config, id, watched).map_err(|e| e.to_string())?;
        Ok(Self::Librdkafka(Box::new(librdkafka)))
    }

    /// Begins a commit of `records` records, `tagged` of them tagged.
    pub(super) fn begin(&mut self, records: usize, tagged: usize) -> Result<(), String> {
        match self {
            Self::Wire(wire) => {
                wire.begin(tagged);
                Ok(())
            }
            Self::Librdkafka(librdkafka) => librdkafka.begin(records, tagged).map_err(|e| e.to_string()),
        }
    }

    /// Adds a record; may wait for room.
    pub(super) fn send(&mut self, record: &Outgoing<'_>) -> Result<(), String> {
        match self {
            Self::Wire(wire) => wire.add(record),
            Self::Librdkafka(librdkafka) => librdkafka.send(record).map_err(|e| e.to_string()),
        }
    }

    /// Waits until every record is with the brokers; returns the offsets of the tagged ones.
    pub(super) fn deliver(&mut self, watched: &Watched) -> Result<Vec<i64>, String> {
        match self {
            Self::Wire(wire) => watched.call(|| wire.deliver()),
            Self::Librdkafka(librdkafka) => librdkafka.drain(),
        }
    }

    /// Adds group offsets to the commit.
    pub(super) fn send_offsets(
        &mut self,
        offsets: &TopicPartitionList,
        group: &str,
        member: &Standing,
        watched: &Watched,
    ) -> Result<(), String> {
        watched.call(|| match self {
            Self::Wire(wire) => wire.send_offsets(offsets, group, member),
            Self::Librdkafka(librdkafka) => {
                librdkafka.send_offsets(offsets, &member.metadata).map_err(|e| e.to_string())
            }
        })
    }

    /// Decides the commit. Any error leaves it in doubt.
    pub(super) fn commit(&mut self, watched: &Watched) -> Result<(), String> {
        watched.call(|| match self {
            Self::Wire(wire) => wire.end(true),
            Self::Librdkafka(librdkafka) => librdkafka.commit().map_err(|e| e.to_string()),
        })
    }

    /// Gives the commit up. `Ok`: nothing of it is or will be true.
    pub(super) fn abort(&mut self, watched: &Watched) -> Result<(), String> {
        watched.call(|| match self {
            Self::Wire(wire) => wire.end(false),
            Self::Librdkafka(librdkafka) => librdkafka.abort().map_err(|e| e.to_string()),
        })
    }

    /// Whether a connection was lost since the commit began, and a request may have been sent again behind our back.
    pub(super) fn disconnected(&self) -> bool {
        match self {
            // It sends nothing twice.
            Self::Wire(_) => false,
            Self::Librdkafka(librdkafka) => librdkafka.disconnected(),
        }
    }
}
