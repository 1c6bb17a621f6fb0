//! Records as the API shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, Attempt, CoordinatorKey, CoordinatorRecord, DataReading, Fate, Instance,
    InstanceStatus, LedgerGap, LedgerRow, LinkKind, LinkRecord, Mail, MailKind, PlanRow, Visit,
    VisitId, VisitStatus, WorkflowRecord,
};
use peerflow_store::LogChunk;

use super::types;
use super::types::{FateKind, MailReason, Time};

/// Turns records into shapes, with the times of one zone.
#[derive(Clone, Debug)]
pub(super) struct Show {
    zone: TimeZone,
    zone_name: String,
}

impl Show {
    pub(super) fn new(zone: TimeZone, zone_name: String) -> Self {
        Self { zone, zone_name }
    }

    /// The cluster's zone.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Its IANA name.
    pub(super) fn zone_name(&self) -> &str {
        &self.zone_name
    }

    pub(super) fn time(&self, instant: Timestamp) -> Time {
        Time::new(instant, &self.zone)
    }

    fn maybe(&self, instant: Option<Timestamp>) -> Option<Time> {
        instant.map(|instant| self.time(instant))
    }

    /// A link without its secrets.
    pub(super) fn link(&self, record: &LinkRecord) -> types::Link {
        let settings = &record.settings;
        let of = |kind: LinkKind, text: &str| (record.kind == kind).then(|| text.to_owned());
        types::Link {
            kind: record.kind.as_str().to_owned(),
            name: record.name.clone(),
            system: settings.system.clone(),
            jdbc_url: of(LinkKind::Database, &settings.jdbc_url),
            host: of(LinkKind::File, &settings.host),
            port: settings.port,
            username: settings.username.clone(),
            description: settings.description.clone(),
            properties: settings.properties.clone(),
            has_secrets: !record.sealed.is_empty(),
            updated_at: self.time(record.updated_at),
        }
    }

    pub(super) fn summary(&self, instance: &Instance) -> types::InstanceSummary {
        types::InstanceSummary {
            id: instance.id.instance.to_string(),
            run: instance.id.run,
            workflow: instance.workflow.to_string(),
            status: instance.status,
            params: instance.params.clone(),
            trigger: instance.trigger,
            logical_time: self.time(instance.logical_time),
            created_at: self.time(instance.created_at),
            started_at: self.maybe(instance.started_at),
            ended_at: self.maybe(instance.ended_at),
            message: instance_message(instance),
            ending: instance.ending.as_ref().map(|ending| ending.outcome),
            coordinator: instance.coordinator.as_ref().map(coordinator),
            blood: instance.blood.as_ref().map(ToString::to_string),
            skip: instance.skip.iter().map(ToString::to_string).collect(),
            priority: instance.priority,
            definition: instance.definition.to_string(),
        }
    }

    /// A run with its steps.
    pub(super) fn run(&self, run: &ActiveRun, latest_run: u32) -> types::Instance {
        let mut attempts: BTreeMap<&VisitId, Vec<&Attempt>> = BTreeMap::new();
        for attempt in &run.attempts {
            attempts.entry(&attempt.id.visit).or_default().push(attempt);
        }
        let mut visits: Vec<&Visit> = run.visits.iter().collect();
        visits.sort_by_key(|visit| visit.sequence);
        let steps = visits
            .into_iter()
            .map(|visit| self.step(visit, attempts.get(&visit.id).map_or(&[], Vec::as_slice)))
            .collect();
        types::Instance {
            summary: self.summary(&run.instance),
            steps,
            latest_run,
        }
    }

    /// A visit with its tries.
    pub(super) fn step(&self, visit: &Visit, attempts: &[&Attempt]) -> types::Step {
        let mut attempts: Vec<types::Attempt> = attempts
            .iter()
            .map(|attempt| self.attempt(attempt))
            .collect();
        attempts.sort_by_key(|attempt| attempt.attempt);
        types::Step {
            name: visit.id.step.to_string(),
            kind: visit.step_type.clone(),
            status: visit.status,
            node: visit.node.as_ref().map(ToString::to_string),
            visit: visit.id.visit,
            attempt: visit.attempt,
            started_at: self.maybe(visit.started_at),
            ended_at: self.maybe(visit.ended_at),
            message: self.step_message(visit),
            sequence: visit.sequence,
            created_at: Some(self.time(visit.created_at)),
            retry_at: self.maybe(visit.retry_at),
            failures: visit.failures,
            losses: visit.losses,
            from: visit
                .from
                .as_ref()
                .map(|(step, sequence)| types::PreviousVisit {
                    step: step.to_string(),
                    sequence: *sequence,
                }),
            exit_code: attempts.last().and_then(|attempt| attempt.exit_code),
            attempts,
            progress: None,
        }
    }

    fn attempt(&self, attempt: &Attempt) -> types::Attempt {
        types::Attempt {
            attempt: attempt.id.attempt,
            node: attempt.node.to_string(),
            status: attempt.status,
            assigned_at: self.time(attempt.assigned_at),
            started_at: self.maybe(attempt.started_at),
            ended_at: self.maybe(attempt.ended_at),
            exit_code: attempt.exit_code,
            message: attempt.message.clone(),
        }
    }

    /// The engine says why a step stands so; where it had nothing to say, the state itself does.
    fn step_message(&self, visit: &Visit) -> String {
        if !visit.message.is_empty() {
            return visit.message.clone();
        }
        match (visit.status, visit.retry_at) {
            (VisitStatus::Pending, _) => "waits for a free slot".to_owned(),
            (VisitStatus::Waiting, Some(at)) => {
                format!("waits until {} for its next try", self.time(at))
            }
            (VisitStatus::Waiting, None) => {
                format!("waits for further arrivals; {} so far", visit.arrivals)
            }
            (VisitStatus::Lost, _) => {
                "its node is lost; it is held until an operator releases it".to_owned()
            }
            (
                VisitStatus::Running
                | VisitStatus::Succeeded
                | VisitStatus::Failed
                | VisitStatus::Killed
                | VisitStatus::Skipped,
                _,
            ) => String::new(),
        }
    }

