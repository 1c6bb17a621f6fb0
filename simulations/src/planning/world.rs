//! The engine, the machines and time, which jumps from event to event.

mod registering;
mod workers;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_engine::{Answer, Command, Engine, Event, Now, Options, Refusal};
use peerflow_model::{ActiveState, Epoch, Incarnation, Settings};
use peerflow_workflow::{Document, WorkflowName};

use super::documents::Found;
use super::error::PlanError;
use super::machine::Machine;
use super::picture::Picture;
use super::plan::Plan;
use super::player::Player;
use super::processes::Processes;
use super::slots::SlotWatch;
use super::{Period, PlanOptions, late};
use crate::history::{Entry, What};
use crate::time::VirtualTime;

/// The only epoch of a plan.
const EPOCH: Epoch = Epoch(1);
/// The only life of a machine.
const LIFE: Incarnation = Incarnation(1);
/// The engine takes a longer silence for a node that stood still and lets the misfire policy decide. A node's loop
/// wakes it each second, so it is woken that long before the next event.
const LONGEST_SILENCE: Duration = Duration::from_secs(20);
const LAST_WAKE: Duration = Duration::from_secs(1);
/// More events at one instant than this, and as many for each step of all documents, mean that time never goes on.
const MOST_AT_ONCE: usize = 10_000;
const MOST_FOR_EACH_STEP: usize = 100;
/// How many instances a plan may hold.
const MOST_INSTANCES: usize = 5_000_000;

/// All that a plan is made with.
pub(super) struct World<'p> {
    engine: Engine,
    settings: Settings,
    period: Period,
    now: Now,
    machines: Vec<Machine>,
    slots: usize,
    player: &'p mut dyn Player,
    picture: Picture,
    processes: Processes,
    watch: SlotWatch,
    commands: Vec<Command>,
    /// The answer to the latest request.
    reply: Option<Result<Answer, Refusal>>,
    warnings: Vec<String>,
    history: Option<Vec<Entry>>,
    commits: u64,
    /// How many events may come at one instant.
    most_at_once: usize,
}

impl<'p> World<'p> {
    /// The machines are up and nothing is registered.
    pub(super) fn new(
        options: &PlanOptions,
        period: &Period,
        machines: Vec<Machine>,
        player: &'p mut dyn Player,
    ) -> Self {
        let now = Now {
            wall: period.begins,
            monotonic: Duration::ZERO,
        };
        let settings = Settings {
            // The engine's own plan of the day only lists times; whoever reads this plan has no use for it.
            plan: String::new(),
            ..options.settings.clone()
        };
        let engine_options = Options {
            epoch: EPOCH,
            seed: options.seed,
            settings: settings.clone(),
        };
        let mut commands = Vec::new();
        let engine = Engine::load(engine_options, ActiveState::default(), now, &mut commands);
        let slots = machines.iter().map(|machine| machine.slots as usize).sum();
        Self {
            engine,
            settings,
            period: period.clone(),
            now,
            machines,
            slots,
            player,
            picture: Picture::default(),
            processes: Processes::default(),
            watch: SlotWatch::default(),
            commands,
            reply: None,
            warnings: Vec::new(),
            history: options.keep_history.then(Vec::new),
            commits: 0,
            most_at_once: MOST_AT_ONCE,
        }
    }

    /// Lets time go on to the end of the period.
    pub(super) fn run(&mut self) -> Result<(), PlanError> {
        let end = super::numbers::between(self.period.begins, self.period.to);
        let mut at_once = 0;
        loop {
            let wake = self.engine.next_wakeup(self.now);
            let wake = wake.map(|left| self.now.monotonic.saturating_add(left));
            let next = wake.into_iter().chain(self.processes.next()).min();
            let Some(next) = next.filter(|next| *next < end) else {
                break;
            };
            if next > self.now.monotonic {
                at_once = 0;
                self.watch_slots();
            }
            at_once += 1;
            self.check_size(at_once)?;
            if next.saturating_sub(self.now.monotonic) > LONGEST_SILENCE {
                self.pass_to(next - LAST_WAKE);
                self.handle(Event::Wake);
                continue;
            }
            self.pass_to(next.max(self.now.monotonic));
            match self.processes.pop(self.now.monotonic) {
                Some(process) => self.report(process),
                None => self.handle(Event::Wake),
            }
        }
        self.watch_slots();
        self.pass_to(end);
        Ok(())
    }

