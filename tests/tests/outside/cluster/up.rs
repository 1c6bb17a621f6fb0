//! `peerflow up`: a local cluster by one command.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use peerflow_tests::{Api, command, eventually, processes_of, run_in, within};
use serde_json::Value;
use tempfile::TempDir;

/// `up` in a folder of its own, with everything it starts.
struct Up {
    process: Child,
    said: Receiver<String>,
    /// What it printed when its nodes were there.
    shown: Value,
}

/// How a folder looks in which somebody calls it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let xml = folder.path().join("xmlconfig");
        std::fs::create_dir(&xml).expect("the folder can be written");
        let document = r#"<work-flow name="loaded"><start name="start" to="s"/>
            <action name="s"><shell><command>sleep 0.3; echo hello</command></shell><ok to="end"/></action><end name="end"/></work-flow>"#;
        std::fs::write(xml.join("loaded.xml"), document).expect("the folder can be written");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn data(&self) -> PathBuf {
        self.path().join("data/up")
    }

    /// Starts it and waits until its nodes are there.
    fn up(&self, arguments: &[&str]) -> Up {
        let mut process = command()
            .current_dir(self.path())
            .args(["-o", "json", "up"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program under test starts");
        let (tell, said) = channel();
        let stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Nobody listens when the test is over.
                drop(tell.send(line));
            }
        });
        let stdout = BufReader::new(process.stdout.take().expect("standard output is piped"));
        let (found, first) = channel();
        std::thread::spawn(move || {
            let mut values = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
            drop(found.send(values.next().and_then(Result::ok)));
        });
        let shown = first.recv_timeout(Duration::from_secs(60)).ok().flatten();
        let shown = shown.unwrap_or_else(|| {
            let heard: Vec<String> = said.try_iter().collect();
            panic!("it did not tell where its nodes are: {heard:#?}")
        });
        Up {
            process,
            said,
            shown,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nodes end with the program that started them; here they are given no time.
        for process in processes_of(self.path()) {
            kill(Pid::from_raw(process.pid), Signal::SIGKILL).ok();
        }
    }
}

impl Up {
    fn nodes(&self) -> Vec<(String, Api)> {
        let nodes = self.shown["nodes"].as_array().expect("nodes").iter();
        nodes
            .map(|node| {
                let text = |key: &str| node[key].as_str().expect(key).to_owned();
                (text("id"), Api::new(&text("http")))
            })
            .collect()
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id()).expect("a process id fits");
        kill(Pid::from_raw(pid), signal).expect("it runs");
    }

    /// Waits for its end after a signal.
    fn ended(mut self) -> i32 {
        let status = eventually("it ends", Duration::from_secs(60), || {
            self.process.try_wait().expect("it can be waited for")
        });
        status.code().unwrap_or(-1)
    }

    /// Waits for a line on standard error that holds this.
    fn hears(&self, text: &str) -> String {
        eventually(
            &format!("it says {text:?}"),
            Duration::from_secs(30),
            || self.said.try_iter().find(|line| line.contains(text)),
        )
    }
}

/// The processes of a node of `up`, without spawners and tasks.
fn process_of(folder: &Folder, name: &str) -> Option<i32> {
    let data = format!("{}/{name} ", folder.data().display());
    let processes = processes_of(folder.path()).into_iter();
    let mut own =
        processes.filter(|each| each.command.contains(" node ") && each.command.contains(&data));
    own.next().map(|each| each.pid)
}

fn master(api: &Api) -> Option<String> {
    api.try_get("/api/v1/cluster")?.json["master"]
        .as_str()
        .map(str::to_owned)
}

fn runs_to_its_end(folder: &Folder, api: &Api) {
    let outcome = run_in(
        folder.path(),
        &["--peer", &api.base, "workflow", "run", "loaded", "--wait"],
    );
    assert_eq!(outcome.code, 0, "{}", outcome.text());
}

