//! A peer in memory: real store, log hub and event hub, a scripted scheduler.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use peerflow_engine::{Answer, Refusal, RefusalKind};
use peerflow_links::Vault;
use peerflow_model::{
    Attempt, AttemptId, AttemptStatus, Change, ContentHash, Epoch, Incarnation, Instance,
    InstanceStatus, LogLevel, LogLine, NodeId, RunId, Settings, TriggerKind, Visit, VisitId,
    VisitStatus, WorkflowRecord,
};
use peerflow_store::{Fence, LeaseClaim, LogChunk, Store, StoreUrl};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::clock::Clock;
use crate::cluster::ClusterHandle;
use crate::events::EventHub;
use crate::http::{Access, ApiState, router};
use crate::identity::NodeIdentity;
use crate::links::LinkBook;
use crate::logs::LogHub;
use crate::metrics::Metrics;
use crate::scheduler::{Ask, AskError, Asked, SchedulerHandle, SchedulerState};

/// What the scripted scheduler was asked, as debug text, with the key.
type Asks = Arc<Mutex<Vec<(String, Option<String>)>>>;
type Script = Arc<Mutex<Box<dyn FnMut(&Asked) -> Result<Answer, AskError> + Send>>>;

/// The instant at which every test happens.
pub(super) const NOW: &str = "2026-11-20T02:00:00Z";

#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(super) struct Peer {
    pub(super) router: Router,
    pub(super) store: Arc<dyn Store>,
    pub(super) events: EventHub,
    pub(super) logs: LogHub,
    pub(super) scheduler: watch::Sender<SchedulerState>,
    pub(super) stopping: CancellationToken,
    fence: tokio::sync::Mutex<Fence>,
    asks: Asks,
    script: Script,
    _tasks: JoinSet<()>,
    _dir: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answered {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The problem's name, after its shape was looked at.
    pub(super) fn problem(&self) -> String {
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json",
            "{}",
            self.body
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(!problem["title"].as_str().expect("a title").is_empty());
        assert!(!problem["detail"].as_str().expect("a detail").is_empty());
        let name = problem["type"]
            .as_str()
            .expect("a type")
            .strip_prefix("urn:peerflow:problem:");
        name.expect("a type of ours").to_owned()
    }

    pub(super) fn detail(&self) -> String {
        self.json()["detail"].as_str().expect("a detail").to_owned()
    }
}

impl Peer {
    /// A peer that is called from within the process.
    pub(super) async fn start() -> Self {
        Self::with_access(Access::Inside).await
    }

    pub(super) async fn with_access(access: Access) -> Self {
        let url = StoreUrl::parse("memory:").expect("an address");
        Self::with(access, &url).await
    }

    pub(super) async fn with(access: Access, url: &StoreUrl) -> Self {
        let store = peerflow_store::open(url).await.expect("a store");
        let fence = Self::fence(store.as_ref()).await;
        let (asks, receiver) = mpsc::channel(16);
        let state = SchedulerState {
            master: Some(NodeId::from("n1")),
            epoch: fence.epoch,
            trouble: None,
        };
        let (scheduler, watched) = watch::channel(state);
        let recorded = Asks::default();
        let refuse = |_: &Asked| Err(refused(RefusalKind::Invalid, "the test has no answer"));
        let script: Script = Arc::new(Mutex::new(Box::new(refuse)));
        let mut tasks = JoinSet::new();
        tasks.spawn(answer(receiver, Arc::clone(&recorded), Arc::clone(&script)));
        let dir = tempfile::tempdir().expect("a directory");
        let metrics = Metrics::new();
        let (logs, writer) =
            LogHub::new(Arc::clone(&store), dir.path(), metrics.clone()).expect("a log hub");
        tasks.spawn(writer.run(CancellationToken::new()));
        let events = EventHub::default();
        let stopping = CancellationToken::new();
        let cluster = ClusterHandle::alone(&identity());
        cluster.tell(|word| {
            word.running = 3;
            word.highest_epoch = fence.epoch;
            word.store_reachable = true;
        });
        let resign = CancellationToken::new();
        let router = router(ApiState {
            store: Arc::clone(&store),
            links: LinkBook::new(Arc::clone(&store), Vault::of_cluster(&[7; 32])),
            scheduler: SchedulerHandle::new(asks, watched, cluster.clone(), resign),
            cluster,
            events: events.clone(),
            logs: logs.clone(),
            identity: Arc::new(identity()),
            clock: Arc::new(StoppedClock),
            metrics,
            settings: Settings {
                timezone: "Asia/Shanghai".to_owned(),
                ..Settings::default()
            },
            access,
            stopping: stopping.clone(),
        });
        Self {
            router,
            store,
            events,
            logs,
            scheduler,
            stopping,
            fence: tokio::sync::Mutex::new(fence),
            asks: recorded,
            script,
            _tasks: tasks,
            _dir: dir,
        }
    }

