//! Random batches, compared with what the store in memory makes of them.

use std::sync::Arc;

use jiff::Timestamp;
use peerflow_model::{
    AttemptStatus, Change, Fate, InstanceStatus, LinkKind, MailState, VisitStatus,
};

use super::samples::{
    at, attempt, attempt_id, coordinator, file, instance, ledger, link, mail, reading, run_id,
    visit, visit_id, workflow,
};
use super::{Master, Place};
use crate::{InstanceFilter, LedgerFilter, MemoryStore, ReadingFilter, Store};

/// A generator of numbers that repeats from its seed (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[(self.next() % all.len() as u64) as usize].clone()
    }
}

const NAMES: [&str; 6] = ["a", "A", "a ", "每日", "w/1", "w'2"];

/// Records are few, so that changes meet; a run that is not the latest is not put again, as no engine does.
fn change(numbers: &mut Numbers, latest: &mut [u32; 6]) -> Change {
    let slot = numbers.below(6) as usize;
    let id = format!("i{slot}");
    let name = numbers.of(&NAMES);
    let time = numbers.below(50) as i64;
    let run = run_id(&id, latest[slot]);
    let step = visit_id(&run, numbers.of(&NAMES), numbers.below(2) as u32 + 1);
    match numbers.below(22) {
        0 => Change::DeleteWorkflow(name.into()),
        1 | 2 => {
            let mut record = workflow(
                name,
                numbers.of(&["/x", "/x/y", "/z"]),
                numbers.of(&["<a/>", "<b/>", "<c/>"]),
            );
            record.updated_at = at(time);
            record.files = vec![file("f", name.as_bytes())];
            Change::PutWorkflow(record)
        }
        3 => Change::PutCoordinator(coordinator(name, "/x", numbers.of(&["<a/>", "<d/>"]))),
        4 => Change::DeleteCoordinator(name.into()),
        5 => {
            latest[slot] = 1;
            Change::DeleteInstance(id.as_str().into())
        }
        6..=9 => {
            latest[slot] += u32::from(numbers.below(4) == 0);
            use InstanceStatus as S;
            let status = numbers.of(&[
                S::Waiting,
                S::Running,
                S::Running,
                S::Succeeded,
                S::Failed,
                S::Killed,
            ]);
            let mut record = instance(&id, name, status, time);
            record.id = run_id(&id, latest[slot]);
            record.queue_order = numbers.below(1000);
            Change::PutInstance(record)
        }
        10..=12 => {
            let status = numbers.of(&[
                VisitStatus::Pending,
                VisitStatus::Running,
                VisitStatus::Succeeded,
            ]);
            let mut record = visit(&run, "s", 1, status);
            // A sequence number belongs to one visit.
            record.sequence = NAMES
                .iter()
                .position(|name| *name == step.step.as_str())
                .unwrap_or(0) as u32
                * 2
                + step.visit;
            record.id = step;
            Change::PutVisit(record)
        }
        13 | 14 => {
            let status = numbers.of(&[
                AttemptStatus::Running,
                AttemptStatus::Failed,
                AttemptStatus::Lost,
            ]);
            let mut record = attempt(&step, numbers.below(3) as u32 + 1, status);
            record.assigned_at = at(time);
            Change::PutAttempt(record)
        }
        15 => Change::PutReading(reading(
            attempt_id(&id, name, 1),
            name,
            numbers.next() as f64 / 7.0,
            time,
        )),
        16 => {
            let fate = numbers.of(&[
                Fate::Held,
                Fate::Ran {
                    instance: id.as_str().into(),
                },
                Fate::Missed { reason: id.clone() },
            ]);
            Change::PutLedger(ledger(name, time, fate))
        }
        17 => Change::PutMail(mail(
            &id,
            numbers.of(&[MailState::Due, MailState::Sent, MailState::Abandoned]),
            time,
        )),
        18 => Change::PutSetting {
            key: name.to_owned(),
            value: id,
        },
        19 => Change::PutLink(link(
            numbers.of(&[LinkKind::Database, LinkKind::File]),
            name,
        )),
        20 => Change::DeleteLink(link(LinkKind::Database, name).key()),
        _ => Change::PutOffer {
            node: name.to_owned(),
            path: id,
            hash: peerflow_model::ContentHash::of(name.as_bytes()),
        },
    }
}

