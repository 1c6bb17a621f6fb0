use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use peerflow_engine::{Answer, RefusalKind, RegisterOutcome};
use peerflow_model::{Change, ContentHash, InstanceStatus, VisitStatus};
use peerflow_workflow::Diagnostics;
use serde_json::json;

use super::Peer;
use super::harness::{document, instance, refused, request, run, small, visit, workflow};
use crate::scheduler::AskError;

fn registered(name: &str, outcome: RegisterOutcome) -> Answer {
    Answer::Registered {
        name: name.to_owned(),
        standalone: false,
        outcome,
        warnings: Diagnostics::default(),
        notes: vec!["a note".to_owned()],
    }
}

#[tokio::test]
async fn a_workflow_is_registered_under_its_name() {
    let peer = Peer::start().await;
    peer.answers(|_| Ok(registered("名/1", RegisterOutcome::Added)));
    let put = peer
        .put_xml("/api/v1/workflows/%E5%90%8D%2F1", &document("名/1"))
        .await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.body);
    assert_eq!(put.json()["outcome"], "added");
    assert_eq!(put.json()["notes"], json!(["a note"]));
    assert_eq!(put.json()["files_missing"], json!(["lib/a.sh"]));
    assert!(peer.asked()[0].0.contains("PutDocument"));
    peer.answers(|_| Ok(registered("名/1", RegisterOutcome::Unchanged)));
    assert_eq!(
        peer.put_xml("/api/v1/workflows/%E5%90%8D%2F1", &document("名/1"))
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_document_under_another_name_or_of_another_kind_is_refused() {
    let peer = Peer::start().await;
    let other = peer
        .put_xml("/api/v1/workflows/other", &small("name"))
        .await;
    assert_eq!(
        (other.status.as_u16(), other.problem().as_str()),
        (422, "invalid")
    );
    assert!(other.detail().contains("other") && other.detail().contains("name"));
    let kind = peer
        .put_xml("/api/v1/coordinators/name", &small("name"))
        .await;
    assert!(
        kind.detail().contains("/api/v1/workflows/"),
        "{}",
        kind.body
    );
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn a_bad_document_tells_its_errors_with_their_places() {
    let peer = Peer::start().await;
    let xml = "<work-flow name=\"w\">\n  <start name=\"s\" to=\"nowhere\"/>\n  <end name=\"e\"/>\n</work-flow>";
    let put = peer.put_xml("/api/v1/workflows/w", xml).await;
    assert_eq!(
        (put.status.as_u16(), put.problem().as_str()),
        (422, "invalid-document")
    );
    let error = &put.json()["errors"][0];
    assert_eq!(error["line"], 2);
    assert!(error["column"].as_u64().expect("a column") > 1);
    assert!(
        error["message"]
            .as_str()
            .expect("words")
            .contains("nowhere")
    );
    let check = peer
        .send(request(
            Method::POST,
            "/api/v1/workflows/check",
            Some("text/xml; charset=utf-8"),
            xml,
        ))
        .await;
    assert_eq!(
        (check.status, &check.json()["valid"]),
        (StatusCode::OK, &json!(false))
    );
    assert_eq!(check.json()["errors"][0]["line"], 2);
    let latin = Request::builder()
        .method(Method::PUT)
        .uri("/api/v1/workflows/w")
        .header("content-type", "application/xml")
        .body(Body::from(&b"<work-flow name=\"\xe9\"/>"[..]))
        .expect("a request");
    assert_eq!(peer.send(latin).await.problem(), "invalid-document");
}

#[tokio::test]
async fn a_check_tells_parameters_schedule_and_what_is_not_registered() {
    let peer = Peer::start().await;
    let path = "/api/v1/workflows/check";
    let check = peer
        .send(request(
            Method::POST,
            path,
            Some("application/xml"),
            &document("w"),
        ))
        .await
        .json();
    assert_eq!(
        (&check["valid"], &check["name"], &check["kind"]),
        (&json!(true), &json!("w"), &json!("workflow"))
    );
    assert_eq!(check["parameters_needed"], json!(["who"]));
    assert_eq!(
        check["schedule"]["next_fire_times"][0],
        "2026-11-21T01:00:00+08:00"
    );
    assert_eq!(check["files"], json!(["lib/a.sh"]));
    assert!(check["notes"].to_string().contains("absent"));
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn writes_reach_the_scheduler_with_their_key() {
    let peer = Peer::start().await;
    peer.answers(|_| Ok(Answer::Instances(vec!["i1".into(), "i2".into()])));
    let trigger = r#"{"blood":true,"skip":["a","监控"]}"#;
    let mut keyed = request(
        Method::POST,
        "/api/v1/workflows/a%2Fb/trigger",
        Some("application/json"),
        trigger,
    );
    keyed
        .headers_mut()
        .insert("idempotency-key", "k1".parse().expect("a value"));
    let answered = peer.send(keyed).await;
    assert_eq!(answered.json(), json!({"instance": "i1", "run": 1}));
    let asked = peer.asked();
    assert_eq!(asked[0].1.as_deref(), Some("k1"));
    assert!(
        asked[0].0.contains("\"a/b\"")
            && asked[0].0.contains("blood: true")
            && asked[0].0.contains("监控")
    );
    assert_eq!(
        peer.post("/api/v1/workflows/w/run", r#"{"params":{"a":"<&"}}"#)
            .await
            .json()["instance"],
        "i1"
    );
    assert!(peer.asked()[0].0.contains("<&"));
    // A body may be left out.
    let plain = peer
        .send(request(Method::POST, "/api/v1/workflows/w/run", None, ""))
        .await;
    assert_eq!(plain.status, StatusCode::OK);
    let all = peer.post("/api/v1/coordinators/c/trigger", "").await;
    assert_eq!(all.json(), json!({"instances": ["i1", "i2"]}));
}

#[tokio::test]
async fn what_is_told_is_done_and_answered_with_words() {
    let peer = Peer::start().await;
    peer.answers(|_| Ok(Answer::Done("done so".to_owned())));
    let cases = [
        (Method::POST, "/api/v1/workflows/w/reset", "Reset"),
        (Method::POST, "/api/v1/workflows/w/enable", "enabled: true"),
        (
            Method::POST,
            "/api/v1/workflows/w/disable",
            "enabled: false",
        ),
        (Method::DELETE, "/api/v1/workflows/w", "DeleteWorkflow"),
        (
            Method::DELETE,
            "/api/v1/workflows/check",
            "DeleteWorkflow { name: \"check\"",
        ),
        (Method::POST, "/api/v1/coordinators/c/reset", "Standalone"),
        (
            Method::POST,
            "/api/v1/coordinators/c/enable",
            "enabled: true",
        ),
        (
            Method::POST,
            "/api/v1/coordinators/c/disable",
            "enabled: false",
        ),
        (
            Method::DELETE,
            "/api/v1/coordinators/c",
            "DeleteCoordinator",
        ),
        (Method::POST, "/api/v1/reset-all", "ResetAll"),
        (Method::POST, "/api/v1/instances/i1/kill", "Kill"),
        (Method::DELETE, "/api/v1/instances/i1", "DeleteInstance"),
    ];
    for (method, path, expected) in cases {
        let answered = peer.send(request(method, path, None, "")).await;
        assert_eq!(answered.json(), json!({"message": "done so"}), "{path}");
        let asked = peer.asked();
        assert!(asked[0].0.contains(expected), "{path}: {asked:?}");
    }
}

#[tokio::test]
async fn a_rerun_tells_which_run_it_made() {
    let peer = Peer::start().await;
    peer.put(&[Change::PutInstance(instance(
        run("i1", 3),
        "w",
        InstanceStatus::Running,
    ))])
    .await;
    peer.answers(|_| Ok(Answer::Instances(vec!["i1".into()])));
    let answered = peer
        .post(
            "/api/v1/instances/i1/rerun",
            r#"{"recover":true,"as_was":true}"#,
        )
        .await;
    assert_eq!(answered.json(), json!({"instance": "i1", "run": 3}));
    let asked = peer.asked();
    assert!(
        asked[0].0.contains("Recover") && asked[0].0.contains("as_was: true"),
        "{asked:?}"
    );
    peer.answers(|_| Ok(Answer::Done("released".to_owned())));
    let body = r#"{"step":"a","run_again":true}"#;
    assert_eq!(
        peer.post("/api/v1/instances/i1/release", body).await.status,
        StatusCode::OK
    );
    assert!(
        peer.asked()[0].0.contains("run: 3"),
        "the latest run is meant"
    );
}

#[tokio::test]
async fn refusals_become_problems() {
    let peer = Peer::start().await;
    let cases = [
        (RefusalKind::NotFound, 404, "not-found"),
        (RefusalKind::Conflict, 409, "conflict"),
        (RefusalKind::Invalid, 422, "invalid"),
        (RefusalKind::Limit, 429, "limit-reached"),
        (
            RefusalKind::MissingParameters(vec!["a".to_owned(), "b".to_owned()]),
            422,
            "missing-parameters",
        ),
    ];
    for (kind, status, name) in cases {
        peer.answers(move |_| Err(refused(kind.clone(), "because")));
        let answered = peer.post("/api/v1/workflows/w/run", "{}").await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (status, name)
        );
        assert_eq!(answered.detail(), "because");
        if name == "missing-parameters" {
            assert_eq!(answered.json()["missing"], json!(["a", "b"]));
        }
    }
    peer.answers(|_| Err(AskError::Busy));
    let busy = peer.post("/api/v1/reset-all", "").await;
    assert_eq!(
        (busy.status.as_u16(), busy.problem().as_str()),
        (503, "busy")
    );
    assert_eq!(busy.headers["retry-after"], "1");
    peer.answers(|_| Err(AskError::KeyReused));
    assert_eq!(
        peer.post("/api/v1/reset-all", "").await.problem(),
        "key-reused"
    );
    peer.scheduler
        .send_modify(|state| state.trouble = Some("no master".to_owned()));
    let unavailable = peer.post("/api/v1/reset-all", "").await;
    assert_eq!(
        (unavailable.status.as_u16(), unavailable.problem().as_str()),
        (503, "unavailable")
    );
    assert!(unavailable.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn an_attached_file_is_stored_and_registered_with_its_workflow() {
    let peer = Peer::start().await;
    peer.put(&[Change::PutWorkflow(workflow("w", &document("w"), "/d"))])
        .await;
    peer.answers(|_| Ok(registered("w", RegisterOutcome::Updated)));
    let path = "/api/v1/workflows/w/attachments/lib/a.sh?executable=true";
    let answered = peer
        .send(request(
            Method::PUT,
            path,
            Some("application/octet-stream"),
            "echo 你好\n",
        ))
        .await;
    let hash = ContentHash::of("echo 你好\n".as_bytes());
    assert_eq!(
        answered.json(),
        json!({"path": "lib/a.sh", "hash": hash.to_string(), "size": 12})
    );
    assert!(peer.store.has_file(hash).await.expect("the store answers"));
    let asked = peer.asked();
    assert!(
        asked[0].0.contains("executable: true") && asked[0].0.contains(&hash.to_string()),
        "{asked:?}"
    );
    let encoded = peer
        .send(request(
            Method::PUT,
            "/api/v1/workflows/w/attachments/lib%2Fa.sh",
            None,
            "x",
        ))
        .await;
    assert_eq!(encoded.status, StatusCode::OK);
    for path in ["lib/b.sh", "..%2F..%2Fetc%2Fpasswd", "lib/../lib/a.sh"] {
        let path = format!("/api/v1/workflows/w/attachments/{path}");
        let answered = peer.send(request(Method::PUT, &path, None, "x")).await;
        assert_eq!(answered.problem(), "invalid", "{path}");
    }
    let unknown = peer
        .send(request(
            Method::PUT,
            "/api/v1/workflows/u/attachments/a",
            None,
            "x",
        ))
        .await;
    assert_eq!(unknown.problem(), "not-found");
}

#[tokio::test]
async fn files_uploaded_before_are_registered_with_the_document() {
    let peer = Peer::start().await;
    peer.answers(|_| Ok(registered("w", RegisterOutcome::Added)));
    let hash = ContentHash::of(b"x");
    let attachments =
        format!("%5B%7B%22path%22:%22lib/a.sh%22,%22hash%22:%22{hash}%22,%22size%22:1%7D%5D");
    let path = format!("/api/v1/workflows/w?attachments={attachments}");
    let early = peer.put_xml(&path, &document("w")).await;
    assert_eq!(early.problem(), "invalid");
    assert!(early.detail().contains("stage=true"));
    let staged = peer
        .send(request(
            Method::PUT,
            "/api/v1/workflows/w/attachments/lib/a.sh?stage=true",
            None,
            "x",
        ))
        .await;
    assert_eq!(staged.json()["hash"], hash.to_string());
    assert!(peer.asked().is_empty());
    let put = peer.put_xml(&path, &document("w")).await;
    assert_eq!(
        (put.status, &put.json()["files_missing"]),
        (StatusCode::CREATED, &json!([]))
    );
    assert!(peer.asked()[0].0.contains(&hash.to_string()));
    let unknown = path.replace("lib/a.sh", "lib/b.sh");
    assert_eq!(
        peer.put_xml(&unknown, &document("w")).await.problem(),
        "invalid"
    );
    assert_eq!(
        peer.put_xml("/api/v1/workflows/w?attachments=x", &document("w"))
            .await
            .problem(),
        "invalid-request"
    );
}

#[tokio::test]
async fn what_is_held_is_released_by_step_by_instance_or_all_at_once() {
    let peer = Peer::start().await;
    let held =
        |step, sequence, status| Change::PutVisit(visit(run("i1", 3), step, sequence, status));
    peer.put(&[
        Change::PutInstance(instance(run("i1", 3), "w", InstanceStatus::Running)),
        held("a", 1, VisitStatus::Lost),
        held("b", 2, VisitStatus::Running),
        held("c", 3, VisitStatus::Lost),
        Change::PutInstance(instance(run("i2", 1), "w", InstanceStatus::Waiting)),
        Change::PutInstance(instance(run("i3", 1), "w", InstanceStatus::Running)),
    ])
    .await;
    peer.answers(|_| Ok(Answer::Done("released".to_owned())));
    let release = async |id: &str, body: &str| {
        let path = format!("/api/v1/instances/{id}/release");
        let answered = peer.post(&path, body).await;
        (answered, peer.asked())
    };
    let (answered, asked) = release("i1", r#"{"run_again":false}"#).await;
    assert_eq!(
        answered.json()["message"],
        "2 held steps of instance i1 are given up"
    );
    assert_eq!(asked.len(), 2, "{asked:?}");
    for (asked, step) in asked.iter().zip(["a", "c"]) {
        let names_it = asked.0.contains(&format!("{step:?}"));
        assert!(
            names_it && asked.0.contains("run_again: false"),
            "{asked:?}"
        );
    }
    let (_, asked) = release("i1", r#"{"step":"c","run_again":true}"#).await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    let (_, asked) = release("i2", r#"{"run_again":true}"#).await;
    assert!(asked[0].0.contains("ReleaseInstance"), "{asked:?}");
    let (_, asked) = release("i2", r#"{"run_again":false}"#).await;
    assert!(asked[0].0.contains("Kill"), "{asked:?}");
    let (answered, asked) = release("i3", r#"{"run_again":true}"#).await;
    assert_eq!(answered.status, StatusCode::CONFLICT);
    assert!(asked.is_empty(), "{asked:?}");
    let (answered, _) = release("nobody", r#"{"run_again":true}"#).await;
    assert_eq!(answered.status, StatusCode::NOT_FOUND);
    let all = peer.post("/api/v1/cluster/release", r#"{"run_again":true}"#);
    assert_eq!(all.await.status, StatusCode::OK);
    assert!(peer.asked()[0].0.contains("ReleaseAll"));
}
