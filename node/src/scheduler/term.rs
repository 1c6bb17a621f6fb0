//! One term of mastership: from loading the engine to stepping down.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use peerflow_engine::{
    Answer, Command, Engine, Event, Now, Options, Refusal, RefusalKind, Request, RequestId, RerunMode, RerunOf,
};
use peerflow_model::{Change, ContentHash, InstanceId};
use peerflow_store::{CommitError, Error};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::active::ActiveRuns;
use super::answers;
use super::batch::{Action, Batch, publish};
use super::handle::{Ask, AskError, Asked};
use super::mastership::Mandate;
use super::scheduler::{Scheduler, TermOver};
use super::settings::reconcile;
use crate::worker::{Order, WorkerReport};

/// Events and requests taken in one turn.
const TURN_EVENTS: usize = 512;
/// Changes and actions after which a turn ends.
const TURN_SIZE: usize = 4096;
/// The engine is woken at least this often, so that a clock that jumped is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// After this time a commit that has not come back counts as trouble.
const SLOW_COMMIT: Duration = Duration::from_secs(2);
/// Pauses between tries of a batch whose outcome is unknown.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a read that a request needs may take.
const READ_PATIENCE: Duration = Duration::from_secs(3);

/// One term of mastership.
pub(super) struct Term<'s> {
    scheduler: &'s mut Scheduler,
    mandate: Mandate,
    engine: Engine,
    batch: Batch,
    /// Filled by the engine, emptied into the batch.
    commands: Vec<Command>,
    /// Requests in this batch.
    waiting: HashMap<RequestId, oneshot::Sender<Result<Answer, AskError>>>,
    /// Idempotency keys in this batch.
    keys: HashSet<String>,
    /// Requests put off to the next turn, because they need what this one commits.
    put_off: VecDeque<Ask>,
    last_request: u64,
    /// When the engine was last woken.
    woken_at: Instant,
    active: ActiveRuns,
}

impl<'s> Term<'s> {
    /// Schedules until the node stops or the lease is lost.
    pub(super) async fn run(scheduler: &'s mut Scheduler, mandate: Mandate, seed: u64) -> (Mandate, TermOver) {
        let mut term = match Self::load(scheduler, &mandate, seed).await {
            Ok((scheduler, engine, batch, active)) => Term {
                scheduler,
                mandate,
                engine,
                batch,
                commands: Vec::new(),
                waiting: HashMap::new(),
                keys: HashSet::new(),
                put_off: VecDeque::new(),
                last_request: 0,
                woken_at: Instant::now(),
                active,
            },
            Err(over) => return (mandate, over),
        };
        let over = loop {
            if let Err(over) = term.settle().await {
                break over;
            }
            if let Err(over) = term.gather().await {
                break over;
            }
        };
        term.dismiss(&over);
        (term.mandate, over)
    }

