//! Where a message of Thrift's binary protocol ends, found while its bytes come in.
//!
//! Without SASL nothing says how long a message is. With SASL the frames do, but a message may lie in several; so both
//! ways are read alike, and what is decoded later is known to be whole, not too deep and within its limits.

use std::io;

/// What a message may have, in bytes.
pub(crate) const LONGEST: usize = 256 * 1024 * 1024;
/// Structures and lists within each other; the protocol's own need twelve.
const DEEPEST: usize = 40;
/// What the name of a call may have, in bytes.
const LONGEST_NAME: usize = 256;

/// What is to come.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// What stands before every message.
    Head,
    /// Fields, until one says that it was the last.
    Fields,
    /// So many values, of two kinds in turn: a list has twice the same.
    Values { kinds: [u8; 2], left: u64 },
    /// One value of this kind.
    Value(u8),
}

/// How far a message has been understood.
#[derive(Debug)]
pub(crate) struct Extent {
    /// The innermost part is the last.
    parts: Vec<Part>,
    /// Where that begins; may lie behind the bytes that have come.
    at: usize,
}

impl Extent {
    pub(crate) fn new() -> Self {
        Self {
            parts: vec![Part::Head],
            at: 0,
        }
    }

    /// Looks at the message as far as it has come: its length, once its end is there.
    pub(crate) fn find(&mut self, message: &[u8]) -> io::Result<Option<usize>> {
        while let Some(part) = self.parts.last().copied() {
            let rest = message.get(self.at..).unwrap_or_default();
            let known = match part {
                Part::Head => self.head(rest)?,
                Part::Fields => self.field(rest)?,
                Part::Values { kinds, left } => self.values(kinds, left)?,
                Part::Value(kind) => self.value(kind, rest)?,
            };
            if !known {
                return Ok(None);
            }
            if self.at > LONGEST {
                return Err(wrong(format!(
                    "a message of more than {} MiB",
                    LONGEST / (1024 * 1024)
                )));
            }
        }
        Ok((self.at <= message.len()).then_some(self.at))
    }

    /// Version and type, the length of a name, the name, and a number.
    fn head(&mut self, rest: &[u8]) -> io::Result<bool> {
        let Some(head) = rest.first_chunk::<8>() else {
            return Ok(false);
        };
        if head[..2] != [0x80, 0x01] {
            return Err(wrong("what is no message of Thrift's binary protocol"));
        }
        let name = length([head[4], head[5], head[6], head[7]])?;
        if name > LONGEST_NAME {
            return Err(wrong("a call's name that is too long"));
        }
        self.at += head.len() + name + 4;
        self.becomes(Part::Fields);
        Ok(true)
    }

    fn field(&mut self, rest: &[u8]) -> io::Result<bool> {
        match rest.first() {
            None => Ok(false),
            Some(0) => {
                self.at += 1;
                self.parts.pop();
                Ok(true)
            }
            // The kind and the field's number.
            Some(&kind) => {
                self.at += 3;
                self.push(Part::Value(kind))?;
                Ok(true)
            }
        }
    }

    fn values(&mut self, kinds: [u8; 2], left: u64) -> io::Result<bool> {
        if left == 0 {
            self.parts.pop();
            return Ok(true);
        }
        self.becomes(Part::Values {
            kinds,
            left: left - 1,
        });
        self.push(Part::Value(kinds[usize::from(left % 2 == 1)]))?;
        Ok(true)
    }

    fn value(&mut self, kind: u8, rest: &[u8]) -> io::Result<bool> {
        if let Some(size) = size(kind) {
            self.at += size;
            self.parts.pop();
            return Ok(true);
        }
        match kind {
            11 => {
                let Some(&bytes) = rest.first_chunk::<4>() else {
                    return Ok(false);
                };
                self.at += 4 + length(bytes)?;
                self.parts.pop();
            }
            12 => self.becomes(Part::Fields),
            13 => {
                let Some(&[key, value, a, b, c, d]) = rest.first_chunk::<6>() else {
                    return Ok(false);
                };
                self.at += 6;
                self.many([key, value], length([a, b, c, d])? * 2);
            }
            14 | 15 => {
                let Some(&[kind, a, b, c, d]) = rest.first_chunk::<5>() else {
                    return Ok(false);
                };
                self.at += 5;
                self.many([kind, kind], length([a, b, c, d])?);
            }
            _ => return Err(wrong(format!("a value of the unknown kind {kind}"))),
        }
        Ok(true)
    }

