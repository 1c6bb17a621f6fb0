//! Checks that records come back as they were.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{
    AttemptId, AttemptStatus, Blood, Change, ContentHash, CoordinatorKey, CoordinatorKind,
    CoordinatorState, Ending, Fate, InstanceStatus, LedgerGap, MailState, Outcome, PlanRow,
    Readiness, TriggerKind, VisitStatus,
};

use super::samples::{
    at, attempt, coordinator, file, instance, ledger, mail, reading, run_id, visit, visit_id,
    workflow, workflow_key,
};
use super::{Master, Place};
use crate::{DirectoryEntry, Error, LedgerFilter, ReadingFilter, StoredAnswer};

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
                .document(ContentHash::of(text.as_bytes()))
                .await
                .unwrap()
                .as_deref(),
            Some(*text)
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
    assert_eq!(store.coordinator_states().await.unwrap(), [state.clone()]);
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

pub async fn mail_waits_until_it_is_due(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let mails = [
        mail("late", MailState::Due, 30),
        mail("first", MailState::Due, 10),
        mail("second", MailState::Due, 20),
        mail("sent", MailState::Sent, 5),
        mail("given up", MailState::Abandoned, 25),
    ];
    master
        .commit(
            &mails
                .iter()
                .cloned()
                .map(Change::PutMail)
                .collect::<Vec<_>>(),
        )
        .await;
    let store = &master.store;
    assert_eq!(store.due_mail(at(9), 10).await.unwrap(), []);
    assert_eq!(
        store.due_mail(at(20), 10).await.unwrap(),
        [mails[1].clone(), mails[2].clone()]
    );
    assert_eq!(store.due_mail(at(99), 1).await.unwrap(), [mails[1].clone()]);
    let ids = |mails: Vec<peerflow_model::Mail>| -> Vec<String> {
        mails.into_iter().map(|mail| mail.id).collect()
    };
    assert_eq!(
        ids(store.mail(10).await.unwrap()),
        ["late", "given up", "second", "first"]
    );
    assert_eq!(ids(store.mail(2).await.unwrap()), ["late", "given up"]);
    let mut sent = mails[1].clone();
    sent.state = MailState::Sent;
    sent.failures = 3;
    store.put_mail(&sent).await.unwrap();
    assert_eq!(ids(store.due_mail(at(20), 10).await.unwrap()), ["second"]);
    let long = mail(&"x".repeat(256), MailState::Due, 1);
    assert!(matches!(store.put_mail(&long).await, Err(Error::Limit(_))));
}

pub async fn the_ledger_is_read_page_by_page(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let mut rows = Vec::new();
    for instant in 0..20 {
        rows.push(ledger(
            "a",
            instant,
            Fate::Ran {
                instance: format!("i{instant}").into(),
            },
        ));
        rows.push(ledger(
            "b",
            instant,
            Fate::Skipped {
                reason: "disabled".to_owned(),
            },
        ));
        let mut other = ledger(
            "a",
            instant,
            Fate::Missed {
                reason: "没有主节点".to_owned(),
            },
        );
        other.coordinator = CoordinatorKey {
            kind: CoordinatorKind::Standalone,
            name: "a".into(),
        };
        rows.push(other);
    }
    rows[0].fate = Fate::Held;
    master
        .commit(
            &rows
                .iter()
                .cloned()
                .map(Change::PutLedger)
                .collect::<Vec<_>>(),
        )
        .await;
    let key = |row: &peerflow_model::LedgerRow| {
        (row.instant, row.coordinator.clone(), row.workflow.clone())
    };
    rows.sort_by_key(key);
    rows.reverse();
    let filter = |limit| LedgerFilter {
        coordinator: None,
        workflow: None,
        from: None,
        to: None,
        cursor: None,
        limit,
    };
    let mut found = Vec::new();
    let mut page = master.store.ledger(&filter(7)).await.unwrap();
    loop {
        assert!(page.items.len() <= 7);
        found.append(&mut page.items);
        let Some(cursor) = page.next else { break };
        page = master
            .store
            .ledger(&LedgerFilter {
                cursor: Some(cursor),
                ..filter(7)
            })
            .await
            .unwrap();
    }
    assert_eq!(found, rows);
    let only = LedgerFilter {
        coordinator: Some(workflow_key("a")),
        workflow: Some("a".into()),
        from: Some(at(5)),
        to: Some(at(10)),
        ..filter(100)
    };
    let found = master.store.ledger(&only).await.unwrap();
    assert_eq!(
        found
            .items
            .iter()
            .map(|row| row.instant)
            .collect::<Vec<_>>(),
        [at(9), at(8), at(7), at(6), at(5)]
    );
    assert_eq!(found.next, None);
    let wrong = LedgerFilter {
        cursor: Some(crate::Cursor("nonsense".to_owned())),
        ..filter(1)
    };
    assert!(matches!(
        master.store.ledger(&wrong).await,
        Err(Error::Cursor(_))
    ));

    assert_eq!(
        master.store.active_state().await.unwrap().held,
        [ledger("a", 0, Fate::Held)]
    );
    master
        .commit(&[Change::PutLedger(ledger(
            "a",
            0,
            Fate::Skipped {
                reason: "reset".to_owned(),
            },
        ))])
        .await;
    assert_eq!(master.store.active_state().await.unwrap().held, []);
    let gap = |from, to| LedgerGap {
        coordinator: workflow_key("a"),
        from: at(from),
        to: at(to),
        count: 5,
        fate: "missed".to_owned(),
        decided_at: at(99),
    };
    master
        .commit(&[
            Change::PutLedgerGap(gap(1, 5)),
            Change::PutLedgerGap(gap(10, 20)),
            Change::PutLedgerGap(gap(1, 6)),
        ])
        .await;
    assert_eq!(
        master.store.ledger_gaps(10).await.unwrap(),
        [gap(10, 20), gap(1, 6)]
    );
    assert_eq!(master.store.ledger_gaps(1).await.unwrap(), [gap(10, 20)]);
}

