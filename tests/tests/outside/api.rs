//! The HTTP API under bad input, and two clients at once.

use peerflow_tests::{Node, NodeBuilder, Reply};
use serde_json::json;
use tempfile::TempDir;

const SMALL: &str =
    r#"<work-flow name="small"><start name="start" to="end"/><end name="end"/></work-flow>"#;

/// What it is, method, path, headers, body, and the status it must get.
type Case<'a> = (
    &'a str,
    &'a str,
    &'a str,
    &'a [(&'a str, &'a str)],
    &'a [u8],
    u16,
);

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const XML: &[(&str, &str)] = &[("content-type", "application/xml")];

/// A node with one small workflow.
fn node_with_small(folder: &TempDir) -> Node {
    let node = NodeBuilder::new(folder.path()).start();
    node.api.put_workflow("small", SMALL);
    node
}

/// Whether the reply is a problem of that status that says what is wrong.
fn assert_problem(what: &str, reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{what}: {}", reply.text);
    let kind = reply.header("content-type").unwrap_or_default();
    assert!(
        kind.starts_with("application/problem+json"),
        "{what}: {kind}"
    );
    let problem = &reply.json;
    assert!(
        problem["type"].is_string() && problem["title"].is_string(),
        "{what}: {problem}"
    );
    assert_eq!(problem["status"], status, "{what}");
    assert!(
        !problem["detail"].as_str().unwrap_or_default().is_empty(),
        "{what}: {problem}"
    );
}

#[test]
fn bodies_that_are_too_large_or_broken_get_problems_that_say_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = node_with_small(&folder);
    let large = vec![b' '; 10 * 1024 * 1024];
    let run = "/api/v1/workflows/small/run";
    let put = "/api/v1/workflows/small";
    let other = "/api/v1/workflows/other";
    let check = "/api/v1/workflows/check";
    let coordinator = "/api/v1/coordinators/c";
    let cases: [Case<'_>; 9] = [
        ("a document of 10 MiB", "PUT", put, XML, &large, 413),
        ("one that is only checked", "POST", check, XML, &large, 413),
        ("a coordinator", "PUT", coordinator, XML, &large, 413),
        (
            "bytes that are no text",
            "POST",
            run,
            JSON,
            b"{\"params\": \xff\xfe}",
            400,
        ),
        ("JSON of 10 MiB", "POST", run, JSON, &large, 413),
        ("broken JSON", "POST", run, JSON, b"{\"params\": ", 400),
        (
            "JSON of another shape",
            "POST",
            run,
            JSON,
            b"{\"params\": 7}",
            400,
        ),
        ("XML that is none", "PUT", put, XML, b"<work-flow", 422),
        (
            "a name that is not the document's",
            "PUT",
            other,
            XML,
            SMALL.as_bytes(),
            422,
        ),
    ];
    for (what, method, path, headers, body, status) in cases {
        assert_problem(what, &node.api.send(method, path, headers, body), status);
    }
    let broken = node.api.send(
        "PUT",
        put,
        XML,
        b"<work-flow name=\"small\">\n<start/></work-flow>",
    );
    let first = &broken.json["errors"][0];
    assert!(
        first["line"].as_u64().is_some_and(|line| line <= 2),
        "{}",
        broken.text
    );
    assert!(first["message"].is_string(), "{}", broken.text);
}

#[test]
fn paths_and_headers_that_make_no_sense_get_problems_that_say_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = node_with_small(&folder);
    let run = "/api/v1/workflows/small/run";
    let upward = "/api/v1/workflows/small/attachments/..%2F..%2Fetc%2Fpasswd";
    let cases: [Case<'_>; 9] = [
        (
            "an unknown instance",
            "GET",
            "/api/v1/instances/0000000000000000",
            &[],
            b"",
            404,
        ),
        (
            "an unknown workflow",
            "GET",
            "/api/v1/workflows/nobody",
            &[],
            b"",
            404,
        ),
        ("an unknown route", "GET", "/api/v1/nowhere", &[], b"", 404),
        (
            "a method that is not there",
            "PATCH",
            "/api/v1/front",
            JSON,
            b"",
            405,
        ),
        ("a path with ..", "PUT", upward, &[], b"", 422),
        (
            "an unknown query parameter",
            "GET",
            "/api/v1/instances?limitt=3",
            &[],
            b"",
            400,
        ),
        (
            "a limit that is no number",
            "GET",
            "/api/v1/instances?limit=many",
            &[],
            b"",
            400,
        ),
        (
            "a foreign origin",
            "POST",
            run,
            &[("origin", "http://evil.example")],
            b"",
            403,
        ),
        (
            "a foreign host",
            "GET",
            "/api/v1/front",
            &[("host", "evil.example")],
            b"",
            403,
        ),
    ];
    for (what, method, path, headers, body, status) in cases {
        assert_problem(what, &node.api.send(method, path, headers, body), status);
    }
}

