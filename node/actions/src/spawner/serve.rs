//! The spawner's loop: watches, kills and reaps task processes, and has them started.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use super::boot_time::BootTime;
use super::connection::Connection;
use super::mark::Marks;
use super::message::{Cause, Exit, NotStarted, Report, Request, Start};
use super::orphans::{self, Orphan};
use super::owned::{Due, Owned, Starting};
use super::processes::{ProcessTable, direct_children};
use super::starters::{Done, Job, Place, Starters};
use super::survivors::pause;

/// `poll` counts time without suspensions, so a longer wait is cut into pieces of this length.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How long the end waits for killed processes to vanish.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// The spawner while it serves its node.
#[derive(Debug)]
pub(crate) struct Server {
    connection: Connection,
    /// Readable after SIGCHLD.
    signals: UnixStream,
    marks: Marks,
    starters: Starters,
    /// Asked for and not yet known to run.
    starting: BTreeMap<u64, Starting>,
    /// Those of them that the node wants killed.
    unwanted: BTreeSet<u64>,
    /// Exits of processes whose start is not reported yet: a short one may end before its starter has said its number.
    early: BTreeMap<i32, (Exit, BootTime)>,
    tasks: BTreeMap<u64, Owned>,
    by_pid: BTreeMap<i32, u64>,
    grant: Option<BootTime>,
}

impl Server {
    pub(crate) fn new(
        connection: Connection,
        signals: UnixStream,
        starters: Starters,
        marks: Marks,
    ) -> Self {
        Self {
            connection,
            signals,
            marks,
            starters,
            starting: BTreeMap::new(),
            unwanted: BTreeSet::new(),
            early: BTreeMap::new(),
            tasks: BTreeMap::new(),
            by_pid: BTreeMap::new(),
            grant: None,
        }
    }

    /// Serves until the node closes its end, then kills everything.
    pub(crate) fn serve(mut self) -> io::Result<()> {
        let served = self.serve_node();
        self.kill_everything();
        served
    }

    fn serve_node(&mut self) -> io::Result<()> {
        loop {
            let (from_node, from_signals) = self.wait()?;
            if from_signals {
                self.drain_signals();
                self.take_done();
                self.reap();
            }
            if from_node && !self.receive()? {
                return Ok(());
            }
            self.advance();
            if let Err(error) = self.connection.flush() {
                // The node is gone; its end of the socket says so too.
                return if error.kind() == io::ErrorKind::BrokenPipe {
                    Ok(())
                } else {
                    Err(error)
                };
            }
        }
    }

    /// Waits for something to do: whether the node spoke, whether a child changed.
    fn wait(&self) -> io::Result<(bool, bool)> {
        let now = BootTime::now();
        let next = self
            .tasks
            .values()
            .filter_map(|task| task.next_wakeup(now, self.grant))
            .min();
        let timeout = next.map_or(PollTimeout::NONE, |next| {
            // Rounded up: a wait that ends a moment early would spin.
            let wait = next.since(now).min(LONGEST_WAIT) + Duration::from_micros(999);
            PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)
        });
        let mut interest = PollFlags::POLLIN;
        interest.set(PollFlags::POLLOUT, self.connection.has_outgoing());
        let mut watched = [
            PollFd::new(self.connection.descriptor(), interest),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut watched, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let said = |at: usize| watched[at].revents().unwrap_or(PollFlags::empty());
        Ok((
            !(said(0) - PollFlags::POLLOUT).is_empty(),
            !said(1).is_empty(),
        ))
    }

