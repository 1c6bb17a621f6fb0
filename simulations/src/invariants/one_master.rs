//! Invariant 1: at most one master in an epoch; epochs only grow, also past a restored store.
//!
//! Two nodes may believe to be master in different epochs: the one that was paused has not heard yet. Whether a lease
//! was taken while it still held is the store's own affair and not seen here.

use std::collections::BTreeMap;

use peerflow_model::{Epoch, NodeId};

use super::{Invariant, Stored};
use crate::history::{Entry, What};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct OneMaster {
    /// To whom the store gave each epoch.
    holders: BTreeMap<Epoch, NodeId>,
    /// Who believes to be master.
    masters: BTreeMap<Epoch, NodeId>,
}

impl OneMaster {
    fn taken(&mut self, holder: &NodeId, epoch: Epoch) -> Result<(), String> {
        if let Some((highest, before)) = self.holders.last_key_value()
            && *highest >= epoch
        {
            let (epoch, highest) = (epoch.0, highest.0);
            return Err(format!(
                "{holder} was given epoch {epoch} after {before} was given epoch {highest}"
            ));
        }
        self.holders.insert(epoch, holder.clone());
        Ok(())
    }

    fn began(&mut self, node: &NodeId, epoch: Epoch) -> Result<(), String> {
        if let Some(other) = self.masters.get(&epoch) {
            return Err(format!(
                "{node} and {other} are masters in epoch {}",
                epoch.0
            ));
        }
        if self.holders.get(&epoch) != Some(node) {
            return Err(format!(
                "{node} believes to be master in epoch {}, which the store did not give it",
                epoch.0
            ));
        }
        self.masters.insert(epoch, node.clone());
        Ok(())
    }
}

impl Invariant for OneMaster {
    fn name(&self) -> &'static str {
        "one_master"
    }

    fn see(&mut self, entry: &Entry, _before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::LeaseTaken { holder, epoch, .. } => self.taken(holder, *epoch),
            What::MasterBegan { node, epoch } => self.began(node, *epoch),
            What::MasterEnded { node, epoch } => {
                if self.masters.get(epoch) == Some(node) {
                    self.masters.remove(epoch);
                }
                Ok(())
            }
            What::Crashed { node } | What::Stopped { node } => {
                self.masters.retain(|_, master| master != node);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::{Tale, began, broken, crashed, ended, holds, taken};

    #[test]
    fn masters_that_follow_each_other_are_fine_also_over_a_pause_and_a_restoration() {
        let tale = Tale::new()
            .add(taken("n1", 1))
            .add(began("n1", 1))
            .add(taken("n2", 2))
            .add(began("n2", 2))
            .add(ended("n1", 1))
            .add(crashed("n2"))
            .add(What::Restored { commits: 0 })
            .add(taken("n1", 5))
            .add(began("n1", 5));
        holds(OneMaster::default(), &tale);
    }

    #[test]
    fn an_epoch_that_was_given_before_is_caught_also_after_a_restoration() {
        let again = Tale::new().add(taken("n1", 1)).add(taken("n2", 1));
        broken(
            OneMaster::default(),
            &again,
            "n2 was given epoch 1 after n1",
        );
        let back = Tale::new()
            .add(taken("n1", 4))
            .pass(60)
            .add(What::Restored { commits: 0 })
            .add(taken("n2", 3));
        broken(OneMaster::default(), &back, "after n1 was given epoch 4");
    }

    #[test]
    fn two_masters_in_an_epoch_are_caught_but_not_after_the_first_has_died() {
        let two = Tale::new()
            .add(taken("n1", 1))
            .add(began("n1", 1))
            .add(began("n2", 1));
        broken(OneMaster::default(), &two, "n2 and n1 are masters");
        let one = Tale::new()
            .add(taken("n1", 1))
            .add(began("n1", 1))
            .add(crashed("n1"))
            .add(taken("n1", 2))
            .add(began("n1", 2));
        holds(OneMaster::default(), &one);
    }

    #[test]
    fn a_master_in_an_epoch_of_somebody_else_is_caught() {
        let tale = Tale::new().add(taken("n1", 1)).add(began("n2", 1));
        broken(
            OneMaster::default(),
            &tale,
            "which the store did not give it",
        );
    }
}
