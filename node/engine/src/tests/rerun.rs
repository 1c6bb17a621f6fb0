//! Running instances again.

use peerflow_model::RunId;
use peerflow_workflow::{StepKind, Work};

use super::rig::{Rig, one_step, workflow};
use crate::AttemptResult::{Failed, Succeeded};
use crate::{RefusalKind, Request, RerunMode, RerunOf};

const TWO: &str = r#"<action name="a"><shell><command>true</command></shell><ok to="b"/></action>
    <action name="b"><shell><command>true</command></shell><ok to="e"/></action>"#;

/// An instance of two steps whose second failed.
fn failed(rig: &mut Rig) -> RunId {
    rig.put(&workflow("w", "", "", TWO));
    rig.peer("n1", 9);
    rig.trigger("w");
    rig.finish("w", Succeeded);
    let attempt = rig.attempt("w", "b");
    rig.report(&attempt, Failed);
    attempt.visit.run
}

/// What a run was made from, as the shell brings it.
fn recorded(rig: &Rig, run: &RunId) -> RerunOf {
    let definition = rig.store.instances[run].definition;
    RerunOf::Recorded(rig.store.definitions[&definition].clone())
}

fn rerun(rig: &Rig, run: &RunId, mode: RerunMode, of: RerunOf) -> Request {
    Request::Rerun {
        latest: Box::new(rig.store.run(run)),
        mode,
        of,
    }
}

#[test]
fn a_rerun_is_the_next_run_from_the_start_with_the_old_logical_time() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    rig.pass(500);
    let request = rerun(&rig, &first, RerunMode::FromStart, RerunOf::Current);
    rig.ask(request).unwrap();
    assert!(
        rig.lines()
            .contains(&"dispatch w1#2/a.1.1 to n1".to_owned())
    );
    let second = &rig.store.instances[&RunId {
        run: 2,
        ..first.clone()
    }];
    let first = &rig.store.instances[&first];
    assert_eq!(second.logical_time, first.logical_time);
    assert_eq!(second.trigger, first.trigger);
    assert!(second.queue_order > first.queue_order);
}

#[test]
fn a_recovery_goes_on_where_the_last_run_stopped() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    let request = rerun(&rig, &first, RerunMode::Recover, RerunOf::Current);
    rig.ask(request).unwrap();
    assert!(
        rig.lines()
            .contains(&"dispatch w1#2/b.1.1 to n1".to_owned()),
        "{:?}",
        rig.lines()
    );
    assert_eq!(rig.dispatched.len(), 1);
}

#[test]
fn a_run_can_go_by_the_recorded_definition() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    let as_was = recorded(&rig, &first);
    rig.put(&one_step("w", "", ""));
    let request = rerun(&rig, &first, RerunMode::FromStart, as_was);
    rig.ask(request).unwrap();
    let second = RunId {
        run: 2,
        ..first.clone()
    };
    let definition = |run| rig.store.instances[run].definition;
    assert_eq!(definition(&second), definition(&first));
    assert_ne!(definition(&second), rig.store.workflows["w"].hash);
}

#[test]
fn what_is_not_over_or_was_run_again_meanwhile_is_not_run_again() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    let request = rerun(&rig, &first, RerunMode::FromStart, RerunOf::Current);
    rig.ask(request.clone()).unwrap();
    let refusal = rig.ask(request.clone()).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    rig.finish("w", Failed);
    let refusal = rig.ask(request).unwrap_err();
    assert_eq!(
        refusal.kind,
        RefusalKind::Conflict,
        "run 2 is over, run 1 is not the latest"
    );
}

#[test]
fn a_rerun_beyond_the_limit_waits() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    rig.trigger("w");
    let request = rerun(&rig, &first, RerunMode::FromStart, RerunOf::Current);
    rig.ask(request).unwrap();
    assert_eq!(rig.status(&first.instance), "Waiting");
}

#[test]
fn a_recovery_beyond_the_limit_waits_and_then_goes_on_where_the_last_run_stopped() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    rig.trigger("w");
    let request = rerun(&rig, &first, RerunMode::Recover, RerunOf::Current);
    rig.ask(request).unwrap();
    assert_eq!(
        rig.lines(),
        [
            "instance w1#2 Waiting: waits for its turn under the workflow's instance limit",
            "visit w1#2/s.1 Succeeded: kept from run 1",
            "visit w1#2/a.1 Succeeded: kept from run 1",
            "visit w1#2/b.1 Pending: the recovery goes on here",
            "reply 1 instances",
        ]
    );
    rig.reload(2);
    rig.peer("n1", 9);
    let lines = rig.finish("w", Failed);
    assert!(
        lines.contains(&"dispatch w1#2/b.1.1 to n1".to_owned()),
        "{lines:?}"
    );
    let last = rig.attempt("w", "b");
    rig.report(&last, Succeeded);
    assert_eq!(rig.status(&first.instance), "Succeeded");
}

#[test]
fn a_recovery_killed_while_it_waits_can_be_recovered() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    rig.trigger("w");
    let request = rerun(&rig, &first, RerunMode::Recover, RerunOf::Current);
    rig.ask(request).unwrap();
    let instance = first.instance.clone();
    rig.ask(Request::Kill { instance }).unwrap();
    assert!(
        rig.lines()
            .contains(&"visit w1#2/b.1 Killed: instance ended".to_owned()),
        "{:?}",
        rig.lines()
    );
    rig.finish("w", Succeeded);
    let other = rig.attempt("w", "b");
    rig.report(&other, Succeeded);
    let second = RunId { run: 2, ..first };
    let request = rerun(&rig, &second, RerunMode::Recover, RerunOf::Current);
    rig.ask(request).unwrap();
    assert!(
        rig.lines()
            .contains(&"dispatch w1#3/b.1.1 to n1".to_owned()),
        "{:?}",
        rig.lines()
    );
}

#[test]
fn a_run_by_the_recorded_definition_computes_its_dates_in_that_ones_zone() {
    let mut rig = Rig::new();
    let action = r#"<action name="a"><shell><command>echo ${time.today|HH}</command></shell><ok to="e"/></action>"#;
    rig.put(&workflow("w", r#"timezone="Asia/Tokyo""#, "", action));
    rig.peer("n1", 9);
    rig.trigger("w");
    let command = |rig: &Rig| {
        let dispatch = &rig.dispatched[&rig.attempt("w", "a")];
        let step = dispatch.workflow.step(dispatch.step);
        let StepKind::Action(action) = &step.kind else {
            panic!("{step:?}");
        };
        match &action.work {
            Work::Shell(command) => command.0.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(command(&rig), "echo 21");
    let first = rig.attempt("w", "a").visit.run;
    rig.finish("w", Failed);
    let as_was = recorded(&rig, &first);
    rig.put(&workflow("w", r#"timezone="UTC""#, "", action));
    let request = rerun(&rig, &first, RerunMode::FromStart, as_was);
    rig.ask(request).unwrap();
    assert_eq!(command(&rig), "echo 21");
    let zone = &rig.dispatched[&rig.attempt("w", "a")].logical_time.zone;
    assert_eq!(zone.iana_name(), Some("Asia/Tokyo"));
}
