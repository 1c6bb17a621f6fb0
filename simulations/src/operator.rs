//! The operator: releases what is held once all faults are over, as somebody would in the morning.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::CONTENT_TYPE;
use peerflow_model::{ActiveState, VisitStatus};
use peerflow_store::RunStore;
use tower::ServiceExt;

use crate::node::SimNode;
use crate::store::{SimStore, at_once};
use crate::time::VirtualTime;

/// How often the operator looks.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// Somebody who looks at what is held now and then.
#[derive(Debug, Default)]
pub(crate) struct Operator {
    next: VirtualTime,
}

impl Operator {
    /// Says that what is held is to run again, where something is.
    pub(crate) fn tick(&mut self, now: VirtualTime, store: &SimStore, nodes: &[SimNode]) {
        if now < self.next {
            return;
        }
        self.next = now.after(LOOKS_EVERY);
        let Some(state) = active(store) else {
            return;
        };
        if state.restoration.is_none() && !state.runs.iter().any(is_held) {
            return;
        }
        if let Some(node) = nodes.iter().find(|node| node.serves()) {
            // What came of it shows in the store; if nothing did, the operator comes again.
            drop(node.spawn(release));
        }
    }
}

/// What the store holds of runs that are not over; `None` if it cannot be read.
pub(crate) fn active(store: &SimStore) -> Option<ActiveState> {
    at_once(store.memory().active_state()).ok()?.ok()
}

fn is_held(run: &peerflow_model::ActiveRun) -> bool {
    run.visits
        .iter()
        .any(|visit| visit.status == VisitStatus::Lost)
}

async fn release(router: Router) {
    let request = Request::post("/api/v1/cluster/release")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"run_again":true}"#));
    if let Ok(request) = request {
        let Ok(_answer) = router.oneshot(request).await;
    }
}
