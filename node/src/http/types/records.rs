//! The front page, the plan, the schedule ledger, readings, mail and folders.

use std::collections::BTreeMap;

use peerflow_model::{CoordinatorKind, MailState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::instance::InstanceSummary;
use super::time::Time;

/// A coordinator: workflows and standalone coordinators are named apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoordinatorRef {
    #[schema(schema_with = coordinator_kind)]
    pub kind: CoordinatorKind,
    pub name: String,
}

/// What happens now and what happened lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Front {
    /// The last 7 days, today last, cut in the cluster's zone.
    pub days: Vec<FrontDay>,
    pub waiting: u64,
    pub running: u64,
    /// Waiting or running, oldest first, at most 100.
    pub active: Vec<InstanceSummary>,
    /// The 20 last ended, newest first.
    pub last_ended: Vec<InstanceSummary>,
}

/// How many runs ended on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FrontDay {
    /// `2026-11-20`.
    pub date: String,
    pub succeeded: u64,
    pub failed: u64,
    pub killed: u64,
}

/// What is to run today.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    pub items: Vec<PlanEntry>,
}

/// One line of the daily plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanEntry {
    /// Absent: when its dependencies are ready.
    pub at: Option<Time>,
    pub workflow: String,
    pub coordinator: CoordinatorRef,
}

/// A page of the schedule ledger, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerPage {
    pub items: Vec<LedgerEntry>,
    /// Give it as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
    /// Rows of times missed while no master was up, newest first, at most 100; only on the first page.
    pub gaps: Vec<LedgerGap>,
}

/// The fate of one scheduled time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    pub coordinator: CoordinatorRef,
    pub workflow: String,
    /// The scheduled time.
    pub at: Time,
    pub fate: FateKind,
    /// The instance it made.
    pub instance: Option<String>,
    /// Why it was skipped or missed; empty otherwise.
    pub reason: String,
    pub decided_at: Time,
}

/// What became of a scheduled time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FateKind {
    /// It waits until all dependencies are ready.
    Held,
    Ran,
    Skipped,
    Missed,
}

/// Scheduled times missed in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerGap {
    pub coordinator: CoordinatorRef,
    /// First missed time.
    pub from: Time,
    /// Last missed time.
    pub to: Time,
    pub count: u64,
    /// What became of them, for people.
    pub fate: String,
    pub decided_at: Time,
}

/// A page of readings of data monitors, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReadingPage {
    pub items: Vec<Reading>,
    /// Give it as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
}

/// One reading of a data monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reading {
    /// Day of the instance's logical time, in the workflow's zone.
    pub day: String,
    pub workflow: String,
    pub step: String,
    pub value: f64,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub instance: String,
    pub run: u32,
    /// `category`, `source-name`, `time-mark` of older files.
    pub marks: BTreeMap<String, String>,
    /// Why it is remarkable; empty where it is within its limits.
    pub remark: String,
    pub at: Time,
}

/// Mail that is due or was given up, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MailList {
    pub items: Vec<Mail>,
}

/// A mail that is not sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Mail {
    /// Local part of its Message-ID.
    pub id: String,
    pub reason: MailReason,
    pub workflow: String,
    pub instance: String,
    pub run: u32,
    /// The step it tells of, where it tells of one.
    pub step: Option<String>,
    pub receivers: Vec<String>,
    #[schema(schema_with = mail_state)]
    pub state: MailState,
    pub created_at: Time,
    /// How often sending failed.
    pub failures: u32,
    /// Not before this time.
    pub due_at: Time,
    /// Why the latest try to send failed; empty before the first.
    pub message: String,
}

/// What a mail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MailReason {
    /// An instance ended.
    Outcome,
    /// Tries of a step failed.
    RetryFailed,
    /// A step of which that was told has succeeded since.
    RetryRecovered,
    /// A data monitor warns without failing.
    DataExceeded,
}

/// Folders of the workflow tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Directories {
    pub items: Vec<Directory>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Directory {
    pub path: String,
    /// Workflows and coordinators directly in it.
    pub entries: u64,
}

fn coordinator_kind() -> Object {
    super::one_of(&["workflow", "standalone"])
}

fn mail_state() -> Object {
    super::one_of(&["due", "sent", "abandoned"])
}
