//! Invariant 10: never more than `instance-limit` instances of a workflow run or end.
//!
//! It is the limit of the definition that is registered when an instance leaves the queue: one that is lowered later
//! ends nobody.

use std::collections::BTreeMap;

use peerflow_model::{Change, InstanceStatus};
use peerflow_workflow::WorkflowName;

use super::{Invariant, Stored};
use crate::history::{Entry, What};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct InstanceLimit {
    /// Workflows of which instances begin with the batch at hand, each with the limit before it.
    begin: BTreeMap<WorkflowName, usize>,
}

fn limit(workflow: &WorkflowName, stored: &Stored) -> usize {
    let record = stored.workflows.get(workflow);
    let graph = record.and_then(|record| stored.graph(record.hash));
    graph.map_or(1, |graph| graph.limit().max(1))
}

impl Invariant for InstanceLimit {
    fn name(&self) -> &'static str {
        "instance_limit"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        self.begin.clear();
        let What::Committed { changes, .. } = &entry.what else {
            return Ok(());
        };
        for change in changes.iter() {
            let Change::PutInstance(instance) = change else {
                continue;
            };
            let known = before.instances.get(&instance.id);
            let ran = known.is_some_and(|known| known.status == InstanceStatus::Running);
            if instance.status == InstanceStatus::Running && !ran {
                let workflow = &instance.workflow;
                self.begin.insert(workflow.clone(), limit(workflow, before));
            }
        }
        Ok(())
    }

    fn settle(&mut self, entry: &Entry, after: &Stored) -> Result<(), String> {
        let What::Committed { changes, .. } = &entry.what else {
            return Ok(());
        };
        for (workflow, limit_before) in &self.begin {
            // A batch may register the workflow more than once; what began in between had the limit of then.
            let registered = changes.iter().filter_map(|change| match change {
                Change::PutWorkflow(record) if record.name == *workflow => {
                    after.graph(record.hash).map(|graph| graph.limit())
                }
                _ => None,
            });
            let limit = registered.fold(*limit_before, usize::max);
            let running = after.running(workflow);
            if running > limit {
                return Err(format!(
                    "{running} instances of {workflow} run, the limit is {limit}"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::{
        Tale, broken, holds, instance, instance_in, put, put_workflow,
    };

    fn of_limit(limit: u32) -> Tale {
        Tale::new().put([put_workflow("w", limit)])
    }

    fn over(id: &str) -> Change {
        put(instance_in(id, InstanceStatus::Succeeded))
    }

    #[test]
    fn as_many_as_the_limit_says_may_run_and_the_next_once_one_is_over() {
        let waiting = put(instance_in("c", InstanceStatus::Waiting));
        let tale = of_limit(2)
            .put([put(instance("a"))])
            .put([put(instance("b")), waiting])
            .put([over("a"), put(instance("c"))]);
        holds(InstanceLimit::default(), &tale);
    }

    #[test]
    fn one_more_than_the_limit_is_caught() {
        let tale = of_limit(1)
            .put([put(instance("a"))])
            .put([put(instance("b"))]);
        broken(
            InstanceLimit::default(),
            &tale,
            "2 instances of w run, the limit is 1",
        );
        let at_once = of_limit(1).put([put(instance("a")), put(instance("b"))]);
        broken(InstanceLimit::default(), &at_once, "2 instances of w run");
    }

    #[test]
    fn a_lowered_limit_counts_for_those_that_begin_after_it() {
        let lowered = of_limit(2)
            .put([put(instance("a"))])
            .put([put(instance("b"))])
            .put([put_workflow("w", 1)])
            .put([over("a")]);
        holds(InstanceLimit::default(), &lowered);
        let another = lowered.put([put(instance("c"))]);
        broken(InstanceLimit::default(), &another, "the limit is 1");
    }

    #[test]
    fn a_restored_store_counts_what_it_holds() {
        let back = of_limit(1)
            .put([put(instance("a"))])
            .add(What::Restored { commits: 1 })
            .put([put(instance("b"))]);
        holds(InstanceLimit::default(), &back);
        let kept = of_limit(1)
            .put([put(instance("a"))])
            .put([over("a")])
            .add(What::Restored { commits: 2 })
            .put([put(instance("b"))]);
        broken(InstanceLimit::default(), &kept, "2 instances of w run");
    }
}
