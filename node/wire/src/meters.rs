//! What an endpoint counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one endpoint, shared by its connections.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    pub(crate) connections: Meter,
    pub(crate) dialled: Meter,
    pub(crate) accepted: Meter,
    pub(crate) failed: Meter,
    pub(crate) strangers: Meter,
    pub(crate) refused: Meter,
    pub(crate) broken_streams: Meter,
    pub(crate) frames_sent: Meter,
    pub(crate) frames_received: Meter,
    pub(crate) bytes_sent: Meter,
    pub(crate) bytes_received: Meter,
}

/// What an endpoint counted since it was bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeterReadings {
    /// Connections that are up now.
    pub connections: u64,
    /// Connections that came up from here.
    pub dialled: u64,
    /// Connections that came up from peers.
    pub accepted: u64,
    /// Attempts to connect from here that failed.
    pub failed: u64,
    /// Callers without the secret, or too slow, or too many at once.
    pub strangers: u64,
    /// Callers that have the secret and were refused: another cluster's name, no common version, not who they say.
    pub refused: u64,
    /// Streams that were given up because what came was no message.
    pub broken_streams: u64,
    pub frames_sent: u64,
    pub frames_received: u64,
    /// Of frames, without what QUIC adds.
    pub bytes_sent: u64,
    /// Of frames, without what QUIC adds.
    pub bytes_received: u64,
}

impl Meters {
    pub(crate) fn read(&self) -> MeterReadings {
        MeterReadings {
            connections: self.connections.read(),
            dialled: self.dialled.read(),
            accepted: self.accepted.read(),
            failed: self.failed.read(),
            strangers: self.strangers.read(),
            refused: self.refused.read(),
            broken_streams: self.broken_streams.read(),
            frames_sent: self.frames_sent.read(),
            frames_received: self.frames_received.read(),
            bytes_sent: self.bytes_sent.read(),
            bytes_received: self.bytes_received.read(),
        }
    }
}

/// One number that many tasks count.
#[derive(Debug, Default)]
pub(crate) struct Meter(AtomicU64);

impl Meter {
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn subtract_one(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
