//! How the changes of a user are written down before they are made (see `begun` in `part`).

use crate::store::Change;

/// In place of a value's length: the row was removed.
const REMOVED: usize = u32::MAX as usize;

/// Key and value of each row, each after its length.
pub(crate) fn encode(prefix: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(changes.iter().map(crate::writer::size).sum());
    for (page, value) in changes {
        put_length(&mut bytes, prefix.len() + page.len());
        bytes.extend_from_slice(prefix);
        bytes.extend_from_slice(page);
        match value {
            Some(value) => {
                put_length(&mut bytes, value.len());
                bytes.extend_from_slice(value);
            }
            None => put_length(&mut bytes, REMOVED),
        }
    }
    bytes
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("pages are far smaller than 4 GiB");
    bytes.extend_from_slice(&length.to_be_bytes());
}

/// A row of the inverse of [`encode`].
pub(crate) type Begun<'a> = (&'a [u8], Option<&'a [u8]>);

/// The inverse of [`encode`].
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Vec<Begun<'_>>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let key_length = take_length(&mut bytes)?;
        let key = bytes.split_off(..key_length)?;
        let value = match take_length(&mut bytes)? {
            REMOVED => None,
            length => Some(bytes.split_off(..length)?),
        };
        rows.push((key, value));
    }
    Some(rows)
}

fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    let length: &[u8; 4] = bytes.split_off(..4)?.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*length)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_is_read_as_it_was_written() {
        let changes: Vec<Change> =
            vec![(b"a".to_vec(), Some(b"1".as_slice().into())), (vec![], None), (vec![9], Some([].into()))];
        let bytes = encode(b"u", &changes);
        let rows = vec![(b"ua".as_slice(), Some(b"1".as_slice())), (b"u", None), (b"u\x09", Some(b""))];
        assert_eq!(decode(&bytes), Some(rows));
        assert!((1..bytes.len()).any(|cut| decode(&bytes[..cut]).is_none()));
    }
}
