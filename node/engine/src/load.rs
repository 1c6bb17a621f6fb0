//! An engine from what was made durable by the ones before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, ActiveState, AttemptEvent, Change, ContentHash, CoordinatorKey, CoordinatorRecord,
    CoordinatorState, Ending, InstanceEvent, InstanceStatus, Outcome, StoredDefinition,
    WorkflowRecord, links_of,
};
use peerflow_workflow::Document;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::command::Command;
use crate::coordinators::{embedded, standalone};
use crate::definitions::{Definition, Definitions, MailRule};
use crate::documents::Source;
use crate::doubt::Doubts;
use crate::engine::{Engine, Options};
use crate::event::Now;
use crate::housekeeping::Housekeeping;
use crate::instances::{Running, Waiting};
use crate::outbox::Outbox;
use crate::peers::Given;
use crate::run::{Run, RunEffects};

impl Engine {
    /// The engine that goes on from `state`; what it wants done is in its outbox.
    pub(crate) fn restored(options: Options, mut state: ActiveState, now: Now) -> Self {
        let mut out = Outbox::default();
        let settings = options.settings;
        let zone = TimeZone::get(&settings.timezone).unwrap_or_else(|_unknown| {
            out.warn(format!(
                "the cluster's time zone {:?} is unknown, UTC is used; set it with `peerflow cluster set timezone`",
                settings.timezone
            ));
            TimeZone::UTC
        });
        let housekeeping = Housekeeping::new(&settings, &zone, now.wall, &mut out);
        let mut engine = Self {
            epoch: options.epoch,
            settings,
            zone,
            rng: SmallRng::seed_from_u64(options.seed),
            ids: crate::ids::InstanceIds::default(),
            queue_order: state.last_queue_order,
            documents: crate::documents::Documents::default(),
            definitions: Definitions::new(),
            coordinators: crate::coordinators::Coordinators::default(),
            instances: crate::instances::Instances::default(),
            bloods: BTreeMap::new(),
            links: std::mem::take(&mut state.links),
            reruns: BTreeMap::new(),
            peers: crate::peers::Peers::default(),
            placement: crate::placement::Placement::default(),
            housekeeping,
            doubts: None,
            looked_at: now.wall,
            ended: std::collections::VecDeque::new(),
            ends: 0,
            delayed: std::collections::BTreeSet::new(),
            out,
        };
        engine.restore(state, now);
        engine
    }

    fn restore(&mut self, state: ActiveState, now: Now) {
        let mut remembered: BTreeMap<CoordinatorKey, CoordinatorState> = state
            .coordinator_states
            .into_iter()
            .map(|state| (state.key.clone(), state))
            .collect();
        for record in state.workflows {
            self.restore_workflow(record, &mut remembered);
        }
        for record in state.coordinators {
            self.restore_coordinator(record, &mut remembered);
        }
        for row in state.held {
            if let Some(entry) = self.coordinators.entry_mut(&row.coordinator)
                && entry.state.held_time == Some(row.instant)
            {
                entry.held.push(row.workflow);
            }
        }
        self.bloods = state
            .bloods
            .into_iter()
            .map(|blood| (blood.id.clone(), blood))
            .collect();
        let fresh = self.take_doubts(state.restoration, state.last_queue_order);
        let sources = self.sources(state.definitions);
        for run in state.runs {
            self.restore_run(now, run, &sources);
        }
        let mut missed = 0;
        if fresh {
            for key in self.coordinators.keys() {
                missed += self.miss_all(now, &key);
            }
        }
        self.catch_up_house(now, state.last_renewed_at);
        if !fresh {
            for key in self.coordinators.keys() {
                self.catch_up(now, &key);
            }
        }
        self.tell_doubts(fresh, missed);
        self.put_plan(now.wall);
        self.forget_old_waves(now);
        self.settle(now);
        for workflow in self.instances.queued_workflows() {
            self.start_waiting(now, &workflow);
        }
    }

    fn restore_workflow(
        &mut self,
        record: WorkflowRecord,
        remembered: &mut BTreeMap<CoordinatorKey, CoordinatorState>,
    ) {
        let source = Arc::new(Source {
            hash: record.hash,
            xml: record.xml,
            files: record.files.into(),
        });
        let workflow = match Document::parse(&source.xml) {
            Ok((Document::Workflow(document), _)) => document.workflow().clone(),
            Ok((Document::Coordinator(_), _)) => {
                self.warn_unreadable(&record.name, "its document is a coordinator");
                return self.restore_unreadable(record.name, source, record.created_at);
            }
            Err(diagnostics) => {
                self.warn_unreadable(&record.name, &diagnostics.to_string());
                return self.restore_unreadable(record.name, source, record.created_at);
            }
        };
        let zone = self.zone_of(workflow.timezone.as_deref());
        let key = embedded(&record.name);
        let definition = Definition {
            source,
            created_at: record.created_at,
            limit: workflow.instance_limit,
            priority: workflow.priority,
            zone: zone.clone(),
            follows_cluster: workflow.timezone.is_none(),
            mail: MailRule::of(&workflow),
            coordinator: workflow.coordinator.is_some().then(|| key.clone()),
            links: links_of(&workflow),
        };
        self.definitions.insert(record.name, definition);
        if let Some(coordinator) = workflow.coordinator {
            let zone = match &coordinator.timezone {
                Some(name) => self.zone_of(Some(name)),
                None => zone,
            };
            let state = remembered
                .remove(&key)
                .unwrap_or_else(|| blank_state(key, None));
            self.coordinators.insert(coordinator, zone, state, None);
        }
    }

    fn warn_unreadable(&mut self, name: &dyn std::fmt::Display, why: &str) {
        self.out.warn(format!(
            "the registered document {name} is refused now, add a corrected one: {why}"
        ));
    }