    async fn fence(store: &dyn Store) -> Fence {
        let claim = LeaseClaim {
            holder: NodeId::from("n1"),
            ttl: Duration::from_secs(3600),
            seen: Epoch(0).into(),
            succeeds_itself: true,
        };
        let lease = store
            .acquire(&claim)
            .await
            .expect("the store answers")
            .granted()
            .expect("the lease is free");
        Fence {
            holder: lease.holder,
            epoch: lease.epoch,
            commit_seq: lease.commit_seq,
        }
    }

    /// Makes changes durable as the master would.
    pub(super) async fn put(&self, changes: &[Change]) {
        let mut fence = self.fence.lock().await;
        self.store.commit(&fence, changes).await.expect("a commit");
        fence.commit_seq += 1;
    }

    /// How the scheduler answers from now on.
    pub(super) fn answers(
        &self,
        script: impl FnMut(&Asked) -> Result<Answer, AskError> + Send + 'static,
    ) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(script);
    }

    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut *self.asks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Answered {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.send(request(Method::GET, path, None, "")).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answered {
        self.send(request(Method::DELETE, path, None, "")).await
    }

    pub(super) async fn post(&self, path: &str, json: &str) -> Answered {
        self.send(request(Method::POST, path, Some("application/json"), json))
            .await
    }

    pub(super) async fn put_xml(&self, path: &str, xml: &str) -> Answered {
        self.send(request(Method::PUT, path, Some("application/xml"), xml))
            .await
    }

    /// Opens a stream of events.
    pub(super) async fn follow(&self, path: &str) -> Stream {
        let response = self
            .router
            .clone()
            .oneshot(request(Method::GET, path, None, ""))
            .await
            .expect("an answer");
        stream(response)
    }
}

/// An answer that is a stream of events.
pub(super) fn stream(response: axum::response::Response) -> Stream {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    Stream {
        body: response.into_body(),
        text: String::new(),
    }
}

/// Server-sent events as they come.
pub(super) struct Stream {
    body: Body,
    text: String,
}

/// One event: its name, id and data.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) data: Value,
}

impl Stream {
    /// The next event; `None` at the end. Fails after a while, so that a test never hangs.
    pub(super) async fn next(&mut self) -> Option<Got> {
        tokio::time::timeout(Duration::from_secs(20), self.read())
            .await
            .expect("an event within 20 s")
    }

    async fn read(&mut self) -> Option<Got> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let data = field("data:");
                if !data.is_empty() {
                    let data = serde_json::from_str(&data).expect("JSON");
                    return Some(Got {
                        name: field("event:"),
                        id: field("id:"),
                        data,
                    });
                }
            }
            let frame = self.body.frame().await?.expect("a frame");
            if let Ok(bytes) = frame.into_data() {
                self.text
                    .push_str(std::str::from_utf8(&bytes).expect("text"));
            }
        }
    }
}

pub(super) fn request(
    method: Method,
    path: &str,
    content_type: Option<&str>,
    body: &str,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    request
        .body(Body::from(body.to_owned()))
        .expect("a request")
}

pub(super) fn refused(kind: RefusalKind, message: &str) -> AskError {
    AskError::Refused(Refusal {
        kind,
        message: message.to_owned(),
    })
}

async fn answer(mut receiver: mpsc::Receiver<Ask>, asks: Asks, script: Script) {
    while let Some(ask) = receiver.recv().await {
        let text = format!("{:?}", ask.what);
        asks.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((text, ask.key));
        let answer = script.lock().unwrap_or_else(PoisonError::into_inner)(&ask.what);
        drop(ask.answer.send(answer));
    }
}

fn identity() -> NodeIdentity {
    NodeIdentity {
        id: NodeId::from("n1"),
        incarnation: Incarnation(7),
        version: "0.1.0",
        started_at: at("2026-11-19T00:00:00Z"),
        labels: BTreeSet::from(["big".to_owned()]),
        slots: 8,
        http: Some("127.0.0.1:8090".parse().expect("an address")),
        rpc: None,
        cluster_name: "试验".to_owned(),
        hosts: BTreeSet::new(),
    }
}

