//! What documents say, for answers: parameters, schedules, readiness, graphs, files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use peerflow_model::{ContentHash, CoordinatorKey, CoordinatorKind, CoordinatorState};
use peerflow_workflow::{
    Coordinator, CoordinatorDocument, Diagnostics, Document, StepKind, Work, Workflow,
    WorkflowDocument, WorkflowName,
};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::problem::{ApiProblem, Kind};
use super::show::Show;
use super::types::{
    CoordinatorInfo, Dependency, EdgeKind, Graph, GraphEdge, GraphNode, Parameter, ScheduleInfo,
    StepInfo,
};

/// How many coming times of a schedule are shown.
const SHOWN_TIMES: usize = 5;

/// Reads a document off the threads that answer requests: 4 MiB take a while. A program with one thread, such as a
/// simulation, has no other to spare and reads it in its place.
///
/// # Errors
/// The outer one when reading itself broke; the inner one is what is wrong with the document.
pub(super) async fn parse(
    xml: Bytes,
) -> Result<Result<(Document, Diagnostics), Diagnostics>, ApiProblem> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(Document::from_bytes(&xml));
    }
    tokio::task::spawn_blocking(move || Document::from_bytes(&xml))
        .await
        .map_err(|_panicked| {
            ApiProblem::new(
                Kind::Internal,
                "the document could not be read: a fault of this program",
            )
        })
}

/// A registered workflow's document.
pub(super) fn stored_workflow(xml: &str) -> Result<(WorkflowDocument, Diagnostics), ApiProblem> {
    match Document::parse(xml) {
        Ok((Document::Workflow(document), warnings)) => Ok((document, warnings)),
        Ok((Document::Coordinator(_), _)) => Err(unreadable("it is a coordinator's")),
        Err(diagnostics) => Err(unreadable(&diagnostics.to_string())),
    }
}

/// A registered standalone coordinator's document.
pub(super) fn stored_coordinator(
    xml: &str,
) -> Result<(CoordinatorDocument, Diagnostics), ApiProblem> {
    match Document::parse(xml) {
        Ok((Document::Coordinator(document), warnings)) => Ok((document, warnings)),
        Ok((Document::Workflow(_), _)) => Err(unreadable("it is a workflow's")),
        Err(diagnostics) => Err(unreadable(&diagnostics.to_string())),
    }
}

fn unreadable(reason: &str) -> ApiProblem {
    ApiProblem::new(
        Kind::Conflict,
        format!(
            "the registered document cannot be read by this version, register it again: {reason}"
        ),
    )
}

/// Parameters that whoever starts the workflow must give.
pub(super) fn parameters_needed(document: &WorkflowDocument) -> BTreeSet<String> {
    let mut needed = document.parameters_needed();
    if let Some(coordinator) = &document.workflow().coordinator {
        for (name, _) in &coordinator.parameters {
            needed.remove(name);
        }
        needed.extend(coordinator.parameters_needed());
    }
    needed
}

/// Paths of files that are snapshotted with a workflow: those it attaches or executes, unless a parameter stands in them.
pub(super) fn files(workflow: &Workflow) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for step in &workflow.steps {
        let StepKind::Action(action) = &step.kind else {
            continue;
        };
        match &action.work {
            Work::Script(script) => files.extend(script.attachments.iter().cloned()),
            Work::FileExecutor(executor) => {
                files.insert(executor.file.clone());
                files.extend(executor.attachments.iter().cloned());
            }
            Work::Shell(_)
            | Work::Sql(_)
            | Work::Transfer(_)
            | Work::FileMonitor(_)
            | Work::DataMonitor(_)
            | Work::Metadata(_)
            | Work::Email(_) => {}
        }
    }
    files.retain(|path| !path.contains("${"));
    files
}

/// Steps in document order.
pub(super) fn steps(workflow: &Workflow) -> Vec<StepInfo> {
    let steps = workflow.steps.iter().map(|step| StepInfo {
        name: step.name.to_string(),
        kind: step.kind.type_name().to_owned(),
        description: step.description.clone(),
        line: step.place.line,
    });
    steps.collect()
}

