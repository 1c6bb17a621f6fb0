//! LATENCY: from a request to the first instruction of the process it starts.

use std::path::Path;
use std::process::{Command, Stdio};

use peerflow_tests::Node;

use crate::documents::{chain, script};
use crate::measure::Series;
use crate::outside::{ended, on_both_stores};

/// Runs whose figures count, and those before that warm caches.
const COUNTED: usize = 100;
const WARMING: usize = 20;

/// A run's request to the first instruction of its process, on an idle node.
pub(crate) fn latency() {
    on_both_stores(|store, node, folder| {
        let name = format!("LATENCY {store}");
        compare(
            &name,
            node,
            folder,
            "median at most 5 ms, 99th percentile at most 20 ms",
        );
    });
}

/// Measures on `node` and, one for one, a bare spawn of the same script.
pub(crate) fn compare(name: &str, node: &Node, folder: &Path, goal: &str) {
    let mark = folder.join("mark");
    let code = format!("echo $EPOCHREALTIME > {}", mark.display());
    let escaped = code.replace('>', "&gt;");
    let xml = chain("mark", 1, |name, to| script(name, &escaped, to));
    node.api.put_workflow("mark", &xml);
    let bare = folder.join("mark.sh");
    std::fs::write(&bare, &code).expect("the folder can be written");
    let (mut figures, mut floors) = (Vec::new(), Vec::new());
    for at in 0..WARMING + COUNTED {
        let figure = until_mark(&mark, || {
            let id = node.api.try_run("mark").expect("acknowledged");
            ended(node, &id);
        });
        let floor = until_mark(&mark, || {
            let status = Command::new("bash")
                .arg(&bare)
                .stdin(Stdio::null())
                .status();
            assert!(status.expect("bash runs").success());
        });
        if at >= WARMING {
            figures.push(figure);
            floors.push(floor);
        }
    }
    println!(
        "{name:<28} {}   floor bare spawn: {}   goal {goal}",
        show(&Series::from_values(figures)),
        show(&Series::from_values(floors))
    );
}

fn show(series: &Series) -> String {
    format!(
        "median {:.2} ms, 99th percentile {:.2} ms",
        series.median(),
        series.quantile(0.99)
    )
}

/// Milliseconds until the script that `start` starts has written the time to `mark`.
fn until_mark(mark: &Path, start: impl FnOnce()) -> f64 {
    let asked = wall_seconds();
    start();
    let text = std::fs::read_to_string(mark).expect("it ran");
    let began: f64 = text.trim().parse().expect("a time");
    (began - asked) * 1e3
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
