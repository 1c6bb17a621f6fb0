//! What the cluster does by the clock: the nightly reset and the plan of the day.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::Settings;
use peerflow_workflow::Schedule;

use crate::engine::Engine;
use crate::event::Now;
use crate::outbox::Outbox;

/// The two chores of `[cron_runner]`.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    reset: Option<Chore>,
    plan: Option<Chore>,
}

#[derive(Debug)]
struct Chore {
    schedule: Schedule,
    zone: TimeZone,
    /// The next time; never one that was taken already, whatever the clock does.
    next: Option<Timestamp>,
}

impl Chore {
    fn new(
        name: &str,
        text: &str,
        zone: &TimeZone,
        now: Timestamp,
        out: &mut Outbox,
    ) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        match Schedule::parse(text) {
            Ok(schedule) => Some(Self {
                next: schedule.next_after(now, zone),
                zone: zone.clone(),
                schedule,
            }),
            Err(error) => {
                out.warn(format!(
                    "cron_runner.{name} is off: {text:?}: {error}; set it with `peerflow cluster set`"
                ));
                None
            }
        }
    }

    /// Whether its time has come; then the next one is computed.
    fn take(&mut self, now: Timestamp) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.next = self.schedule.next_after(now, &self.zone);
        }
        due
    }
}

impl Housekeeping {
    pub(crate) fn new(
        settings: &Settings,
        zone: &TimeZone,
        now: Timestamp,
        out: &mut Outbox,
    ) -> Self {
        Self {
            reset: Chore::new("reset", &settings.reset, zone, now, out),
            plan: Chore::new("plan", &settings.plan, zone, now, out),
        }
    }

    /// The next time at which there is something to do.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let chores = [self.reset.as_ref(), self.plan.as_ref()];
        chores.into_iter().flatten().filter_map(|c| c.next).min()
    }

    /// Whether the plan of the day is made at all.
    pub(crate) fn plans(&self) -> bool {
        self.plan.is_some()
    }
}

impl Engine {
    /// Does the chores whose time has come.
    pub(crate) fn keep_house(&mut self, now: Now) {
        let house = &mut self.housekeeping;
        let reset = house.reset.as_mut().is_some_and(|c| c.take(now.wall));
        let plan = house.plan.as_mut().is_some_and(|c| c.take(now.wall));
        if reset {
            self.reset_all(now);
        }
        if plan {
            self.put_plan(now.wall);
        }
        if reset || plan {
            self.forget_old_waves(now);
        }
    }

    /// Makes up for a reset whose time passed since some master last acted.
    pub(crate) fn catch_up_house(&mut self, now: Now, last_acted: Option<Timestamp>) {
        let missed = match (&self.housekeeping.reset, last_acted) {
            (Some(reset), Some(last)) => reset
                .schedule
                .next_after(last, &reset.zone)
                .is_some_and(|time| time <= now.wall),
            _ => false,
        };
        if missed {
            self.reset_all(now);
        }
    }
}
