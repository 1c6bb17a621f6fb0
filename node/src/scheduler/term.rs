//! One term of mastership: from loading the engine to stepping down.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use peerflow_engine::{Answer, Command, Engine, Event, Now, Options, RequestId};
use peerflow_model::Change;
use peerflow_store::Error;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::active::ActiveRuns;
use super::batch::{Action, Batch, publish};
use super::commit::lease_over;
use super::handle::{Ask, AskError};
use super::mastership::Mandate;
use super::service::{Scheduler, TermOver};
use super::settings::reconcile;
use super::worker_lease::WorkerLease;
use super::workers::Workers;
use crate::worker::PeerEvent;

/// Events and requests taken in one turn.
const TURN_EVENTS: usize = 512;
/// Changes and actions after which a turn ends.
const TURN_SIZE: usize = 4096;
/// The engine is woken at least this often, so that a clock that jumped is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long the store may take to give the state that a term goes on from.
const LOAD_PATIENCE: Duration = Duration::from_secs(60);
/// How often grants that may be over are looked for while nodes that cannot be reached hold attempts.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// One term of mastership.
pub(super) struct Term<'s> {
    pub(super) scheduler: &'s mut Scheduler,
    pub(super) mandate: Mandate,
    pub(super) engine: Engine,
    pub(super) batch: Batch,
    /// Filled by the engine, emptied into the batch.
    pub(super) commands: Vec<Command>,
    /// Requests in this batch.
    pub(super) waiting: HashMap<RequestId, oneshot::Sender<Result<Answer, AskError>>>,
    /// Idempotency keys in this batch.
    pub(super) keys: HashSet<String>,
    /// Requests put off to the next turn, because they need what this one commits.
    pub(super) put_off: VecDeque<Ask>,
    pub(super) last_request: u64,
    /// When the engine was last woken.
    pub(super) woken_at: Instant,
    pub(super) active: ActiveRuns,
    workers: Workers,
    worker_lease: WorkerLease,
    /// When grants that may be over were last looked for.
    looked_at: Instant,
    /// Nodes that cannot be reached hold attempts, as far as is known.
    awaits_nodes: bool,
}

/// What a term begins with.
struct Loaded {
    engine: Engine,
    batch: Batch,
    active: ActiveRuns,
    workers: Workers,
    worker_lease: WorkerLease,
}

impl<'s> Term<'s> {
    /// Schedules until the node stops or the lease is lost.
    pub(super) async fn run(
        scheduler: &'s mut Scheduler,
        mut mandate: Mandate,
        seed: u64,
    ) -> (Mandate, TermOver) {
        let loaded = match Self::load(scheduler, &mut mandate, seed).await {
            Ok(loaded) => loaded,
            Err(over) => return (mandate, over),
        };
        let mut term = Term {
            scheduler,
            mandate,
            engine: loaded.engine,
            batch: loaded.batch,
            commands: Vec::new(),
            waiting: HashMap::new(),
            keys: HashSet::new(),
            put_off: VecDeque::new(),
            last_request: 0,
            woken_at: Instant::now(),
            active: loaded.active,
            workers: loaded.workers,
            worker_lease: loaded.worker_lease,
            looked_at: Instant::now(),
            awaits_nodes: true,
        };
        // What is due already belongs to the first batch.
        term.handle(Event::Wake);
        let over = loop {
            if let Err(over) = term.settle().await {
                break over;
            }
            // Not before the first batch is durable: who reads then shall find what was missed meanwhile, and the plan.
            term.scheduler.is_well(term.mandate.epoch());
            if let Err(over) = term.gather().await {
                break over;
            }
        };
        term.dismiss(&over);
        (term.mandate, over)
    }

