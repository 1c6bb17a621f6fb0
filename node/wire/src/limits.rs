//! What a connection may take: time, streams and memory.

use std::sync::Arc;
use std::time::Duration;

use quinn::{IdleTimeout, MtuDiscoveryConfig, TransportConfig, VarInt};

/// Limits of an endpoint and its connections. The defaults suit networks within a company.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// How long connecting may take, from the first packet to the peer's answer to the greeting; on the accepting side
    /// too.
    pub connect: Duration,
    /// After how long without any packet a connection is lost.
    pub idle: Duration,
    /// How often whoever dialled says that it is there; well below `idle`.
    pub keep_alive: Duration,
    /// How long the first message of a stream may take to arrive.
    pub opening: Duration,
    /// How long a peer may take nothing of what is sent on a stream.
    pub stall: Duration,
    /// Streams that a peer may have open on one connection.
    pub streams: u32,
    /// Bytes that may be under way on one stream without being read.
    pub stream_window: u32,
    /// Callers that may be on their way through the handshake at once.
    pub callers: usize,
    /// Look for the largest packet that the way to a peer takes. Off: 1,200 bytes, which every way takes.
    pub mtu_discovery: bool,
    /// Hand many packets to the kernel at once. Off for network cards and drivers that break it.
    pub segmentation_offload: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            idle: Duration::from_secs(3),
            keep_alive: Duration::from_millis(800),
            opening: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            streams: 256,
            stream_window: 1024 * 1024,
            callers: 256,
            mtu_discovery: true,
            segmentation_offload: true,
        }
    }
}

impl Limits {
    /// For the side that dials, which keeps the connection alive.
    pub(crate) fn dialling(&self) -> Arc<TransportConfig> {
        let mut transport = self.transport();
        transport.keep_alive_interval(Some(self.keep_alive));
        Arc::new(transport)
    }

    /// For the side that accepts.
    pub(crate) fn accepting(&self) -> Arc<TransportConfig> {
        Arc::new(self.transport())
    }

    fn transport(&self) -> TransportConfig {
        let mut transport = TransportConfig::default();
        // Longer than QUIC can say means as long as it can say.
        let idle = IdleTimeout::try_from(self.idle).unwrap_or_else(|_too_long| VarInt::MAX.into());
        let mtu_discovery = self.mtu_discovery.then(MtuDiscoveryConfig::default);
        transport
            .max_idle_timeout(Some(idle))
            .max_concurrent_bidi_streams(self.streams.into())
            .max_concurrent_uni_streams(0_u32.into())
            .stream_receive_window(self.stream_window.into())
            // As much as all streams together may hold back, so that streams nobody reads never stop the others.
            .receive_window(
                VarInt::from_u64(u64::from(self.streams) * u64::from(self.stream_window))
                    .unwrap_or(VarInt::MAX),
            )
            .send_window(8 * u64::from(self.stream_window))
            .datagram_receive_buffer_size(None)
            .mtu_discovery_config(mtu_discovery)
            .enable_segmentation_offload(self.segmentation_offload);
        transport
    }
}
