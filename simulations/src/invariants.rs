//! The invariants of the architecture, each judged entry by entry, and what a client may rely on.

mod accepted_once;
mod client_view;
mod end;
mod fencing;
mod fires_once;
mod graph;
mod heals;
mod instance_limit;
mod no_overlap;
mod nothing_acknowledged_is_lost;
mod one_master;
mod persist_then_act;
mod stored;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod waits_for;
mod wishes;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

pub use end::{End, ExpectedTimes, NodeView, WaitsFor};
pub use stored::{Assignment, Stored};

use crate::history::{Entry, What};
use crate::time::VirtualTime;

/// A rule that must hold whatever happens.
///
/// Of each entry it is told twice: before the entry counts, with what the store held until then, and after.
pub trait Invariant: fmt::Debug + Send {
    /// What it is called: the name of its file.
    fn name(&self) -> &'static str;

    /// Something happened; `before` is what the store held until then.
    ///
    /// # Errors
    /// What breaks the rule, in words.
    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String>;

    /// The same once it counts; only commits and restorations make a difference to `after`.
    ///
    /// # Errors
    /// What breaks the rule, in words.
    fn settle(&mut self, _entry: &Entry, _after: &Stored) -> Result<(), String> {
        Ok(())
    }

    /// The run is over.
    ///
    /// # Errors
    /// What breaks the rule, in words.
    fn end(&mut self, _end: &End<'_>, _stored: &Stored) -> Result<(), String> {
        Ok(())
    }
}

/// What is true of a run and no node knows.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// What true wall clocks said when the run began.
    pub began_at: Timestamp,
    /// How far the wall clock of a node may be off at most, by skew, drift and jumps together.
    pub clock_error: Duration,
}

/// An invariant did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at} entry {entry}: {invariant} is broken: {what}; look at the history up to there")]
pub struct Violation {
    /// Name of the invariant.
    pub invariant: &'static str,
    pub at: VirtualTime,
    /// Place in the history of the entry that broke it, counted from 0; at the end of a run the number of entries.
    pub entry: usize,
    /// What is wrong, in words.
    pub what: String,
}

/// All invariants, and what they have been told.
#[derive(Debug)]
pub struct Invariants {
    invariants: Vec<Box<dyn Invariant>>,
    stored: Stored,
    seen: usize,
}

impl Invariants {
    /// All of them, before anything happened.
    pub fn new(terms: Terms) -> Self {
        Self::of(vec![
            Box::<one_master::OneMaster>::default(),
            Box::<fencing::Fencing>::default(),
            Box::<persist_then_act::PersistThenAct>::default(),
            Box::<accepted_once::AcceptedOnce>::default(),
            Box::<nothing_acknowledged_is_lost::NothingAcknowledgedIsLost>::default(),
            Box::new(fires_once::FiresOnce::new(terms)),
            Box::<waits_for::StepsWait>::default(),
            Box::<heals::Heals>::default(),
            Box::<no_overlap::NoOverlap>::default(),
            Box::<instance_limit::InstanceLimit>::default(),
            Box::<client_view::ClientView>::default(),
        ])
    }

    fn of(invariants: Vec<Box<dyn Invariant>>) -> Self {
        Self {
            invariants,
            stored: Stored::default(),
            seen: 0,
        }
    }

    /// Judges what happened since the last call.
    ///
    /// # Errors
    /// The first entry that breaks an invariant; those after it are not looked at.
    pub fn see(&mut self, entries: &[Entry]) -> Result<(), Violation> {
        entries.iter().try_for_each(|entry| self.see_one(entry))
    }

    fn see_one(&mut self, entry: &Entry) -> Result<(), Violation> {
        let place = self.seen;
        self.seen += 1;
        let broken = |invariant: &dyn Invariant, what| Violation {
            invariant: invariant.name(),
            at: entry.at,
            entry: place,
            what,
        };
        for invariant in &mut self.invariants {
            let told = invariant.see(entry, &self.stored);
            told.map_err(|what| broken(invariant.as_ref(), what))?;
        }
        match &entry.what {
            What::Committed { changes, .. } => self.stored.commit(changes),
            What::Restored { commits } => self.stored.restore(*commits),
            _ => {}
        }
        for invariant in &mut self.invariants {
            let told = invariant.settle(entry, &self.stored);
            told.map_err(|what| broken(invariant.as_ref(), what))?;
        }
        Ok(())
    }

    /// Judges how a run ended.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn end(&mut self, end: &End<'_>) -> Result<(), Violation> {
        for invariant in &mut self.invariants {
            let told = invariant.end(end, &self.stored);
            told.map_err(|what| Violation {
                invariant: invariant.name(),
                at: end.at,
                entry: self.seen,
                what,
            })?;
        }
        Ok(())
    }

    /// What the store holds, as the history tells.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }
}
