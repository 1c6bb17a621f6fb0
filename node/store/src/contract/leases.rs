//! Checks of the lease.

use futures::future::join_all;
use peerflow_model::{Change, Epoch, Restoration};
use tokio::time::{sleep, timeout};

use super::{Master, PATIENCE, Place, claim};
use crate::{Claimed, CommitError, Lease, LeaseClaim, LeaseLoss, Sighting, Store};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Claims until the lease is had.
async fn acquire_at_last(store: &dyn Store, claim: &LeaseClaim) -> Lease {
    let wait = async {
        loop {
            if let Some(lease) = store.acquire(claim).await.unwrap().granted() {
                return lease;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .expect("an expired lease is given to who asks")
}

/// Whether somebody else's lease is in the way, and how long it holds is told.
async fn is_refused(store: &dyn Store, claim: &LeaseClaim) -> bool {
    match store.acquire(claim).await.unwrap() {
        Claimed::Held(row) => !row.remaining.is_zero() && row.remaining <= HOUR,
        Claimed::Granted { .. } => false,
    }
}

pub async fn a_new_store_has_no_master(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.lease().await.unwrap(), None);
    assert_eq!(
        store.active_state().await.unwrap(),
        peerflow_model::ActiveState::default()
    );
    store.ping(Duration::from_secs(10)).await.unwrap();
}

pub async fn of_many_claimants_one_gets_the_lease(place: &dyn Place) {
    let stores = join_all((0..5).map(|_| place.open())).await;
    for round in 0..3 {
        let tries = (0..50).map(|n| {
            let store = &stores[n % stores.len()];
            async move {
                store
                    .acquire(&claim(&format!("node-{n}"), 3_600_000))
                    .await
                    .unwrap()
                    .granted()
            }
        });
        let won: Vec<Lease> = join_all(tries).await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(won[0].epoch, Epoch(round + 1));
        let row = stores[0].lease().await.unwrap().unwrap();
        assert_eq!(
            (row.holder.as_ref(), row.epoch, row.expired),
            (Some(&won[0].holder), won[0].epoch, false)
        );
        stores[0].release(&won[0]).await.unwrap();
    }
}

pub async fn a_held_lease_is_refused_to_others(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    assert!(is_refused(&*store, &claim("two", 3_600_000)).await);
    let again = LeaseClaim {
        succeeds_itself: true,
        ..claim("two", 3_600_000)
    };
    assert!(
        is_refused(&*store, &again).await,
        "only an own former life is succeeded"
    );
    assert!(is_refused(&*store, &claim("one", 3_600_000)).await);
    let renewed = store.renew(&first, HOUR).await.unwrap().unwrap();
    assert_eq!(
        (renewed.epoch, renewed.renewals),
        (first.epoch, first.renewals + 1)
    );
    let row = store.lease().await.unwrap().unwrap();
    assert_eq!((row.renewals, row.expired), (renewed.renewals, false));
}

pub async fn a_lease_that_is_not_renewed_goes_to_the_next(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 40))
        .await
        .unwrap()
        .granted()
        .unwrap();
    let next = acquire_at_last(&*store, &claim("two", 3_600_000)).await;
    assert!(
        next.epoch > first.epoch && next.renewals > first.renewals,
        "{first:?} {next:?}"
    );
    assert!(store.renew(&first, HOUR).await.unwrap().is_err());
    store.release(&first).await.unwrap();
    assert_eq!(
        store.lease().await.unwrap().unwrap().holder,
        Some("two".into())
    );

    let stale = Master {
        store,
        lease: first,
    };
    match stale.store.commit(&stale.fence(), &[]).await {
        Err(CommitError::Fenced {
            epoch,
            stored,
            loss,
            ..
        }) => {
            assert_eq!((epoch, stored), (stale.lease.epoch, next.epoch));
            let taken = LeaseLoss::Taken {
                by: Some("two".into()),
                epoch: stored,
            };
            assert_eq!(loss, taken);
        }
        other => panic!("a stale epoch is refused: {other:?}"),
    }
}

pub async fn a_renewal_whose_answer_was_lost_counts(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    let once = store.renew(&first, HOUR).await.unwrap().unwrap();
    assert_eq!(store.renew(&first, HOUR).await.unwrap(), Ok(once.clone()));
    let twice = store.renew(&once, HOUR).await.unwrap().unwrap();
    assert_eq!(twice.renewals, first.renewals + 2);
    assert!(
        store.renew(&first, HOUR).await.unwrap().is_err(),
        "two renewals behind is not a lost answer"
    );
}

pub async fn a_former_life_is_succeeded_at_once(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    let again = LeaseClaim {
        succeeds_itself: true,
        ..claim("one", 3_600_000)
    };
    let next = store.acquire(&again).await.unwrap().granted().unwrap();
    assert!(next.epoch > first.epoch);
    assert!(store.renew(&first, HOUR).await.unwrap().is_err());
}

