//! What a node counts of its peers.

use metrics::{Counter, Gauge};
use metrics_exporter_prometheus::PrometheusRecorder;
use peerflow_gossip::Meters as GossipMeters;
use peerflow_wire::MeterReadings;

use super::{Registrar, count};

/// Meters of gossip and of connections. The crates count by themselves; here their counts are taken over.
pub(super) struct ClusterMeters {
    alive: Gauge,
    known: Gauge,
    datagrams_sent: Counter,
    datagrams_received: Counter,
    bytes_sent: Counter,
    bytes_received: Counter,
    dropped_wrong_key: Counter,
    dropped_outside_window: Counter,
    dropped_replayed: Counter,
    dropped_malformed: Counter,
    skew: Gauge,
    connections: Gauge,
    strangers: Counter,
    refused: Counter,
    frames_sent: Counter,
    frames_received: Counter,
}

impl ClusterMeters {
    pub(super) fn register(recorder: &PrometheusRecorder) -> Self {
        let at = Registrar { recorder };
        let members = "members of the cluster, by what this node knows of them";
        let dropped = "datagrams of gossip that were dropped without an answer, by reason";
        let drop_of = |reason| {
            at.labelled_counter("peerflow_gossip_dropped_total", "reason", reason, dropped)
        };
        Self {
            alive: at.labelled_gauge("peerflow_members", "state", "alive", members),
            known: at.labelled_gauge("peerflow_members", "state", "known", members),
            datagrams_sent: at.counter("peerflow_gossip_sent_total", "datagrams of gossip sent"),
            datagrams_received: at.counter(
                "peerflow_gossip_received_total",
                "datagrams of gossip accepted",
            ),
            bytes_sent: at.counter("peerflow_gossip_sent_bytes_total", "bytes of gossip sent"),
            bytes_received: at.counter(
                "peerflow_gossip_received_bytes_total",
                "bytes of gossip accepted",
            ),
            dropped_wrong_key: drop_of("wrong_key"),
            dropped_outside_window: drop_of("outside_window"),
            dropped_replayed: drop_of("replayed"),
            dropped_malformed: drop_of("malformed"),
            skew: at.gauge(
                "peerflow_clock_skew_seconds",
                "how far the clock of the peer that differs most is ahead of this node's",
            ),
            connections: at.gauge("peerflow_connections", "connections to peers that are up"),
            strangers: at.counter(
                "peerflow_strangers_total",
                "callers without the cluster's secret, or too slow, or too many at once",
            ),
            refused: at.counter(
                "peerflow_callers_refused_total",
                "callers that have the secret and were refused",
            ),
            frames_sent: at.counter("peerflow_frames_sent_total", "messages sent to peers"),
            frames_received: at.counter(
                "peerflow_frames_received_total",
                "messages received from peers",
            ),
        }
    }

    /// Takes over what gossip knows and counted.
    pub(super) fn gossip(&self, alive: usize, known: usize, meters: &GossipMeters) {
        self.alive.set(count(alive));
        self.known.set(count(known));
        self.datagrams_sent.absolute(meters.sent);
        self.datagrams_received.absolute(meters.received);
        self.bytes_sent.absolute(meters.sent_bytes);
        self.bytes_received.absolute(meters.received_bytes);
        let dropped = &meters.dropped;
        self.dropped_wrong_key.absolute(dropped.wrong_key);
        self.dropped_outside_window.absolute(dropped.outside_window);
        self.dropped_replayed.absolute(dropped.replayed);
        self.dropped_malformed.absolute(dropped.malformed);
        let skew = meters.skew.as_ref();
        self.skew
            .set(skew.map_or(0.0, |skew| skew.ahead.as_secs_f64()));
    }

    /// Takes over what connections counted.
    pub(super) fn connections(&self, readings: &MeterReadings) {
        self.connections.set(count(
            usize::try_from(readings.connections).unwrap_or(usize::MAX),
        ));
        self.strangers.absolute(readings.strangers);
        self.refused.absolute(readings.refused);
        self.frames_sent.absolute(readings.frames_sent);
        self.frames_received.absolute(readings.frames_received);
    }
}