    fn check_size(&self, at_once: usize) -> Result<(), PlanError> {
        let at = self.now.wall;
        if at_once > self.most_at_once {
            let events = self.most_at_once;
            return Err(PlanError::StandsStill { at, events });
        }
        if self.picture.instances.len() > MOST_INSTANCES {
            return Err(PlanError::TooLarge {
                most: MOST_INSTANCES,
                what: "instances",
                at,
            });
        }
        Ok(())
    }

    /// The plan.
    pub(super) fn conclude(mut self, documents: &[Found], options: &PlanOptions) -> Plan {
        let Period {
            begins, from, to, ..
        } = self.period;
        self.picture.close(to);
        let mut picture = self.picture;
        picture.times.retain(|time| time.at >= from);
        let is_within = |ended: Option<Timestamp>| ended.is_none_or(|ended| ended > from);
        picture
            .instances
            .retain(|each| each.queued_at >= from || is_within(each.ended_at));
        let mut full = self.watch.into_spans(to);
        full.retain(|span| span.to > from);
        for span in &mut full {
            span.from = span.from.max(from);
        }
        let late = late::late(&picture.instances, options.late_after);
        let idle = late::idle(documents, &picture, options.switched_off_too);
        let mut notes = self.warnings;
        notes.append(&mut picture.gaps);
        Plan {
            from,
            to,
            timezone: self.settings.timezone,
            machines: self.machines,
            times: picture.times,
            instances: picture.instances,
            full,
            late,
            idle,
            mails: picture.mails,
            notes,
            began_at: begins,
            history: self.history.unwrap_or_default(),
        }
    }

    fn pass_to(&mut self, monotonic: Duration) {
        let by = monotonic.saturating_sub(self.now.monotonic);
        self.now.monotonic = monotonic;
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.now.wall = self.now.wall.saturating_add(by).unwrap_or(Timestamp::MAX);
    }

    fn watch_slots(&mut self) {
        let full = self.processes.len() >= self.slots;
        let waiting = self.engine.pending();
        self.watch.observe(self.now.wall, full, waiting);
    }

    fn handle(&mut self, event: Event) {
        self.engine.handle(self.now, event, &mut self.commands);
        self.obey();
    }

    /// Does what the engine wants: what is to be durable is so at once.
    fn obey(&mut self) {
        let mut commands = std::mem::take(&mut self.commands);
        if self.history.is_some() {
            self.note_commit(&commands);
        }
        let mut changes = Vec::new();
        let mut acts = Vec::new();
        for command in commands.drain(..) {
            match command {
                Command::Persist(change) => changes.push(change),
                act => acts.push(act),
            }
        }
        self.commands = commands;
        self.picture.apply(self.now.wall, changes);
        for act in acts {
            match act {
                Command::Persist(_) | Command::Acknowledge { .. } => {}
                Command::Dispatch(dispatch) => self.start(&dispatch),
                Command::Kill {
                    attempt, reason, ..
                } => {
                    self.kill(&attempt, reason);
                }
                Command::Reply { result, .. } => self.reply = Some(result),
                Command::Warn(text) => {
                    if !self.warnings.contains(&text) && self.warnings.len() < 100 {
                        self.warnings.push(text);
                    }
                }
            }
        }
    }

    fn note(&mut self, what: impl FnOnce() -> What) {
        let at = VirtualTime::after_start(self.now.monotonic);
        if let Some(history) = &mut self.history {
            history.push(Entry { at, what: what() });
        }
    }

    fn note_commit(&mut self, commands: &[Command]) {
        let changes = commands.iter().filter_map(|command| match command {
            Command::Persist(change) => Some(change.clone()),
            _ => None,
        });
        let changes: Vec<_> = changes.collect();
        let Some(holder) = self.machines.first().map(|first| first.name.clone()) else {
            return;
        };
        if changes.is_empty() {
            return;
        }
        self.commits += 1;
        let commit_seq = self.commits;
        self.note(|| What::Committed {
            holder,
            epoch: EPOCH,
            commit_seq,
            changes: changes.into(),
        });
    }
}

/// Workflows of the documents.
pub(super) fn workflows(documents: &[Found]) -> BTreeSet<&WorkflowName> {
    let named = documents.iter().filter_map(|found| match &found.document {
        Document::Workflow(document) => Some(&document.workflow().name),
        Document::Coordinator(_) => None,
    });
    named.collect()
}