    /// Reads what is active and makes the engine of it.
    async fn load(
        scheduler: &mut Scheduler,
        mandate: &mut Mandate,
        seed: u64,
    ) -> Result<Loaded, TermOver> {
        let began = Instant::now();
        let read = async {
            let settings = scheduler.store.settings().await?;
            Ok::<_, Error>((settings, scheduler.store.active_state().await?))
        };
        let (stored, state) = tokio::select! {
            biased;
            () = scheduler.stop.cancelled() => return Err(TermOver::Stopped),
            () = scheduler.resign.cancelled() => return Err(TermOver::Resigned),
            () = mandate.over() => return Err(lease_over()),
            () = sleep(LOAD_PATIENCE) => return Err(TermOver::CannotGoOn {
                reason: format!("the store did not give the state to go on from within {} s", LOAD_PATIENCE.as_secs()),
            }),
            read = read => read.map_err(|error| TermOver::CannotGoOn {
                reason: format!("cannot read the state to go on from: {error}"),
            })?,
        };
        let (settings, changes) =
            reconcile(&scheduler.config, &stored, scheduler.cluster.is_alone());
        let mut active = ActiveRuns::default();
        state
            .runs
            .iter()
            .for_each(|run| active.note(&run.instance, &scheduler.metrics));
        let (workflows, runs) = (state.workflows.len(), state.runs.len());
        let options = Options {
            epoch: mandate.epoch(),
            seed,
            settings,
        };
        let (worker_lease, longest) =
            WorkerLease::begin(options.settings.worker_lease, &stored, Instant::now());
        let mut commands = Vec::new();
        let engine = Engine::load(options, state, scheduler.now(), &mut commands);
        let mut batch = Batch::default();
        let changes = changes.into_iter().chain(longest);
        changes.for_each(|change| batch.persist(change));
        batch.take(&mut commands);
        let workers = Workers::attach(mandate.epoch(), &scheduler.cluster, &scheduler.worker).await;
        let workers = workers.map_err(|over| TermOver::SteppedDown {
            reason: over.to_string(),
        })?;
        tracing::info!(
            epoch = mandate.epoch().0,
            workflows,
            runs,
            took_ms = began.elapsed().as_millis(),
            "the state is loaded"
        );
        Ok(Loaded {
            engine,
            batch,
            active,
            workers,
            worker_lease,
        })
    }

    /// Waits for something to do and lets the engine handle it, with all that came together.
    async fn gather(&mut self) -> Result<(), TermOver> {
        if let Some(ask) = self.put_off.pop_front() {
            self.ask(ask).await;
        } else {
            let wake_at = self.wake_at();
            tokio::select! {
                biased;
                () = self.scheduler.stop.cancelled() => return Err(TermOver::Stopped),
                () = self.scheduler.resign.cancelled() => return Err(TermOver::Resigned),
                () = self.mandate.over() => return Err(lease_over()),
                Some(event) = self.workers.event() => self.hear(event),
                Some(ask) = self.scheduler.asks.recv() => self.ask(ask).await,
                () = tokio::time::sleep_until(wake_at) => {}
            }
        }
        let mut taken = 1;
        while taken < TURN_EVENTS && self.batch.size() < TURN_SIZE {
            if let Some(event) = self.workers.event_at_hand() {
                self.hear(event);
            } else if self.put_off.is_empty()
                && let Ok(ask) = self.scheduler.asks.try_recv()
            {
                self.ask(ask).await;
            } else {
                break;
            }
            taken += 1;
        }
        if Instant::now() >= self.wake_at() {
            self.woken_at = Instant::now();
            self.handle(Event::Wake);
        }
        if self.looked_at.elapsed() >= self.look_every() {
            self.looked_at = Instant::now();
            self.look_for_the_lost();
        }
        Ok(())
    }

    fn look_every(&self) -> Duration {
        if self.awaits_nodes {
            LOOK_EVERY
        } else {
            LONGEST_SLEEP
        }
    }

    /// Tells the engine how busy the nodes are, of nodes that are gone, and of grants that are surely over.
    fn look_for_the_lost(&mut self) {
        for peer in self.workers.changed() {
            self.handle(Event::Peer(peer));
        }
        self.awaits_nodes = !self.engine.awaited().is_empty();
        for node in self.workers.absent(&self.engine) {
            self.handle(Event::PeerDown { node });
        }
        let longest = self.worker_lease.longest();
        for (node, incarnation) in self.workers.grants_over(&self.engine, longest) {
            tracing::warn!(%node, "the last grant of a node that is gone is over; what it ran is lost");
            self.handle(Event::GrantOver { node, incarnation });
        }
        if let Some(change) = self.worker_lease.count_down(Instant::now()) {
            self.batch.persist(change);
        }
    }

    fn wake_at(&self) -> Instant {
        let longest = self.woken_at + self.look_every();
        match self.engine.next_wakeup(self.scheduler.now()) {
            Some(wait) => longest.min(Instant::now() + wait),
            None => longest,
        }
    }

