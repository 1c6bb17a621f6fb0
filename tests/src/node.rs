//! A node as a process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::api::Api;
use crate::binary::{command, command_on};
use crate::wait::{eventually, is_alive};

/// Which store a test runs on.
#[derive(Clone, Debug)]
pub enum StoreKind {
    /// The embedded one, in the node's data directory.
    Sqlite,
    /// At this URL.
    Mysql(String),
}

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeBuilder {
    folder: PathBuf,
    store: StoreKind,
    environment: Vec<(String, String)>,
    xmlconfig: Option<PathBuf>,
    /// Where it listens for gossip and for its peers.
    sockets: [String; 2],
    /// Network namespace, its address, and the token of those who come from outside.
    host: Option<[String; 3]>,
}

/// A node that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Node {
    child: Child,
    pub api: Api,
    builder: NodeBuilder,
}

impl NodeBuilder {
    /// A node that keeps everything it has in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            store: StoreKind::Sqlite,
            environment: Vec::new(),
            xmlconfig: None,
            sockets: ["127.0.0.1:0".to_owned(), "127.0.0.1:0".to_owned()],
            host: None,
        }
    }

    /// Another folder for everything it has.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// Where it listens for gossip and for its peers; otherwise wherever there is room.
    #[must_use]
    pub fn sockets(mut self, gossip: &str, rpc: &str) -> Self {
        self.sockets = [gossip.to_owned(), rpc.to_owned()];
        self
    }

    /// Runs in a network namespace that has this address, where its API is reached with the cluster's token.
    #[must_use]
    pub fn host(mut self, name: &str, address: &str, token: &str) -> Self {
        self.host = Some([name, address, token].map(str::to_owned));
        self
    }

    /// Which store it uses.
    #[must_use]
    pub fn store(mut self, store: StoreKind) -> Self {
        self.store = store;
        self
    }

    /// One setting, such as `PEERFLOW__EMAIL__HOSTNAME`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where it finds workflows; otherwise an empty folder.
    #[must_use]
    pub fn xmlconfig(mut self, folder: &Path) -> Self {
        self.xmlconfig = Some(folder.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it is not ready within a minute; its messages are in `node.log` of its folder.
    pub fn start(self) -> Node {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("node.log"))
            .expect("the node's folder can be written");
        let xmlconfig = self.xmlconfig.clone().unwrap_or_else(|| {
            let empty = self.folder.join("xmlconfig");
            std::fs::create_dir_all(&empty).expect("the node's folder can be written");
            empty
        });
        let (mut node, http) = match &self.host {
            Some([name, address, _]) => (command_on(name), format!("{address}:0")),
            None => (command(), "127.0.0.1:0".to_owned()),
        };
        node.current_dir(&self.folder)
            .arg("node")
            .args(["--http", &http])
            .args(["--gossip", &self.sockets[0], "--rpc", &self.sockets[1]])
            .arg("--data-dir")
            .arg(self.folder.join("data"))
            .arg("--xmlconfig")
            .arg(xmlconfig)
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(log);
        if let StoreKind::Mysql(url) = &self.store {
            node.args(["--store", url]);
        }
        let mut child = node.spawn().expect("the program under test starts");
        let base = announced_address(&mut child, &self.folder);
        let mut api = Api::new(&base);
        if let Some([_, _, token]) = &self.host {
            api = api.with_token(token);
        }
        eventually("the node is ready", Duration::from_secs(60), || {
            api.try_get("/readyz").filter(|reply| reply.status == 200)
        });
        Node {
            child,
            api,
            builder: self,
        }
    }
}

/// Reads the node's standard output until it names its address, and goes on emptying it in the background.
fn announced_address(child: &mut Child, folder: &Path) -> String {
    let stdout = child.stdout.take().expect("standard output is piped");
    let (found, address) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(at) = line.find("http://") {
                let url: String = line[at..]
                    .chars()
                    .take_while(|each| !each.is_whitespace())
                    .collect();
                // The receiver has gone after the first address.
                drop(found.send(url));
            }
        }
    });
    address
        .recv_timeout(Duration::from_secs(60))
        .unwrap_or_else(|_| {
            let log = std::fs::read_to_string(folder.join("node.log")).unwrap_or_default();
            panic!("the node did not say where it is; it said:\n{log}")
        })
}

impl Node {
    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id fits")
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("the node runs");
    }

    /// `kill -9`, then the same node again.
    pub fn kill_and_start_again(mut self) -> Self {
        self.kill();
        self.builder.clone().start()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// SIGTERM, and waits for its end; gives the exit code.
    ///
    /// # Panics
    /// When it has not ended within a minute.
    pub fn stop(mut self) -> i32 {
        self.signal(Signal::SIGTERM);
        let status = eventually(
            "the node ends after SIGTERM",
            Duration::from_secs(60),
            || self.child.try_wait().expect("the node can be waited for"),
        );
        status.code().unwrap_or(-1)
    }

    /// SIGTERM, and waits until it is gone, for a caller that goes on with its builder.
    pub fn signal_and_wait(&self) {
        self.signal(Signal::SIGTERM);
        eventually(
            "the node ends after SIGTERM",
            Duration::from_secs(60),
            || (!is_alive(self.pid())).then_some(()),
        );
    }

    /// How it was started, to start it again.
    pub fn builder(&self) -> NodeBuilder {
        self.builder.clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
