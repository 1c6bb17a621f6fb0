//! Checks of lists of instances and of the front page.

use std::collections::BTreeSet;

use jiff::civil::date;
use jiff::tz::TimeZone;
use peerflow_model::{Change, Instance, InstanceStatus};

use super::samples::{at, instance, run_id, workflow};
use super::{Master, Place};
use crate::{Cursor, Error, InstanceFilter, Store};

async fn ids(store: &dyn Store, filter: InstanceFilter) -> Vec<String> {
    let page = store
        .instances(&InstanceFilter {
            limit: 100,
            ..filter
        })
        .await
        .unwrap();
    page.items
        .iter()
        .map(|instance| instance.id.instance.as_str().to_owned())
        .collect()
}

pub async fn instances_are_found_by_each_filter(place: &dyn Place) {
    use InstanceStatus as S;
    let mut master = Master::of(place.open().await).await;
    let mut other = workflow("日报 b", "/d", "<b/>");
    other.creator = "bob".to_owned();
    let mut changes = vec![
        Change::PutWorkflow(workflow("日报 a", "/d", "<a/>")),
        Change::PutWorkflow(other),
    ];
    for (id, name, status, created) in [
        ("i1", "日报 a", S::Succeeded, 10),
        ("i2", "日报 b", S::Failed, 20),
        ("i3", "日报 a", S::Killed, 30),
        ("i4", "日报 b", S::Running, 40),
        ("j5", "unregistered", S::Waiting, 50),
    ] {
        changes.push(Change::PutInstance(instance(id, name, status, created)));
    }
    master.commit(&changes).await;
    let store = &*master.store;
    let all = InstanceFilter::default;
    assert_eq!(ids(store, all()).await, ["j5", "i4", "i3", "i2", "i1"]);
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                from: Some(at(20)),
                to: Some(at(40)),
                ..all()
            }
        )
        .await,
        ["i3", "i2"]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                creator: Some("bob".to_owned()),
                ..all()
            }
        )
        .await,
        ["i4", "i2"]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                status: vec![S::Killed, S::Succeeded],
                ..all()
            }
        )
        .await,
        ["i3", "i1"]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                workflow: Some("日报 a".into()),
                ..all()
            }
        )
        .await,
        ["i3", "i1"]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                workflow: Some("日报".into()),
                ..all()
            }
        )
        .await,
        [""; 0]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                key: Some("报 b".to_owned()),
                ..all()
            }
        )
        .await,
        ["i4", "i2"]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                key: Some("i".to_owned()),
                ..all()
            }
        )
        .await,
        ["j5", "i4", "i3", "i2", "i1"]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                key: Some("j5".to_owned()),
                ..all()
            }
        )
        .await,
        ["j5"]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                key: Some("5".to_owned()),
                ..all()
            }
        )
        .await,
        [""; 0]
    );
    assert_eq!(
        ids(
            store,
            InstanceFilter {
                key: Some("%".to_owned()),
                ..all()
            }
        )
        .await,
        [""; 0]
    );
    let both = InstanceFilter {
        creator: Some("ada".to_owned()),
        status: vec![S::Killed],
        key: Some("日".to_owned()),
        ..all()
    };
    assert_eq!(ids(store, both).await, ["i3"]);
    for nonsense in ["", "x", "1", "1/%", "99999999999999999999/a"] {
        let wrong = InstanceFilter {
            cursor: Some(Cursor(nonsense.to_owned())),
            ..all()
        };
        assert!(
            matches!(store.instances(&wrong).await, Err(Error::Cursor(_))),
            "{nonsense}"
        );
    }
}

pub async fn pages_of_instances_miss_and_repeat_none(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let statuses = [
        InstanceStatus::Succeeded,
        InstanceStatus::Running,
        InstanceStatus::Failed,
    ];
    // Many of the same time, so that the id decides.
    let row = |n: usize| instance(&format!("i{n:03}"), "w", statuses[n % 3], (n / 10) as i64);
    master
        .commit(
            &(0..100)
                .map(|n| Change::PutInstance(row(n)))
                .collect::<Vec<_>>(),
        )
        .await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let filter = InstanceFilter {
            cursor,
            limit: 7,
            ..InstanceFilter::default()
        };
        let page = master.store.instances(&filter).await.unwrap();
        assert!(page.items.len() <= 7 && !page.items.is_empty());
        seen.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        // What comes while one reads is not on later pages.
        let newer = instance(
            &format!("new{}", seen.len()),
            "w",
            InstanceStatus::Running,
            1000,
        );
        master.commit(&[Change::PutInstance(newer)]).await;
    }
    let mut expected: Vec<Instance> = (0..100).map(row).collect();
    expected.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    assert_eq!(seen, expected);
    let page = master
        .store
        .instances(&InstanceFilter {
            limit: 5000,
            ..InstanceFilter::default()
        })
        .await
        .unwrap();
    assert_eq!(page.items.len(), 114);
}