    pub(super) fn workflow(&self, record: &WorkflowRecord) -> types::WorkflowSummary {
        types::WorkflowSummary {
            name: record.name.to_string(),
            dir: record.dir.clone(),
            creator: record.creator.clone(),
            description: record.description.clone(),
            hash: record.hash.to_string(),
            created_at: self.time(record.created_at),
            updated_at: self.time(record.updated_at),
        }
    }

    pub(super) fn coordinator(&self, record: &CoordinatorRecord) -> types::CoordinatorSummary {
        types::CoordinatorSummary {
            name: record.name.to_string(),
            dir: record.dir.clone(),
            creator: record.creator.clone(),
            description: record.description.clone(),
            hash: record.hash.to_string(),
            created_at: self.time(record.created_at),
            updated_at: self.time(record.updated_at),
        }
    }

    pub(super) fn plan_entry(&self, row: &PlanRow) -> types::PlanEntry {
        types::PlanEntry {
            at: self.maybe(row.instant),
            workflow: row.workflow.to_string(),
            coordinator: coordinator(&row.coordinator),
        }
    }

    pub(super) fn ledger_entry(&self, row: &LedgerRow) -> types::LedgerEntry {
        let (fate, instance, reason) = match &row.fate {
            Fate::Held => (FateKind::Held, None, String::new()),
            Fate::Ran { instance } => (FateKind::Ran, Some(instance.to_string()), String::new()),
            Fate::Skipped { reason } => (FateKind::Skipped, None, reason.clone()),
            Fate::Missed { reason } => (FateKind::Missed, None, reason.clone()),
        };
        types::LedgerEntry {
            coordinator: coordinator(&row.coordinator),
            workflow: row.workflow.to_string(),
            at: self.time(row.instant),
            fate,
            instance,
            reason,
            decided_at: self.time(row.decided_at),
        }
    }

    pub(super) fn ledger_gap(&self, gap: &LedgerGap) -> types::LedgerGap {
        types::LedgerGap {
            coordinator: coordinator(&gap.coordinator),
            from: self.time(gap.from),
            to: self.time(gap.to),
            count: gap.count,
            fate: gap.fate.clone(),
            decided_at: self.time(gap.decided_at),
        }
    }

    pub(super) fn reading(&self, reading: &DataReading) -> types::Reading {
        let visit = &reading.attempt.visit;
        types::Reading {
            day: reading.day.to_string(),
            workflow: reading.workflow.to_string(),
            step: visit.step.to_string(),
            value: reading.value,
            min: reading.min,
            max: reading.max,
            instance: visit.run.instance.to_string(),
            run: visit.run.run,
            marks: reading.marks.clone(),
            remark: reading.remark.clone(),
            at: self.time(reading.at),
        }
    }

    pub(super) fn mail(&self, mail: &Mail) -> types::Mail {
        let (reason, run, step) = match &mail.kind {
            MailKind::Outcome { run } => (MailReason::Outcome, run, None),
            MailKind::RetryFailed { attempt } => (
                MailReason::RetryFailed,
                &attempt.visit.run,
                Some(&attempt.visit.step),
            ),
            MailKind::RetryRecovered { attempt } => (
                MailReason::RetryRecovered,
                &attempt.visit.run,
                Some(&attempt.visit.step),
            ),
            MailKind::DataExceeded { attempt, .. } => (
                MailReason::DataExceeded,
                &attempt.visit.run,
                Some(&attempt.visit.step),
            ),
        };
        types::Mail {
            id: mail.id.clone(),
            reason,
            workflow: mail.workflow.to_string(),
            instance: run.instance.to_string(),
            run: run.run,
            step: step.map(ToString::to_string),
            receivers: mail.receivers.clone(),
            state: mail.state,
            created_at: self.time(mail.created_at),
            failures: mail.failures,
            due_at: self.time(mail.due_at),
            message: mail.message.clone(),
        }
    }

    /// The lines of a chunk of a log.
    pub(super) fn lines(&self, chunk: &LogChunk) -> impl Iterator<Item = types::LogLine> {
        chunk
            .lines
            .iter()
            .map(|line| self.line(&chunk.attempt, line))
    }

    pub(super) fn line(
        &self,
        attempt: &peerflow_model::AttemptId,
        line: &peerflow_model::LogLine,
    ) -> types::LogLine {
        types::LogLine {
            instance: attempt.visit.run.instance.to_string(),
            run: attempt.visit.run.run,
            step: attempt.visit.step.to_string(),
            visit: attempt.visit.visit,
            attempt: attempt.attempt,
            at: self.time(line.at),
            level: line.level,
            text: line.text.clone(),
        }
    }
}

pub(super) fn coordinator(key: &CoordinatorKey) -> types::CoordinatorRef {
    types::CoordinatorRef {
        kind: key.kind,
        name: key.name.to_string(),
    }
}

fn instance_message(instance: &Instance) -> String {
    if instance.message.is_empty() && instance.status == InstanceStatus::Waiting {
        return "waits in the queue of its workflow for its turn under instance-limit".to_owned();
    }
    match &instance.ending {
        Some(ending) if instance.message.is_empty() && !instance.status.is_final() => {
            ending.message.clone()
        }
        _ => instance.message.clone(),
    }
}
