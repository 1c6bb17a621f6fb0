//! Nodes around an engine: they crash, are cut off and come back; messages are late, lost and repeated; masters change
//! before and after a batch became durable. What must never happen is asserted at each step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{
    Attempt, AttemptId, CoordinatorKey, Epoch, Fate, Incarnation, InstanceId, InstanceStatus,
    LedgerRow, NodeId, Restoration, RunId, Settings, VisitId, VisitStatus,
};
use peerflow_workflow::{OnPartition, StepKind, WorkflowName};
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

use super::rig::{at, ended};
use super::store::Store;
use crate::{
    Answer, AttemptResult, Command, Dispatch, Engine, Event, Now, Options, Peer, Refusal, Report,
    Request, RequestId,
};

/// A node's process and what lies between it and the engine.
#[derive(Debug)]
pub(super) struct Node {
    id: NodeId,
    incarnation: u64,
    slots: u32,
    labels: BTreeSet<String>,
    draining: bool,
    /// The process lives.
    alive: bool,
    /// The engine hears it and is heard.
    linked: bool,
    /// The engine was told that it is there, and nothing else since.
    known_up: bool,
    /// The highest epoch it has seen.
    epoch: Epoch,
    /// Commands on their way to it.
    inbox: VecDeque<Command>,
    /// Reports on their way from it.
    outbox: Vec<Event>,
    running: BTreeMap<AttemptId, Box<Dispatch>>,
    /// Outcomes that nobody has acknowledged; they outlive the process.
    outcomes: BTreeMap<AttemptId, Event>,
}

/// The engine, the nodes, and what is durable.
#[derive(Debug)]
pub(super) struct World {
    pub(super) rng: SmallRng,
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) now: Now,
    pub(super) nodes: Vec<Node>,
    /// No failures any more: every action succeeds.
    pub(super) healing: bool,
    limits: BTreeMap<String, usize>,
    /// A request that was made ready and came late; it dies with its master.
    pub(super) late: Option<Request>,
    settings: Settings,
    epoch: u64,
    /// Attempts that some node has begun.
    accepted: BTreeSet<AttemptId>,
    /// Ends that were reported, to be repeated much later.
    old_reports: Vec<Event>,
    /// What the store was at some time: it may go back to it, once.
    backup: Option<Store>,
    pub(super) lost: LostHistory,
}

/// What happened before the store went back and is not in it any more, and what must wait for an operator therefore.
#[derive(Debug, Default)]
pub(super) struct LostHistory {
    /// Visits that may have run since; none of them runs before an operator, or a worker that holds its try, says so.
    pub(super) visits: BTreeSet<VisitId>,
    /// The same of instances that waited for their turn.
    pub(super) instances: BTreeSet<RunId>,
    /// Tries that ran or were on their way when it was noticed, and that the store does not know.
    unknown: BTreeSet<AttemptId>,
    /// Scheduled times that ran: none may run again.
    fired: BTreeSet<(CoordinatorKey, WorkflowName, Timestamp)>,
}

impl World {
    pub(super) fn new(mut rng: SmallRng) -> Self {
        let now = Now {
            wall: at("03-28T23:50"),
            monotonic: Duration::from_secs(5_000),
        };
        let settings = Settings {
            timezone: "Europe/Berlin".to_owned(),
            reset: "*/45 * * * *".to_owned(),
            ..Settings::default()
        };
        let options = Options {
            epoch: Epoch(1),
            seed: rng.random(),
            settings: settings.clone(),
        };
        let mut commands = Vec::new();
        let engine = Engine::load(options, Store::default().active(), now, &mut commands);
        let nodes = (1..=3)
            .map(|number| Node {
                id: NodeId::from(format!("n{number}")),
                incarnation: 1,
                slots: number,
                labels: BTreeSet::from([format!("l{number}")]),
                draining: false,
                alive: true,
                linked: false,
                known_up: false,
                epoch: Epoch(0),
                inbox: VecDeque::new(),
                outbox: Vec::new(),
                running: BTreeMap::new(),
                outcomes: BTreeMap::new(),
            })
            .collect();
        Self {
            rng,
            engine,
            store: Store::default(),
            now,
            nodes,
            healing: false,
            limits: BTreeMap::new(),
            late: None,
            settings,
            epoch: 1,
            accepted: BTreeSet::new(),
            old_reports: Vec::new(),
            backup: None,
            lost: LostHistory::default(),
        }
    }

