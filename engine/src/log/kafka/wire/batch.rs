//! A record batch of Kafka's message format 2, written as its records come.
//!
//! kafka-protocol can write one, too: from a list of records of 200 bytes each, which it walks through six times, thousands of them in a
//! commit. Its decoder reads what is written here in the tests.

use super::super::transactor::Outgoing;
use super::packer::Packer;
use bytes::{BufMut, Bytes};
use kafka_protocol::records::NO_PARTITION_LEADER_EPOCH;

/// Smaller batches are sent as they are.
const WORTH_COMPRESSING: usize = 500;
const MAGIC: i8 = 2;
/// Compression of the batch, in its attributes.
const LZ4: i16 = 3;
/// Part of a transaction, in its attributes.
const TRANSACTIONAL: i16 = 1 << 4;
/// Bytes before the first record.
const HEADER: usize = 61;
/// What the batch's length counts from.
const LENGTH_FROM: usize = 12;
/// What the checksum covers begins here; it stands in the four bytes before.
const CHECKED_FROM: usize = 21;

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer {
    pub(super) producer: i64,
    pub(super) epoch: i16,
    /// Milliseconds since 1970.
    pub(super) timestamp: i64,
}

/// Records in their format: all written at the batch's time, each one's offset one more than the last one's.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    count: i32,
}

impl Records {
    /// None yet, and room for so many bytes of them.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), count: 0 }
    }

    /// Bytes they take.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// How many there are.
    pub(super) fn count(&self) -> i32 {
        self.count
    }

    /// Adds one.
    pub(super) fn add(&mut self, record: &Outgoing<'_>) {
        let headers: usize =
            record.headers.iter().map(|(name, value)| sized(name.len()) + sized(value.len())).sum();
        let size = 1 // attributes
            + 1 // time, as the batch's
            + varint_size(self.count)
            + record.key.map_or(1, |key| sized(key.len()))
            + sized(record.value.len())
            + varint_size(as_int(record.headers.len()))
            + headers;
        self.bytes.reserve(size + 5);
        put_varint(&mut self.bytes, as_int(size));
        self.bytes.extend_from_slice(&[0, 0]);
        put_varint(&mut self.bytes, self.count);
        match record.key {
            None => put_varint(&mut self.bytes, -1),
            Some(key) => put_bytes(&mut self.bytes, key),
        }
        put_bytes(&mut self.bytes, record.value);
        put_varint(&mut self.bytes, as_int(record.headers.len()));
        for (name, value) in record.headers {
            put_bytes(&mut self.bytes, name.as_bytes());
            put_bytes(&mut self.bytes, value.as_bytes());
        }
        self.count += 1;
    }

    /// The batch. `sequence`: the number of the first record among the producer's for this partition.
    pub(super) fn into_batch(
        self,
        sequence: i32,
        writer: Writer,
        packer: &Packer,
    ) -> Result<Bytes, std::io::Error> {
        let worth_it = self.bytes.len() >= WORTH_COMPRESSING;
        let mut batch =
            Vec::with_capacity(HEADER + if worth_it { self.bytes.len() / 2 } else { self.bytes.len() });
        batch.put_i64(0);
        batch.put_i32(0); // the length, when it is known
        batch.put_i32(NO_PARTITION_LEADER_EPOCH);
        batch.put_i8(MAGIC);
        batch.put_u32(0); // the checksum, likewise
        batch.put_i16(TRANSACTIONAL | if worth_it { LZ4 } else { 0 });
        batch.put_i32(self.count - 1);
        batch.put_i64(writer.timestamp);
        batch.put_i64(writer.timestamp);
        batch.put_i64(writer.producer);
        batch.put_i16(writer.epoch);
        batch.put_i32(sequence);
        batch.put_i32(self.count);
        debug_assert_eq!(batch.len(), HEADER);
        if worth_it {
            packer.pack(&self.bytes, &mut batch)?;
        } else {
            batch.extend_from_slice(&self.bytes);
        }
        let length = as_int(batch.len() - LENGTH_FROM);
        batch[LENGTH_FROM - 4..LENGTH_FROM].copy_from_slice(&length.to_be_bytes());
        let checksum = crc32c::crc32c(&batch[CHECKED_FROM..]);
        batch[CHECKED_FROM - 4..CHECKED_FROM].copy_from_slice(&checksum.to_be_bytes());
        Ok(batch.into())
    }
}

