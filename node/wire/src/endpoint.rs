//! The one socket on which a node talks to all of its peers.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError};

use peerflow_model::{Incarnation, NodeId};
use quinn::{ClientConfig, ServerConfig, TokioRuntime};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::caller::Caller;
use crate::connection::{CLOSED, Connection};
use crate::door::Door;
use crate::error::Error;
use crate::hello::{EpochSource, Introduction};
use crate::limits::Limits;
use crate::message::Version;
use crate::meters::{MeterReadings, Meters};
use crate::network::{Network, Udp};
use crate::tls::ClusterTls;

/// Connections that may wait to be accepted.
const WAITING: usize = 64;
/// Bytes that callers who were not looked at yet may send: one, and all together.
const UNSEEN: (u64, u64) = (64 * 1024, 4 * 1024 * 1024);

/// What an endpoint needs to know.
#[derive(Clone)]
pub struct EndpointConfig {
    /// Where to listen; port 0 takes any.
    pub listen: SocketAddr,
    pub node: NodeId,
    pub incarnation: Incarnation,
    /// Of the program, for people.
    pub program_version: String,
    /// The cluster's name.
    pub cluster: String,
    pub tls: ClusterTls,
    /// Tells the highest epoch that this node has seen; asked for each greeting.
    pub epoch: EpochSource,
    pub limits: Limits,
}

/// The socket on which a node talks to its peers. Cheap to clone; closed at once when the last clone is dropped.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: quinn::Endpoint,
    caller: Caller,
    limits: Arc<Limits>,
    meters: Arc<Meters>,
    /// Peers that called and have proved who they are. The lock is the line of those who wait for one; nothing else is
    /// done under it.
    accepted: Mutex<mpsc::Receiver<Connection>>,
    /// Meets callers; ends with the endpoint.
    door: std::sync::Mutex<JoinSet<()>>,
}

impl Endpoint {
    /// Listens on `config.listen` and begins to meet callers. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn bind(config: EndpointConfig) -> Result<Self, Error> {
        Self::bind_speaking(config, Version::OLDEST..=Version::NEWEST)
    }

    /// Like [`Self::bind`], on a socket of another network, such as a simulated one.
    ///
    /// # Errors
    /// When that network has no such address.
    pub fn bind_on(config: EndpointConfig, network: &dyn Network) -> Result<Self, Error> {
        Self::start(config, network, Version::OLDEST..=Version::NEWEST)
    }

    /// Like [`Self::bind`], as a release that speaks those versions.
    pub(crate) fn bind_speaking(
        config: EndpointConfig,
        versions: RangeInclusive<Version>,
    ) -> Result<Self, Error> {
        Self::start(config, &Udp, versions)
    }

    fn start(
        config: EndpointConfig,
        network: &dyn Network,
        versions: RangeInclusive<Version>,
    ) -> Result<Self, Error> {
        let socket = network
            .bind(config.listen)
            .map_err(|source| listen(&config, source))?;
        let limits = Arc::new(config.limits.clone());
        let meters = Arc::new(Meters::default());
        let mut server = ServerConfig::with_crypto(config.tls.server());
        server
            .transport_config(limits.accepting())
            .max_incoming(limits.callers)
            .incoming_buffer_size(UNSEEN.0)
            .incoming_buffer_size_total(UNSEEN.1);
        let mut client = ClientConfig::new(config.tls.client());
        client.transport_config(limits.dialling());
        let endpoint = quinn::Endpoint::new_with_abstract_socket(
            quinn::EndpointConfig::default(),
            Some(server),
            socket,
            Arc::new(TokioRuntime),
        )
        .map_err(|source| listen(&config, source))?;
        let introduction = Arc::new(Introduction {
            node: config.node,
            incarnation: config.incarnation,
            program_version: config.program_version,
            cluster: config.cluster,
            epoch: config.epoch,
            versions,
        });
        let (sender, accepted) = mpsc::channel(WAITING);
        let door = Door {
            endpoint: endpoint.clone(),
            introduction: Arc::clone(&introduction),
            limits: Arc::clone(&limits),
            meters: Arc::clone(&meters),
            accepted: sender,
            warned: Arc::default(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(door.run());
        let caller = Caller {
            client,
            introduction,
            limits: Arc::clone(&limits),
            meters: Arc::clone(&meters),
        };
        let inner = Inner {
            endpoint,
            caller,
            limits,
            meters,
            accepted: Mutex::new(accepted),
            door: std::sync::Mutex::new(tasks),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket does not know.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.inner
            .endpoint
            .local_addr()
            .map_err(|_source| Error::Closed)
    }

    /// Connects to a peer. Done only when that very node has answered the greeting.
    ///
    /// # Errors
    /// When it did not, within [`Limits::connect`].
    pub async fn connect(&self, peer: &NodeId, address: SocketAddr) -> Result<Connection, Error> {
        self.inner
            .caller
            .connect(&self.inner.endpoint, peer, address)
            .await
    }

    /// The next peer that called and proved who it is; `None` once the endpoint is closed. Dropping the future loses
    /// nothing.
    pub async fn accept(&self) -> Option<Connection> {
        let mut accepted = self.inner.accepted.lock().await;
        loop {
            let connection = accepted.recv().await?;
            // It may have gone while it waited.
            if connection.close_reason().is_none() {
                return Some(connection);
            }
        }
    }

    /// What was counted up to now.
    pub fn meters(&self) -> MeterReadings {
        self.inner.meters.read()
    }

    /// Closes all connections, and waits shortly until the peers know. What was sent and has not arrived is lost: see
    /// [`crate::Sender::delivered`].
    pub async fn close(&self) {
        self.inner.endpoint.close(CLOSED, b"the node stops");
        self.inner
            .door
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
        let patience = self.inner.limits.connect;
        if timeout(patience, self.inner.endpoint.wait_idle())
            .await
            .is_err()
        {
            tracing::debug!("not every peer heard that this node no longer talks");
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("address", &self.inner.endpoint.local_addr().ok())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EndpointConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointConfig")
            .field("listen", &self.listen)
            .field("node", &self.node)
            .field("incarnation", &self.incarnation)
            .field("cluster", &self.cluster)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.endpoint.close(CLOSED, b"the node stops");
    }
}

fn listen(config: &EndpointConfig, source: std::io::Error) -> Error {
    Error::Listen {
        address: config.listen,
        source,
    }
}
