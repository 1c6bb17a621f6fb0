//! `--blood` waves.

use std::collections::BTreeSet;

use super::rig::{Rig, after, one_step};
use crate::AttemptResult::{Failed, Succeeded};
use crate::{Answer, RefusalKind, Request, RerunMode, RerunOf};

fn blood(name: &str) -> Request {
    Request::Trigger {
        workflow: name.into(),
        blood: true,
        skip: BTreeSet::new(),
    }
}

/// `b` and `c` after `a`, `d` after both, `x` disabled after `a`, `y` after `x`.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.put(&one_step("a", "", ""));
    rig.put(&one_step("b", "", &after(&["a"], "")));
    rig.put(&one_step("c", "", &after(&["a", "elsewhere"], "0 1 * * *")));
    rig.put(&one_step("d", "", &after(&["b", "c"], "")));
    let disabled = after(&["a"], "").replace("<coordinator>", "<coordinator is-enabled='false'>");
    rig.put(&one_step("x", "", &disabled));
    rig.put(&one_step("y", "", &after(&["x"], "")));
    rig.peer("n1", 9);
    rig
}

fn under_way(rig: &Rig) -> Vec<&str> {
    let mut names: Vec<&str> = rig
        .dispatched
        .keys()
        .map(|attempt| rig.store.instances[&attempt.visit.run].workflow.as_str())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_wave_runs_everything_downstream_in_order_and_leaves_readiness_alone() {
    let mut rig = rig();
    rig.ask(blood("a")).unwrap();
    let line = r#"blood a remaining ["b", "c", "d"]"#.to_owned();
    assert!(rig.lines().contains(&line), "{:?}", rig.lines());
    assert_eq!(under_way(&rig), ["a"]);
    rig.finish("a", Succeeded);
    assert_eq!(under_way(&rig), ["b", "c"]);
    rig.finish("b", Succeeded);
    assert_eq!(under_way(&rig), ["c"]);
    rig.finish("c", Succeeded);
    assert_eq!(under_way(&rig), ["d"]);
    rig.finish("d", Succeeded);
    assert!(rig.dispatched.is_empty() && rig.store.bloods.is_empty());
    assert!(
        rig.store
            .states
            .values()
            .all(|state| state.ready.is_empty())
    );
    assert_eq!(rig.store.instances.len(), 4);
}

#[test]
fn after_one_that_does_not_succeed_nothing_more_starts_until_it_is_run_again() {
    let mut rig = rig();
    rig.ask(blood("a")).unwrap();
    rig.finish("a", Succeeded);
    let failing = rig.attempt("b", "a").visit.run;
    let lines = rig.finish("b", Failed);
    assert!(
        lines.contains(&r#"blood a remaining ["d"] stopped"#.to_owned()),
        "{lines:?}"
    );
    rig.finish("c", Succeeded);
    assert!(rig.dispatched.is_empty());
    rig.ask(Request::Rerun {
        latest: Box::new(rig.store.run(&failing)),
        mode: RerunMode::FromStart,
        of: RerunOf::Current,
    })
    .unwrap();
    rig.finish("b", Succeeded);
    assert_eq!(under_way(&rig), ["d"]);
}

#[test]
fn a_wave_goes_on_under_another_master() {
    let mut rig = rig();
    rig.ask(blood("a")).unwrap();
    rig.reload(2);
    rig.peer("n1", 9);
    rig.finish("a", Succeeded);
    assert_eq!(under_way(&rig), ["b", "c"]);
}

#[test]
fn a_circle_is_refused_by_name() {
    let mut rig = rig();
    rig.put(&one_step("b", "", &after(&["a", "d"], "")));
    let refusal = rig.ask(blood("a")).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    assert!(
        refusal.message.contains("b -> d") || refusal.message.contains("d -> b"),
        "{refusal}"
    );
    assert!(rig.store.instances.is_empty());
}

#[test]
fn a_wave_follows_standalone_coordinators_too() {
    let mut rig = rig();
    rig.put(&one_step("s", "", ""));
    rig.put(
        r#"<coordinator name="c1"><depend-list><workflow name="d"/></depend-list><param-list><param name="p" value="1"/></param-list><trigger-list><workflow name="s"/></trigger-list></coordinator>"#,
    );
    rig.ask(blood("d")).unwrap();
    rig.finish("d", Succeeded);
    assert_eq!(under_way(&rig), ["s"]);
    let run = rig.attempt("s", "a").visit.run;
    assert_eq!(rig.store.instances[&run].params["p"], "1");
    assert!(matches!(rig.ask(blood("s")), Ok(Answer::Instances(_))));
}

#[test]
fn a_wave_goes_on_without_the_record_of_its_first_instance() {
    let mut rig = rig();
    rig.ask(blood("a")).unwrap();
    let instance = rig.attempt("a", "a").visit.run.instance;
    rig.finish("a", Succeeded);
    rig.ask(Request::DeleteInstance { instance }).unwrap();
    rig.finish("b", Succeeded);
    rig.finish("c", Succeeded);
    assert_eq!(under_way(&rig), ["d"]);
}

#[test]
fn a_wave_that_stopped_long_ago_is_forgotten() {
    let mut rig = rig();
    rig.ask(blood("a")).unwrap();
    rig.finish("a", Failed);
    rig.reload(2);
    assert_eq!(rig.store.bloods.len(), 1, "a rerun may set it going again");
    rig.pass(91 * 86_400);
    rig.reload(3);
    assert!(rig.store.bloods.is_empty());
}
