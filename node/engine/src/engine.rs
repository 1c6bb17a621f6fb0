//! The engine: all instances, their queues, the coordinators, the peers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveState, Blood, BloodId, ContentHash, Epoch, Incarnation, InstanceId, LinkKey, NodeId,
    Settings,
};
use peerflow_workflow::WorkflowName;
use rand::rngs::SmallRng;

use crate::command::Command;
use crate::coordinators::Coordinators;
use crate::definitions::Definitions;
use crate::documents::Documents;
use crate::doubt::Doubts;
use crate::event::{Event, Now};
use crate::housekeeping::Housekeeping;
use crate::ids::InstanceIds;
use crate::instances::Instances;
use crate::outbox::Outbox;
use crate::peers::{Peers, Reach};
use crate::placement::Placement;
use crate::progress::Ended;

/// What an engine is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The epoch it schedules in.
    pub epoch: Epoch,
    /// Seeds ids and jitter. Two engines of one cluster must not have the same.
    pub seed: u64,
    pub settings: Settings,
}

/// The scheduler's mind. See the crate's page.
#[derive(Debug)]
pub struct Engine {
    pub(crate) epoch: Epoch,
    pub(crate) settings: Settings,
    /// The cluster's zone.
    pub(crate) zone: TimeZone,
    pub(crate) rng: SmallRng,
    pub(crate) ids: InstanceIds,
    /// The largest place in a queue ever given.
    pub(crate) queue_order: u64,
    pub(crate) documents: Documents,
    pub(crate) definitions: Definitions,
    pub(crate) coordinators: Coordinators,
    /// All links, each with the hash of its content.
    pub(crate) links: BTreeMap<LinkKey, ContentHash>,
    pub(crate) instances: Instances,
    /// `--blood` waves that may still go on: also stopped ones, which a rerun can wake.
    pub(crate) bloods: BTreeMap<BloodId, Blood>,
    /// The latest run of each instance that this engine ran again. A request that was read before it is refused.
    pub(crate) reruns: BTreeMap<InstanceId, u32>,
    pub(crate) peers: Peers,
    pub(crate) placement: Placement,
    pub(crate) housekeeping: Housekeeping,
    /// The store went back, and not all that is in doubt since has been decided on.
    pub(crate) doubts: Option<Doubts>,
    /// The latest time at which schedules were looked at. Does not go back with the clock.
    pub(crate) looked_at: Timestamp,
    /// Instances that ended in this event and whose consequences are not drawn yet.
    pub(crate) ended: VecDeque<Ended>,
    /// How many ended in this event.
    pub(crate) ends: u32,
    /// Workflows whose queues the next event shall look at.
    pub(crate) delayed: BTreeSet<WorkflowName>,
    pub(crate) out: Outbox,
}

impl Engine {
    /// An engine that goes on from `state`. Commands that follow from it at once (times missed, instances to start)
    /// are pushed.
    pub fn load(
        options: Options,
        state: ActiveState,
        now: Now,
        commands: &mut Vec<Command>,
    ) -> Self {
        let mut engine = Self::restored(options, state, now);
        engine.conclude(now, commands);
        engine
    }

    /// Handles one event. All changes that it makes are pushed before any other command; the shell makes them durable
    /// in one transaction.
    pub fn handle(&mut self, now: Now, event: Event, commands: &mut Vec<Command>) {
        self.resume_delayed(now);
        self.keep_house(now);
        self.run_schedules(now);
        match event {
            Event::Wake => {}
            Event::Request { id, request } => {
                let result = self.answer(now, request);
                self.out.act(Command::Reply { id, result });
            }
            Event::Peer(peer) => self.peer_told(peer),
            Event::PeerUnreachable { node } => self.peers.unreachable(&node),
            Event::PeerDown { node } => self.peer_down(now, &node),
            Event::GrantOver { node, incarnation } => self.grant_over(now, &node, incarnation),
            Event::Inventory {
                node,
                incarnation,
                attempts,
            } => self.take_inventory(now, &node, incarnation, &attempts),
            Event::Report {
                attempt,
                node,
                incarnation: _,
                report,
            } => self.take_report(now, attempt, node, report),
        }
        self.conclude(now, commands);
    }

    /// How long until [`Event::Wake`] is of use; `None` when nothing waits for time. The shell wakes it earlier too,
    /// at least once a second, so that a clock that jumped is noticed.
    pub fn next_wakeup(&self, now: Now) -> Option<Duration> {
        if !self.delayed.is_empty() {
            return Some(Duration::ZERO);
        }
        let monotonic = [
            self.instances.next_wakeup(),
            self.placement.next_wakeup(),
            self.peers.next_wakeup(),
        ];
        let monotonic = monotonic
            .into_iter()
            .flatten()
            .map(|at| at.saturating_sub(now.monotonic));
        let wall = [self.coordinators.next(), self.housekeeping.next()];
        let wall = wall.into_iter().flatten().map(|at| {
            let left = at.duration_since(now.wall);
            Duration::try_from(left).unwrap_or(Duration::ZERO)
        });
        monotonic.chain(wall).min()
    }

    /// Lives of nodes that hold attempts whose end is not known and that are not up: for each of them
    /// [`Event::GrantOver`] is awaited, unless it comes back.
    pub fn awaited(&self) -> Vec<(NodeId, Incarnation)> {
        let mut lives = BTreeSet::new();
        for (node, entry) in self.peers.iter() {
            let up = entry.peer.as_ref().filter(|_| entry.reach == Reach::Up);
            for given in entry.attempts.values() {
                if up.is_none_or(|peer| peer.incarnation != given.incarnation) {
                    lives.insert((node.clone(), given.incarnation));
                }
            }
        }
        lives.into_iter().collect()
    }

    /// The cluster-wide settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many visits wait for a free slot or a node.
    pub fn pending(&self) -> usize {
        self.placement.waiting()
    }

    /// Draws all consequences and hands over the commands.
    fn conclude(&mut self, now: Now, commands: &mut Vec<Command>) {
        self.wake_runs(now);
        self.fail_unplaceable(now);
        self.settle(now);
        self.place(now);
        self.settle(now);
        self.settle_doubts();
        self.ends = 0;
        self.out.flush(commands);
    }
}
