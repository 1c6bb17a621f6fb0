//! Reading server-sent events.

use std::collections::VecDeque;
use std::time::Duration;

use http_body_util::BodyExt;

use super::transport::AnswerBody;
use crate::error::Error;

/// A peer says every 10 s that it is still there. One that was silent for longer than this is gone, or stopped.
const SILENCE: Duration = Duration::from_secs(25);

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerEvent {
    /// Its `event` field; empty where it has none.
    pub(crate) name: String,
    /// Its `data` lines, joined by line breaks.
    pub(crate) data: String,
}

/// A stream of events as they come.
#[derive(Debug)]
pub(crate) struct EventStream {
    body: AnswerBody,
    decoder: Decoder,
    ready: VecDeque<ServerEvent>,
}

impl EventStream {
    pub(super) fn new(body: AnswerBody) -> Self {
        Self {
            body,
            decoder: Decoder::default(),
            ready: VecDeque::new(),
        }
    }

    /// The next event; `None` when the stream is over.
    ///
    /// # Errors
    /// When the connection breaks, nothing is heard of the peer any more, or the stream is not one of events.
    pub(crate) async fn next(&mut self) -> Result<Option<ServerEvent>, Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Ok(frame) = tokio::time::timeout(SILENCE, self.body.frame()).await else {
                let silence = SILENCE.as_secs();
                return Err(Error::Cut(format!("nothing was heard for {silence} s")));
            };
            let Some(frame) = frame else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| Error::Cut(error.to_string()))?;
            if let Ok(data) = frame.into_data() {
                self.decoder.feed(&data, &mut self.ready)?;
            }
        }
    }
}

/// Splits bytes into events, across any cuts between packets.
#[derive(Debug, Default)]
struct Decoder {
    line: Vec<u8>,
    event: ServerEvent,
    has_data: bool,
}

/// A line of an event may have this many bytes; a peer that sends more is none of ours.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

impl Decoder {
    fn feed(&mut self, bytes: &[u8], ready: &mut VecDeque<ServerEvent>) -> Result<(), Error> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            self.line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let mut line = std::mem::take(&mut self.line);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            self.take_line(&String::from_utf8_lossy(&line), ready);
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > MAX_LINE_BYTES {
            return Err(Error::Answer(
                "an event of the stream is too long".to_owned(),
            ));
        }
        Ok(())
    }

    fn take_line(&mut self, line: &str, ready: &mut VecDeque<ServerEvent>) {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                ready.push_back(event);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // Comments keep the connection alive; ids and retry times are of no use here.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(parts: &[&[u8]]) -> Vec<ServerEvent> {
        let mut decoder = Decoder::default();
        let mut ready = VecDeque::new();
        for part in parts {
            decoder.feed(part, &mut ready).expect("it decodes");
        }
        ready.into()
    }

    fn event(name: &str, data: &str) -> ServerEvent {
        ServerEvent {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn events_are_found_whatever_the_cuts_between_packets() {
        let stream = ": hello\r\n\r\nevent: line\r\ndata: {\"a\":1}\r\n\r\ndata:日本\ndata: two\n\nevent: none\n\n".as_bytes();
        let expected = [event("line", "{\"a\":1}"), event("", "日本\ntwo")];
        assert_eq!(decode(&[stream]), expected);
        for cut in 0..stream.len() {
            assert_eq!(
                decode(&[&stream[..cut], &stream[cut..]]),
                expected,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn an_unfinished_event_is_not_given_out() {
        assert_eq!(decode(&[b"data: half"]), []);
    }
}
