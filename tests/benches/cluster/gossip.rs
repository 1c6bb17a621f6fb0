//! GOSSIP: how fast fifty nodes know each other, and what it costs that they go on doing so.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_gossip::{
    About, Gossip, GossipConfig, GossipKey, LeaseProgress, Membership, WallClock, Word,
};
use peerflow_model::{Epoch, Incarnation};
use peerflow_tests::{Cluster, eventually};

use crate::leave_alone;
use crate::measure::{RUNS, Series, Stopwatch, process_seconds, row};

const NODES: usize = 50;
const INTERVAL: Duration = Duration::from_millis(200);
const MEASURED: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);

/// Fifty members in this process, with nothing else of a node. The holder renews twice a second.
pub(crate) fn gossip() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let _entered = runtime.enter();
    let (complete, cost): (Vec<f64>, Vec<f64>) = (0..RUNS)
        .map(|_| {
            let watch = Stopwatch::start();
            let cluster = runtime.block_on(members());
            eventually("all know all", PATIENCE, || {
                let knows_all = |each: &Gossip| each.members().borrow().alive().count() == NODES;
                cluster.iter().all(knows_all).then_some(())
            });
            (watch.seconds(), share_of_a_core(&cluster))
        })
        .unzip();
    let (complete, cost) = (Series::from_values(complete), Series::from_values(cost));
    row("GOSSIP, all know all", &complete, "s", None, "at most 5 s");
    row(
        "GOSSIP, 50 nodes",
        &cost,
        "% of one core",
        None,
        "less than 15",
    );
}

async fn members() -> Vec<Gossip> {
    let mut cluster: Vec<Gossip> = Vec::with_capacity(NODES);
    for number in 0..NODES {
        let seeds = cluster.first().map(|first| first.local_addr().to_string());
        let bound = Gossip::bind(config(number, seeds.into_iter().collect())).await;
        cluster.push(bound.expect("a free port").run());
    }
    cluster
}

fn share_of_a_core(cluster: &[Gossip]) -> f64 {
    let (before, watch) = (process_seconds(), Stopwatch::start());
    let mut renewals = 0;
    while watch.seconds() < MEASURED.as_secs_f64() {
        renewals += 1;
        cluster[0].tell(Word {
            highest_epoch: Epoch(1),
            lease: Some(LeaseProgress {
                epoch: Epoch(1),
                renewals,
                released: false,
            }),
            store_reachable: true,
            ..Word::default()
        });
        leave_alone(Duration::from_millis(500));
    }
    (process_seconds() - before) / watch.seconds() * 100.0
}

#[expect(clippy::disallowed_methods, reason = "a benchmark runs in real time")]
fn config(number: usize, seeds: Vec<String>) -> GossipConfig {
    let node = format!("node-{number}");
    GossipConfig {
        cluster: "fifty".into(),
        node: node.as_str().into(),
        incarnation: Incarnation(1),
        listen: ([127, 0, 0, 1], 0).into(),
        advertise: None,
        seeds,
        interval: INTERVAL,
        key: GossipKey::new([7; 32]),
        clock: WallClock::new(Timestamp::now),
        about: About {
            http: Some(format!("http://{node}.etl.example:7500")),
            rpc: Some(([127, 0, 0, 1], 7502).into()),
            labels: BTreeSet::new(),
            hosts: BTreeSet::from([node]),
            slots: 8,
            version: "0.1.0".into(),
            started_at: Timestamp::now(),
        },
    }
}

/// Fifty whole nodes with nothing to do: from the first one's start until all say that all are there, and what they cost
/// with everything they do while idle.
pub(crate) fn processes() {
    let watch = Stopwatch::start();
    let cluster = Cluster::builder().nodes(NODES).start();
    let complete = Series::from_values(vec![watch.seconds()]);
    row(
        "GOSSIP, 50 processes up",
        &complete,
        "s",
        None,
        "at most 5 s, once started",
    );
    leave_alone(MEASURED);
    let cost = Series::of(|| {
        let (before, watch) = (nodes_seconds(&cluster), Stopwatch::start());
        leave_alone(MEASURED);
        (nodes_seconds(&cluster) - before) / watch.seconds() * 100.0
    });
    row(
        "GOSSIP, 50 idle processes",
        &cost,
        "% of one core",
        None,
        "for orientation",
    );
}

/// Processor time that all nodes have taken.
fn nodes_seconds(cluster: &Cluster) -> f64 {
    let of_thread = |folder: std::fs::DirEntry| {
        // A thread may end at any moment.
        let stat = std::fs::read_to_string(folder.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<f64>().ok()
    };
    let of_node = |at| {
        let threads = std::fs::read_dir(format!("/proc/{}/task", cluster.pid(at)));
        let threads = threads.expect("the node runs").map_while(Result::ok);
        threads.filter_map(of_thread).sum::<f64>()
    };
    (0..cluster.size()).map(of_node).sum::<f64>() / 1e9
}
