//! A connection to a server, and messages over it.

use std::fmt::Debug;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::extent::{Extent, LONGEST};

/// What the words of the handshake may have, in bytes.
const LONGEST_WORDS: usize = 64 * 1024;
/// Room that is made for bytes at least before they are read.
const ROOM: usize = 64 * 1024;

/// States in the handshake of SASL.
const START: u8 = 1;
const OK: u8 = 2;
const COMPLETE: u8 = 5;

/// What bytes go over: a socket, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + Debug {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + Debug> Stream for S {}

/// Messages to a server and back, one after the other.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    /// Whether messages lie in frames with their length before them.
    framed: bool,
}

/// The server's refusal of a user, in its words.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl Wire {
    /// Without any authentication.
    pub(crate) fn plain(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            framed: false,
        }
    }

    /// By SASL with a user and a password.
    pub(crate) async fn sasl(
        mut stream: Box<dyn Stream>,
        user: &str,
        password: &str,
    ) -> io::Result<Result<Self, Refusal>> {
        let secret = [b"\0", user.as_bytes(), b"\0", password.as_bytes()].concat();
        let mut words = Vec::new();
        for (state, payload) in [(START, &b"PLAIN"[..]), (OK, &secret)] {
            words.push(state);
            words.extend(prefix(payload.len())?);
            words.extend_from_slice(payload);
        }
        stream.write_all(&words).await?;
        stream.flush().await?;
        loop {
            let state = stream.read_u8().await?;
            let length = stream.read_u32().await? as usize;
            if length > LONGEST_WORDS {
                return Err(invalid("the server does not answer as SASL demands"));
            }
            let mut words = Vec::new();
            fill(&mut stream, &mut words, length).await?;
            match state {
                OK => {}
                COMPLETE => {
                    return Ok(Ok(Self {
                        stream,
                        framed: true,
                    }));
                }
                3 | 4 => return Ok(Err(Refusal(String::from_utf8_lossy(&words).into_owned()))),
                _ => return Err(invalid("the server does not answer as SASL demands")),
            }
        }
    }

    /// Sends a message and waits for the one that answers it.
    pub(crate) async fn exchange(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        if self.framed {
            self.stream.write_all(&prefix(message.len())?).await?;
        }
        self.stream.write_all(message).await?;
        self.stream.flush().await?;
        let mut answer = Vec::new();
        let mut extent = Extent::new();
        loop {
            if self.framed {
                let length = self.stream.read_u32().await? as usize;
                if length > LONGEST - answer.len().min(LONGEST) {
                    return Err(invalid("the server's answer is larger than 256 MiB"));
                }
                fill(&mut self.stream, &mut answer, length).await?;
            } else {
                answer.reserve(ROOM);
                if self.stream.read_buf(&mut answer).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            match extent.find(&answer)? {
                Some(end) if end == answer.len() => return Ok(answer),
                Some(_) => return Err(invalid("the server sent more than its answer")),
                None => {}
            }
        }
    }
}

fn prefix(length: usize) -> io::Result<[u8; 4]> {
    match u32::try_from(length) {
        Ok(prefix) if length <= LONGEST => Ok(prefix.to_be_bytes()),
        _ => Err(invalid("a message is larger than 256 MiB")),
    }
}

/// Appends so many bytes; room grows with what comes, whatever length was announced.
async fn fill(stream: &mut Box<dyn Stream>, into: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let read = stream.take(length as u64).read_to_end(into).await?;
    if read < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests;
