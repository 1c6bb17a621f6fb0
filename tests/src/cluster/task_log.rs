//! What tasks themselves write down: one shared file, to which every task of every node adds its lines.
//!
//! The file is opened for appending, so the order of its lines is the order of what happened, whichever node it happened
//! on. What the test did to the nodes stands between them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Instance, run, step, visit.
type Visit = (String, u64, String, u64);

/// The file.
#[derive(Clone, Debug)]
pub struct TaskLog {
    path: PathBuf,
}

/// What one try wrote.
#[derive(Clone, Debug)]
struct Try {
    number: u64,
    node: String,
    pid: String,
    /// Numbers of lines.
    start: usize,
    last: usize,
    /// When those were written, in seconds since this machine began.
    began_at: f64,
    last_at: f64,
    ended: bool,
}

/// A try as its task told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskTry {
    pub number: u64,
    pub node: String,
    pub pid: i32,
    /// When it wrote its first and its latest line, in seconds since this machine began.
    pub began_at: f64,
    pub last_at: f64,
    pub ended: bool,
}

/// When a node was taken away: from the first line to the second.
#[derive(Debug)]
struct Loss {
    node: String,
    from: usize,
    until: usize,
}

/// The file as it was read.
#[derive(Debug, Default)]
struct Content {
    tries: BTreeMap<Visit, Vec<Try>>,
    losses: Vec<Loss>,
}

