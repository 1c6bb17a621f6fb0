use std::collections::{BTreeMap, BTreeSet};

use axum::http::{StatusCode, header};
use peerflow_model::{
    AttemptStatus, Change, CoordinatorKey, CoordinatorKind, CoordinatorRecord, CoordinatorState,
    DataReading, Fate, InstanceStatus, LedgerGap, LedgerRow, LogLevel, Mail, MailKind, MailState,
    PlanRow, Readiness, VisitStatus,
};
use serde_json::json;

use super::Peer;
use super::harness::{at, attempt, chunk, document, instance, run, small, visit, workflow};

const NAME: &str = "每日/结算 #1";
const NAME_IN_PATH: &str = "%E6%AF%8F%E6%97%A5%2F%E7%BB%93%E7%AE%97%20%231";

fn workflow_key(name: &str) -> CoordinatorKey {
    CoordinatorKey {
        kind: CoordinatorKind::Workflow,
        name: name.into(),
    }
}

async fn with_workflows() -> Peer {
    let peer = Peer::start().await;
    let state = CoordinatorState {
        key: workflow_key(NAME),
        enabled: None,
        considered_until: None,
        held_time: None,
        fired_at: Some(at("2026-11-19T17:00:00Z")),
        ready: BTreeMap::from([(
            "上游".into(),
            Readiness {
                instance: "0000000000000001".into(),
                logical_time: at("2026-11-19T18:00:00Z"),
                at: at("2026-11-19T19:00:00Z"),
            },
        )]),
    };
    peer.put(&[
        Change::PutWorkflow(workflow(NAME, &document(NAME), "/例/日")),
        Change::PutWorkflow(workflow("上游", &small("上游"), "/small")),
        Change::PutWorkflow(workflow("check", &small("check"), "/small")),
        Change::PutCoordinatorState(state),
    ])
    .await;
    peer
}