/// Steps and the ways between them.
pub(super) fn graph(workflow: &Workflow) -> Graph {
    let name = |index| workflow.step(index).name.to_string();
    let mut edges = Vec::new();
    for step in &workflow.steps {
        let ways = match &step.kind {
            StepKind::Start { to } | StepKind::Join { to } => vec![(*to, EdgeKind::To)],
            StepKind::Fork { paths } => paths.iter().map(|path| (*path, EdgeKind::Path)).collect(),
            StepKind::Kill { .. } | StepKind::End => Vec::new(),
            StepKind::Action(action) => {
                let error = action.error.map(|error| (error, EdgeKind::Error));
                std::iter::once((action.ok, EdgeKind::Ok))
                    .chain(error)
                    .collect()
            }
        };
        edges.extend(ways.into_iter().map(|(to, kind)| GraphEdge {
            from: step.name.to_string(),
            to: name(to),
            kind,
        }));
    }
    let nodes = workflow.steps.iter().map(|step| GraphNode {
        name: step.name.to_string(),
        kind: step.kind.type_name().to_owned(),
        description: step.description.clone(),
    });
    Graph {
        start: name(workflow.start),
        nodes: nodes.collect(),
        edges,
    }
}

/// What a coordinator's answer is made of, beside its document.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) show: &'a Show,
    pub(super) now: Timestamp,
    pub(super) kind: CoordinatorKind,
    /// Absent for a document that is not registered.
    pub(super) state: Option<&'a CoordinatorState>,
    /// Zone of the workflow it stands in.
    pub(super) workflow_zone: Option<&'a str>,
    pub(super) registered: &'a BTreeSet<String>,
}

/// The state of one coordinator among all.
pub(super) fn state_of<'a>(
    states: &'a [CoordinatorState],
    kind: CoordinatorKind,
    name: &str,
) -> Option<&'a CoordinatorState> {
    states
        .iter()
        .find(|state| state.key.kind == kind && state.key.name.as_str() == name)
}

/// The key of a coordinator.
pub(super) fn key(kind: CoordinatorKind, name: &str) -> CoordinatorKey {
    CoordinatorKey {
        kind,
        name: name.into(),
    }
}

/// All about a coordinator: what its document says and how it stands.
pub(super) fn coordinator(coordinator: &Coordinator, around: &Surroundings<'_>) -> CoordinatorInfo {
    let show = around.show;
    let zone_name = coordinator
        .timezone
        .as_deref()
        .or(around.workflow_zone)
        .unwrap_or_else(|| show.zone_name());
    let state = around.state;
    let enabled = state
        .and_then(|state| state.enabled)
        .unwrap_or(coordinator.enabled);
    let dependencies: Vec<Dependency> = coordinator
        .dependencies
        .iter()
        .map(|name| dependency(name, around))
        .collect();
    let schedule = schedule(coordinator, around, enabled);
    let held_time = state
        .and_then(|state| state.held_time)
        .map(|at| show.time(at));
    let waits_for = waits_for(
        enabled,
        schedule.as_ref(),
        held_time.is_some(),
        &dependencies,
    );
    let local = |at: DateTime| at.to_string();
    CoordinatorInfo {
        kind: around.kind,
        name: coordinator.name.to_string(),
        enabled,
        start_time: coordinator.start_time.map(local),
        end_time: coordinator.end_time.map(local),
        timezone: zone_name.to_owned(),
        schedule,
        dependencies,
        parameters: coordinator
            .parameters
            .iter()
            .map(|(name, value)| Parameter {
                name: name.clone(),
                value: value.clone(),
            })
            .collect(),
        misfire: coordinator.misfire,
        triggers: coordinator
            .triggers
            .iter()
            .map(ToString::to_string)
            .collect(),
        fired_at: state
            .and_then(|state| state.fired_at)
            .map(|at| show.time(at)),
        held_time,
        waits_for,
    }
}

fn dependency(name: &WorkflowName, around: &Surroundings<'_>) -> Dependency {
    let ready = around.state.and_then(|state| state.ready.get(name));
    Dependency {
        workflow: name.to_string(),
        ready: ready.is_some(),
        registered: around.registered.contains(name.as_str()),
        instance: ready.map(|ready| ready.instance.to_string()),
        logical_time: ready.map(|ready| around.show.time(ready.logical_time)),
        since: ready.map(|ready| around.show.time(ready.at)),
    }
}