/// Everything that can be asked, as text.
async fn all(store: &dyn Store) -> String {
    let mut state = store.active_state().await.unwrap();
    state.last_renewed_at = None;
    let mut text = format!("{state:#?}\n");
    for slot in 0..6 {
        for run in [None, Some(1), Some(2)] {
            text.push_str(&format!(
                "{:#?}\n",
                store
                    .run(&format!("i{slot}").as_str().into(), run)
                    .await
                    .unwrap()
            ));
        }
        text.push_str(&format!(
            "{:#?}\n",
            store
                .attempts(&run_id(&format!("i{slot}"), 1))
                .await
                .unwrap()
        ));
    }
    for name in NAMES {
        let instances = InstanceFilter {
            key: Some(name.to_owned()),
            limit: 3,
            ..InstanceFilter::default()
        };
        text.push_str(&format!(
            "{:#?}\n",
            store.instances(&instances).await.unwrap()
        ));
        text.push_str(&format!(
            "{:#?}\n",
            store.workflows(Some(name), None, 4).await.unwrap()
        ));
        text.push_str(&format!("{:#?}\n", store.offers(name).await.unwrap()));
    }
    let ledger = LedgerFilter {
        coordinator: None,
        workflow: None,
        from: None,
        to: Some(at(40)),
        cursor: None,
        limit: 30,
    };
    let readings = ReadingFilter {
        workflow: None,
        step: None,
        from: None,
        to: None,
        cursor: None,
        limit: 5,
    };
    let all = InstanceFilter {
        limit: 100,
        ..InstanceFilter::default()
    };
    text.push_str(&format!(
        "{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n",
        store.instances(&all).await.unwrap(),
        store.ledger(&ledger).await.unwrap(),
        store.readings(&readings).await.unwrap(),
        store.mail(10).await.unwrap(),
        store.due_mail(at(30), 10).await.unwrap(),
        store.settings().await.unwrap(),
        store.directories().await.unwrap(),
        store
            .front(at(0), &jiff::tz::TimeZone::UTC)
            .await
            .unwrap()
            .last_ended,
    ));
    text
}

/// Where two long texts part.
fn difference(left: &str, right: &str) -> Option<String> {
    let mut lines = left.lines().zip(right.lines()).enumerate();
    let (number, _) = lines.find(|(_, (left, right))| left != right).or_else(|| {
        (left.len() != right.len())
            .then_some((left.lines().count().min(right.lines().count()), ("", "")))
    })?;
    let part = |text: &str| {
        text.lines()
            .skip(number.saturating_sub(12))
            .take(20)
            .collect::<Vec<_>>()
            .join("\n")
    };
    Some(format!(
        "memory has\n{}\nthe store has\n{}",
        part(left),
        part(right)
    ))
}

pub async fn random_batches_leave_what_memory_would(place: &dyn Place) {
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new(Timestamp::UNIX_EPOCH));
    let mut model = Master::of(memory).await;
    let mut master = Master::of(place.open().await).await;
    let mut numbers = Numbers(2026);
    let mut latest = [1; 6];
    for round in 0..60 {
        let size = numbers.below(30);
        let changes: Vec<Change> = (0..size)
            .map(|_| change(&mut numbers, &mut latest))
            .collect();
        model.commit(&changes).await;
        master.commit(&changes).await;
        if round % 20 == 19 {
            let gone = model.store.retain(at(12), at(12), 1000).await.unwrap();
            let also = master.store.retain(at(12), at(12), 1000).await.unwrap();
            assert_eq!(gone, also, "rows forgotten in round {round}");
        }
        if let Some(difference) = difference(&all(&*model.store).await, &all(&*master.store).await)
        {
            panic!("round {round}, after {changes:#?}: {difference}");
        }
    }
}