    /// Reads what is active and makes the engine of it.
    async fn load(
        scheduler: &'s mut Scheduler,
        mandate: &Mandate,
        seed: u64,
    ) -> Result<(&'s mut Scheduler, Engine, Batch, ActiveRuns), TermOver> {
        let began = Instant::now();
        let read = async {
            let settings = scheduler.store.settings().await?;
            Ok::<_, Error>((settings, scheduler.store.active_state().await?))
        };
        let (stored, state) = tokio::select! {
            biased;
            () = scheduler.stop.cancelled() => return Err(TermOver::Stopped),
            read = read => read.map_err(|error| TermOver::SteppedDown {
                reason: format!("cannot read the state to go on from: {error}"),
            })?,
        };
        let (settings, changes) = reconcile(&scheduler.config, &stored);
        let mut active = ActiveRuns::default();
        state.runs.iter().for_each(|run| active.note(&run.instance, &scheduler.metrics));
        let (workflows, runs) = (state.workflows.len(), state.runs.len());
        let options = Options {
            epoch: mandate.epoch(),
            seed,
            settings,
        };
        let mut commands = Vec::new();
        let engine = Engine::load(options, state, scheduler.now(), &mut commands);
        let mut batch = Batch::default();
        changes.into_iter().for_each(|change| batch.persist(change));
        batch.take(&mut commands);
        // Reports of an earlier term: their senders tell everything again when they hear of this one.
        while scheduler.reports.try_recv().is_ok() {}
        scheduler.worker.order(Order::Announce { epoch: mandate.epoch() }).await;
        tracing::info!(epoch = mandate.epoch().0, workflows, runs, took_ms = began.elapsed().as_millis(), "the state is loaded");
        scheduler.is_well(mandate.epoch());
        Ok((scheduler, engine, batch, active))
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
                () = self.mandate.over() => return Err(TermOver::SteppedDown {
                    reason: "the lease could not be renewed in time".to_owned(),
                }),
                Some(report) = self.scheduler.reports.recv() => self.report(report),
                Some(ask) = self.scheduler.asks.recv() => self.ask(ask).await,
                () = tokio::time::sleep_until(wake_at) => {}
            }
        }
        let mut taken = 1;
        while taken < TURN_EVENTS && self.batch.size() < TURN_SIZE {
            if let Ok(report) = self.scheduler.reports.try_recv() {
                self.report(report);
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
        Ok(())
    }

    fn wake_at(&self) -> Instant {
        let longest = self.woken_at + LONGEST_SLEEP;
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

    fn report(&mut self, report: WorkerReport) {
        if report.epoch == self.mandate.epoch() {
            self.handle(report.event);
        }
    }

    /// Takes a request, or puts it off until this batch is committed.
    async fn ask(&mut self, ask: Ask) {
        self.scheduler.metrics.requested();
        let reads_what_is_pending = matches!(ask.what, Asked::Rerun { .. }) && self.batch.size() > 0;
        let repeats_what_is_pending = ask.key.as_ref().is_some_and(|key| self.keys.contains(key));
        if reads_what_is_pending || repeats_what_is_pending {
            return self.put_off.push_back(ask);
        }
        let Ask { what, key, answer } = ask;
        let key = key.map(|key| (key, answers::fingerprint(&what)));
        let prepared = match self.recorded(key.as_ref()).await {
            Ok(None) => self.prepare(what).await,
            Ok(Some(recorded)) => Err(Ok(recorded)),
            Err(error) => Err(Err(error)),
        };
        match prepared {
            Ok(request) => {
                self.last_request += 1;
                let id = RequestId(self.last_request);
                self.waiting.insert(id, answer);
                let now = self.scheduler.now();
                self.engine.handle(now, Event::Request { id, request }, &mut self.commands);
                if let Some((key, fingerprint)) = key {
                    self.record_answer(id, key, fingerprint);
                }
                self.batch.take(&mut self.commands);
            }
            // Whoever asked may be gone.
            Err(early) => drop(answer.send(early)),
        }
    }

    /// The answer that an earlier request with this key got.
    async fn recorded(&self, key: Option<&(String, ContentHash)>) -> Result<Option<Answer>, AskError> {
        let Some((key, fingerprint)) = key else {
            return Ok(None);
        };
        match read(self.scheduler.store.answer(key)).await? {
            None => Ok(None),
            Some(stored) if stored.request != *fingerprint => Err(AskError::KeyReused),
            Some(stored) => answers::from_text(&stored.answer).map(Some).map_err(|error| AskError::Unavailable {
                reason: format!("the answer kept for this Idempotency-Key cannot be read: {error}"),
                retry_after: Duration::from_secs(60),
            }),
        }
    }

    /// What the engine is asked, or an answer that needs no engine.
    async fn prepare(&self, asked: Asked) -> Result<Request, Result<Answer, AskError>> {
        match asked {
            Asked::Engine(request) => Ok(request),
            Asked::Rerun { instance, mode, as_was } => self.prepare_rerun(&instance, mode, as_was).await.map_err(Err),
        }
    }

    async fn prepare_rerun(&self, instance: &InstanceId, mode: RerunMode, as_was: bool) -> Result<Request, AskError> {
        let store = &self.scheduler.store;
        let missing = |message: String| AskError::Refused(Refusal { kind: RefusalKind::NotFound, message });
        let latest = read(store.run(instance, None))
            .await?
            .ok_or_else(|| missing(format!("there is no instance {instance}")))?;
        let of = if as_was {
            let xml = read(store.document(latest.instance.definition)).await?.ok_or_else(|| {
                missing(format!("the definition that instance {instance} ran by is not kept any more; rerun it by the current one"))
            })?;
            RerunOf::Recorded { xml: xml.into() }
        } else {
            RerunOf::Current
        };
        Ok(Request::Rerun { latest: Box::new(latest), mode, of })
    }

    /// Puts the answer to a request that bears a key into the batch that makes it true. A refusal changes nothing, so
    /// it is not kept: the request is simply judged again.
    fn record_answer(&mut self, request: RequestId, key: String, fingerprint: ContentHash) {
        let answered = self.commands.iter().find_map(|command| match command {
            Command::Reply { id, result: Ok(answer) } if *id == request => Some(answers::to_text(answer)),
            _ => None,
        });
        match answered {
            Some(Ok(answer)) => {
                self.keys.insert(key.clone());
                self.batch.persist(Change::PutAnswer {
                    key,
                    request: fingerprint,
                    answer,
                    at: self.scheduler.clock.now(),
                });
            }
            Some(Err(error)) => tracing::error!(%error, "an answer cannot be kept under its Idempotency-Key"),
            None => {}
        }
    }

    /// Makes the batch durable, then does what was to wait for that.
    async fn settle(&mut self) -> Result<(), TermOver> {
        if self.batch.size() == 0 {
            return Ok(());
        }
        let has_changes = self.batch.has_changes();
        let (changes, actions) = std::mem::take(&mut self.batch).into_parts();
        if has_changes {
            self.commit(&changes).await?;
            self.note(changes);
        }
        self.keys.clear();
        self.act(actions).await;
        Ok(())
    }

    /// Sends the batch until its outcome is known.
    async fn commit(&mut self, changes: &[Change]) -> Result<(), TermOver> {
        let began = Instant::now();
        let fence = self.mandate.fence();
        let mut pause = FIRST_PAUSE;
        loop {
            let scheduler = &*self.scheduler;
            let epoch = self.mandate.epoch();
            let commit = scheduler.store.commit(&fence, changes);
            tokio::pin!(commit);
            let slow = sleep(SLOW_COMMIT);
            let slow = async {
                slow.await;
                scheduler.is_in_trouble(Some(epoch), "the store has not answered a commit for 2 s".to_owned());
                std::future::pending::<()>().await;
            };
            let outcome = tokio::select! {
                biased;
                outcome = &mut commit => outcome,
                () = scheduler.stop.cancelled() => match timeout(SLOW_COMMIT, &mut commit).await {
                    Ok(outcome) => outcome,
                    Err(_elapsed) => return Err(TermOver::Stopped),
                },
                () = slow => continue,
            };
            match outcome {
                Ok(()) => {
                    self.mandate.committed();
                    scheduler.metrics.committed(changes.len(), began.elapsed());
                    scheduler.is_well(epoch);
                    return Ok(());
                }
                Err(CommitError::Unknown(error)) => {
                    tracing::warn!(%error, changes = changes.len(), "the outcome of a commit is unknown; sending it again");
                    scheduler.metrics.commit_retried();
                    scheduler.is_in_trouble(Some(epoch), format!("the store is in trouble: {error}"));
                }
                Err(error @ (CommitError::Fenced { .. } | CommitError::Refused(_))) => {
                    return Err(TermOver::SteppedDown { reason: error.to_string() });
                }
            }
            tokio::select! {
                biased;
                () = scheduler.stop.cancelled() => return Err(TermOver::Stopped),
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    /// Counts and tells what has become durable.
    fn note(&mut self, changes: Vec<Change>) {
        for change in &changes {
            match change {
                Change::PutInstance(instance) => self.active.note(instance, &self.scheduler.metrics),
                Change::PutMail(_) => self.scheduler.mail_due.notify_one(),
                _ => {}
            }
        }
        publish(&self.scheduler.events, changes);
    }

    async fn act(&mut self, actions: Vec<Action>) {
        let holds = self.mandate.holds();
        for action in actions {
            match action {
                Action::Dispatch(dispatch) if holds => {
                    self.scheduler.metrics.dispatched();
                    self.scheduler.worker.order(Order::Dispatch(dispatch)).await;
                }
                // The next term finds that no worker has it.
                Action::Dispatch(dispatch) => {
                    tracing::info!(attempt = %dispatch.attempt, "not dispatched: the lease ran out meanwhile");
                }
                Action::Kill { attempt, reason, .. } => {
                    self.scheduler.worker.order(Order::Kill { attempt, reason }).await;
                }
                Action::Acknowledge { attempt, .. } => {
                    self.scheduler.worker.order(Order::Acknowledge { attempt }).await;
                }
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
        let error = || match over {
            TermOver::Stopped => super::handle::stopping(),
            TermOver::SteppedDown { .. } => AskError::Unavailable {
                reason: "mastership changed meanwhile, so what was asked may or may not have happened: look before \
                         asking again, or repeat with the same Idempotency-Key"
                    .to_owned(),
                retry_after: Duration::from_secs(1),
            },
        };
        let waiting = self.waiting.drain().map(|(_, answer)| answer);
        for answer in waiting.chain(self.put_off.drain(..).map(|ask| ask.answer)) {
            // Whoever asked may be gone.
            drop(answer.send(Err(error())));
        }
    }
}

impl Scheduler {
    fn now(&self) -> Now {
        Now {
            wall: self.clock.now(),
            monotonic: self.origin.elapsed(),
        }
    }
}

/// A read that a request needs, within [`READ_PATIENCE`].
async fn read<T>(reading: impl Future<Output = Result<T, Error>>) -> Result<T, AskError> {
    let problem = match timeout(READ_PATIENCE, reading).await {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => "the store does not answer in time".to_owned(),
    };
    Err(AskError::Unavailable {
        reason: problem,
        retry_after: Duration::from_secs(1),
    })
}
