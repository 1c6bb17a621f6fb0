//! What every datagram passes: sealed on its way out; opened, judged and counted on its way in.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chitchat::{ChitchatMessage, Deserializable, Serializable};
use peerflow_model::NodeId;

use crate::clock::WallClock;
use crate::config::GossipConfig;
use crate::meters::{Counters, Meters};
use crate::replay::{ReplayWindow, Verdict};
use crate::seal::{Opened, Refusal, Seal, Unsealed};
use crate::skew::Skews;

/// Outlives the socket, so that a socket opened anew takes nothing that the last one took.
#[derive(Debug)]
pub(crate) struct Gate {
    own: NodeId,
    seal: Seal,
    clock: WallClock,
    counters: Counters,
    judge: Mutex<Judge>,
}

/// What is remembered of datagrams that were opened.
#[derive(Debug, Default)]
struct Judge {
    window: ReplayWindow,
    skews: Skews,
}

impl Gate {
    pub(crate) fn new(config: &GossipConfig) -> Self {
        Self {
            own: config.node.clone(),
            seal: Seal::new(&config.key, &config.cluster),
            clock: config.clock.clone(),
            counters: Counters::default(),
            judge: Mutex::default(),
        }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn meters(&self) -> Meters {
        let skew = self
            .judge()
            .skews
            .largest(self.clock.now().as_millisecond());
        Meters {
            skew,
            ..self.counters.lock().clone()
        }
    }

    /// The datagram that carries this message; none if it cannot be made, which is counted.
    pub(crate) fn seal(&self, message: &ChitchatMessage) -> Option<Vec<u8>> {
        let sealed = self
            .seal
            .seal(&self.own, self.clock.now(), &message.serialize_to_vec());
        let mut meters = self.counters.lock();
        match sealed {
            Ok(datagram) => Some(datagram),
            Err(Unsealed::TooLarge) => {
                meters.too_large += 1;
                None
            }
            Err(Unsealed::NoRandomness) => {
                meters.unsent += 1;
                None
            }
        }
    }

    /// Counts what became of a datagram on its way out.
    pub(crate) fn sent(&self, length: usize, result: &std::io::Result<()>) {
        let mut meters = self.counters.lock();
        if result.is_ok() {
            meters.sent += 1;
            meters.sent_bytes += length as u64;
            meters.longest = meters.longest.max(length);
        } else {
            meters.unsent += 1;
        }
    }

    /// The message of a datagram that arrived; none if it is dropped, which is counted.
    pub(crate) fn admit(&self, datagram: &[u8], from: SocketAddr) -> Option<ChitchatMessage> {
        let opened = match self.seal.open(datagram) {
            Ok(opened) => opened,
            Err(refusal) => {
                self.refuse(refusal, from);
                return None;
            }
        };
        let verdict = self.verdict(&opened, from);
        let mut meters = self.counters.lock();
        match verdict {
            Verdict::New => {}
            Verdict::OutsideWindow => {
                meters.dropped.outside_window += 1;
                return None;
            }
            Verdict::Replayed => {
                meters.dropped.replayed += 1;
                return None;
            }
        }
        let Ok(message) = ChitchatMessage::deserialize(&mut opened.message.as_slice()) else {
            meters.dropped.malformed += 1;
            return None;
        };
        meters.received += 1;
        meters.received_bytes += datagram.len() as u64;
        meters.longest = meters.longest.max(datagram.len());
        Some(message)
    }

    fn verdict(&self, opened: &Opened, from: SocketAddr) -> Verdict {
        let now_ms = self.clock.now().as_millisecond();
        let mut judge = self.judge();
        let verdict = judge
            .window
            .judge(now_ms, opened.sealed_at_ms, opened.nonce);
        if verdict == Verdict::Replayed {
            return verdict;
        }
        let outside = verdict == Verdict::OutsideWindow;
        if judge
            .skews
            .note(&opened.sender, opened.sealed_at_ms, now_ms, outside)
        {
            tracing::warn!(
                peer = %opened.sender, %from, ahead_ms = opened.sealed_at_ms.saturating_sub(now_ms),
                "the clock of a peer differs from ours by more than 30 s, so its gossip is dropped; \
                 synchronize the clocks of both machines"
            );
        }
        verdict
    }

    fn refuse(&self, refusal: Refusal, from: SocketAddr) {
        let mut meters = self.counters.lock();
        match refusal {
            Refusal::Malformed => meters.dropped.malformed += 1,
            Refusal::WrongKey => meters.dropped.wrong_key += 1,
        }
        let strange = meters.dropped.malformed + meters.dropped.wrong_key;
        drop(meters);
        // A stranger may send as much as it likes; the log grows with the logarithm of it.
        if strange.is_power_of_two() {
            tracing::warn!(
                %from, so_far = strange,
                "dropped a datagram that is not of this cluster: a stranger, another cluster, or another secret"
            );
        }
    }

    fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
