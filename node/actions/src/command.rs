//! Processes of a task: in a private directory, with the task's environment, their outputs in the task's log.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use peerflow_workflow::OnPartition;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;

use crate::attempt::{Attempt, Outcome, StopSignal, Unsuccessful};
use crate::environment::environment;
use crate::log::{Captured, capture};
use crate::spawner::{Cause, Exit, NotStarted, Process, ProcessEnd, Start, StartFailure};
use crate::work_dir::{WorkDir, write_private};

/// Linux takes no argument longer than 128 KiB; a longer command goes to bash as a file.
const LONGEST_ARGUMENT: usize = 100 * 1024;

/// Characters of standard error that a message repeats.
const MESSAGE_CHARACTERS: usize = 300;

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// Absolute path.
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Added to the task's environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// Where a process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The directory is there.
    Ready,
    /// The spawner makes it, with these files beside it, and puts it aside at `spare` if it is left empty.
    New {
        spare: PathBuf,
        files: Vec<(PathBuf, Vec<u8>)>,
    },
}

/// Where bash is.
pub(crate) fn find_bash() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join("bash"))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// Does blocking work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unsuccessful> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Unsuccessful::failed(format!("a file operation broke off: {error}")))
}

impl Attempt<'_> {
    /// Bash with `arguments`, the profile sourced first where one is configured.
    pub(crate) fn bash(
        &self,
        dir: &WorkDir,
        arguments: Vec<OsString>,
    ) -> Result<Invocation, Unsuccessful> {
        let program = self.runner.bash.clone().ok_or_else(|| {
            Unsuccessful::failed(
                "there is no bash in this node's PATH; install it, or correct PATH",
            )
        })?;
        // Bash reads this file before anything else, in the same shell: functions stay, `$0` and line numbers are right.
        let profile = self.runner.parts.limits.profile.as_ref();
        let environment = profile
            .map(|_| ("BASH_ENV".into(), dir.profile().into_os_string()))
            .into_iter();
        Ok(Invocation {
            program,
            arguments,
            environment: environment.collect(),
        })
    }

    /// What bash reads first, where a profile is configured. The variable is removed so that other shells below do not
    /// read it again.
    pub(crate) fn profile_lines(&self) -> Option<String> {
        let profile = self.runner.parts.limits.profile.as_ref()?;
        Some(format!(
            "unset BASH_ENV\n. {}\n",
            crate::words::quote(&profile.to_string_lossy())
        ))
    }

    /// Bash with a command, in a directory of its own. `keep` bytes of its standard output are handed back.
    pub(crate) async fn run_bash(
        &mut self,
        command: &str,
        keep: usize,
    ) -> Result<Finished, Unsuccessful> {
        let dir = self
            .runner
            .work_dirs
            .reserve(self.task.attempt.visit.run.instance.as_str());
        let is_long = command.len() > LONGEST_ARGUMENT;
        let program = is_long.then(|| command.as_bytes().to_vec());
        let arguments = if is_long {
            vec![dir.program().into()]
        } else {
            vec!["-c".into(), command.into()]
        };
        let invocation = self.bash(&dir, arguments)?;
        self.in_directory(dir, program, invocation, keep).await
    }

    /// Runs in a directory that the spawner makes, the program beside it; both are removed afterwards.
    pub(crate) async fn in_directory(
        &mut self,
        dir: WorkDir,
        program: Option<Vec<u8>>,
        invocation: Invocation,
        keep: usize,
    ) -> Result<Finished, Unsuccessful> {
        let program = program.map(|code| (dir.program(), code));
        let profile = self
            .profile_lines()
            .map(|lines| (dir.profile(), lines.into_bytes()));
        let files = program.into_iter().chain(profile).collect();
        let spare = dir.spare().to_owned();
        let place = Place::New { spare, files };
        let finished = self.run_process(dir.path(), place, invocation, keep).await;
        if self.directory_spared {
            self.runner.work_dirs.take_back(dir);
        } else {
            self.clean(dir).await;
        }
        finished
    }

    /// Makes a directory, with the program and the profile's lines beside it.
    pub(crate) async fn prepare(
        &mut self,
        dir: WorkDir,
        program: Option<Vec<u8>>,
    ) -> Result<(WorkDir, io::Result<()>), Unsuccessful> {
        let profile = self.profile_lines();
        blocking(move || {
            let made = dir.make().and_then(|()| {
                if let Some(lines) = profile {
                    write_private(&dir.profile(), lines.as_bytes(), false)?;
                }
                program.map_or(Ok(()), |code| write_private(&dir.program(), &code, false))
            });
            (dir, made)
        })
        .await
    }

    /// Removes a directory. Failing that is said and does not fail the task.
    pub(crate) async fn clean(&mut self, dir: WorkDir) {
        let path = dir.path().to_owned();
        let problem = match blocking(move || dir.remove()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(broken) => broken.message,
        };
        let path = path.display();
        self.warn(format!(
            "the working directory {path} cannot be removed: {problem}; remove it by hand"
        ))
        .await;
    }

    /// Runs a process to the end of its tree, whatever that is. An error means that it did not run, or was stopped.
    pub(crate) async fn run_process(
        &mut self,
        directory: &Path,
        place: Place,
        invocation: Invocation,
        keep: usize,
    ) -> Result<Finished, Unsuccessful> {
        self.directory_spared = false;
        let variables = environment(&self.task).map_err(Unsuccessful::failed)?;
        for name in &variables.unnameable {
            self.warn(format!(
                "parameter `{name}` gets no variable: a variable's name cannot be empty or hold `=`"
            ))
            .await;
        }
        let mut environment = variables.variables;
        environment.extend(invocation.environment);
        let bound = self
            .task
            .action()
            .is_some_and(|it| it.on_partition == OnPartition::Wait);
        let (spare, files) = match place {
            Place::Ready => (None, Vec::new()),
            Place::New { spare, files } => (Some(spare), files),
        };
        let start = Start {
            id: 0,
            spare,
            files,
            program: invocation.program,
            arguments: invocation.arguments,
            directory: directory.to_owned(),
            environment,
            timeout: self.stop.left(),
            grace: self.runner.parts.limits.kill_grace,
            bound,
        };
        let (pipes, stdout, stderr) = pipes().map_err(|error| {
            Unsuccessful::failed(format!("cannot make pipes for the process: {error}"))
        })?;
        let described = Described::of(&start);
        let mut process = self
            .runner
            .parts
            .spawner
            .request(start, stdout, stderr)
            .await;
        match self.stop.clone().guard(process.started()).await {
            Ok(Ok(_pid)) => self.begin(),
            Ok(Err(failure)) => return Err(described.explain(failure)),
            // It may be on its way to the spawner; its end is waited for below.
            Err(stopped) => {
                process.kill().await;
                if process.started().await.is_err() {
                    return Err(stopped);
                }
                self.begin();
            }
        }
        let (gone, is_gone) = watch::channel(false);
        let mut stop = self.stop.clone();
        let (ended, captured) = tokio::join!(
            until_gone(&mut process, &mut stop, gone),
            capture(&mut self.log, pipes, is_gone, keep),
        );
        self.conclude(ended, captured).await
    }

    async fn conclude(
        &mut self,
        ended: (ProcessEnd, Option<String>),
        captured: Captured,
    ) -> Result<Finished, Unsuccessful> {
        let (ProcessEnd::Ended(end), reason) = ended else {
            return Err(Unsuccessful::revoked(
                "the spawner process died and its tasks were killed; the task may be run again",
            ));
        };
        // What cannot be killed may still write into it.
        self.directory_spared = end.spared && end.unkillable == 0;
        if end.leftovers > 0 {
            let count = end.leftovers;
            self.warn(format!(
                "{count} process(es) that it had left running were killed: nothing outlives a finished task"
            ))
            .await;
        }
        if end.unkillable > 0 {
            let count = end.unkillable;
            self.warn(format!(
                "{count} process(es) do not end even when killed: they are stuck in the kernel"
            ))
            .await;
        }
        let code = match end.exit {
            Exit::Code(code) => Some(code),
            Exit::Signal(_) | Exit::Stuck => None,
        };
        match end.cause {
            Cause::Itself => Ok(Finished {
                exit: end.exit,
                captured,
            }),
            Cause::Asked => {
                let killed = Unsuccessful::killed(reason.unwrap_or_default());
                Err(Unsuccessful {
                    exit_code: code,
                    ..killed
                })
            }
            Cause::TimedOut => Err(Unsuccessful {
                exit_code: code,
                ..self.stop.timed_out()
            }),
            Cause::GrantOver => Err(Unsuccessful::revoked(
                "this node's grant was over, so the task was killed; it is run again where the master says",
            )),
        }
    }
}

