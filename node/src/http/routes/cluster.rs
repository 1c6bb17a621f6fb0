//! The cluster and its settings.

use axum::Json;
use axum::extract::State;

use crate::http::api::Shared;
use crate::http::problem::ApiProblem;
use crate::http::types::{Cluster, Node, NodeState, Settings};

/// The cluster as this peer sees it.
#[utoipa::path(get, path = "/api/v1/cluster", tag = "cluster", responses((status = 200, body = Cluster)))]
pub(super) async fn cluster(State(api): Shared) -> Json<Cluster> {
    let scheduler = api.state.scheduler.state();
    let identity = &api.state.identity;
    // What is wrong with the store must be told although the store cannot be asked for its zone.
    let show = api
        .show()
        .await
        .unwrap_or_else(|_store_is_away| api.own_show());
    let address = |socket: Option<std::net::SocketAddr>| {
        socket.map(|socket| socket.to_string()).unwrap_or_default()
    };
    let node = Node {
        id: identity.id.to_string(),
        state: NodeState::Alive,
        http: address(identity.http),
        rpc: address(identity.rpc),
        gossip: String::new(),
        load: 0.0,
        incarnation: identity.incarnation.0,
        epoch: scheduler.epoch.0,
        store_reachable: scheduler.trouble.is_none(),
        labels: identity.labels.clone(),
        slots: identity.slots,
        running: u32::try_from((api.state.running)()).unwrap_or(u32::MAX),
        version: identity.version.to_owned(),
        started_at: show.time(identity.started_at),
    };
    Json(Cluster {
        name: identity.cluster_name.clone(),
        master: scheduler.master.map(|master| master.to_string()),
        epoch: scheduler.epoch.0,
        nodes: vec![node],
        answered_by: identity.id.to_string(),
        trouble: scheduler.trouble,
        timezone: show.zone_name().to_owned(),
    })
}

/// Cluster-wide settings.
#[utoipa::path(get, path = "/api/v1/cluster/settings", tag = "cluster", responses((status = 200, body = Settings)))]
pub(super) async fn settings(State(api): Shared) -> Result<Json<Settings>, ApiProblem> {
    Ok(Json(Settings {
        settings: api.settings().await?,
    }))
}
