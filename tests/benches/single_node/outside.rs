//! Rows measured on a node as a process, through its API.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_tests::{Database, Node, NodeBuilder, StoreKind, eventually};
use serde_json::Value;

use crate::documents::{chain as in_a_row, scheduled, script, wide};
use crate::floors;
use crate::measure::{RUNS, Series, Stopwatch, per_second, row, seconds};

/// Runs a row's body on a fresh node on either store.
pub(crate) fn on_both_stores(mut body: impl FnMut(&str, &Node, &Path)) {
    for name in ["SQLite", "MariaDB"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = (name == "MariaDB").then(Database::new);
        let store = database.as_ref().map_or(StoreKind::Sqlite, |database| {
            StoreKind::Mysql(database.url())
        });
        let node = NodeBuilder::new(folder.path()).store(store).start();
        body(name, &node, folder.path());
        drop(node);
    }
}

/// An action that runs the least script.
fn least(name: &str, to: &str) -> String {
    script(name, floors::SCRIPT, to)
}

/// Runs a workflow to its end and gives the seconds from creation to end by the node's own record.
pub(crate) fn run_seconds(node: &Node, workflow: &str) -> f64 {
    let id = node.api.try_run(workflow).expect("acknowledged");
    let instance = ended(node, &id);
    assert_eq!(instance["status"], "succeeded", "{instance:#}");
    (time(&instance["ended_at"]) - time(&instance["created_at"])) / 1e3
}

pub(crate) fn ended(node: &Node, id: &str) -> Value {
    eventually("the instance ends", Duration::from_secs(300), || {
        node.api
            .try_instance(id)
            .filter(|instance| instance["ended_at"].is_string())
    })
}

/// Milliseconds since the epoch.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since the epoch fit"
)]
fn time(value: &Value) -> f64 {
    let at: Timestamp = value.as_str().expect("a time").parse().expect("RFC 3339");
    at.as_microsecond() as f64 / 1e3
}

/// CHAIN-40: forty scripts in a row.
pub(crate) fn chain() {
    on_both_stores(|store, node, folder| {
        node.api
            .put_workflow("chain", &in_a_row("chain", 40, least));
        run_seconds(node, "chain");
        let (figures, floor): (Vec<f64>, Vec<f64>) = (0..RUNS)
            .map(|_| {
                (
                    run_seconds(node, "chain"),
                    seconds(|| floors::spawn_chain(folder, 40)),
                )
            })
            .unzip();
        let goal = if store == "SQLite" { "1.6" } else { "2.0" };
        let floor = Series::from_values(floor);
        row(
            &format!("CHAIN-40 {store}"),
            &Series::from_values(figures),
            "s",
            Some(("40 raw spawns", &floor)),
            goal,
        );
    });
}

/// FAN-100: one, a hundred side by side, one.
pub(crate) fn fan() {
    on_both_stores(|store, node, folder| {
        let first = least("first", "split");
        let last = least("last", "end");
        let xml = wide("fan", 100, least)
            .replace(
                r#"<start name="start" to="split"/>"#,
                &format!(r#"<start name="start" to="first"/>{first}"#),
            )
            .replace(
                r#"<join name="merge" to="end"/>"#,
                &format!(r#"<join name="merge" to="last"/>{last}"#),
            );
        node.api.put_workflow("fan", &xml);
        run_seconds(node, "fan");
        let (figures, floor): (Vec<f64>, Vec<f64>) = (0..RUNS)
            .map(|_| {
                let figure = run_seconds(node, "fan");
                let floor = seconds(|| {
                    floors::spawn_chain(folder, 1);
                    floors::spawn_pool(folder, 100, floors::slots());
                    floors::spawn_chain(folder, 1);
                });
                (figure, floor)
            })
            .unzip();
        let floor = Series::from_values(floor);
        row(
            &format!("FAN-100 {store}"),
            &Series::from_values(figures),
            "s",
            Some(("raw pool", &floor)),
            "1.4",
        );
    });
}

/// THROUGHPUT: scripts of many instances, in tasks a second.
pub(crate) fn throughput() {
    const TASKS: usize = 2000;
    on_both_stores(|store, node, folder| {
        node.api.put_workflow("many", &wide("many", 20, least));
        run_seconds(node, "many");
        let (figures, floor): (Vec<f64>, Vec<f64>) = (0..RUNS)
            .map(|_| {
                let watch = Stopwatch::start();
                let ids: Vec<String> = (0..TASKS / 20)
                    .map(|_| node.api.try_run("many").expect("acknowledged"))
                    .collect();
                for id in &ids {
                    ended(node, id);
                }
                let figure = per_second(TASKS, watch.seconds());
                let floor = per_second(
                    TASKS,
                    seconds(|| floors::spawn_pool(folder, TASKS, floors::slots())),
                );
                (figure, floor)
            })
            .unzip();
        let floor = Series::from_values(floor);
        let figures = Series::from_values(figures);
        row(
            &format!("THROUGHPUT {store}"),
            &figures,
            "tasks/s",
            Some(("raw pool", &floor)),
            "at least 0.75",
        );
    });
}

/// START: process start to ready, with a thousand workflows in the store.
pub(crate) fn start() {
    on_both_stores(|store, node, _| {
        for at in 0..1000 {
            let name = format!("w{at}");
            let xml = scheduled(&name, &format!("{} 3 * * *", at % 60), &least("s", "end"));
            node.api.put_workflow(&name, &xml);
        }
        let mut builder = node.builder();
        node.signal_and_wait();
        let figures = Series::of(|| {
            let watch = Stopwatch::start();
            let again = builder.clone().start();
            let took = watch.seconds();
            builder = again.builder();
            again.stop();
            took
        });
        let floor = Series::of(|| seconds(floors::bare_start));
        row(
            &format!("START {store}"),
            &figures,
            "s",
            Some(("--version", &floor)),
            "at most 0.5 s",
        );
    });
}