pub async fn a_released_lease_is_free_at_once(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    store.release(&first).await.unwrap();
    let row = store.lease().await.unwrap().unwrap();
    assert_eq!(
        (row.holder, row.epoch, row.expired),
        (None, first.epoch, true)
    );
    assert!(store.renew(&first, HOUR).await.unwrap().is_err());
    let next = store
        .acquire(&claim("two", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    assert!(next.epoch > first.epoch);
}

pub async fn a_new_epoch_exceeds_all_that_were_seen(place: &dyn Place) {
    let store = place.open().await;
    let seen = LeaseClaim {
        seen: Epoch(41).into(),
        ..claim("one", 3_600_000)
    };
    let first = store.acquire(&seen).await.unwrap().granted().unwrap();
    assert_eq!(first.epoch, Epoch(42));
    store.release(&first).await.unwrap();
    let next = store
        .acquire(&claim("two", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    assert_eq!(next.epoch, Epoch(43));
}

pub async fn the_end_of_the_former_mastership_is_told(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    assert_eq!(
        store.active_state().await.unwrap().last_renewed_at,
        None,
        "nobody was master before"
    );
    let first = store.renew(&first, HOUR).await.unwrap().unwrap();
    store.release(&first).await.unwrap();
    let ended = store.lease().await.unwrap().unwrap().expires_at;
    assert_eq!(
        store.active_state().await.unwrap().last_renewed_at,
        Some(ended)
    );
    let next = store
        .acquire(&claim("two", 3_600_000))
        .await
        .unwrap()
        .granted()
        .unwrap();
    store.renew(&next, HOUR).await.unwrap().unwrap();
    assert_eq!(
        store.active_state().await.unwrap().last_renewed_at,
        Some(ended),
        "the own renewals do not count"
    );
}

pub async fn a_lost_lease_says_why(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 30))
        .await
        .unwrap()
        .granted()
        .unwrap();
    let wait = async {
        loop {
            match store.renew(&first, Duration::from_millis(1)).await.unwrap() {
                Err(loss) => return loss,
                Ok(_renewed) => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    let loss = timeout(PATIENCE, wait).await.expect("it runs out");
    assert_eq!(loss, LeaseLoss::Expired);
    let next = acquire_at_last(&*store, &claim("two", 3_600_000)).await;
    assert_eq!(
        store.renew(&first, HOUR).await.unwrap(),
        Err(LeaseLoss::Taken {
            by: Some("two".into()),
            epoch: next.epoch
        })
    );
    store.release(&next).await.unwrap();
    assert_eq!(
        store.renew(&next, HOUR).await.unwrap(),
        Err(LeaseLoss::Taken {
            by: None,
            epoch: next.epoch
        })
    );
}

pub async fn a_store_that_went_back_is_noticed_by_its_master(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let old = Sighting::from(&master.lease);
    master.commit(&[]).await;
    place.put_back(old).await;
    let went_back = LeaseLoss::WentBack { epoch: old.epoch };
    // Fewer commits under the same epoch.
    match master.store.commit(&master.fence(), &[]).await {
        Err(CommitError::Fenced { loss, .. }) => assert_eq!(loss, went_back),
        other => panic!("a row that lacks a commit went back: {other:?}"),
    }
    // Fewer renewals under the same epoch.
    let renewed = master.store.renew(&master.lease, HOUR).await.unwrap();
    let again = master.store.renew(&renewed.unwrap(), HOUR).await.unwrap();
    place.put_back(old).await;
    assert_eq!(
        master.store.renew(&again.unwrap(), HOUR).await.unwrap(),
        Err(went_back)
    );
    // An older epoch.
    place.put_back(Sighting::default()).await;
    let went_back = LeaseLoss::WentBack { epoch: Epoch(0) };
    assert_eq!(
        master.store.renew(&master.lease, HOUR).await.unwrap(),
        Err(went_back.clone())
    );
    match master.store.commit(&master.fence(), &[]).await {
        Err(CommitError::Fenced { loss, .. }) => assert_eq!(loss, went_back),
        other => panic!("a row of an older epoch went back: {other:?}"),
    }
}

pub async fn a_store_that_went_back_is_remembered_until_it_is_dealt_with(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let old = Sighting::from(&master.lease);
    let renewed = master.store.renew(&master.lease, HOUR).await.unwrap();
    let seen = Sighting::from(&renewed.unwrap());
    master.store.release(&master.lease).await.unwrap();
    let whole = LeaseClaim {
        seen,
        ..claim("two", 3_600_000)
    };
    let Claimed::Granted { lease, went_back } = master.store.acquire(&whole).await.unwrap() else {
        panic!("the lease was released");
    };
    assert!(!went_back, "the row has come as far as was seen");
    master.store.release(&lease).await.unwrap();
    let row = master.store.lease().await.unwrap().unwrap();
    assert_eq!((row.restoration, row.remaining), (None, Duration::ZERO));

    place.put_back(old).await;
    let again = LeaseClaim {
        succeeds_itself: true,
        seen,
        ..claim("one", 3_600_000)
    };
    let Claimed::Granted { lease, went_back } = master.store.acquire(&again).await.unwrap() else {
        panic!("an own former life is succeeded");
    };
    assert!(went_back);
    let row = master.store.lease().await.unwrap().unwrap();
    let found = row.restoration.unwrap();
    assert_eq!((found.epoch, found.last_queue_order), (lease.epoch, None));
    // That master dies before it writes anything: the next one is told too.
    master.store.release(&lease).await.unwrap();
    let next = claim("three", 3_600_000);
    let Claimed::Granted { lease, went_back } = master.store.acquire(&next).await.unwrap() else {
        panic!("the lease was released");
    };
    assert!(!went_back, "it was found out before");
    let state = master.store.active_state().await.unwrap();
    assert_eq!(state.restoration, Some(found.clone()));
    master.lease = lease;
    let dealt = Restoration {
        last_queue_order: Some(7),
        ..found
    };
    master
        .commit(&[Change::PutRestoration(Some(dealt.clone()))])
        .await;
    let state = master.store.active_state().await.unwrap();
    assert_eq!(state.restoration, Some(dealt));
    master.commit(&[Change::PutRestoration(None)]).await;
    assert_eq!(
        master.store.lease().await.unwrap().unwrap().restoration,
        None
    );
}
