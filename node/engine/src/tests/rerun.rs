//! Running instances again.

use peerflow_model::RunId;

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
    let recorded = RerunOf::Recorded {
        xml: rig.store.workflows["w"].xml.clone(),
    };
    rig.put(&one_step("w", "", ""));
    let request = rerun(&rig, &first, RerunMode::FromStart, recorded);
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
fn a_recovery_that_would_have_to_wait_is_refused_and_a_rerun_waits() {
    let mut rig = Rig::new();
    let first = failed(&mut rig);
    rig.trigger("w");
    let request = rerun(&rig, &first, RerunMode::Recover, RerunOf::Current);
    assert_eq!(rig.ask(request).unwrap_err().kind, RefusalKind::Limit);
    let request = rerun(&rig, &first, RerunMode::FromStart, RerunOf::Current);
    rig.ask(request).unwrap();
    assert_eq!(rig.status(&first.instance), "Waiting");
}