impl TaskLog {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            path: folder.join("task.log"),
        }
    }

    /// The code of a task that writes to this log around `work`, in which `beat` writes that it still runs.
    pub fn around(&self, work: &str) -> String {
        let path = self.path.display();
        format!(
            r#"say() {{
  read -r uptime rest < /proc/uptime
  echo "$1 $PEERFLOW_INSTANCE $PEERFLOW_RUN $PEERFLOW_STEP $PEERFLOW_VISIT $PEERFLOW_ATTEMPT $TEST_NODE $uptime $$" >> {path}
}}
beat() {{ say beat; }}
say start
{work}
say end"#
        )
    }

    /// The code of a task that runs for `seconds` and says so twice a second.
    pub fn busy_for(&self, seconds: f64) -> String {
        let beats = (seconds * 2.0).ceil();
        self.around(&format!(
            "for lap in $(seq {beats}); do sleep 0.5; beat; done"
        ))
    }

    /// An action whose code is `code`; `onward` is its `ok` and `error`.
    pub fn action(name: &str, code: &str, onward: &str) -> String {
        format!(
            r#"<action name="{name}"><script><code><![CDATA[{code}]]></code></script>{onward}</action>"#
        )
    }

    /// Notes that the node is being taken away from now on.
    pub fn leaving(&self, node: &str) {
        self.note("leaving", node);
    }

    /// Notes that it is gone, or back: what runs there afterwards has no excuse.
    pub fn left(&self, node: &str) {
        self.note("left", node);
    }

    fn note(&self, what: &str, node: &str) {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path);
        // The folder may be gone when the cluster is dropped.
        if let Ok(mut file) = file {
            drop(file.write_all(format!("{what} {node}\n").as_bytes()));
        }
    }

    /// Process ids of the tasks that have begun and not ended, by instance, as far as they say.
    pub fn running(&self) -> Vec<(String, i32)> {
        let content = self.read();
        let mut running = Vec::new();
        for ((instance, ..), tries) in content.tries {
            if let Some(last) = tries.last()
                && !last.ended
                && let Ok(pid) = last.pid.parse()
            {
                running.push((instance, pid));
            }
        }
        running
    }

    /// All tries of an instance's steps, in the order of the steps' names.
    pub fn tries_of(&self, instance: &str) -> Vec<TaskTry> {
        let content = self.read();
        let of_instance = content.tries.iter().filter(|((id, ..), _)| id == instance);
        let tries = of_instance.flat_map(|(_, tries)| tries);
        tries
            .map(|each| TaskTry {
                number: each.number,
                node: each.node.clone(),
                pid: each.pid.parse().expect("a process id"),
                began_at: each.began_at,
                last_at: each.last_at,
                ended: each.ended,
            })
            .collect()
    }

    /// Whether a task of an instance came to its end in this process.
    pub fn ended_by(&self, instance: &str, pid: i32) -> bool {
        let content = self.read();
        let mut of_instance = content.tries.iter().filter(|((id, ..), _)| id == instance);
        let pid = pid.to_string();
        of_instance.any(|(_, tries)| tries.iter().any(|each| each.ended && each.pid == pid))
    }

    /// How many tries have begun on a node.
    pub fn began_on(&self, node: &str) -> usize {
        let content = self.read();
        let tries = content.tries.values().flatten();
        tries.filter(|each| each.node == node).count()
    }

    /// The nodes on which the tries of an instance's steps began, in the order of the steps' names.
    pub fn nodes_of(&self, instance: &str) -> Vec<String> {
        let content = self.read();
        let of_instance = content.tries.iter().filter(|((id, ..), _)| id == instance);
        of_instance
            .flat_map(|(_, tries)| tries.iter().map(|each| each.node.clone()))
            .collect()
    }

    /// Every visit has an outcome; no try began twice; no two tries of a visit overlap; a further try only where the node
    /// of the earlier one was taken away while it ran. `instances` are as the API shows them after all have ended.
    ///
    /// # Panics
    /// Where that does not hold, naming the visit.
    pub fn check(&self, instances: &[Value]) {
        let content = self.read();
        let shown = outcomes(instances);
        for (visit, tries) in &content.tries {
            check_tries(visit, tries, &content.losses);
            let Some((status, number)) = shown.get(visit) else {
                panic!("{visit:?} began and is not shown at all: {tries:#?}");
            };
            assert!(
                matches!(status.as_str(), "succeeded" | "failed" | "killed"),
                "{visit:?} began and has no outcome but {status}"
            );
            let last = tries.last().map(|each| each.number);
            assert!(
                last <= Some(*number),
                "{visit:?} is shown with try {number} and ran again: {tries:#?}"
            );
            if status == "succeeded" {
                let done = tries
                    .iter()
                    .any(|each| each.number == *number && each.ended);
                assert!(
                    done,
                    "{visit:?} succeeded by try {number}, which did not end: {tries:#?}"
                );
            }
        }
        for (visit, (status, _)) in &shown {
            assert!(
                status != "succeeded" || content.tries.contains_key(visit),
                "{visit:?} is shown as succeeded and never ran"
            );
        }
    }

    fn read(&self) -> Content {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let mut content = Content::default();
        for (at, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["leaving", node] => content.losses.push(Loss {
                    node: node.to_owned(),
                    from: at,
                    until: usize::MAX,
                }),
                ["left", node] => {
                    let mut open = content.losses.iter_mut().rev();
                    if let Some(loss) = open.find(|loss| loss.node == node) {
                        loss.until = at;
                    }
                }
                [kind, instance, run, step, visit, number, node, uptime, pid] => {
                    let visit = (
                        instance.to_owned(),
                        run.parse().expect("a run"),
                        step.to_owned(),
                        visit.parse().expect("a visit"),
                    );
                    let number = number.parse().expect("a try");
                    let time = uptime.parse().expect("seconds");
                    let tries = content.tries.entry(visit).or_default();
                    add(tries, kind, number, node, pid, (at, time));
                }
                _ => panic!("line {} of the task log is torn: {line:?}", at + 1),
            }
        }
        content
    }
}

/// Adds a line: `at` is its number and its time.
fn add(
    tries: &mut Vec<Try>,
    kind: &str,
    number: u64,
    node: &str,
    pid: &str,
    (at, time): (usize, f64),
) {
    if kind == "start" {
        tries.push(Try {
            number,
            node: node.to_owned(),
            pid: pid.to_owned(),
            start: at,
            last: at,
            began_at: time,
            last_at: time,
            ended: false,
        });
        return;
    }
    let own = tries
        .iter_mut()
        .rev()
        .find(|each| each.number == number && each.pid == pid);
    let own = own.expect("a try says that it began before anything else");
    own.last = at;
    own.last_at = time;
    own.ended = kind == "end";
}

