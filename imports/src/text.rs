//! Bytes to text: UTF-8 if it is, UTF-16 if it says so, else Windows-1252, which has Latin-1 in it.

/// What Windows-1252 has from 0x80 to 0x9f.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Every sequence of bytes is some text.
pub(crate) fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => decode(rest),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
        },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn old_and_new_encodings_are_read() {
        assert_eq!(decode("Café €".as_bytes()), "Café €");
        assert_eq!(decode("\u{feff}Café".as_bytes()), "Café");
        assert_eq!(decode(b"Caf\xe9 \x80 \x93hi\x94"), "Café € “hi”");
        assert_eq!(decode(b"\xff\xfeC\0\xe9\0"), "Cé");
        assert_eq!(decode(b"\xfe\xff\0C\0\xe9"), "Cé");
    }
}
