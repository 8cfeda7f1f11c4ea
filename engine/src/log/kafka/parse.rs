//! From a Kafka record to what a shard can decide on.

use super::topics::Names;
use crate::envelope::CommandEnvelope;
use crate::log::{Forward, Incoming, IncomingKind};
use crate::partition::partition_of;
use crate::record::DeadLetter;
use jiff::Timestamp;
use rdkafka::message::{BorrowedMessage, Message};

/// Largest value that is looked at or kept whole: the longest part of a restoration (one command's past, 2 MiB) in its
/// envelope. (Compressed, a topic takes more than its limit says.)
const LARGEST: usize = 2_300_000;
/// How much of a larger one is kept.
const KEPT: usize = 65_536;
/// Largest value that surely fits where it is forwarded to.
const LARGEST_FORWARD: usize = 900_000;

/// Reads a record of the commands topic with this index.
pub(super) fn parse(names: &Names, topic: u8, partitions: u16, message: &BorrowedMessage<'_>) -> Incoming {
    let kind = match understand(names, topic, partitions, message) {
        Ok(kind) => kind,
        Err(reason) => IncomingKind::Dead(Box::new(dead(names, topic, message, reason))),
    };
    let raw = match &kind {
        IncomingKind::Command(..) => message.payload().unwrap_or_default().into(),
        IncomingKind::Dead(_) | IncomingKind::Misplaced(_) => Box::default(),
    };
    Incoming { topic, offset: message.offset(), kind, raw }
}

fn understand(
    names: &Names,
    topic: u8,
    partitions: u16,
    message: &BorrowedMessage<'_>,
) -> Result<IncomingKind, String> {
    let value = message.payload().ok_or("the record has no value")?;
    if value.len() > LARGEST {
        return Err(format!("the value has {} bytes, at most {LARGEST} are read; kept: {KEPT}", value.len()));
    }
    let expected = Names::expected(usize::from(topic));
    let received = message.timestamp().to_millis().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let envelope = CommandEnvelope::parse(value, expected, received.unwrap_or(Timestamp::UNIX_EPOCH))
        .map_err(|e| e.0)?;
    let home = partition_of(&envelope.user, partitions);
    if i32::from(home) == message.partition() {
        return Ok(IncomingKind::Command(envelope.user, envelope.input));
    }
    if value.len() > LARGEST_FORWARD {
        return Err(format!(
            "its user belongs to partition {home}, and it is too large to be forwarded there"
        ));
    }
    Ok(IncomingKind::Misplaced(Box::new(Forward {
        topic: names.commands[usize::from(topic)].clone(),
        partition: home,
        key: envelope.user.as_str().as_bytes().to_vec(),
        value: value.to_vec(),
    })))
}

fn dead(names: &Names, topic: u8, message: &BorrowedMessage<'_>, reason: String) -> DeadLetter {
    let keep = |bytes: &[u8], limit: usize| {
        let kept = if bytes.len() > limit { bytes.len().min(KEPT) } else { bytes.len() };
        bytes[..kept].to_vec()
    };
    DeadLetter {
        topic: names.commands[usize::from(topic)].clone(),
        partition: message.partition(),
        offset: message.offset(),
        reason,
        key: message.key().map(|key| keep(key, KEPT)),
        value: keep(message.payload().unwrap_or_default(), LARGEST),
    }
}
