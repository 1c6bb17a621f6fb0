//! Checks of what is forgotten and what is not.

use jiff::Timestamp;
use peerflow_model::{
    AttemptStatus, Change, ContentHash, Fate, InstanceStatus, MailState, StoredDefinition,
    VisitStatus,
};

use super::samples::{
    at, attempt, attempt_id, chunk, coordinator, instance, ledger, mail, reading, run_id, visit,
    visit_id, workflow,
};
use super::{Master, Place};
use crate::{InstanceFilter, LedgerFilter, LogCursor, LogSelection, ReadingFilter, Store};

fn logs_of(instance: &str) -> LogSelection {
    LogSelection {
        instance: instance.into(),
        run: None,
        step: None,
        attempt: None,
    }
}

async fn has_logs(store: &dyn Store, instance: &str) -> bool {
    !store
        .logs(&logs_of(instance), LogCursor::default(), 1)
        .await
        .unwrap()
        .chunks
        .is_empty()
}

/// A run with a visit, an attempt, a reading and a log.
async fn put_run(master: &mut Master, id: &str, status: InstanceStatus, created: i64) {
    let run = run_id(id, 1);
    let step = visit_id(&run, "s", 1);
    master
        .commit(&[
            Change::PutInstance(instance(id, "w", status, created)),
            Change::PutVisit(visit(&run, "s", 1, VisitStatus::Succeeded)),
            Change::PutAttempt(attempt(&step, 1, AttemptStatus::Succeeded)),
            Change::PutReading(reading(attempt_id(id, "s", 1), "w", 1.5, created)),
        ])
        .await;
    master
        .store
        .append_logs(&[chunk(&attempt_id(id, "s", 1), 0, &["a line"])])
        .await
        .unwrap();
}

async fn forget_all(
    store: &dyn Store,
    instances: Timestamp,
    logs: Timestamp,
    step: u32,
) -> (u32, u64) {
    let (mut rounds, mut rows) = (0, 0);
    loop {
        let gone = store.retain(instances, logs, step).await.unwrap();
        if gone == 0 {
            return (rounds, rows);
        }
        rounds += 1;
        rows += gone;
        assert!(rounds < 1000, "it never ends");
    }
}

pub async fn old_runs_are_forgotten_in_steps(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    for number in 0..12 {
        put_run(
            &mut master,
            &format!("i{number:02}"),
            InstanceStatus::Succeeded,
            number * 100,
        )
        .await;
    }
    put_run(&mut master, "active", InstanceStatus::Running, 0).await;
    let answer = |key: &str, time| Change::PutAnswer {
        key: key.to_owned(),
        request: ContentHash::of(b"r"),
        answer: "{}".to_owned(),
        at: at(time),
    };
    master
        .commit(&[
            Change::PutLedger(ledger(
                "w",
                10,
                Fate::Ran {
                    instance: "i00".into(),
                },
            )),
            Change::PutLedger(ledger("w", 11, Fate::Held)),
            Change::PutLedger(ledger(
                "w",
                900,
                Fate::Ran {
                    instance: "i09".into(),
                },
            )),
            Change::PutMail(mail("old", MailState::Sent, 10)),
            Change::PutMail(mail("old but due", MailState::Due, 10)),
            Change::PutMail(mail("new", MailState::Abandoned, 900)),
            answer("old", 10),
            answer("new", 900),
        ])
        .await;
    let store = &*master.store;
    // Runs end ten seconds after they were made: i00 to i04 go, of i05 and i06 the logs too.
    let (rounds, _) = forget_all(store, at(500), at(700), 2).await;
    assert!(rounds > 1, "a step is small");
    let page = store
        .instances(&InstanceFilter {
            limit: 100,
            ..InstanceFilter::default()
        })
        .await
        .unwrap();
    let left: Vec<&str> = page
        .items
        .iter()
        .map(|instance| instance.id.instance.as_str())
        .collect();
    assert_eq!(
        left,
        ["i11", "i10", "i09", "i08", "i07", "i06", "i05", "active"]
    );
    assert_eq!(store.run(&"i04".into(), None).await.unwrap(), None);
    assert_eq!(store.attempts(&run_id("i04", 1)).await.unwrap(), []);
    assert_eq!(
        store
            .run(&"i05".into(), None)
            .await
            .unwrap()
            .unwrap()
            .attempts
            .len(),
        1
    );
    for (id, kept) in [
        ("i04", false),
        ("i05", false),
        ("i06", false),
        ("i07", true),
        ("active", true),
    ] {
        assert_eq!(has_logs(store, id).await, kept, "{id}");
    }
    let filter = LedgerFilter {
        coordinator: None,
        workflow: None,
        from: None,
        to: None,
        cursor: None,
        limit: 10,
    };
    let instants: Vec<_> = store
        .ledger(&filter)
        .await
        .unwrap()
        .items
        .iter()
        .map(|row| row.instant)
        .collect();
    assert_eq!(instants, [at(900), at(11)]);
    assert_eq!(store.mail(10).await.unwrap().len(), 2);
    assert_eq!(store.answer("old").await.unwrap(), None);
    assert!(store.answer("new").await.unwrap().is_some());
    let filter = ReadingFilter {
        workflow: None,
        step: None,
        from: None,
        to: None,
        cursor: None,
        limit: 100,
    };
    assert_eq!(
        store.readings(&filter).await.unwrap().items.len(),
        13,
        "readings stay"
    );
}