#[test]
fn up_starts_a_cluster_that_survives_a_kill_and_keeps_its_state() {
    let folder = Folder::new();
    let up = folder.up(&["--nodes", "3"]);
    let nodes = up.nodes();
    assert_eq!(nodes.len(), 3);
    let mut addresses: Vec<&str> = nodes.iter().map(|(_, api)| api.base.as_str()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 3, "each has an address of its own");
    eventually(
        "the folder's workflow is loaded",
        Duration::from_secs(30),
        || {
            let found = nodes[1].1.try_get("/api/v1/workflows/loaded")?;
            (found.status == 200).then_some(())
        },
    );
    for (_, api) in &nodes {
        runs_to_its_end(&folder, api);
    }
    let secret = std::fs::read_to_string(folder.data().join("cluster.secret")).expect("a secret");

    // The master is killed: another takes over, and the killed one is said and comes back.
    let gone = master(&nodes[0].1).expect("a master");
    let pid = process_of(&folder, &gone).expect("it runs");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it runs");
    assert!(up.hears(&gone).contains("signal 9"));
    let (_, other) = nodes
        .iter()
        .find(|(name, _)| *name != gone)
        .expect("two others");
    runs_to_its_end(&folder, other);
    up.hears(&format!("{gone} is started again"));
    eventually("all three are there again", Duration::from_secs(30), || {
        let cluster = other.try_get("/api/v1/cluster")?.json;
        let alive = cluster["nodes"]
            .as_array()?
            .iter()
            .filter(|node| node["state"] == "alive");
        (alive.count() == 3).then_some(())
    });
    assert_eq!(second(&folder).code, 1);

    // Ctrl-C ends everything; the next one has the same addresses, secret and state.
    up.signal(Signal::SIGINT);
    let before = up.shown.clone();
    assert_eq!(up.ended(), 0);
    assert!(
        processes_of(folder.path()).is_empty(),
        "{:#?}",
        processes_of(folder.path())
    );
    let again = folder.up(&[]);
    assert_eq!(again.shown["nodes"], before["nodes"]);
    assert_eq!(
        std::fs::read_to_string(folder.data().join("cluster.secret")).ok(),
        Some(secret)
    );
    let found = again.nodes()[2]
        .1
        .get("/api/v1/instances?status=succeeded")
        .json;
    assert_eq!(
        found["items"].as_array().map(Vec::len),
        Some(4),
        "{found:#}"
    );
    again.signal(Signal::SIGTERM);
    assert_eq!(again.ended(), 0);
}

/// Another `up` in the same folder.
fn second(folder: &Folder) -> peerflow_tests::Outcome {
    let outcome = run_in(folder.path(), &["up"]);
    assert!(
        outcome.stderr.contains("another `peerflow up`"),
        "{}",
        outcome.text()
    );
    outcome
}

#[test]
fn nodes_of_an_up_that_was_killed_end_and_the_next_one_starts() {
    let folder = Folder::new();
    let up = folder.up(&["--nodes", "2"]);
    up.signal(Signal::SIGKILL);
    assert_eq!(up.ended(), -1);
    let next = folder.up(&["--nodes", "2"]);
    runs_to_its_end(&folder, &next.nodes()[0].1);
    next.signal(Signal::SIGKILL);
    next.ended();
    eventually("its nodes end without it", Duration::from_secs(40), || {
        processes_of(folder.path()).is_empty().then_some(())
    });
}

#[test]
fn up_refuses_what_it_cannot_do_and_says_why() {
    let folder = Folder::new();
    for count in ["0", "65"] {
        let outcome = run_in(folder.path(), &["up", "--nodes", count]);
        assert_eq!(outcome.code, 2, "{}", outcome.text());
        assert!(
            outcome.stderr.contains("from 1 to 64"),
            "{}",
            outcome.text()
        );
    }
    let chinese = run_in(folder.path(), &["--lang", "zh", "up", "--nodes", "0"]);
    assert!(
        chinese.stderr.contains("无法启动 0 个节点"),
        "{}",
        chinese.text()
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("the folder can be written");
    let outcome = run_in(folder.path(), &["up", "--data-dir", "file"]);
    assert_eq!(outcome.code, 1, "{}", outcome.text());
    assert!(
        outcome.stderr.contains("cannot write file"),
        "{}",
        outcome.text()
    );
    // A mistake in the configuration is told once, not by every node.
    std::fs::create_dir(folder.path().join("config")).expect("the folder can be written");
    std::fs::write(
        folder.path().join("config/node.toml"),
        "[worker]\nlaese = \"1s\"\n",
    )
    .expect("the folder can be written");
    let outcome = run_in(folder.path(), &["up"]);
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    assert_eq!(
        outcome.stderr.matches("worker.lease").count(),
        1,
        "{}",
        outcome.text()
    );
    assert!(
        within(Duration::ZERO, || processes_of(folder.path())
            .is_empty()
            .then_some(()))
        .is_some()
    );
}

#[test]
fn a_node_that_cannot_start_stops_the_others_and_is_told() {
    let folder = Folder::new();
    // A folder where the first node would keep its own: it can be configured, but not be started.
    std::fs::create_dir_all(folder.data().join("node-1/epoch")).expect("the folder can be written");
    let outcome = run_in(folder.path(), &["up", "--nodes", "2"]);
    assert_eq!(outcome.code, 1, "{}", outcome.text());
    assert!(
        outcome.stderr.contains("node-1 | error:"),
        "{}",
        outcome.text()
    );
    assert!(
        outcome.stderr.contains("node-1 ended before it was ready"),
        "{}",
        outcome.text()
    );
    assert!(processes_of(folder.path()).is_empty());
}