#[test]
fn unknown_ids_are_named_on_every_route_and_upward_paths_lead_nowhere() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = node_with_small(&folder);
    let nobody = [
        ("GET", "/api/v1/instances/nobody"),
        ("GET", "/api/v1/instances/nobody/log"),
        ("DELETE", "/api/v1/instances/nobody"),
        ("POST", "/api/v1/instances/nobody/kill"),
        ("POST", "/api/v1/instances/nobody/rerun"),
        ("GET", "/api/v1/workflows/nobody/xml"),
        ("POST", "/api/v1/workflows/nobody/run"),
        ("POST", "/api/v1/workflows/nobody/trigger"),
        ("POST", "/api/v1/workflows/nobody/disable"),
        ("DELETE", "/api/v1/workflows/nobody"),
        ("GET", "/api/v1/coordinators/nobody"),
        ("POST", "/api/v1/coordinators/nobody/trigger"),
        ("DELETE", "/api/v1/coordinators/nobody"),
        ("POST", "/api/v1/nodes/nobody/drain"),
    ];
    for (method, path) in nobody {
        let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
        let what = format!("{method} {path}");
        let reply = node.api.send(method, path, JSON, body);
        assert_problem(&what, &reply, 404);
        let detail = reply.json["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("nobody"), "{what}: {detail}");
    }
    let upward = [
        ("GET", "/../../../../etc/passwd"),
        ("GET", "/api/v1/../../../etc/passwd"),
        ("GET", "/api/v1/workflows/..%2F..%2F..%2Fetc%2Fpasswd"),
        ("GET", "/api/v1/workflows/%2e%2e/xml"),
        ("GET", "/api/v1/instances/..%2F..%2Fetc%2Fpasswd/log"),
        ("DELETE", "/api/v1/workflows/..%2Fsmall"),
    ];
    for (method, path) in upward {
        let reply = node.api.send(method, path, &[], b"");
        assert_problem(&format!("{method} {path}"), &reply, 404);
        assert!(!reply.text.contains("root:"), "{path}: {}", reply.text);
    }
    assert_eq!(node.api.get("/api/v1/workflows/small").status, 200);
}

#[test]
fn two_clients_that_add_the_same_name_leave_one_of_both_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path()).start();
    let document = |description: &str| {
        SMALL.replace(
            "name=\"small\"",
            &format!("name=\"small\" desc=\"{description}\""),
        )
    };
    let answers: Vec<Reply> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let api = node.api.clone();
                let add = move |turn| {
                    let xml = document(&format!("{client}-{turn}"));
                    api.send("PUT", "/api/v1/workflows/small", XML, xml.as_bytes())
                };
                scope.spawn(move || (0..10).map(add).collect::<Vec<_>>())
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("the client ends"))
            .collect()
    });
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    }
    let added = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(added.count(), 1, "one adds it, the others change it");
    let info = node.api.get("/api/v1/workflows/small");
    let xml = node.api.get("/api/v1/workflows/small/xml").text;
    let description = info.json["description"].as_str().expect("a description");
    assert_eq!(
        xml,
        document(description),
        "facts and document are of the same version"
    );
}

#[test]
fn a_repeated_request_with_the_same_key_makes_one_instance() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path()).start();
    node.api.put_workflow("small", SMALL);
    let send = |body: &[u8]| {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", "night-1"),
        ];
        node.api
            .send("POST", "/api/v1/workflows/small/run", &headers, body)
    };
    let first = send(br#"{"params":{}}"#);
    let again = send(br#"{"params":{}}"#);
    assert!(first.json["instance"].is_string(), "{}", first.text);
    assert_eq!(first.json, again.json);
    let other = send(br#"{"params":{"a":"b"}}"#);
    assert!(matches!(other.status, 409 | 422), "{}", other.text);
    let node = node.kill_and_start_again();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "night-1"),
    ];
    let after = node.api.send(
        "POST",
        "/api/v1/workflows/small/run",
        &headers,
        br#"{"params":{}}"#,
    );
    assert_eq!(
        first.json, after.json,
        "the key is remembered across a restart"
    );
}

#[test]
fn the_openapi_document_the_health_pages_and_the_metrics_answer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path()).start();
    let openapi = node.api.get("/api/v1/openapi.json");
    assert!(
        openapi.json["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with('3')),
        "{}",
        openapi.text
    );
    assert!(
        openapi.json["paths"]
            .as_object()
            .is_some_and(|paths| paths.len() > 20)
    );
    assert_eq!(node.api.get("/healthz").status, 200);
    assert_eq!(node.api.get("/readyz").status, 200);
    let metrics = node.api.get("/metrics").text;
    assert!(metrics.contains("peerflow_"), "{metrics}");
    let cluster = node.api.get("/api/v1/cluster").json;
    assert_eq!(cluster["nodes"].as_array().map(Vec::len), Some(1));
    assert_eq!(cluster["master"], cluster["nodes"][0]["id"]);
    assert_eq!(cluster["nodes"][0]["state"], json!("alive"));
}
