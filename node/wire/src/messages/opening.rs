//! The first frame of every stream.

use peerflow_model::{Epoch, Incarnation, NodeId, RunId};
use serde::{Deserialize, Serialize};

use super::AskedMessage;
use crate::codec::{Body, FrameError};
use crate::message::{LARGE, Message, Version};

/// What a stream is for. Says who sends what on it afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Opening {
    /// A master takes the peer as its worker: [`super::Order`]s go there, [`super::Told`]s come back, as long as both live.
    Control {
        epoch: Epoch,
        master: NodeId,
        /// The worker's life that it is meant for.
        incarnation: Incarnation,
    },
    /// Something asked of the master; one [`super::AskAnswer`] comes back.
    Ask {
        /// The request's `Idempotency-Key`.
        key: Option<String>,
        what: Box<AskedMessage>,
    },
    /// [`super::EventMessage`]s come back from now on.
    Events,
    /// [`super::LogMessage`]s of what that peer runs of the run come back from now on.
    FollowLog { run: RunId },
    /// One [`super::Pong`] comes back.
    Ping,
    /// The master of that epoch gave its lease up: whoever wants it need not wait. One [`super::Pong`] comes back.
    Released { epoch: Epoch },
    /// One [`super::ProgressMessage`] of what that peer runs of the run comes back. Since version 2.
    Progress { run: RunId },
}

impl Opening {
    /// The version of the protocol that brought it.
    fn since(&self) -> Version {
        match self {
            Self::Ask { what, .. } => what.since(),
            Self::Progress { .. } => Version::LINKS,
            _ => Version::OLDEST,
        }
    }
}

impl Message for Opening {
    const NAME: &'static str = "an opening";
    const LIMIT: usize = LARGE;

    fn write(&self, version: Version, body: &mut Body<'_>) -> Result<(), FrameError> {
        let since = self.since();
        if version < since {
            return Err(FrameError::TooNew {
                what: Self::NAME,
                version,
                since,
            });
        }
        body.put(self)
    }
}
