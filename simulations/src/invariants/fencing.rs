//! Invariant 2: only the holder of the current epoch changes scheduling state, one batch after another.
//!
//! A restoration brings back the lease row of its time too. Which that was between two batches the history does not
//! tell, so after it every lease that was in force there may commit, until one does or another is taken.

use peerflow_model::{Epoch, NodeId};

use super::{Invariant, Stored};
use crate::history::{Entry, What};

/// Holder and epoch; `None` while nobody holds the lease.
type Lease = Option<(NodeId, Epoch)>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Fencing {
    /// Leases of the present lineage, each with the number of batches before it.
    leases: Vec<(usize, Lease)>,
    /// `commit_seq` after each batch of the present lineage.
    sequence: Vec<u64>,
    /// Where in `leases` those begin of which one is in force.
    candidates: usize,
}

impl Fencing {
    fn lease(&mut self, lease: Lease) {
        self.candidates = self.leases.len();
        self.leases.push((self.sequence.len(), lease));
    }

    fn committed(&mut self, holder: &NodeId, epoch: Epoch, seq: u64) -> Result<(), String> {
        let lease = Some((holder.clone(), epoch));
        let in_force = self.leases.get(self.candidates..).unwrap_or_default();
        if !in_force.iter().any(|(_, each)| *each == lease) {
            let told = match in_force.last() {
                Some((_, Some((node, epoch)))) => format!("{node} holds epoch {}", epoch.0),
                _ => "nobody holds the lease".to_owned(),
            };
            return Err(format!(
                "{holder} committed in epoch {} while {told}",
                epoch.0
            ));
        }
        let last = self.sequence.last().copied().unwrap_or(0);
        if seq != last + 1 {
            return Err(format!(
                "commit_seq went from {last} to {seq} with a batch of {holder}"
            ));
        }
        if in_force.len() > 1 {
            self.lease(lease);
        }
        self.sequence.push(seq);
        Ok(())
    }

    fn restored(&mut self, commits: usize) {
        self.sequence.truncate(commits);
        self.leases.retain(|(before, _)| *before <= commits);
        let earlier = |(before, _): &(usize, Lease)| *before < commits;
        // The one that batch was committed under, and those taken after it.
        self.candidates = self.leases.iter().rposition(earlier).unwrap_or(0);
    }
}

impl Invariant for Fencing {
    fn name(&self) -> &'static str {
        "fencing"
    }

    fn see(&mut self, entry: &Entry, _before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::LeaseTaken { holder, epoch, .. } => {
                self.lease(Some((holder.clone(), *epoch)));
            }
            What::LeaseReleased { .. } => self.lease(None),
            What::Committed {
                holder,
                epoch,
                commit_seq,
                ..
            } => return self.committed(holder, *epoch, *commit_seq),
            What::Restored { commits } => self.restored(*commits),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::{Tale, broken, holds, taken};

    fn released(node: &str, epoch: u64) -> What {
        What::LeaseReleased {
            holder: node.into(),
            epoch: Epoch(epoch),
        }
    }

    #[test]
    fn batches_of_whoever_holds_the_lease_are_fine() {
        let tale = Tale::new()
            .add(taken("n1", 1))
            .commit("n1", 1, [])
            .commit("n1", 1, [])
            .add(released("n1", 1))
            .add(taken("n2", 2))
            .commit("n2", 2, []);
        holds(Fencing::default(), &tale);
    }

    #[test]
    fn a_batch_of_a_former_master_is_caught() {
        let stolen = Tale::new()
            .add(taken("n1", 1))
            .add(taken("n2", 2))
            .commit("n1", 1, []);
        broken(Fencing::default(), &stolen, "while n2 holds epoch 2");
        let released = Tale::new()
            .add(taken("n1", 1))
            .add(released("n1", 1))
            .commit("n1", 1, []);
        broken(Fencing::default(), &released, "nobody holds the lease");
    }

    #[test]
    fn a_batch_that_counts_twice_or_was_left_out_is_caught() {
        for seq in [1, 3] {
            let tale = Tale::new()
                .add(taken("n1", 1))
                .commit("n1", 1, [])
                .commit_as("n1", 1, seq, []);
            broken(Fencing::default(), &tale, "commit_seq went from 1");
        }
    }

    #[test]
    fn a_restored_store_goes_on_from_its_own_lease_and_count() {
        let back = Tale::new()
            .add(taken("n1", 1))
            .commit("n1", 1, [])
            .add(taken("n2", 2))
            .commit("n2", 2, [])
            .commit("n2", 2, [])
            .add(What::Restored { commits: 2 });
        let goes_on = back.clone().commit_as("n2", 2, 3, []);
        holds(Fencing::default(), &goes_on);
        let anew = back.clone().add(taken("n3", 3)).commit_as("n3", 3, 3, []);
        holds(Fencing::default(), &anew);
        let fenced = back.clone().add(taken("n3", 3)).commit_as("n2", 2, 3, []);
        broken(Fencing::default(), &fenced, "while n3 holds epoch 3");
        let counted_on = back.clone().commit_as("n2", 2, 4, []);
        broken(
            Fencing::default(),
            &counted_on,
            "commit_seq went from 2 to 4",
        );
        let older = back.commit_as("n1", 1, 3, []);
        broken(Fencing::default(), &older, "n1 committed in epoch 1");
    }
}
