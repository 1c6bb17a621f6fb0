//! A node that lives by a virtual clock, on a store that outlives it, seen over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use peerflow_engine::Request as Ask;
use peerflow_node::{AskError, Clock, Seams};
use peerflow_store::{MemoryStore, Store};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::clock::VirtualClock;
use super::{BOUND, TestNode, temp_dir};

/// A time comes this long before and after the scheduler looks at the clock. When more than half a minute lies between,
/// the node takes it for a standstill.
const ASIDE: SignedDuration = SignedDuration::from_secs(10);
/// Scheduled times that pass in a test lie on whole multiples of this.
const RASTER_SECONDS: i64 = 300;

/// Which store a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    InMemory,
    OnSqlite,
}

/// A node, its clock, and what outlives it.
pub(crate) struct Night {
    test: TestNode,
    clock: Arc<VirtualClock>,
    memory: Option<Arc<MemoryStore>>,
    dir: TempDir,
    zone: String,
}

/// What the API tells of the scheduled times of one workflow.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Rows, oldest first.
    pub(crate) rows: Vec<Value>,
    /// Gaps of all workflows, newest first.
    gaps: Vec<Value>,
}

impl Night {
    /// A node whose clock shows `now`, in a cluster of that time zone.
    pub(crate) async fn start(kept: Kept, now: &str, zone: &str) -> Self {
        let dir = temp_dir();
        let clock = VirtualClock::at(instant(now));
        let memory = (kept == Kept::InMemory).then(|| Arc::new(MemoryStore::new(instant(now))));
        let test = life(&dir, &clock, memory.as_ref(), zone).await;
        Self {
            test,
            clock,
            memory,
            dir,
            zone: zone.to_owned(),
        }
    }

    /// Stops the node; another one starts when the clock shows `until`, and has done what it does at its start.
    pub(crate) async fn stopped_until(self, until: &str) -> Self {
        self.test.node.stop().await;
        self.clock.set(instant(until));
        let test = life(&self.dir, &self.clock, self.memory.as_ref(), &self.zone).await;
        let night = Self { test, ..self };
        night.look().await;
        night
    }

    /// The clock goes on to `until` as clocks do.
    pub(crate) async fn pass_until(&self, until: &str) {
        let until = instant(until);
        while self.clock.now() < until {
            let now = self.clock.now().as_second();
            let next = Timestamp::from_second(now - now % RASTER_SECONDS + RASTER_SECONDS).unwrap();
            let before = next - ASIDE;
            let to = if self.clock.now() < before {
                before
            } else {
                next + ASIDE
            };
            self.clock.set(to.min(until));
            self.look().await;
        }
    }

    /// The clock is set, forward or back.
    pub(crate) async fn set_clock(&self, now: &str) {
        self.clock.set(instant(now));
        self.look().await;
    }

    /// Makes the scheduler look at the clock: it has done what is due before it refuses to kill what is not there.
    async fn look(&self) {
        let nobody = Ask::Kill {
            instance: "nobody".into(),
        };
        let answer = self.test.node.scheduler().ask(nobody, None).await;
        assert!(matches!(answer, Err(AskError::Refused(_))), "{answer:?}");
    }

