//! Every page of the API.

#![expect(unused_qualifications, reason = "the code that utoipa's macros make")]

mod attachments;
mod cluster;
mod coordinators;
mod departures;
mod events;
mod health;
mod instances;
mod links;
pub(super) mod log;
mod parse;
mod put;
mod records;
mod releases;
mod workflow_actions;
mod workflows;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use utoipa_axum::routes;

use super::Routes;
use super::api::Api;

/// All pages, with their part of the OpenAPI document.
pub(super) fn all() -> Routes {
    Routes::new()
        .merge(health())
        .merge(cluster())
        .merge(workflows())
        .merge(coordinators())
        .merge(instances())
        .merge(links())
        .merge(records())
}

/// A workflow or coordinator may be called `check`; its pages are there too, beside the check itself.
pub(super) fn unlisted() -> Router<Arc<Api>> {
    let workflow = get(workflows::workflow)
        .put(put::put_workflow)
        .delete(workflows::delete_workflow);
    let coordinator = get(coordinators::coordinator)
        .put(put::put_coordinator)
        .delete(coordinators::delete_coordinator);
    Router::new()
        .route("/api/v1/workflows/check", workflow)
        .route("/api/v1/coordinators/check", coordinator)
}

fn health() -> Routes {
    Routes::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}

fn cluster() -> Routes {
    Routes::new()
        .routes(routes!(cluster::cluster))
        .routes(routes!(cluster::settings))
        .routes(routes!(cluster::put_setting))
        .routes(routes!(departures::shut_down))
        .routes(routes!(releases::release_all))
        .routes(routes!(departures::drain_node))
        .routes(routes!(events::events))
}

fn workflows() -> Routes {
    Routes::new()
        .routes(routes!(workflows::list_workflows))
        .routes(routes!(put::check_workflow))
        .routes(routes!(
            workflows::workflow,
            put::put_workflow,
            workflows::delete_workflow
        ))
        .routes(routes!(workflows::workflow_xml))
        .routes(routes!(workflows::workflow_graph))
        .routes(routes!(attachments::put_attachment))
        .routes(routes!(workflow_actions::trigger_workflow))
        .routes(routes!(workflow_actions::run_workflow))
        .routes(routes!(workflow_actions::reset_workflow))
        .routes(routes!(workflow_actions::enable_workflow))
        .routes(routes!(workflow_actions::disable_workflow))
        .routes(routes!(workflow_actions::reset_all))
}

fn coordinators() -> Routes {
    Routes::new()
        .routes(routes!(coordinators::list_coordinators))
        .routes(routes!(put::check_coordinator))
        .routes(routes!(
            coordinators::coordinator,
            put::put_coordinator,
            coordinators::delete_coordinator
        ))
        .routes(routes!(coordinators::coordinator_xml))
        .routes(routes!(coordinators::trigger_coordinator))
        .routes(routes!(coordinators::reset_coordinator))
        .routes(routes!(coordinators::enable_coordinator))
        .routes(routes!(coordinators::disable_coordinator))
}

fn instances() -> Routes {
    Routes::new()
        .routes(routes!(instances::search_instances))
        .routes(routes!(instances::instance, instances::delete_instance))
        .routes(routes!(instances::kill_instance))
        .routes(routes!(instances::rerun_instance))
        .routes(routes!(releases::release_instance))
        .routes(routes!(instances::instance_xml))
        .routes(routes!(log::instance_log))
}

fn links() -> Routes {
    Routes::new()
        .routes(routes!(links::list_links, links::add_link))
        .routes(routes!(links::link, links::put_link, links::delete_link))
        .routes(routes!(links::test_link))
}

fn records() -> Routes {
    Routes::new()
        .routes(routes!(records::front))
        .routes(routes!(records::plan))
        .routes(routes!(records::ledger))
        .routes(routes!(records::data_monitor))
        .routes(routes!(records::mail))
        .routes(routes!(records::directories))
        .routes(routes!(records::delete_directory))
}
