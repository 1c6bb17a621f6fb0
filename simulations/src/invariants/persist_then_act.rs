//! Invariant 3: nothing is dispatched or answered as done before it is durable.
//!
//! What was durable in a lineage that a restoration took away counts: whoever acted on it could not know. Mail is not
//! looked at: no entry tells of it.

use super::wishes::Wishes;
use super::{Invariant, Stored};
use crate::history::{Answer, Entry, What, Wish};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct PersistThenAct {
    wishes: Wishes,
}

fn answered(wish: &Wish, answer: &Answer, before: &Stored) -> Result<(), String> {
    let Answer::Acknowledged { instance } = answer else {
        return Ok(());
    };
    match (wish, instance) {
        (Wish::Register { workflow }, _) if !before.was_registered(workflow) => Err(format!(
            "workflow {workflow} is acknowledged and was never committed"
        )),
        (Wish::Trigger { workflow, .. }, None) => Err(format!(
            "a trigger of {workflow} is acknowledged without an instance"
        )),
        (Wish::Trigger { .. }, Some(id)) if !before.was_committed(id) => Err(format!(
            "instance {id} is acknowledged and was never committed"
        )),
        _ => Ok(()),
    }
}

impl Invariant for PersistThenAct {
    fn name(&self) -> &'static str {
        "persist_then_act"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        if let Some((wish, answer)) = self.wishes.note(&entry.what) {
            return answered(&wish, answer, before);
        }
        let What::TaskStarted {
            node,
            incarnation,
            attempt,
            ..
        } = &entry.what
        else {
            return Ok(());
        };
        let given = before.assignments(attempt);
        if given.is_empty() {
            return Err(format!(
                "{attempt} begins on {node} and was never committed"
            ));
        }
        let to_this =
            |each: &super::Assignment| each.node == *node && each.incarnation == *incarnation;
        if !given.iter().any(to_this) {
            return Err(format!(
                "{attempt} begins on {node}, incarnation {}, and was never given to it",
                incarnation.0
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::{
        Tale, acknowledged, asked, assigned, begins, broken, holds, instance, put, put_workflow,
        register, trigger,
    };

    #[test]
    fn what_is_durable_first_may_begin_and_be_acknowledged_also_if_it_is_lost_meanwhile() {
        let tale = Tale::new()
            .add(asked(1, register("w")))
            .add(asked(2, trigger("w", None)))
            .commit("n1", 1, [put_workflow("w", 1)])
            .add(acknowledged(1, None))
            .commit(
                "n1",
                1,
                [put(instance("a")), put(assigned("a", "x", 1, "n1", 1))],
            )
            .add(What::Restored { commits: 1 })
            .add(acknowledged(2, Some("a")))
            .add(begins("a", "x", 1, "n1"));
        holds(PersistThenAct::default(), &tale);
    }

    #[test]
    fn an_attempt_that_begins_before_it_is_durable_is_caught() {
        let tale = Tale::new().add(begins("a", "x", 1, "n1"));
        broken(PersistThenAct::default(), &tale, "was never committed");
        let elsewhere = Tale::new()
            .commit("n1", 1, [put(assigned("a", "x", 1, "n1", 1))])
            .add(begins("a", "x", 1, "n2"));
        broken(
            PersistThenAct::default(),
            &elsewhere,
            "was never given to it",
        );
    }

    #[test]
    fn an_answer_before_the_commit_is_caught() {
        let early = Tale::new()
            .add(asked(1, trigger("w", None)))
            .add(acknowledged(1, Some("a")));
        broken(
            PersistThenAct::default(),
            &early,
            "instance a is acknowledged",
        );
        let empty = Tale::new()
            .add(asked(1, trigger("w", None)))
            .add(acknowledged(1, None));
        broken(PersistThenAct::default(), &empty, "without an instance");
        let unregistered = Tale::new()
            .add(asked(1, register("w")))
            .add(acknowledged(1, None));
        broken(
            PersistThenAct::default(),
            &unregistered,
            "workflow w is acknowledged",
        );
    }
}
