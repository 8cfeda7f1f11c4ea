//! Compression of record batches: LZ4 without another C library. librdkafka has one in it already, under the same names.

use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use std::cell::RefCell;
use std::io::Write;

/// Packs one batch after the other. A commit has some twenty small ones: an encoder for each, with its buffers of 64 KB and its
/// table, cost more than the packing.
pub(super) struct Packer(RefCell<FrameEncoder<Vec<u8>>>);

impl Default for Packer {
    fn default() -> Self {
        // In blocks as Kafka's own client makes them; left alone, the encoder takes blocks of 4 MB, and ten megabytes of
        // memory with them.
        let frame = FrameInfo::new().block_size(BlockSize::Max64KB);
        Self(RefCell::new(FrameEncoder::with_frame_info(frame, Vec::new())))
    }
}

impl Packer {
    /// Appends what is in `from`, packed.
    pub(super) fn pack(&self, from: &[u8], to: &mut Vec<u8>) -> std::io::Result<()> {
        let mut encoder = self.0.borrow_mut();
        // It writes to the end of what it has: that is lent to it meanwhile.
        std::mem::swap(encoder.get_mut(), to);
        let packed = encoder.write_all(from).and_then(|()| encoder.try_finish().map_err(Into::into));
        std::mem::swap(encoder.get_mut(), to);
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lz4_flex::frame::FrameDecoder;
    use std::io::Read;

    #[test]
    fn every_batch_is_a_frame_of_its_own_whatever_came_before() {
        let packer = Packer::default();
        for size in [1, 700, 300_000, 65_536, 0, 900_000, 20] {
            let content: Vec<u8> = (0..size).map(|n: u32| (n * n % 251) as u8).collect();
            let mut frame = b"before".to_vec();
            packer.pack(&content, &mut frame).expect("memory takes it");
            let mut read = Vec::new();
            FrameDecoder::new(&frame[6..]).read_to_end(&mut read).expect("a frame");
            assert_eq!(read, content, "{size} bytes");
        }
    }
}
