//! How sealed secrets lie in the store.
//!
//! ```text
//! 1 byte    version
//! 8 bytes   mark of the key: tells another key from bytes that were changed, and says nothing of the key itself
//! 24 bytes  nonce, random
//! 4 bytes   length of the names, the greater bytes first; version 1 has neither these nor the names
//! so many   the names of the secrets, as a list in JSON: who lost the key is told what to give anew
//! rest      XChaCha20-Poly1305 of the secrets as JSON, with blanks after it that hide its length, and its tag
//! ```
//!
//! Associated data: a label of this form, the first nine bytes, kind and name of the link, so that nobody who can write
//! to the database can give one link the password of another; and the names.

use peerflow_model::LinkKind;

use super::MARK_BYTES;

/// The version that is written. The first, which has no names, is read as well.
pub(super) const VERSION: u8 = 2;
const FIRST_VERSION: u8 = 1;
const MARK_AT: usize = 1;
const NONCE_AT: usize = MARK_AT + MARK_BYTES;
const NAMES_AT: usize = NONCE_AT + NONCE_BYTES;
const LENGTH_BYTES: usize = 4;
pub(super) const NONCE_BYTES: usize = 24;
const LABEL: &[u8] = b"peerflow link secrets";

/// What is sealed, taken apart. Nothing of it is proved before it is opened.
#[derive(Debug)]
pub(super) struct Sealed<'b> {
    /// Version and mark.
    head: &'b [u8],
    pub(super) nonce: [u8; NONCE_BYTES],
    /// The names as they are written; nothing in the first version.
    written_names: Option<&'b [u8]>,
    pub(super) body: &'b [u8],
}

/// Why bytes are no sealed secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSealed {
    Newer,
    Damaged,
}

impl<'b> Sealed<'b> {
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, NotSealed> {
        let version = bytes.first().copied().unwrap_or(0);
        if version > VERSION {
            return Err(NotSealed::Newer);
        }
        if version < FIRST_VERSION {
            return Err(NotSealed::Damaged);
        }
        let (front, rest) = bytes.split_at_checked(NAMES_AT).ok_or(NotSealed::Damaged)?;
        let (head, written_nonce) = front.split_at(NONCE_AT);
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(written_nonce);
        let (written_names, body) = match version {
            FIRST_VERSION => (None, rest),
            _ => {
                let (names, body) = prefixed(rest).ok_or(NotSealed::Damaged)?;
                (Some(names), body)
            }
        };
        Ok(Self {
            head,
            nonce,
            written_names,
            body,
        })
    }

    pub(super) fn mark(&self) -> &[u8] {
        &self.head[MARK_AT..]
    }

    /// The names of the secrets, where they are written and can be read.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        let names: Vec<String> = serde_json::from_slice(self.written_names?).ok()?;
        (!names.is_empty()).then_some(names)
    }

    pub(super) fn associated(&self, kind: LinkKind, name: &str) -> Vec<u8> {
        associated(self.head, self.written_names, kind, name)
    }
}

/// What stands before the sealed secrets, and the associated data of them.
pub(super) fn front(
    mark: [u8; MARK_BYTES],
    nonce: [u8; NONCE_BYTES],
    names: &[&str],
    (kind, name): (LinkKind, &str),
) -> Option<(Vec<u8>, Vec<u8>)> {
    let names = serde_json::to_vec(names).ok()?;
    let length = u32::try_from(names.len()).ok()?;
    let mut front = Vec::with_capacity(NAMES_AT + LENGTH_BYTES + names.len());
    front.push(VERSION);
    front.extend_from_slice(&mark);
    let associated = associated(&front, Some(&names), kind, name);
    front.extend_from_slice(&nonce);
    front.extend_from_slice(&length.to_be_bytes());
    front.extend_from_slice(&names);
    Some((front, associated))
}

/// The bytes whose length stands before them, and what follows.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Binds what is sealed to its form, its key, its link and its names; lengths stand before texts, so no two read alike.
fn associated(head: &[u8], names: Option<&[u8]>, kind: LinkKind, name: &str) -> Vec<u8> {
    let kind: &[u8] = match kind {
        LinkKind::Database => b"database",
        LinkKind::File => b"file",
    };
    let mut bytes = Vec::with_capacity(LABEL.len() + head.len() + kind.len() + name.len() + 24);
    bytes.extend_from_slice(LABEL);
    bytes.extend_from_slice(head);
    for text in [Some(kind), Some(name.as_bytes()), names]
        .into_iter()
        .flatten()
    {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text);
    }
    bytes
}
