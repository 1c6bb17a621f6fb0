//! From byte offsets to lines and columns.

use crate::diagnostic::Place;

/// A stretch of the source in bytes. Documents are capped far below 4 GiB, so 32 bits are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) length: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            length: narrow(end.saturating_sub(start)),
        }
    }

    pub(crate) fn end(self) -> usize {
        self.start as usize + self.length as usize
    }
}

/// Known positions at every line's start and, in long lines, every few hundred bytes, so that looking up a place
/// costs the same wherever it lies.
#[derive(Debug)]
pub(crate) struct Places<'s> {
    source: &'s str,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    offset: u32,
    line: u32,
    column: u32,
}

/// Bytes between two marks within one line.
const MARK_EVERY: u32 = 256;

/// UTF-8's byte order mark, which takes no column.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

impl<'s> Places<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        let skipped = if source.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let mut at = Mark {
            offset: Span::new(skipped, skipped).start,
            line: 1,
            column: 1,
        };
        let mut marks = Vec::with_capacity(source.len() / 32 + 1);
        marks.push(at);
        let mut last = at.offset;
        for &byte in &source.as_bytes()[skipped..] {
            let starts_character = byte & 0xC0 != 0x80;
            if starts_character && at.offset - last >= MARK_EVERY {
                marks.push(at);
                last = at.offset;
            }
            at.offset = at.offset.saturating_add(1);
            if byte == b'\n' {
                at.line += 1;
                at.column = 1;
                marks.push(at);
                last = at.offset;
            } else if starts_character {
                at.column += 1;
            }
        }
        Self { source, marks }
    }

    /// Where `span` lies. An offset past the end is the end.
    pub(crate) fn place(&self, span: Span) -> Place {
        let at = self
            .marks
            .partition_point(|mark| mark.offset <= span.start)
            .saturating_sub(1);
        let mark = self.marks[at];
        let end = (span.start as usize).min(self.source.len());
        let between = &self.source.as_bytes()[(mark.offset as usize).min(end)..end];
        let characters = between.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        Place {
            line: mark.line,
            column: mark.column + u32::try_from(characters).unwrap_or(u32::MAX),
            offset: span.start as usize,
            length: span.length as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_and_column(source: &str, offset: usize) -> (u32, u32) {
        let place = Places::new(source).place(Span::new(offset, offset));
        (place.line, place.column)
    }

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        assert_eq!(line_and_column("abc", 0), (1, 1));
        assert_eq!(line_and_column("a\nbc", 3), (2, 2));
        assert_eq!(line_and_column("监控x", 6), (1, 3));
        assert_eq!(line_and_column("\u{feff}ab", 4), (1, 2));
        assert_eq!(line_and_column("a\r\nb", 3), (2, 1));
    }

    #[test]
    fn a_long_line_has_exact_columns_too() {
        let source = "é".repeat(5_000);
        for character in [0, 127, 128, 129, 1_000, 4_999] {
            assert_eq!(
                line_and_column(&source, character * 2),
                (1, character as u32 + 1)
            );
        }
    }
}
