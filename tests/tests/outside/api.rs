//! The HTTP API under bad input, and two clients at once.

use peerflow_tests::NodeBuilder;
use serde_json::json;

const SMALL: &str =
    r#"<work-flow name="small"><start name="start" to="end"/><end name="end"/></work-flow>"#;

#[test]
fn bad_requests_get_problems_that_say_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path()).start();
    let api = &node.api;
    api.put_workflow("small", SMALL);
    let json = [("content-type", "application/json")];
    let xml = [("content-type", "application/xml")];
    let large = vec![b' '; 10 * 1024 * 1024];

    let cases = [
        (
            "a body of 10 MiB",
            api.send("PUT", "/api/v1/workflows/small", &xml, &large),
            413,
        ),
        (
            "a JSON body of 10 MiB",
            api.send("POST", "/api/v1/workflows/small/run", &json, &large),
            413,
        ),
        (
            "broken JSON",
            api.send(
                "POST",
                "/api/v1/workflows/small/run",
                &json,
                b"{\"params\": ",
            ),
            400,
        ),
        (
            "JSON of another shape",
            api.send(
                "POST",
                "/api/v1/workflows/small/run",
                &json,
                b"{\"params\": 7}",
            ),
            400,
        ),
        (
            "an unknown instance",
            api.get("/api/v1/instances/0000000000000000"),
            404,
        ),
        (
            "an unknown workflow",
            api.get("/api/v1/workflows/nobody"),
            404,
        ),
        ("an unknown route", api.get("/api/v1/nowhere"), 404),
        (
            "a method that is not there",
            api.send("PATCH", "/api/v1/front", &json, b"{}"),
            405,
        ),
        (
            "a path with ..",
            api.send(
                "PUT",
                "/api/v1/workflows/small/attachments/..%2F..%2Fetc%2Fpasswd",
                &[],
                b"x",
            ),
            400,
        ),
        (
            "XML that is none",
            api.send("PUT", "/api/v1/workflows/small", &xml, b"<work-flow"),
            422,
        ),
        (
            "a name that differs from the document's",
            api.send("PUT", "/api/v1/workflows/other", &xml, SMALL.as_bytes()),
            422,
        ),
        (
            "an unknown query parameter",
            api.get("/api/v1/instances?limitt=3"),
            400,
        ),
        (
            "a limit that is no number",
            api.get("/api/v1/instances?limit=many"),
            400,
        ),
        (
            "a foreign origin",
            api.send(
                "POST",
                "/api/v1/workflows/small/run",
                &[("origin", "http://evil.example")],
                b"{}",
            ),
            403,
        ),
        (
            "a foreign host",
            api.send("GET", "/api/v1/front", &[("host", "evil.example")], b""),
            403,
        ),
    ];
    for (what, reply, status) in cases {
        assert_eq!(reply.status, status, "{what}: {}", reply.text);
        let kind = reply.header("content-type").unwrap_or_default();
        assert!(
            kind.starts_with("application/problem+json"),
            "{what}: {kind}"
        );
        assert!(
            reply.json["type"].is_string() && reply.json["title"].is_string(),
            "{what}: {}",
            reply.text
        );
        assert_eq!(reply.json["status"], status, "{what}");
        assert!(
            !reply.json["detail"].as_str().unwrap_or_default().is_empty(),
            "{what}: {}",
            reply.text
        );
    }
    let broken = api.send(
        "PUT",
        "/api/v1/workflows/small",
        &xml,
        b"<work-flow name=\"small\">\n<start/></work-flow>",
    );
    assert!(
        broken.json["errors"][0]["line"]
            .as_u64()
            .is_some_and(|line| line <= 2),
        "{}",
        broken.text
    );
    assert!(
        broken.json["errors"][0]["message"].is_string(),
        "{}",
        broken.text
    );
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
    std::thread::scope(|scope| {
        for client in 0..8 {
            let api = node.api.clone();
            scope.spawn(move || {
                for turn in 0..10 {
                    api.put_workflow("small", &document(&format!("{client}-{turn}")));
                }
            });
        }
    });
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
