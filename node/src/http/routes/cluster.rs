//! The cluster and its settings.

use axum::Json;
use axum::extract::State;
use peerflow_engine::Request;
use peerflow_gossip::{Member, MemberState};

use super::workflow_actions::done;
use crate::http::api::{Api, Shared};
use crate::http::extract::{IdempotencyKey, JsonBody, Names};
use crate::http::problem::ApiProblem;
use crate::http::show::Show;
use crate::http::types::{Cluster, Done, Node, NodeState, SettingValue, Settings};

/// The cluster as this peer sees it. Nodes that said that they go are not shown.
#[utoipa::path(get, path = "/api/v1/cluster", tag = "cluster", responses((status = 200, body = Cluster)))]
pub(super) async fn cluster(State(api): Shared) -> Json<Cluster> {
    let scheduler = api.state.scheduler.state();
    let identity = &api.state.identity;
    // What is wrong with the store must be told although the store cannot be asked for its zone.
    let show = api
        .show()
        .await
        .unwrap_or_else(|_store_is_away| api.own_show());
    let members = api.state.cluster.members();
    let nodes = members.iter().filter_map(|member| node(member, &show));
    Json(Cluster {
        name: identity.cluster_name.clone(),
        master: scheduler.master.map(|master| master.to_string()),
        epoch: scheduler.epoch.0,
        nodes: nodes.collect(),
        answered_by: identity.id.to_string(),
        trouble: scheduler.trouble,
        alarms: alarms(&api).await,
        timezone: show.zone_name().to_owned(),
    })
}

/// What an operator must look after. Every peer tells the same of the store, which is asked for it.
async fn alarms(api: &Api) -> Vec<String> {
    let mut alarms = Vec::new();
    // That the store is away is told as trouble.
    if let Ok(Some(row)) = api.read(api.state.store.lease()).await
        && let Some(restoration) = row.restoration
    {
        alarms.push(format!(
            "the store went back (found out at {}, epoch {}): what may have run since is held until an operator releases \
             or kills it; see the instances that are running or waiting",
            restoration.found_at, restoration.epoch.0
        ));
    }
    let members = api.state.cluster.members();
    if let Some(rival) = members.rival() {
        alarms.push(format!(
            "another node lives under the id {} at {}: give each its own node.id and data directory",
            api.state.identity.id, rival.gossip
        ));
    }
    alarms
}

/// What a member says of itself, and whether it is there.
fn node(member: &Member, show: &Show) -> Option<Node> {
    let state = match member.state {
        MemberState::Alive if member.word.draining => NodeState::Draining,
        MemberState::Alive => NodeState::Alive,
        MemberState::Dead => NodeState::Dead,
        MemberState::Left => return None,
    };
    let about = &member.about;
    // Without a cluster there is no socket for peers, and so no address of one.
    let gossip = about.rpc.map(|_| member.gossip.to_string());
    Some(Node {
        id: member.id.to_string(),
        state,
        http: about.http.clone().unwrap_or_default(),
        rpc: about.rpc.map(|rpc| rpc.to_string()).unwrap_or_default(),
        gossip: gossip.unwrap_or_default(),
        labels: about.labels.clone(),
        slots: about.slots,
        running: member.word.running,
        load: member.word.load,
        version: about.version.clone(),
        incarnation: member.incarnation.0,
        epoch: member.word.highest_epoch.0,
        store_reachable: member.word.store_reachable,
        started_at: show.time(about.started_at),
    })
}

/// Cluster-wide settings.
#[utoipa::path(get, path = "/api/v1/cluster/settings", tag = "cluster", responses((status = 200, body = Settings)))]
pub(super) async fn settings(State(api): Shared) -> Result<Json<Settings>, ApiProblem> {
    Ok(Json(Settings {
        settings: api.settings().await?,
    }))
}

/// Changes a cluster-wide setting; in force at once, on every node.
#[utoipa::path(
    put,
    path = "/api/v1/cluster/settings/{key}",
    tag = "cluster",
    params(("key" = String, Path)),
    request_body = SettingValue,
    responses((status = 200, body = Done))
)]
pub(super) async fn put_setting(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(setting): JsonBody<SettingValue>,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::SetSetting {
        key: names.part("key").to_owned(),
        value: setting.value,
    };
    done(&api, request, key).await
}