    /// Remembers that never more than `limit` instances of a workflow may run.
    pub(super) fn limit(&mut self, workflow: &str, limit: usize) {
        self.limits.insert(workflow.to_owned(), limit);
    }

    /// Lets the engine handle an event. Sometimes the master dies over it.
    pub(super) fn send(&mut self, event: Event) -> Option<Result<Answer, Refusal>> {
        self.trust(&event);
        let mut commands = Vec::new();
        self.engine.handle(self.now, event, &mut commands);
        if !self.healing && self.rng.random_bool(0.01) {
            if self.rng.random() {
                self.make_durable(&commands);
            }
            self.change_master();
            return None;
        }
        self.make_durable(&commands);
        let answer = self.act(commands);
        self.check();
        answer
    }

    pub(super) fn ask(&mut self, request: Request) -> Option<Result<Answer, Refusal>> {
        let id = RequestId(self.rng.random());
        let answer = self.send(Event::Request { id, request })?;
        if let Ok(Answer::Instances(ids)) = &answer {
            for id in ids {
                let first = RunId {
                    instance: id.clone(),
                    run: 1,
                };
                assert!(
                    self.store.instances.contains_key(&first),
                    "{id} is acknowledged"
                );
            }
        }
        Some(answer)
    }

    fn make_durable(&mut self, commands: &[Command]) {
        let mut acted = false;
        for command in commands {
            if let Command::Persist(change) = command {
                assert!(!acted, "invariant 3: changes come first");
                self.store.apply(change.clone());
            } else {
                acted = true;
            }
        }
    }

    fn act(&mut self, commands: Vec<Command>) -> Option<Result<Answer, Refusal>> {
        let mut answer = None;
        for command in commands {
            let node = match &command {
                Command::Persist(_) => continue,
                Command::Reply { result, .. } => {
                    assert!(answer.is_none(), "one answer to one request");
                    answer = Some(result.clone());
                    continue;
                }
                Command::Warn(text) => {
                    assert!(!text.contains("cannot go on"), "{text}");
                    continue;
                }
                Command::Dispatch(dispatch) => {
                    self.check_dispatch(dispatch);
                    dispatch.node.clone()
                }
                Command::Kill { node, .. } | Command::Acknowledge { node, .. } => node.clone(),
            };
            if let Some(node) = self.nodes.iter_mut().find(|each| each.id == node) {
                let is_dispatch = matches!(command, Command::Dispatch(_));
                assert!(
                    !is_dispatch || node.known_up,
                    "{} is out of reach and is given something",
                    node.id
                );
                if node.linked {
                    node.inbox.push_back(command);
                }
            }
        }
        answer
    }

    /// Invariants 3, 4, 7: what is dispatched is durable, assigned once, and what it waits for is over.
    fn check_dispatch(&self, dispatch: &Dispatch) {
        let id = &dispatch.attempt;
        let attempt: &Attempt = &self.store.attempts[id];
        assert!(!attempt.status.is_final(), "{id} is over and dispatched");
        assert_eq!(attempt.epoch, Epoch(self.epoch));
        let again = self.accepted.contains(id) && !self.lost.unknown.contains(id);
        assert!(!again, "{id} is dispatched twice");
        assert!(
            !self.lost.visits.contains(&id.visit),
            "{id} may have run before the store went back"
        );
        let visit = &self.store.visits[&id.visit];
        assert_eq!(visit.status, VisitStatus::Running, "{id}");
        let instance = &self.store.instances[&id.visit.run];
        assert_eq!(instance.status, InstanceStatus::Running, "{id}");
        assert!(
            instance.ending.is_none(),
            "{id} begins after the end was decided"
        );
        if let Some((step, number)) = &visit.from {
            let from = self.store.visits.values().find(|from| {
                from.id.run == id.visit.run && from.id.step == *step && from.id.visit == *number
            });
            assert!(
                from.is_some_and(|from| from.status.is_final()),
                "{id} came too early"
            );
        }
    }

