//! How long keys may be: what an index of every store can hold.

use peerflow_model::{AttemptId, Change, CoordinatorKey, InstanceId, RunId, VisitId};
use peerflow_workflow::{StepName, WorkflowName};

use crate::error::Error;

/// Names of workflows, steps and coordinators, keys of answers and settings, ids of mail, in bytes.
pub const MAX_NAME_BYTES: usize = 255;
/// Ids of instances and nodes, in bytes.
pub const MAX_ID_BYTES: usize = 64;
/// Folders of the workflow tree, in bytes.
pub const MAX_DIR_BYTES: usize = 500;

/// Whether every key in `changes` can be stored.
///
/// # Errors
/// [`Error::Limit`], naming the first that cannot.
pub(crate) fn check(changes: &[Change]) -> Result<(), Error> {
    changes.iter().try_for_each(check_change)
}

fn check_change(change: &Change) -> Result<(), Error> {
    match change {
        Change::PutWorkflow(record) => {
            name("the workflow's name", record.name.as_str())?;
            name("the workflow's creator", &record.creator)?;
            dir(&record.dir)
        }
        Change::DeleteWorkflow(workflow) => name("the workflow's name", workflow.as_str()),
        Change::PutCoordinator(record) => {
            name("the coordinator's name", record.name.as_str())?;
            name("the coordinator's creator", &record.creator)?;
            dir(&record.dir)
        }
        Change::DeleteCoordinator(coordinator) => {
            name("the coordinator's name", coordinator.as_str())
        }
        Change::PutCoordinatorState(state) => coordinator(&state.key),
        Change::DeleteCoordinatorState(key) => coordinator(key),
        Change::PutInstance(instance) => {
            run(&instance.id)?;
            workflow(&instance.workflow)?;
            instance.blood.as_ref().map_or(Ok(()), id)
        }
        Change::DeleteInstance(instance) | Change::DeleteBlood(instance) => id(instance),
        Change::PutVisit(record) => visit(&record.id),
        Change::PutAttempt(record) => attempt(&record.id),
        Change::PutLedger(row) => {
            coordinator(&row.coordinator).and_then(|()| workflow(&row.workflow))
        }
        Change::PutLedgerGap(gap) => coordinator(&gap.coordinator),
        Change::PutBlood(blood) => id(&blood.id),
        Change::PutMail(mail) => name("the mail's id", &mail.id),
        Change::PutReading(reading) => {
            attempt(&reading.attempt).and_then(|()| workflow(&reading.workflow))
        }
        Change::PutPlan(_) | Change::PutRestoration(_) => Ok(()),
        Change::PutAnswer { key, .. } => name("the idempotency key", key),
        Change::PutOffer { node, .. } => short("the node's id", node),
        Change::PutSetting { key, .. } => name("the setting's name", key),
        Change::PutLink(link) => name("the link's name", &link.name),
        Change::DeleteLink(key) => name("the link's name", &key.name),
    }
}

pub(crate) fn name(what: &str, text: &str) -> Result<(), Error> {
    within(what, text, MAX_NAME_BYTES)
}

fn short(what: &str, text: &str) -> Result<(), Error> {
    within(what, text, MAX_ID_BYTES)
}

fn within(what: &str, text: &str, limit: usize) -> Result<(), Error> {
    if text.len() <= limit {
        return Ok(());
    }
    let start: String = text.chars().take(40).collect();
    Err(Error::Limit(format!(
        "{what}, beginning with {start:?}, has {} bytes: at most {limit} can be stored",
        text.len()
    )))
}

fn dir(text: &str) -> Result<(), Error> {
    within("the folder", text, MAX_DIR_BYTES)
}

fn id(instance: &InstanceId) -> Result<(), Error> {
    short("the instance's id", instance.as_str())
}

fn workflow(workflow: &WorkflowName) -> Result<(), Error> {
    name("the workflow's name", workflow.as_str())
}

fn step(step: &StepName) -> Result<(), Error> {
    name("the step's name", step.as_str())
}

fn coordinator(key: &CoordinatorKey) -> Result<(), Error> {
    name("the coordinator's name", key.name.as_str())
}

fn run(run: &RunId) -> Result<(), Error> {
    id(&run.instance)
}

fn visit(visit: &VisitId) -> Result<(), Error> {
    run(&visit.run).and_then(|()| step(&visit.step))
}

pub(crate) fn attempt(attempt: &AttemptId) -> Result<(), Error> {
    visit(&attempt.visit)
}
