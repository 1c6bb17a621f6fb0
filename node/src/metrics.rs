//! What a node counts and measures, for `/metrics`. Each node has its own recorder: two live in one process.

mod cluster;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use peerflow_engine::AttemptResult;
use peerflow_gossip::Meters as GossipMeters;
use peerflow_model::InstanceStatus;
use peerflow_wire::MeterReadings;

use cluster::ClusterMeters;

/// Upper bounds in seconds, from a tenth of a millisecond to half a minute.
const BUCKETS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 30.0,
];

/// All meters of a node. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    meters: Arc<Meters>,
}

struct Meters {
    handle: PrometheusHandle,
    cluster: ClusterMeters,
    instances_waiting: Gauge,
    instances_running: Gauge,
    instances_succeeded: Counter,
    instances_failed: Counter,
    instances_killed: Counter,
    attempts_dispatched: Counter,
    attempts_refused: Counter,
    attempts_succeeded: Counter,
    attempts_failed: Counter,
    attempts_killed: Counter,
    attempts_timed_out: Counter,
    attempts_revoked: Counter,
    slots: Gauge,
    slots_used: Gauge,
    outcomes_waiting: Gauge,
    dispatch_latency: Histogram,
    commits: Counter,
    commit_retries: Counter,
    changes: Counter,
    commit_time: Histogram,
    is_master: Gauge,
    epoch: Gauge,
    scheduler_trouble: Gauge,
    requests: Counter,
    log_bytes: Counter,
    log_spilled_bytes: Gauge,
    mail_sent: Counter,
    mail_failed: Counter,
    mail_abandoned: Counter,
    loader_files: Gauge,
    loader_bad_files: Gauge,
    retained_rows: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // Refused only when there are no buckets.
        let recorder = builder
            .set_buckets(&BUCKETS)
            .unwrap_or_default()
            .build_recorder();
        Self {
            meters: Arc::new(Meters::register(&recorder)),
        }
    }

    /// All meters in Prometheus' text format.
    pub fn render(&self) -> String {
        self.meters.handle.render()
    }

    /// Moves what histograms collected into their buckets; to be called every few seconds.
    pub(crate) fn upkeep(&self) {
        self.meters.handle.run_upkeep();
    }

    pub(crate) fn instances(&self, waiting: usize, running: usize) {
        self.meters.instances_waiting.set(count(waiting));
        self.meters.instances_running.set(count(running));
    }

    pub(crate) fn instance_ended(&self, status: InstanceStatus) {
        match status {
            InstanceStatus::Succeeded => self.meters.instances_succeeded.increment(1),
            InstanceStatus::Failed => self.meters.instances_failed.increment(1),
            InstanceStatus::Killed => self.meters.instances_killed.increment(1),
            InstanceStatus::Waiting | InstanceStatus::Running => {}
        }
    }

    pub(crate) fn dispatched(&self) {
        self.meters.attempts_dispatched.increment(1);
    }

    pub(crate) fn refused(&self) {
        self.meters.attempts_refused.increment(1);
    }

    /// An attempt began this long after its step was reached or its retry was due.
    pub(crate) fn began(&self, latency: Duration) {
        self.meters.dispatch_latency.record(latency.as_secs_f64());
    }

    pub(crate) fn attempt_ended(&self, result: AttemptResult) {
        let counter = match result {
            AttemptResult::Succeeded => &self.meters.attempts_succeeded,
            AttemptResult::Failed => &self.meters.attempts_failed,
            AttemptResult::Killed => &self.meters.attempts_killed,
            AttemptResult::TimedOut => &self.meters.attempts_timed_out,
            AttemptResult::Revoked | AttemptResult::Moved => &self.meters.attempts_revoked,
        };
        counter.increment(1);
    }

    pub(crate) fn slots(&self, all: u32) {
        self.meters.slots.set(f64::from(all));
    }

    pub(crate) fn worker(&self, running: usize, outcomes: usize) {
        self.meters.slots_used.set(count(running));
        self.meters.outcomes_waiting.set(count(outcomes));
    }

    pub(crate) fn committed(&self, changes: usize, took: Duration) {
        self.meters.commits.increment(1);
        self.meters.changes.increment(changes as u64);
        self.meters.commit_time.record(took.as_secs_f64());
    }

    pub(crate) fn commit_retried(&self) {
        self.meters.commit_retries.increment(1);
    }

    pub(crate) fn mastership(&self, epoch: Option<u64>) {
        self.meters
            .is_master
            .set(if epoch.is_some() { 1.0 } else { 0.0 });
        if let Some(epoch) = epoch {
            #[expect(clippy::cast_precision_loss, reason = "epochs stay far below 2^53")]
            self.meters.epoch.set(epoch as f64);
        }
    }

    pub(crate) fn trouble(&self, is_in_trouble: bool) {
        self.meters
            .scheduler_trouble
            .set(if is_in_trouble { 1.0 } else { 0.0 });
    }

    pub(crate) fn requested(&self) {
        self.meters.requests.increment(1);
    }

    pub(crate) fn logged(&self, bytes: usize) {
        self.meters.log_bytes.increment(bytes as u64);
    }

    pub(crate) fn log_spill(&self, bytes: u64) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "the spill file is limited far below 2^53 bytes"
        )]
        self.meters.log_spilled_bytes.set(bytes as f64);
    }

    pub(crate) fn mail_sent(&self) {
        self.meters.mail_sent.increment(1);
    }

    pub(crate) fn mail_failed(&self) {
        self.meters.mail_failed.increment(1);
    }

    pub(crate) fn mail_abandoned(&self) {
        self.meters.mail_abandoned.increment(1);
    }

    pub(crate) fn loader(&self, files: usize, bad: usize) {
        self.meters.loader_files.set(count(files));
        self.meters.loader_bad_files.set(count(bad));
    }

    /// What gossip knows and counted, now.
    pub(crate) fn cluster(&self, alive: usize, known: usize, meters: &GossipMeters) {
        self.meters.cluster.gossip(alive, known, meters);
    }

    /// What connections to peers counted, now.
    pub(crate) fn connections(&self, readings: &MeterReadings) {
        self.meters.cluster.connections(readings);
    }

    pub(crate) fn retained(&self, rows: u64) {
        self.meters.retained_rows.increment(rows);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what a node holds in memory is far below 2^53"
)]
fn count(number: usize) -> f64 {
    number as f64
}

