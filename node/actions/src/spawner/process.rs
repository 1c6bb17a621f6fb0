//! The spawner as a process of its own: how it begins and ends.

use std::env;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::{getpid, setsid};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

use super::boot_time::BootTime;
use super::connection::Connection;
use super::mark::Marks;
use super::message::Report;
use super::serve::Server;
use super::starters::Starters;
use super::survivors::kill_survivors;

/// The hidden first argument that makes the program a spawner.
pub const SPAWNER_ARGUMENT: &str = "spawner-process";

/// Its lock, in the data directory.
const LOCK_FILE: &str = "spawner.lock";

/// Between two tries for the lock.
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// Makes this process the reaper of orphaned descendants, where the system has that (Linux). A node calls it too, so
/// that tasks whose spawner dies become its children instead of the system's.
///
/// # Errors
/// When the kernel refuses.
pub fn become_subreaper() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    Ok(())
}

/// The whole life of a spawner process. The program's `main` calls it before anything else when its first argument is
/// [`SPAWNER_ARGUMENT`]: no thread may have been started yet. Ends when the node's end of the socket, which is standard
/// input, closes.
pub fn spawner_main() -> ExitCode {
    let mut arguments = env::args_os()
        .skip_while(|it| it != SPAWNER_ARGUMENT)
        .skip(1);
    let Some((data_dir, patience)) = parse(&mut arguments) else {
        eprintln!("`{SPAWNER_ARGUMENT}` is for nodes, which start it by themselves");
        return ExitCode::from(2);
    };
    match run(&data_dir, patience) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the spawner of {} gave up: {error}", data_dir.display());
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &mut impl Iterator<Item = OsString>) -> Option<(PathBuf, Duration)> {
    let data_dir = arguments.next()?.into();
    let patience = arguments.next()?.to_str()?.parse().ok()?;
    // Started by hand, standard input is no socket.
    getsockopt(&io::stdin().as_fd(), sockopt::SockType).ok()?;
    Some((data_dir, Duration::from_millis(patience)))
}

fn run(data_dir: &Path, patience: Duration) -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Away from the node's terminal: its Ctrl-C is the node's to handle, and no task may read from it. Fails only for
    // the leader of a group, which is away already.
    setsid().ok();
    // Handlers, since ignoring a signal would be inherited by every task. Our end comes with the node's.
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    let (signals, raised) = UnixStream::pair()?;
    signals.set_nonblocking(true)?;
    raised.set_nonblocking(true)?;
    let wake = raised.try_clone()?;
    signal_hook::low_level::pipe::register(SIGCHLD, raised)?;
    become_subreaper()?;

    let mut connection = Connection::new(socket)?;
    let Some(lock) = lock(data_dir, patience, &mut connection)? else {
        return Ok(());
    };
    let marks = Marks::new(data_dir, life());
    let survivors = kill_survivors(&marks, &[]);
    connection.report(&Report::Ready { survivors });
    connection.flush()?;
    let starters = Starters::new(&wake)?;
    let served = Server::new(connection, signals, starters, marks).serve();
    // Held to the very end: whoever gets it may rely on nothing being left.
    drop(lock);
    served
}

/// A number that differs for each spawner of a data directory.
fn life() -> u64 {
    BootTime::now().as_nanoseconds() ^ (u64::from(getpid().as_raw().unsigned_abs()) << 48)
}

/// Waits for an older spawner to end. `None` when the node closed its end meanwhile, or was told that it took too long.
fn lock(
    data_dir: &Path,
    patience: Duration,
    connection: &mut Connection,
) -> io::Result<Option<File>> {
    let path = data_dir.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let refused = |error: io::Error| format!("cannot lock {}: {error}", path.display());
    let message = match options.open(&path) {
        Err(error) => refused(error),
        Ok(mut file) => match wait_for(&file, patience, connection) {
            Ok(Locked::Yes) => {
                // For the message of whoever waits for us; the lock itself does not need it.
                file.set_len(0)?;
                file.write_all(getpid().to_string().as_bytes())?;
                return Ok(Some(file));
            }
            Ok(Locked::Unwanted) => return Ok(None),
            Ok(Locked::No) => {
                let mut holder = String::new();
                file.rewind()?;
                file.take(32).read_to_string(&mut holder)?;
                format!(
                    "another node uses {}: its spawner (process {}) still holds {LOCK_FILE} after {} s; \
                     stop that node or choose another data directory",
                    data_dir.display(),
                    holder.trim(),
                    patience.as_secs_f64(),
                )
            }
            Err(error) => refused(error),
        },
    };
    connection.report(&Report::Refused { message });
    connection.flush()?;
    Ok(None)
}

/// What became of a wait for the lock.
enum Locked {
    Yes,
    No,
    /// The node has gone.
    Unwanted,
}

fn wait_for(file: &File, patience: Duration, connection: &Connection) -> io::Result<Locked> {
    let end = BootTime::now().after(patience);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Locked::Yes),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if BootTime::now() >= end => return Ok(Locked::No),
            Err(TryLockError::WouldBlock) => {}
        }
        let timeout = PollTimeout::try_from(LOCK_RETRY).unwrap_or(PollTimeout::ZERO);
        let mut watched = [PollFd::new(connection.descriptor(), PollFlags::empty())];
        if poll(&mut watched, timeout).is_ok_and(|changed| changed > 0) {
            return Ok(Locked::Unwanted);
        }
    }
}