/// The schedule with the next times within start and end time, written in the coordinator's own zone.
pub(super) fn schedule(
    coordinator: &Coordinator,
    around: &Surroundings<'_>,
    enabled: bool,
) -> Option<ScheduleInfo> {
    let schedule = coordinator.schedule.as_ref()?;
    let zone = coordinator
        .timezone
        .as_deref()
        .or(around.workflow_zone)
        .and_then(|name| TimeZone::get(name).ok())
        .unwrap_or_else(|| around.show.zone().clone());
    let instant = |at: DateTime| {
        at.to_zoned(zone.clone())
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    let start = coordinator.start_time.and_then(instant);
    let end = coordinator.end_time.and_then(instant);
    // A time that is the start itself counts, so the search begins just before it.
    let before_start =
        start.and_then(|start| start.checked_sub(jiff::SignedDuration::from_nanos(1)).ok());
    let mut after = before_start.map_or(around.now, |before| before.max(around.now));
    let mut next_fire_times = Vec::new();
    while enabled && next_fire_times.len() < SHOWN_TIMES {
        match schedule.next_after(after, &zone) {
            Some(next) if next > after && end.is_none_or(|end| next <= end) => {
                next_fire_times.push(super::types::Time::new(next, &zone));
                after = next;
            }
            _ => break,
        }
    }
    Some(ScheduleInfo {
        text: schedule.as_str().to_owned(),
        description: schedule.describe(),
        next_fire_times,
    })
}

fn waits_for(
    enabled: bool,
    schedule: Option<&ScheduleInfo>,
    held: bool,
    dependencies: &[Dependency],
) -> String {
    if !enabled {
        return "nothing: it is disabled".to_owned();
    }
    let mut parts = Vec::new();
    if let (Some(schedule), false) = (schedule, held) {
        parts.push(match schedule.next_fire_times.first() {
            Some(next) => format!("its next time, {next}"),
            None => "no time: its schedule names none any more".to_owned(),
        });
    }
    let missing: Vec<&str> = dependencies
        .iter()
        .filter(|each| !each.ready)
        .map(|each| each.workflow.as_str())
        .collect();
    if !missing.is_empty() {
        parts.push(format!("the success of {}", missing.join(", ")));
    }
    let unknown: Vec<&str> = dependencies
        .iter()
        .filter(|each| !each.registered)
        .map(|each| each.workflow.as_str())
        .collect();
    if !unknown.is_empty() {
        parts.push(format!("the registration of {}", unknown.join(", ")));
    }
    if parts.is_empty() {
        "nothing: it runs only when asked".to_owned()
    } else {
        parts.join("; ")
    }
}

/// On which workflows the coordinators of documents depend, remembered by the documents' hashes: to know who is
/// downstream all documents must be looked at, and they rarely change.
#[derive(Debug, Default)]
pub(super) struct Upstreams {
    known: Mutex<BTreeMap<ContentHash, Arc<[WorkflowName]>>>,
}

impl Upstreams {
    /// Those of `hash`, where they are known.
    pub(super) fn of(&self, hash: ContentHash) -> Option<Arc<[WorkflowName]>> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&hash)
            .cloned()
    }

    /// Remembers those of the document `xml`; a document that cannot be read depends on nothing.
    pub(super) fn learn(&self, hash: ContentHash, xml: &str) -> Arc<[WorkflowName]> {
        let coordinator = match Document::parse(xml) {
            Ok((Document::Workflow(document), _)) => document.workflow().coordinator.clone(),
            Ok((Document::Coordinator(document), _)) => Some(document.coordinator),
            Err(_) => None,
        };
        let names: Arc<[WorkflowName]> = coordinator
            .map(|each| each.dependencies)
            .unwrap_or_default()
            .into();
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(hash, Arc::clone(&names));
        names
    }

    /// Forgets all but these documents.
    pub(super) fn keep(&self, hashes: &BTreeSet<ContentHash>) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|hash, _| hashes.contains(hash));
    }
}