fn check_tries(visit: &Visit, tries: &[Try], losses: &[Loss]) {
    let numbers: BTreeSet<u64> = tries.iter().map(|each| each.number).collect();
    assert_eq!(
        numbers.len(),
        tries.len(),
        "{visit:?}: a try began twice: {tries:#?}"
    );
    for pair in tries.windows(2) {
        let [earlier, later] = pair else { continue };
        assert!(
            earlier.number < later.number,
            "{visit:?}: tries out of order: {tries:#?}"
        );
        assert!(
            earlier.last < later.start,
            "{visit:?}: two tries overlap: {tries:#?}"
        );
        let taken_away = losses.iter().any(|loss| {
            loss.node == earlier.node && loss.until > earlier.start && loss.from < later.start
        });
        assert!(
            taken_away,
            "{visit:?}: a further try, although {} was there all the time: {tries:#?}",
            earlier.node
        );
    }
}

/// Status and number of the latest try of every visit of a task.
fn outcomes(instances: &[Value]) -> BTreeMap<Visit, (String, u64)> {
    let mut outcomes = BTreeMap::new();
    for instance in instances {
        let id = instance["id"].as_str().expect("an id");
        let run = instance["run"].as_u64().expect("a run");
        for step in instance["steps"].as_array().expect("steps") {
            if step["type"] != "script" {
                continue;
            }
            let visit = (
                id.to_owned(),
                run,
                step["name"].as_str().expect("a name").to_owned(),
                step["visit"].as_u64().expect("a visit"),
            );
            let status = step["status"].as_str().expect("a status").to_owned();
            let number = step["attempt"].as_u64().expect("a try");
            outcomes.insert(visit, (status, number));
        }
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Checks a log of these lines against a step `a` that succeeded by `number`.
    fn check(lines: &[&str], number: u64) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = TaskLog::new(folder.path());
        std::fs::write(&log.path, lines.join("\n")).expect("the folder can be written");
        let step = json!({"name": "a", "type": "script", "visit": 1, "attempt": number, "status": "succeeded"});
        log.check(&[json!({"id": "i", "run": 1, "steps": [step]})]);
    }

    #[test]
    fn a_try_after_its_node_was_killed_is_fine() {
        check(
            &[
                "start i 1 a 1 1 n0 1.00 7",
                "leaving n0",
                "beat i 1 a 1 1 n0 1.50 7",
                "left n0",
                "start i 1 a 1 2 n1 2.00 8",
                "end i 1 a 1 2 n1 2.50 8",
            ],
            2,
        );
    }

    #[test]
    #[should_panic(expected = "two tries overlap")]
    fn a_beat_after_the_next_try_began_is_seen() {
        check(
            &[
                "start i 1 a 1 1 n0 1.00 7",
                "leaving n0",
                "left n0",
                "start i 1 a 1 2 n1 2.00 8",
                "beat i 1 a 1 1 n0 2.10 7",
                "end i 1 a 1 2 n1 2.50 8",
            ],
            2,
        );
    }

    #[test]
    #[should_panic(expected = "was there all the time")]
    fn a_further_try_without_need_is_seen() {
        check(
            &[
                "start i 1 a 1 1 n0 1.00 7",
                "leaving n1",
                "left n1",
                "start i 1 a 1 2 n1 2.00 8",
                "end i 1 a 1 2 n1 2.50 8",
            ],
            2,
        );
    }

    #[test]
    #[should_panic(expected = "a try began twice")]
    fn a_try_that_began_twice_is_seen() {
        check(
            &[
                "start i 1 a 1 1 n0 1.00 7",
                "end i 1 a 1 1 n0 1.50 7",
                "start i 1 a 1 1 n1 2.00 8",
                "end i 1 a 1 1 n1 2.50 8",
            ],
            1,
        );
    }

    #[test]
    #[should_panic(expected = "which did not end")]
    fn a_success_without_an_end_is_seen() {
        check(&["start i 1 a 1 1 n0 1.00 7"], 1);
    }
}
