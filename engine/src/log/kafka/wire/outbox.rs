//! Records waiting to be sent: by topic and partition, in piles that one request can take.

use super::super::transactor::Outgoing;
use super::batch::{Records, Writer};
use super::packer::Packer;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};

/// Most bytes of a pile with more than one record: a broker's usual limit is 1 MB, before compression.
const PILE: usize = 900_000;
/// What a record takes besides key, value and headers, at most.
const OVERHEAD: usize = 64;

/// Records for one partition, and what to call their offsets.
#[derive(Default)]
struct Pile {
    records: Records,
    /// Sequence number of the first.
    sequence: i32,
    /// Tag and place in the pile.
    tags: Vec<(usize, i64)>,
}

/// What goes to one partition.
#[derive(Default)]
struct Lane {
    piles: VecDeque<Pile>,
    /// Records so far: the next one's sequence number.
    sequence: i32,
    /// Bytes of the last pile: the next will be about as large.
    usual: usize,
}

/// A pile, ready to go.
pub(super) struct Shipment {
    pub(super) topic: String,
    pub(super) partition: usize,
    pub(super) batch: Bytes,
    pub(super) tags: Vec<(usize, i64)>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Outbox {
    lanes: HashMap<String, Vec<Lane>, foldhash::fast::RandomState>,
    packer: Packer,
}

impl Outbox {
    /// Adds a record; it is the producer's next one for the partition.
    pub(super) fn add(&mut self, record: &Outgoing<'_>, partition: usize) {
        if !self.lanes.contains_key(record.topic) {
            self.lanes.insert(record.topic.to_owned(), Vec::new());
        }
        let lanes = self.lanes.get_mut(record.topic).expect("inserted above");
        if lanes.len() <= partition {
            lanes.resize_with(partition + 1, Lane::default);
        }
        let lane = &mut lanes[partition];
        let most = record.size() + OVERHEAD;
        if lane.piles.back().is_none_or(|pile| pile.records.size() + most > PILE) {
            let records = Records::with_capacity(lane.usual);
            lane.piles.push_back(Pile { records, sequence: lane.sequence, ..Pile::default() });
        }
        let pile = lane.piles.back_mut().expect("pushed above");
        pile.add(record);
        lane.sequence += 1;
    }

    /// One pile of every partition that has any.
    pub(super) fn next_round(&mut self, writer: Writer) -> Result<Vec<Shipment>, String> {
        let mut round = Vec::new();
        for (topic, lanes) in &mut self.lanes {
            for (partition, lane) in lanes.iter_mut().enumerate() {
                if let Some(mut pile) = lane.piles.pop_front() {
                    let tags = std::mem::take(&mut pile.tags);
                    lane.usual = pile.records.size();
                    let batch = pile.records.into_batch(pile.sequence, writer, &self.packer);
                    let batch = batch.map_err(|error| format!("a record batch can't be written: {error}"))?;
                    round.push(Shipment { topic: topic.clone(), partition, batch, tags });
                }
            }
        }
        Ok(round)
    }

    /// Forgets everything, sequence numbers too.
    pub(super) fn clear(&mut self) {
        for lane in self.lanes.values_mut().flatten() {
            lane.piles.clear();
            lane.sequence = 0;
        }
    }
}

impl Pile {
    fn add(&mut self, record: &Outgoing<'_>) {
        self.tags.extend((record.tag > 0).then_some((record.tag, self.records.count().into())));
        self.records.add(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::records::{Compression, RecordBatchDecoder};

    fn add(outbox: &mut Outbox, value: &[u8], tag: usize) {
        let record =
            Outgoing { topic: "t", partition: None, key: Some(b"k"), value, headers: &[("h", "v")], tag };
        outbox.add(&record, 2);
    }

    const WRITER: Writer = Writer { producer: 7, epoch: 3, timestamp: 1_000 };

    #[test]
    fn piles_are_what_a_request_takes_and_sequence_numbers_go_on_through_them() {
        let mut outbox = Outbox::default();
        for n in 1..=5 {
            add(&mut outbox, &vec![b'x'; 400_000], n);
        }
        let mut rounds = Vec::new();
        loop {
            let round = outbox.next_round(WRITER).expect("it can be written");
            let Some(shipment) = round.into_iter().next() else { break };
            let info = RecordBatchDecoder::decode_batch_info(&mut shipment.batch.clone()).expect("a batch");
            assert_eq!(info.len(), 1, "a request takes one batch a partition");
            let batch = &info[0];
            assert!(batch.transactional && batch.producer_id == 7 && batch.producer_epoch == 3);
            assert_eq!(batch.compression, Compression::Lz4);
            rounds.push((shipment.partition, batch.base_sequence, batch.record_count, shipment.tags));
        }
        let tags = |first: usize, count: i64| {
            (0..count).map(|n| (first + usize::try_from(n).expect("small"), n)).collect::<Vec<_>>()
        };
        assert_eq!(rounds, [(2, 0, 2, tags(1, 2)), (2, 2, 2, tags(3, 2)), (2, 4, 1, tags(5, 1))]);
        outbox.clear();
        add(&mut outbox, b"small", 0);
        let round = outbox.next_round(WRITER).expect("it can be written");
        let info = RecordBatchDecoder::decode_batch_info(&mut round[0].batch.clone()).expect("a batch");
        assert_eq!((info[0].base_sequence, info[0].compression), (0, Compression::None));
    }
}