    fn drain_signals(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.signals.read(&mut bytes), Ok(length) if length == bytes.len()) {}
    }

    fn receive(&mut self) -> io::Result<bool> {
        let open = self.connection.receive()?;
        while let Some(request) = self.connection.next_request()? {
            match request {
                Request::Start(start) => self.start(start)?,
                Request::Kill { id } => self.stop(id),
                Request::Grant { until } => self.grant = until,
            }
        }
        Ok(open)
    }

    fn start(&mut self, start: Start) -> io::Result<()> {
        let streams = self
            .connection
            .next_descriptor()
            .zip(self.connection.next_descriptor());
        let Some((stdout, stderr)) = streams else {
            return Err(io::Error::other(
                "a start request came without its two pipes",
            ));
        };
        let now = BootTime::now();
        if start.bound && self.grant.is_some_and(|grant| grant <= now) {
            let report = Report::NotStarted {
                id: start.id,
                why: NotStarted::GrantOver,
            };
            self.connection.report(&report);
            return Ok(());
        }
        let place = start.spare.clone().map(|spare| Place {
            directory: start.directory.clone(),
            spare,
            files: start.files.iter().map(|(path, _)| path.clone()).collect(),
        });
        let Start {
            timeout,
            grace,
            bound,
            ..
        } = start;
        self.starting.insert(
            start.id,
            Starting {
                at: now,
                timeout,
                grace,
                bound,
                place,
            },
        );
        let mark = self.marks.of(start.id);
        self.starters.submit(Job::Start {
            start,
            mark,
            stdout,
            stderr,
        });
        Ok(())
    }

    /// Takes what the starters have done.
    fn take_done(&mut self) {
        while let Some(done) = self.starters.next_done() {
            match done {
                Done::Started { id, result } => self.started(id, result),
                Done::Removed { id, end } => self.connection.report(&Report::Ended { id, end }),
            }
        }
        // What ended before the oldest open start was asked for was an orphan; its number may be taken anew.
        match self.starting.values().map(|starting| starting.at).min() {
            Some(oldest) => self.early.retain(|_, (_exit, at)| *at >= oldest),
            None => self.early.clear(),
        }
    }

    fn started(&mut self, id: u64, result: Result<i32, NotStarted>) {
        let Some(starting) = self.starting.remove(&id) else {
            return;
        };
        let unwanted = self.unwanted.remove(&id);
        match result {
            Err(why) => self.connection.report(&Report::NotStarted { id, why }),
            Ok(pid) => {
                let mut task = Owned::new(pid, starting);
                task.exit = self.early.remove(&pid).map(|(exit, _at)| exit);
                let runs = task.exit.is_none();
                self.tasks.insert(id, task);
                if runs {
                    self.by_pid.insert(pid, id);
                }
                self.connection.report(&Report::Started { id, pid });
                if unwanted {
                    self.stop(id);
                }
            }
        }
    }

    fn stop(&mut self, id: u64) {
        let now = BootTime::now();
        if self.starting.contains_key(&id) {
            self.unwanted.insert(id);
        }
        // One that has ended meanwhile is not listed any more; its report is on the way.
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        if task.stop(Cause::Asked, now) {
            self.signal(id, Signal::SIGTERM);
        }
    }

    /// Takes the exits of all children that have ended.
    fn reap(&mut self) {
        loop {
            let (pid, exit) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, Exit::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Exit::Signal(signal as i32)),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => break,
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(_) => break,
            };
            match self
                .by_pid
                .remove(&pid.as_raw())
                .and_then(|id| self.tasks.get_mut(&id))
            {
                Some(task) => task.exit = Some(exit),
                // An orphan of a task, gone by now, or a process whose start is not reported yet.
                None => drop(self.early.insert(pid.as_raw(), (exit, BootTime::now()))),
            }
        }
        // A start may have been reported since: its exit was early only for us.
        self.take_done();
        self.settle();
    }

    /// Reports tasks whose trees are gone. When a main process has exited, all it left alive are our children or below
    /// them (we are their subreaper), so one look at the list of our children tells; `/proc` is not searched.
    fn settle(&mut self) {
        if !self.tasks.is_empty() && self.tasks.values().all(|task| task.exit.is_none()) {
            return;
        }
        let orphans = self.orphans();
        let now = BootTime::now();
        let exited: Vec<u64> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.exit.is_some())
            .map(|(&id, _)| id)
            .collect();
        for id in exited {
            let Some(task) = self.tasks.get_mut(&id) else {
                continue;
            };
            let left = orphans.iter().any(|orphan| orphan.owner == Some(id))
                || killpg(Pid::from_raw(task.pid), None).is_ok();
            if left {
                task.left(now);
            } else {
                self.finish(id, 0);
            }
        }
        for stray in orphans.iter().filter(|orphan| orphan.nobodys) {
            send(stray.pid, Signal::SIGKILL);
        }
    }

    /// Orphans fall to the first thread of this process, while what the starters start is on their own lists.
    fn orphans(&self) -> Vec<Orphan> {
        let children = direct_children(self.starting.is_empty());
        let strangers = children
            .into_iter()
            .filter(|pid| !self.by_pid.contains_key(pid));
        orphans::attribute(strangers, &self.tasks, &self.starting, &self.marks)
    }

    fn finish(&mut self, id: u64, unkillable: u64) {
        let Some(task) = self.tasks.remove(&id) else {
            return;
        };
        self.by_pid.remove(&task.pid);
        let end = task.end(unkillable);
        match task.place {
            Some(place) => self.starters.submit(Job::Remove { id, end, place }),
            None => self.connection.report(&Report::Ended { id, end }),
        }
    }

    /// Does what time demands.
    fn advance(&mut self) {
        let now = BootTime::now();
        let mut due = Vec::new();
        let mut ending = false;
        for (&id, task) in &mut self.tasks {
            match task.advance(now, self.grant) {
                Due::Nothing => {}
                demand => due.push((id, demand)),
            }
            ending |= task.is_ending() && task.exit.is_some();
        }
        for (id, demand) in due {
            match demand {
                Due::Nothing => {}
                Due::Terminate => {
                    self.signal(id, Signal::SIGTERM);
                }
                Due::Kill => {
                    self.signal(id, Signal::SIGKILL);
                }
                Due::GiveUp => {
                    let left = self.signal(id, Signal::SIGKILL);
                    self.finish(id, left);
                }
            }
        }
        if ending {
            self.settle();
        }
    }

    /// Sends a signal to a task's whole tree, and says to how many.
    fn signal(&mut self, id: u64, signal: Signal) -> u64 {
        let Some(task) = self.tasks.get(&id) else {
            return 0;
        };
        let table = ProcessTable::read();
        let orphans = self.orphans();
        let owned = orphans
            .iter()
            .filter(|orphan| orphan.owner == Some(id))
            .map(|it| it.pid);
        let main = task.exit.is_none().then_some(task.pid);
        let mut tree = table.trees(owned.chain(main));
        // A group's number may be taken anew once the group is gone; only our own descendants are meant.
        let ours = table.trees([getpid().as_raw()]);
        tree.extend(table.group(task.pid).filter(|pid| ours.contains(pid)));
        if task.exit.is_none() && killpg(Pid::from_raw(task.pid), signal).is_ok() {
            tree.insert(task.pid);
        }
        for &pid in &tree {
            send(pid, signal);
            if signal == Signal::SIGTERM {
                // A stopped process would not see its TERM.
                send(pid, Signal::SIGCONT);
            }
        }
        let processes = tree.len() as u64;
        if let Some(task) = self.tasks.get_mut(&id) {
            task.signalled(processes);
        }
        processes
    }

    /// Kills all that this process ever started and that still lives.
    fn kill_everything(&mut self) {
        let own = getpid().as_raw();
        let end = BootTime::now().after(LAST_PATIENCE);
        self.starters.close();
        loop {
            let table = ProcessTable::read();
            for task in self.tasks.values().filter(|task| task.exit.is_none()) {
                // Where `/proc` is missing this is all that can be done.
                killpg(Pid::from_raw(task.pid), Signal::SIGKILL).ok();
            }
            for pid in table.trees([own]).into_iter().filter(|&pid| pid != own) {
                send(pid, Signal::SIGKILL);
            }
            self.reap();
            let childless = waitpid(None, Some(WaitPidFlag::WNOHANG)) == Err(Errno::ECHILD);
            if (childless && self.starting.is_empty()) || BootTime::now() > end {
                return;
            }
            pause(Duration::from_millis(2));
        }
    }
}

/// Sends a signal to a process that may have ended meanwhile, or may not be ours to signal (it changed its user): both
/// show when it is looked for again.
fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).ok();
}
