//! Rows measured on a node as a process, through its API.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_tests::{Database, Node, NodeBuilder, StoreKind, eventually};
use serde_json::Value;

use crate::floors;
use crate::measure::{RUNS, Series, Stopwatch, row, seconds};

/// Runs a row's body on a fresh node on either store.
fn on_both_stores(mut body: impl FnMut(&str, &Node, &Path)) {
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

fn script(name: &str, code: &str, to: &str) -> String {
    format!(r#"<action name="{name}"><script><code>{code}</code></script><ok to="{to}"/></action>"#)
}

/// Runs a workflow to its end and gives the seconds from creation to end by the node's own record.
fn run_seconds(node: &Node, workflow: &str) -> f64 {
    let id = node.api.try_run(workflow).expect("acknowledged");
    let instance = ended(node, &id);
    assert_eq!(instance["status"], "succeeded", "{instance:#}");
    (time(&instance["ended_at"]) - time(&instance["created_at"])) / 1e3
}

fn ended(node: &Node, id: &str) -> Value {
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
        let mut steps = String::new();
        for at in 0..40 {
            let to = if at == 39 {
                "end".to_owned()
            } else {
                format!("s{}", at + 1)
            };
            steps.push_str(&script(&format!("s{at}"), floors::SCRIPT, &to));
        }
        let xml = format!(
            r#"<work-flow name="chain"><start name="start" to="s0"/>{steps}<end name="end"/></work-flow>"#
        );
        node.api.put_workflow("chain", &xml);
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
        let mut steps = script("first", floors::SCRIPT, "split");
        steps.push_str(r#"<fork name="split">"#);
        for at in 0..100 {
            write!(steps, r#"<path to="s{at}"/>"#).expect("a string takes it");
        }
        steps.push_str(r#"</fork><join name="merge" to="last"/>"#);
        for at in 0..100 {
            steps.push_str(&script(&format!("s{at}"), floors::SCRIPT, "merge"));
        }
        steps.push_str(&script("last", floors::SCRIPT, "end"));
        let xml = format!(
            r#"<work-flow name="fan"><start name="start" to="first"/>{steps}<end name="end"/></work-flow>"#
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
        let mut steps = r#"<fork name="split">"#.to_owned();
        for at in 0..20 {
            write!(steps, r#"<path to="s{at}"/>"#).expect("a string takes it");
        }
        steps.push_str(r#"</fork><join name="merge" to="end"/>"#);
        for at in 0..20 {
            steps.push_str(&script(&format!("s{at}"), floors::SCRIPT, "merge"));
        }
        let xml = format!(
            r#"<work-flow name="many" instance-limit="1000"><start name="start" to="split"/>{steps}<end name="end"/></work-flow>"#
        );
        node.api.put_workflow("many", &xml);
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

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// LATENCY: a trigger's request to the first instruction of the process, idle node.
pub(crate) fn latency() {
    on_both_stores(|store, node, folder| {
        let mark = folder.join("mark");
        let code = format!("echo $EPOCHREALTIME &gt; {}", mark.display());
        let xml = format!(
            r#"<work-flow name="mark"><start name="start" to="s"/>{}<end name="end"/></work-flow>"#,
            script("s", &code, "end")
        );
        node.api.put_workflow("mark", &xml);
        let mut values = Vec::new();
        for at in 0..120 {
            let asked = wall_seconds();
            let id = node.api.try_run("mark").expect("acknowledged");
            ended(node, &id);
            let began: f64 = std::fs::read_to_string(&mark)
                .expect("it ran")
                .trim()
                .parse()
                .expect("a time");
            // The first runs warm caches.
            if at >= 20 {
                values.push((began - asked) * 1e3);
            }
        }
        let series = Series::from_values(values);
        println!(
            "{:<22} median {:.2} ms, 99th percentile {:.2} ms   goal 5 ms, 20 ms",
            format!("LATENCY {store}"),
            series.median(),
            series.quantile(0.99)
        );
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "compared with the wall clock that bash prints"
)]
fn wall_seconds() -> f64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs_f64()
}

/// START: process start to ready, with a thousand workflows in the store.
pub(crate) fn start() {
    on_both_stores(|store, node, _| {
        for at in 0..1000 {
            let xml = format!(
                r#"<work-flow name="w{at}"><coordinator><depend-list cron="{} 3 * * *"/></coordinator>
                   <start name="start" to="s"/>{}<end name="end"/></work-flow>"#,
                at % 60,
                script("s", floors::SCRIPT, "end")
            );
            node.api.put_workflow(&format!("w{at}"), &xml);
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

/// MEMORY: an idle node, the spawner included.
pub(crate) fn memory() {
    on_both_stores(|store, node, _| {
        let values = Series::of(|| proportional_kib(node.pid()) / 1024.0);
        row(
            &format!("MEMORY idle {store}"),
            &values,
            "MiB PSS",
            None,
            "at most 25",
        );
    });
}

/// Proportional set size of a process and its children, in KiB.
fn proportional_kib(pid: i32) -> f64 {
    let own = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            line.strip_prefix("Pss:")?
                .trim()
                .trim_end_matches(" kB")
                .parse::<f64>()
                .ok()
        })
        .unwrap_or(0.0);
    let children =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    own + children
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
        .map(proportional_kib)
        .sum::<f64>()
}

/// LOGS: a task that prints as fast as it can.
pub(crate) fn logs() {
    const MIB: usize = 500;
    on_both_stores(|store, node, _| {
        let line = "x".repeat(99);
        let code = format!("yes {line} | head -c {}", MIB * 1024 * 1024);
        let xml = format!(
            r#"<work-flow name="loud"><start name="start" to="s"/>{}<end name="end"/></work-flow>"#,
            script("s", &code, "end")
        );
        node.api.put_workflow("loud", &xml);
        let figures = Series::of(|| per_second(MIB, run_seconds(node, "loud")));
        let floor = Series::of(|| {
            per_second(
                MIB,
                seconds(|| {
                    let command = format!("bash -c '{code}' | cat > /dev/null");
                    let status = std::process::Command::new("bash")
                        .args(["-c", &command])
                        .status()
                        .expect("bash runs");
                    assert!(status.success());
                }),
            )
        });
        row(
            &format!("LOGS {store}"),
            &figures,
            "MiB/s",
            Some(("pipe to cat", &floor)),
            "at least 100 MB/s",
        );
        let peak =
            std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap_or_default();
        let peak = peak
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap_or("VmHWM unknown")
            .to_owned();
        println!(
            "{:<22} {}",
            format!("LOGS {store} memory"),
            peak.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    });
}
