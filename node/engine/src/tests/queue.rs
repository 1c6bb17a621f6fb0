//! Instances: making them, the instance limit, killing, deleting.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::RunId;

use super::rig::{Rig, one_step, workflow};
use crate::AttemptResult::{Failed, Killed, Succeeded};
use crate::{Answer, RefusalKind, Request};

#[test]
fn an_instance_is_made_durable_before_its_first_step_is_dispatched_and_answered() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 1);
    rig.trigger("w");
    assert_eq!(
        rig.lines(),
        [
            "visit w1#1/s.1 Succeeded",
            "visit w1#1/a.1 Running",
            "instance w1#1 Running",
            "attempt w1#1/a.1.1 Assigned on n1",
            "reply 1 instances",
            "dispatch w1#1/a.1.1 to n1",
        ]
    );
    assert_eq!(
        rig.finish("w", Succeeded),
        [
            "visit w1#1/a.1 Succeeded",
            "visit w1#1/e.1 Succeeded",
            "attempt w1#1/a.1.1 Succeeded on n1",
            "instance w1#1 Succeeded",
            "acknowledge w1#1/a.1.1 to n1",
        ]
    );
}

#[test]
fn instances_beyond_the_limit_wait_and_start_first_in_first_out() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", r#"instance-limit="2""#, ""));
    rig.peer("n1", 9);
    let ids = [(); 4].map(|()| rig.trigger("w"));
    assert!(ids.is_sorted());
    assert_eq!(
        rig.lines(),
        [
            "instance w4#1 Waiting: waits for its turn under the workflow's instance limit",
            "reply 1 instances",
        ]
    );
    let states = |rig: &Rig| ids.each_ref().map(|id| rig.status(id));
    assert_eq!(states(&rig), ["Running", "Running", "Waiting", "Waiting"]);
    rig.finish("w", Failed);
    assert_eq!(states(&rig), ["Running", "Failed", "Running", "Waiting"]);
    rig.finish("w", Succeeded);
    assert_eq!(states(&rig), ["Running", "Failed", "Succeeded", "Running"]);
}

#[test]
fn an_ending_instance_keeps_its_place_until_its_attempts_are_over() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    let first = rig.trigger("w");
    let second = rig.trigger("w");
    rig.ask(Request::Kill { instance: first }).unwrap();
    assert_eq!(rig.status(&second), "Waiting");
    assert!(
        rig.lines()
            .iter()
            .any(|line| line.starts_with("kill w1#1/a.1.1 on n1"))
    );
    rig.finish("w", Killed);
    assert_eq!(rig.status(&second), "Running");
}

#[test]
fn a_waiting_instance_is_killed_at_once_and_leaves_the_queue() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    rig.trigger("w");
    let second = rig.trigger("w");
    let third = rig.trigger("w");
    rig.ask(Request::Kill {
        instance: second.clone(),
    })
    .unwrap();
    assert_eq!(
        rig.lines(),
        [
            "instance w2#1 Killed: killed while it waited".to_owned(),
            format!("reply instance {second} is killed"),
        ]
    );
    rig.finish("w", Succeeded);
    assert_eq!(rig.status(&third), "Running");
}

#[test]
fn only_instances_that_are_over_can_be_deleted() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    let instance = rig.trigger("w");
    let delete = Request::DeleteInstance { instance };
    let refusal = rig.ask(delete.clone()).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    rig.finish("w", Succeeded);
    rig.ask(delete).unwrap();
    assert!(rig.store.instances.is_empty());
}

#[test]
fn missing_parameters_refuse_a_run_and_are_all_named() {
    let mut rig = Rig::new();
    rig.put(&workflow(
        "w",
        "",
        "",
        r#"<action name="a"><shell><command>echo ${param:x} ${param:y}</command></shell><ok to="e"/></action>"#,
    ));
    let run = |params: &[(&str, &str)]| Request::Run {
        workflow: "w".into(),
        params: params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let refusal = rig.ask(run(&[])).unwrap_err();
    let names = vec!["x".to_owned(), "y".to_owned()];
    assert_eq!(refusal.kind, RefusalKind::MissingParameters(names));
    assert!(rig.store.instances.is_empty());
    let answer = rig.ask(run(&[("x", "1"), ("y", "2")])).unwrap();
    let Answer::Instances(ids) = answer else {
        panic!("{answer:?}")
    };
    let id = RunId {
        instance: ids[0].clone(),
        run: 1,
    };
    let expected = BTreeMap::from([("x", "1"), ("y", "2")].map(|(k, v)| (k.into(), v.into())));
    assert_eq!(rig.store.instances[&id].params, expected);
}

#[test]
fn steps_to_skip_must_exist_and_are_skipped() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 1);
    let trigger = |step: &str| Request::Trigger {
        workflow: "w".into(),
        blood: false,
        skip: BTreeSet::from([step.into()]),
    };
    let refusal = rig.ask(trigger("nope")).unwrap_err();
    assert!(refusal.message.contains("has no action nope"), "{refusal}");
    rig.ask(trigger("a")).unwrap();
    assert!(
        rig.lines()
            .contains(&"visit w1#1/a.1 Skipped: skipped by --skip".to_owned())
    );
    assert!(rig.lines().contains(&"instance w1#1 Succeeded".to_owned()));
}

#[test]
fn what_is_not_registered_is_refused_by_name() {
    let mut rig = Rig::new();
    let requests = [
        Request::Run {
            workflow: "w".into(),
            params: BTreeMap::new(),
        },
        Request::DeleteWorkflow { name: "w".into() },
        Request::TriggerCoordinator { name: "w".into() },
        Request::Reset { key: Rig::key("w") },
        Request::Kill {
            instance: "w".into(),
        },
    ];
    for request in requests {
        let refusal = rig.ask(request.clone()).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotFound, "{request:?}");
        assert!(refusal.message.contains('w'));
    }
    assert!(rig.store.instances.is_empty());
}

#[test]
fn raising_the_limit_starts_waiting_instances_by_the_definition_they_were_made_from() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    rig.trigger("w");
    let second = rig.trigger("w");
    let xml = one_step("w", r#"instance-limit="2" desc="other""#, "");
    let lines = rig.put(&xml);
    assert!(
        lines.contains(&"dispatch w2#1/a.1.1 to n1".to_owned()),
        "{lines:?}"
    );
    let id = RunId {
        instance: second,
        run: 1,
    };
    let current = rig.store.workflows["w"].hash;
    assert_ne!(rig.store.instances[&id].definition, current);
}