/// A workflow with a schedule, dependencies, a parameter, an attachment and every kind of way.
pub(super) fn document(name: &str) -> String {
    format!(
        r##"<work-flow name="{name}" creator="李雷" dir="/例/日" desc="a &lt; b" timezone="Asia/Shanghai">
  <coordinator>
    <depend-list cron="0 1 * * *"><workflow name="上游"/><workflow name="absent"/></depend-list>
    <param-list><param name="day" value="${{time.today|yyyy-MM-dd}}"/></param-list>
  </coordinator>
  <start name="begin" to="both"/>
  <fork name="both"><path to="监控"/><path to="other"/></fork>
  <action name="监控"><script><code>echo ${{param:day}} ${{param:who}}</code><attach-list><file>lib/a.sh</file></attach-list></script><ok to="meet"/><error to="stop"/></action>
  <action name="other"><shell><command>true</command></shell><ok to="meet"/></action>
  <join name="meet" to="done"/>
  <kill name="stop"><message>no</message></kill>
  <end name="done"/>
</work-flow>"##
    )
}

/// The smallest workflow.
pub(super) fn small(name: &str) -> String {
    format!(
        r#"<work-flow name="{name}" dir="/small"><start name="s" to="a"/><action name="a"><shell><command>true</command></shell><ok to="e"/></action><end name="e"/></work-flow>"#
    )
}

pub(super) fn workflow(name: &str, xml: &str, dir: &str) -> WorkflowRecord {
    WorkflowRecord {
        name: name.into(),
        xml: xml.into(),
        hash: ContentHash::of(xml.as_bytes()),
        dir: dir.to_owned(),
        creator: "李雷".to_owned(),
        description: "a < b".to_owned(),
        files: Vec::new(),
        created_at: at("2026-11-18T00:00:00Z"),
        updated_at: at("2026-11-19T00:00:00Z"),
    }
}

pub(super) fn run(id: &str, run: u32) -> RunId {
    RunId {
        instance: id.into(),
        run,
    }
}

/// An instance of `workflow`, ended unless it waits or runs.
pub(super) fn instance(id: RunId, workflow: &str, status: InstanceStatus) -> Instance {
    let created_at = at("2026-11-20T01:00:00Z");
    Instance {
        id,
        workflow: workflow.into(),
        status,
        ending: None,
        params: BTreeMap::from([("who".to_owned(), "<&\"\n世界".to_owned())]),
        trigger: TriggerKind::Run,
        logical_time: created_at,
        coordinator: None,
        blood: None,
        skip: BTreeSet::new(),
        definition: ContentHash::of(document(workflow).as_bytes()),
        priority: 0,
        queue_order: 1,
        created_at,
        started_at: (status != InstanceStatus::Waiting).then_some(created_at),
        ended_at: status.is_final().then(|| at("2026-11-20T01:30:00Z")),
        message: String::new(),
    }
}

pub(super) fn visit(run: RunId, step: &str, sequence: u32, status: VisitStatus) -> Visit {
    let created_at = at("2026-11-20T01:00:00Z");
    Visit {
        id: VisitId {
            run,
            step: step.into(),
            visit: 1,
        },
        sequence,
        step_type: "script".to_owned(),
        status,
        from: None,
        arrivals: 1,
        attempt: 1,
        failures: 0,
        losses: 0,
        node: Some(NodeId::from("n1")),
        created_at,
        dispatched_at: Some(created_at),
        started_at: Some(created_at),
        ended_at: status.is_final().then_some(created_at),
        retry_at: None,
        message: String::new(),
    }
}

pub(super) fn attempt(visit: VisitId, status: AttemptStatus, exit_code: Option<i32>) -> Attempt {
    let assigned_at = at("2026-11-20T01:00:00Z");
    Attempt {
        id: AttemptId { visit, attempt: 1 },
        node: NodeId::from("n1"),
        incarnation: Incarnation(7),
        epoch: Epoch(1),
        status,
        assigned_at,
        started_at: Some(assigned_at),
        ended_at: status.is_final().then_some(assigned_at),
        exit_code,
        message: String::new(),
    }
}

pub(super) fn chunk(visit: VisitId, sequence: u32, lines: &[(LogLevel, &str)]) -> LogChunk {
    let lines = lines.iter().map(|(level, text)| LogLine {
        at: at("2026-11-20T01:00:00.123Z"),
        level: *level,
        text: (*text).to_owned(),
    });
    LogChunk {
        attempt: AttemptId { visit, attempt: 1 },
        sequence,
        lines: lines.collect(),
    }
}
