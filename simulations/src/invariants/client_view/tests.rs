//! Clients that were told other than what is so.

use super::*;
use crate::invariants::testing::{
    Tale, acknowledged, asked, broken_at_end, holds_at_end, instance, instance_in, put,
    put_workflow, refused, register, trigger, unknown, with_end,
};
use peerflow_model::{Change, Ending, Instance, InstanceStatus, Outcome};

fn holds(tale: &Tale) {
    with_end(tale, |end| holds_at_end(ClientView::default(), tale, &end));
}

fn broken(tale: &Tale, why: &str) {
    with_end(tale, |end| {
        broken_at_end(ClientView::default(), tale, &end, why)
    });
}

fn made(id: &str) -> Change {
    put(instance(id))
}

#[test]
fn what_is_acknowledged_is_done_and_what_is_unknown_may_be() {
    let tale = Tale::new()
        .add(asked(1, trigger("w", None)))
        .add(asked(2, trigger("w", None)))
        .add(asked(3, trigger("w", None)))
        .add(asked(4, trigger("w", None)))
        .put([made("a"), made("b")])
        .add(acknowledged(1, Some("a")))
        .add(unknown(2))
        .add(refused(3));
    holds(&tale);
    // The request without an answer may be done too, and no other.
    holds(&tale.clone().put([made("c")]));
    broken(&tale.put([made("c"), made("d")]), "2 triggers are unknown");
}

#[test]
fn a_refused_trigger_that_was_done_is_caught() {
    let tale = Tale::new()
        .add(asked(1, trigger("w", None)))
        .add(refused(1))
        .put([made("a")]);
    broken(&tale, "0 triggers are unknown");
    broken(&Tale::new().put([made("a")]), "were triggered by nobody");
}

#[test]
fn one_instance_for_two_triggers_is_caught() {
    let tale = Tale::new()
        .add(asked(1, trigger("w", None)))
        .add(asked(2, trigger("w", None)))
        .put([made("a")])
        .add(acknowledged(1, Some("a")))
        .add(acknowledged(2, Some("a")));
    broken(&tale, "two triggers of w were acknowledged by a");
}

#[test]
fn a_key_makes_one_instance_however_often_it_is_sent() {
    let sent = Tale::new()
        .add(asked(1, trigger("w", Some("k"))))
        .add(asked(2, trigger("w", Some("k"))))
        .add(asked(3, trigger("w", Some("k"))))
        .put([made("a")])
        .add(unknown(1))
        .add(acknowledged(2, Some("a")));
    holds(&sent.clone().add(acknowledged(3, Some("a"))));
    let twice = sent.put([made("b")]);
    broken(&twice, "0 triggers are unknown");
    broken(
        &twice.add(acknowledged(3, Some("b"))),
        "one key made a and b",
    );
}

#[test]
fn a_key_may_make_another_instance_once_the_store_has_lost_the_first() {
    let tale = Tale::new()
        .add(asked(1, trigger("w", Some("k"))))
        .put([made("a")])
        .add(acknowledged(1, Some("a")))
        .add(What::Restored { commits: 0 })
        .add(asked(2, trigger("w", Some("k"))))
        .put([made("b")])
        .add(acknowledged(2, Some("b")));
    holds(&tale);
}

#[test]
fn a_kill_that_was_acknowledged_and_a_run_that_goes_on_are_caught() {
    let asks = || {
        Tale::new()
            .add(asked(1, trigger("w", None)))
            .put([made("a")])
            .add(acknowledged(1, Some("a")))
            .add(asked(
                2,
                Wish::Kill {
                    instance: "a".into(),
                },
            ))
            .add(acknowledged(2, None))
    };
    broken(&asks(), "the kill of a#1 was acknowledged");
    let ending = Instance {
        ending: Some(Ending {
            outcome: Outcome::Killed,
            message: String::new(),
        }),
        ..instance("a")
    };
    holds(&asks().put([put(ending)]));
    holds(&asks().put([put(instance_in("a", InstanceStatus::Killed))]));
}

#[test]
fn a_rerun_that_comes_between_a_kill_and_its_answer_may_go_on() {
    let mut second = instance("a");
    second.id.run = 2;
    let tale = Tale::new()
        .add(asked(1, trigger("w", None)))
        .put([made("a")])
        .add(asked(
            2,
            Wish::Kill {
                instance: "a".into(),
            },
        ))
        .add(asked(
            3,
            Wish::Rerun {
                instance: "a".into(),
            },
        ))
        .put([put(instance_in("a", InstanceStatus::Killed))])
        .put([put(second)])
        .add(acknowledged(2, None))
        .add(acknowledged(3, Some("a")));
    holds(&tale);
}

#[test]
fn reruns_are_as_many_as_clients_know_of() {
    let asks = |reruns: u32| {
        let mut tale = Tale::new()
            .add(asked(1, trigger("w", None)))
            .put([put(instance_in("a", InstanceStatus::Failed))])
            .add(acknowledged(1, Some("a")))
            .add(asked(
                2,
                Wish::Rerun {
                    instance: "a".into(),
                },
            ))
            .add(asked(
                3,
                Wish::Rerun {
                    instance: "a".into(),
                },
            ))
            .add(acknowledged(2, Some("a")))
            .add(unknown(3));
        for number in 2..reruns + 2 {
            let mut next = instance_in("a", InstanceStatus::Failed);
            next.id.run = number;
            tale = tale.put([put(next)]);
        }
        tale
    };
    holds(&asks(1));
    holds(&asks(2));
    broken(&asks(0), "was rerun 0 times; 1 were acknowledged");
    broken(
        &asks(3),
        "was rerun 3 times; 1 were acknowledged and 1 are unknown",
    );
}

#[test]
fn a_refused_definition_that_is_there_is_caught() {
    let tale = Tale::new()
        .add(asked(1, register("w")))
        .add(refused(1))
        .put([put_workflow("w", 1)]);
    broken(&tale, "workflow w is there though clients were refused");
    let known = Tale::new()
        .put([put_workflow("w", 1)])
        .add(asked(1, register("w")))
        .add(refused(1));
    holds(&known);
}
