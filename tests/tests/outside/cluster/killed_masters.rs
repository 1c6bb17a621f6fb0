//! Five nodes on MariaDB whose master is killed again and again while many instances run: `make soak` does it for long.

use std::time::Duration;

use peerflow_tests::{Api, Cluster, TaskLog, within};

use super::all_succeed;

fn number(variable: &str, otherwise: usize) -> usize {
    let given = std::env::var(variable).ok();
    given
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// How often the master is killed.
fn kills() -> usize {
    number("PEERFLOW_CLUSTER_KILLS", 5)
}

/// How many instances run at a time.
fn instances() -> usize {
    number("PEERFLOW_CLUSTER_INSTANCES", 40)
}

/// From one kill to the next.
fn pause() -> Duration {
    Duration::from_secs(number("PEERFLOW_CLUSTER_PAUSE_SECONDS", 4) as u64)
}

/// Steps in a row, a fork with a join, and a loop of two laps.
fn workflows(log: &TaskLog) -> [(&'static str, String); 3] {
    let task = |name: &str, seconds: f64, onward: &str| {
        TaskLog::action(name, &log.busy_for(seconds), onward)
    };
    let to = |name: &str| format!(r#"<ok to="{name}"/>"#);
    let whole = |name: &str, steps: String| {
        format!(
            r#"<work-flow name="{name}" instance-limit="10000">{steps}<end name="end"/></work-flow>"#
        )
    };
    let row = format!(
        r#"<start name="start" to="a"/>{}{}{}"#,
        task("a", 1.0, &to("b")),
        task("b", 4.0, &to("c")),
        task("c", 0.5, &to("end")),
    );
    let fork = format!(
        r#"<start name="start" to="split"/><fork name="split"><path to="p"/><path to="q"/><path to="r"/></fork>
           {}{}{}<join name="merge" to="last"/>{}"#,
        task("p", 0.5, &to("merge")),
        task("q", 3.0, &to("merge")),
        task("r", 2.0, &to("merge")),
        task("last", 0.5, &to("end")),
    );
    // What comes after the line that says it ended is its exit code.
    let poll = task("poll", 1.0, r#"<ok to="end"/><error to="rest"/>"#)
        .replace("]]>", "\n[ \"$PEERFLOW_VISIT\" -ge 2 ]]]>");
    let lap = format!(
        r#"<start name="start" to="poll"/>{poll}{}"#,
        task("rest", 1.5, &to("poll")),
    );
    [
        ("row", whole("row", row)),
        ("fork", whole("fork", fork)),
        ("lap", whole("lap", lap)),
    ]
}

/// How many of the instances are open.
fn open(api: &Api) -> usize {
    let answer = api.try_get("/api/v1/instances?status=waiting,running&limit=1000");
    let open = answer.and_then(|reply| Some(reply.json["items"].as_array()?.len()));
    open.unwrap_or(usize::MAX)
}

/// Asks whichever node answers for more, until so many are open. Takeovers are waited out.
fn top_up(cluster: &Cluster, ids: &mut Vec<String>) {
    let awake = cluster.awake();
    let missing = instances().saturating_sub(open(cluster.api(awake[0])));
    for _ in 0..missing {
        let name = ["row", "fork", "lap"][ids.len() % 3];
        let api = cluster.api(awake[ids.len() % awake.len()]);
        let id = within(Duration::from_secs(60), || api.try_run(name));
        ids.push(id.expect("a run is acknowledged within a minute"));
    }
}

#[test]
fn masters_killed_again_and_again_lose_and_double_nothing() {
    let mut cluster = Cluster::builder().nodes(5).slots(50).start();
    let first = cluster.agreed_master();
    for (name, document) in workflows(cluster.task_log()) {
        cluster.api(first).put_workflow(name, &document);
    }
    let mut ids = Vec::new();
    let mut down = None;
    for _ in 0..kills() {
        top_up(&cluster, &mut ids);
        // For so long nothing happens; the nodes' own time is what is waited for.
        assert!(within(pause(), || None::<()>).is_none());
        let master = within(Duration::from_secs(30), || cluster.master());
        let master = master.expect("a master is known");
        cluster.kill(master);
        if let Some(former) = down.replace(master) {
            cluster.start_again(former);
        }
    }
    cluster.start_missing();
    let last = cluster.agreed_master();
    let ended = all_succeed(cluster.api((last + 1) % 5), &ids, Duration::from_secs(240));
    cluster.task_log().check(&ended);
    for at in 0..cluster.size() {
        assert!(
            cluster.task_log().began_on(cluster.id(at)) > 0,
            "n{at} ran tasks"
        );
    }
}