    /// How many instances of a workflow wait for an operator.
    fn held(&self, workflow: &str) -> usize {
        let held = self.engine.in_doubt().map(|doubt| doubt.instances);
        let of_workflow = |id: &&InstanceId| {
            let mut runs = self.store.instances.values();
            runs.any(|each| each.id.instance == **id && each.workflow.as_str() == workflow)
        };
        held.iter().flatten().filter(of_workflow).count()
    }

    /// Invariants 6 and 10, and that nobody waits in a queue that has room.
    fn check(&self) {
        for (name, limit) in &self.limits {
            let (running, waiting) = self.store.count(name);
            let waiting = waiting - self.held(name);
            assert!(running <= *limit, "{running} of {name} run");
            let idle = waiting > 0 && running < *limit;
            assert!(!idle, "{name} waits though it need not");
        }
        for run in &self.lost.instances {
            let status = self.store.instances.get(run).map(|each| each.status);
            assert_ne!(
                status,
                Some(InstanceStatus::Running),
                "{run} may have run before the store went back"
            );
        }
        for key in &self.lost.fired {
            let fate = self.store.ledger.get(key).map(|row| &row.fate);
            assert!(
                !matches!(fate, Some(Fate::Ran { .. })),
                "{key:?} ran before the store went back, and again"
            );
        }
        for (key, workflow, instant) in &self.store.held {
            let state = &self.store.states[key];
            assert_eq!(state.held_time, Some(*instant), "a held time of {workflow}");
        }
    }

    /// Another engine takes over; nodes are heard of again one by one.
    pub(super) fn change_master(&mut self) {
        self.epoch += 1;
        self.late = None;
        let options = Options {
            epoch: Epoch(self.epoch),
            seed: self.rng.random(),
            settings: self.settings.clone(),
        };
        self.store.last_renewed_at = Some(self.now.wall);
        let mut commands = Vec::new();
        self.engine = Engine::load(options, self.store.active(), self.now, &mut commands);
        for node in &mut self.nodes {
            (node.linked, node.known_up) = (false, false);
            node.outbox.clear();
        }
        self.make_durable(&commands);
        self.act(commands);
        self.check();
    }

    pub(super) fn pass(&mut self, duration: Duration) {
        self.now.monotonic += duration;
        self.now.wall += SignedDuration::try_from(duration).unwrap();
        self.send(Event::Wake);
    }

    /// Some node does something, or something happens to it.
    pub(super) fn stir(&mut self) {
        let at = self.rng.random_range(0..self.nodes.len());
        match self.rng.random_range(0..22) {
            0 => self.crash(at),
            1 => self.cut_off(at),
            2 if !self.nodes[at].linked => self.expire_grant(at),
            3 | 4 if !self.nodes[at].linked => self.connect(at),
            5 => self.repeat_old(),
            6 => self.toggle_draining(at),
            20 | 21 => self.break_link(at),
            7..=12 => {
                self.end_one(at);
            }
            _ => {
                self.deliver_to(at);
                self.deliver_from(at);
            }
        }
    }

    /// Everything that is under way arrives, every action ends, every node is back.
    pub(super) fn calm(&mut self) {
        for at in 0..self.nodes.len() {
            if self.nodes[at].draining {
                self.toggle_draining(at);
            }
            self.connect(at);
            while !self.nodes[at].inbox.is_empty() {
                self.deliver_to(at);
            }
            while self.end_one(at) {}
            while !self.nodes[at].outbox.is_empty() {
                self.deliver_from(at);
            }
        }
    }

