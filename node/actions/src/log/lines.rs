//! Bytes to lines.

use memchr::memchr;

/// Bytes that one line may have; a longer one is split.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Ends each part but the last of a line that was split.
const CONTINUED: &str = " ⏎ (the line goes on)";

/// Splits one stream into lines. Keeps what has no line end yet.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    partial: Vec<u8>,
}

impl LineSplitter {
    /// Takes the next line out of `bytes`, of which only what follows it is left; `None` once all is consumed.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<String> {
        let room = MAX_LINE_BYTES.saturating_sub(self.partial.len());
        let within = &bytes[..bytes.len().min(room + 1)];
        if let Some(at) = memchr(b'\n', within) {
            let line = if self.partial.is_empty() {
                text(&bytes[..at])
            } else {
                self.partial.extend_from_slice(&bytes[..at]);
                let line = text(&self.partial);
                self.partial.clear();
                line
            };
            *bytes = &bytes[at + 1..];
            return Some(line);
        }
        let taken = bytes.len().min(room);
        self.partial.extend_from_slice(&bytes[..taken]);
        *bytes = &bytes[taken..];
        if bytes.is_empty() {
            return None;
        }
        Some(self.cut())
    }

    /// A part of an overlong line, cut where no character is torn.
    fn cut(&mut self) -> String {
        let end = self.partial.len();
        let boundary = (end.saturating_sub(3)..end)
            .rev()
            .find(|&at| self.partial[at] & 0xC0 != 0x80)
            .filter(|&at| self.partial[at] >= 0x80 && at > 0)
            .unwrap_or(end);
        let rest = self.partial.split_off(boundary);
        let line = format!("{}{CONTINUED}", String::from_utf8_lossy(&self.partial));
        self.partial = rest;
        line
    }

    /// What came after the last line end.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let partial = self.take_partial();
        (!partial.is_empty()).then(|| text(&partial))
    }

    /// The same as bytes.
    pub(crate) fn take_partial(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.partial)
    }
}

/// A line's text: without the carriage return of Windows programs, bytes that are no UTF-8 replaced.
fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for mut piece in pieces.iter().copied() {
            while let Some(line) = splitter.next(&mut piece) {
                lines.push(line);
            }
        }
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn lines_come_whole_however_they_arrive() {
        let text = "a\r\n\n数据 x\nlast".as_bytes();
        let expected = ["a", "", "数据 x", "last"];
        assert_eq!(split(&[text]), expected);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(split(&bytes), expected);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(split(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn an_overlong_line_is_split_between_characters_and_marked() {
        let long = "值".repeat(50_000);
        let lines = split(&[long.as_bytes(), b"\nnext\n"]);
        assert_eq!(lines.len(), 4);
        assert!(lines[0].ends_with(CONTINUED) && lines[1].ends_with(CONTINUED));
        let joined: String = lines[..3]
            .iter()
            .map(|line| line.trim_end_matches(CONTINUED))
            .collect();
        assert_eq!(joined, long);
        assert_eq!(lines[3], "next");
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_not_split() {
        let long = "x".repeat(MAX_LINE_BYTES);
        assert_eq!(
            split(&[format!("{long}\ny\n").as_bytes()]),
            [long, "y".to_owned()]
        );
    }
}