pub async fn readings_are_read_page_by_page(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let values = [
        0.1 + 0.2,
        f64::MAX,
        -0.0,
        1e-310,
        f64::INFINITY,
        12_345.678_901_234_5,
    ];
    let mut readings = Vec::new();
    for (number, value) in (0_u32..).zip(values) {
        let run = run_id(&format!("i{number}"), 1);
        let attempt = AttemptId {
            visit: visit_id(&run, "count", 1),
            attempt: 1,
        };
        let workflow = if number % 2 == 0 { "even" } else { "odd" };
        readings.push(reading(
            attempt,
            workflow,
            value,
            i64::from(number) * 86_400,
        ));
    }
    master
        .commit(
            &readings
                .iter()
                .cloned()
                .map(Change::PutReading)
                .collect::<Vec<_>>(),
        )
        .await;
    readings.reverse();
    let filter = |limit| ReadingFilter {
        workflow: None,
        step: None,
        from: None,
        to: None,
        cursor: None,
        limit,
    };
    let first = master.store.readings(&filter(4)).await.unwrap();
    assert_eq!(first.items, readings[..4]);
    let rest = master
        .store
        .readings(&ReadingFilter {
            cursor: first.next,
            ..filter(4)
        })
        .await
        .unwrap();
    assert_eq!((rest.items, rest.next), (readings[4..].to_vec(), None));
    let only = ReadingFilter {
        workflow: Some("even".into()),
        step: Some("count".to_owned()),
        from: Some(readings[5].day),
        to: Some(readings[2].day),
        ..filter(10)
    };
    let found = master.store.readings(&only).await.unwrap();
    assert_eq!(found.items, [readings[3].clone(), readings[5].clone()]);
    let none = ReadingFilter {
        step: Some("other".to_owned()),
        ..filter(10)
    };
    assert_eq!(master.store.readings(&none).await.unwrap().items, []);
}

pub async fn files_are_kept_by_content(place: &dyn Place) {
    let store = place.open().await;
    let content: Vec<u8> = (0..2_500_000_u32)
        .flat_map(u32::to_le_bytes)
        .take(2_500_000)
        .collect();
    for content in [&content[..], b"small", b""] {
        let hash = ContentHash::of(content);
        assert!(!store.has_file(hash).await.unwrap());
        assert_eq!(store.file_chunk(hash, 0).await.unwrap(), None);
        store.put_file(hash, content).await.unwrap();
        store.put_file(hash, content).await.unwrap();
        assert!(store.has_file(hash).await.unwrap());
        let mut found = Vec::new();
        for number in 0.. {
            let Some(chunk) = store.file_chunk(hash, number).await.unwrap() else {
                break;
            };
            assert!(chunk.len() <= crate::FILE_CHUNK_BYTES);
            found.extend(chunk);
        }
        assert_eq!(found, content);
    }
}