    /// Keeps a workflow whose document is no longer accepted: it is listed, and every trigger says what is wrong.
    fn restore_unreadable(
        &mut self,
        name: peerflow_workflow::WorkflowName,
        source: Arc<Source>,
        created_at: Timestamp,
    ) {
        let definition = Definition {
            source,
            created_at,
            limit: 1,
            priority: 0,
            zone: self.zone.clone(),
            follows_cluster: true,
            mail: MailRule::default(),
            coordinator: None,
            links: std::collections::BTreeSet::new(),
        };
        self.definitions.insert(name, definition);
    }

    fn restore_coordinator(
        &mut self,
        record: CoordinatorRecord,
        remembered: &mut BTreeMap<CoordinatorKey, CoordinatorState>,
    ) {
        let coordinator = match Document::parse(&record.xml) {
            Ok((Document::Coordinator(document), _)) => document.coordinator,
            Ok((Document::Workflow(_), _)) => {
                return self.warn_unreadable(&record.name, "its document is a workflow");
            }
            Err(diagnostics) => {
                return self.warn_unreadable(&record.name, &diagnostics.to_string());
            }
        };
        let key = standalone(&record.name);
        let zone = self.zone_of(coordinator.timezone.as_deref());
        let state = remembered
            .remove(&key)
            .unwrap_or_else(|| blank_state(key, None));
        let document = Some((record.hash, record.created_at));
        self.coordinators.insert(coordinator, zone, state, document);
    }

    /// The zone called `name`, or the cluster's.
    pub(crate) fn zone_of(&mut self, name: Option<&str>) -> TimeZone {
        let Some(name) = name else {
            return self.zone.clone();
        };
        TimeZone::get(name).unwrap_or_else(|_unknown| {
            self.out.warn(format!(
                "time zone {name:?} is unknown here, the cluster's is used; install it on every node"
            ));
            self.zone.clone()
        })
    }

    /// The definitions that instances may go by.
    fn sources(
        &self,
        older: BTreeMap<ContentHash, StoredDefinition>,
    ) -> BTreeMap<ContentHash, Arc<Source>> {
        let mut sources: BTreeMap<_, _> = older
            .into_iter()
            .map(|(hash, definition)| (hash, Arc::new(Source::stored(hash, definition))))
            .collect();
        for definition in self.definitions.values() {
            sources.insert(definition.source.hash, Arc::clone(&definition.source));
        }
        sources
    }

    fn restore_run(
        &mut self,
        now: Now,
        active: ActiveRun,
        sources: &BTreeMap<ContentHash, Arc<Source>>,
    ) {
        let instance = &active.instance;
        let source = match sources.get(&instance.definition) {
            Some(source) => Arc::clone(source),
            None => {
                return self.abandon(now, active, "its workflow's document is not in the store");
            }
        };
        if instance.status == InstanceStatus::Waiting {
            return self.restore_waiting(Waiting {
                instance: active.instance,
                source,
                visits: active.visits,
            });
        }
        let workflow = match self.workflow_of(instance, &source) {
            Ok(workflow) => workflow,
            Err(unfit) => return self.abandon(now, active, &unfit.to_string()),
        };
        let zone = self.zone_by(&instance.workflow, &source);
        let mut effects = RunEffects::default();
        let doubt = self.doubts.as_ref().map(Doubts::of_runs);
        let run = match Run::restore(active.clone(), workflow, doubt, now, &mut effects) {
            Ok(run) => run,
            Err(why) => return self.abandon(now, active, &why),
        };
        for (attempt, node, incarnation) in run.live_attempts() {
            let given = Given {
                incarnation,
                in_flight: false,
            };
            self.peers.give(node, attempt.clone(), given);
        }
        if let Some(doubts) = &mut self.doubts {
            doubts.add_run(&run);
        }
        let id = run.instance.id.clone();
        self.instances.add_running(Running::new(run, source, zone));
        self.absorb(now, &id, effects);
    }

    /// Fails an instance that cannot go on by what the store says of it, and kills what may still run of it.
    fn abandon(&mut self, now: Now, active: ActiveRun, why: &str) {
        let mut instance = active.instance;
        let message = format!("cannot go on after a change of master: {why}");
        self.out
            .warn(format!("instance {}: {message}", instance.id));
        for mut attempt in active.attempts {
            // Its node kills it by its inventory too, since nobody waits for it any more.
            if let Ok(status) = attempt.status.after(AttemptEvent::Killed) {
                self.out.act(Command::Kill {
                    attempt: attempt.id.clone(),
                    node: attempt.node.clone(),
                    reason: message.clone(),
                });
                attempt.status = status;
                attempt.ended_at = Some(now.wall);
                attempt.message.clone_from(&message);
                self.out.put(Change::PutAttempt(attempt));
            }
        }
        self.cut_short(now, active.visits);
        let Ending { outcome, message } = instance.ending.take().unwrap_or(Ending {
            outcome: Outcome::Failed,
            message,
        });
        if let Ok(status) = instance.status.after(InstanceEvent::Ended(outcome)) {
            instance.status = status;
        }
        instance.message = message;
        instance.ended_at = Some(now.wall);
        self.out.put(Change::PutInstance(instance.clone()));
        self.conclude_later(instance);
    }
}

/// What is remembered of a coordinator of which nothing happened yet.
pub(crate) fn blank_state(
    key: CoordinatorKey,
    considered_until: Option<Timestamp>,
) -> CoordinatorState {
    CoordinatorState {
        key,
        enabled: None,
        considered_until,
        held_time: None,
        fired_at: None,
        ready: BTreeMap::new(),
    }
}
