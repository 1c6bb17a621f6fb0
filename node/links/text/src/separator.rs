//! What separates the fields of a line.

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};
use regex::bytes::{Regex, RegexBuilder};

/// Bytes that a compiled regular expression may take.
const PATTERN_BYTES: usize = 1 << 20;

/// Found out at the first line of a file that is not empty.
#[derive(Clone, Debug)]
pub(crate) enum Separator {
    Byte(u8),
    Text(Box<Finder<'static>>),
    Pattern(Box<Regex>),
    /// A line is one field.
    None,
}

impl Separator {
    /// The separator that `delimiter` means in a file with this line: itself where the line has it, or else a regular
    /// expression where that matches.
    pub(crate) fn of(delimiter: &str, line: &[u8]) -> Self {
        let text = delimiter.as_bytes();
        if text.is_empty() {
            return Self::None;
        }
        if let [byte] = text
            && memchr(*byte, line).is_some()
        {
            return Self::Byte(*byte);
        }
        let finder = Finder::new(text);
        if finder.find(line).is_some() {
            return Self::Text(Box::new(finder.into_owned()));
        }
        let pattern = RegexBuilder::new(delimiter)
            .size_limit(PATTERN_BYTES)
            .dfa_size_limit(PATTERN_BYTES)
            .build();
        match pattern {
            Ok(pattern) if pattern.find_iter(line).any(|found| !found.is_empty()) => {
                Self::Pattern(Box::new(pattern))
            }
            Ok(_) | Err(_) => Self::None,
        }
    }

    /// Calls `each` with every field of a line, until it fails.
    #[inline]
    pub(crate) fn split<'l, E>(
        &self,
        line: &'l [u8],
        mut each: impl FnMut(&'l [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut start = 0;
        match self {
            Self::Byte(byte) => {
                for end in memchr_iter(*byte, line) {
                    each(&line[start..end])?;
                    start = end + 1;
                }
            }
            Self::Text(finder) => {
                for end in finder.find_iter(line) {
                    each(&line[start..end])?;
                    start = end + finder.needle().len();
                }
            }
            Self::Pattern(pattern) => {
                for found in pattern.find_iter(line).filter(|found| !found.is_empty()) {
                    each(&line[start..found.start()])?;
                    start = found.end();
                }
            }
            Self::None => {}
        }
        each(&line[start..])
    }

    /// Fields that a line has.
    pub(crate) fn count(&self, line: &[u8]) -> usize {
        let mut count = 0;
        let Ok(()) = self.split(line, |_| {
            count += 1;
            Ok::<(), std::convert::Infallible>(())
        });
        count
    }
}