impl Meters {
    #[expect(clippy::too_many_lines, reason = "a list: one entry for each meter")]
    fn register(recorder: &PrometheusRecorder) -> Self {
        let at = Registrar { recorder };
        let outcome = "how many runs ended, by outcome";
        let result = "how many attempts ended on this node, by result";
        let mail = "how many mails were sent, failed to be sent, or were given up";
        let instances = "runs that are not over, by status; of the master";
        Self {
            handle: recorder.handle(),
            cluster: ClusterMeters::register(recorder),
            instances_waiting: at.labelled_gauge(
                "peerflow_instances",
                "status",
                "waiting",
                instances,
            ),
            instances_running: at.labelled_gauge(
                "peerflow_instances",
                "status",
                "running",
                instances,
            ),
            instances_succeeded: at.labelled_counter(
                "peerflow_instances_ended_total",
                "outcome",
                "succeeded",
                outcome,
            ),
            instances_failed: at.labelled_counter(
                "peerflow_instances_ended_total",
                "outcome",
                "failed",
                outcome,
            ),
            instances_killed: at.labelled_counter(
                "peerflow_instances_ended_total",
                "outcome",
                "killed",
                outcome,
            ),
            attempts_dispatched: at.counter(
                "peerflow_attempts_dispatched_total",
                "attempts given to workers",
            ),
            attempts_refused: at.counter(
                "peerflow_attempts_refused_total",
                "attempts that this node's worker did not take",
            ),
            attempts_succeeded: at.labelled_counter(
                "peerflow_attempts_ended_total",
                "result",
                "succeeded",
                result,
            ),
            attempts_failed: at.labelled_counter(
                "peerflow_attempts_ended_total",
                "result",
                "failed",
                result,
            ),
            attempts_killed: at.labelled_counter(
                "peerflow_attempts_ended_total",
                "result",
                "killed",
                result,
            ),
            attempts_timed_out: at.labelled_counter(
                "peerflow_attempts_ended_total",
                "result",
                "timed_out",
                result,
            ),
            attempts_revoked: at.labelled_counter(
                "peerflow_attempts_ended_total",
                "result",
                "revoked",
                result,
            ),
            slots: at.gauge("peerflow_slots", "how many attempts this node runs at once"),
            slots_used: at.gauge("peerflow_slots_used", "how many attempts run on this node"),
            outcomes_waiting: at.gauge(
                "peerflow_outcomes_waiting",
                "outcomes of attempts that no master has confirmed yet",
            ),
            dispatch_latency: at.seconds(
                "peerflow_dispatch_latency_seconds",
                "from assigning an attempt to its begin",
            ),
            commits: at.counter("peerflow_commits_total", "batches of changes made durable"),
            commit_retries: at.counter(
                "peerflow_commit_retries_total",
                "batches sent again because their outcome was unknown",
            ),
            changes: at.counter("peerflow_changes_total", "single changes made durable"),
            commit_time: at.seconds(
                "peerflow_commit_seconds",
                "how long the store takes for one batch",
            ),
            is_master: at.gauge("peerflow_is_master", "1 while this node is the master"),
            epoch: at.gauge("peerflow_epoch", "the epoch this node was last master of"),
            scheduler_trouble: at.gauge(
                "peerflow_scheduler_trouble",
                "1 while nothing can be scheduled, for example because the store is away",
            ),
            requests: at.counter("peerflow_requests_total", "requests to the scheduler"),
            log_bytes: at.counter("peerflow_log_bytes_total", "bytes of task logs taken in"),
            log_spilled_bytes: at.gauge(
                "peerflow_log_spilled_bytes",
                "bytes of task logs that wait in the data directory for the store",
            ),
            mail_sent: at.labelled_counter("peerflow_mails_total", "result", "sent", mail),
            mail_failed: at.labelled_counter("peerflow_mails_total", "result", "failed", mail),
            mail_abandoned: at.labelled_counter(
                "peerflow_mails_total",
                "result",
                "abandoned",
                mail,
            ),
            loader_files: at.gauge("peerflow_loader_files", "documents in the workflow folder"),
            loader_bad_files: at.gauge(
                "peerflow_loader_bad_files",
                "documents in the workflow folder that are refused",
            ),
            retained_rows: at.counter(
                "peerflow_retention_rows_total",
                "rows that retention removed",
            ),
        }
    }
}

