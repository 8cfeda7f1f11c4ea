//! Key layout: `partition (2 bytes, big endian) · user · 0x00 · page key`. Byte order = by partition, user, page.

/// Longest user id, in bytes. Users contain no 0x00.
pub const MAX_USER_BYTES: usize = 128;

/// What all keys of a user begin with.
pub(crate) fn of_user(partition: u16, user: &str) -> Vec<u8> {
    assert!(user.len() <= MAX_USER_BYTES && !user.as_bytes().contains(&0), "user ids are checked on entry");
    let mut key = Vec::with_capacity(2 + user.len() + 1 + 16);
    key.extend_from_slice(&partition.to_be_bytes());
    key.extend_from_slice(user.as_bytes());
    key.push(0);
    key
}

/// The key of a page.
pub(crate) fn of_page(partition: u16, user: &str, page: &[u8]) -> Vec<u8> {
    let mut key = of_user(partition, user);
    key.extend_from_slice(page);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_partition_then_user_then_page() {
        let keys = [
            of_page(1, "ab", b"z"),
            of_page(1, "ab-", b"a"),
            of_page(1, "abc", b""),
            of_page(1, "abc", b"\0"),
            of_page(256, "a", b"a"),
        ];
        assert!(keys.is_sorted());
        assert!(keys[3].starts_with(&of_user(1, "abc")));
        assert!(!keys[3].starts_with(&of_user(1, "ab")));
    }
}
