//! The OpenAPI document.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, header};
use axum::routing::get;
use bytes::Bytes;
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{
    Components, Content, Info, License, OpenApi, PathItem, Ref, RefOr, ResponseBuilder,
};

use super::api::Api;
use super::limits::KnownQueries;
use super::types::{
    Changed, DefinitionChanged, InstanceSummary, Lagged, LogPage, Problem, StepChanged,
};

const DESCRIPTION: &str = "\
Names in paths are percent-encoded UTF-8: a slash in a name is %2F. Times are RFC 3339 with the offset of the \
cluster's zone. Lists are paged by cursor: give `next` as `cursor`. What cannot be done is answered by a problem \
(RFC 9457) whose `type` is stable. Writes take an Idempotency-Key: the same key with the same request is done once.";

/// What every operation has in common is written here, once.
pub(super) fn finish(mut document: OpenApi) -> OpenApi {
    let mut info = Info::new("peerflow", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.to_owned());
    info.license = Some(License::new("Apache-2.0"));
    document.info = info;
    let components = document.components.get_or_insert_with(Components::new);
    add_schema::<Problem>(components);
    add_schema::<StepChanged>(components);
    add_schema::<DefinitionChanged>(components);
    add_schema::<Changed>(components);
    add_schema::<Lagged>(components);
    add_schema::<InstanceSummary>(components);
    add_schema::<LogPage>(components);
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        for (method, operation) in operations(&mut item) {
            operation
                .responses
                .responses
                .insert("default".to_owned(), problem_response().into());
            if method != Method::GET {
                operation
                    .parameters
                    .get_or_insert_default()
                    .push(idempotency_key().into());
            }
        }
        // Wildcards are written as plain parameters there.
        document.paths.paths.insert(path.replace("{*", "{"), item);
    }
    document
}

fn add_schema<T: ToSchema>(components: &mut Components) {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    for (name, schema) in schemas {
        components.schemas.entry(name).or_insert(schema);
    }
}

fn problem_response() -> utoipa::openapi::Response {
    ResponseBuilder::new()
        .description("it was not done: why, and what to do")
        .content(
            "application/problem+json",
            Content::new(Some(Ref::from_schema_name("Problem"))),
        )
        .build()
}

fn idempotency_key() -> utoipa::openapi::path::Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(super::extract::MAX_KEY_BYTES));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "the same key with the same request is done once; at most 255 bytes",
        ))
        .schema(Some(text.build()))
        .build()
}

/// The page of the document itself.
pub(super) fn route(document: &OpenApi) -> Router<Arc<Api>> {
    let text = Bytes::from(document.to_pretty_json().unwrap_or_default());
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], text) };
    Router::new().route("/api/v1/openapi.json", get(answer))
}

/// Names of query parameters by page and method.
pub(super) fn query_names(document: &OpenApi) -> KnownQueries {
    let mut known = BTreeMap::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in operations(&mut item.clone()) {
            let names = operation
                .parameters
                .iter()
                .flatten()
                .filter_map(|parameter| match parameter {
                    RefOr::T(parameter) => Some(parameter),
                    RefOr::Ref(_) => None,
                })
                .filter(|parameter| parameter.parameter_in == ParameterIn::Query)
                .map(|parameter| parameter.name.clone());
            // The router's own name of a page with a wildcard.
            for name in [path.clone(), path.replace("{path}", "{*path}")] {
                known.insert((name, method.clone()), names.clone().collect::<Vec<_>>());
            }
        }
    }
    known
}

/// The operations of a page, by method.
pub(super) fn operations(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    [
        (Method::GET, item.get.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.map(|operation| (method, operation)))
    .collect()
}
