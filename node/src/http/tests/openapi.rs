use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::Peer;
use super::harness::request;

/// Every page there is, as method and path.
const PAGES: &[&str] = &[
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /api/v1/cluster",
    "GET /api/v1/cluster/settings",
    "PUT /api/v1/cluster/settings/{key}",
    "POST /api/v1/cluster/shutdown",
    "POST /api/v1/nodes/{id}/drain",
    "GET /api/v1/events",
    "GET /api/v1/workflows",
    "POST /api/v1/workflows/check",
    "GET /api/v1/workflows/{name}",
    "PUT /api/v1/workflows/{name}",
    "DELETE /api/v1/workflows/{name}",
    "GET /api/v1/workflows/{name}/xml",
    "GET /api/v1/workflows/{name}/graph",
    "PUT /api/v1/workflows/{name}/attachments/{path}",
    "POST /api/v1/workflows/{name}/trigger",
    "POST /api/v1/workflows/{name}/run",
    "POST /api/v1/workflows/{name}/reset",
    "POST /api/v1/workflows/{name}/enable",
    "POST /api/v1/workflows/{name}/disable",
    "POST /api/v1/reset-all",
    "GET /api/v1/coordinators",
    "POST /api/v1/coordinators/check",
    "GET /api/v1/coordinators/{name}",
    "PUT /api/v1/coordinators/{name}",
    "DELETE /api/v1/coordinators/{name}",
    "GET /api/v1/coordinators/{name}/xml",
    "POST /api/v1/coordinators/{name}/trigger",
    "POST /api/v1/coordinators/{name}/reset",
    "POST /api/v1/coordinators/{name}/enable",
    "POST /api/v1/coordinators/{name}/disable",
    "GET /api/v1/instances",
    "GET /api/v1/instances/{id}",
    "DELETE /api/v1/instances/{id}",
    "POST /api/v1/instances/{id}/kill",
    "POST /api/v1/instances/{id}/rerun",
    "POST /api/v1/instances/{id}/release",
    "POST /api/v1/cluster/release",
    "GET /api/v1/instances/{id}/xml",
    "GET /api/v1/instances/{id}/log",
    "GET /api/v1/links/{kind}",
    "POST /api/v1/links/{kind}",
    "GET /api/v1/links/{kind}/{name}",
    "PUT /api/v1/links/{kind}/{name}",
    "DELETE /api/v1/links/{kind}/{name}",
    "POST /api/v1/links/{kind}/{name}/test",
    "GET /api/v1/front",
    "GET /api/v1/plan",
    "GET /api/v1/ledger",
    "GET /api/v1/data-monitor",
    "GET /api/v1/mail",
    "GET /api/v1/directories",
    "DELETE /api/v1/directories/{path}",
];

fn pages(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("an item").keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

#[tokio::test]
async fn the_document_lists_every_page_and_the_router_knows_every_page_of_the_document() {
    let peer = Peer::start().await;
    let document = peer.get("/api/v1/openapi.json").await.json();
    let listed = pages(&document);
    assert_eq!(
        listed,
        PAGES.iter().map(|page| (*page).to_owned()).collect()
    );
    for page in &listed {
        let (method, path) = page.split_once(' ').expect("method and path");
        let path = path
            .replace("{name}", "x")
            .replace("{id}", "x")
            .replace("{key}", "x")
            .replace("{kind}", "db")
            .replace("{path}", "x");
        if path.ends_with("/events") {
            continue;
        }
        let method: Method = method.parse().expect("a method");
        let answered = peer.send(request(method, &path, None, "")).await;
        let problem = if answered.status.is_success() {
            String::new()
        } else {
            answered.problem()
        };
        assert_ne!(problem, "unknown-route", "{page}");
        assert_ne!(problem, "method-not-allowed", "{page}");
        assert_ne!(problem, "internal", "{page}: {}", answered.body);
    }
}

#[tokio::test]
async fn methods_that_the_document_does_not_list_are_refused() {
    let peer = Peer::start().await;
    let listed = pages(&peer.get("/api/v1/openapi.json").await.json());
    let paths: BTreeSet<&str> = listed
        .iter()
        .filter_map(|page| page.split_once(' '))
        .map(|(_, path)| path)
        .collect();
    for path in paths {
        for method in [
            Method::GET,
            Method::PUT,
            Method::POST,
            Method::DELETE,
            Method::PATCH,
        ] {
            // A workflow may be called `check`, so these take what a workflow's page takes.
            if listed.contains(&format!("{method} {path}")) || path.ends_with("/check") {
                continue;
            }
            let concrete = path
                .replace("{name}", "x")
                .replace("{id}", "x")
                .replace("{key}", "x")
                .replace("{path}", "x");
            let answered = peer
                .send(request(method.clone(), &concrete, None, ""))
                .await;
            assert_eq!(
                answered.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
            assert_eq!(answered.problem(), "method-not-allowed");
        }
    }
}

#[tokio::test]
async fn the_document_is_whole() {
    let document = Peer::start().await.get("/api/v1/openapi.json").await.json();
    let text = document.to_string();
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(
            schemas.contains_key(name),
            "{name} is referred to and not there"
        );
    }
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            assert!(
                operation["responses"]["default"].is_object(),
                "{method} {path} tells no problem"
            );
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path}"
            );
            let names = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|each| &each["name"]);
            let has_key = names.clone().any(|name| name == "Idempotency-Key");
            assert_eq!(has_key, method != "get", "{method} {path}");
        }
    }
    let ids = text.matches("\"operationId\"").count();
    assert_eq!(ids, pages(&document).len());
}
