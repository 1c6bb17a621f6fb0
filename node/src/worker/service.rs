//! The worker's loop.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use peerflow_actions::{TaskEnd, TaskResult, TaskRunner};
use peerflow_engine::{Event, Report};
use peerflow_model::AttemptId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::definitions::Definitions;
use super::grants::Grants;
use super::outcomes::{Outcome, Outcomes};
use super::slots::{Revoked, Slots};
use super::work::Work;
use super::{
    Assignment, Attach, EpochOver, Instruction, Load, MasterLink, Order, PeerEvent, WorkerHandle,
};
use crate::clock::Clock;
use crate::epoch::HighestEpoch;
use crate::identity::NodeIdentity;
use crate::logs::LogHub;
use crate::metrics::Metrics;

/// What a worker is made of.
pub(crate) struct WorkerParts {
    pub(crate) identity: Arc<NodeIdentity>,
    pub(crate) runner: Arc<dyn TaskRunner>,
    pub(crate) definitions: Definitions,
    pub(crate) logs: LogHub,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) outcomes: Outcomes,
    pub(crate) epoch: HighestEpoch,
}

/// Runs attempts. Owned and run by the node.
pub(crate) struct Worker {
    parts: WorkerParts,
    attaching: mpsc::Receiver<Attach>,
    instructions: mpsc::Receiver<Instruction>,
    /// The master that has this worker's ear.
    link: Option<MasterLink>,
    grants: Grants,
    slots: Slots,
    tasks: JoinSet<TaskEnd>,
    /// Attempts that began, from their tasks.
    begun: (mpsc::Sender<Begun>, mpsc::Receiver<Begun>),
    /// Begins that are told if their attempt still runs then, in the order of that time.
    starting: VecDeque<(Instant, Begun)>,
    /// What the link has no room for yet.
    unsent: VecDeque<PeerEvent>,
    /// Takes no more attempts.
    draining: bool,
    load: watch::Sender<Load>,
}

type Begun = (AttemptId, Timestamp);

/// After which time the begin of an attempt is told. One that is over by then tells its begin with its end, which
/// spares the store a transaction and keeps short tasks from waiting for it.
const TELL_BEGIN: Duration = Duration::from_millis(20);

impl Worker {
    pub(crate) fn new(parts: WorkerParts) -> (Self, WorkerHandle) {
        let (attach, attaching) = mpsc::channel(4);
        let (instruct, instructions) = mpsc::channel(16);
        let (load, load_watch) = watch::channel(Load {
            running: 0,
            unconfirmed: parts.outcomes.len(),
        });
        parts.metrics.slots(parts.identity.slots);
        let worker = Self {
            slots: Slots::new(parts.identity.slots),
            // Each attempt begins once, and its begin is read before its end frees the slot.
            begun: mpsc::channel(parts.identity.slots as usize + 1),
            parts,
            attaching,
            instructions,
            link: None,
            grants: Grants::default(),
            tasks: JoinSet::new(),
            starting: VecDeque::new(),
            unsent: VecDeque::new(),
            draining: false,
            load,
        };
        (
            worker,
            WorkerHandle {
                attach,
                instructions: instruct,
                load: load_watch,
            },
        )
    }

