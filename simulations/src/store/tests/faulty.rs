//! Latency and faults.

use peerflow_store::{CommitError, Error, LeaseLoss, LeaseStore as _};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::store::{Doors, at_once};

const MS: Duration = Duration::from_millis(1);

/// Lets a node run for that long.
fn step(node: &Runtime, time: Duration) {
    node.block_on(async { sleep(time).await });
}

/// Begins a claim on a node, which goes on as the node runs.
fn begin_claim(node: &Runtime, door: &Arc<dyn Store>, holder: &str) -> JoinHandle<bool> {
    let (door, claim) = (Arc::clone(door), claim(holder, 3_600_000));
    let asked = async move { door.acquire(&claim).await.is_ok() };
    let handle = node.spawn(asked);
    step(node, Duration::ZERO);
    handle
}

fn holder(fixture: &Fixture) -> Option<NodeId> {
    let row = at_once(fixture.store.memory().lease()).unwrap().unwrap();
    row.and_then(|row| row.holder)
}

fn reason<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Unavailable { reason, .. }) => reason,
        other => panic!("the store does not answer: {other:?}"),
    }
}

#[test]
fn a_call_takes_its_latency_and_what_slows_it() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    runtime().block_on(async {
        let began = Instant::now();
        door.lease().await.unwrap();
        assert_eq!(began.elapsed(), 10 * MS);
        let slow = fixture.store.slow(Doors::Of("one".into()), 100 * MS);
        let began = Instant::now();
        door.lease().await.unwrap();
        assert_eq!(began.elapsed(), 110 * MS);
        fixture.door("two").lease().await.unwrap();
        assert_eq!(began.elapsed(), 120 * MS, "the other node is not slowed");
        drop(slow);
        door.lease().await.unwrap();
        assert_eq!(began.elapsed(), 130 * MS);
    });
}

#[test]
fn calls_differ_by_the_jitter_at_most() {
    let fixture = Fixture::with(StoreLatency {
        least: 10 * MS,
        jitter: 20 * MS,
    });
    let door = fixture.door("one");
    runtime().block_on(async {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let began = Instant::now();
            door.lease().await.unwrap();
            seen.insert(began.elapsed());
        }
        let most = 32 * MS;
        assert!(seen.len() > 3, "{seen:?}");
        assert!(seen.iter().all(|took| (10 * MS..=most).contains(took)));
    });
}

#[test]
fn a_caller_that_goes_away_leaves_done_what_was_done() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    runtime().block_on(async {
        let asked = claim("one", 3_600_000);
        timeout(4 * MS, door.acquire(&asked)).await.unwrap_err();
        sleep(HOUR).await;
        assert_eq!((holder(&fixture), fixture.history.len()), (None, 0));
        timeout(7 * MS, door.acquire(&asked)).await.unwrap_err();
        assert_eq!(holder(&fixture), Some("one".into()));
        assert_eq!(fixture.told(), ["lease to one, epoch 1"]);
    });
}

#[test]
fn a_stalled_store_goes_on_with_what_hangs() {
    let fixture = Fixture::new();
    let (one, two) = (runtime(), runtime());
    let stall = fixture.store.stall(Doors::All);
    let first = begin_claim(&one, &fixture.door("one"), "one");
    let second = begin_claim(&two, &fixture.door("two"), "two");
    step(&one, Duration::from_secs(9));
    step(&two, Duration::from_secs(11));
    assert!(!first.is_finished() && holder(&fixture).is_none());
    assert!(!two.block_on(second).unwrap(), "10 s without an answer");
    drop(stall);
    step(&one, 10 * MS);
    assert!(one.block_on(first).unwrap());
    assert_eq!(fixture.told(), ["lease to one, epoch 1"]);
}

#[test]
fn a_store_that_stalls_before_its_answer_has_done_the_work() {
    let fixture = Fixture::new();
    let node = runtime();
    let claimed = begin_claim(&node, &fixture.door("one"), "one");
    step(&node, 7 * MS);
    let stall = fixture.store.stall(Doors::Of("one".into()));
    step(&node, HOUR);
    assert!(!node.block_on(claimed).unwrap());
    assert_eq!(holder(&fixture), Some("one".into()));
    drop(stall);
}

#[test]
fn a_refused_call_fails_at_once_and_one_under_way_breaks() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    let node = runtime();
    let under_way = begin_claim(&node, &door, "one");
    let refuse = fixture.store.refuse(Doors::All);
    step(&node, 20 * MS);
    assert!(!node.block_on(under_way).unwrap());
    assert_eq!(holder(&fixture), None);
    node.block_on(async {
        let began = Instant::now();
        let refused = reason(door.ping(HOUR).await);
        assert_eq!(
            (refused.as_str(), began.elapsed()),
            ("connection refused", Duration::ZERO)
        );
        drop(refuse);
        door.ping(HOUR).await.unwrap();
    });
}

