//! Checks that records come back as they were.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{
    AttemptStatus, Blood, Change, ContentHash, CoordinatorKey, CoordinatorKind, CoordinatorState,
    Ending, Fate, InstanceStatus, Outcome, PlanRow, Readiness, StoredDefinition, TriggerKind,
    VisitStatus,
};

use super::samples::{
    at, attempt, coordinator, file, instance, ledger, run_id, visit, visit_id, workflow,
    workflow_key,
};
use super::{Master, Place};
use crate::{DirectoryEntry, Error, StoredAnswer};

/// Texts that databases have been seen to change.
const TEXTS: [&str; 8] = [
    "",
    " ",
    "a\0b\0",
    "😀🏳️‍🌈",
    "每日报表",
    "\u{feff}x\r\n\t",
    "'; DROP TABLE \"x\" -- \\%_",
    "é e\u{301}",
];

pub async fn any_text_comes_back_as_it_was(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    for (number, text) in TEXTS.iter().enumerate() {
        let id = format!("i{number}");
        let run = run_id(&id, 1);
        let mut record = instance(&id, text, InstanceStatus::Running, 1);
        record.params = BTreeMap::from([((*text).to_owned(), (*text).to_owned())]);
        record.skip = BTreeSet::from([(*text).into()]);
        record.message = (*text).to_owned();
        record.ending = Some(Ending {
            outcome: Outcome::Killed,
            message: (*text).to_owned(),
        });
        record.trigger = TriggerKind::Blood;
        record.blood = Some((*text).into());
        record.coordinator = Some(CoordinatorKey {
            kind: CoordinatorKind::Standalone,
            name: (*text).into(),
        });
        let mut step = visit(&run, text, 2, VisitStatus::Waiting);
        step.step_type = (*text).to_owned();
        step.from = Some(((*text).into(), 7));
        step.message = (*text).to_owned();
        step.retry_at = Some(at(9));
        let mut attempt = attempt(&step.id, 1, AttemptStatus::Failed);
        attempt.node = (*text).into();
        attempt.message = (*text).to_owned();
        attempt.exit_code = Some(-9);
        let mut definition = workflow(text, text, text);
        definition.description = (*text).to_owned();
        definition.creator = (*text).to_owned();
        definition.files = vec![file(text, text.as_bytes())];
        master
            .commit(&[
                Change::PutInstance(record.clone()),
                Change::PutVisit(step.clone()),
                Change::PutAttempt(attempt.clone()),
                Change::PutWorkflow(definition.clone()),
                Change::PutSetting {
                    key: (*text).to_owned(),
                    value: (*text).to_owned(),
                },
            ])
            .await;
        let found = master
            .store
            .run(&id.as_str().into(), None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.instance, found.visits, found.attempts),
            (record, vec![step], vec![attempt.clone()])
        );
        assert_eq!(master.store.attempts(&run).await.unwrap(), [attempt]);
        assert_eq!(master.store.workflow(text).await.unwrap(), Some(definition));
        assert_eq!(
            master
                .store
                .definition(ContentHash::of(text.as_bytes()))
                .await
                .unwrap(),
            Some(StoredDefinition {
                xml: (*text).into(),
                files: vec![file(text, text.as_bytes())],
            })
        );
        assert!(
            master
                .store
                .settings()
                .await
                .unwrap()
                .contains(&((*text).to_owned(), (*text).to_owned()))
        );
    }
}

pub async fn names_that_differ_in_any_byte_are_different(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let names = [
        "name",
        "Name",
        "name ",
        " name",
        "náme",
        "na\u{301}me",
        "NAME",
        "name\0",
        "nаme",
    ];
    let run = run_id("i", 1);
    let mut changes = vec![Change::PutInstance(instance(
        "i",
        "w",
        InstanceStatus::Running,
        1,
    ))];
    for (number, name) in (1..).zip(names) {
        changes.push(Change::PutWorkflow(workflow(
            name,
            "/d",
            &format!("<w n='{number}'/>"),
        )));
        changes.push(Change::PutCoordinator(coordinator(
            name,
            "/d",
            &format!("<c n='{number}'/>"),
        )));
        changes.push(Change::PutVisit(visit(
            &run,
            name,
            number,
            VisitStatus::Running,
        )));
        changes.push(Change::PutLedger(ledger(name, 1, Fate::Held)));
        changes.push(Change::PutInstance(instance(
            &format!("{name}-id"),
            name,
            InstanceStatus::Running,
            2,
        )));
    }
    master.commit(&changes).await;
    let state = master.store.active_state().await.unwrap();
    assert_eq!(state.workflows.len(), names.len());
    assert_eq!(state.coordinators.len(), names.len());
    assert_eq!(state.held.len(), names.len());
    assert_eq!(state.runs.len(), names.len() + 1);
    assert_eq!(
        state
            .runs
            .iter()
            .find(|run| run.instance.id.instance.as_str() == "i")
            .unwrap()
            .visits
            .len(),
        names.len()
    );
    for (number, name) in (1..).zip(names) {
        let found = master.store.workflow(name).await.unwrap().unwrap();
        assert_eq!(
            (found.name.as_str(), &*found.xml),
            (name, &*format!("<w n='{number}'/>"))
        );
        let filter = crate::InstanceFilter {
            workflow: Some(name.into()),
            limit: 10,
            ..Default::default()
        };
        assert_eq!(
            master.store.instances(&filter).await.unwrap().items.len(),
            1,
            "{name:?}"
        );
    }
    master
        .commit(&[Change::DeleteWorkflow("name".into())])
        .await;
    assert_eq!(
        master.store.active_state().await.unwrap().workflows.len(),
        names.len() - 1
    );
    assert_eq!(master.store.workflow("name").await.unwrap(), None);
}