#[tokio::test]
async fn a_workflow_tells_its_facts_schedule_readiness_steps_and_downstream() {
    let peer = with_workflows().await;
    let info = peer.get(&format!("/api/v1/workflows/{NAME_IN_PATH}")).await;
    assert_eq!(info.status, StatusCode::OK, "{}", info.body);
    let info = info.json();
    assert_eq!(info["name"], NAME);
    assert_eq!(info["dir"], "/例/日");
    assert_eq!(info["created_at"], "2026-11-18T08:00:00+08:00");
    assert_eq!(info["parameters_needed"], json!(["who"]));
    assert_eq!(
        info["files"],
        json!([{"path": "lib/a.sh", "hash": null, "size": 0}])
    );
    let coordinator = &info["coordinator"];
    assert_eq!(coordinator["enabled"], true);
    assert_eq!(coordinator["timezone"], "Asia/Shanghai");
    assert_eq!(coordinator["schedule"]["text"], "0 1 * * *");
    // Now is 10:00 there.
    assert_eq!(
        coordinator["schedule"]["next_fire_times"][0],
        "2026-11-21T01:00:00+08:00"
    );
    assert_eq!(
        coordinator["schedule"]["next_fire_times"]
            .as_array()
            .expect("times")
            .len(),
        5
    );
    let dependencies = coordinator["dependencies"]
        .as_array()
        .expect("dependencies");
    assert_eq!(dependencies[0]["workflow"], "上游");
    assert_eq!(dependencies[0]["ready"], true);
    assert_eq!(dependencies[0]["since"], "2026-11-20T03:00:00+08:00");
    assert_eq!(dependencies[1]["ready"], false);
    assert_eq!(dependencies[1]["registered"], false);
    let waits_for = coordinator["waits_for"].as_str().expect("words");
    assert!(
        waits_for.contains("absent") && waits_for.contains("2026-11-21T01:00:00+08:00"),
        "{waits_for}"
    );
    let steps: Vec<&str> = info["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| step["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(
        steps,
        ["start", "fork", "script", "shell", "join", "kill", "end"]
    );
    let upstream = peer
        .get("/api/v1/workflows/%E4%B8%8A%E6%B8%B8")
        .await
        .json();
    assert_eq!(upstream["downstream"], json!([NAME]));
}

#[tokio::test]
async fn documents_and_graphs_are_given_as_registered() {
    let peer = with_workflows().await;
    let xml = peer
        .get(&format!("/api/v1/workflows/{NAME_IN_PATH}/xml"))
        .await;
    assert_eq!(xml.body, document(NAME));
    assert_eq!(
        xml.headers[header::CONTENT_TYPE],
        "application/xml; charset=utf-8"
    );
    let graph = peer
        .get(&format!("/api/v1/workflows/{NAME_IN_PATH}/graph"))
        .await
        .json();
    assert_eq!(graph["start"], "begin");
    let edges = graph["edges"].as_array().expect("edges");
    assert!(edges.contains(&json!({"from": "both", "to": "监控", "kind": "path"})));
    assert!(edges.contains(&json!({"from": "监控", "to": "stop", "kind": "error"})));
    assert_eq!(edges.len(), 7);
}

#[tokio::test]
async fn a_workflow_may_be_called_as_a_page() {
    let peer = with_workflows().await;
    assert_eq!(
        peer.get("/api/v1/workflows/check").await.json()["name"],
        "check"
    );
    assert_eq!(
        peer.get("/api/v1/workflows/%63heck").await.json()["name"],
        "check"
    );
}

#[tokio::test]
async fn workflows_are_listed_by_pages() {
    let peer = with_workflows().await;
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = peer
            .get(&format!("/api/v1/workflows?limit=1&cursor={cursor}"))
            .await
            .json();
        let items = page["items"].as_array().expect("items");
        names.extend(
            items
                .iter()
                .map(|item| item["name"].as_str().expect("a name").to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names.len(), 3);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 3);
    let found = peer
        .get("/api/v1/workflows?key=%E7%BB%93%E7%AE%97")
        .await
        .json();
    assert_eq!(found["items"][0]["name"], NAME);
    assert_eq!(found["items"].as_array().expect("items").len(), 1);
    assert!(found["next"].is_null());
}

#[tokio::test]
async fn standalone_coordinators_are_shown_and_listed() {
    let peer = Peer::start().await;
    let xml = r#"<coordinator name="夜/1" dir="/c"><depend-list cron="0 3 * * *"><workflow name="absent"/></depend-list><trigger-list><workflow name="w"/></trigger-list></coordinator>"#;
    let record = CoordinatorRecord {
        name: "夜/1".into(),
        xml: xml.into(),
        hash: peerflow_model::ContentHash::of(xml.as_bytes()),
        dir: "/c".to_owned(),
        creator: "Unknown".to_owned(),
        description: String::new(),
        created_at: at("2026-11-18T00:00:00Z"),
        updated_at: at("2026-11-18T00:00:00Z"),
    };
    peer.put(&[Change::PutCoordinator(record)]).await;
    let list = peer.get("/api/v1/coordinators").await.json();
    assert_eq!(list["items"][0]["name"], "夜/1");
    assert!(
        peer.get("/api/v1/coordinators?key=other").await.json()["items"]
            .as_array()
            .expect("items")
            .is_empty()
    );
    let shown = peer.get("/api/v1/coordinators/%E5%A4%9C%2F1").await.json();
    assert_eq!(shown["coordinator"]["kind"], "standalone");
    assert_eq!(shown["coordinator"]["triggers"], json!(["w"]));
    assert_eq!(
        shown["coordinator"]["schedule"]["next_fire_times"][0],
        "2026-11-21T03:00:00+08:00"
    );
    assert_eq!(
        peer.get("/api/v1/coordinators/%E5%A4%9C%2F1/xml")
            .await
            .body,
        xml
    );
}

#[tokio::test]
async fn an_instance_has_the_shape_that_scripts_rely_on() {
    let peer = Peer::start().await;
    let first = visit(run("i1", 1), "监控", 1, VisitStatus::Failed);
    peer.put(&[
        Change::PutWorkflow(workflow("w", &document("w"), "/d")),
        Change::PutInstance(instance(run("i1", 1), "w", InstanceStatus::Failed)),
        Change::PutVisit(first.clone()),
        Change::PutAttempt(attempt(first.id.clone(), AttemptStatus::Failed, Some(4))),
        Change::PutInstance(instance(run("i1", 2), "w", InstanceStatus::Running)),
        Change::PutVisit(visit(run("i1", 2), "监控", 1, VisitStatus::Pending)),
    ])
    .await;
    let old = peer.get("/api/v1/instances/i1?run=1").await.json();
    let expected = json!({
        "id": "i1", "run": 1, "workflow": "w", "status": "failed", "params": {"who": "<&\"\n世界"}, "trigger": "run",
        "logical_time": "2026-11-20T09:00:00+08:00", "created_at": "2026-11-20T09:00:00+08:00",
        "started_at": "2026-11-20T09:00:00+08:00", "ended_at": "2026-11-20T09:30:00+08:00", "message": "",
        "latest_run": 2,
    });
    for (name, value) in expected.as_object().expect("fields") {
        assert_eq!(&old[name], value, "{name}");
    }
    let expected = json!({
        "name": "监控", "type": "script", "status": "failed", "node": "n1", "visit": 1, "attempt": 1,
        "started_at": "2026-11-20T09:00:00+08:00", "ended_at": "2026-11-20T09:00:00+08:00", "message": "", "exit_code": 4,
    });
    for (name, value) in expected.as_object().expect("fields") {
        assert_eq!(&old["steps"][0][name], value, "{name}");
    }
    let latest = peer.get("/api/v1/instances/i1").await.json();
    assert_eq!(
        (&latest["run"], &latest["latest_run"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(latest["steps"][0]["message"], "waits for a free slot");
    assert_eq!(
        peer.get("/api/v1/instances/i1/xml").await.body,
        document("w")
    );
}

#[tokio::test]
async fn instances_are_searched_by_pages() {
    let peer = Peer::start().await;
    let mut changes = vec![Change::PutWorkflow(workflow("w", &small("w"), "/d"))];
    for (id, status) in [
        ("i1", InstanceStatus::Succeeded),
        ("i2", InstanceStatus::Failed),
        ("i3", InstanceStatus::Waiting),
    ] {
        changes.push(Change::PutInstance(instance(run(id, 1), "w", status)));
    }
    peer.put(&changes).await;
    let ids = |page: &serde_json::Value| -> BTreeSet<String> {
        let items = page["items"].as_array().expect("items").iter();
        items
            .map(|item| item["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let first = peer.get("/api/v1/instances?limit=2").await.json();
    let next = first["next"]
        .as_str()
        .expect("a cursor")
        .replace('%', "%25")
        .replace('#', "%23");
    let second = peer
        .get(&format!("/api/v1/instances?limit=2&cursor={next}"))
        .await
        .json();
    assert_eq!((ids(&first).len(), ids(&second).len()), (2, 1));
    assert!(ids(&first).is_disjoint(&ids(&second)));
    let open = peer
        .get("/api/v1/instances?status=failed,waiting&workflow=w")
        .await
        .json();
    assert_eq!(ids(&open), ["i2", "i3"].map(str::to_owned).into());
    let waiting = peer.get("/api/v1/instances?status=waiting").await.json();
    assert!(
        waiting["items"][0]["message"]
            .as_str()
            .expect("words")
            .contains("instance-limit")
    );
    // Created at 09:00 on the 20th there.
    assert_eq!(
        ids(&peer
            .get("/api/v1/instances?from=2026-11-20&to=2026-11-20")
            .await
            .json())
        .len(),
        3
    );
    assert_eq!(
        ids(&peer.get("/api/v1/instances?from=2026-11-21").await.json()).len(),
        0
    );
    assert_eq!(
        ids(&peer
            .get("/api/v1/instances?to=2026-11-20T08:59:59")
            .await
            .json())
        .len(),
        0
    );
    assert_eq!(
        ids(&peer.get("/api/v1/instances?creator=nobody").await.json()).len(),
        0
    );
}

async fn with_log() -> Peer {
    let peer = Peer::start().await;
    let visited = visit(run("i1", 1), "监控", 1, VisitStatus::Succeeded);
    peer.put(&[
        Change::PutInstance(instance(run("i1", 1), "w", InstanceStatus::Succeeded)),
        Change::PutVisit(visited.clone()),
    ])
    .await;
    let chunks = [
        chunk(
            visited.id.clone(),
            0,
            &[(LogLevel::Info, "eins"), (LogLevel::Error, "zwei <&>")],
        ),
        chunk(visited.id.clone(), 1, &[(LogLevel::Info, "三")]),
    ];
    peer.store
        .append_logs(&chunks)
        .await
        .expect("logs are taken");
    peer
}

#[tokio::test]
async fn the_log_of_a_run_is_text_or_lines_or_pages() {
    let peer = with_log().await;
    let text = peer.get("/api/v1/instances/i1/log").await;
    assert_eq!(
        text.headers[header::CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    let lines: Vec<&str> = text.body.lines().collect();
    assert_eq!(
        lines[0],
        "2026-11-20T09:00:00.123+08:00 INFO  监控.1.1 eins"
    );
    assert_eq!(lines.len(), 3);
    let errors = peer
        .get("/api/v1/instances/i1/log?level=error&format=jsonl")
        .await;
    let line: serde_json::Value = serde_json::from_str(errors.body.trim()).expect("one line");
    assert_eq!(
        (&line["text"], &line["level"]),
        (&json!("zwei <&>"), &json!("ERROR"))
    );
    let page = peer
        .get("/api/v1/instances/i1/log?format=json")
        .await
        .json();
    assert_eq!(page["lines"].as_array().expect("lines").len(), 3);
    let next = page["next"].as_str().expect("a cursor");
    let rest = peer
        .get(&format!(
            "/api/v1/instances/i1/log?format=json&cursor={next}"
        ))
        .await
        .json();
    assert_eq!(
        (
            rest["lines"].as_array().expect("lines").len(),
            &rest["more"]
        ),
        (0, &json!(false))
    );
    let tail = peer.get("/api/v1/instances/i1/log?tail=1").await;
    assert!(
        tail.body.ends_with("三\n") && tail.body.lines().count() == 1,
        "{}",
        tail.body
    );
    assert_eq!(
        peer.get("/api/v1/instances/i1/log?step=other").await.body,
        ""
    );
    assert_eq!(
        peer.get("/api/v1/instances/i1/log?step=%E7%9B%91%E6%8E%A7&visit=1&attempt=1")
            .await
            .body,
        text.body
    );
}

fn reading() -> DataReading {
    let visited = visit(run("i1", 1), "监控", 1, VisitStatus::Failed);
    DataReading {
        attempt: attempt(visited.id, AttemptStatus::Failed, None).id,
        workflow: "w".into(),
        day: "2026-11-20".parse().expect("a day"),
        value: 1.5,
        min: Some(0.0),
        max: None,
        marks: BTreeMap::from([("category".to_owned(), "c".to_owned())]),
        remark: "too much".to_owned(),
        at: at("2026-11-20T01:00:00Z"),
    }
}

fn mail() -> Mail {
    Mail {
        id: "m1".to_owned(),
        kind: MailKind::Outcome { run: run("i1", 1) },
        workflow: "w".into(),
        receivers: vec!["a@example.com".to_owned()],
        downstream: Vec::new(),
        state: MailState::Due,
        created_at: at("2026-11-20T01:00:00Z"),
        failures: 2,
        due_at: at("2026-11-20T01:05:00Z"),
        message: "connection refused".to_owned(),
    }
}

#[tokio::test]
async fn the_front_page_the_plan_readings_and_mail_are_shown() {
    let peer = Peer::start().await;
    let planned = PlanRow {
        instant: Some(at("2026-11-20T17:00:00Z")),
        workflow: "w".into(),
        coordinator: workflow_key("w"),
    };
    peer.put(&[
        Change::PutInstance(instance(run("i1", 1), "w", InstanceStatus::Running)),
        Change::PutReading(reading()),
        Change::PutMail(mail()),
        Change::PutPlan(vec![planned]),
    ])
    .await;
    let front = peer.get("/api/v1/front").await.json();
    assert_eq!(
        (&front["running"], &front["active"][0]["id"]),
        (&json!(1), &json!("i1"))
    );
    assert!(
        front["days"]
            .as_array()
            .expect("days")
            .iter()
            .any(|day| day["date"] == "2026-11-14"),
        "{front}"
    );
    assert_eq!(
        peer.get("/api/v1/plan").await.json()["items"][0]["at"],
        "2026-11-21T01:00:00+08:00"
    );
    let day = "/api/v1/data-monitor?from=2026-11-20&to=2026-11-20";
    let reading = &peer.get(day).await.json()["items"][0];
    assert_eq!(
        (&reading["value"], &reading["marks"]["category"]),
        (&json!(1.5), &json!("c"))
    );
    assert_eq!(
        peer.get("/api/v1/data-monitor?from=2026-11-21")
            .await
            .json()["items"],
        json!([])
    );
    let mail = &peer.get("/api/v1/mail").await.json()["items"][0];
    assert_eq!(
        (&mail["reason"], &mail["message"]),
        (&json!("outcome"), &json!("connection refused"))
    );
}

#[tokio::test]
async fn the_ledger_tells_the_fate_of_each_time_and_the_gaps() {
    let peer = Peer::start().await;
    let row = |instant: &str, fate| LedgerRow {
        coordinator: workflow_key("w"),
        workflow: "w".into(),
        instant: at(instant),
        fate,
        decided_at: at(instant),
    };
    let gap = LedgerGap {
        coordinator: workflow_key("w"),
        from: at("2026-11-01T00:00:00Z"),
        to: at("2026-11-02T00:00:00Z"),
        count: 25,
        fate: "missed".to_owned(),
        decided_at: at("2026-11-02T00:00:00Z"),
    };
    peer.put(&[
        Change::PutLedger(row(
            "2026-11-20T01:00:00Z",
            Fate::Ran {
                instance: "i1".into(),
            },
        )),
        Change::PutLedger(row(
            "2026-11-19T01:00:00Z",
            Fate::Skipped {
                reason: "later".to_owned(),
            },
        )),
        Change::PutLedgerGap(gap),
    ])
    .await;
    let ledger = peer.get("/api/v1/ledger?workflow=w").await.json();
    assert_eq!(
        (&ledger["items"][0]["fate"], &ledger["items"][0]["instance"]),
        (&json!("ran"), &json!("i1"))
    );
    assert_eq!(
        (&ledger["items"][1]["fate"], &ledger["items"][1]["reason"]),
        (&json!("skipped"), &json!("later"))
    );
    assert_eq!(ledger["gaps"][0]["count"], 25);
    assert_eq!(
        peer.get("/api/v1/ledger?coordinator=w").await.json()["items"],
        json!([])
    );
    assert_eq!(
        peer.get("/api/v1/ledger?from=2026-11-20").await.json()["gaps"],
        json!([])
    );
}

#[tokio::test]
async fn the_cluster_and_its_health_are_told() {
    let peer = Peer::start().await;
    peer.put(&[Change::PutSetting {
        key: "node.timezone".to_owned(),
        value: "Europe/Berlin".to_owned(),
    }])
    .await;
    let cluster = peer.get("/api/v1/cluster").await.json();
    assert_eq!(
        (&cluster["name"], &cluster["master"]),
        (&json!("试验"), &json!("n1"))
    );
    let node = &cluster["nodes"][0];
    let expected = json!({
        "id": "n1", "state": "alive", "http": "http://127.0.0.1:8090", "rpc": "", "gossip": "", "labels": ["big"], "slots": 8,
        "running": 3, "load": 0.0, "version": "0.1.0", "incarnation": 7, "epoch": 1, "store_reachable": true,
        "started_at": "2026-11-19T01:00:00+01:00",
    });
    assert_eq!(node, &expected);
    assert_eq!(
        peer.get("/api/v1/cluster/settings").await.json()["settings"]["node.timezone"],
        "Europe/Berlin"
    );
    assert_eq!(peer.get("/healthz").await.body, "ok\n");
    assert_eq!(peer.get("/readyz").await.status, StatusCode::OK);
    assert!(peer.get("/metrics").await.body.contains("peerflow_"));
    peer.scheduler
        .send_modify(|state| state.trouble = Some("the store is away".to_owned()));
    let ready = peer.get("/readyz").await;
    assert_eq!(
        (ready.status, ready.detail()),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store is away".to_owned()
        )
    );
    assert_eq!(
        peer.get("/api/v1/cluster").await.json()["trouble"],
        "the store is away"
    );
}

#[tokio::test]
async fn folders_are_listed_and_deleted_when_empty() {
    let peer = with_workflows().await;
    let folders = peer.get("/api/v1/directories").await.json();
    assert!(
        folders["items"]
            .as_array()
            .expect("items")
            .contains(&json!({"path": "/例/日", "entries": 1})),
        "{folders}"
    );
    let full = peer.delete("/api/v1/directories/%E4%BE%8B/%E6%97%A5").await;
    assert_eq!(
        (full.status, full.problem().as_str()),
        (StatusCode::CONFLICT, "conflict")
    );
    peer.put(&[Change::DeleteWorkflow(NAME.into())]).await;
    assert_eq!(
        peer.delete("/api/v1/directories/%2F%E4%BE%8B%2F%E6%97%A5")
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        peer.delete("/api/v1/directories/%E4%BE%8B/%E6%97%A5")
            .await
            .problem(),
        "not-found"
    );
    assert_eq!(
        peer.delete("/api/v1/directories/a%2F..%2Fb")
            .await
            .problem(),
        "invalid-request"
    );
}

#[tokio::test]
async fn a_store_that_went_back_is_told_as_an_alarm_until_an_operator_has_decided() {
    let peer = Peer::start().await;
    let quiet = peer.get("/api/v1/cluster").await.json();
    assert_eq!(quiet["alarms"], json!([]));
    let found = peerflow_model::Restoration {
        epoch: peerflow_model::Epoch(7),
        found_at: at("2026-11-20T01:00:00Z"),
        last_queue_order: Some(3),
    };
    peer.put(&[Change::PutRestoration(Some(found))]).await;
    let told = peer.get("/api/v1/cluster").await.json();
    let alarm = told["alarms"][0].as_str().expect("an alarm");
    assert!(
        alarm.contains("the store went back") && alarm.contains("epoch 7"),
        "{alarm}"
    );
    assert_eq!(peer.get("/readyz").await.status, StatusCode::OK);
    peer.put(&[Change::PutRestoration(None)]).await;
    let over = peer.get("/api/v1/cluster").await.json();
    assert_eq!(over["alarms"], json!([]));
}
