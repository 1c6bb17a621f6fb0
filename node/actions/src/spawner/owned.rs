//! One task process in the spawner: where it stands, and what is due next.

use std::time::Duration;

use super::boot_time::BootTime;
use super::message::{Cause, End, Exit};
use super::starters::Place;

/// How long what a process left running may take to end by itself: a `>(tee log)` still writes its last lines.
const LINGER: Duration = Duration::from_millis(200);

/// Between TERM and KILL for what a process left running.
const LEFTOVER_GRACE: Duration = Duration::from_secs(1);

/// Between two rounds of KILL, and between two looks at a tree that should go.
const ROUND: Duration = Duration::from_millis(20);

/// After this long under KILL a process is stuck in the kernel and given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is being started.
#[derive(Clone, Debug)]
pub(crate) struct Starting {
    /// When the node asked for it; its time limit counts from here.
    pub(crate) at: BootTime,
    pub(crate) timeout: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) bound: bool,
    pub(crate) place: Option<Place>,
}

/// A task process and its tree.
#[derive(Debug)]
pub(crate) struct Owned {
    /// Its process group has the same number.
    pub(crate) pid: i32,
    pub(crate) started: BootTime,
    /// Set once it has been reaped.
    pub(crate) exit: Option<Exit>,
    pub(crate) bound: bool,
    /// What is to be removed after its end.
    pub(crate) place: Option<Place>,
    grace: Duration,
    deadline: Option<BootTime>,
    cause: Cause,
    phase: Phase,
    leftovers: u64,
}

/// Where the end of a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// It has exited; what it left may end by itself until then.
    Lingering {
        until: BootTime,
    },
    /// TERM was sent; KILL follows then.
    Terminating {
        until: BootTime,
    },
    /// KILL is sent again and again, since a tree may grow while it is killed.
    Killing {
        since: BootTime,
        next: BootTime,
    },
}

/// What the spawner must do for a process now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Terminate,
    Kill,
    /// Nothing more can be done.
    GiveUp,
}

impl Owned {
    pub(crate) fn new(pid: i32, starting: Starting) -> Self {
        let Starting {
            at,
            timeout,
            grace,
            bound,
            place,
        } = starting;
        Self {
            pid,
            started: at,
            exit: None,
            bound,
            place,
            grace,
            deadline: timeout.map(|timeout| at.after(timeout)),
            cause: Cause::Itself,
            phase: Phase::Running,
            leftovers: 0,
        }
    }

    /// Whether its tree is being watched until it is gone.
    pub(crate) fn is_ending(&self) -> bool {
        self.phase != Phase::Running
    }

    /// The main process has exited but others of its tree live on.
    pub(crate) fn left(&mut self, now: BootTime) {
        if self.phase == Phase::Running {
            self.phase = Phase::Lingering {
                until: now.after(LINGER),
            };
        }
    }

    /// So many processes got a signal. After an end that nobody asked for they are what it left running.
    pub(crate) fn signalled(&mut self, processes: u64) {
        if self.exit.is_some() && self.cause == Cause::Itself {
            self.leftovers = self.leftovers.max(processes);
        }
    }

    /// The node asks for its end. True when TERM is due.
    pub(crate) fn stop(&mut self, cause: Cause, now: BootTime) -> bool {
        if self.phase != Phase::Running {
            return false;
        }
        self.cause = cause;
        self.phase = Phase::Terminating {
            until: now.after(self.grace),
        };
        true
    }

    /// It must go at once.
    fn kill(&mut self, cause: Cause, now: BootTime) {
        if self.exit.is_none() && self.phase == Phase::Running {
            self.cause = cause;
        }
        if !matches!(self.phase, Phase::Killing { .. }) {
            self.phase = Phase::Killing {
                since: now,
                next: now,
            };
        }
    }