pub async fn what_was_committed_survives_a_restart(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let run = run_id("i", 1);
    master
        .commit(&[
            Change::PutWorkflow(workflow("w", "/d", "<new/>")),
            Change::PutInstance(instance("i", "w", InstanceStatus::Running, 1)),
            Change::PutVisit(visit(&run, "s", 1, VisitStatus::Running)),
            Change::PutAttempt(attempt(&visit_id(&run, "s", 1), 1, AttemptStatus::Running)),
            Change::PutLedger(ledger("w", 1, Fate::Held)),
        ])
        .await;
    let before = master.store.active_state().await.unwrap();
    let lease = master.store.lease().await.unwrap().unwrap();
    master.store.close().await;
    drop(master);
    let store = place.open().await;
    assert_eq!(store.active_state().await.unwrap(), before);
    let found = store.lease().await.unwrap().unwrap();
    assert_eq!(
        (found.holder, found.epoch, found.commit_seq),
        (lease.holder, lease.epoch, lease.commit_seq)
    );
}

pub async fn definitions_are_listed_and_deleted(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let mut changes = Vec::new();
    for (name, dir) in [
        ("b", "/z"),
        ("a", "/z"),
        ("c", "/a"),
        ("日报", "/a"),
        ("d", "/a/b"),
    ] {
        changes.push(Change::PutWorkflow(workflow(
            name,
            dir,
            &format!("<{name}/>"),
        )));
        changes.push(Change::PutCoordinator(coordinator(
            name,
            dir,
            &format!("<c{name}/>"),
        )));
    }
    master.commit(&changes).await;
    let store = &master.store;
    let names = |found: Vec<peerflow_model::WorkflowRecord>| -> Vec<String> {
        found
            .iter()
            .map(|record| record.name.as_str().to_owned())
            .collect()
    };
    let all = store.workflows(None, None, 100).await.unwrap();
    assert!(
        all.iter()
            .all(|record| record.xml.is_empty() && record.creator == "ada")
    );
    assert_eq!(names(all), ["c", "日报", "d", "a", "b"]);
    let first = store.workflows(None, None, 2).await.unwrap();
    let after = first
        .last()
        .map(|record| (record.dir.clone(), record.name.as_str().to_owned()));
    assert_eq!(names(first), ["c", "日报"]);
    assert_eq!(
        names(store.workflows(None, after, 2).await.unwrap()),
        ["d", "a"]
    );
    assert_eq!(
        names(store.workflows(Some("/a"), None, 10).await.unwrap()),
        ["c", "日报", "d"]
    );
    assert_eq!(
        names(store.workflows(Some("报"), None, 10).await.unwrap()),
        ["日报"]
    );
    assert_eq!(
        names(store.workflows(Some("what it"), None, 10).await.unwrap()).len(),
        5
    );
    assert_eq!(
        names(store.workflows(Some("%"), None, 10).await.unwrap()),
        [""; 0]
    );
    assert_eq!(store.coordinators().await.unwrap().len(), 5);
    assert_eq!(
        store.coordinator("d").await.unwrap(),
        Some(coordinator("d", "/a/b", "<cd/>"))
    );
    assert_eq!(store.coordinator("x").await.unwrap(), None);
    let gone = [
        Change::DeleteWorkflow("d".into()),
        Change::DeleteCoordinator("d".into()),
    ];
    master.commit(&gone).await;
    assert_eq!(master.store.workflow("d").await.unwrap(), None);
    assert_eq!(master.store.coordinator("d").await.unwrap(), None);
    assert_eq!(
        master
            .store
            .active_state()
            .await
            .unwrap()
            .coordinators
            .len(),
        4
    );
}

