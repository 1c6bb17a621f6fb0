//! Whoever is asked, the answer is the same.

use std::time::Duration;

use nix::sys::signal::Signal;
use peerflow_tests::{Cluster, Outcome, eventually, is_alive, run_in};
use serde_json::Value;

use super::{ended, single};

/// A command at one peer.
fn peerflow(cluster: &Cluster, at: usize, arguments: &[&str]) -> Outcome {
    let mut all = vec!["--peer", &cluster.api(at).base];
    all.extend(arguments);
    run_in(cluster.folder(), &all)
}

fn json(cluster: &Cluster, at: usize, arguments: &[&str]) -> Value {
    let mut all = vec!["-o", "json"];
    all.extend(arguments);
    let outcome = peerflow(cluster, at, &all);
    serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", outcome.text()))
}

/// A task that writes a line every tenth of a second until the gate opens.
fn talker(cluster: &Cluster, gate: &str) -> String {
    let gate = cluster.folder().join(gate);
    let work = format!(
        "lap=0; until [ -e {} ]; do lap=$((lap + 1)); echo \"line $lap\"; beat; sleep 0.1; done; echo \"the last line\"",
        gate.display()
    );
    single("talker", &cluster.task_log().around(&work))
}

#[test]
fn what_one_peer_is_told_every_peer_knows() {
    let cluster = Cluster::builder().start();
    let master = cluster.agreed_master();
    let [a, b, c] = [(master + 1) % 3, master, (master + 2) % 3];
    let file = cluster.folder().join("talker.xml");
    std::fs::write(&file, talker(&cluster, "gate")).expect("the folder can be written");

    // Added at a peer that is not master, run at the master, looked at from the third.
    let added = peerflow(
        &cluster,
        a,
        &["workflow", "add", &file.display().to_string()],
    );
    assert_eq!(added.code, 0, "{}", added.text());
    for at in 0..cluster.size() {
        let listed = peerflow(&cluster, at, &["workflow", "list"]);
        assert!(listed.stdout.contains("talker"), "{}", listed.text());
    }
    let id = json(&cluster, b, &["workflow", "run", "talker"])["instance"]
        .as_str()
        .expect("an instance")
        .to_owned();
    let pid = eventually("its task runs", Duration::from_secs(30), || {
        let running = cluster.task_log().running();
        running
            .iter()
            .find(|(of, _)| *of == id)
            .map(|(_, pid)| *pid)
    });
    eventually(
        "every peer shows the task as running",
        Duration::from_secs(30),
        || {
            let shown = (0..cluster.size()).map(|at| {
                let instance = json(&cluster, at, &["instance", "info", &id]);
                instance["steps"][1]["status"] == "running"
            });
            shown.into_iter().all(|runs| runs).then_some(())
        },
    );
    let nodes: Vec<Value> = (0..cluster.size())
        .map(|at| json(&cluster, at, &["instance", "info", &id])["steps"][1]["node"].clone())
        .collect();
    assert!(nodes.iter().all(|node| *node == nodes[0]), "{nodes:?}");

    // Killed at the third.
    let killed = peerflow(&cluster, c, &["instance", "kill", &id]);
    assert_eq!(killed.code, 0, "{}", killed.text());
    for at in 0..cluster.size() {
        let waited = peerflow(&cluster, at, &["instance", "wait", &id]);
        assert_eq!(waited.code, 3, "{}", waited.text());
    }
    assert!(!is_alive(pid), "the task was killed");
    let answers: Vec<Value> = (0..cluster.size())
        .map(|at| json(&cluster, at, &["instance", "info", &id]))
        .collect();
    assert!(
        answers.iter().all(|each| *each == answers[0]),
        "{answers:#?}"
    );
    let logs: Vec<String> = (0..cluster.size())
        .map(|at| peerflow(&cluster, at, &["instance", "log", &id]).stdout)
        .collect();
    assert!(logs[0].contains("line 1"), "{}", logs[0]);
    assert!(logs.iter().all(|log| *log == logs[0]), "{logs:#?}");
}

#[test]
fn a_log_is_followed_live_from_any_peer() {
    let cluster = Cluster::builder().start();
    cluster
        .api(0)
        .put_workflow("talker", &talker(&cluster, "gate"));
    let id = cluster.api(1).try_run("talker").expect("acknowledged");
    eventually("its task runs", Duration::from_secs(30), || {
        let running = cluster.task_log().running();
        running.iter().any(|(of, _)| *of == id).then_some(())
    });
    // All peers at once, the one that runs the task and those that do not.
    let followed = std::thread::scope(|scope| {
        let followers: Vec<_> = (0..cluster.size())
            .map(|at| {
                let (cluster, id) = (&cluster, &id);
                scope.spawn(move || peerflow(cluster, at, &["instance", "log", id, "--follow"]))
            })
            .collect();
        // They are told lines while the task still writes: the gate opens after some of them.
        let log = || {
            cluster
                .api(2)
                .get(&format!("/api/v1/instances/{id}/log"))
                .text
        };
        eventually("lines are in the store", Duration::from_secs(30), || {
            log().contains("line 20").then_some(())
        });
        std::fs::write(cluster.folder().join("gate"), "").expect("the folder can be written");
        let outcomes = followers
            .into_iter()
            .map(|each| each.join().expect("it ended"));
        outcomes.collect::<Vec<_>>()
    });
    let node = super::node_of(&cluster, &id);
    for (at, outcome) in followed.iter().enumerate() {
        let who = format!("n{at} tells of a task on {node:?}");
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        let lines: Vec<&str> = outcome.stdout.lines().collect();
        let laps: Vec<&&str> = lines.iter().filter(|line| line.contains("line")).collect();
        for (lap, line) in laps.iter().enumerate().take(laps.len() - 1) {
            assert!(
                line.ends_with(&format!("line {}", lap + 1)),
                "{who}: {lines:#?}"
            );
        }
        let last = laps
            .last()
            .is_some_and(|line| line.ends_with("the last line"));
        assert!(last, "{who}: {lines:#?}");
    }
    assert_eq!(
        ended(cluster.api(0), &id, Duration::from_secs(30))["status"],
        "succeeded"
    );
}

#[test]
fn a_command_waits_out_a_takeover_at_any_peer() {
    let mut cluster = Cluster::builder().start();
    let master = cluster.agreed_master();
    let quick = single("quick", "true");
    cluster.api(master).put_workflow("quick", &quick);
    let pid = nix::unistd::Pid::from_raw(cluster.pid(master));
    nix::sys::signal::kill(pid, Signal::SIGKILL).expect("it runs");
    cluster.kill(master);
    // Asked in the midst of it: nobody says done before it is done, and nobody says no.
    for at in cluster.awake() {
        let outcome = peerflow(&cluster, at, &["workflow", "run", "quick", "--wait"]);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
}

#[test]
fn logs_that_are_read_over_and_over_leave_the_way_to_the_master_free() {
    /// More than the streams that a peer may have open at once.
    const READS: usize = 300;
    let cluster = Cluster::builder().start();
    let peer = (cluster.agreed_master() + 1) % cluster.size();
    let api = cluster.api(peer);
    api.put_workflow("short", &single("short", "echo said"));
    let id = api.try_run("short").expect("the master answers");
    eventually("it has ended", Duration::from_secs(30), || {
        let instance = api.try_instance(&id)?;
        (instance["status"] == "succeeded").then_some(())
    });
    for _ in 0..READS {
        let log = api.get(&format!("/api/v1/instances/{id}/log"));
        assert_eq!(log.status, 200);
    }
    api.try_run("short")
        .expect("the master is asked through the same peer as before");
}
