//! Which mail is due.

use super::rig::{Rig, after, one_step, workflow};
use crate::AttemptResult::{Failed, Succeeded};
use crate::{Request, RerunMode, RerunOf};

#[test]
fn an_outcome_is_mailed_to_its_receivers_and_to_those_downstream_once() {
    let mut rig = Rig::new();
    rig.put(&one_step("u", r#"mail-receivers="a@x,b@x""#, ""));
    rig.put(&one_step(
        "v",
        r#"mail-receivers="b@x,c@x""#,
        &after(&["u"], ""),
    ));
    rig.put(&one_step(
        "w",
        r#"mail-receivers="d@x""#,
        &after(&["v"], ""),
    ));
    let off = after(&["u"], "").replace("<coordinator>", "<coordinator is-enabled='false'>");
    rig.put(&one_step("x", r#"mail-receivers="e@x""#, &off));
    rig.peer("n1", 1);
    rig.trigger("u");
    let lines = rig.finish("u", Succeeded);
    assert!(
        !lines.iter().any(|line| line.starts_with("mail")),
        "{lines:?}"
    );
    rig.finish("v", Succeeded);
    rig.finish("w", Succeeded);
    rig.trigger("u");
    let lines = rig.finish("u", Failed);
    let mail = r#"mail outcome of u to ["a@x", "b@x", "c@x", "d@x"]"#.to_owned();
    assert!(lines.contains(&mail), "{lines:?}");
    let mail = rig.store.mails.values().next().unwrap();
    let downstream: Vec<&str> = mail.downstream.iter().map(|name| name.as_str()).collect();
    assert_eq!(downstream, ["v", "w"]);
}

#[test]
fn each_run_of_an_instance_has_a_mail_of_its_own() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", r#"mail-receivers="a@x""#, ""));
    rig.peer("n1", 1);
    let id = rig.trigger("w");
    let run = rig.attempt("w", "a").visit.run;
    rig.finish("w", Failed);
    rig.ask(Request::Rerun {
        latest: Box::new(rig.store.run(&run)),
        mode: RerunMode::FromStart,
        of: RerunOf::Current,
    })
    .unwrap();
    rig.finish("w", Failed);
    let ids: Vec<&str> = rig.store.mails.keys().map(String::as_str).collect();
    assert_eq!(ids, [format!("outcome.{id}.1"), format!("outcome.{id}.2")]);
}

#[test]
fn retries_are_mailed_when_they_begin_to_hurt_and_when_they_helped() {
    let mut rig = Rig::new();
    rig.settings.node_retry_fail_times = 2;
    rig.reload(2);
    rig.put(&workflow(
        "w",
        r#"mail-receivers="a@x" mail-level="killed""#,
        "",
        r#"<action name="a" retry-times="5"><shell><command>true</command></shell><ok to="e"/></action>"#,
    ));
    rig.peer("n1", 1);
    rig.trigger("w");
    let mails = |lines: &[String]| -> Vec<String> {
        let mails = lines.iter().filter(|line| line.starts_with("mail"));
        mails.cloned().collect()
    };
    assert_eq!(mails(&rig.finish("w", Failed)), [""; 0]);
    let second = rig.finish("w", Failed);
    assert_eq!(mails(&second), [r#"mail retry failed of w to ["a@x"]"#]);
    assert_eq!(mails(&rig.finish("w", Failed)), [""; 0]);
    let end = rig.finish("w", Succeeded);
    assert_eq!(mails(&end), [r#"mail retry recovered of w to ["a@x"]"#]);
}

#[test]
fn nobody_is_written_to_at_an_address_that_is_still_a_parameter() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", r#"mail-receivers="a@x""#, ""));
    let receivers = r#"mail-receivers="b@x,${param:who}""#;
    rig.put(&one_step("v", receivers, &after(&["w"], "")));
    rig.peer("n1", 9);
    rig.trigger("w");
    let lines = rig.finish("w", Failed);
    let due = r#"mail outcome of w to ["a@x", "b@x"]"#.to_owned();
    assert!(lines.contains(&due), "{lines:?}");
}