    fn handle(&mut self, event: Event) {
        let now = self.scheduler.now();
        self.engine.handle(now, event, &mut self.commands);
        self.batch.take(&mut self.commands);
    }

    fn hear(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::GrantRequest { node, number } => {
                if self.mandate.holds() {
                    self.workers
                        .grant(&node, number, self.worker_lease.present());
                }
            }
            PeerEvent::Told(Event::Peer(peer)) => {
                let peer = self.workers.told(peer);
                self.handle(Event::Peer(peer));
            }
            PeerEvent::Told(event) => self.handle(event),
            PeerEvent::Attached { node, orders } => self.workers.attached(node, orders),
            PeerEvent::Detached { node } => {
                self.awaits_nodes = true;
                self.workers.detached(&node);
                self.handle(Event::PeerUnreachable { node });
            }
            PeerEvent::Down { node } => {
                self.awaits_nodes = true;
                self.workers.detached(&node);
                self.handle(Event::PeerDown { node });
            }
        }
    }

    /// Makes the batch durable, then does what was to wait for that.
    async fn settle(&mut self) -> Result<(), TermOver> {
        if self.batch.size() == 0 {
            return Ok(());
        }
        let has_changes = self.batch.has_changes();
        let (mut changes, actions) = std::mem::take(&mut self.batch).into_parts();
        changes.extend(self.worker_lease.beside(&changes));
        if has_changes {
            self.commit(&changes).await?;
            self.note(changes);
        }
        self.keys.clear();
        self.act(actions);
        Ok(())
    }

    /// Counts and tells what has become durable.
    fn note(&mut self, changes: Vec<Change>) {
        for change in &changes {
            match change {
                Change::PutInstance(instance) => {
                    self.active.note(instance, &self.scheduler.metrics)
                }
                Change::PutMail(_) => self.scheduler.mail_due.notify_one(),
                Change::PutSetting { key, value } => {
                    self.worker_lease.note(change, Instant::now());
                    // The lease of this term keeps its ttl; the next one has the new.
                    self.scheduler.adopt(&[(key.clone(), value.clone())]);
                }
                _ => {}
            }
        }
        publish(&self.scheduler.events, changes);
    }

    fn act(&mut self, actions: Vec<Action>) {
        let holds = self.mandate.holds();
        for action in actions {
            match action {
                Action::Dispatch(dispatch) if holds => {
                    self.scheduler.metrics.dispatched();
                    self.workers.dispatch(*dispatch);
                }
                // The next term finds that no worker has it.
                Action::Dispatch(dispatch) => {
                    tracing::info!(attempt = %dispatch.attempt, "not dispatched: the lease ran out meanwhile");
                }
                Action::Kill {
                    node,
                    attempt,
                    reason,
                } => self.workers.kill(&node, attempt, reason),
                Action::Acknowledge { node, attempt } => self.workers.acknowledge(&node, attempt),
                Action::Reply { id, result } => {
                    if let Some(answer) = self.waiting.remove(&id) {
                        // Whoever asked may be gone.
                        drop(answer.send(result.map_err(AskError::from)));
                    }
                }
            }
        }
    }

    /// Answers those whose requests this term leaves open.
    fn dismiss(&mut self, over: &TermOver) {
        let error = || {
            match over {
            TermOver::Stopped => super::handle::stopping(),
            TermOver::Resigned | TermOver::SteppedDown { .. } => AskError::Unavailable {
                reason: "mastership changed meanwhile, so what was asked may or may not have happened: look before \
                         asking again, or repeat with the same Idempotency-Key"
                    .to_owned(),
                retry_after: Duration::from_secs(1),
            },
            // The batch with these requests in it was refused whole.
            TermOver::CannotGoOn { reason } => AskError::Unavailable {
                reason: format!("nothing of what was asked was done: {reason}"),
                retry_after: Duration::from_secs(1),
            },
        }
        };
        let waiting = self.waiting.drain().map(|(_, answer)| answer);
        for answer in waiting.chain(self.put_off.drain(..).map(|ask| ask.answer)) {
            // Whoever asked may be gone.
            drop(answer.send(Err(error())));
        }
    }
}

impl Scheduler {
    /// The time by both clocks.
    pub(super) fn now(&self) -> Now {
        Now {
            wall: self.clock.now(),
            monotonic: self.origin.elapsed(),
        }
    }
}
