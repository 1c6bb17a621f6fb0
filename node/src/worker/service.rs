//! The worker's loop.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_actions::{Task, TaskEnd, TaskRunner};
use peerflow_engine::{Dispatch, Event, Report};
use peerflow_model::{AttemptId, Epoch};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::outcomes::{Outcome, Outcomes};
use super::slots::Slots;
use super::{Load, ORDERS, Order, WorkerHandle, WorkerReport};
use crate::clock::Clock;
use crate::identity::NodeIdentity;
use crate::logs::LogHub;
use crate::metrics::Metrics;

/// What a worker is made of.
pub(crate) struct WorkerParts {
    pub(crate) identity: Arc<NodeIdentity>,
    pub(crate) runner: Arc<dyn TaskRunner>,
    pub(crate) logs: LogHub,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) outcomes: Outcomes,
    /// The highest epoch this node has seen.
    pub(crate) epoch: Epoch,
    pub(crate) reports: mpsc::Sender<WorkerReport>,
}

/// Runs attempts. Owned and run by the node.
pub(crate) struct Worker {
    parts: WorkerParts,
    orders: mpsc::Receiver<Order>,
    slots: Slots,
    tasks: JoinSet<TaskEnd>,
    /// Attempts that began, from their tasks.
    begun: (mpsc::Sender<Begun>, mpsc::Receiver<Begun>),
    /// Begins that are told if their attempt still runs then, in the order of that time.
    starting: VecDeque<(Instant, Begun)>,
    /// Reports that the channel has no room for yet.
    unsent: VecDeque<Event>,
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
        let (sender, orders) = mpsc::channel(ORDERS);
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
            orders,
            tasks: JoinSet::new(),
            starting: VecDeque::new(),
            unsent: VecDeque::new(),
            draining: false,
            load,
        };
        (
            worker,
            WorkerHandle {
                orders: sender,
                load: load_watch,
            },
        )
    }

    /// Runs until `stop`. What still runs then is killed by the spawner, which sees this node go.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let reports = self.parts.reports.clone();
        loop {
            let tell_at = self.starting.front().map(|(at, _)| *at);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some((attempt, at)) = self.begun.1.recv() => self.began(attempt, at),
                Some(joined) = self.tasks.join_next_with_id() => self.ended(joined),
                Ok(permit) = reports.reserve(), if !self.unsent.is_empty() => {
                    if let Some(event) = self.unsent.pop_front() {
                        permit.send(WorkerReport { epoch: self.parts.epoch, event });
                    }
                }
                () = until(tell_at) => self.tell_begins(),
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Announce { epoch } => self.announce(epoch),
            Order::Dispatch(dispatch) => self.dispatch(*dispatch),
            Order::Kill { attempt, reason } => self.slots.kill(&attempt, reason),
            Order::Acknowledge { attempt } => {
                self.parts.outcomes.confirm(&attempt);
                self.count();
            }
            Order::Drain => {
                self.draining = true;
                self.unsent
                    .push_back(Event::Peer(self.parts.identity.peer(true)));
            }
            Order::Revoke { reason } => self.slots.revoke_all(&reason),
        }
    }

    /// Tells a new master everything: the outcomes that waited, this node, then what it runs.
    fn announce(&mut self, epoch: Epoch) {
        if epoch < self.parts.epoch {
            return;
        }
        self.parts.epoch = epoch;
        self.unsent.clear();
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
        let identity = &self.parts.identity;
        self.unsent
            .push_back(Event::Peer(identity.peer(self.draining)));
        self.unsent.push_back(Event::Inventory {
            node: identity.id.clone(),
            incarnation: identity.incarnation,
            attempts,
        });
        let begun: Vec<Begun> = self
            .slots
            .iter()
            .filter_map(|(attempt, running)| Some((attempt.clone(), running.started_at?)))
            .collect();
        for (attempt, at) in begun {
            self.report(attempt, Report::Started { at });
        }
    }

    fn dispatch(&mut self, dispatch: Dispatch) {
        if self.slots.contains(&dispatch.attempt) {
            return;
        }
        if let Some(outcome) = self.parts.outcomes.get(&dispatch.attempt) {
            let report = outcome.report();
            return self.report(dispatch.attempt, report);
        }
        if let Some(reason) = self.objection(&dispatch) {
            tracing::info!(attempt = %dispatch.attempt, reason, "refused an attempt");
            self.parts.metrics.refused();
            return self.report(dispatch.attempt, Report::Refused { reason });
        }
        self.parts.epoch = dispatch.epoch;
        let attempt = dispatch.attempt.clone();
        let (kill, signal) = watch::channel(None);
        let begun = self.begun.0.clone();
        let began = attempt.clone();
        let task = Task {
            attempt: dispatch.attempt,
            workflow: dispatch.workflow,
            step: dispatch.step,
            params: dispatch.params,
            logical_time: dispatch.logical_time,
            timeout: dispatch.timeout,
            files: dispatch.files,
        };
        let runner = Arc::clone(&self.parts.runner);
        let log = self.parts.logs.sink(attempt.clone());
        let metrics = self.parts.metrics.clone();
        let taken_at = Instant::now();
        let started = Box::new(move |at| {
            metrics.began(taken_at.elapsed());
            // There is room for one of each slot; without a reader the worker is gone.
            drop(begun.try_send((began, at)));
        });
        let running = self
            .tasks
            .spawn(async move { runner.run(task, log, signal, started).await });
        self.slots.add(attempt, running.id(), kill);
        self.count();
    }

    /// Why an attempt is not taken (invariant 4).
    fn objection(&self, dispatch: &Dispatch) -> Option<String> {
        if dispatch.epoch < self.parts.epoch {
            Some(format!(
                "its epoch {} is over: this node has seen {}",
                dispatch.epoch.0, self.parts.epoch.0
            ))
        } else if dispatch.incarnation != self.parts.identity.incarnation {
            Some("it is meant for another life of this node".to_owned())
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
        let Some((attempt, end)) = self.slots.ended(joined, now) else {
            return;
        };
        let outcome = Outcome::new(attempt.clone(), end);
        self.parts.metrics.attempt_ended(outcome.result());
        let report = outcome.report();
        self.parts.outcomes.add(outcome);
        self.report(attempt, report);
        self.count();
    }

    fn report(&mut self, attempt: AttemptId, report: Report) {
        let identity = &self.parts.identity;
        self.unsent.push_back(Event::Report {
            attempt,
            node: identity.id.clone(),
            incarnation: identity.incarnation,
            report,
        });
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

/// Waits for a time, where there is one.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