    fn crash(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.alive = false;
        node.linked = false;
        node.running.clear();
        node.inbox.clear();
        node.outbox.clear();
        let node = node.id.clone();
        if self.rng.random() {
            self.nodes[at].known_up = false;
            self.send(Event::PeerDown { node });
        }
    }

    /// The connection breaks: of what was on its way some arrived, the rest never does. Gossip still calls it alive.
    fn break_link(&mut self, at: usize) {
        if !self.nodes[at].alive || !self.nodes[at].linked {
            return;
        }
        while self.rng.random() && !self.nodes[at].inbox.is_empty() {
            self.deliver_to(at);
        }
        let node = &mut self.nodes[at];
        (node.linked, node.known_up) = (false, false);
        node.inbox.clear();
        node.outbox.clear();
        let node = node.id.clone();
        self.send(Event::PeerUnreachable { node });
    }

    /// Copies the store.
    pub(super) fn back_up(&mut self) {
        self.backup = Some(self.store.clone());
    }

    /// The store goes back to its copy, if there is one, and the next master is told.
    pub(super) fn restore(&mut self) {
        let Some(backup) = self.backup.take() else {
            return;
        };
        let now = self.now.wall;
        let ran = |row: &LedgerRow| matches!(row.fate, Fate::Ran { .. });
        let after = std::mem::replace(&mut self.store, backup);
        let fired = after.ledger.iter().filter(|(key, row)| {
            ran(row) && key.2 <= now && !self.store.ledger.get(*key).is_some_and(ran)
        });
        let unknown = |id: &AttemptId| {
            let attempt = self.store.attempts.get(id);
            attempt.is_none_or(|attempt| attempt.status.is_final())
        };
        let on_their_way = |node: &Node| {
            let inbox = node.inbox.iter();
            let ids = inbox.filter_map(|command| match command {
                Command::Dispatch(dispatch) => Some(dispatch.attempt.clone()),
                _ => None,
            });
            ids.collect::<Vec<_>>()
        };
        let given = self.nodes.iter().flat_map(|node| {
            let running = node.running.keys().cloned();
            running.chain(on_their_way(node))
        });
        let mut lost = LostHistory {
            fired: fired.map(|(key, _)| key.clone()).collect(),
            unknown: given.filter(unknown).collect(),
            ..LostHistory::default()
        };
        for run in &self.store.active {
            let instance = &self.store.instances[run];
            if instance.status == InstanceStatus::Waiting {
                lost.instances.insert(run.clone());
            } else if instance.ending.is_none() {
                let visits = self.store.visits_of(run);
                let live = visits.filter(|visit| !visit.status.is_final());
                lost.visits.extend(live.map(|visit| visit.id.clone()));
            }
        }
        self.lost = lost;
        let known = &self.store.attempts;
        self.accepted.retain(|id| known.contains_key(id));
        self.old_reports.clear();
        self.store.restoration = Some(Restoration {
            epoch: Epoch(self.epoch + 1),
            found_at: now,
            last_queue_order: None,
        });
        self.change_master();
    }

    /// What a worker tells of a try that the store knows is no doubt any more.
    fn trust(&mut self, event: &Event) {
        let known = |id: &AttemptId, from: &NodeId| {
            let attempt = self.store.attempts.get(id);
            attempt.is_some_and(|attempt| attempt.node == *from && !attempt.status.is_final())
        };
        let told: Vec<VisitId> = match event {
            Event::Report { attempt, node, .. } if known(attempt, node) => {
                vec![attempt.visit.clone()]
            }
            Event::Inventory { node, attempts, .. } => {
                let known = attempts.iter().filter(|id| known(id, node));
                known.map(|id| id.visit.clone()).collect()
            }
            _ => Vec::new(),
        };
        for visit in told {
            self.lost.visits.remove(&visit);
        }
    }