#[test]
fn a_cut_concerns_one_node_only() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.door("one"), fixture.door("two"));
    let cut = fixture.store.cut("one".into());
    runtime().block_on(async {
        let began = Instant::now();
        assert_eq!(reason(one.lease().await), "no answer within 5 s");
        assert_eq!(began.elapsed(), 5 * MS + Duration::from_secs(5));
        assert_eq!(
            reason(one.ping(Duration::from_secs(1)).await),
            "no answer within 1000 ms"
        );
        lease_of(&two, "two").await;
        drop(cut);
        assert_eq!(
            one.lease().await.unwrap().unwrap().holder,
            Some("two".into())
        );
    });
}

#[test]
fn faults_of_one_kind_end_one_by_one() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    runtime().block_on(async {
        let first = fixture.store.refuse(Doors::All);
        let second = fixture.store.refuse(Doors::Of("one".into()));
        drop(first);
        assert_eq!(reason(door.lease().await), "connection refused");
        drop(second);
        door.lease().await.unwrap();
    });
}

#[test]
fn a_call_that_fails_before_leaves_nothing_done() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    runtime().block_on(async {
        let lease = lease_of(&door, "one").await;
        let fault = fixture.store.fail_before(Doors::All, 1.0);
        let answer = door.commit(&fence(&lease), &batch("i")).await;
        assert!(matches!(answer, Err(CommitError::Unknown(_))), "{answer:?}");
        assert_eq!(fixture.commits(), 0);
        drop(fault);
        assert!(door.active_state().await.unwrap().runs.is_empty());
    });
}

#[test]
fn a_commit_of_unknown_outcome_is_settled_by_sending_it_again() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    runtime().block_on(async {
        let lease = lease_of(&door, "one").await;
        let fault = fixture.store.fail_after(Doors::Of("one".into()), 1.0);
        for _ in 0..2 {
            let answer = door.commit(&fence(&lease), &batch("i")).await;
            assert!(matches!(answer, Err(CommitError::Unknown(_))), "{answer:?}");
        }
        drop(fault);
        door.commit(&fence(&lease), &batch("i")).await.unwrap();
        assert_eq!(
            fixture.told(),
            [
                "lease to one, epoch 1",
                "commit 1 of one, epoch 1: 1 changes"
            ]
        );
        assert_eq!(door.active_state().await.unwrap().runs.len(), 1);
    });
}

#[test]
fn a_stale_master_is_fenced_and_the_history_says_so() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.door("one"), fixture.door("two"));
    runtime().block_on(async {
        let stale = lease_of(&one, "one").await;
        fixture.clock.advance(HOUR);
        let next = lease_of(&two, "two").await;
        match one.commit(&fence(&stale), &batch("i")).await {
            Err(CommitError::Fenced { loss, .. }) => {
                let taken = LeaseLoss::Taken {
                    by: Some("two".into()),
                    epoch: next.epoch,
                };
                assert_eq!(loss, taken);
            }
            other => panic!("the fence of a former master does not hold: {other:?}"),
        }
        one.release(&stale).await.unwrap();
        two.release(&next).await.unwrap();
        two.release(&next).await.unwrap();
    });
    assert_eq!(
        fixture.told(),
        [
            "lease to one, epoch 1",
            "lease to two, epoch 2",
            "a batch of one is refused, epoch 1",
            "lease released by two, epoch 2",
        ]
    );
}

#[test]
fn what_fails_is_the_same_for_the_same_seed() {
    let outcomes = || {
        let fixture = Fixture::new();
        let door = fixture.door("one");
        let _before = fixture.store.fail_before(Doors::All, 0.3);
        let _after = fixture.store.fail_after(Doors::All, 0.3);
        runtime().block_on(async {
            let mut failed = Vec::new();
            for _ in 0..100 {
                failed.push(door.lease().await.is_err());
            }
            failed
        })
    };
    let first = outcomes();
    assert_eq!(first, outcomes());
    let failed = first.iter().filter(|failed| **failed).count();
    assert!((30..=70).contains(&failed), "about half of 100: {failed}");
}

#[test]
fn a_closed_door_leaves_the_others_open() {
    let fixture = Fixture::new();
    let (former, next) = (fixture.door("one"), fixture.door("one"));
    runtime().block_on(async {
        former.close().await;
        assert_eq!(reason(former.lease().await), "it was closed");
        next.lease().await.unwrap();
    });
}
