//! The node's side of the spawner: starting it and asking it for processes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::boot_time::BootTime;
use super::message::{End, NotStarted, Report, Request, Start};
use super::process::SPAWNER_ARGUMENT;
use super::supervise::{Link, supervise};

/// Requests that may wait for the spawner; who asks for more waits.
const QUEUE: usize = 1_024;

/// How a node's spawner is started.
#[derive(Clone, Debug)]
pub struct SpawnerOptions {
    /// The program, whose `main` calls [`spawner_main`](super::spawner_main).
    pub program: PathBuf,
    /// Its arguments before those of the spawner itself; the last is [`SPAWNER_ARGUMENT`].
    pub arguments: Vec<OsString>,
    /// The node's data directory, made where it is missing. One spawner serves it at a time.
    pub data_dir: PathBuf,
    /// How long a starting spawner waits for an older one of this data directory to end.
    pub patience: Duration,
}

impl SpawnerOptions {
    /// The running program as its own spawner.
    ///
    /// # Errors
    /// When the system cannot name the running program.
    pub fn new(data_dir: impl Into<PathBuf>) -> io::Result<Self> {
        Ok(Self {
            // Not by its path: the file there may be replaced by a newer one while this process runs.
            program: if cfg!(target_os = "linux") {
                "/proc/self/exe".into()
            } else {
                std::env::current_exe()?
            },
            arguments: vec![SPAWNER_ARGUMENT.into()],
            data_dir: data_dir.into(),
            patience: Duration::from_secs(20),
        })
    }
}

/// Why there is no spawner.
#[derive(Debug, thiserror::Error)]
pub enum SpawnerError {
    #[error("cannot prepare the data directory {}", path.display())]
    DataDirectory {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot start the spawner {}", program.display())]
    Start {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot talk to the spawner")]
    Talk(#[source] io::Error),
    #[error("{0}")]
    Refused(String),
    #[error("the spawner {} ended before it was ready; run it by hand to see why", program.display())]
    EndedEarly { program: PathBuf },
    #[error("the spawner was not ready after {} s", waited.as_secs())]
    TooSlow { waited: Duration },
}

/// A running spawner. Cheap to clone; when the last clone is dropped the spawner kills all tasks and ends.
#[derive(Clone, Debug)]
pub struct Spawner {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    core: Arc<Core>,
    /// The one task that looks after the spawner process; taken by `stop`.
    supervisor: tokio::sync::Mutex<JoinSet<()>>,
}

/// What handles and supervisor share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) options: SpawnerOptions,
    requests: mpsc::Sender<Envelope>,
    pending: Mutex<HashMap<u64, Pending>>,
    next_id: AtomicU64,
    /// The bound of tasks that have one; told again to a new spawner.
    pub(super) grant: watch::Sender<Option<BootTime>>,
    pub(super) stopping: watch::Sender<bool>,
    /// Process id of the present spawner; 0 while there is none.
    pub(super) pid: watch::Sender<u32>,
}

/// A request, with the descriptors that travel with it.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) request: Request,
    pub(super) descriptors: Vec<OwnedFd>,
}

/// A process that the node waits for.
#[derive(Debug)]
struct Pending {
    /// The spawner has been asked, or is being asked.
    sent: bool,
    pid: Option<i32>,
    started: Option<oneshot::Sender<Result<i32, StartFailure>>>,
    ended: oneshot::Sender<End>,
}

/// Why a process did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartFailure {
    Refused(NotStarted),
    /// The request is larger than any system takes.
    TooLarge,
    /// The spawner died, or the process was killed before the spawner was asked.
    Gone,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProcessEnd {
    Ended(End),
    /// The spawner died; what it owned was killed.
    SpawnerLost,
}

impl Spawner {
    /// Starts a spawner: it waits for an older one of the same data directory to end, kills that one's survivors, and is
    /// ready. A spawner that dies later is started again by itself.
    ///
    /// # Errors
    /// When the data directory cannot be used, the program cannot be started, or an older spawner does not end in time.
    pub async fn start(mut options: SpawnerOptions) -> Result<Self, SpawnerError> {
        let prepare = |path: &PathBuf| {
            std::fs::create_dir_all(path)?;
            path.canonicalize()
        };
        options.data_dir =
            prepare(&options.data_dir).map_err(|source| SpawnerError::DataDirectory {
                path: options.data_dir.clone(),
                source,
            })?;
        let link = Link::connect(&options).await?;
        let (requests, queue) = mpsc::channel(QUEUE);
        let core = Arc::new(Core {
            options,
            requests,
            pending: Mutex::default(),
            next_id: AtomicU64::new(1),
            grant: watch::Sender::new(None),
            stopping: watch::Sender::new(false),
            pid: watch::Sender::new(link.pid()),
        });
        let mut supervisor = JoinSet::new();
        supervisor.spawn(supervise(Arc::clone(&core), link, queue));
        let supervisor = tokio::sync::Mutex::new(supervisor);
        Ok(Self {
            inner: Arc::new(Inner { core, supervisor }),
        })
    }

    /// Bounds the tasks of actions whose `on-partition` is `wait`: at `until` the spawner kills them by itself, even when
    /// this node is stopped, and until a later grant starts no other. `None` lifts the bound, which there is none of at
    /// first. Each call replaces the one before.
    pub fn grant(&self, until: Option<BootTime>) {
        self.inner.core.grant.send_replace(until);
    }

