//! Files that are snapshotted with documents: each run goes by those it was made with.

use peerflow_model::{ContentHash, FileRecord, InstanceId, RunId};

use super::rig::{Rig, one_step, workflow};
use crate::AttemptResult::{Failed, Succeeded};
use crate::{
    Answer, Expected, Origin, Refusal, RefusalKind, RegisterOutcome, Request, RerunMode, RerunOf,
};

const TWO: &str = r#"<action name="a"><shell><command>true</command></shell><ok to="b"/></action>
    <action name="b"><shell><command>true</command></shell><ok to="e"/></action>"#;

fn file(content: &str) -> FileRecord {
    FileRecord {
        path: "f.sh".to_owned(),
        hash: ContentHash::of(content.as_bytes()),
        size: content.len() as u64,
        executable: false,
    }
}

fn offer(
    rig: &mut Rig,
    xml: &str,
    content: &str,
    expected: Expected,
) -> Result<RegisterOutcome, Refusal> {
    let answer = rig.ask(Request::PutDocument {
        xml: xml.into(),
        files: vec![file(content)],
        origin: Origin::Person,
        expected,
        sent: None,
    })?;
    match answer {
        Answer::Registered { outcome, .. } => Ok(outcome),
        other => panic!("{other:?}"),
    }
}

fn put(rig: &mut Rig, xml: &str, content: &str) -> RegisterOutcome {
    offer(rig, xml, content, Expected::Anything).expect("it is accepted")
}

/// With which files, and by which definition, the attempt of a step was dispatched.
fn given(rig: &Rig, step: &str) -> (Vec<FileRecord>, ContentHash) {
    let dispatch = &rig.dispatched[&rig.attempt("w", step)];
    (dispatch.files.to_vec(), dispatch.definition)
}

fn definition(rig: &Rig, instance: &InstanceId, run: u32) -> ContentHash {
    let instance = instance.clone();
    rig.store.instances[&RunId { instance, run }].definition
}

#[test]
fn the_same_document_with_another_file_is_another_definition() {
    let mut rig = Rig::new();
    let xml = one_step("w", "", "");
    assert_eq!(put(&mut rig, &xml, "old"), RegisterOutcome::Added);
    let first = rig.store.workflows["w"].hash;
    assert_eq!(put(&mut rig, &xml, "old"), RegisterOutcome::Unchanged);
    assert_eq!(put(&mut rig, &xml, "new"), RegisterOutcome::Updated);
    let second = rig.store.workflows["w"].hash;
    assert_ne!(first, second);
    assert_eq!(rig.store.definitions[&first].files, [file("old")]);
    assert_eq!(rig.store.definitions[&second].files, [file("new")]);
}

#[test]
fn a_rerun_as_it_was_has_the_old_file_and_one_by_the_current_definition_the_new_one() {
    let mut rig = Rig::new();
    let xml = one_step("w", "", "");
    put(&mut rig, &xml, "old");
    rig.peer("n1", 9);
    let instance = rig.trigger("w");
    rig.finish("w", Failed);
    put(&mut rig, &xml, "new");
    let old = definition(&rig, &instance, 1);
    for (run, as_was, content) in [(2, true, "old"), (3, false, "new")] {
        let last = RunId {
            instance: instance.clone(),
            run: run - 1,
        };
        let of = if as_was {
            RerunOf::Recorded(rig.store.definitions[&old].clone())
        } else {
            RerunOf::Current
        };
        let request = Request::Rerun {
            latest: Box::new(rig.store.run(&last)),
            mode: RerunMode::FromStart,
            of,
        };
        rig.ask(request).unwrap();
        let expected = (vec![file(content)], definition(&rig, &instance, run));
        assert_eq!(given(&rig, "a"), expected);
        assert_eq!(definition(&rig, &instance, run) == old, as_was);
        rig.finish("w", Failed);
    }
}

#[test]
fn a_queued_instance_keeps_its_file_across_an_update_and_a_restart() {
    let mut rig = Rig::new();
    let xml = one_step("w", "", "");
    put(&mut rig, &xml, "old");
    rig.peer("n1", 9);
    rig.trigger("w");
    let queued = rig.trigger("w");
    put(&mut rig, &xml, "new");
    let newest = rig.trigger("w");
    rig.reload(2);
    rig.peer("n1", 9);
    rig.finish("w", Succeeded);
    assert_eq!(rig.status(&queued), "Running");
    let old = (vec![file("old")], definition(&rig, &queued, 1));
    assert_eq!(given(&rig, "a"), old);
    rig.finish("w", Succeeded);
    let new = (vec![file("new")], definition(&rig, &newest, 1));
    assert_eq!(given(&rig, "a"), new);
    assert_eq!(new.1, rig.store.workflows["w"].hash);
}

#[test]
fn a_running_instance_keeps_its_file_under_another_master() {
    let mut rig = Rig::new();
    let xml = workflow("w", "", "", TWO);
    put(&mut rig, &xml, "old");
    rig.peer("n1", 9);
    let instance = rig.trigger("w");
    put(&mut rig, &xml, "new");
    rig.reload(2);
    rig.peer("n1", 9);
    rig.finish("w", Succeeded);
    let old = (vec![file("old")], definition(&rig, &instance, 1));
    assert_eq!(given(&rig, "b"), old);
}

#[test]
fn who_expects_what_is_not_registered_any_more_is_refused() {
    let mut rig = Rig::new();
    let xml = one_step("w", "", "");
    let nothing = Expected::Nothing;
    let added = offer(&mut rig, &xml, "one", nothing);
    assert_eq!(added, Ok(RegisterOutcome::Added));
    let first = Expected::Definition(rig.store.workflows["w"].hash);
    for wrong in [nothing, Expected::Definition(ContentHash::of(b"other"))] {
        let refusal = offer(&mut rig, &xml, "two", wrong).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Conflict);
        assert!(refusal.message.contains("meanwhile"), "{refusal}");
        assert_eq!(rig.store.workflows["w"].files, [file("one")]);
    }
    let same = offer(&mut rig, &xml, "one", nothing);
    assert_eq!(
        same,
        Ok(RegisterOutcome::Unchanged),
        "it takes nothing back"
    );
    let updated = offer(&mut rig, &xml, "two", first);
    assert_eq!(updated, Ok(RegisterOutcome::Updated));
    rig.reload(2);
    let second = Expected::Definition(rig.store.workflows["w"].hash);
    assert!(offer(&mut rig, &xml, "three", first).is_err());
    rig.ask(Request::DeleteWorkflow { name: "w".into() })
        .unwrap();
    assert!(offer(&mut rig, &xml, "three", second).is_err());
    let added = offer(&mut rig, &xml, "three", Expected::Nothing);
    assert_eq!(added, Ok(RegisterOutcome::Added));
}
