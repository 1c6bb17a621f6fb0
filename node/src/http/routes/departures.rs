//! Nodes that are asked to go: one of them, or all.

use axum::Json;
use axum::extract::State;
use futures::future::join_all;
use peerflow_gossip::MemberState;
use peerflow_model::NodeId;

use crate::cluster::Departure;
use crate::http::api::Shared;
use crate::http::extract::{IdempotencyKey, JsonBody, Names};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::{Done, Drain};

/// Gives a node no new tasks; it leaves once what runs there has ended, or was moved.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/{id}/drain",
    tag = "cluster",
    params(("id" = String, Path)),
    request_body = Drain,
    responses((status = 200, body = Done))
)]
pub(super) async fn drain_node(
    State(api): Shared,
    names: Names,
    IdempotencyKey(_asking_twice_does_no_harm): IdempotencyKey,
    JsonBody(drain): JsonBody<Drain>,
) -> Result<Json<Done>, ApiProblem> {
    let (departure, what) = match (drain.off, drain.moves) {
        (false, false) => (Departure::Drains, "leaves once its tasks have ended"),
        (false, true) => (
            Departure::Moves,
            "leaves, and its tasks run again elsewhere",
        ),
        (true, false) => (Departure::Stays, "stays"),
        (true, true) => {
            return Err(ApiProblem::invalid_request(
                "off and move exclude each other; give one of them",
            ));
        }
    };
    let node = NodeId::from(names.id());
    let members = api.state.cluster.members();
    match members.member(&node).map(|member| member.state) {
        None => return Err(ApiProblem::not_found("node", names.id())),
        Some(MemberState::Dead | MemberState::Left) => {
            return Err(ApiProblem::new(
                Kind::Conflict,
                format!("node {node} is not alive, so it cannot be asked to go"),
            ));
        }
        Some(MemberState::Alive) => {}
    }
    api.state.cluster.ask_to_go(&node, departure).await?;
    Ok(Json(Done {
        message: format!("node {node} {what}"),
    }))
}

/// Stops every node. What runs is killed, and runs again when the cluster is started again.
#[utoipa::path(post, path = "/api/v1/cluster/shutdown", tag = "cluster", responses((status = 200, body = Done)))]
pub(super) async fn shut_down(
    State(api): Shared,
    IdempotencyKey(_asking_twice_does_no_harm): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let cluster = &api.state.cluster;
    let members = cluster.members();
    let others: Vec<&NodeId> = members
        .peers()
        .filter(|member| member.state == MemberState::Alive)
        .map(|member| &member.id)
        .collect();
    let asked = others
        .iter()
        .map(|node| cluster.ask_to_go(node, Departure::ShutsDown));
    let failed: Vec<String> = join_all(asked)
        .await
        .into_iter()
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect();
    // This node stays until all others know, so that it can be asked again.
    if !failed.is_empty() {
        return Err(ApiProblem::new(
            Kind::Unavailable,
            format!(
                "not every node could be told to stop: {}",
                failed.join("; ")
            ),
        ));
    }
    cluster
        .ask_to_go(cluster.own_id(), Departure::ShutsDown)
        .await?;
    Ok(Json(Done {
        message: format!("all {} nodes stop", others.len() + 1),
    }))
}