/// Registers meters at one recorder.
struct Registrar<'r> {
    recorder: &'r PrometheusRecorder,
}

const METADATA: Metadata<'static> = Metadata::new("peerflow", Level::INFO, None);

impl Registrar<'_> {
    fn counter(&self, name: &'static str, help: &'static str) -> Counter {
        self.recorder
            .describe_counter(name.into(), None, help.into());
        self.recorder
            .register_counter(&Key::from_static_name(name), &METADATA)
    }

    fn labelled_counter(
        &self,
        name: &'static str,
        label: &'static str,
        value: &'static str,
        help: &'static str,
    ) -> Counter {
        self.recorder
            .describe_counter(name.into(), None, help.into());
        let key = Key::from_parts(name, vec![Label::new(label, value)]);
        self.recorder.register_counter(&key, &METADATA)
    }

    fn gauge(&self, name: &'static str, help: &'static str) -> Gauge {
        self.recorder.describe_gauge(name.into(), None, help.into());
        self.recorder
            .register_gauge(&Key::from_static_name(name), &METADATA)
    }

    fn labelled_gauge(
        &self,
        name: &'static str,
        label: &'static str,
        value: &'static str,
        help: &'static str,
    ) -> Gauge {
        self.recorder.describe_gauge(name.into(), None, help.into());
        let key = Key::from_parts(name, vec![Label::new(label, value)]);
        self.recorder.register_gauge(&key, &METADATA)
    }

    fn seconds(&self, name: &'static str, help: &'static str) -> Histogram {
        self.recorder
            .describe_histogram(name.into(), Some(Unit::Seconds), help.into());
        self.recorder
            .register_histogram(&Key::from_static_name(name), &METADATA)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_nodes_count_apart() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.attempt_ended(AttemptResult::TimedOut);
        one.committed(3, Duration::from_millis(2));
        one.upkeep();
        let line = r#"peerflow_attempts_ended_total{result="timed_out"}"#;
        assert!(
            one.render().contains(&format!("{line} 1")),
            "{}",
            one.render()
        );
        assert!(
            other.render().contains(&format!("{line} 0")),
            "{}",
            other.render()
        );
        assert!(
            one.render().contains("peerflow_commit_seconds_bucket"),
            "{}",
            one.render()
        );
    }
}