    fn cut_off(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        (node.linked, node.known_up) = (false, false);
        node.inbox.clear();
        node.outbox.clear();
        let node = node.id.clone();
        self.send(Event::PeerDown { node });
    }

    /// The node's grant is over: it has killed what waits, and the engine may know.
    fn expire_grant(&mut self, at: usize) {
        let wall = self.now.wall;
        let node = &mut self.nodes[at];
        node.known_up = false;
        node.inbox.clear();
        let waiting: Vec<AttemptId> = node
            .running
            .iter()
            .filter(|(_, dispatch)| policy(dispatch) == OnPartition::Wait)
            .map(|(id, _)| id.clone())
            .collect();
        for id in waiting {
            let dispatch = node.running.remove(&id).unwrap();
            let event = ended(&id, &dispatch, AttemptResult::Revoked, wall);
            node.outcomes.insert(id, event);
        }
        let event = Event::GrantOver {
            node: node.id.clone(),
            incarnation: Incarnation(node.incarnation),
        };
        self.send(Event::PeerDown {
            node: self.nodes[at].id.clone(),
        });
        self.send(event);
    }

    /// The node comes back: it tells of itself, of what ended, of what runs.
    fn connect(&mut self, at: usize) {
        let epoch = Epoch(self.epoch);
        let node = &mut self.nodes[at];
        if node.linked {
            return;
        }
        if !node.alive {
            node.alive = true;
            node.incarnation += 1;
        }
        node.inbox.clear();
        node.epoch = epoch;
        (node.linked, node.known_up) = (true, true);
        let incarnation = Incarnation(node.incarnation);
        let reports: Vec<Event> = node.outcomes.values().cloned().collect();
        let attempts = node.running.keys().chain(node.outcomes.keys()).cloned();
        let inventory = Event::Inventory {
            node: node.id.clone(),
            incarnation,
            attempts: attempts.collect(),
        };
        let peer = Event::Peer(self.told(at));
        for event in [peer].into_iter().chain(reports).chain([inventory]) {
            self.send(event);
            if !self.nodes[at].linked {
                // The master died meanwhile.
                return;
            }
        }
    }

    fn told(&self, at: usize) -> Peer {
        let node = &self.nodes[at];
        Peer {
            id: node.id.clone(),
            incarnation: Incarnation(node.incarnation),
            hosts: BTreeSet::new(),
            labels: node.labels.clone(),
            slots: node.slots,
            load: 0,
            draining: node.draining,
        }
    }

    fn toggle_draining(&mut self, at: usize) {
        self.nodes[at].draining = !self.nodes[at].draining;
        if self.nodes[at].linked {
            let peer = self.told(at);
            self.send(Event::Peer(peer));
        }
    }

    fn deliver_to(&mut self, at: usize) {
        let wall = self.now.wall;
        let Some(command) = self.nodes[at].inbox.pop_front() else {
            return;
        };
        match command {
            Command::Dispatch(dispatch) => self.accept(at, dispatch),
            Command::Kill { attempt, .. } => {
                let node = &mut self.nodes[at];
                if let Some(dispatch) = node.running.remove(&attempt) {
                    let event = ended(&attempt, &dispatch, AttemptResult::Killed, wall);
                    node.outbox.push(event.clone());
                    node.outcomes.insert(attempt, event);
                }
            }
            Command::Acknowledge { attempt, .. } => {
                self.nodes[at].outcomes.remove(&attempt);
            }
            Command::Persist(_) | Command::Reply { .. } | Command::Warn(_) => {}
        }
    }

