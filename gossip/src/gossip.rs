//! The gossip of one node: bound first, then run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chitchat::ChitchatId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::advertise::advertised;
use crate::config::GossipConfig;
use crate::driver::{Driver, Leave};
use crate::error::Error;
use crate::gate::Gate;
use crate::member::{Members, Word};
use crate::membership::Membership;
use crate::meters::Meters;
use crate::network::Network;
use crate::roster::Roster;
use crate::seeds::{self, SeedTurns};
use crate::transport::SealedTransport;
use crate::udp::Udp;
use crate::value;

/// How long a node that leaves waits for its last words.
const LEAVE: Duration = Duration::from_secs(1);

/// Membership over chitchat. It stops without a word when it is dropped, as a node does that dies.
#[derive(Debug)]
pub struct Gossip {
    local: SocketAddr,
    advertised: SocketAddr,
    members: watch::Receiver<Arc<Members>>,
    word: watch::Sender<Word>,
    leave: mpsc::Sender<Leave>,
    gate: Arc<Gate>,
    /// Driver and resolver; end when this is dropped.
    _tasks: JoinSet<()>,
}

/// Gossip that has its socket and has not begun: nothing is sent and nothing runs.
#[derive(Debug)]
pub struct BoundGossip {
    driver: Driver,
    seeds: Vec<String>,
    seeds_found: watch::Sender<Vec<SocketAddr>>,
    members: watch::Receiver<Arc<Members>>,
    word: watch::Sender<Word>,
    leave: mpsc::Sender<Leave>,
}

impl Gossip {
    /// Checks the configuration and takes the UDP socket.
    pub async fn bind(config: GossipConfig) -> Result<BoundGossip, Error> {
        Self::bind_on(config, Arc::new(Udp)).await
    }

    /// The same on any network.
    pub async fn bind_on(
        config: GossipConfig,
        network: Arc<dyn Network>,
    ) -> Result<BoundGossip, Error> {
        config.check()?;
        let about = config.about_text()?;
        let refused = |source| Error::Bind {
            listen: config.listen,
            source,
        };
        let socket = network.bind(config.listen).await.map_err(refused)?;
        let local = socket.local_addr().map_err(refused)?;
        let advertised = advertised(local, config.advertise, &config.seeds).await?;
        let own = ChitchatId::new(config.node.as_str(), config.incarnation.0, advertised);
        let gate = Arc::new(Gate::new(&config));
        let roster = Roster::new(
            own.clone(),
            config.about,
            config.interval,
            config.clock,
            gate.counters().clone(),
        );
        let (seeds_found, seeds) = watch::channel(Vec::new());
        let (word, word_receiver) = watch::channel(Word::default());
        let (leave, leave_receiver) = mpsc::channel(4);
        let (members_sender, members) = watch::channel(roster.members());
        let driver = Driver {
            own,
            cluster: config.cluster,
            interval: config.interval,
            local,
            about,
            transport: SealedTransport::new(Arc::clone(&gate), network, socket),
            gate,
            roster,
            turns: SeedTurns::default(),
            seeds,
            word: word_receiver,
            leave: leave_receiver,
            members: members_sender,
            said: Word::default(),
            next_word: Instant::now(),
            left: false,
            carried: None,
        };
        Ok(BoundGossip {
            driver,
            seeds: config.seeds,
            seeds_found,
            members,
            word,
            leave,
        })
    }

    /// Where it listens, with the port it has.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Where peers are told to send to.
    pub fn advertised_addr(&self) -> SocketAddr {
        self.advertised
    }
}

impl BoundGossip {
    /// Where it listens, with the port it has.
    pub fn local_addr(&self) -> SocketAddr {
        self.driver.local
    }

    /// Where peers are told to send to.
    pub fn advertised_addr(&self) -> SocketAddr {
        self.driver.own.gossip_advertise_addr
    }

    /// Begins to gossip, within the present tokio runtime; cannot fail.
    pub fn run(self) -> Gossip {
        let local = self.local_addr();
        let advertised = self.advertised_addr();
        let gate = Arc::clone(&self.driver.gate);
        let mut tasks = JoinSet::new();
        tasks.spawn(seeds::resolve(self.seeds, self.seeds_found));
        tasks.spawn(self.driver.run());
        Gossip {
            local,
            advertised,
            members: self.members,
            word: self.word,
            leave: self.leave,
            gate,
            _tasks: tasks,
        }
    }
}

#[async_trait]
impl Membership for Gossip {
    fn members(&self) -> watch::Receiver<Arc<Members>> {
        self.members.clone()
    }

    fn tell(&self, mut word: Word) {
        word.load = value::rounded(word.load);
        self.word.send_if_modified(|last| {
            let changed = *last != word;
            *last = word;
            changed
        });
    }

    async fn leave(&self) {
        let (answer, answered) = oneshot::channel();
        let said = timeout(LEAVE, async {
            self.leave.send(answer).await.is_ok() && answered.await.is_ok()
        });
        if !said.await.unwrap_or(false) {
            tracing::warn!(
                "the peers could not be told that this node leaves; they will call it dead"
            );
        }
    }

    fn meters(&self) -> Meters {
        self.gate.meters()
    }
}
