//! Invariant 1: at most one master in an epoch; epochs only grow, also past a restored store.
//!
//! Two nodes may believe to be master in different epochs: the one that was paused has not heard yet. Whether a lease
//! was taken while it still held is the store's own affair and not seen here.
//!
//! One thing is let pass that should not be: the store went back behind the highest epoch, and a node that was down when
//! that was given claims the lease within a moment of its start, before it can have heard of it.

use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_model::{Epoch, NodeId};

use super::{Invariant, Stored};
use crate::history::{Entry, What};
use crate::time::VirtualTime;

/// A node hears of the highest epoch within that time of its start, by gossip.
const HEARING: Duration = Duration::from_millis(1500);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct OneMaster {
    /// When each node last started.
    started: BTreeMap<NodeId, VirtualTime>,
    /// When the highest epoch was given, while the store has not gone back since.
    highest_at: Option<VirtualTime>,
    /// To whom the store gave each epoch.
    holders: BTreeMap<Epoch, NodeId>,
    /// Who believes to be master.
    masters: BTreeMap<Epoch, NodeId>,
}

impl OneMaster {
    fn taken(&mut self, at: VirtualTime, holder: &NodeId, epoch: Epoch) -> Result<(), String> {
        if let Some((highest, before)) = self.holders.last_key_value()
            && *highest >= epoch
            && !self.cannot_know(at, holder)
        {
            let (epoch, highest) = (epoch.0, highest.0);
            return Err(format!(
                "{holder} was given epoch {epoch} after {before} was given epoch {highest}"
            ));
        }
        self.holders.insert(epoch, holder.clone());
        self.highest_at = Some(at);
        Ok(())
    }

    /// Whether the store went back since the highest epoch was given, and the node has only just started.
    fn cannot_know(&self, at: VirtualTime, node: &NodeId) -> bool {
        let started = self.started.get(node).copied().unwrap_or_default();
        self.highest_at.is_none() && at.since(started) < HEARING
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
            What::LeaseTaken { holder, epoch, .. } => self.taken(entry.at, holder, *epoch),
            What::Started { node, .. } => {
                self.started.insert(node.clone(), entry.at);
                Ok(())
            }
            What::Restored { .. } => {
                self.highest_at = None;
                Ok(())
            }
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
    fn after_a_restoration_only_a_node_that_has_just_started_may_not_know_the_highest_epoch() {
        let started = |node: &str| What::Started {
            node: node.into(),
            incarnation: peerflow_model::Incarnation(2),
        };
        let back = || {
            Tale::new()
                .add(taken("n1", 4))
                .pass(60)
                .add(What::Restored { commits: 0 })
        };
        let just_now = back().add(started("n2")).add(taken("n2", 4));
        holds(OneMaster::default(), &just_now);
        let later = back().add(started("n2")).pass(5).add(taken("n2", 4));
        broken(OneMaster::default(), &later, "after n1 was given epoch 4");
        let not_back = Tale::new()
            .add(taken("n1", 4))
            .add(started("n2"))
            .add(taken("n2", 4));
        broken(
            OneMaster::default(),
            &not_back,
            "after n1 was given epoch 4",
        );
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
