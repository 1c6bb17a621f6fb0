//! Frames: the only place that knows how messages become bytes.
//!
//! ```text
//! length: u32, big endian, of all that follows | version: u8 | body: bincode 2 of the message
//! ```
//!
//! How the protocol may change, so that nodes of two releases understand each other:
//!
//! * A frame of version n is read as version n has it, for all versions from `Version::OLDEST` to `Version::NEWEST`;
//!   two peers write the newest version that both speak.
//! * bincode describes nothing: whatever a message holds is part of the version, the records of `peerflow-model` in it
//!   as well. Changing, adding, moving or removing a field or a variant therefore needs a new version, and a copy of the
//!   old form for the old one (see `Message`).
//! * New variants come at the end of their enum, so that the form of the others stays and no copy is needed for them. They
//!   are sent only to peers of the version that brought them.
//! * A version is dropped only when the release that brought its successor is old enough that nobody upgrades across both.
//! * The greeting never changes: it has notes for whatever comes.
//!
//! `tests/recorded.txt` holds frames of every version as they were first written.

use std::ops::RangeInclusive;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bytes::{Buf, BufMut, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message::{LARGE, Message, Version};

/// Bytes before the body.
const HEAD: usize = LENGTH + 1;
const LENGTH: usize = 4;

const CONFIGURATION: Configuration<LittleEndian, Varint, Limit<LARGE>> =
    bincode::config::standard().with_limit::<LARGE>();

/// Why bytes are no message, or a message cannot become bytes.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("{what} of {bytes} bytes is larger than the limit of {limit}")]
    TooLarge {
        what: &'static str,
        bytes: usize,
        limit: usize,
    },
    #[error("{what} grew over the limit of {limit} bytes; split it or make it smaller")]
    Overgrown { what: &'static str, limit: usize },
    #[error(
        "{what} came as version {version} of the protocol and only {oldest} to {newest} are understood here; \
         upgrade the older of the two nodes"
    )]
    UnknownVersion {
        what: &'static str,
        version: Version,
        oldest: Version,
        newest: Version,
    },
    #[error(
        "{what} needs version {since} of the protocol and this peer speaks only {version}; upgrade it"
    )]
    TooNew {
        what: &'static str,
        version: Version,
        since: Version,
    },
    #[error("a frame without content came instead of {what}")]
    Empty { what: &'static str },
    #[error("what came is not {what}")]
    Garbled {
        what: &'static str,
        #[source]
        source: Box<DecodeError>,
    },
    #[error("{what} is followed by {bytes} bytes that do not belong to it")]
    Trailing { what: &'static str, bytes: usize },
    #[error("{what} broke off after {bytes} bytes")]
    Truncated { what: &'static str, bytes: usize },
    #[error("cannot write {what}")]
    Unwritable {
        what: &'static str,
        #[source]
        source: Box<EncodeError>,
    },
}

/// Appends a message to `out`; on an error `out` is as it was.
pub(crate) fn encode<M: Message>(
    version: Version,
    message: &M,
    out: &mut BytesMut,
) -> Result<(), FrameError> {
    let start = out.len();
    out.put_u32(0);
    out.put_u8(version.0);
    let mut body = Body {
        out,
        what: M::NAME,
        limit: M::LIMIT.min(LARGE),
        room: M::LIMIT.min(LARGE),
    };
    if let Err(error) = message.write(version, &mut body) {
        out.truncate(start);
        return Err(error);
    }
    let length = u32::try_from(out.len() - start - LENGTH).expect("no message passes 16 MiB");
    out[start..start + LENGTH].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// Takes the first message off `buffer`; `None` while it is not there in full.
pub(crate) fn decode<M: Message>(
    versions: &RangeInclusive<Version>,
    buffer: &mut BytesMut,
) -> Result<Option<M>, FrameError> {
    let Some(length) = buffer.first_chunk::<LENGTH>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length == 0 {
        return Err(FrameError::Empty { what: M::NAME });
    }
    if length - 1 > M::LIMIT {
        return Err(FrameError::TooLarge {
            what: M::NAME,
            bytes: length - 1,
            limit: M::LIMIT,
        });
    }
    let Some(&version) = buffer.get(LENGTH) else {
        return Ok(None);
    };
    let version = Version(version);
    if !versions.contains(&version) {
        return Err(FrameError::UnknownVersion {
            what: M::NAME,
            version,
            oldest: *versions.start(),
            newest: *versions.end(),
        });
    }
    let Some(body) = buffer.get(HEAD..LENGTH + length) else {
        return Ok(None);
    };
    let message = M::read(version, body)?;
    buffer.advance(LENGTH + length);
    Ok(Some(message))
}

/// Reads a whole body in the form of `T`, which is a message or an older form of one.
pub(crate) fn read_body<T: DeserializeOwned>(
    what: &'static str,
    body: &[u8],
) -> Result<T, FrameError> {
    let (value, used) =
        bincode::serde::decode_from_slice(body, CONFIGURATION).map_err(|source| {
            FrameError::Garbled {
                what,
                source: Box::new(source),
            }
        })?;
    if used < body.len() {
        let bytes = body.len() - used;
        return Err(FrameError::Trailing { what, bytes });
    }
    Ok(value)
}

/// The body of a frame that is being written.
#[derive(Debug)]
pub struct Body<'b> {
    out: &'b mut BytesMut,
    what: &'static str,
    limit: usize,
    /// Bytes that may still come.
    room: usize,
}

impl Body<'_> {
    /// Writes `value`, a message or an older form of one.
    ///
    /// # Errors
    /// When it is larger than the message's limit.
    pub fn put<T: Serialize>(&mut self, value: &T) -> Result<(), FrameError> {
        let (what, limit) = (self.what, self.limit);
        bincode::serde::encode_into_writer(value, Room(self), CONFIGURATION).map_err(|source| {
            match source {
                EncodeError::UnexpectedEnd => FrameError::Overgrown { what, limit },
                source => FrameError::Unwritable {
                    what,
                    source: Box::new(source),
                },
            }
        })
    }
}

/// Lets bincode write into a body as long as there is room.
struct Room<'r, 'b>(&'r mut Body<'b>);

impl Writer for Room<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let body = &mut *self.0;
        body.room = body
            .room
            .checked_sub(bytes.len())
            .ok_or(EncodeError::UnexpectedEnd)?;
        body.out.extend_from_slice(bytes);
        Ok(())
    }
}
