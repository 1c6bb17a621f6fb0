//! Making instances: parameters, the workflow they go by, their place in the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    BloodId, Change, CoordinatorKey, Instance, InstanceEvent, InstanceId, InstanceStatus, Outcome,
    RunId, TriggerKind,
};
use peerflow_workflow::{
    LogicalTime, Parameters, ResolveError, StepKind, StepName, Workflow, WorkflowDocument,
    WorkflowName,
};

use crate::documents::{Source, Unfit};
use crate::engine::Engine;
use crate::event::Now;
use crate::instances::Running;
use crate::progress::Ended;
use crate::request::Refusal;
use crate::run::{Run, RunEffects};

/// What an instance is to be made of.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) workflow: WorkflowName,
    pub(crate) trigger: TriggerKind,
    pub(crate) logical_time: Timestamp,
    /// Whose parameters it takes.
    pub(crate) parameters_of: Option<CoordinatorKey>,
    /// Who is said to have fired it.
    pub(crate) coordinator: Option<CoordinatorKey>,
    /// Parameters that come after the coordinator's and win.
    pub(crate) given: Parameters,
    pub(crate) blood: Option<BloodId>,
    pub(crate) skip: BTreeSet<StepName>,
}

impl Order {
    /// An instance that `coordinator` fires, with its parameters.
    pub(crate) fn fired(
        workflow: WorkflowName,
        trigger: TriggerKind,
        logical_time: Timestamp,
        coordinator: Option<CoordinatorKey>,
    ) -> Self {
        Self {
            workflow,
            trigger,
            logical_time,
            parameters_of: coordinator.clone(),
            coordinator,
            given: Parameters::new(),
            blood: None,
            skip: BTreeSet::new(),
        }
    }
}

/// An order that can be carried out.
#[derive(Debug)]
pub(crate) struct Prepared {
    order: Order,
    params: Parameters,
    workflow: Arc<Workflow>,
    source: Arc<Source>,
}

impl Engine {
    /// Computes parameters and workflow of an instance; changes nothing.
    ///
    /// # Errors
    /// When the workflow is not registered, parameters are missing or do not fit, or a step to skip does not exist.
    pub(crate) fn prepare(&mut self, order: Order) -> Result<Prepared, Refusal> {
        let Some(definition) = self.definitions.get(&order.workflow) else {
            return Err(Refusal::no_workflow(&order.workflow));
        };
        let params = match order
            .parameters_of
            .as_ref()
            .and_then(|key| self.coordinators.entry(key))
        {
            Some(entry) => {
                let zone = if entry.coordinator.timezone.is_some() {
                    entry.zone.clone()
                } else {
                    definition.zone.clone()
                };
                let time = LogicalTime {
                    instant: order.logical_time,
                    zone,
                };
                match entry.coordinator.parameters_at(&order.given, &time) {
                    Ok(params) => params,
                    Err(error) => return Err(self.all_missing(&order, error)),
                }
            }
            None => order.given.clone(),
        };
        let time = LogicalTime {
            instant: order.logical_time,
            zone: definition.zone.clone(),
        };
        let source = Arc::clone(&definition.source);
        let workflow = self
            .documents
            .workflow(&source, &params, &time)
            .map_err(|unfit| Refusal::unfit(&order.workflow, unfit))?;
        let unknown: Vec<&str> = order
            .skip
            .iter()
            .map(StepName::as_str)
            .filter(|name| !is_action(&workflow, name))
            .collect();
        if !unknown.is_empty() {
            return Err(Refusal::invalid(format!(
                "workflow {} has no action {} to skip; `peerflow workflow info` lists its steps",
                order.workflow,
                unknown.join(", ")
            )));
        }
        Ok(Prepared {
            order,
            params,
            workflow,
            source,
        })
    }

    /// The refusal of an order whose coordinator's parameters cannot be computed: where some are missing, it names
    /// those that only the steps miss too.
    fn all_missing(&mut self, order: &Order, error: ResolveError) -> Refusal {
        let ResolveError::MissingParameters(names) = error else {
            return Refusal::unfit(&order.workflow, Unfit::Resolve(error));
        };
        let mut names: BTreeSet<String> = names.into_iter().collect();
        let source = self.definitions.get(&order.workflow);
        let source = source.map(|definition| Arc::clone(&definition.source));
        let document = source.and_then(|source| self.documents.read(&source).ok());
        names.extend(
            document
                .iter()
                .flat_map(WorkflowDocument::parameters_needed),
        );
        let key = order.parameters_of.as_ref();
        if let Some(entry) = key.and_then(|key| self.coordinators.entry(key)) {
            for (name, _) in &entry.coordinator.parameters {
                // One that the list itself lacks above stays named.
                if !entry.coordinator.parameters_needed().contains(name) {
                    names.remove(name);
                }
            }
        }
        names.retain(|name| !order.given.contains_key(name));
        let missing = ResolveError::MissingParameters(names.into_iter().collect());
        Refusal::unfit(&order.workflow, Unfit::Resolve(missing))
    }

