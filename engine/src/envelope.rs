//! CloudEvents 1.0, structured JSON: commands in, events out.

use centime_domain::{Command, CommandId, Event, Input, Refusal, UserId};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use std::io::Write as _;
use uuid::Uuid;

/// A command as it came over the wire.
#[derive(Debug)]
pub struct CommandEnvelope {
    /// Whose command.
    pub user: UserId,
    /// Its id, time and content.
    pub input: Input,
}

/// The bytes are no command envelope; the text says what is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EnvelopeError(pub String);

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl CommandEnvelope {
    /// Reads an envelope. `expected` is the type its topic stands for (`None`: any). An envelope without `time` gets
    /// `received`. Data that is not what its type asks for is no error here: it becomes the input's refusal, so that the
    /// sender is answered.
    pub fn parse(bytes: &[u8], expected: Option<&str>, received: Timestamp) -> Result<Self, EnvelopeError> {
        let raw: Raw<'_> = serde_json::from_slice(bytes)
            .map_err(|e| EnvelopeError(format!("not a CloudEvents 1.0 JSON envelope: {e}")))?;
        if raw.specversion != "1.0" {
            return Err(EnvelopeError(format!("specversion is {:?}, must be \"1.0\"", raw.specversion)));
        }
        if expected.is_some_and(|t| t != raw.kind) {
            return Err(EnvelopeError(format!("type {:?} does not belong on this topic", raw.kind)));
        }
        if !Command::types().contains(&raw.kind.as_ref()) {
            return Err(EnvelopeError(format!("unknown command type {:?}", raw.kind)));
        }
        let named = |r: Refusal| EnvelopeError(r.to_string());
        let user = UserId::parse(&raw.subject).map_err(named)?;
        let id = CommandId::parse(&raw.id).map_err(named)?;
        let time = match &raw.time {
            None => received,
            Some(text) => {
                text.parse().map_err(|e| EnvelopeError(format!("time {text:?} is not RFC 3339: {e}")))?
            }
        };
        Ok(Self { user, input: input(id, time, &raw.kind, raw.data.get().as_bytes()) })
    }
}

/// The input for a command of a known type; unreadable data becomes its refusal.
pub(crate) fn input(id: CommandId, time: Timestamp, kind: &str, data: &[u8]) -> Input {
    let command = Command::parse(kind, data);
    let body_hash = match &command {
        Ok(command) => command.body_hash(),
        Err(_) => xxhash_rust::xxh3::xxh3_64(data),
    };
    Input { id, time, body_hash, command }
}

/// Appends an event's envelope. Its id is a UUIDv5 of user, command id and place among the command's events.
pub fn write_event(out: &mut Vec<u8>, at: &EventPlace<'_>, event: &Event) {
    open(out, at, event.type_name());
    event.write_json(out);
    out.push(b'}');
}

/// Appends an event's envelope with what only an export says: the hash of its command's body.
pub(crate) fn write_exported(out: &mut Vec<u8>, at: &EventPlace<'_>, body_hash: u64, event: &Event) {
    open_to_causation(out, at, event.type_name());
    write!(out, r#","bodyhash":"{body_hash:016x}""#).expect("writing to memory does not fail");
    open_from_sequence(out, at);
    event.write_json(out);
    out.push(b'}');
}

/// Appends the envelope of a `command_rejected` event.
pub(crate) fn write_rejected(out: &mut Vec<u8>, at: &EventPlace<'_>, refusal: &Refusal) {
    open(out, at, "command_rejected");
    serde_json::to_writer(&mut *out, refusal).expect("a refusal is plain text");
    out.push(b'}');
}

/// Appends the envelope of an event that is JSON already, as another centime's answer has it.
pub fn write_event_json(out: &mut Vec<u8>, at: &EventPlace<'_>, kind: &str, data: &str) {
    open(out, at, kind);
    out.extend_from_slice(data.as_bytes());
    out.push(b'}');
}

/// Where an event stands: all of its envelope but the event itself.
#[derive(Debug, Clone, Copy)]
pub struct EventPlace<'a> {
    /// Whose.
    pub user: &'a UserId,
    /// The command that caused it.
    pub command_id: &'a CommandId,
    /// The command's time.
    pub time_us: i64,
    /// Partition, sequence of the commit record, index among the record's events.
    pub sequence: (u16, u64, u32),
    /// Place among the events of its command.
    pub nth: u32,
}

