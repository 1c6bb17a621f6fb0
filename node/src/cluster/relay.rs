//! Events and logs on their way to readers at other nodes.

use std::collections::HashMap;
use std::time::Duration;

use peerflow_gossip::{Member, MemberState};
use peerflow_model::{NodeId, RunId};
use peerflow_wire as wire;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{ClusterHandle, convert};
use crate::events::{EventHub, NodeEvent};
use crate::logs::LogHub;
use crate::scheduler::SchedulerHandle;

/// How often it is looked who reads here.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long lines on their way to the store are waited for.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);
/// Runs that are followed at other nodes at once: each takes a stream there.
const RUNS: usize = 64;
/// After a stream broke.
const PAUSE: Duration = Duration::from_millis(500);

/// Tells a peer what becomes durable here, until it goes.
pub(super) async fn send_events(
    events: &EventHub,
    mut to: wire::Sender<wire::EventMessage>,
) -> Result<(), wire::Error> {
    let mut source = events.subscribe_peer();
    let unread = to.stopped();
    let telling = async {
        to.send(&wire::EventMessage::Following).await?;
        loop {
            let message = match source.recv().await {
                Ok(event) => convert::event_to_wire(&event),
                Err(RecvError::Lagged(events)) => wire::EventMessage::Missed { events },
                Err(RecvError::Closed) => return to.finish().await,
            };
            to.send(&message).await?;
        }
    };
    tokio::select! {
        biased;
        () = unread => Ok(()),
        told = telling => told,
    }
}

/// Tells a peer when this node's tasks stored lines of a run, until it goes.
pub(super) async fn send_log(
    logs: &LogHub,
    run: &RunId,
    mut to: wire::Sender<wire::LogMessage>,
) -> Result<(), wire::Error> {
    let mut source = logs.follow(run);
    let unread = to.stopped();
    let telling = async {
        // Who asks may know of ends whose last lines are not stored yet.
        logs.flush(FLUSH_PATIENCE).await;
        to.send(&wire::LogMessage::Following).await?;
        loop {
            match source.recv().await {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => source = logs.follow(run),
            }
            // What came together is told once: the reader looks into the store.
            while source.try_recv().is_ok() {}
            to.send(&wire::LogMessage::Stored).await?;
        }
    };
    // A run that is over stores nothing more: without this its readers would be served for ever.
    tokio::select! {
        biased;
        () = unread => Ok(()),
        told = telling => told,
    }
}

impl ClusterHandle {
    /// Waits, at most `limit`, until what the tasks of a run wrote up to now is stored, whichever node they ran on.
    /// Readers of a log that has just ended call it first.
    pub(crate) async fn flush_logs(&self, logs: &LogHub, run: &RunId, limit: Duration) {
        let members = self.members();
        let peers = members
            .peers()
            .filter(|member| member.state == MemberState::Alive);
        let elsewhere = peers.map(|member| self.flush_log_at(member, run));
        let everywhere = async {
            tokio::join!(logs.flush(limit), futures::future::join_all(elsewhere));
        };
        // What takes longer goes on without the reader.
        drop(timeout(limit, everywhere).await);
    }

    async fn flush_log_at(&self, member: &Member, run: &RunId) {
        let Some(network) = &self.shared.network else {
            return;
        };
        let opening = wire::Opening::FollowLog { run: run.clone() };
        let flushed = async {
            let connection = network.connection(member).await.ok()?;
            let (_nothing_more, mut signs) = connection
                .open::<wire::Pong, wire::LogMessage>(&opening)
                .await
                .ok()?;
            signs.receive().await.ok()
        };
        if flushed.await.is_none() {
            tracing::debug!(node = %member.id, "a node could not be asked for the last lines of its tasks");
        }
    }
}

/// Brings the master's events, and what tasks elsewhere write, to this node's readers, as long as there are any. Owned
/// and run by the node.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    pub(crate) cluster: ClusterHandle,
    pub(crate) scheduler: SchedulerHandle,
    pub(crate) events: EventHub,
    pub(crate) logs: LogHub,
}

impl Relay {
    /// Runs until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        if self.cluster.is_alone() {
            return stop.cancelled().await;
        }
        let both = async { tokio::join!(self.relay_events(), self.relay_logs()) };
        stop.run_until_cancelled(both).await;
    }

    async fn relay_events(&self) {
        let mut state = self.scheduler.watch();
        loop {
            let master = state.borrow_and_update().master.clone();
            let elsewhere = master.filter(|master| master != self.cluster.own_id());
            match elsewhere {
                Some(master) if self.events.has_own_readers() => {
                    tokio::select! {
                        biased;
                        _ = state.changed() => {}
                        () = self.relay_events_of(&master) => sleep(PAUSE).await,
                    }
                    // Something may have been missed on the way.
                    self.events.publish_relayed(NodeEvent::Cluster);
                }
                _ => sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Passes on what a master tells, until the stream breaks or nobody reads any more.
    async fn relay_events_of(&self, master: &NodeId) {
        let relaying = async {
            let members = self.cluster.members();
            let (network, member) = (
                self.cluster.shared.network.as_ref()?,
                members.member(master)?,
            );
            let connection = network.connection(member).await.ok()?;
            let (_nothing_more, mut events) = connection
                .open::<wire::Pong, wire::EventMessage>(&wire::Opening::Events)
                .await
                .ok()?;
            while let Ok(Some(message)) = events.receive().await {
                if let Some(event) = convert::event_from_wire(message) {
                    self.events.publish_relayed(event);
                }
            }
            Some(())
        };
        let mut look = interval(LOOK_EVERY);
        let unread = async {
            while self.events.has_own_readers() {
                look.tick().await;
            }
        };
        tokio::select! {
            biased;
            _ended = relaying => {}
            () = unread => {}
        }
    }

    /// Follows, at every other node, the runs that somebody follows here.
    async fn relay_logs(&self) {
        let mut followed: HashMap<RunId, JoinSet<()>> = HashMap::new();
        let mut look = interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let mut wanted = self.logs.followed();
            // Those left out look into the store every second by themselves.
            while wanted.len() > RUNS {
                wanted.pop_last();
            }
            followed.retain(|run, _| wanted.contains(run));
            for run in wanted {
                followed
                    .entry(run.clone())
                    .or_insert_with(|| self.follow_everywhere(&run));
            }
        }
    }

    fn follow_everywhere(&self, run: &RunId) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let members = self.cluster.members();
        for member in members.peers() {
            if member.state == MemberState::Alive {
                let (relay, member, run) = (self.clone(), member.clone(), run.clone());
                tasks.spawn(async move { relay.follow_at(&member, &run).await });
            }
        }
        tasks
    }

    /// Passes on that lines were stored, until the stream breaks; the reader looks into the store now and then anyway.
    async fn follow_at(&self, member: &Member, run: &RunId) {
        let Some(network) = &self.cluster.shared.network else {
            return;
        };
        let opening = wire::Opening::FollowLog { run: run.clone() };
        let Ok(connection) = network.connection(member).await else {
            return;
        };
        let Ok((_nothing_more, mut stored)) = connection
            .open::<wire::Pong, wire::LogMessage>(&opening)
            .await
        else {
            return;
        };
        while let Ok(Some(_)) = stored.receive().await {
            self.logs.stored_elsewhere(run);
        }
    }
}