    fn accept(&mut self, at: usize, dispatch: Box<Dispatch>) {
        let id = dispatch.attempt.clone();
        let node = &mut self.nodes[at];
        // A store that went back may give a try again that this node runs or whose outcome it holds.
        if let Some(outcome) = node.outcomes.get(&id) {
            node.outbox.push(outcome.clone());
            return;
        }
        if node.running.contains_key(&id) {
            return;
        }
        let reason = if dispatch.epoch < node.epoch {
            Some("a lower epoch")
        } else if dispatch.incarnation != Incarnation(node.incarnation) {
            Some("of a former life")
        } else if node.draining || node.running.len() >= node.slots as usize {
            Some("no slot")
        } else {
            None
        };
        let report = match reason {
            Some(reason) => Report::Refused {
                reason: reason.to_owned(),
            },
            None => {
                self.check_alone(&dispatch);
                let again = !self.accepted.insert(id.clone());
                assert!(
                    !again || self.lost.unknown.contains(&id),
                    "{id} begins twice"
                );
                Report::Started { at: self.now.wall }
            }
        };
        let event = Event::Report {
            attempt: id.clone(),
            node: dispatch.node.clone(),
            incarnation: dispatch.incarnation,
            report,
        };
        let node = &mut self.nodes[at];
        node.outbox.push(event);
        if reason.is_none() {
            node.running.insert(id, dispatch);
        }
    }

    /// Invariant 9: no other try of the visit runs anywhere.
    fn check_alone(&self, dispatch: &Dispatch) {
        if policy(dispatch) == OnPartition::Rerun {
            return;
        }
        for node in &self.nodes {
            for other in node.running.keys() {
                if self.lost.unknown.contains(other) {
                    continue;
                }
                assert_ne!(other.visit, dispatch.attempt.visit, "two tries at once");
            }
        }
    }

    /// Whether some node runs a try of the visit.
    pub(super) fn runs_somewhere(&self, visit: &VisitId) -> bool {
        let mut running = self.nodes.iter().flat_map(|node| node.running.keys());
        running.any(|attempt| attempt.visit == *visit)
    }

    /// An action ends by itself. Without faults, one that shall be killed goes on until it is told.
    fn end_one(&mut self, at: usize) -> bool {
        let wall = self.now.wall;
        let ends =
            |id: &&AttemptId| !self.healing || self.store.instances[&id.visit.run].ending.is_none();
        let Some(id) = self.nodes[at].running.keys().find(ends).cloned() else {
            return false;
        };
        let result = match self.rng.random_range(0..10) {
            _ if self.healing => AttemptResult::Succeeded,
            0..=6 => AttemptResult::Succeeded,
            7 | 8 => AttemptResult::Failed,
            _ => AttemptResult::TimedOut,
        };
        let node = &mut self.nodes[at];
        let dispatch = node.running.remove(&id).unwrap();
        let event = ended(&id, &dispatch, result, wall);
        node.outcomes.insert(id, event.clone());
        if node.linked {
            node.outbox.push(event.clone());
        }
        self.old_reports.push(event);
        true
    }

    /// A report arrives, in any order, perhaps to arrive again.
    fn deliver_from(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if !node.linked || node.outbox.is_empty() {
            return;
        }
        let which = self.rng.random_range(0..node.outbox.len());
        let event = if !self.healing && self.rng.random_bool(0.2) {
            node.outbox[which].clone()
        } else {
            node.outbox.swap_remove(which)
        };
        self.send(event);
    }

    fn repeat_old(&mut self) {
        if let Some(event) = self.old_reports.choose(&mut self.rng).cloned()
            && let Event::Report { attempt, node, .. } = &event
            && let Some(holder) = self.nodes.iter().find(|each| each.id == *node)
            && holder.linked
            && !holder.running.contains_key(attempt)
        {
            self.send(event);
        }
    }
}

fn policy(dispatch: &Dispatch) -> OnPartition {
    match &dispatch.workflow.step(dispatch.step).kind {
        StepKind::Action(action) => action.on_partition,
        other => panic!("a {} was dispatched", other.type_name()),
    }
}