    /// Process id of the spawner; `None` while a dead one is being replaced.
    pub fn pid(&self) -> Option<u32> {
        match *self.inner.core.pid.borrow() {
            0 => None,
            pid => Some(pid),
        }
    }

    /// Kills all tasks and ends the spawner; returns when it is gone.
    pub async fn stop(&self) {
        self.inner.core.stopping.send_replace(true);
        while self
            .inner
            .supervisor
            .lock()
            .await
            .join_next()
            .await
            .is_some()
        {}
    }

    /// Asks for a process. `stdout` and `stderr` are the write ends of its pipes.
    pub(crate) async fn request(
        &self,
        mut start: Start,
        stdout: OwnedFd,
        stderr: OwnedFd,
    ) -> Process {
        let core = &self.inner.core;
        start.id = core.next_id.fetch_add(1, Ordering::Relaxed);
        let (started_sender, started) = oneshot::channel();
        let (ended_sender, ended) = oneshot::channel();
        let pending = Pending {
            sent: false,
            pid: None,
            started: Some(started_sender),
            ended: ended_sender,
        };
        core.pending().insert(start.id, pending);
        let process = Process {
            id: start.id,
            core: Arc::clone(core),
            started,
            ended,
            over: false,
        };
        let envelope = Envelope {
            request: Request::Start(start),
            descriptors: vec![stdout, stderr],
        };
        if core.requests.send(envelope).await.is_err() {
            core.pending().remove(&process.id);
        }
        process
    }
}

impl Core {
    fn pending(&self) -> MutexGuard<'_, HashMap<u64, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the request to start `id` goes out. False when nobody wants it any more.
    pub(super) fn going_out(&self, id: u64) -> bool {
        match self.pending().get_mut(&id) {
            Some(pending) => {
                pending.sent = true;
                true
            }
            None => false,
        }
    }

    /// Gives up a request that is too large to be sent.
    pub(super) fn too_large(&self, id: u64) {
        self.not_started(id, StartFailure::TooLarge);
    }

    fn not_started(&self, id: u64, why: StartFailure) {
        let started = self
            .pending()
            .remove(&id)
            .and_then(|pending| pending.started);
        if let Some(started) = started {
            // A receiver that is gone does not want to know.
            started.send(Err(why)).ok();
        }
    }

    /// Hands a report to whoever waits for it.
    pub(super) fn take_report(&self, report: Report) {
        match report {
            Report::Started { id, pid } => {
                let mut pending = self.pending();
                let Some(entry) = pending.get_mut(&id) else {
                    return;
                };
                entry.pid = Some(pid);
                if let Some(started) = entry.started.take() {
                    started.send(Ok(pid)).ok();
                }
            }
            Report::NotStarted { id, why } => self.not_started(id, StartFailure::Refused(why)),
            Report::Ended { id, end } => {
                if let Some(pending) = self.pending().remove(&id) {
                    pending.ended.send(end).ok();
                }
            }
            Report::Ready { .. } | Report::Refused { .. } => {
                tracing::warn!("the spawner said twice that it is ready");
            }
        }
    }

    /// The spawner is gone: forgets all it was asked for, which tells those who wait, and gives the process groups that
    /// it had started. What was not sent yet goes to the next spawner.
    pub(super) fn forget_sent(&self) -> Vec<i32> {
        let mut groups = Vec::new();
        self.pending().retain(|_, pending| {
            groups.extend(pending.pid);
            !pending.sent
        });
        groups
    }

    /// The processes that are started and not known to have ended: their groups.
    pub(super) fn started_groups(&self) -> Vec<i32> {
        self.pending()
            .values()
            .filter_map(|pending| pending.pid)
            .collect()
    }

    /// Kills a process, or takes back the request for it. Gives the request that tells the spawner.
    fn kill_request(&self, id: u64) -> Option<Envelope> {
        let mut pending = self.pending();
        if pending.get(&id)?.sent {
            return Some(Envelope {
                request: Request::Kill { id },
                descriptors: Vec::new(),
            });
        }
        pending.remove(&id);
        None
    }
}

/// A process that was asked for. Dropped before its end it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    id: u64,
    core: Arc<Core>,
    started: oneshot::Receiver<Result<i32, StartFailure>>,
    ended: oneshot::Receiver<End>,
    over: bool,
}

impl Process {
    /// Waits until it runs. May be cancelled and called again.
    pub(crate) async fn started(&mut self) -> Result<i32, StartFailure> {
        let started = (&mut self.started).await.unwrap_or(Err(StartFailure::Gone));
        self.over |= started.is_err();
        started
    }

    /// Waits until its whole tree is gone. May be cancelled and called again, until it has given the end.
    pub(crate) async fn ended(&mut self) -> ProcessEnd {
        let ended = (&mut self.ended).await;
        self.over = true;
        ended.map_or(ProcessEnd::SpawnerLost, ProcessEnd::Ended)
    }

    /// Asks for its end: TERM, then KILL after its grace. Its end is still to be waited for.
    pub(crate) async fn kill(&self) {
        if let Some(envelope) = self.core.kill_request(self.id) {
            // Without a supervisor there is no spawner and no process any more.
            self.core.requests.send(envelope).await.ok();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let Some(envelope) = self.core.kill_request(self.id)
            && self.core.requests.try_send(envelope).is_err()
        {
            tracing::warn!(
                process = self.id,
                "a process that nobody waits for could not be killed yet"
            );
        }
    }
}