    /// Values follow; those of one length at once.
    fn many(&mut self, kinds: [u8; 2], count: usize) {
        match size(kinds[0]) {
            Some(size) if kinds[0] == kinds[1] => {
                self.at = self.at.saturating_add(size.saturating_mul(count));
                self.parts.pop();
            }
            _ => self.becomes(Part::Values {
                kinds,
                left: count as u64,
            }),
        }
    }

    fn becomes(&mut self, part: Part) {
        if let Some(last) = self.parts.last_mut() {
            *last = part;
        }
    }

    fn push(&mut self, part: Part) -> io::Result<()> {
        if self.parts.len() >= DEEPEST {
            return Err(wrong("a message that is nested too deeply"));
        }
        self.parts.push(part);
        Ok(())
    }
}

/// Bytes of a value of `kind`, where all have as many.
fn size(kind: u8) -> Option<usize> {
    match kind {
        // Booleans and bytes.
        2 | 3 => Some(1),
        6 => Some(2),
        8 => Some(4),
        // Floating point and long integers.
        4 | 10 => Some(8),
        16 => Some(16),
        _ => None,
    }
}

fn length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(i32::from_be_bytes(bytes))
        .map_err(|_negative| wrong("a length below zero"))?;
    if length > LONGEST {
        return Err(wrong(format!("a length of {length} bytes or values")));
    }
    Ok(length)
}

fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the server sent {}", what.into()),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reply with a field of each kind, lists and maps among them.
    fn message() -> Vec<u8> {
        let mut bytes = vec![0x80, 1, 0, 2, 0, 0, 0, 2, b'h', b'i', 0, 0, 0, 7];
        bytes.extend([12, 0, 0]);
        bytes.extend([2, 0, 1, 1, 3, 0, 2, 9, 6, 0, 3, 0, 1, 8, 0, 4, 0, 0, 0, 1]);
        bytes.extend([10, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend([4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend([11, 0, 7, 0, 0, 0, 3, b'a', b'b', b'c']);
        // A list of two texts, one of three numbers, an empty one, and a map of texts to numbers.
        bytes.extend([15, 0, 8, 11, 0, 0, 0, 2, 0, 0, 0, 1, b'x', 0, 0, 0, 0]);
        bytes.extend([15, 0, 9, 6, 0, 0, 0, 3, 0, 1, 0, 2, 0, 3]);
        bytes.extend([15, 0, 10, 12, 0, 0, 0, 0]);
        bytes.extend([13, 0, 11, 11, 8, 0, 0, 0, 1, 0, 0, 0, 1, b'k', 0, 0, 0, 5]);
        // A list of structures.
        bytes.extend([15, 0, 12, 12, 0, 0, 0, 2, 3, 0, 1, 1, 0, 0]);
        bytes.extend([0, 0]);
        bytes
    }

    #[test]
    fn the_end_is_found_wherever_the_message_is_cut() {
        let whole = message();
        for cut in 0..whole.len() {
            let mut extent = Extent::new();
            assert_eq!(extent.find(&whole[..cut]).unwrap(), None, "cut at {cut}");
            assert_eq!(extent.find(&whole).unwrap(), Some(whole.len()));
        }
        let mut extent = Extent::new();
        for cut in 0..whole.len() {
            assert_eq!(extent.find(&whole[..cut]).unwrap(), None);
        }
        let mut more = whole.clone();
        more.push(0);
        assert_eq!(extent.find(&more).unwrap(), Some(whole.len()));
    }

    #[test]
    fn hostile_lengths_are_refused_before_anything_of_them_has_come() {
        let head = &message()[..17];
        for hostile in [
            &[11, 0, 1, 0x7f, 0xff, 0xff, 0xff][..],
            &[11, 0, 1, 0xff, 0xff, 0xff, 0xff],
            &[15, 0, 1, 10, 0x0f, 0xff, 0xff, 0xff],
            &[15, 0, 1, 11, 0xff, 0xff, 0xff, 0xff],
            &[13, 0, 1, 11, 11, 0x7f, 0xff, 0xff, 0xff],
            &[99, 0, 1],
        ] {
            let bytes = [head, hostile].concat();
            assert!(Extent::new().find(&bytes).is_err(), "{hostile:?}");
        }
        let deep = [head, &[12, 0, 1].repeat(1000)].concat();
        assert!(Extent::new().find(&deep).is_err());
        let lists = [head, &[15, 0, 1], &[15, 0, 0, 0, 1].repeat(1000)].concat();
        assert!(Extent::new().find(&lists).is_err());
        assert!(Extent::new().find(b"HTTP/1.1 400 Bad Request").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_run_on(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let bytes = [&message()[..14], &bytes].concat();
            if let Ok(Some(end)) = Extent::new().find(&bytes) {
                prop_assert!(end <= bytes.len());
            }
        }
    }
}
