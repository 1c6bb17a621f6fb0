//! What peers want of this node: its worker's ear, an answer of its scheduler, its events, the logs of its tasks.

use std::time::Duration;

use peerflow_model::{Epoch, Incarnation, NodeId};
use peerflow_wire as wire;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::guests::{Guest, Guests};
use super::{ClusterHandle, Departure, convert, relay};
use crate::events::EventHub;
use crate::logs::LogHub;
use crate::scheduler::SchedulerHandle;
use crate::worker::{MasterLink, ORDERS, PeerEvent, WorkerHandle};

/// Connections of peers at once. A cluster has fewer nodes.
const CONNECTIONS: usize = 1024;
/// Words of this worker on their way to a master elsewhere.
const WORDS: usize = 1024;
/// Words that go into one write.
const BATCH: usize = 256;
/// How long a peer may take to accept an answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// Serves peers. Owned and run by the node.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    pub(crate) cluster: ClusterHandle,
    pub(crate) worker: WorkerHandle,
    pub(crate) scheduler: SchedulerHandle,
    pub(crate) events: EventHub,
    pub(crate) logs: LogHub,
}

impl Serving {
    /// Accepts connections until `stop`, and lets go of those that this node made to peers that are gone.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Some(network) = self.cluster.shared.network.clone() else {
            return stop.cancelled().await;
        };
        let mut connections = JoinSet::new();
        let mut guests = Guests::default();
        let mut members = self.cluster.watch();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_ended) = connections.join_next() => {}
                Ok(()) = members.changed() => network.keep_alive_only(&members.borrow_and_update()),
                accepted = network.endpoint().accept(), if connections.len() < CONNECTIONS => match accepted {
                    Some(connection) => match guests.admit(&connection.peer().node) {
                        Some(guest) => drop(connections.spawn(self.clone().serve(connection, guest))),
                        None => {
                            tracing::warn!(peer = %connection.peer().node, "a peer opens too many connections; one is closed");
                            connection.close("this peer has too many connections");
                        }
                    },
                    None => break,
                },
            }
        }
        connections.shutdown().await;
        network.endpoint().close().await;
        stop.cancelled().await;
    }

    async fn serve(self, connection: wire::Connection, guest: Guest) {
        let mut streams = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(_ended) = streams.join_next() => {}
                accepted = connection.accept() => {
                    let (opening, stream) = match accepted {
                        Ok(accepted) => accepted,
                        Err(error) => {
                            tracing::debug!(peer = %connection.peer().node, %error, "a connection of a peer ended");
                            break;
                        }
                    };
                    let stays = matches!(opening, wire::Opening::Events | wire::Opening::FollowLog { .. });
                    let turn = if stays { guest.follower() } else { guest.stream() };
                    let Some(turn) = turn else {
                        tracing::debug!(peer = %connection.peer().node, "a peer opens too many streams; one is dropped");
                        continue;
                    };
                    let serving = self.clone();
                    let peer = connection.peer().node.clone();
                    streams.spawn(async move {
                        let _turn = turn;
                        if let Err(error) = serving.answer(&peer, opening, stream).await {
                            tracing::debug!(%peer, %error, "a stream of a peer broke");
                        }
                    });
                }
            }
        }
    }

    async fn answer(
        self,
        peer: &NodeId,
        opening: wire::Opening,
        stream: wire::IncomingStream,
    ) -> Result<(), wire::Error> {
        match opening {
            wire::Opening::Control { master, .. } if master != *peer => {
                let reason = format!("node {peer} speaks for node {master}");
                stream.answer(&wire::Told::Busy { reason }).await
            }
            wire::Opening::Control {
                epoch, incarnation, ..
            } => self.listen_to(epoch, incarnation, stream.typed()).await,
            wire::Opening::Ask { key, what } => {
                let answer = self.asked(*what, key).await;
                let sent = stream.answer(&answer);
                timeout(ANSWER_PATIENCE, sent).await.unwrap_or(Ok(()))
            }
            wire::Opening::Events => {
                let (sender, _) = stream.typed::<wire::EventMessage, wire::Pong>();
                relay::send_events(&self.events, sender).await
            }
            wire::Opening::FollowLog { run } => {
                let (sender, _) = stream.typed::<wire::LogMessage, wire::Pong>();
                relay::send_log(&self.logs, &run, sender).await
            }
            wire::Opening::Released { epoch } => {
                self.cluster.heard_released(epoch);
                stream.answer(&wire::Pong).await
            }
            wire::Opening::Progress { run } => {
                let progress = wire::ProgressMessage(self.logs.progress(&run));
                stream.answer(&progress).await
            }
            wire::Opening::Ping => stream.answer(&wire::Pong).await,
        }
    }

    /// What a peer asks on behalf of its callers. Never passed on: a node that is not master says so.
    async fn asked(&self, what: wire::AskedMessage, key: Option<String>) -> wire::AskAnswer {
        let departures = self.cluster.departures();
        let done =
            |text: &str| wire::AskAnswer::Answered(wire::AnswerMessage::Done(text.to_owned()));
        match what {
            wire::AskedMessage::Drain { moves, off, .. } => {
                departures.ask(match (off, moves) {
                    (true, _) => Departure::Stays,
                    (false, true) => Departure::Moves,
                    (false, false) => Departure::Drains,
                });
                done("asked")
            }
            wire::AskedMessage::Shutdown => {
                departures.ask(Departure::ShutsDown);
                done("asked")
            }
            what => match convert::asked_from_wire(what) {
                Some(asked) => convert::answer_to_wire(self.scheduler.ask_here(asked, key).await),
                None => wire::AskAnswer::Unavailable {
                    reason: "this node does not know what was asked; upgrade it".to_owned(),
                    retry_after: Duration::from_secs(60),
                },
            },
        }
    }

    /// Lends this node's worker to a master elsewhere.
    async fn listen_to(
        self,
        epoch: Epoch,
        incarnation: Incarnation,
        streams: (wire::Sender<wire::Told>, wire::Receiver<wire::Order>),
    ) -> Result<(), wire::Error> {
        let (mut to_master, mut from_master) = streams;
        let own = self.cluster.members().own().map(|own| own.incarnation);
        if own.is_some_and(|own| own != incarnation) {
            let reason = "it is meant for another life of this node".to_owned();
            to_master.send(&wire::Told::Busy { reason }).await?;
            return to_master.finish().await;
        }
        let (order, orders) = mpsc::channel(ORDERS);
        let (words, mut told) = mpsc::channel(WORDS);
        let link = MasterLink {
            epoch,
            orders,
            words,
        };
        if let Err(over) = self.worker.attach(link).await {
            let refused = wire::Told::Refused {
                epoch: over.seen,
                reason: over.to_string(),
            };
            to_master.send(&refused).await?;
            return to_master.finish().await;
        }
        let tell = async {
            let mut batch: Vec<PeerEvent> = Vec::new();
            while told.recv_many(&mut batch, BATCH).await > 0 {
                let messages: Vec<wire::Told> =
                    batch.drain(..).filter_map(convert::told_to_wire).collect();
                to_master.send_all(&messages).await?;
            }
            // Another master has taken this worker's ear.
            to_master.finish().await
        };
        let obey = async {
            while let Some(message) = from_master.receive().await? {
                let message = convert::order_from_wire(message);
                if order.send(message).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        tokio::select! {
            told = tell => told,
            obeyed = obey => obeyed,
        }
    }
}
