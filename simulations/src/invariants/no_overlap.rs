//! Invariant 9: two tries of one visit never run at the same time, save under `on-partition="rerun"`.
//!
//! After a restoration a try may run that the store knows nothing of. It is killed once its node is heard of, and an
//! operator may have let its visit run again before: such a stranger is not counted.

use std::collections::BTreeMap;

use peerflow_model::{AttemptId, NodeId, VisitId};
use peerflow_workflow::OnPartition;

use super::{Invariant, Stored};
use crate::history::{Entry, What};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct NoOverlap {
    running: BTreeMap<VisitId, Vec<(AttemptId, NodeId)>>,
}

impl NoOverlap {
    fn begins(
        &mut self,
        attempt: &AttemptId,
        node: &NodeId,
        policy: OnPartition,
    ) -> Result<(), String> {
        let running = self.running.entry(attempt.visit.clone()).or_default();
        if let Some((other, there)) = running.first()
            && policy != OnPartition::Rerun
        {
            return Err(format!(
                "{attempt} begins on {node} while {other} runs on {there}"
            ));
        }
        running.push((attempt.clone(), node.clone()));
        Ok(())
    }

    fn retain(&mut self, keep: impl Fn(&AttemptId, &NodeId) -> bool) {
        self.running.retain(|_, running| {
            running.retain(|(attempt, node)| keep(attempt, node));
            !running.is_empty()
        });
    }
}

impl Invariant for NoOverlap {
    fn name(&self) -> &'static str {
        "no_overlap"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::TaskStarted {
                node,
                attempt,
                on_partition,
                ..
            } if is_live(attempt, node, before) => {
                return self.begins(attempt, node, *on_partition);
            }
            What::TaskEnded { node, attempt, .. } => {
                if let Some(running) = self.running.get_mut(&attempt.visit) {
                    running.retain(|(id, there)| id != attempt || there != node);
                    if running.is_empty() {
                        self.running.remove(&attempt.visit);
                    }
                }
            }
            What::Crashed { node } | What::Stopped { node } => {
                self.retain(|_, there| there != node)
            }
            _ => {}
        }
        Ok(())
    }

    fn settle(&mut self, entry: &Entry, after: &Stored) -> Result<(), String> {
        if let What::Restored { .. } = entry.what {
            self.retain(|attempt, node| is_live(attempt, node, after));
        }
        Ok(())
    }
}

/// Whether the store of the present lineage gave that try to that node and has not called it over.
fn is_live(attempt: &AttemptId, node: &NodeId, stored: &Stored) -> bool {
    let record = stored.attempts.get(attempt);
    record.is_some_and(|record| record.node == *node && !record.status.is_final())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::TaskFate;
    use crate::invariants::testing::{
        Tale, assigned, attempt_in, begins, begins_under, broken, crashed, ends, holds, put,
    };
    use peerflow_model::AttemptStatus;

    fn first_runs() -> Tale {
        Tale::new()
            .put([
                put(assigned("a", "x", 1, "n1", 1)),
                put(assigned("a", "y", 1, "n1", 1)),
            ])
            .add(begins("a", "x", 1, "n1"))
            .add(begins("a", "y", 1, "n1"))
    }

    fn given_up(tale: Tale) -> Tale {
        let lost = attempt_in(assigned("a", "x", 1, "n1", 1), AttemptStatus::Lost);
        tale.put([put(lost), put(assigned("a", "x", 2, "n2", 1))])
    }

    #[test]
    fn tries_after_each_other_are_fine() {
        let ended = first_runs().add(ends("a", "x", 1, "n1", TaskFate::GrantOver));
        holds(
            NoOverlap::default(),
            &given_up(ended).add(begins("a", "x", 2, "n2")),
        );
        let died = first_runs().add(crashed("n1"));
        holds(
            NoOverlap::default(),
            &given_up(died).add(begins("a", "x", 2, "n2")),
        );
    }

    #[test]
    fn two_tries_at_once_are_caught_unless_the_action_allows_it() {
        let tale = given_up(first_runs());
        for policy in [OnPartition::Wait, OnPartition::Hold] {
            let both = tale.clone().add(begins_under("a", "x", 2, "n2", policy));
            broken(
                NoOverlap::default(),
                &both,
                "begins on n2 while a#1/x.1.1 runs on n1",
            );
        }
        let rerun = tale.add(begins_under("a", "x", 2, "n2", OnPartition::Rerun));
        holds(NoOverlap::default(), &rerun);
    }

    #[test]
    fn only_a_try_that_the_restored_store_knows_still_counts() {
        let back = |commits| {
            let lost = attempt_in(assigned("a", "x", 1, "n1", 1), AttemptStatus::Lost);
            first_runs()
                .add(What::Restored { commits })
                .put([put(lost), put(assigned("a", "x", 2, "n2", 2))])
                .add(begins("a", "x", 2, "n2"))
        };
        holds(NoOverlap::default(), &back(0));
        broken(NoOverlap::default(), &back(1), "while a#1/x.1.1 runs on n1");
    }
}
