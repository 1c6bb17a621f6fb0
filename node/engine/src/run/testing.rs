//! Building blocks of the tests: workflows from a few lines, and a rig that drives a run and keeps what it persists.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{
    ActiveRun, Attempt, AttemptId, ContentHash, Epoch, Incarnation, Instance, InstanceStatus,
    NodeId, RunId, TriggerKind, Visit, VisitId, VisitStatus,
};
use peerflow_workflow::{
    Action, Backoff, Command, Host, OnPartition, Place, Step, StepIndex, StepKind, StepName, Work,
    Workflow,
};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::{Doubt, Loss, Run, RunEffects};
use crate::event::{AttemptResult, Now, Report};

/// A workflow from lines such as `a: do b error=c retry=2 interval=5 timeout=60 exponential hold ignore`,
/// `f: fork a b`, `j: join e`, `k: kill why`, `e: end`, `s: start f`.
pub(super) fn workflow(text: &str) -> Workflow {
    let lines: Vec<(&str, Vec<&str>)> = text
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, rest)| (name, rest.split_whitespace().collect()))
        .collect();
    let indices: BTreeMap<&str, u32> = lines.iter().map(|(name, _)| *name).zip(0..).collect();
    let index = |name: &str| {
        let at = indices.get(name);
        StepIndex(*at.unwrap_or_else(|| panic!("no step {name}")))
    };
    let steps: Vec<Step> = lines
        .iter()
        .map(|(name, words)| Step {
            name: StepName::from(*name),
            description: String::new(),
            kind: kind(words, index),
            place: Place::default(),
        })
        .collect();
    let start = steps
        .iter()
        .position(|step| matches!(step.kind, StepKind::Start { .. }));
    Workflow {
        name: "w".into(),
        creator: String::new(),
        dir: "/tmp".to_owned(),
        description: String::new(),
        mail_level: [].into(),
        mail_receivers: Vec::new(),
        instance_limit: 1,
        create_time: None,
        timezone: None,
        priority: 0,
        coordinator: None,
        start: StepIndex(u32::try_from(start.expect("a start")).unwrap()),
        steps,
    }
}

fn kind(words: &[&str], index: impl Fn(&str) -> StepIndex) -> StepKind {
    match words[0] {
        "start" => StepKind::Start {
            to: index(words[1]),
        },
        "fork" => StepKind::Fork {
            paths: words[1..].iter().map(|name| index(name)).collect(),
        },
        "join" => StepKind::Join {
            to: index(words[1]),
        },
        "kill" => StepKind::Kill {
            message: words[1..].join(" "),
        },
        "end" => StepKind::End,
        "do" => StepKind::Action(Box::new(action(&words[1..], index))),
        other => panic!("no kind {other}"),
    }
}

fn action(words: &[&str], index: impl Fn(&str) -> StepIndex) -> Action {
    let mut action = Action {
        ok: index(words[0]),
        error: None,
        host: Host::Any,
        labels: [].into(),
        retry_times: 0,
        interval: Duration::ZERO,
        backoff: Backoff::Fixed,
        timeout: None,
        ignore: false,
        on_partition: OnPartition::Wait,
        work: Work::Shell(Command("true".to_owned())),
    };
    for word in &words[1..] {
        match word.split_once('=').unwrap_or((word, "")) {
            ("error", step) => action.error = Some(index(step)),
            ("retry", times) => action.retry_times = times.parse().unwrap(),
            ("interval", s) => action.interval = Duration::from_secs(s.parse().unwrap()),
            ("timeout", s) => action.timeout = Some(Duration::from_secs(s.parse().unwrap())),
            ("exponential", _) => action.backoff = Backoff::Exponential,
            ("hold", _) => action.on_partition = OnPartition::Hold,
            ("rerun", _) => action.on_partition = OnPartition::Rerun,
            ("ignore", _) => action.ignore = true,
            other => panic!("no option {other:?}"),
        }
    }
    action
}

/// An instance that waits to begin its `run`th run.
pub(super) fn instance(run: u32) -> Instance {
    Instance {
        id: RunId {
            instance: "i".into(),
            run,
        },
        workflow: "w".into(),
        status: InstanceStatus::Waiting,
        ending: None,
        params: BTreeMap::new(),
        trigger: TriggerKind::Trigger,
        logical_time: wall(0),
        coordinator: None,
        blood: None,
        skip: [].into(),
        definition: ContentHash::of(b""),
        priority: 0,
        queue_order: 1,
        created_at: wall(0),
        started_at: None,
        ended_at: None,
        message: String::new(),
    }
}