    /// Moves on with time and says what that demands.
    pub(crate) fn advance(&mut self, now: BootTime, grant: Option<BootTime>) -> Due {
        if self.bound && grant.is_some_and(|grant| grant <= now) {
            self.kill(Cause::GrantOver, now);
        }
        match self.phase {
            Phase::Running => {
                let late = self.deadline.is_some_and(|deadline| deadline <= now);
                if late && self.stop(Cause::TimedOut, now) {
                    Due::Terminate
                } else {
                    Due::Nothing
                }
            }
            Phase::Lingering { until } if until <= now => {
                let grace = self.grace.min(LEFTOVER_GRACE);
                self.phase = Phase::Terminating {
                    until: now.after(grace),
                };
                Due::Terminate
            }
            Phase::Terminating { until } if until <= now => {
                self.phase = Phase::Killing {
                    since: now,
                    next: now.after(ROUND),
                };
                Due::Kill
            }
            Phase::Killing { since, .. } if since.after(PATIENCE) <= now => Due::GiveUp,
            Phase::Killing { since, next } if next <= now => {
                self.phase = Phase::Killing {
                    since,
                    next: now.after(ROUND),
                };
                Due::Kill
            }
            Phase::Lingering { .. } | Phase::Terminating { .. } | Phase::Killing { .. } => {
                Due::Nothing
            }
        }
    }

    /// When [`Self::advance`] has something to say without anything having happened.
    pub(crate) fn next_wakeup(&self, now: BootTime, grant: Option<BootTime>) -> Option<BootTime> {
        let own = match self.phase {
            Phase::Running => self.deadline,
            // Processes that are nobody's child yet end unheard, so a tree that should go is looked at regularly.
            Phase::Lingering { until } | Phase::Terminating { until } => {
                Some(if self.exit.is_some() {
                    until.min(now.after(ROUND))
                } else {
                    until
                })
            }
            Phase::Killing { next, .. } => return Some(next),
        };
        let granted = if self.bound { grant } else { None };
        own.into_iter().chain(granted).min()
    }

    /// How it ended, once its tree is gone or given up.
    pub(crate) fn end(&self, unkillable: u64) -> End {
        End {
            exit: self.exit.unwrap_or(Exit::Stuck),
            cause: self.cause,
            leftovers: self.leftovers,
            unkillable,
            spared: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> BootTime {
        BootTime::from_nanoseconds(milliseconds * 1_000_000)
    }

    fn owned(timeout: Option<u64>, bound: bool) -> Owned {
        let timeout = timeout.map(Duration::from_millis);
        let grace = Duration::from_secs(10);
        Owned::new(
            100,
            Starting {
                at: at(0),
                timeout,
                grace,
                bound,
                place: None,
            },
        )
    }

    #[test]
    fn a_timeout_terminates_then_kills_until_given_up() {
        let mut owned = owned(Some(500), false);
        assert_eq!(owned.advance(at(499), None), Due::Nothing);
        assert_eq!(owned.next_wakeup(at(499), None), Some(at(500)));
        assert_eq!(owned.advance(at(500), None), Due::Terminate);
        assert_eq!(owned.advance(at(10_499), None), Due::Nothing);
        assert_eq!(owned.advance(at(10_500), None), Due::Kill);
        assert_eq!(owned.advance(at(10_510), None), Due::Nothing);
        assert_eq!(owned.advance(at(10_520), None), Due::Kill);
        assert_eq!(owned.advance(at(40_500), None), Due::GiveUp);
        assert_eq!(owned.end(1).cause, Cause::TimedOut);
        assert_eq!(owned.end(1).exit, Exit::Stuck);
    }

    #[test]
    fn a_grant_that_is_over_kills_bound_tasks_at_once_and_no_others() {
        let mut bound = owned(None, true);
        let mut free = owned(None, false);
        assert_eq!(bound.next_wakeup(at(0), Some(at(50))), Some(at(50)));
        assert_eq!(bound.advance(at(49), Some(at(50))), Due::Nothing);
        assert_eq!(bound.advance(at(50), Some(at(50))), Due::Kill);
        assert_eq!(free.advance(at(50), Some(at(50))), Due::Nothing);
        assert_eq!(free.next_wakeup(at(50), Some(at(50))), None);
        assert_eq!(bound.end(0).cause, Cause::GrantOver);
    }

    #[test]
    fn what_is_left_over_may_end_by_itself_before_it_is_terminated() {
        let mut owned = owned(None, false);
        owned.exit = Some(Exit::Code(0));
        owned.left(at(1_000));
        assert_eq!(owned.advance(at(1_100), None), Due::Nothing);
        assert_eq!(owned.advance(at(1_200), None), Due::Terminate);
        owned.signalled(2);
        assert_eq!(owned.advance(at(2_200), None), Due::Kill);
        owned.signalled(1);
        assert!(!owned.stop(Cause::Asked, at(2_300)));
        assert_eq!(owned.end(0).cause, Cause::Itself);
        assert_eq!(owned.end(0).leftovers, 2);
    }
}
