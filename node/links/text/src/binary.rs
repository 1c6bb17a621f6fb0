//! Binary values in text: `0x` and hexadecimal digits.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends the text of a binary value.
pub(crate) fn encode(value: &[u8], out: &mut Vec<u8>) {
    out.reserve(2 + value.len() * 2);
    out.extend_from_slice(b"0x");
    out.extend(value.iter().flat_map(|byte| {
        [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]
    }));
}

/// The binary value of a text: of `0x` or `\x` and pairs of hexadecimal digits what these say, of any other its bytes as
/// they are (`None`), since files of other programs hold those.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text
        .strip_prefix(b"0x")
        .or_else(|| text.strip_prefix(b"\\x"))?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| {
        let value = char::from(byte).to_digit(16)?;
        u8::try_from(value).ok()
    };
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binary_value_comes_back_and_other_text_stays() {
        let all: Vec<u8> = (0..=255).collect();
        for value in [&all[..], b"", b"0x41", b"a"] {
            let mut text = Vec::new();
            encode(value, &mut text);
            assert_eq!(decode(&text).as_deref(), Some(value));
        }
        assert_eq!(decode(b"\\xFF00").as_deref(), Some(&[255, 0][..]));
        for text in ["", "0", "0x4", "0x4g", "abcd", "x41"] {
            assert_eq!(decode(text.as_bytes()), None);
        }
    }
}
