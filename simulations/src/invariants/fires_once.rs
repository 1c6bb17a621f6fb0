//! Invariant 6: a scheduled time fires once; its row in the ledger is written with the instance that it makes.
//!
//! Times that fired in what a restoration took away must not fire again, as far as they had come by every clock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use peerflow_model::{
    Change, CoordinatorState, Fate, Instance, InstanceId, LedgerRow, TriggerKind,
};

use super::stored::LedgerKey;
use super::{End, ExpectedTimes, Invariant, Stored, Terms};
use crate::history::{Entry, What};

/// See the module.
#[derive(Debug)]
pub(super) struct FiresOnce {
    terms: Terms,
    /// Which instance each scheduled time made, in the present lineage.
    fired: BTreeMap<LedgerKey, InstanceId>,
    /// Times that fired in lineages that were lost.
    lost: BTreeSet<LedgerKey>,
}

impl FiresOnce {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            fired: BTreeMap::new(),
            lost: BTreeSet::new(),
        }
    }

    fn committed(&mut self, changes: &[Change], before: &Stored) -> Result<(), String> {
        let mut fates: BTreeMap<LedgerKey, &Fate> = BTreeMap::new();
        let mut made = BTreeMap::new();
        let mut forgotten = BTreeSet::new();
        for change in changes {
            match change {
                Change::PutLedger(row) => self.row(row, &mut fates, before)?,
                // A rerun is of a time that fired before.
                Change::PutInstance(instance)
                    if instance.id.run == 1 && !before.instances.contains_key(&instance.id) =>
                {
                    made.insert(&instance.id.instance, instance);
                }
                Change::DeleteCoordinatorState(key) => {
                    forgotten.insert(key);
                }
                Change::PutCoordinatorState(state) if !forgotten.contains(&state.key) => {
                    considers_on(state, before)?;
                }
                _ => {}
            }
        }
        for (key, fate) in &fates {
            if let Fate::Ran { instance } = fate
                && !made.contains_key(instance)
            {
                let time = show(key);
                return Err(format!(
                    "{time} ran, and {instance} is not of the same batch"
                ));
            }
        }
        made.into_values()
            .try_for_each(|instance| self.made(instance, &fates))
    }

    fn row<'c>(
        &self,
        row: &'c LedgerRow,
        fates: &mut BTreeMap<LedgerKey, &'c Fate>,
        before: &Stored,
    ) -> Result<(), String> {
        let key = (row.coordinator.clone(), row.workflow.clone(), row.instant);
        let known = fates.get(&key).copied();
        let stored = || before.ledger.get(&key).map(|row| &row.fate);
        if let Some(known) = known.or_else(stored)
            && *known != Fate::Held
        {
            let (time, fate) = (show(&key), &row.fate);
            return Err(format!("{time} was {known:?}, and is {fate:?} again"));
        }
        if matches!(row.fate, Fate::Ran { .. }) && self.lost.contains(&key) {
            let time = show(&key);
            return Err(format!("{time} ran before the store went back, and again"));
        }
        fates.insert(key, &row.fate);
        Ok(())
    }

    fn made(
        &mut self,
        instance: &Instance,
        fates: &BTreeMap<LedgerKey, &Fate>,
    ) -> Result<(), String> {
        if instance.trigger != TriggerKind::Cron {
            return Ok(());
        }
        let id = &instance.id.instance;
        let Some(coordinator) = instance.coordinator.clone() else {
            return Err(format!("{id} was made by a schedule that is not named"));
        };
        let key = (
            coordinator,
            instance.workflow.clone(),
            instance.logical_time,
        );
        if let Some(other) = self.fired.get(&key) {
            let time = show(&key);
            return Err(format!("{time} made {other} and {id}"));
        }
        let row = fates.get(&key);
        if !matches!(row, Some(Fate::Ran { instance }) if instance == id) {
            let time = show(&key);
            return Err(format!(
                "{time} made {id}, and its row of that batch is {row:?}"
            ));
        }
        self.fired.insert(key, id.clone());
        Ok(())
    }

    fn restored(&mut self, entry: &Entry, after: &Stored) {
        let came = entry.at.since_start();
        let came = came.saturating_sub(self.terms.clock_error);
        let came = self
            .terms
            .began_at
            .saturating_add(came)
            .unwrap_or(Timestamp::MIN);
        for (key, instance) in std::mem::take(&mut self.fired) {
            if after.has_instance(&instance) {
                self.fired.insert(key, instance);
            } else if key.2 <= came {
                self.lost.insert(key);
            }
        }
    }
}

/// Times that were considered are never considered again.
fn considers_on(state: &CoordinatorState, before: &Stored) -> Result<(), String> {
    let known = before.coordinators.get(&state.key);
    let known = known.and_then(|known| known.considered_until);
    if known > state.considered_until {
        return Err(format!(
            "{} had considered all times up to {known:?}, and now up to {:?}",
            state.key, state.considered_until
        ));
    }
    Ok(())
}

fn show((coordinator, workflow, instant): &LedgerKey) -> String {
    format!("{instant} of {workflow} by {coordinator}")
}

fn all_decided(expected: &ExpectedTimes, stored: &Stored) -> Result<(), String> {
    let key = &expected.coordinator;
    let Some(&from) = stored.considered_from.get(key) else {
        return Ok(());
    };
    let gaps = stored.gaps.get(key).map_or(&[][..], Vec::as_slice);
    for &instant in expected.instants.iter().filter(|instant| **instant > from) {
        let row = (key.clone(), expected.workflow.clone(), instant);
        let in_gap = || {
            gaps.iter()
                .any(|gap| gap.from <= instant && instant <= gap.to)
        };
        if !stored.ledger.contains_key(&row) && !in_gap() {
            return Err(format!("{} has no fate", show(&row)));
        }
    }
    Ok(())
}

impl Invariant for FiresOnce {
    fn name(&self) -> &'static str {
        "fires_once"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::Committed { changes, .. } => self.committed(changes, before),
            _ => Ok(()),
        }
    }

    fn settle(&mut self, entry: &Entry, after: &Stored) -> Result<(), String> {
        if let What::Restored { .. } = entry.what {
            self.restored(entry, after);
        }
        Ok(())
    }

    fn end(&mut self, end: &End<'_>, stored: &Stored) -> Result<(), String> {
        end.expected
            .iter()
            .try_for_each(|expected| all_decided(expected, stored))
    }
}

#[cfg(test)]
#[path = "fires_once/tests.rs"]
mod tests;
