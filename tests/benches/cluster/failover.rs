//! FAILOVER and HAND-OVER: for how long nothing new is started when the master goes, and whether others' tasks notice.
//!
//! Three nodes at default settings, with work at hand that a master which can dispatch does dispatch. What counts is the
//! time from just before the signal to the first line written by a process whose try was given in a later epoch.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use peerflow_tests::{Api, Cluster, TaskLog, eventually, within};

use crate::documents::chain;
use crate::leave_alone;
use crate::measure::{Series, row};
use crate::starts::{Assigned, Key, Start, Starts, assigned};

/// Each is put off by another multiple of this many milliseconds, up to a second, to come at any moment between two renewals.
const PUT_OFF: u64 = 190;

/// What the cluster does meanwhile, and how often its master is taken away.
struct Work {
    times: u64,
    /// What a task takes, in seconds.
    task_seconds: f64,
    /// Instances that are open when the master goes; each has one step that runs or waits for a slot.
    open: usize,
    /// Instances that are started each time at least, so that there is work until the next.
    fresh: usize,
    /// Tasks of each, in a row.
    steps: usize,
}

/// More is ready than there are slots; within the gap what runs ends, so that slots are free when it is over.
const MANY: Work = Work {
    times: 50,
    task_seconds: 1.0,
    open: 40,
    fresh: 12,
    steps: 10,
};

/// Slots are free all the time, and a task ends every few milliseconds, whose next step can start at once.
const QUICK: Work = Work {
    times: 20,
    task_seconds: 0.2,
    open: 12,
    fresh: 4,
    steps: 60,
};

/// A master that was taken away.
#[derive(Debug)]
struct Loss {
    /// Seconds since the epoch, just before.
    at: f64,
    node: String,
    /// Under which it was master.
    epoch: u64,
}

/// `kill -9` of the master to the next dispatch.
pub(crate) fn killed() {
    let goal = "median at most 2.5 s";
    measure("FAILOVER, kill -9", &MANY, goal, Cluster::kill);
}

/// SIGTERM to the master to the next dispatch.
pub(crate) fn stopped() {
    let goal = "at most 0.5 s";
    measure("HAND-OVER, SIGTERM", &QUICK, goal, |cluster, master| {
        assert_eq!(cluster.stop(master), 0, "it ends well");
    });
}

fn measure(name: &str, work: &Work, goal: &str, take_away: impl Fn(&mut Cluster, usize)) {
    let mut cluster = Cluster::builder().start();
    let starts = Starts::new(cluster.folder());
    let first = cluster.agreed_master();
    let document = document(&cluster, &starts, work);
    cluster.api(first).put_workflow("steps", &document);
    let mut ids = Vec::new();
    let mut losses = Vec::new();
    for turn in 0..work.times {
        let master = cluster.agreed_master();
        top_up(cluster.api(master), work, &mut ids);
        await_tasks_everywhere(&cluster, &starts);
        leave_alone(Duration::from_millis(turn * PUT_OFF % 1000));
        let epoch = cluster.view(master).expect("it answers").epoch;
        let loss = Loss {
            at: wall_seconds(),
            node: cluster.id(master).to_owned(),
            epoch,
        };
        take_away(&mut cluster, master);
        cluster.agreed_master();
        await_tasks_everywhere(&cluster, &starts);
        cluster.start_again(master);
        losses.push(loss);
    }
    let last = cluster.agreed_master();
    let instances: Vec<_> = ids.iter().map(|id| ended(cluster.api(last), id)).collect();
    // Panics where a task of a node that was not taken away was lost, began twice, or has no outcome.
    cluster.task_log().check(&instances);
    let database = cluster.database().expect("it is on MariaDB");
    let (tries, starts) = (assigned(database), starts.since(0));
    let gaps: Vec<Gap> = losses
        .iter()
        .map(|loss| Gap::after(loss, work, &starts, &tries))
        .collect();
    report(name, goal, &losses, &gaps);
}

/// What came after a master was taken away, in seconds.
#[derive(Debug)]
struct Gap {
    /// Until the first try that another master gave.
    given: f64,
    /// Until the first process of such a try began.
    began: f64,
    /// Tasks that ran on other nodes just then.
    running: usize,
}

impl Gap {
    fn after(loss: &Loss, work: &Work, starts: &[Start], tries: &HashMap<Key, Assigned>) -> Self {
        let given = tries.values().filter(|each| each.epoch > loss.epoch);
        let is_later = |key: &Key| tries.get(key).is_some_and(|each| each.epoch > loss.epoch);
        let began = starts.iter().filter(|start| is_later(&start.key));
        let running = starts.iter().filter(|start| {
            start.node != loss.node && start.at < loss.at && loss.at < start.at + work.task_seconds
        });
        let gap = Self {
            given: given.map(|each| each.at).fold(f64::INFINITY, f64::min) - loss.at,
            began: began.map(|each| each.at).fold(f64::INFINITY, f64::min) - loss.at,
            running: running.count(),
        };
        assert!(gap.began.is_finite(), "nothing began after {loss:?}");
        gap
    }
}

fn report(name: &str, goal: &str, losses: &[Loss], gaps: &[Gap]) {
    let series = |of: fn(&Gap) -> f64| Series::from_values(gaps.iter().map(of).collect());
    let began = series(|gap| gap.began);
    row(
        &format!("{name}, given"),
        &series(|gap| gap.given),
        "s",
        None,
        "",
    );
    row(name, &began, "s", None, goal);
    let pairs = losses.iter().zip(gaps);
    let slowest = pairs.max_by(|(_, one), (_, other)| one.began.total_cmp(&other.began));
    println!(
        "{name:<28} {} times, nine tenths within {:.3} s; {} tasks ran on other nodes just then, and all went on; \
         slowest: {slowest:?}",
        losses.len(),
        began.quantile(0.9),
        gaps.iter().map(|gap| gap.running).sum::<usize>()
    );
}

/// A row of tasks that say when they begin.
fn document(cluster: &Cluster, starts: &Starts, work: &Work) -> String {
    let code = cluster
        .task_log()
        .around(&format!("{}\nsleep {}", starts.say(), work.task_seconds));
    let step = |name: &str, to: &str| TaskLog::action(name, &code, &format!(r#"<ok to="{to}"/>"#));
    chain("steps", work.steps, step).replacen(
        "<work-flow ",
        r#"<work-flow instance-limit="100000" "#,
        1,
    )
}

/// Asks for more instances until enough are open.
fn top_up(api: &Api, work: &Work, ids: &mut Vec<String>) {
    let page = api.get("/api/v1/instances?status=waiting,running&limit=1000");
    let open = page.json["items"].as_array().map_or(0, Vec::len);
    for _ in 0..work.open.saturating_sub(open).max(work.fresh) {
        let id = within(Duration::from_secs(30), || api.try_run("steps"));
        ids.push(id.expect("a run is acknowledged"));
    }
}

/// Waits until every node that runs has begun a task from now on: the master reaches all.
fn await_tasks_everywhere(cluster: &Cluster, starts: &Starts) {
    let awake = cluster.awake();
    let nodes: BTreeSet<String> = awake.iter().map(|at| cluster.id(*at).to_owned()).collect();
    let place = starts.end();
    eventually("every node begins a task", Duration::from_secs(60), || {
        let begun = starts.since(place).into_iter().map(|start| start.node);
        nodes.is_subset(&begun.collect()).then_some(())
    });
}

fn ended(api: &Api, id: &str) -> serde_json::Value {
    eventually("the instance ends", Duration::from_secs(120), || {
        api.try_instance(id)
            .filter(|instance| instance["ended_at"].is_string())
    })
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