    /// Runs until `stop`. What still runs then is killed by the spawner, which sees this node go.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let tell_at = self.starting.front().map(|(at, _)| *at);
            let words = self.link.as_ref().map(|link| link.words.clone());
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some((attempt, at)) = self.begun.1.recv() => self.began(attempt, at),
                Some(joined) = self.tasks.join_next_with_id() => self.ended(joined),
                Some(attach) = self.attaching.recv() => self.attach(attach),
                Some(instruction) = self.instructions.recv() => self.follow(instruction),
                permit = room(words.as_ref()), if !self.unsent.is_empty() => match permit {
                    Some(permit) => if let Some(event) = self.unsent.pop_front() { permit.send(event) },
                    None => self.unlink(),
                },
                () = until(self.grants.end()), if self.slots.len() > 0 => self.grant_over(),
                () = until(self.grants.ask_at()) => self.ask_grant(),
                () = until(tell_at) => self.tell_begins(),
                order = next_order(&mut self.link) => match order {
                    Some(order) => self.obey(order),
                    None => self.unlink(),
                },
            }
        }
    }

    /// Takes a master, in place of the one before. It is told everything: the outcomes that waited, this node, then
    /// what it runs.
    fn attach(&mut self, attach: Attach) {
        let Attach { link, answer } = attach;
        let seen = self.parts.epoch.current();
        if link.epoch < seen {
            return tell_master(answer, Err(EpochOver { seen }));
        }
        self.parts.epoch.heard_of(link.epoch);
        self.link = Some(link);
        // Before the master can dispatch anything it must have been asked for a grant.
        self.unsent.clear();
        self.grants.begin(Instant::now());
        self.ask_grant();
        self.tell_all();
        tell_master(answer, Ok(()));
    }

    /// The master is gone, or the connection to it is: it, or another, attaches itself again.
    fn unlink(&mut self) {
        self.link = None;
        self.unsent.clear();
        self.grants.pause();
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Dispatch(assignment) => self.dispatch(*assignment),
            Order::Kill { attempt, reason } => self.slots.kill(&attempt, reason),
            Order::Acknowledge { attempt } => {
                self.parts.outcomes.confirm(&attempt);
                self.count();
            }
            Order::Grant { number, lease } => {
                if let Some(end) = self.grants.granted(number, lease, Instant::now()) {
                    self.parts.runner.granted_until(end.boot);
                }
            }
        }
    }

    fn follow(&mut self, instruction: Instruction) {
        match instruction {
            Instruction::Drain(is_draining) => {
                self.draining = is_draining;
                let peer = self.parts.identity.peer(is_draining);
                self.tell(PeerEvent::Told(Event::Peer(peer)));
            }
            Instruction::Revoke { reason } => self.slots.revoke_all(&reason),
        }
    }

    fn ask_grant(&mut self) {
        let number = self
            .grants
            .ask(Instant::now(), self.parts.clock.boot_time());
        let node = self.parts.identity.id.clone();
        // Before all else that waits: it counts from now.
        if self.link.is_some() {
            self.unsent
                .push_front(PeerEvent::GrantRequest { node, number });
        }
    }

    /// No master has prolonged the grant: what is bound by it ends now, before it may begin elsewhere.
    fn grant_over(&mut self) {
        let reason = "no master was reachable for as long as this node may run tasks by itself (worker.lease); \
                      the task runs again once one is";
        let revoked = self.slots.revoke_bound(reason);
        if revoked > 0 {
            tracing::warn!(
                tasks = revoked,
                "the grant is over: killing the tasks that may not run without one"
            );
        }
        self.grants.forget_ended(Instant::now());
    }

    fn tell_all(&mut self) {
        // All begins are told below.
        self.starting.clear();
        let outcomes: Vec<(AttemptId, Report)> = self
            .parts
            .outcomes
            .iter()
            .map(|(attempt, outcome)| (attempt.clone(), outcome.report()))
            .collect();
        let attempts = outcomes
            .iter()
            .map(|(attempt, _)| attempt)
            .chain(self.slots.iter().map(|(attempt, _)| attempt))
            .cloned()
            .collect();
        for (attempt, report) in outcomes {
            self.report(attempt, report);
        }
        let identity = Arc::clone(&self.parts.identity);
        self.tell(PeerEvent::Told(Event::Peer(identity.peer(self.draining))));
        self.tell(PeerEvent::Told(Event::Inventory {
            node: identity.id.clone(),
            incarnation: identity.incarnation,
            attempts,
        }));
        let begun: Vec<Begun> = self
            .slots
            .iter()
            .filter_map(|(attempt, running)| Some((attempt.clone(), running.started_at?)))
            .collect();
        for (attempt, at) in begun {
            self.report(attempt, Report::Started { at });
        }
    }

    fn dispatch(&mut self, assignment: Assignment) {
        if self.slots.contains(&assignment.attempt) {
            return;
        }
        if let Some(outcome) = self.parts.outcomes.get(&assignment.attempt) {
            let report = outcome.report();
            return self.report(assignment.attempt, report);
        }
        if let Some(reason) = self.objection(&assignment) {
            tracing::info!(attempt = %assignment.attempt, reason, "refused an attempt");
            self.parts.metrics.refused();
            return self.report(assignment.attempt, Report::Refused { reason });
        }
        let attempt = assignment.attempt.clone();
        let (kill, signal) = watch::channel(None);
        let policy = Arc::new(OnceLock::new());
        let work = Work {
            runner: Arc::clone(&self.parts.runner),
            definitions: self.parts.definitions.clone(),
            logs: self.parts.logs.clone(),
            clock: Arc::clone(&self.parts.clock),
            metrics: self.parts.metrics.clone(),
            begun: self.begun.0.clone(),
            policy: Arc::clone(&policy),
            taken_at: Instant::now(),
        };
        let running = self.tasks.spawn(work.run(assignment, signal));
        self.slots.add(attempt, running.id(), kill, policy);
        self.count();
    }

    /// Why an attempt is not taken (invariant 4).
    fn objection(&self, assignment: &Assignment) -> Option<String> {
        let seen = self.parts.epoch.current();
        let (now, boot) = (Instant::now(), self.parts.clock.boot_time());
        if assignment.epoch < seen {
            Some(format!(
                "its epoch {} is over: this node has seen {}",
                assignment.epoch.0, seen.0
            ))
        } else if assignment.incarnation != self.parts.identity.incarnation {
            Some("it is meant for another life of this node".to_owned())
        } else if !self.grants.holds(assignment.grant, now, boot) {
            Some("the grant it belongs to is over".to_owned())
        } else if self.draining {
            Some("this node takes no more attempts".to_owned())
        } else if self.slots.is_full() {
            Some("this node has no free slot".to_owned())
        } else {
            None
        }
    }

    fn began(&mut self, attempt: AttemptId, at: Timestamp) {
        self.slots.began(&attempt, at);
        self.starting
            .push_back((Instant::now() + TELL_BEGIN, (attempt, at)));
    }

    /// Tells the begins whose time has come, of attempts that still run.
    fn tell_begins(&mut self) {
        let now = Instant::now();
        while let Some((_, (attempt, at))) =
            self.starting.pop_front_if(|(tell_at, _)| *tell_at <= now)
        {
            if self.slots.contains(&attempt) {
                self.report(attempt, Report::Started { at });
            }
        }
    }

    fn ended(&mut self, joined: Result<(Id, TaskEnd), JoinError>) {
        let now = self.parts.clock.now();
        let Some((attempt, end, revoked)) = self.slots.ended(joined, now) else {
            return;
        };
        // What never began for want of its definition is not lost either: it runs elsewhere.
        let never_began = end.result == TaskResult::Revoked && end.started_at.is_none();
        let moved = never_began || revoked == Some(Revoked::Leaving);
        let outcome = Outcome::new(attempt.clone(), end, moved);
        self.parts.metrics.attempt_ended(outcome.result());
        let report = outcome.report();
        self.parts.outcomes.add(outcome);
        self.report(attempt, report);
        self.count();
    }

    fn report(&mut self, attempt: AttemptId, report: Report) {
        let identity = &self.parts.identity;
        self.tell(PeerEvent::Told(Event::Report {
            attempt,
            node: identity.id.clone(),
            incarnation: identity.incarnation,
            report,
        }));
    }

    /// Without a master there is nobody to tell; the next one is told everything.
    fn tell(&mut self, event: PeerEvent) {
        if self.link.is_some() {
            self.unsent.push_back(event);
        }
    }

    fn count(&self) {
        let (running, unconfirmed) = (self.slots.len(), self.parts.outcomes.len());
        self.load.send_replace(Load {
            running,
            unconfirmed,
        });
        self.parts.metrics.worker(running, unconfirmed);
    }
}

fn tell_master(answer: oneshot::Sender<Result<(), EpochOver>>, attached: Result<(), EpochOver>) {
    if answer.send(attached).is_err() {
        tracing::debug!("a master went while it was being attached");
    }
}

/// The next order of the master, where there is one; `None` when its link is closed.
async fn next_order(link: &mut Option<MasterLink>) -> Option<Order> {
    match link {
        Some(link) => link.orders.recv().await,
        None => std::future::pending().await,
    }
}

/// Room for one more; `None` when nobody hears it any more.
async fn room(words: Option<&mpsc::Sender<PeerEvent>>) -> Option<mpsc::Permit<'_, PeerEvent>> {
    match words {
        Some(words) => words.reserve().await.ok(),
        None => std::future::pending().await,
    }
}

/// Waits for a time, where there is one.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
