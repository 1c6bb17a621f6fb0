//! Registered workflows: of each only what is small.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{CoordinatorKey, LinkKey};
use peerflow_workflow::{MailLevel, Workflow, WorkflowName};

use crate::documents::Source;

/// A registered workflow. Its steps are read when an instance needs them.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) source: Arc<Source>,
    pub(crate) created_at: Timestamp,
    /// How many instances may run at once.
    pub(crate) limit: u32,
    pub(crate) priority: i32,
    /// For time macros and, where the coordinator names none, for its schedule.
    pub(crate) zone: TimeZone,
    /// It names no zone of its own, so that `zone` is the cluster's.
    pub(crate) follows_cluster: bool,
    pub(crate) mail: MailRule,
    /// Its own coordinator, where it has one.
    pub(crate) coordinator: Option<CoordinatorKey>,
    /// Links that its actions name.
    pub(crate) links: BTreeSet<LinkKey>,
}

/// Who is told of a workflow's outcomes.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailRule {
    pub(crate) level: MailLevel,
    pub(crate) receivers: Vec<String>,
}

impl MailRule {
    pub(crate) fn of(workflow: &Workflow) -> Self {
        Self {
            level: workflow.mail_level.clone(),
            // An address of a definition may still be a parameter, which nobody can write to.
            receivers: workflow
                .mail_receivers
                .iter()
                .filter(|address| !address.contains("${"))
                .cloned()
                .collect(),
        }
    }
}

/// All registered workflows, by name.
pub(crate) type Definitions = BTreeMap<WorkflowName, Definition>;
