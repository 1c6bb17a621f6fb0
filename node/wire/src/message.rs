//! What a message is, apart from what it says: its name, its limit, and how each version of the protocol writes it.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, Body, FrameError};

/// A version of the protocol; the first byte of every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u8);

impl Version {
    /// Of the greeting, before a version is agreed on. What it says never changes; see `hello.rs`.
    pub(crate) const GREETING: Self = Self(0);
    /// The oldest that this program speaks.
    pub const OLDEST: Self = Self(1);
    /// The newest that this program speaks.
    pub const NEWEST: Self = Self(2);
    /// Brought requests about links, and the progress of a run.
    pub(crate) const LINKS: Self = Self(2);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Something that is said in one frame.
///
/// The provided methods write the type as it stands. Once a version changed what the type holds, it overrides both and
/// goes through a copy of the older form for the older version; who sends and receives does not notice.
pub trait Message: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// For errors.
    const NAME: &'static str;
    /// Bytes that its body may have.
    const LIMIT: usize;

    /// Writes it as `version` has it.
    ///
    /// # Errors
    /// When it is larger than [`Self::LIMIT`], or that version has no words for it.
    fn write(&self, _version: Version, body: &mut Body<'_>) -> Result<(), FrameError> {
        body.put(self)
    }

    /// Reads what `version` wrote.
    ///
    /// # Errors
    /// When the body is no such message.
    fn read(_version: Version, body: &[u8]) -> Result<Self, FrameError> {
        codec::read_body(Self::NAME, body)
    }
}

/// Bytes of a message that lists a few things.
pub(crate) const SMALL: usize = 1024 * 1024;
/// Bytes of the largest message.
pub(crate) const LARGE: usize = 16 * 1024 * 1024;
