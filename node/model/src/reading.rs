//! Readings of data monitors.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use peerflow_workflow::WorkflowName;
use serde::{Deserialize, Serialize};

use crate::id::AttemptId;

/// One reading of a `<data-monitor>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataReading {
    pub attempt: AttemptId,
    pub workflow: WorkflowName,
    /// Day of the instance's logical time, in the workflow's zone.
    pub day: Date,
    pub value: f64,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// `category`, `source-name`, `time-mark` of older files.
    pub marks: BTreeMap<String, String>,
    /// Why it is remarkable; empty where it is within its limits.
    pub remark: String,
    pub at: Timestamp,
}
