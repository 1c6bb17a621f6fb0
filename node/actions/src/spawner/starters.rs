//! Threads of the spawner that start processes, and make and remove their directories.
//!
//! Starting takes the starter until the new process has become its program. On a busy machine that is mostly waiting
//! for a turn, so several are started at once; and a disk that stalls must not keep the spawner from killing in time.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nix::unistd::geteuid;

use super::mark::MARK;
use super::message::{End, NotStarted, Start};
use crate::work_dir::write_private;

/// Fewest and most threads; in between two for each processor.
const THREADS: (usize, usize) = (4, 16);

/// A starter's stack; the new process has its own.
const STACK_BYTES: usize = 256 * 1024;

/// Something that may wait for the system.
#[derive(Debug)]
pub(crate) enum Job {
    Start {
        start: Start,
        mark: OsString,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    Remove {
        id: u64,
        end: End,
        place: Place,
    },
}

/// A job that is done.
#[derive(Debug)]
pub(crate) enum Done {
    Started {
        id: u64,
        result: Result<i32, NotStarted>,
    },
    Removed {
        id: u64,
        end: End,
    },
}

/// A directory that was made for a process, and files beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    /// Where it is put once it is empty.
    pub(crate) spare: PathBuf,
    pub(crate) files: Vec<PathBuf>,
}

/// The threads, as the loop sees them.
#[derive(Debug)]
pub(crate) struct Starters {
    jobs: Sender<Job>,
    done: Receiver<Done>,
    closing: Arc<AtomicBool>,
}

impl Starters {
    /// Starts the threads. They write a byte to `wake` after each job.
    pub(crate) fn new(wake: &UnixStream) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let (finished, done) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let closing = Arc::new(AtomicBool::new(false));
        let processors = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..(processors * 2).clamp(THREADS.0, THREADS.1) {
            let starter = Starter {
                queue: Arc::clone(&queue),
                finished: finished.clone(),
                wake: wake.try_clone()?,
                closing: Arc::clone(&closing),
            };
            thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn(move || starter.run())?;
        }
        Ok(Self {
            jobs,
            done,
            closing,
        })
    }

    pub(crate) fn submit(&self, job: Job) {
        // The threads live as long as this does.
        self.jobs.send(job).ok();
    }

    pub(crate) fn next_done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }

    /// From now on nothing is started any more.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }
}

struct Starter {
    queue: Arc<Mutex<Receiver<Job>>>,
    finished: Sender<Done>,
    wake: UnixStream,
    closing: Arc<AtomicBool>,
}

impl Starter {
    fn run(mut self) {
        loop {
            // Whoever waits for a job holds the lock; the others wait for the lock.
            let job = self
                .queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok(job) = job else { return };
            let done = match job {
                Job::Start {
                    start,
                    mark,
                    stdout,
                    stderr,
                } => {
                    let id = start.id;
                    let result = if self.closing.load(Ordering::SeqCst) {
                        Err(NotStarted::GrantOver)
                    } else {
                        start_process(&start, mark, stdout, stderr)
                    };
                    Done::Started { id, result }
                }
                Job::Remove { id, end, place } => {
                    let spared = put_aside(&place);
                    Done::Removed {
                        id,
                        end: End { spared, ..end },
                    }
                }
            };
            if self.finished.send(done).is_err() {
                return;
            }
            // A full socket wakes the loop as well as one byte more would.
            self.wake.write_all(b"d").ok();
        }
    }
}

/// Starts a process by `posix_spawn`, which the standard library uses as long as there is no `pre_exec` and the program
/// is a path. All descriptors of this process close on exec, so no task inherits another's pipes.
fn start_process(
    start: &Start,
    mark: OsString,
    stdout: OwnedFd,
    stderr: OwnedFd,
) -> Result<i32, NotStarted> {
    if let Some(spare) = &start.spare {
        make(start, spare)
            .map_err(|error| NotStarted::Directory(error.raw_os_error().unwrap_or(0)))?;
    }
    let child = Command::new(&start.program)
        .args(&start.arguments)
        .current_dir(&start.directory)
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        .env(MARK, mark)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .process_group(0)
        .spawn();
    match child {
        // The loop reaps it with all others: dropping the handle does not wait.
        Ok(child) => i32::try_from(child.id()).map_err(|_wide| NotStarted::System(0)),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(NotStarted::Nul),
        Err(error) => Err(NotStarted::System(error.raw_os_error().unwrap_or(0))),
    }
}

/// Takes an empty directory that an earlier process left, or makes one: on some file systems making and removing cost
/// more than starting a process.
fn make(start: &Start, spare: &Path) -> io::Result<()> {
    if fs::rename(spare, &start.directory).is_err() {
        DirBuilder::new().mode(0o700).create(&start.directory)?;
    }
    start
        .files
        .iter()
        .try_for_each(|(path, content)| write_private(path, content, false))
}

/// Removes the files and puts the directory aside if the process left it as it was. False when the node must look after
/// the rest.
fn put_aside(place: &Place) -> bool {
    let is_private =
        |facts: fs::Metadata| facts.mode() & 0o7777 == 0o700 && facts.uid() == geteuid().as_raw();
    place.files.iter().all(|file| fs::remove_file(file).is_ok())
        && fs::symlink_metadata(&place.directory).is_ok_and(is_private)
        && fs::read_dir(&place.directory).is_ok_and(|mut entries| entries.next().is_none())
        && fs::rename(&place.directory, &place.spare).is_ok()
}
