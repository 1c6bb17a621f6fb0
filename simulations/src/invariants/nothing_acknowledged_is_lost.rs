//! Invariant 5: an acknowledged trigger, outcome or definition is never lost, save by a restoration of the store.
//!
//! Clients of a simulation delete nothing, so nothing that was acknowledged may be deleted. An outcome is acknowledged
//! to its worker only, of which no entry tells: what the store called ended must be so at the end, in the store itself.

use std::collections::BTreeSet;

use peerflow_model::{Change, InstanceId};

use super::wishes::Wishes;
use super::{End, Invariant, Stored};
use crate::history::{Answer, Entry, What, Wish};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct NothingAcknowledgedIsLost {
    wishes: Wishes,
    instances: BTreeSet<InstanceId>,
    workflows: BTreeSet<String>,
}

impl NothingAcknowledgedIsLost {
    /// What the store does not hold at that time was lost by a restoration, or never durable, which is the concern of
    /// another invariant.
    fn acknowledged(&mut self, wish: Wish, instance: Option<&InstanceId>, before: &Stored) {
        match wish {
            Wish::Register { workflow } => {
                if before.workflows.contains_key(workflow.as_str()) {
                    self.workflows.insert(workflow);
                }
            }
            Wish::Trigger { .. } | Wish::Rerun { .. } | Wish::Kill { .. } => {
                if let Some(id) = instance.filter(|id| before.has_instance(id)) {
                    self.instances.insert(id.clone());
                }
            }
        }
    }

    fn stays(&self, change: &Change, before: &Stored) -> Result<(), String> {
        match change {
            Change::DeleteInstance(id) if self.instances.contains(id) => {
                Err(format!("instance {id} was acknowledged and is deleted"))
            }
            Change::DeleteInstance(id) => {
                match before.runs_of(id).find(|run| !run.status.is_final()) {
                    Some(run) => Err(format!("run {} is not over and is deleted", run.id)),
                    None => Ok(()),
                }
            }
            Change::DeleteWorkflow(name) if self.workflows.contains(name.as_str()) => {
                Err(format!("workflow {name} was acknowledged and is deleted"))
            }
            _ => Ok(()),
        }
    }
}

impl Invariant for NothingAcknowledgedIsLost {
    fn name(&self) -> &'static str {
        "nothing_acknowledged_is_lost"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        if let Some((wish, Answer::Acknowledged { instance })) = self.wishes.note(&entry.what) {
            self.acknowledged(wish, instance.as_ref(), before);
        }
        match &entry.what {
            What::Committed { changes, .. } => changes
                .iter()
                .try_for_each(|change| self.stays(change, before)),
            _ => Ok(()),
        }
    }

    fn settle(&mut self, entry: &Entry, after: &Stored) -> Result<(), String> {
        if let What::Restored { .. } = entry.what {
            self.instances.retain(|id| after.has_instance(id));
            let workflows = &after.workflows;
            self.workflows
                .retain(|name| workflows.contains_key(name.as_str()));
        }
        Ok(())
    }

    fn end(&mut self, end: &End<'_>, stored: &Stored) -> Result<(), String> {
        let gone = self.instances.iter().find(|id| !stored.has_instance(id));
        if let Some(id) = gone {
            return Err(format!("instance {id} was acknowledged and is not there"));
        }
        let registered = |name: &&String| stored.workflows.contains_key(name.as_str());
        if let Some(name) = self.workflows.iter().find(|name| !registered(name)) {
            return Err(format!("workflow {name} was acknowledged and is not there"));
        }
        for run in stored.runs() {
            let found = end.runs.get(&run.id);
            if found != Some(&run.status) {
                return Err(format!(
                    "run {} was committed as {:?} and the store has {found:?}",
                    run.id, run.status
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::invariants::testing::{
        Tale, acknowledged, asked, broken, broken_at_end, holds, holds_at_end, instance, put,
        put_workflow, register, trigger, with_end,
    };

    fn done() -> Tale {
        Tale::new()
            .add(asked(1, register("w")))
            .add(asked(2, trigger("w", None)))
            .put([put_workflow("w", 1)])
            .put([put(instance("a"))])
            .add(acknowledged(1, None))
            .add(acknowledged(2, Some("a")))
    }

    #[test]
    fn what_is_there_in_the_end_is_fine() {
        let tale = done();
        with_end(&tale, |end| {
            holds_at_end(NothingAcknowledgedIsLost::default(), &tale, &end);
        });
    }

    #[test]
    fn what_is_deleted_or_missing_is_caught() {
        let deleted = done().put([Change::DeleteInstance("a".into())]);
        let why = "instance a was acknowledged and is deleted";
        broken(NothingAcknowledgedIsLost::default(), &deleted, why);
        let deleted = done().put([Change::DeleteWorkflow("w".into())]);
        let why = "workflow w was acknowledged and is deleted";
        broken(NothingAcknowledgedIsLost::default(), &deleted, why);
        let running = Tale::new()
            .put([put(instance("b"))])
            .put([Change::DeleteInstance("b".into())]);
        broken(
            NothingAcknowledgedIsLost::default(),
            &running,
            "is not over",
        );
        let tale = done();
        with_end(&tale, |end| {
            let end = End {
                runs: &BTreeMap::new(),
                ..end
            };
            let why = "the store has None";
            broken_at_end(NothingAcknowledgedIsLost::default(), &tale, &end, why);
        });
    }

    #[test]
    fn what_a_restoration_took_away_is_excused_and_nothing_else() {
        let back = done().add(What::Restored { commits: 1 });
        with_end(&back, |end| {
            holds_at_end(NothingAcknowledgedIsLost::default(), &back, &end);
        });
        let gone = back.clone().put([Change::DeleteInstance("a".into())]);
        holds(NothingAcknowledgedIsLost::default(), &gone);
        let workflow = back.put([Change::DeleteWorkflow("w".into())]);
        let why = "workflow w was acknowledged";
        broken(NothingAcknowledgedIsLost::default(), &workflow, why);
    }
}
