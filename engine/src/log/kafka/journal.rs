//! Reading journals: committed records only, in order, without holes.

use super::cluster::Cluster;
use super::config;
use super::topics::JOURNAL;
use crate::log::{Cursor, Journal, JournalError};
use crate::record::CommitRecord;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_secs(10);
/// How long nothing may come before the journal is out of reach. Longer than anything can stay undecided.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a record may be missing at the very end before it is gone.
const MISSING: Duration = Duration::from_secs(3);

/// Reads journals with consumers it keeps.
pub(super) struct KafkaJournal {
    cluster: Arc<Cluster>,
    idle: Mutex<Vec<Reader>>,
}

/// The client logs every end of a journal as an error. It gives all errors to who polls, too, and there they are handled.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Quiet {}

type Reader = BaseConsumer<Quiet>;

/// What a look at the journal brought.
enum Look<'a> {
    Record(BorrowedMessage<'a>),
    /// Everything decided so far has been read.
    End,
    /// There is no such offset.
    OutOfRange,
    Nothing,
}

/// How far a reading has come.
struct Reading {
    partition: u16,
    from: u64,
    sequence: u64,
    /// Chain hash of the last record; `None`: not known yet.
    hash: Option<u64>,
}

impl Reading {
    fn new(partition: u16, from: Cursor) -> Self {
        let known = from.sequence == 0 || from.hint > 0;
        Self { partition, from: from.sequence, sequence: from.sequence, hash: known.then_some(from.hash) }
    }

    fn broken(&self, offset: i64, reason: String) -> JournalError {
        broken(self.partition, offset, reason)
    }

    /// Before the first record a contradiction is the asker's; later it is the journal's.
    fn contradiction(&self, offset: i64, reason: String) -> JournalError {
        if self.from > 0 && self.sequence == self.from {
            JournalError::NotHere { partition: self.partition, sequence: self.from }
        } else {
            self.broken(offset, reason)
        }
    }

    /// Reads one record's bytes; `None` if it lies before the place asked for.
    fn accept(&mut self, offset: i64, bytes: &[u8]) -> Result<Option<(CommitRecord, Cursor)>, JournalError> {
        let (record, hash, _) =
            CommitRecord::read(bytes).map_err(|e| self.broken(offset, format!("{e}; restore the topic")))?;
        if record.partition != self.partition {
            return Err(self.broken(offset, format!("the record is of partition {}", record.partition)));
        }
        if record.sequence <= self.from && self.sequence == self.from {
            if record.sequence == self.from && self.hash.is_some_and(|known| known != hash) {
                return Err(JournalError::NotHere { partition: self.partition, sequence: self.from });
            }
            if record.sequence == self.from {
                self.hash = Some(hash);
            }
            return Ok(None);
        }
        if record.sequence != self.sequence + 1 {
            let text = format!("sequence {} follows {}; restore the topic", record.sequence, self.sequence);
            return Err(self.contradiction(offset, text));
        }
        if self.hash.is_some_and(|last| last != record.previous) {
            let text = format!(
                "sequence {} does not continue {}; restore the topic",
                record.sequence, self.sequence
            );
            return Err(self.contradiction(offset, text));
        }
        self.sequence = record.sequence;
        self.hash = Some(hash);
        let hint = offset.unsigned_abs() + 1;
        Ok(Some((record, Cursor { sequence: self.sequence, hash, hint })))
    }
}

