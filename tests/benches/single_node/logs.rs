//! LOGS: a task that prints as fast as it can, and what others notice of it.

use peerflow_tests::Node;

use crate::documents::{chain, script};
use crate::latency;
use crate::measure::{Series, per_second, row, seconds};
use crate::outside::{ended, on_both_stores, run_seconds};

/// LOGS: a task that prints as fast as it can.
pub(crate) fn logs() {
    /// Of one task.
    const MIB: usize = 500;
    on_both_stores(|store, node, folder| {
        let line = "x".repeat(99);
        let code = format!("yes {line} | head -c {}", MIB * 1024 * 1024);
        let xml = chain("loud", 1, |name, to| script(name, &code, to));
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
        let endless = chain("endless", 1, |name, to| {
            script(name, &format!("exec yes {line}"), to)
        });
        node.api.put_workflow("endless", &endless);
        let id = node.api.try_run("endless").expect("acknowledged");
        let name = format!("LOGS {store}, others");
        latency::compare(&name, node, folder, "not slower for it");
        println!("{:<28} {}", format!("LOGS {store}, memory"), peak(node));
        let killed = node.api.post(
            &format!("/api/v1/instances/{id}/kill"),
            &serde_json::json!({}),
        );
        assert!(killed.status < 300, "{}", killed.text);
        ended(node, &id);
    });
}

/// The most that the node's main process ever held.
fn peak(node: &Node) -> String {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let words: Vec<&str> = line.unwrap_or("VmHWM unknown").split_whitespace().collect();
    words.join(" ")
}