fn open(out: &mut Vec<u8>, at: &EventPlace<'_>, kind: &str) {
    open_to_causation(out, at, kind);
    open_from_sequence(out, at);
}

fn open_to_causation(out: &mut Vec<u8>, at: &EventPlace<'_>, kind: &str) {
    let id = event_id(out, at);
    out.extend_from_slice(br#"{"specversion":"1.0","id":""#);
    out.extend_from_slice(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    for part in
        [r#"","source":"/centime","type":""#, kind, r#"","subject":""#, at.user.as_str(), r#"","time":""#]
    {
        out.extend_from_slice(part.as_bytes());
    }
    let time = Timestamp::from_microsecond(at.time_us).unwrap_or(Timestamp::MAX);
    // As `Display` writes it, which takes several times as long.
    DateTimePrinter::new().print_timestamp(&time, &mut *out).expect("writing to memory does not fail");
    out.extend_from_slice(br#"","datacontenttype":"application/json","causationid":"#);
    serde_json::to_writer(&mut *out, &*at.command_id.text()).expect("a string is JSON");
}

fn open_from_sequence(out: &mut Vec<u8>, at: &EventPlace<'_>) {
    let (partition, sequence, index) = at.sequence;
    out.extend_from_slice(br#","sequence":""#);
    put_number(out, partition);
    out.push(b':');
    put_number(out, sequence);
    out.push(b':');
    put_number(out, index);
    out.extend_from_slice(br#"","data":"#);
}

/// `UUIDv5` of user, command id and place among the command's events. (The uuid crate's own SHA-1 uses no instructions
/// made for it, and takes four times as long.) What is hashed is written behind what is in `out`, and taken away again.
fn event_id(out: &mut Vec<u8>, at: &EventPlace<'_>) -> Uuid {
    let start = out.len();
    out.extend_from_slice(at.user.as_str().as_bytes());
    out.push(b'/');
    out.extend_from_slice(at.command_id.text().as_bytes());
    out.push(b'/');
    put_number(out, at.nth);
    let hash = Sha1::new().chain_update(Uuid::NAMESPACE_OID).chain_update(&out[start..]).finalize();
    out.truncate(start);
    let first = *hash.first_chunk().expect("SHA-1 makes 20 bytes");
    uuid::Builder::from_sha1_bytes(first).into_uuid()
}

/// As `write!` does it, which takes several times as long.
fn put_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a command's envelope. `data` must be JSON.
pub(crate) fn write_command(
    out: &mut Vec<u8>,
    user: &UserId,
    id: &CommandId,
    kind: &str,
    time: Timestamp,
    data: &[u8],
) {
    out.extend_from_slice(br#"{"specversion":"1.0","id":"#);
    serde_json::to_writer(&mut *out, &*id.text()).expect("a string is JSON");
    write!(
        out,
        r#","source":"/centime/http","type":"{kind}","subject":"{}","time":"{time}","datacontenttype":"application/json","data":"#,
        user.as_str()
    )
    .expect("writing to memory does not fail");
    out.extend_from_slice(data);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_id_is_the_uuid_v5_of_user_command_and_place() {
        let user = UserId::parse("anna").expect("a user");
        let command_id = CommandId::parse("c-1").expect("an id");
        let at = EventPlace { user: &user, command_id: &command_id, time_us: 0, sequence: (0, 1, 0), nth: 2 };
        let mut out = b"before".to_vec();
        assert_eq!(event_id(&mut out, &at), Uuid::new_v5(&Uuid::NAMESPACE_OID, b"anna/c-1/2"));
        assert_eq!(out, b"before");
    }
}
