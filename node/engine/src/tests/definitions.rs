//! Registering and deleting documents.

use std::collections::{BTreeMap, BTreeSet};

use super::rig::{Rig, after, one_step, workflow};
use crate::AttemptResult::Succeeded;
use crate::{Answer, Expected, Origin, RefusalKind, RegisterOutcome, Request};

fn put(rig: &mut Rig, xml: &str, origin: Origin) -> (RegisterOutcome, Vec<String>) {
    let answer = rig.ask(Request::PutDocument {
        xml: xml.into(),
        files: Vec::new(),
        origin,
        expected: Expected::Anything,
        sent: None,
    });
    match answer {
        Ok(Answer::Registered { outcome, notes, .. }) => (outcome, notes),
        other => panic!("{other:?}"),
    }
}

fn loader(first: bool) -> Origin {
    Origin::Loader {
        node: "n1".to_owned(),
        path: "w.xml".to_owned(),
        first,
    }
}

#[test]
fn the_same_content_is_unchanged_and_other_content_updates() {
    let mut rig = Rig::new();
    let xml = one_step("w", "", "");
    assert_eq!(
        put(&mut rig, &xml, Origin::Person).0,
        RegisterOutcome::Added
    );
    assert_eq!(rig.lines(), ["workflow w", "reply Added []"]);
    assert_eq!(
        put(&mut rig, &xml, Origin::Person).0,
        RegisterOutcome::Unchanged
    );
    assert_eq!(rig.lines(), ["reply Unchanged []"]);
    let other = one_step("w", r#"desc="other""#, "");
    assert_eq!(
        put(&mut rig, &other, Origin::Person).0,
        RegisterOutcome::Updated
    );
    assert_eq!(rig.store.workflows["w"].description, "other");
}

#[test]
fn a_loaders_first_offer_only_adds_and_later_ones_update() {
    let mut rig = Rig::new();
    let (xml, other) = (one_step("w", "", ""), one_step("w", r#"desc="other""#, ""));
    assert_eq!(put(&mut rig, &xml, loader(true)).0, RegisterOutcome::Added);
    let (outcome, notes) = put(&mut rig, &other, loader(true));
    assert_eq!(outcome, RegisterOutcome::Kept);
    assert!(notes[0].contains("only adds"), "{notes:?}");
    assert_eq!(rig.store.workflows["w"].description, "");
    assert_eq!(
        put(&mut rig, &other, loader(false)).0,
        RegisterOutcome::Updated
    );
    let offer = ("n1".to_owned(), "w.xml".to_owned());
    assert_eq!(rig.store.offers[&offer], rig.store.workflows["w"].hash);
}

#[test]
fn a_bad_document_is_refused_with_its_places() {
    let mut rig = Rig::new();
    let refusal = rig
        .ask(Request::PutDocument {
            xml: "<work-flow name='w'/>".into(),
            files: Vec::new(),
            origin: Origin::Person,
            expected: Expected::Anything,
            sent: None,
        })
        .unwrap_err();
    let RefusalKind::InvalidDocument(diagnostics) = refusal.kind else {
        panic!("{refusal:?}");
    };
    assert!(diagnostics.has_errors());
    assert!(rig.store.workflows.is_empty());
}

#[test]
fn an_unknown_dependency_is_noted() {
    let mut rig = Rig::new();
    let (outcome, notes) = put(
        &mut rig,
        &one_step("w", "", &after(&["u"], "")),
        Origin::Person,
    );
    assert_eq!(outcome, RegisterOutcome::Added);
    assert_eq!(
        notes,
        ["depends on workflow u, which is not registered yet"]
    );
}

#[test]
fn a_workflow_that_others_depend_on_or_that_runs_is_not_deleted() {
    let mut rig = Rig::new();
    rig.put(&one_step("u", "", ""));
    rig.put(&one_step("w", "", &after(&["u"], "")));
    rig.peer("n1", 9);
    let delete = |name: &str| Request::DeleteWorkflow { name: name.into() };
    let refusal = rig.ask(delete("u")).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    assert!(
        refusal.message.contains("workflow w depends on"),
        "{refusal}"
    );
    rig.trigger("w");
    let refusal = rig.ask(delete("w")).unwrap_err();
    assert!(refusal.message.contains("1 running"), "{refusal}");
    rig.finish("w", Succeeded);
    rig.ask(delete("w")).unwrap();
    assert_eq!(
        rig.lines(),
        [
            "delete state of workflow w",
            "delete workflow w",
            "reply workflow w is deleted",
        ]
    );
    rig.ask(delete("u")).unwrap();
    assert!(rig.store.workflows.is_empty() && rig.store.states.is_empty());
}

#[test]
fn a_standalone_coordinator_starts_all_its_workflows_with_its_parameters() {
    let mut rig = Rig::new();
    rig.put(&one_step("u", "", ""));
    rig.put(&one_step("w", "", ""));
    let xml = r#"<coordinator name="c"><depend-list cron="0 1 * * *"/>
        <param-list><param name="p" value="1"/></param-list>
        <trigger-list><workflow name="u"/><workflow name="w"/></trigger-list></coordinator>"#;
    assert_eq!(put(&mut rig, xml, Origin::Person).0, RegisterOutcome::Added);
    rig.ask(Request::TriggerCoordinator { name: "c".into() })
        .unwrap();
    assert_eq!(rig.store.instances.len(), 2);
    for instance in rig.store.instances.values() {
        assert_eq!(instance.params["p"], "1");
    }
    let refusal = rig.ask(Request::DeleteWorkflow { name: "u".into() });
    assert!(refusal.unwrap_err().message.contains("coordinator c"));
    rig.ask(Request::DeleteCoordinator { name: "c".into() })
        .unwrap();
    assert!(rig.store.coordinators.is_empty());
}

#[test]
fn a_parameter_that_cdata_cuts_in_two_is_each_instances_own() {
    let mut rig = Rig::new();
    let action = r#"<action name="a"><shell><command>echo $<![CDATA[{param:x}]]></command></shell><ok to="e"/></action>"#;
    rig.put(&workflow("w", r#"instance-limit="2""#, "", action));
    rig.peer("n1", 9);
    for value in ["one", "two"] {
        let params = BTreeMap::from([("x".to_owned(), value.to_owned())]);
        let workflow = "w".into();
        rig.ask(Request::Run { workflow, params }).unwrap();
        let dispatch = &rig.dispatched[&rig.attempt("w", "a")];
        let text = format!("{:?}", dispatch.workflow.step(dispatch.step));
        assert!(text.contains(&format!("echo {value}")), "{text}");
    }
}

#[test]
fn a_refusal_names_what_the_coordinator_and_what_the_steps_miss() {
    let mut rig = Rig::new();
    let coordinator = r#"<coordinator><param-list><param name="p" value="${param:a}"/></param-list></coordinator>"#;
    let action = r#"<action name="a"><shell><command>${param:p} ${param:c}</command></shell><ok to="e"/></action>"#;
    rig.put(&workflow("w", "", coordinator, action));
    let missing = |rig: &mut Rig, given: &[&str]| {
        let given = given.iter().map(|name| ((*name).to_owned(), String::new()));
        let refusal = rig
            .ask(Request::Run {
                workflow: "w".into(),
                params: given.collect(),
            })
            .unwrap_err();
        match refusal.kind {
            RefusalKind::MissingParameters(names) => names,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(missing(&mut rig, &[]), ["a", "c"]);
    assert_eq!(missing(&mut rig, &["c"]), ["a"]);
    assert_eq!(missing(&mut rig, &["a"]), ["c"]);
}

#[test]
fn only_actions_can_be_skipped() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    for name in ["e", "nowhere"] {
        let refusal = rig
            .ask(Request::Trigger {
                workflow: "w".into(),
                blood: false,
                skip: BTreeSet::from([name.into()]),
            })
            .unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Invalid);
        assert!(refusal.message.contains(name), "{refusal}");
    }
}

#[test]
fn who_closes_a_circle_without_a_schedule_is_told() {
    let mut rig = Rig::new();
    let notes = |rig: &mut Rig, xml: &str| put(rig, xml, Origin::Person).1;
    rig.put(&one_step("a", "", ""));
    rig.put(&one_step("b", "", &after(&["a"], "")));
    rig.put(&one_step("c", "", &after(&["b"], "")));
    assert_eq!(
        notes(&mut rig, &one_step("a", "", &after(&["c"], "0 1 * * *"))),
        [""; 0]
    );
    let told = notes(&mut rig, &one_step("a", "", &after(&["c"], "")));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("a -> b -> c -> a"), "{told:?}");
    // Registered again, it is told again, and once it waits for nothing that it starts, no more.
    assert_eq!(
        notes(&mut rig, &one_step("b", "", &after(&["a"], ""))).len(),
        1
    );
    assert_eq!(notes(&mut rig, &one_step("b", "", "")), [""; 0]);
    let itself = r#"<coordinator name="k"><depend-list><workflow name="b"/></depend-list><trigger-list><workflow name="b"/></trigger-list></coordinator>"#;
    let told = notes(&mut rig, itself);
    assert!(told[0].contains("b -> b"), "{told:?}");
}