fn as_int(size: usize) -> i32 {
    i32::try_from(size).expect("a batch is some megabytes at most")
}

/// Bytes of something with its length before it.
fn sized(length: usize) -> usize {
    varint_size(as_int(length)) + length
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, as_int(bytes.len()));
    out.extend_from_slice(bytes);
}

/// Small numbers of either sign as small ones without: 0, -1, 1, -2, …
fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

fn varint_size(value: i32) -> usize {
    let bits = u32::BITS - (zigzag(value) | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn put_varint(out: &mut Vec<u8>, value: i32) {
    let mut rest = zigzag(value);
    while rest > 0x7f {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push((rest & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::records::{Compression, Record, RecordBatchDecoder};
    use lz4_flex::frame::FrameDecoder;
    use std::io::Read;

    const WRITER: Writer = Writer { producer: 7, epoch: 3, timestamp: 1_000 };

    fn read(mut batch: Bytes) -> (Compression, Vec<Record>) {
        let unpack = |packed: &mut Bytes, how| {
            let mut bytes = Vec::new();
            match how {
                Compression::Lz4 => FrameDecoder::new(&packed[..]).read_to_end(&mut bytes)?,
                _ => packed.as_ref().read_to_end(&mut bytes)?,
            };
            anyhow::Ok(Bytes::from(bytes))
        };
        let set = RecordBatchDecoder::decode_with_custom_compression(&mut batch, Some(unpack));
        let set = set.expect("kafka-protocol reads it, and its checksum is right");
        (set.compression, set.records)
    }

    #[test]
    fn kafka_protocol_reads_what_is_written_whatever_its_sizes() {
        let values: Vec<Vec<u8>> = (0..9_000)
            .map(|n: usize| vec![b'v'; if n.is_multiple_of(1_000) { 20 * n } else { n % 140 }])
            .collect();
        let headers = [("topic", "t"), ("empty", ""), ("long", "reason ".repeat(30).leak())];
        let mut records = Records::default();
        for (n, value) in values.iter().enumerate() {
            let key = (n % 3 != 0).then_some(&value[..value.len() / 2]);
            let headers = if n % 5 == 0 { &headers[..] } else { &[] };
            records.add(&Outgoing { topic: "t", partition: None, key, value, headers, tag: 0 });
        }
        let batch = records.into_batch(40, WRITER, &Packer::default()).expect("memory takes it");
        let (compression, read) = read(batch);
        assert_eq!((compression, read.len()), (Compression::Lz4, values.len()));
        for (n, (record, value)) in read.iter().zip(&values).enumerate() {
            let place = i32::try_from(n).expect("small");
            assert_eq!((record.offset, record.sequence), (place.into(), 40 + place));
            assert_eq!((record.producer_id, record.producer_epoch, record.timestamp), (7, 3, 1_000));
            assert!(record.transactional && !record.control);
            assert_eq!(record.value.as_deref(), Some(&value[..]), "record {n}");
            assert_eq!(
                record.key.as_deref(),
                (n % 3 != 0).then_some(&value[..value.len() / 2]),
                "record {n}"
            );
            let told =
                record.headers.iter().map(|(name, value)| (&**name, value.as_deref().unwrap_or(b"none")));
            let wanted = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
            assert!(told.eq(wanted.filter(|_| n % 5 == 0)), "record {n}");
        }
    }

    #[test]
    fn a_small_batch_is_sent_as_it_is() {
        let mut records = Records::default();
        records.add(&Outgoing { topic: "t", partition: None, key: None, value: b"", headers: &[], tag: 0 });
        let (compression, read) =
            read(records.into_batch(0, WRITER, &Packer::default()).expect("memory takes it"));
        assert_eq!(compression, Compression::None);
        assert_eq!((read[0].key.as_deref(), read[0].value.as_deref()), (None, Some(&b""[..])));
    }
}