pub async fn folders_are_made_and_deleted_when_empty(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    master
        .commit(&[
            Change::PutWorkflow(workflow("w", "/a/b/c", "<w/>")),
            Change::PutCoordinator(coordinator("c", "/a/b", "<c/>")),
            Change::PutWorkflow(workflow("v", "/a/b-d", "<v/>")),
        ])
        .await;
    let entry = |path: &str, entries| DirectoryEntry {
        path: path.to_owned(),
        entries,
    };
    let expected = [
        entry("/a", 0),
        entry("/a/b", 1),
        entry("/a/b-d", 1),
        entry("/a/b/c", 1),
    ];
    assert_eq!(master.store.directories().await.unwrap(), expected);
    for full in ["/a", "/a/b", "/a/b/c"] {
        let refused = master.store.delete_directory(full).await;
        assert!(
            matches!(&refused, Err(Error::Limit(reason)) if reason.contains(full)),
            "{refused:?}"
        );
    }
    assert!(!master.store.delete_directory("/x").await.unwrap());
    master
        .commit(&[
            Change::DeleteWorkflow("w".into()),
            Change::DeleteCoordinator("c".into()),
        ])
        .await;
    assert!(
        master.store.delete_directory("/a/b").await.is_err(),
        "a folder is still in it"
    );
    assert!(master.store.delete_directory("/a/b/c").await.unwrap());
    assert!(master.store.delete_directory("/a/b").await.unwrap());
    assert!(!master.store.delete_directory("/a/b").await.unwrap());
    assert_eq!(
        master.store.directories().await.unwrap(),
        [entry("/a", 0), entry("/a/b-d", 1)]
    );
}

pub async fn small_records_come_back_as_they_were(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let state = CoordinatorState {
        key: workflow_key("w"),
        enabled: Some(false),
        considered_until: Some(at(1)),
        held_time: None,
        fired_at: Some(at(2)),
        ready: BTreeMap::from([(
            "up".into(),
            Readiness {
                instance: "i".into(),
                logical_time: at(3),
                at: at(4),
            },
        )]),
    };
    let blood = Blood {
        id: "i".into(),
        root: "w".into(),
        created_at: at(1),
        remaining: BTreeMap::from([("x".into(), BTreeSet::from(["w".into()]))]),
        succeeded: BTreeMap::from([("w".into(), at(5))]),
        stopped: false,
    };
    let plan = |names: &[&str]| -> Vec<PlanRow> {
        let row = |name: &&str| PlanRow {
            instant: Some(at(1)),
            workflow: (*name).into(),
            coordinator: workflow_key(name),
        };
        names.iter().map(row).collect()
    };
    let hash = ContentHash::of(b"x");
    let offer = |path: &str| Change::PutOffer {
        node: "n".to_owned(),
        path: path.to_owned(),
        hash,
    };
    let answer = |key: &str, answer: &str| Change::PutAnswer {
        key: key.to_owned(),
        request: hash,
        answer: answer.to_owned(),
        at: at(1),
    };
    let long = "/p".repeat(2000);
    master
        .commit(&[
            Change::PutCoordinatorState(state.clone()),
            Change::PutCoordinatorState(CoordinatorState {
                key: workflow_key("gone"),
                ..state.clone()
            }),
            Change::PutBlood(blood.clone()),
            Change::PutPlan(plan(&["x", "y", "z"])),
            offer("b"),
            offer(&long),
            answer("k", "{}"),
        ])
        .await;
    master
        .commit(&[
            Change::PutPlan(plan(&["z", "y"])),
            answer("k", "[]"),
            Change::DeleteCoordinatorState(workflow_key("gone")),
        ])
        .await;
    let store = &master.store;
    assert_eq!(
        store.coordinator_states().await.unwrap(),
        std::slice::from_ref(&state)
    );
    let loaded = store.active_state().await.unwrap();
    assert_eq!(
        (loaded.coordinator_states, loaded.bloods),
        (vec![state], vec![blood])
    );
    assert_eq!(store.plan().await.unwrap(), plan(&["z", "y"]));
    assert_eq!(
        store.offers("n").await.unwrap(),
        [(long, hash), ("b".to_owned(), hash)]
    );
    assert_eq!(store.offers("m").await.unwrap(), []);
    assert_eq!(
        store.answer("k").await.unwrap(),
        Some(StoredAnswer {
            request: hash,
            answer: "[]".to_owned()
        })
    );
    assert_eq!(store.answer("K").await.unwrap(), None);
    master
        .commit(&[Change::DeleteBlood("i".into()), Change::PutPlan(Vec::new())])
        .await;
    assert!(master.store.active_state().await.unwrap().bloods.is_empty());
    assert!(master.store.plan().await.unwrap().is_empty());
}
