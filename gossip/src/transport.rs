//! The transport that chitchat is given: sealed datagrams over any network.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use async_trait::async_trait;
use chitchat::ChitchatMessage;
use chitchat::transport::{Socket, Transport};

use crate::gate::Gate;
use crate::network::{DatagramSocket, Network};
use crate::seal::LONGEST;

/// Opens sealed sockets.
#[derive(Debug)]
pub(crate) struct SealedTransport {
    gate: Arc<Gate>,
    network: Arc<dyn Network>,
    /// The socket that was bound at the start; later ones are bound when the last one broke.
    ready: Mutex<Option<Box<dyn DatagramSocket>>>,
}

impl SealedTransport {
    pub(crate) fn new(
        gate: Arc<Gate>,
        network: Arc<dyn Network>,
        ready: Box<dyn DatagramSocket>,
    ) -> Self {
        Self {
            gate,
            network,
            ready: Mutex::new(Some(ready)),
        }
    }
}

#[async_trait]
impl Transport for SealedTransport {
    async fn open(&self, listen: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let ready = self
            .ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let inner = match ready {
            Some(ready) => ready,
            None => self
                .network
                .bind(listen)
                .await
                .with_context(|| format!("cannot listen on {listen}/udp again"))?,
        };
        Ok(Box::new(SealedSocket {
            gate: Arc::clone(&self.gate),
            inner,
            buffer: vec![0; LONGEST + 1].into_boxed_slice(),
        }))
    }
}

struct SealedSocket {
    gate: Arc<Gate>,
    inner: Box<dyn DatagramSocket>,
    buffer: Box<[u8]>,
}

#[async_trait]
impl Socket for SealedSocket {
    /// What cannot be sent is lost, as any datagram may be.
    async fn send(&mut self, to: SocketAddr, message: ChitchatMessage) -> anyhow::Result<()> {
        if let Some(datagram) = self.gate.seal(&message) {
            let result = self.inner.send_to(&datagram, to).await;
            self.gate.sent(datagram.len(), &result);
        }
        Ok(())
    }

    async fn recv(&mut self) -> anyhow::Result<(SocketAddr, ChitchatMessage)> {
        loop {
            let (length, from) = self
                .inner
                .recv_from(&mut self.buffer)
                .await
                .context("the socket of the gossip broke")?;
            let datagram = self.buffer.get(..length).unwrap_or_default();
            if let Some(message) = self.gate.admit(datagram, from) {
                return Ok((from, message));
            }
        }
    }
}
