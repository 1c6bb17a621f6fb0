//! Instances that are not over: which run, which wait behind their workflow's limit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use peerflow_model::{Instance, InstanceId, RunId, Visit};
use peerflow_workflow::{LogicalTime, WorkflowName};

use crate::documents::Source;
use crate::run::Run;

/// An instance that is not over.
#[derive(Debug)]
pub(crate) enum Active {
    /// Queued behind its workflow's limit.
    Waiting(Box<Waiting>),
    /// Running or ending.
    Running(Box<Running>),
}

/// An instance in its workflow's queue.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) instance: Instance,
    pub(crate) source: Arc<Source>,
    /// Of a recovery: what it begins with, as it is durable.
    pub(crate) visits: Vec<Visit>,
}

/// An instance that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) run: Run,
    pub(crate) source: Arc<Source>,
    /// The instance's parameters, shared by its dispatches.
    pub(crate) params: Arc<BTreeMap<String, String>>,
    pub(crate) zone: TimeZone,
    /// When the run wants to be woken, on the monotonic scale.
    wakeup: Option<Duration>,
}

impl Running {
    pub(crate) fn new(run: Run, source: Arc<Source>, zone: TimeZone) -> Self {
        Self {
            params: Arc::new(run.instance.params.clone()),
            run,
            source,
            zone,
            wakeup: None,
        }
    }

    pub(crate) fn logical_time(&self) -> LogicalTime {
        LogicalTime {
            instant: self.run.instance.logical_time,
            zone: self.zone.clone(),
        }
    }
}

/// The instances of one workflow.
#[derive(Debug, Default)]
struct Queue {
    /// How many run or end.
    running: u32,
    /// Waiting ones, first in first out.
    waiting: BTreeMap<u64, InstanceId>,
    /// Those that wait for an operator instead, since the store went back.
    held: BTreeMap<u64, InstanceId>,
}

/// All instances that are not over.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    active: BTreeMap<InstanceId, Active>,
    queues: BTreeMap<WorkflowName, Queue>,
    /// Runs by when they want to be woken.
    wakeups: BTreeSet<(Duration, InstanceId)>,
}

impl Instances {
    pub(crate) fn active(&self, id: &InstanceId) -> Option<&Active> {
        self.active.get(id)
    }

    /// The instance, while it runs.
    pub(crate) fn running(&self, id: &InstanceId) -> Option<&Running> {
        match self.active.get(id)? {
            Active::Running(running) => Some(running),
            Active::Waiting(_) => None,
        }
    }

    pub(crate) fn running_mut(&mut self, id: &InstanceId) -> Option<&mut Running> {
        match self.active.get_mut(id)? {
            Active::Running(running) => Some(running),
            Active::Waiting(_) => None,
        }
    }

    /// The run, while it is the one of its instance that runs.
    pub(crate) fn run(&self, id: &RunId) -> Option<&Run> {
        let run = &self.running(&id.instance)?.run;
        (run.instance.id.run == id.run).then_some(run)
    }

    /// How many of `workflow` wait for an operator.
    pub(crate) fn held(&self, workflow: &WorkflowName) -> usize {
        let queue = self.queues.get(workflow);
        queue.map_or(0, |queue| queue.held.len())
    }

    /// Whether the instance waits for an operator.
    pub(crate) fn is_held(&self, id: &InstanceId) -> bool {
        match self.active.get(id) {
            Some(Active::Waiting(waiting)) => {
                let instance = &waiting.instance;
                let queue = self.queues.get(&instance.workflow);
                queue.is_some_and(|queue| queue.held.contains_key(&instance.queue_order))
            }
            Some(Active::Running(_)) | None => false,
        }
    }

    /// All that run or end.
    pub(crate) fn all_running(&self) -> impl Iterator<Item = &Running> {
        self.active.values().filter_map(|active| match active {
            Active::Running(running) => Some(running.as_ref()),
            Active::Waiting(_) => None,
        })
    }

    /// How many of `workflow` run or end, and how many wait for their turn.
    pub(crate) fn count(&self, workflow: &WorkflowName) -> (u32, usize) {
        self.queues
            .get(workflow)
            .map_or((0, 0), |queue| (queue.running, queue.waiting.len()))
    }