impl KafkaJournal {
    pub(super) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, idle: Mutex::default() }
    }

    /// Offset behind the last decided record of the partition's journal, and its sequence.
    pub(super) fn last(&self, partition: u16) -> Result<Option<(i64, u64)>, JournalError> {
        self.with_reader(|reader| {
            let start = self.cluster.lookup.start(partition, LOOK).map_err(|e| io(&e))?;
            let end = self.cluster.lookup.stable_end(partition, LOOK).map_err(|e| io(&e))?;
            // Almost always the last record is right before the end, but any number of aborted ones may follow it.
            let mut back = 4;
            loop {
                let from = start.max(end - back);
                let found = last_from(reader, partition, from)?;
                if found.is_some() || from == start {
                    return Ok(found);
                }
                back *= 4;
            }
        })
    }

    fn with_reader<T>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let idle = super::lock(&self.idle).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => config::journal(&self.cluster.config).create_with_context(Quiet).map_err(|e| io(&e))?,
        };
        let result = work(&reader);
        if reader.unassign().is_ok() {
            super::lock(&self.idle).push(reader);
        }
        result
    }

    /// Offset at or before the first record after `from`.
    fn place(&self, reader: &Reader, partition: u16, from: Cursor) -> Result<i64, JournalError> {
        let start = self.cluster.lookup.start(partition, LOOK).map_err(|e| io(&e))?;
        if from.sequence == 0 {
            return Ok(start);
        }
        if from.hint > 0 {
            return Ok(i64::try_from(from.hint).unwrap_or(i64::MAX));
        }
        let (mut low, mut high) =
            (start, self.cluster.lookup.stable_end(partition, LOOK).map_err(|e| io(&e))?);
        while high - low > 32 {
            let middle = low + (high - low) / 2;
            match first_from(reader, partition, middle)? {
                Some((offset, sequence)) if sequence <= from.sequence => low = offset,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    fn read_from(
        &self,
        reader: &Reader,
        mut reading: Reading,
        place: i64,
        until: u64,
        each: &mut dyn FnMut(CommitRecord, Cursor) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let partition = reading.partition;
        assign(reader, partition, place)?;
        let mut progress = Instant::now();
        while reading.sequence < until {
            match look(reader)? {
                Look::Record(message) => {
                    progress = Instant::now();
                    let accepted = reading.accept(message.offset(), message.payload().unwrap_or_default())?;
                    drop(message);
                    if let Some((record, cursor)) = accepted
                        && each(record, cursor).is_break()
                    {
                        return Ok(());
                    }
                }
                Look::OutOfRange => {
                    return Err(reading.contradiction(place, format!("{JOURNAL} has no such offset")));
                }
                Look::End | Look::Nothing => self.wait_for_more(&reading, until, progress)?,
            }
        }
        Ok(())
    }

    /// Nothing came: is the rest late, hidden, or gone?
    fn wait_for_more(&self, reading: &Reading, until: u64, since: Instant) -> Result<(), JournalError> {
        if since.elapsed() < MISSING {
            return Ok(());
        }
        let partition = reading.partition;
        let end = self.cluster.lookup.end(partition, LOOK).map_err(|e| io(&e))?;
        let stable = self.cluster.lookup.stable_end(partition, LOOK).map_err(|e| io(&e))?;
        if stable >= end && self.last(partition)?.is_none_or(|(_, last)| last <= reading.sequence) {
            let reason = format!(
                "it ends at sequence {}, but {until} was committed: records are gone; restore the topic {JOURNAL}",
                reading.sequence
            );
            return Err(reading.broken(end, reason));
        }
        if since.elapsed() > PATIENCE {
            return Err(JournalError::Io(format!(
                "nothing came from {JOURNAL}/{partition} for {PATIENCE:?}"
            )));
        }
        Ok(())
    }
}

impl Journal for KafkaJournal {
    fn read(
        &self,
        partition: u16,
        from: Cursor,
        until: u64,
        each: &mut dyn FnMut(CommitRecord, Cursor) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        if from.sequence >= until {
            return Ok(());
        }
        self.with_reader(|reader| {
            let place = self.place(reader, partition, from)?;
            self.read_from(reader, Reading::new(partition, from), place, until, each)
        })
    }
}

fn io(error: &KafkaError) -> JournalError {
    JournalError::Io(error.to_string())
}

fn broken(partition: u16, offset: i64, reason: String) -> JournalError {
    JournalError::Broken { partition, place: format!("{JOURNAL}/{partition}, offset {offset}"), reason }
}

fn assign(reader: &Reader, partition: u16, offset: i64) -> Result<(), JournalError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(JOURNAL, i32::from(partition), Offset::Offset(offset)).map_err(|e| io(&e))?;
    reader.assign(&list).map_err(|e| io(&e))
}

fn look(reader: &Reader) -> Result<Look<'_>, JournalError> {
    match reader.poll(Duration::from_millis(100)) {
        Some(Ok(message)) => Ok(Look::Record(message)),
        Some(Err(KafkaError::PartitionEOF(_))) => Ok(Look::End),
        Some(Err(KafkaError::MessageConsumption(
            RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange,
        ))) => Ok(Look::OutOfRange),
        // The client reconnects by itself; what does not come is noticed by its absence.
        Some(Err(KafkaError::MessageConsumption(error))) => {
            tracing::warn!(%error, "reading the journal");
            Ok(Look::Nothing)
        }
        Some(Err(error)) => Err(io(&error)),
        None => Ok(Look::Nothing),
    }
}

/// Offset and sequence of the first decided record at or after `offset`.
fn first_from(reader: &Reader, partition: u16, offset: i64) -> Result<Option<(i64, u64)>, JournalError> {
    let mut first = None;
    scan(reader, partition, offset, |at, sequence| {
        first = Some((at, sequence));
        ControlFlow::Break(())
    })?;
    Ok(first)
}

/// Offset behind, and sequence of, the last decided record at or after `offset`.
fn last_from(reader: &Reader, partition: u16, offset: i64) -> Result<Option<(i64, u64)>, JournalError> {
    let mut last = None;
    scan(reader, partition, offset, |at, sequence| {
        last = Some((at + 1, sequence));
        ControlFlow::Continue(())
    })?;
    Ok(last)
}

/// Goes through the decided records from `offset` to the end.
fn scan(
    reader: &Reader,
    partition: u16,
    offset: i64,
    mut each: impl FnMut(i64, u64) -> ControlFlow<()>,
) -> Result<(), JournalError> {
    assign(reader, partition, offset)?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match look(reader)? {
            Look::Record(message) => {
                let at = message.offset();
                let (record, ..) = CommitRecord::read(message.payload().unwrap_or_default())
                    .map_err(|e| broken(partition, at, format!("{e}; restore the topic")))?;
                if each(at, record.sequence).is_break() {
                    return Ok(());
                }
            }
            Look::End | Look::OutOfRange => return Ok(()),
            Look::Nothing => {}
        }
    }
    Err(JournalError::Io(format!("the end of {JOURNAL}/{partition} was not reached within {PATIENCE:?}")))
}