    /// Makes the instance. It runs at once or waits in its workflow's queue.
    pub(crate) fn make(&mut self, now: Now, prepared: Prepared) -> InstanceId {
        let Prepared {
            order,
            params,
            workflow,
            source,
        } = prepared;
        let mut instance = self.blank(now, &order, workflow.priority, &source);
        instance.params = params;
        let id = instance.id.instance.clone();
        if instance.trigger == TriggerKind::Blood && instance.blood.is_none() {
            // The first of a wave gives it its name.
            instance.blood = Some(id.clone());
        }
        if self.has_room(&instance.workflow) {
            self.begin(now, instance, workflow, source);
        } else {
            self.queue_up(instance, source, Vec::new());
        }
        id
    }

    /// Makes the instance of an order that nobody is there to be refused: where it cannot be carried out, the
    /// instance is made, fails and is mailed. Nothing when the workflow is not registered.
    pub(crate) fn make_unasked(&mut self, now: Now, order: Order) -> Option<InstanceId> {
        let refusal = match self.prepare(order.clone()) {
            Ok(prepared) => return Some(self.make(now, prepared)),
            Err(refusal) => refusal,
        };
        let definition = self.definitions.get(&order.workflow)?;
        let mail = definition.mail.clone();
        let priority = definition.priority;
        let source = Arc::clone(&definition.source);
        let mut instance = self.blank(now, &order, priority, &source);
        instance.params = order.given;
        let id = instance.id.instance.clone();
        end_unstarted(&mut instance, Outcome::Failed, refusal.message, now.wall);
        self.out.put(Change::PutInstance(instance.clone()));
        self.ended.push_back(Ended { instance, mail });
        Some(id)
    }

    fn blank(&mut self, now: Now, order: &Order, priority: i32, source: &Source) -> Instance {
        self.queue_order += 1;
        let id = self.ids.next(now.wall, &mut self.rng);
        Instance {
            id: RunId {
                instance: id,
                run: 1,
            },
            workflow: order.workflow.clone(),
            status: InstanceStatus::Waiting,
            ending: None,
            params: BTreeMap::new(),
            trigger: order.trigger,
            logical_time: order.logical_time,
            coordinator: order.coordinator.clone(),
            blood: order.blood.clone(),
            skip: order.skip.clone(),
            definition: source.hash,
            priority,
            queue_order: self.queue_order,
            created_at: now.wall,
            started_at: None,
            ended_at: None,
            message: String::new(),
        }
    }

    fn begin(
        &mut self,
        now: Now,
        mut instance: Instance,
        workflow: Arc<Workflow>,
        source: Arc<Source>,
    ) {
        instance.message.clear();
        let mut effects = RunEffects::default();
        let run = Run::begin(instance, workflow, now, &mut effects);
        self.add_run(now, run, source, effects);
    }

    /// Takes a run that has just begun.
    pub(crate) fn add_run(
        &mut self,
        now: Now,
        run: Run,
        source: Arc<Source>,
        mut effects: RunEffects,
    ) {
        effects.instance_changed = true;
        let id = run.instance.id.clone();
        let zone = self.zone_by(&run.instance.workflow, &source);
        self.instances.add_running(Running::new(run, source, zone));
        self.absorb(now, &id, effects);
    }

    /// The workflow that an instance goes by.
    pub(crate) fn workflow_of(
        &mut self,
        instance: &Instance,
        source: &Source,
    ) -> Result<Arc<Workflow>, Unfit> {
        let zone = self.zone_by(&instance.workflow, source);
        let time = LogicalTime {
            instant: instance.logical_time,
            zone,
        };
        self.documents.workflow(source, &instance.params, &time)
    }

    /// The zone of an instance's time macros: its own document's, also when the workflow has another by now.
    pub(crate) fn zone_by(&mut self, workflow: &WorkflowName, source: &Source) -> TimeZone {
        if let Some(definition) = self.definitions.get(workflow)
            && definition.source.hash == source.hash
        {
            return definition.zone.clone();
        }
        let document = self.documents.read(source).ok();
        let named = document
            .as_ref()
            .and_then(|each| each.workflow().timezone.as_deref());
        named
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or_else(|| self.zone.clone())
    }

    /// Notes that an instance is over which has no run; its definition says who is told.
    pub(crate) fn conclude_later(&mut self, instance: Instance) {
        let mail = self
            .definitions
            .get(&instance.workflow)
            .map(|definition| definition.mail.clone())
            .unwrap_or_default();
        self.ended.push_back(Ended { instance, mail });
    }
}

/// Whether there is a step of that name that does something of its own, so that it can be skipped.
fn is_action(workflow: &Workflow, name: &str) -> bool {
    workflow
        .find(name)
        .is_some_and(|step| matches!(workflow.step(step).kind, StepKind::Action(_)))
}

/// Ends an instance that never started.
pub(crate) fn end_unstarted(
    instance: &mut Instance,
    outcome: Outcome,
    message: String,
    at: Timestamp,
) {
    let status = instance.status.after(InstanceEvent::Ended(outcome));
    let Ok(status) = status else {
        panic!("instance {} has started and cannot end so", instance.id);
    };
    instance.status = status;
    instance.message = message;
    instance.ended_at = Some(at);
}