pub async fn what_is_referred_to_stays(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let hash = |text: &str| ContentHash::of(text.as_bytes());
    let xml = |found: Option<StoredDefinition>| found.map(|definition| definition.xml);
    master.store.put_file(hash("used"), b"used").await.unwrap();
    master.store.put_file(hash("new"), b"new").await.unwrap();
    let first = workflow("w", "/d", "<first/>");
    let mut run = instance("i", "w", InstanceStatus::Running, 1);
    run.definition = first.hash;
    master
        .commit(&[
            Change::PutWorkflow(workflow("w", "/d", "<never run/>")),
            Change::PutCoordinator(coordinator("c", "/d", "<c/>")),
        ])
        .await;
    master
        .commit(&[Change::PutWorkflow(first), Change::PutInstance(run.clone())])
        .await;
    let mut second = workflow("w", "/d", "<second/>");
    second.updated_at = at(50);
    master.commit(&[Change::PutWorkflow(second)]).await;

    forget_all(&*master.store, at(20), at(20), 100).await;
    let state = master.store.active_state().await.unwrap();
    assert_eq!(
        xml(state.definitions.get(&hash("<first/>")).cloned()).as_deref(),
        Some("<first/>"),
        "a run goes by it"
    );
    for (text, kept) in [("<second/>", true), ("<c/>", true), ("<never run/>", false)] {
        let found = xml(master.store.definition(hash(text)).await.unwrap());
        assert_eq!(found.as_deref(), kept.then_some(text));
    }

    run.status = InstanceStatus::Succeeded;
    run.ended_at = Some(at(60));
    master.commit(&[Change::PutInstance(run)]).await;
    forget_all(&*master.store, at(100), at(100), 100).await;
    assert_eq!(master.store.run(&"i".into(), None).await.unwrap(), None);
    assert_eq!(
        master.store.definition(hash("<first/>")).await.unwrap(),
        None
    );
    assert!(
        master.store.has_file(hash("new")).await.unwrap(),
        "it was put just now and may be about to be used"
    );
    assert!(
        master.store.has_file(hash("used")).await.unwrap(),
        "it has a day, too"
    );
}

pub async fn deleting_an_instance_leaves_nothing_of_it(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    put_run(&mut master, "gone", InstanceStatus::Succeeded, 1).await;
    put_run(&mut master, "stays", InstanceStatus::Succeeded, 1).await;
    master
        .commit(&[Change::DeleteInstance("gone".into())])
        .await;
    let store = &*master.store;
    assert_eq!(store.run(&"gone".into(), None).await.unwrap(), None);
    assert_eq!(store.attempts(&run_id("gone", 1)).await.unwrap(), []);
    assert!(!has_logs(store, "gone").await);
    let filter = ReadingFilter {
        workflow: None,
        step: None,
        from: None,
        to: None,
        cursor: None,
        limit: 100,
    };
    assert_eq!(store.readings(&filter).await.unwrap().items.len(), 1);
    assert!(has_logs(store, "stays").await);
    assert_eq!(
        store
            .run(&"stays".into(), None)
            .await
            .unwrap()
            .unwrap()
            .visits
            .len(),
        1
    );
}
