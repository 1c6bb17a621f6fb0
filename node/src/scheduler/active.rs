//! Counts of runs that are not over, for the metrics.

use std::collections::HashMap;

use peerflow_model::{Instance, InstanceStatus, RunId};

use crate::metrics::Metrics;

/// The runs that are not over, and how many of them wait.
#[derive(Debug, Default)]
pub(super) struct ActiveRuns {
    statuses: HashMap<RunId, InstanceStatus>,
    waiting: usize,
}

impl ActiveRuns {
    /// Notes where a run stands now.
    pub(super) fn note(&mut self, instance: &Instance, metrics: &Metrics) {
        let before = if instance.status.is_final() {
            self.statuses.remove(&instance.id)
        } else {
            self.statuses.insert(instance.id.clone(), instance.status)
        };
        if before == Some(InstanceStatus::Waiting) {
            self.waiting -= 1;
        }
        if instance.status == InstanceStatus::Waiting {
            self.waiting += 1;
        }
        metrics.instances(self.waiting, self.statuses.len() - self.waiting);
        metrics.instance_ended(instance.status);
    }
}