/// Waits for the end of a process, and passes the kill signal on to it. Says why it was killed, if it was.
async fn until_gone(
    process: &mut Process,
    stop: &mut StopSignal,
    gone: watch::Sender<bool>,
) -> (ProcessEnd, Option<String>) {
    let (ended, reason) = tokio::select! {
        biased;
        ended = process.ended() => (ended, None),
        reason = stop.killed() => {
            process.kill().await;
            (process.ended().await, Some(reason))
        }
    };
    gone.send_replace(true);
    (ended, reason)
}

/// A process that came to its own end.
#[derive(Debug)]
pub(crate) struct Finished {
    exit: Exit,
    pub(crate) captured: Captured,
}

impl Finished {
    /// Success is exit code 0; anything else is explained.
    pub(crate) fn outcome(&self) -> Outcome {
        let (code, mut message) = match self.exit {
            Exit::Code(0) => return Ok(Some(0)),
            Exit::Code(126) => (
                Some(126),
                "exit code 126 (found, but cannot be executed)".to_owned(),
            ),
            Exit::Code(127) => (Some(127), "exit code 127 (command not found)".to_owned()),
            Exit::Code(code) => (Some(code), format!("exit code {code}")),
            Exit::Signal(number) => (None, killed_by(number)),
            Exit::Stuck => (
                None,
                "it did not end even when killed: stuck in the kernel".to_owned(),
            ),
        };
        if let Some(last) = &self.captured.last_error {
            message.push_str(": ");
            message.extend(last.trim().chars().take(MESSAGE_CHARACTERS));
        }
        Err(Unsuccessful {
            exit_code: code,
            ..Unsuccessful::failed(message)
        })
    }
}

