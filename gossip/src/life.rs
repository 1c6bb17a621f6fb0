//! One life of one node: what it says, read from the state that chitchat keeps.

use std::sync::Arc;

use chitchat::NodeState;
use peerflow_model::NodeId;
use tokio::time::Instant;

use crate::member::{About, Word};
use crate::meters::Counters;
use crate::value;

/// What is known of one life of a node.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) id: NodeId,
    /// Of chitchat's state, when the values were read.
    pub(crate) version: Option<u64>,
    pub(crate) about: Option<Arc<About>>,
    pub(crate) word: Word,
    pub(crate) left: bool,
    pub(crate) first_heard: Instant,
    /// The failure detector has called it alive at some time.
    pub(crate) was_alive: bool,
    /// An unreadable value was told already.
    complained: bool,
}

impl Life {
    pub(crate) fn new(id: NodeId, now: Instant) -> Self {
        Self {
            id,
            version: None,
            about: None,
            word: Word::default(),
            left: false,
            first_heard: now,
            was_alive: false,
            complained: false,
        }
    }

    /// Takes what can be read; what cannot leaves what was there.
    pub(crate) fn read(&mut self, state: &NodeState, counters: &Counters) {
        self.version = Some(state.max_version());
        self.left = state.get(value::LEFT).is_some();
        if self.about.is_none()
            && let Some(text) = state.get(value::ABOUT)
        {
            match value::read_about(text) {
                Ok(about) => self.about = Some(Arc::new(about)),
                Err(error) => self.complain(value::ABOUT, error, counters),
            }
        }
        if let Some(text) = state.get(value::WORD) {
            match value::read_word(text) {
                Ok(word) => {
                    let lease = self.word.lease;
                    self.word = Word { lease, ..word };
                }
                Err(error) => self.complain(value::WORD, error, counters),
            }
        }
        if let Some(text) = state.get(value::LEASE) {
            match value::read_lease(text) {
                Ok(lease) => self.word.lease = lease,
                Err(error) => self.complain(value::LEASE, error, counters),
            }
        }
    }

    fn complain(&mut self, key: &str, error: value::Unreadable, counters: &Counters) {
        counters.lock().unreadable += 1;
        if !self.complained {
            self.complained = true;
            tracing::warn!(
                peer = %self.id, key, %error,
                "a peer says something that cannot be read; check that both run versions that belong together"
            );
        }
    }
}
