//! Planning alone: the real engine on virtual time, without nodes, network or store. It tells what a period of the
//! schedule will look like: what fires when, what waits for what, and where the slots run out.
//!
//! Time jumps from event to event, so that a month of a warehouse takes seconds. Only durations are guessed; they come
//! from a [`Player`].

mod documents;
mod error;
mod late;
mod machine;
mod numbers;
mod picture;
mod plan;
mod player;
mod processes;
mod scripted;
mod slots;
mod text;
mod world;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use peerflow_model::Settings;

pub use documents::document_files;
pub use error::PlanError;
pub use late::Late;
pub use machine::Machine;
pub use plan::{
    FullSpan, Idle, IdleReason, Plan, PlannedInstance, PlannedTask, ScheduledTime, Waits,
};
pub use player::{Played, PlayedResult, Player, Steady};
pub use scripted::{ScriptError, Scripted};

/// What to plan, and on what.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// A folder that is searched for `*.xml` as a node does, or one document.
    pub documents: PathBuf,
    /// From this time on, in the zone of `settings`.
    pub from: DateTime,
    /// Up to this time, which does not belong to it.
    pub to: DateTime,
    /// The cluster's: its zone, and when readiness is reset.
    pub settings: Settings,
    /// Who runs the steps.
    pub machines: Vec<Machine>,
    /// Hosts and labels that documents ask for and no machine has are given to the machines, which the plan's notes
    /// tell. Otherwise such a step fails after a minute, as on a cluster.
    pub adopt: bool,
    /// Coordinators that their documents switch off take part too.
    pub switched_off_too: bool,
    /// How long before `from` the run begins, so that what runs at that time and what is ready then is there.
    pub warm_up: Duration,
    /// An instance that waited longer than this is late.
    pub late_after: Duration,
    /// Keeps what happened for a timeline: [`Plan::history`]. Takes some kilobytes for each instance.
    pub keep_history: bool,
    /// Decides ids and the jitter of retries: the same seed gives the same plan.
    pub seed: u64,
}

impl PlanOptions {
    /// A plan of whole days, the last one included, in the zone of this machine, on one machine with four slots.
    pub fn of_days(documents: PathBuf, first: Date, last: Date) -> Self {
        let system = TimeZone::system();
        let settings = Settings {
            timezone: system.iana_name().unwrap_or("UTC").to_owned(),
            ..Settings::default()
        };
        Self {
            documents,
            from: first.to_datetime(jiff::civil::Time::midnight()),
            to: last
                .saturating_add(jiff::Span::new().days(1))
                .to_datetime(jiff::civil::Time::midnight()),
            settings,
            machines: Machine::alike(1, 4),
            adopt: true,
            switched_off_too: false,
            warm_up: Duration::ZERO,
            late_after: Duration::from_secs(5 * 60),
            keep_history: false,
            seed: 1,
        }
    }

    fn period(&self) -> Result<Period, PlanError> {
        let name = &self.settings.timezone;
        let zone =
            TimeZone::get(name).map_err(|_unknown| PlanError::Zone { name: name.clone() })?;
        let instant = |local: DateTime| {
            let instant = zone.to_timestamp(local);
            instant.map_err(|_beyond| PlanError::Time { time: local })
        };
        let (from, to) = (instant(self.from)?, instant(self.to)?);
        if from >= to {
            return Err(PlanError::Period {
                from: self.from,
                to: self.to,
            });
        }
        let earlier = SignedDuration::try_from(self.warm_up).ok();
        let begins = earlier
            .and_then(|earlier| from.checked_sub(earlier + BEFORE).ok())
            .ok_or(PlanError::Time { time: self.from })?;
        Ok(Period { begins, from, to })
    }
}

/// Documents are registered that long before the first time that counts, which fires only if it lies after that.
const BEFORE: SignedDuration = SignedDuration::from_secs(1);

/// The time that a plan is about.
#[derive(Clone, Debug)]
struct Period {
    /// When documents are registered.
    begins: Timestamp,
    from: Timestamp,
    to: Timestamp,
}

/// Plans: runs the documents through the period, every step as long and with that result as `player` says.
///
/// # Errors
/// When documents cannot be read or are refused, the period, zone or machines make no sense, or the plan would grow
/// without end.
pub fn plan(options: &PlanOptions, player: &mut dyn Player) -> Result<Plan, PlanError> {
    let period = options.period()?;
    let documents = documents::read(&options.documents)?;
    let mut machines = machine::checked(&options.machines)?;
    let mut notes = Vec::new();
    if options.adopt {
        machine::adopt(&mut machines, &documents, &mut notes);
    }
    let mut world = world::World::new(options, &period, machines, player);
    notes.extend(world.register(&documents, options.switched_off_too)?);
    world.run()?;
    let mut plan = world.conclude(&documents, options);
    plan.notes.splice(0..0, notes);
    Ok(plan)
}