/// The wall clock at second `s` of a test.
pub(super) fn wall(s: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + s).unwrap()
}

impl Run {
    /// Visits of actions that wait for a slot or a node, in order of their sequence.
    pub(super) fn pending_visits(&self) -> impl Iterator<Item = &Visit> {
        self.tokens
            .keys()
            .map(|&slot| self.at(slot))
            .filter(|visit| visit.status == VisitStatus::Pending)
    }

    /// All that moves in a run: its visits, and the rest as text.
    pub(super) fn state(&self) -> (Vec<Visit>, String) {
        let rest = format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
            self.instance, self.slots, self.tokens, self.timers, self.joins
        );
        (self.visits.clone(), rest)
    }
}

/// A run, driven by hand, with all that it made durable.
pub(super) struct Rig {
    pub(super) run: Run,
    pub(super) now: Now,
    pub(super) rng: SmallRng,
    /// Effects of the last move.
    pub(super) last: RunEffects,
    pub(super) visits: BTreeMap<u32, Visit>,
    pub(super) attempts: BTreeMap<AttemptId, Attempt>,
    pub(super) instance: Instance,
    /// What waits for a slot, as the effects told.
    pub(super) ready: Vec<VisitId>,
}

impl Rig {
    pub(super) fn begin(text: &str) -> Self {
        Self::begin_skipping(text, &[])
    }

    pub(super) fn begin_skipping(text: &str, skip: &[&str]) -> Self {
        let mut instance = instance(1);
        instance.skip = skip.iter().map(|&name| name.into()).collect();
        Self::begin_with(workflow(text), instance)
    }

    pub(super) fn begin_with(workflow: Workflow, instance: Instance) -> Self {
        let now = Now {
            wall: wall(0),
            monotonic: Duration::from_secs(500),
        };
        let mut effects = RunEffects::default();
        let run = Run::begin(instance, Arc::new(workflow), now, &mut effects);
        Self::of(run, now, effects)
    }

    /// The next run of what this one left, by the same workflow or by `other`.
    pub(super) fn recover(&self, other: Option<&str>) -> Result<Self, String> {
        let workflow = other.map_or_else(
            || self.run.workflow.clone(),
            |text| Arc::new(workflow(text)),
        );
        let previous: Vec<Visit> = self.visits.values().cloned().collect();
        let instance = instance(self.instance.id.run + 1);
        let mut effects = RunEffects::default();
        let visits = super::recovery(&instance, &workflow, &previous, self.now)?;
        let run = Run::resume(instance, workflow, visits, false, self.now, &mut effects)?;
        Ok(Self::of(run, self.now, effects))
    }

    fn of(run: Run, now: Now, effects: RunEffects) -> Self {
        let mut rig = Self {
            instance: run.instance.clone(),
            run,
            now,
            rng: SmallRng::seed_from_u64(1),
            last: RunEffects::default(),
            visits: BTreeMap::new(),
            attempts: BTreeMap::new(),
            ready: Vec::new(),
        };
        rig.apply(effects);
        rig
    }

    /// Makes a move and keeps its effects.
    pub(super) fn act(&mut self, f: impl FnOnce(&mut Run, Now, &mut SmallRng, &mut RunEffects)) {
        let mut effects = RunEffects::default();
        f(&mut self.run, self.now, &mut self.rng, &mut effects);
        self.apply(effects);
    }

    fn apply(&mut self, effects: RunEffects) {
        for visit in &effects.visits {
            self.visits.insert(visit.sequence, visit.clone());
        }
        for attempt in &effects.attempts {
            self.attempts.insert(attempt.id.clone(), attempt.clone());
        }
        if effects.instance_changed {
            self.instance = self.run.instance.clone();
        }
        if !effects.withdrawn.is_empty() {
            self.ready.retain(|id| !effects.withdrawn.contains(id));
        }
        self.ready.extend(effects.ready.iter().cloned());
        self.last = effects;
    }

    /// What a new master would read of it.
    pub(super) fn persisted(&self) -> ActiveRun {
        ActiveRun {
            instance: self.instance.clone(),
            visits: self.visits.values().cloned().collect(),
            attempts: self.attempts.values().cloned().collect(),
        }
    }

    /// Goes on with the run as a new master would read it.
    pub(super) fn restart(&mut self) {
        self.go_on(None);
    }

    /// The same in a store that went back, found out with the second epoch.
    pub(super) fn restart_in_doubt(&mut self, fresh: bool) {
        let before = Epoch(2);
        self.go_on(Some(Doubt { before, fresh }));
    }

