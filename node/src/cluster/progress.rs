//! How far running tries have come, wherever they run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use peerflow_model::{AttemptId, NodeId, Progress, RunId};
use peerflow_wire as wire;
use tokio::time::timeout;

use super::ClusterHandle;
use crate::logs::LogHub;

/// How long other nodes may take to tell. Who does not is passed over: progress is worth no wait.
const PATIENCE: Duration = Duration::from_secs(1);

impl ClusterHandle {
    /// How far the tries of a run have come that run on `nodes` and tell it.
    pub(crate) async fn progress(
        &self,
        logs: &LogHub,
        run: &RunId,
        nodes: BTreeSet<NodeId>,
    ) -> BTreeMap<AttemptId, Progress> {
        let asking = nodes.into_iter().map(|node| async move {
            if node == *self.own_id() {
                return logs.progress(run);
            }
            let told = timeout(PATIENCE, self.progress_at(&node, run)).await;
            told.ok().flatten().unwrap_or_else(|| {
                tracing::debug!(%node, "a node did not tell the progress of its tasks");
                Vec::new()
            })
        });
        join_all(asking).await.into_iter().flatten().collect()
    }

    async fn progress_at(&self, node: &NodeId, run: &RunId) -> Option<Vec<(AttemptId, Progress)>> {
        let members = self.members();
        let network = self.shared.network.as_ref()?;
        let connection = network.connection(members.member(node)?).await.ok()?;
        let opening = wire::Opening::Progress { run: run.clone() };
        let (_nothing_more, mut told) = connection
            .open::<wire::Pong, wire::ProgressMessage>(&opening)
            .await
            .ok()?;
        Some(told.expect().await.ok()?.0)
    }
}
