//! Hashes that are kept for ever: they must not depend on platform or process.

use std::hash::{Hash, Hasher};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// A body's hash: of its type and its parsed value, so that spelling (spaces, key order, `12.5` for `12.50`) is no
/// difference.
pub(crate) fn body_hash(type_name: &str, value: &impl Hash) -> u64 {
    let mut bytes = Bytes(Vec::with_capacity(256));
    type_name.hash(&mut bytes);
    value.hash(&mut bytes);
    xxh3_64(&bytes.0)
}

/// The hash an id is kept and found by.
pub(crate) fn id_hash(id: &crate::CommandId) -> u128 {
    xxh3_128(id.text().as_bytes())
}

/// The hash a payee or an account is found by in the pages.
pub(crate) fn name_hash(name: &str) -> u64 {
    xxh3_64(name.as_bytes())
}

/// The hash a part of an import is kept and found by.
pub(crate) fn import_hash(id: &crate::CommandId, part: u32) -> u128 {
    xxh3_128(format!("{}\n{part}", &*id.text()).as_bytes())
}

/// Collects what `derive(Hash)` feeds it, little-endian everywhere.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
    }

    fn write_isize(&mut self, number: isize) {
        self.write(&i64::try_from(number).unwrap_or(i64::MAX).to_le_bytes());
    }

    fn finish(&self) -> u64 {
        xxh3_64(&self.0)
    }
}