    fn go_on(&mut self, doubt: Option<Doubt>) {
        let mut effects = RunEffects::default();
        self.run = Run::restore(
            self.persisted(),
            self.run.workflow.clone(),
            doubt,
            self.now,
            &mut effects,
        )
        .expect("what was persisted fits");
        self.ready.clear();
        self.apply(effects);
    }

    pub(super) fn pass_time(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.wall += time;
        self.act(|run, now, rng, effects| run.wake(now, rng, effects));
    }

    pub(super) fn seconds(&mut self, s: u64) {
        self.pass_time(Duration::from_secs(s));
    }

    /// Gives a visit that waits for a slot to a node.
    pub(super) fn assign_visit(&mut self, id: &VisitId) -> Option<Duration> {
        let at = self.ready.iter().rposition(|other| other == id);
        self.ready
            .remove(at.unwrap_or_else(|| panic!("{id} does not wait for a slot")));
        let mut left = None;
        self.act(|run, now, _, effects| {
            let node = NodeId::from("n1");
            left = run
                .assign(id, node, Incarnation(1), Epoch(1), now, effects)
                .expect("it waits for a slot")
                .1;
        });
        left
    }

    /// Gives the first visit of `step` that waits for a slot to a node. Returns what is left of its timeout.
    pub(super) fn assign(&mut self, step: &str) -> Option<Duration> {
        let waits = |id: &&VisitId| id.step.as_str() == step;
        let id = self.ready.iter().find(waits).cloned();
        self.assign_visit(&id.unwrap_or_else(|| panic!("{step} does not wait for a slot")))
    }

    /// The live attempt of `step`.
    pub(super) fn live(&self, step: &str) -> AttemptId {
        let mut live = self.run.live_attempts().map(|(id, ..)| id);
        live.find(|id| id.visit.step.as_str() == step)
            .unwrap_or_else(|| panic!("{step} does not run"))
            .clone()
    }

    pub(super) fn report(&mut self, attempt: &AttemptId, report: Report) {
        self.act(|run, now, rng, effects| run.report(attempt, report, now, rng, effects));
    }

    /// The live attempt of `step` ends.
    pub(super) fn end(&mut self, step: &str, result: AttemptResult, message: &str) {
        let attempt = self.live(step);
        let report = self.ended(result, message);
        self.report(&attempt, report);
    }

    /// A report of an end now.
    pub(super) fn ended(&self, result: AttemptResult, message: &str) -> Report {
        Report::Ended {
            result,
            exit_code: None,
            message: message.to_owned(),
            started_at: Some(self.now.wall),
            ended_at: self.now.wall,
            readings: Vec::new(),
            warning: None,
        }
    }

    /// Runs each of `steps` to success, in order.
    pub(super) fn ok(&mut self, steps: &[&str]) {
        for step in steps {
            self.assign(step);
            self.end(step, AttemptResult::Succeeded, "");
        }
    }

    /// Runs `step` to failure.
    pub(super) fn fails(&mut self, step: &str) {
        self.assign(step);
        self.end(step, AttemptResult::Failed, "exit 1");
    }

    pub(super) fn lose(&mut self, step: &str, loss: Loss) {
        let attempt = self.live(step);
        self.act(|run, now, rng, effects| run.lose(&attempt, loss, now, rng, effects));
    }

    /// All visits as `step.number status`, in order.
    pub(super) fn history(&self) -> String {
        let words = self.visits.values().map(|visit| {
            let status = format!("{:?}", visit.status).to_lowercase();
            format!("{}.{} {status}", visit.id.step, visit.id.visit)
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// The latest visit of `step`.
    pub(super) fn visit(&self, step: &str) -> &Visit {
        let mut latest = self.visits.values().rev();
        latest
            .find(|visit| visit.id.step.as_str() == step)
            .unwrap_or_else(|| panic!("{step} was not reached"))
    }

    pub(super) fn status(&self, step: &str) -> VisitStatus {
        self.visit(step).status
    }

    /// Steps that wait for a slot, sorted.
    pub(super) fn waiting(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.ready.iter().map(|id| id.step.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Status and message of the instance.
    pub(super) fn outcome(&self) -> (InstanceStatus, &str) {
        (self.instance.status, &self.instance.message)
    }

    /// Steps whose attempts the last move asked to kill.
    pub(super) fn killed(&self) -> Vec<&str> {
        let kills = self.last.kills.iter();
        kills.map(|(id, ..)| id.visit.step.as_str()).collect()
    }
}