    /// Workflows that have waiting instances.
    pub(crate) fn queued_workflows(&self) -> Vec<WorkflowName> {
        self.queues
            .iter()
            .filter(|(_, queue)| !queue.waiting.is_empty())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The first in the queue of `workflow`.
    pub(crate) fn first_waiting(&self, workflow: &WorkflowName) -> Option<InstanceId> {
        let queue = self.queues.get(workflow)?;
        queue.waiting.first_key_value().map(|(_, id)| id.clone())
    }

    pub(crate) fn add_waiting(&mut self, waiting: Waiting) {
        self.add(waiting, false);
    }

    /// Adds one that does not start before an operator has released it.
    pub(crate) fn add_held(&mut self, waiting: Waiting) {
        self.add(waiting, true);
    }

    fn add(&mut self, waiting: Waiting, held: bool) {
        let instance = &waiting.instance;
        let queue = self.queues.entry(instance.workflow.clone()).or_default();
        let line = if held {
            &mut queue.held
        } else {
            &mut queue.waiting
        };
        let before = line.insert(instance.queue_order, instance.id.instance.clone());
        assert!(before.is_none(), "a place in a queue is given once");
        let id = instance.id.instance.clone();
        let before = self.active.insert(id, Active::Waiting(Box::new(waiting)));
        assert!(before.is_none(), "one run of an instance at a time");
    }

    pub(crate) fn remove_waiting(&mut self, id: &InstanceId) -> Option<Waiting> {
        if !matches!(self.active.get(id)?, Active::Waiting(_)) {
            return None;
        }
        let Some(Active::Waiting(waiting)) = self.active.remove(id) else {
            return None;
        };
        let workflow = &waiting.instance.workflow;
        if let Some(queue) = self.queues.get_mut(workflow) {
            queue.waiting.remove(&waiting.instance.queue_order);
            queue.held.remove(&waiting.instance.queue_order);
        }
        self.tidy(workflow);
        Some(*waiting)
    }

    pub(crate) fn add_running(&mut self, running: Running) {
        let id = running.run.instance.id.instance.clone();
        let queue = self
            .queues
            .entry(running.run.instance.workflow.clone())
            .or_default();
        queue.running += 1;
        let active = Active::Running(Box::new(running));
        let before = self.active.insert(id.clone(), active);
        assert!(before.is_none(), "one run of an instance at a time");
        self.rewake(&id);
    }

    pub(crate) fn remove_running(&mut self, id: &InstanceId) -> Option<Running> {
        if !matches!(self.active.get(id)?, Active::Running(_)) {
            return None;
        }
        let Some(Active::Running(running)) = self.active.remove(id) else {
            return None;
        };
        if let Some(at) = running.wakeup {
            self.wakeups.remove(&(at, id.clone()));
        }
        let workflow = &running.run.instance.workflow;
        if let Some(queue) = self.queues.get_mut(workflow) {
            assert!(queue.running > 0, "what ends was counted when it began");
            queue.running -= 1;
        }
        self.tidy(workflow);
        Some(*running)
    }

    fn tidy(&mut self, workflow: &WorkflowName) {
        if let Some(queue) = self.queues.get(workflow)
            && queue.running == 0
            && queue.waiting.is_empty()
            && queue.held.is_empty()
        {
            self.queues.remove(workflow);
        }
    }

    /// Asks the run anew when it wants to be woken.
    pub(crate) fn rewake(&mut self, id: &InstanceId) {
        let Some(Active::Running(running)) = self.active.get_mut(id) else {
            return;
        };
        let wakeup = running.run.next_wakeup();
        if wakeup == running.wakeup {
            return;
        }
        if let Some(at) = running.wakeup {
            self.wakeups.remove(&(at, id.clone()));
        }
        if let Some(at) = wakeup {
            self.wakeups.insert((at, id.clone()));
        }
        running.wakeup = wakeup;
    }

    /// Runs to be woken at `monotonic`.
    pub(crate) fn due(&self, monotonic: Duration) -> Vec<InstanceId> {
        self.wakeups
            .iter()
            .take_while(|(at, _)| *at <= monotonic)
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// When the next run wants to be woken.
    pub(crate) fn next_wakeup(&self) -> Option<Duration> {
        self.wakeups.first().map(|(at, _)| *at)
    }
}
