//! Bytes of the messages between a node and its spawner. Both ends are the same program, so there are no versions.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

/// Bytes that one message may have. A document has at most 4 MiB; what is larger cannot be executed anyway.
pub(crate) const MAX_FRAME_BYTES: usize = 32 * 1024 * 1024;

/// Bytes before each message: its length, little-endian.
pub(crate) const HEADER_BYTES: usize = 4;

/// A message that is not what the other end writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message between node and spawner is damaged")]
pub(crate) struct Damaged;

/// Writes one framed message.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new(kind: u8) -> Self {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes.push(kind);
        Self(bytes)
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub(crate) fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn signed(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn optional(&mut self, value: Option<u64>) {
        self.flag(value.is_some());
        self.number(value.unwrap_or(0));
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.number(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, value: &OsStr) {
        self.bytes(value.as_bytes());
    }

    pub(crate) fn duration(&mut self, value: Duration) {
        self.number(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The frame; `None` when it is too long.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        let length = self.0.len() - HEADER_BYTES;
        if length > MAX_FRAME_BYTES {
            return None;
        }
        let header = u32::try_from(length).ok()?.to_le_bytes();
        self.0[..HEADER_BYTES].copy_from_slice(&header);
        Some(self.0)
    }
}

/// Reads the body of one message.
#[derive(Debug)]
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn new(body: &'b [u8]) -> Self {
        Self(body)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Damaged> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, Damaged> {
        let bytes = self.take(8)?.try_into().map_err(|_length| Damaged)?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub(crate) fn signed(&mut self) -> Result<i32, Damaged> {
        let bytes = self.take(4)?.try_into().map_err(|_length| Damaged)?;
        Ok(i32::from_le_bytes(bytes))
    }

    pub(crate) fn optional(&mut self) -> Result<Option<u64>, Damaged> {
        let present = self.flag()?;
        let value = self.number()?;
        Ok(present.then_some(value))
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Damaged> {
        let length = usize::try_from(self.number()?).map_err(|_too_long| Damaged)?;
        self.take(length).map(<[u8]>::to_vec)
    }

    pub(crate) fn text(&mut self) -> Result<OsString, Damaged> {
        self.bytes().map(OsString::from_vec)
    }

    pub(crate) fn duration(&mut self) -> Result<Duration, Damaged> {
        self.number().map(Duration::from_nanos)
    }

    /// Demands that nothing is left over.
    pub(crate) fn end(self) -> Result<(), Damaged> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Damaged)
        }
    }
}

/// Takes one whole message out of the bytes received so far.
pub(crate) fn next_body(received: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Damaged> {
    let Some(header) = received.first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*header) as usize;
    if length > MAX_FRAME_BYTES {
        return Err(Damaged);
    }
    if received.len() < HEADER_BYTES + length {
        return Ok(None);
    }
    let rest = received.split_off(HEADER_BYTES + length);
    let mut frame = std::mem::replace(received, rest);
    frame.drain(..HEADER_BYTES);
    Ok(Some(frame))
}