    /// One request over HTTP, which must succeed.
    async fn http(&self, method: Method, path: &str, content_type: &str, body: String) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap();
        let answer = tokio::time::timeout(BOUND, self.test.node.router().oneshot(request));
        let answer = answer.await.expect("an answer in time").unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_slice(&bytes).unwrap()
    }

    pub(crate) async fn fetch(&self, path: &str) -> Value {
        self.http(Method::GET, path, "text/plain", String::new())
            .await
    }

    /// Registers a workflow, or a standalone coordinator.
    pub(crate) async fn put(&self, kind: &str, name: &str, xml: String) {
        let path = format!("/{kind}/{name}");
        self.http(Method::PUT, &path, "application/xml", xml).await;
    }

    /// Triggers a workflow and waits until it has succeeded.
    pub(crate) async fn trigger(&self, workflow: &str) {
        let path = format!("/workflows/{workflow}/trigger");
        let answer = self
            .http(Method::POST, &path, "application/json", "{}".to_owned())
            .await;
        let instance = answer["instance"].as_str().unwrap();
        self.test.ended(&instance.into()).await;
        let shown = self.fetch(&format!("/instances/{instance}")).await;
        assert_eq!(shown["status"], "succeeded", "{shown:#}");
    }

    /// All pages of a list.
    async fn pages(&self, path: &str) -> (Vec<Value>, Vec<Value>) {
        let (mut items, mut gaps, mut cursor) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = self.fetch(&format!("{path}{cursor}")).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            gaps.extend(page["gaps"].as_array().into_iter().flatten().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return (items, gaps),
            }
        }
    }

    /// The fate of every scheduled time of a workflow. Whatever it is, each time has one row, each row that says so has
    /// an instance of its own, of that logical time, which succeeds, and there is no instance by schedule without a row.
    pub(crate) async fn ledger(&self, workflow: &str) -> Ledger {
        let path = format!("/ledger?workflow={workflow}&limit=300");
        let (mut rows, gaps) = self.pages(&path).await;
        rows.reverse();
        let mut fired = self.fired(workflow).await;
        let mut seen = BTreeSet::new();
        for row in &rows {
            let key = (row["coordinator"].to_string(), time(&row["at"]));
            assert!(seen.insert(key), "a second row: {row}");
            if row["fate"] == "ran" {
                let instance = row["instance"].as_str().expect("what ran names it");
                let shown = fired.remove(instance);
                let shown = shown.unwrap_or_else(|| panic!("no instance of its own: {row}"));
                assert_eq!(shown["status"], "succeeded", "{shown:#}");
                assert_eq!(shown["logical_time"], row["at"], "{shown:#}");
            } else {
                assert!(row["instance"].is_null(), "{row}");
            }
        }
        assert!(fired.is_empty(), "without a row: {fired:#?}");
        Ledger { rows, gaps }
    }

    /// The instances of a workflow that were made by schedule, by id, once all are over.
    async fn fired(&self, workflow: &str) -> BTreeMap<String, Value> {
        let path = format!("/instances?workflow={workflow}&limit=300");
        let by_schedule = |items: Vec<Value>| {
            let fired = items.into_iter().filter(|one| one["trigger"] == "cron");
            fired.map(|one| (one["id"].as_str().unwrap().to_owned(), one))
        };
        for (id, _) in by_schedule(
            self.pages(&format!("{path}&status=waiting,running"))
                .await
                .0,
        ) {
            self.test.ended(&id.as_str().into()).await;
        }
        by_schedule(self.pages(&path).await.0).collect()
    }

    /// What the plan of the day says of a workflow, as written.
    pub(crate) async fn plan(&self, workflow: &str) -> Vec<String> {
        let plan = self.fetch("/plan").await;
        let items = plan["items"].as_array().unwrap().iter();
        items
            .filter(|entry| entry["workflow"] == workflow)
            .filter_map(|entry| Some(entry["at"].as_str()?.to_owned()))
            .collect()
    }

    pub(crate) async fn stop(self) {
        self.test.node.stop().await;
    }
}

impl Ledger {
    /// Times with this fate, as the API writes them.
    pub(crate) fn with_fate(&self, fate: &str) -> Vec<&str> {
        let rows = self.rows.iter().filter(|row| row["fate"] == fate);
        rows.map(|row| row["at"].as_str().unwrap()).collect()
    }

    /// First time, last time, count and fate of the gaps in a workflow's own schedule, oldest first.
    pub(crate) fn gaps_of(&self, workflow: &str) -> Vec<(&str, &str, u64, &str)> {
        let gaps = self.gaps.iter().rev();
        gaps.filter(|gap| gap["coordinator"]["name"] == workflow)
            .map(|gap| {
                let text = |key: &str| gap[key].as_str().unwrap();
                let count = gap["count"].as_u64().unwrap();
                (text("from"), text("to"), count, text("fate"))
            })
            .collect()
    }
}

/// One life of the node, with tasks that follow a script.
async fn life(
    dir: &TempDir,
    clock: &Arc<VirtualClock>,
    memory: Option<&Arc<MemoryStore>>,
    zone: &str,
) -> TestNode {
    let seams = Seams {
        clock: Some(Arc::clone(clock) as Arc<dyn Clock>),
        store: memory.map(|memory| Arc::clone(memory) as Arc<dyn Store>),
        ..Seams::default()
    };
    // The nightly reset goes by the store's clock too, which on SQLite is the machine's.
    let settings = [("NODE__TIMEZONE", zone), ("CRON_RUNNER__RESET", "")];
    TestNode::start_with(dir.path(), &settings, seams).await
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn time(value: &Value) -> Timestamp {
    instant(value.as_str().unwrap())
}
