//! LIST: a page of instances out of a million.

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{
    Change, ContentHash, Epoch, Instance, InstanceStatus, NodeId, RunId, TriggerKind,
};
use peerflow_node::{Clock, SystemClock};
use peerflow_store::{Fence, LeaseClaim, StoreUrl, open};
use peerflow_tests::Api;
use tokio::runtime::Runtime;

use crate::idle_tasks::{IdleNode, Place};
use crate::measure::{Series, row, seconds};

const INSTANCES: usize = 1_000_000;
const BATCH: usize = 2000;
/// Instances lie this far apart, so that all are younger than what is forgotten.
const APART: SignedDuration = SignedDuration::from_millis(500);
/// Pages of one measurement.
const PAGES: usize = 20;

/// Pages of 50 through the API, without and with filters.
pub(crate) fn list() {
    Place::each(|place| {
        let began = SystemClock.now() - APART * i32::try_from(INSTANCES).expect("fits");
        fill(place, began);
        let node = IdleNode::at(place, 8);
        let address = node.node.http_address().expect("HTTP is on");
        let api = Api::new(&format!("http://{address}"));
        let floor = Series::of(|| page_ms(&api, "/healthz"));
        let middle = began + APART * i32::try_from(INSTANCES / 2).expect("fits");
        for (name, query) in [
            ("newest", String::new()),
            ("of the middle", format!("&to={middle}")),
            ("failed", "&status=failed".to_owned()),
            ("of a workflow", "&workflow=w7".to_owned()),
            ("part of a name", "&key=99".to_owned()),
            ("a name none has", "&key=nothing".to_owned()),
        ] {
            let path = format!("/api/v1/instances?limit=50{query}");
            let items = api.get(&path).json["items"].as_array().map_or(0, Vec::len);
            assert_eq!(
                items,
                if name == "a name none has" { 0 } else { 50 },
                "{name}"
            );
            let figures = Series::of(|| page_ms(&api, &path));
            row(
                &format!("LIST {}, {name}", place.store),
                &figures,
                "ms",
                Some(("GET /healthz", &floor)),
                "at most 20 ms",
            );
        }
        node.stop();
    });
}

/// Milliseconds for one answer, the mean of several.
fn page_ms(api: &Api, path: &str) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let pages = PAGES as f64;
    seconds(|| {
        for _ in 0..PAGES {
            assert_eq!(api.get(path).status, 200);
        }
    }) * 1e3
        / pages
}

/// Puts a million instances that are over into the store, as a master does.
fn fill(place: &Place, began: Timestamp) {
    let url = place.database.as_ref().map_or_else(
        || {
            let folder = place.folder.path().join("data");
            std::fs::create_dir_all(&folder).expect("a folder");
            StoreUrl::sqlite(folder.join("peerflow.db"))
        },
        |database| StoreUrl::parse(&database.url()).expect("an address"),
    );
    Runtime::new().expect("a runtime").block_on(async {
        let store = open(&url).await.expect("the store opens");
        let claim = LeaseClaim {
            holder: NodeId::from("filler"),
            ttl: std::time::Duration::from_secs(3600),
            seen: Epoch(0).into(),
            succeeds_itself: false,
        };
        let lease = store.acquire(&claim).await.expect("the store answers");
        let lease = lease.granted().expect("nobody else is master");
        let mut fence = Fence {
            holder: lease.holder.clone(),
            epoch: lease.epoch,
            commit_seq: lease.commit_seq,
        };
        for first in (0..INSTANCES).step_by(BATCH) {
            let batch: Vec<Change> = (first..first + BATCH)
                .map(|at| Change::PutInstance(instance(at, began)))
                .collect();
            store
                .commit(&fence, &batch)
                .await
                .expect("the batch goes in");
            fence.commit_seq += 1;
        }
        store.release(&lease).await.expect("the lease is given up");
        store.close().await;
    });
}

fn instance(at: usize, began: Timestamp) -> Instance {
    let created_at = began + APART * i32::try_from(at).expect("fits");
    let statuses = [
        InstanceStatus::Succeeded,
        InstanceStatus::Succeeded,
        InstanceStatus::Succeeded,
        InstanceStatus::Failed,
        InstanceStatus::Killed,
    ];
    Instance {
        id: RunId {
            instance: format!("i{at:08}").into(),
            run: 1,
        },
        workflow: format!("w{}", at % 997).into(),
        status: statuses[at % statuses.len()],
        ending: None,
        params: [("day".to_owned(), "2026-03-02".to_owned())].into(),
        trigger: TriggerKind::Cron,
        logical_time: created_at,
        coordinator: None,
        blood: None,
        skip: [].into(),
        definition: ContentHash::of(b"definition"),
        priority: 0,
        queue_order: at as u64,
        created_at,
        started_at: Some(created_at),
        ended_at: Some(created_at + SignedDuration::from_secs(10)),
        message: String::new(),
    }
}
