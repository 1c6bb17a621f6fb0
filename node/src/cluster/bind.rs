//! What a node of a cluster takes before it runs: the sockets for its peers.

use std::net::SocketAddr;
use std::sync::Arc;

use peerflow_gossip::{
    About, BoundGossip, Gossip, GossipConfig, GossipKey, Member, MemberState, Membership,
    WallClock, Word,
};
use peerflow_model::{Incarnation, NodeId};
use peerflow_wire::{ClusterSecret, ClusterTls, Endpoint, EndpointConfig, Limits};
use tokio::net::lookup_host;

use super::{Alone, ClusterHandle, Departures, Network};
use crate::clock::Clock;
use crate::config::{ClusterSockets, Config, PeerAddress};
use crate::epoch::HighestEpoch;
use crate::identity::NodeIdentity;

/// Why a node cannot take its place among others.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(transparent)]
    Gossip(#[from] peerflow_gossip::Error),
    #[error(transparent)]
    Wire(#[from] peerflow_wire::Error),
    #[error(
        "the address {address} that peers are told cannot be looked up: {reason}; set {key} to one that can"
    )]
    Advertise {
        key: &'static str,
        address: PeerAddress,
        reason: String,
    },
}

/// The socket for connections, taken first because peers are told its address.
#[derive(Debug)]
pub(crate) struct BoundEndpoint {
    endpoint: Endpoint,
    /// Where peers reach it.
    pub(crate) advertised: SocketAddr,
    sockets: ClusterSockets,
    secret: ClusterSecret,
}

impl BoundEndpoint {
    /// Listens for connections, on UDP unless another `network` is given; `None` where the node is to be alone.
    pub(crate) async fn bind(
        config: &Config,
        node: &NodeId,
        incarnation: Incarnation,
        epoch: &HighestEpoch,
        network: Option<Arc<dyn peerflow_wire::Network>>,
    ) -> Result<Option<Self>, ClusterError> {
        let (Some(sockets), Some(secret)) = (config.cluster_sockets(), config.cluster_secret())
        else {
            return Ok(None);
        };
        let epoch = epoch.clone();
        let endpoint_config = EndpointConfig {
            listen: sockets.rpc,
            node: node.clone(),
            incarnation,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: config.cluster.name.clone(),
            tls: ClusterTls::new(&secret, &config.cluster.name, node)?,
            epoch: Arc::new(move || epoch.current()),
            limits: Limits::default(),
        };
        let endpoint = match network {
            Some(network) => Endpoint::bind_on(endpoint_config, network.as_ref())?,
            None => Endpoint::bind(endpoint_config)?,
        };
        let advertised = config.rpc_advertised(endpoint.local_addr()?);
        let advertised = look_up("rpc.advertise", advertised).await?;
        Ok(Some(Self {
            endpoint,
            advertised,
            sockets,
            secret,
        }))
    }
}

/// A place among others, or alone; nothing runs yet.
#[derive(Debug)]
pub(crate) struct BoundCluster {
    own: NodeId,
    place: Place,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of them, for a moment of the start"
)]
enum Place {
    Alone(Member),
    Among(BoundGossip, Endpoint),
}

impl BoundCluster {
    /// Takes the socket for gossip, on UDP unless another `network` is given.
    pub(crate) async fn bind(
        config: &Config,
        identity: &NodeIdentity,
        endpoint: Option<BoundEndpoint>,
        clock: &Arc<dyn Clock>,
        network: Option<Arc<dyn peerflow_gossip::Network>>,
    ) -> Result<Self, ClusterError> {
        let http = identity.http.map(|bound| config.http_advertised(bound));
        let own = identity.id.clone();
        let Some(endpoint) = endpoint else {
            let place = Place::Alone(alone(identity, http));
            return Ok(Self { own, place });
        };
        let advertise = match &config.gossip.advertise {
            Some(told) => {
                let told = told.clone().or_port(endpoint.sockets.gossip.port());
                Some(look_up("gossip.advertise", told).await?)
            }
            None => None,
        };
        let clock = Arc::clone(clock);
        let key = endpoint.secret.gossip_key(&config.cluster.name);
        let gossip_config = GossipConfig {
            cluster: config.cluster.name.clone(),
            node: own.clone(),
            incarnation: identity.incarnation,
            listen: endpoint.sockets.gossip,
            advertise,
            seeds: config
                .cluster
                .seeds
                .iter()
                .map(ToString::to_string)
                .collect(),
            interval: config.gossip.interval,
            key: GossipKey::new(key),
            clock: WallClock::new(move || clock.now()),
            about: about(identity, http),
        };
        let gossip = match network {
            Some(network) => Gossip::bind_on(gossip_config, network).await?,
            None => Gossip::bind(gossip_config).await?,
        };
        let place = Place::Among(gossip, endpoint.endpoint);
        Ok(Self { own, place })
    }

    /// Begins to gossip; cannot fail.
    pub(crate) fn run(self, epoch: &HighestEpoch) -> ClusterHandle {
        let departures = Departures::default();
        let (membership, network): (Arc<dyn Membership>, _) = match self.place {
            Place::Alone(own) => (Arc::new(Alone::new(own)), None),
            Place::Among(gossip, endpoint) => {
                (Arc::new(gossip.run()), Some(Network::new(endpoint)))
            }
        };
        let cluster = ClusterHandle::new(self.own, membership, network, departures);
        let highest = epoch.current();
        cluster.tell(|word| {
            word.highest_epoch = highest;
            word.store_reachable = true;
        });
        cluster
    }
}

/// What this node says of itself for the whole of this life; `http`: where people reach it.
fn about(identity: &NodeIdentity, http: Option<String>) -> About {
    About {
        http,
        rpc: identity.rpc,
        labels: identity.labels.clone(),
        hosts: identity.hosts.clone(),
        slots: identity.slots,
        version: identity.version.to_owned(),
        started_at: identity.started_at,
    }
}

/// A node that is its own only member.
pub(super) fn alone(identity: &NodeIdentity, http: Option<String>) -> Member {
    Member {
        id: identity.id.clone(),
        incarnation: identity.incarnation,
        gossip: SocketAddr::from(([127, 0, 0, 1], 0)),
        about: Arc::new(about(identity, http)),
        word: Word::default(),
        state: MemberState::Alive,
        since: identity.started_at,
    }
}

async fn look_up(key: &'static str, address: PeerAddress) -> Result<SocketAddr, ClusterError> {
    let reason = match lookup_host(address.to_string()).await {
        Ok(mut found) => match found.next() {
            Some(found) => return Ok(found),
            None => "there is no such host".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    Err(ClusterError::Advertise {
        key,
        address,
        reason,
    })
}