fn killed_by(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(Signal::SIGKILL) => {
            "killed by signal 9 (SIGKILL), perhaps because the system ran out of memory".to_owned()
        }
        Ok(signal) => format!("killed by signal {number} ({signal})"),
        Err(_unnamed) => format!("killed by signal {number}"),
    }
}

/// Read ends for the node, write ends for the process.
fn pipes() -> io::Result<([Receiver; 2], OwnedFd, OwnedFd)> {
    let (stdout_reader, stdout) = io::pipe()?;
    let (stderr_reader, stderr) = io::pipe()?;
    let receiver = |reader: io::PipeReader| Receiver::from_file(File::from(OwnedFd::from(reader)));
    Ok((
        [receiver(stdout_reader)?, receiver(stderr_reader)?],
        stdout.into(),
        stderr.into(),
    ))
}

pub(crate) fn cannot_prepare(dir: &WorkDir, error: &io::Error) -> Unsuccessful {
    let path = dir.path().display();
    Unsuccessful::failed(format!("cannot make the working directory {path}: {error}"))
}

/// What messages say of a process that did not start.
struct Described {
    program: PathBuf,
    directory: PathBuf,
    bytes: usize,
    largest: (String, usize),
}

impl Described {
    fn of(start: &Start) -> Self {
        let arguments = start
            .arguments
            .iter()
            .map(|it| ("an argument".to_owned(), it.len()));
        let variables = start.environment.iter();
        let variables =
            variables.map(|(name, value)| (name.to_string_lossy().into_owned(), value.len()));
        let sizes: Vec<(String, usize)> = arguments.chain(variables).collect();
        let bytes = sizes.iter().map(|(_, size)| size).sum();
        let largest = sizes
            .into_iter()
            .max_by_key(|(_, size)| *size)
            .unwrap_or_default();
        Self {
            program: start.program.clone(),
            directory: start.directory.clone(),
            bytes,
            largest,
        }
    }

    fn explain(&self, failure: StartFailure) -> Unsuccessful {
        let program = self.program.display();
        let number = match failure {
            StartFailure::Gone => {
                return Unsuccessful::revoked(
                    "the spawner process died before it could start the task",
                );
            }
            StartFailure::Refused(NotStarted::GrantOver) => {
                return Unsuccessful::revoked(
                    "this node's grant is over, so the task was not started",
                );
            }
            StartFailure::Refused(NotStarted::Nul) => {
                return Unsuccessful::failed(
                    "an argument holds a NUL character, which no process can be given",
                );
            }
            StartFailure::Refused(NotStarted::Directory(number)) => {
                let directory = self.directory.display();
                let problem = Errno::from_raw(number).desc();
                return Unsuccessful::failed(format!(
                    "cannot make the working directory {directory}: {problem}"
                ));
            }
            StartFailure::TooLarge => Errno::E2BIG as i32,
            StartFailure::Refused(NotStarted::System(number)) => number,
        };
        let message = match Errno::from_raw(number) {
            Errno::E2BIG => {
                let (name, size) = &self.largest;
                let bytes = self.bytes;
                format!(
                    "arguments and variables are larger than the system takes ({bytes} bytes in all, {name} alone has \
                     {size}, and one may have 131071): pass large values in a file"
                )
            }
            Errno::ENOENT if !self.directory.is_dir() => {
                format!("the working directory {} is gone", self.directory.display())
            }
            Errno::ENOENT => format!(
                "the interpreter {program} is not on this node; install it, or correct the script's first line"
            ),
            Errno::EACCES => format!("{program} cannot be executed: permission denied"),
            Errno::ENOEXEC => format!("{program} cannot be executed: it is no program"),
            errno => format!("{program} cannot be started: {}", errno.desc()),
        };
        Unsuccessful::failed(message)
    }
}
