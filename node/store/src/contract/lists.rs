//! Checks of lists that are read a page at a time, of mail and of files.

use peerflow_model::{
    AttemptId, Change, ContentHash, CoordinatorKey, CoordinatorKind, Fate, LedgerGap, MailState,
};

use super::samples::{at, ledger, mail, reading, run_id, visit_id, workflow_key};
use super::{Master, Place};
use crate::{Error, LedgerFilter, ReadingFilter};

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
