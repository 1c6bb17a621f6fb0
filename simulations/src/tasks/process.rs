//! One process of a machine: where it stands, and when something is due for it.

use std::time::Duration;

use peerflow_actions::BootTime;
use peerflow_model::AttemptId;
use peerflow_node::Clock;
use peerflow_workflow::OnPartition;
use tokio::sync::oneshot;

use super::play::{Play, PlayResult};
use crate::history::TaskFate;
use crate::time::{MachineClock, VirtualTime};

/// A process, which lives until its [`Process::advance`] or whoever kills it says that it ends.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) attempt: AttemptId,
    pub(super) on_partition: OnPartition,
    pub(super) play: Play,
    pub(super) started: VirtualTime,
    /// Past it the spawner terminates the process.
    deadline: Option<BootTime>,
    grace: Duration,
    cause: Cause,
    /// TERM was sent; KILL follows then.
    kill_at: Option<BootTime>,
    /// When it stands in the queue.
    pub(super) queued: Option<VirtualTime>,
    /// Hears of its end, if anybody does.
    ended: oneshot::Sender<Ended>,
}

/// Why a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Itself,
    /// The node asked for it.
    Asked,
    TimedOut,
    GrantOver,
    NodeDied,
}

/// How a process ended, as the spawner tells its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) cause: Cause,
    /// Where it exited and was not ended by a signal.
    pub(super) exit: Option<i32>,
    /// Lines it had written.
    pub(super) lines: u32,
}

/// What a process is started with.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) attempt: AttemptId,
    pub(super) on_partition: OnPartition,
    pub(super) play: Play,
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
}

impl Process {
    pub(super) fn new(
        beginning: Beginning,
        now: VirtualTime,
        machine: &MachineClock,
    ) -> (Self, oneshot::Receiver<Ended>) {
        let (ended, end) = oneshot::channel();
        let Beginning {
            attempt,
            on_partition,
            play,
            timeout,
            grace,
        } = beginning;
        let process = Self {
            attempt,
            on_partition,
            play,
            started: now,
            deadline: timeout.map(|timeout| machine.boot_time().after(timeout)),
            grace,
            cause: Cause::Itself,
            kill_at: None,
            queued: None,
            ended,
        };
        (process, end)
    }

    /// Whether it may only run while its node's grant holds.
    pub(super) fn is_bound(&self) -> bool {
        self.on_partition == OnPartition::Wait
    }

    /// When it ends by itself.
    fn own_end(&self) -> Option<VirtualTime> {
        match self.play.result {
            PlayResult::Success | PlayResult::Failure(_) => {
                Some(self.started.after(self.play.takes))
            }
            PlayResult::Hang => None,
        }
    }

    /// Sends TERM, unless that was done. True when it ends by that.
    pub(super) fn terminate(&mut self, cause: Cause, boot: BootTime) -> bool {
        if self.kill_at.is_some() {
            return false;
        }
        self.cause = cause;
        self.kill_at = Some(boot.after(self.grace));
        !self.play.ignores_term || self.grace.is_zero()
    }

    /// Sends KILL: it ends. One that is being terminated ends for the reason that it was terminated for.
    pub(super) fn kill(&mut self, cause: Cause) {
        if self.cause == Cause::Itself {
            self.cause = cause;
        }
    }

    /// Moves on with time. True when it ends.
    pub(super) fn advance(&mut self, now: VirtualTime, boot: BootTime) -> bool {
        let is_past = |at: Option<BootTime>| at.is_some_and(|at| at <= boot);
        self.own_end().is_some_and(|end| end <= now)
            || is_past(self.kill_at)
            || (is_past(self.deadline) && self.terminate(Cause::TimedOut, boot))
    }

    /// When [`Self::advance`] has something to do.
    pub(super) fn next(&self, now: VirtualTime, machine: &MachineClock) -> Option<VirtualTime> {
        let by_boot = self.kill_at.or(self.deadline);
        let by_boot = by_boot.map(|at| when(at, now, machine));
        self.own_end().into_iter().chain(by_boot).min()
    }

    /// Lines that it has written by now.
    pub(super) fn lines_by(&self, now: VirtualTime) -> u32 {
        let (lines, takes) = (u128::from(self.play.lines), self.play.takes.as_nanos());
        let worked = now.since(self.started).as_nanos();
        let written = (lines * worked).checked_div(takes).unwrap_or(lines);
        u32::try_from(written.min(lines)).unwrap_or(self.play.lines)
    }

    /// Tells of the end, if its node still waits for it, and says how the world sees it.
    pub(super) fn end(self, now: VirtualTime) -> (AttemptId, TaskFate) {
        let by_itself = self.own_end().is_some_and(|end| end <= now);
        let exit = match self.play.result {
            PlayResult::Success if by_itself => Some(0),
            PlayResult::Failure(code) if by_itself => Some(code),
            PlayResult::Success | PlayResult::Failure(_) | PlayResult::Hang => None,
        };
        let fate = match (self.cause, exit) {
            (Cause::Itself, Some(0)) => TaskFate::Succeeded,
            (Cause::Itself, _) => TaskFate::Failed,
            (Cause::Asked | Cause::TimedOut, _) => TaskFate::Killed,
            (Cause::GrantOver, _) => TaskFate::GrantOver,
            (Cause::NodeDied, _) => TaskFate::NodeDied,
        };
        let ended = Ended {
            cause: self.cause,
            exit,
            lines: self.lines_by(now),
        };
        // A node whose runtime is gone does not hear of it.
        self.ended.send(ended).ok();
        (self.attempt, fate)
    }
}

/// When a machine's clock says `at`, as nearly as can be told; not before.
pub(super) fn when(at: BootTime, now: VirtualTime, machine: &MachineClock) -> VirtualTime {
    const PROBE: Duration = Duration::from_secs(1);
    let left = at.since(machine.boot_time());
    let local = machine.local(PROBE).as_nanos().max(1);
    let left = (left.as_nanos() * PROBE.as_nanos()).div_ceil(local);
    now.after(Duration::from_nanos(
        u64::try_from(left).unwrap_or(u64::MAX),
    ))
}
