//! The HTTP API: JSON under `/api/v1`, its OpenAPI document, server-sent events, health pages and metrics.
//!
//! Reads are answered from the store, writes by the scheduler. The router also serves calls from within the process;
//! `serve` puts it on a socket.

mod access;
mod api;
mod document;
mod extract;
mod follow;
mod limits;
mod listener;
mod openapi;
mod problem;
mod routes;
mod serve;
mod show;
mod sse;
#[cfg(test)]
mod tests;
mod tls;
pub mod types;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use access::Access;
pub(crate) use api::ApiState;
pub(crate) use listener::HttpListener;
pub use listener::ListenError;
pub(crate) use serve::serve;
pub use tls::TlsError;

use api::Api;

/// The whole API over `state`. Who may call it is `state.access`; a router for [`Access::Inside`] must not get a socket.
pub(crate) fn router(state: ApiState) -> Router {
    let api = Arc::new(Api::new(state));
    let (routes, document) = routes::all().split_for_parts();
    let document = openapi::finish(document);
    let known_queries = Arc::new(openapi::query_names(&document));
    let routes = routes
        .merge(routes::unlisted())
        .merge(openapi::route(&document))
        .route_layer(from_fn_with_state(
            known_queries,
            limits::refuse_unknown_query,
        ))
        .fallback(problem::unknown_route)
        .method_not_allowed_fallback(problem::method_not_allowed);
    routes
        .layer(from_fn_with_state(Arc::clone(&api), limits::limit_requests))
        .layer(from_fn_with_state(Arc::clone(&api), access::guard))
        .layer(from_fn(problem::replace_plain_errors))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .with_state(api)
}

/// A router that also collects its OpenAPI document.
type Routes = OpenApiRouter<Arc<Api>>;