pub async fn the_front_page_counts_by_day(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let zone = TimeZone::get("Asia/Kathmandu").unwrap();
    let since = date(2026, 1, 2)
        .at(0, 0, 0, 0)
        .to_zoned(zone.clone())
        .unwrap()
        .timestamp();
    let mut changes = Vec::new();
    let mut put = |id: &str, status, ended: Option<i64>| {
        let mut record = instance(id, "w", status, 1);
        record.ended_at =
            ended.map(|second| jiff::Timestamp::from_second(since.as_second() + second).unwrap());
        changes.push(Change::PutInstance(record));
    };
    use InstanceStatus as S;
    put("before", S::Succeeded, Some(-1));
    put("at", S::Succeeded, Some(0));
    put("last second", S::Failed, Some(86_399));
    put("next day", S::Killed, Some(86_400));
    put("next day too", S::Succeeded, Some(86_401));
    put("waits", S::Waiting, None);
    put("runs", S::Running, None);
    put("runs too", S::Running, None);
    master.commit(&changes).await;
    let front = master.store.front(since, &zone).await.unwrap();
    assert_eq!(front.days[0], (date(2026, 1, 2), 1, 1, 0));
    assert_eq!(front.days[1], (date(2026, 1, 3), 1, 0, 1));
    assert!(
        front.days[2..]
            .iter()
            .all(|day| (day.1, day.2, day.3) == (0, 0, 0)),
        "{:?}",
        front.days
    );
    let dates: Vec<_> = front.days.iter().map(|day| day.0).collect();
    assert!(
        dates
            .windows(2)
            .all(|pair| pair[0].tomorrow().unwrap() == pair[1]),
        "{dates:?}"
    );
    assert_eq!((front.waiting, front.running), (1, 2));
    let ids = |all: &[Instance]| -> Vec<String> {
        all.iter()
            .map(|i| i.id.instance.as_str().to_owned())
            .collect()
    };
    assert_eq!(
        ids(&front.last_ended),
        ["next day too", "next day", "last second", "at", "before"]
    );
    assert_eq!(ids(&front.active), ["runs", "runs too", "waits"]);
}

pub async fn a_rerun_hides_the_run_before(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let first = instance("i", "w", InstanceStatus::Failed, 1);
    let mut second = instance("i", "w", InstanceStatus::Running, 5);
    second.id = run_id("i", 2);
    master.commit(&[Change::PutInstance(first.clone())]).await;
    master.commit(&[Change::PutInstance(second.clone())]).await;
    let all = InstanceFilter {
        limit: 10,
        ..InstanceFilter::default()
    };
    assert_eq!(
        master.store.instances(&all).await.unwrap().items,
        [second.clone()]
    );
    let mut third = second.clone();
    third.id = run_id("i", 3);
    second.status = InstanceStatus::Succeeded;
    // In one batch too, in either order.
    master
        .commit(&[
            Change::PutInstance(third.clone()),
            Change::PutInstance(second.clone()),
        ])
        .await;
    assert_eq!(
        master.store.instances(&all).await.unwrap().items,
        [third.clone()]
    );
    assert_eq!(
        master
            .store
            .run(&"i".into(), None)
            .await
            .unwrap()
            .unwrap()
            .instance,
        third
    );
    assert_eq!(
        master
            .store
            .run(&"i".into(), Some(1))
            .await
            .unwrap()
            .unwrap()
            .instance,
        first
    );
    assert_eq!(master.store.run(&"i".into(), Some(9)).await.unwrap(), None);
    let runs: BTreeSet<u32> = master
        .store
        .active_state()
        .await
        .unwrap()
        .runs
        .iter()
        .map(|run| run.instance.id.run)
        .collect();
    assert_eq!(runs, BTreeSet::from([3]));
}

pub async fn the_last_queue_order_outlives_its_instance(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let ordered = |id: &str, order| {
        let mut record = instance(id, "w", InstanceStatus::Waiting, 1);
        record.queue_order = order;
        Change::PutInstance(record)
    };
    master
        .commit(&[ordered("a", 3), ordered("b", 9), ordered("c", 4)])
        .await;
    master
        .commit(&[ordered("d", 5), Change::DeleteInstance("b".into())])
        .await;
    assert_eq!(
        master.store.active_state().await.unwrap().last_queue_order,
        9
    );
}
