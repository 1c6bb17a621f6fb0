//! Checks of the lease.

use futures::future::join_all;
use peerflow_model::Epoch;
use tokio::time::{sleep, timeout};

use super::{Master, PATIENCE, Place, claim};
use crate::{CommitError, Lease, LeaseClaim, Store};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Claims until the lease is had.
async fn acquire_at_last(store: &dyn Store, claim: &LeaseClaim) -> Lease {
    let wait = async {
        loop {
            if let Some(lease) = store.acquire(claim).await.unwrap() {
                return lease;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .expect("an expired lease is given to who asks")
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
        .unwrap();
    assert_eq!(store.acquire(&claim("two", 3_600_000)).await.unwrap(), None);
    let again = LeaseClaim {
        succeeds_itself: true,
        ..claim("two", 3_600_000)
    };
    assert_eq!(
        store.acquire(&again).await.unwrap(),
        None,
        "only an own former life is succeeded"
    );
    assert_eq!(store.acquire(&claim("one", 3_600_000)).await.unwrap(), None);
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
    let first = store.acquire(&claim("one", 40)).await.unwrap().unwrap();
    let next = acquire_at_last(&*store, &claim("two", 3_600_000)).await;
    assert!(
        next.epoch > first.epoch && next.renewals > first.renewals,
        "{first:?} {next:?}"
    );
    assert_eq!(store.renew(&first, HOUR).await.unwrap(), None);
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
        Err(CommitError::Fenced { epoch, stored, .. }) => {
            assert_eq!((epoch, stored), (stale.lease.epoch, next.epoch))
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
        .unwrap();
    let once = store.renew(&first, HOUR).await.unwrap().unwrap();
    assert_eq!(store.renew(&first, HOUR).await.unwrap(), Some(once.clone()));
    let twice = store.renew(&once, HOUR).await.unwrap().unwrap();
    assert_eq!(twice.renewals, first.renewals + 2);
    assert_eq!(
        store.renew(&first, HOUR).await.unwrap(),
        None,
        "two renewals behind is not a lost answer"
    );
}

pub async fn a_former_life_is_succeeded_at_once(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
        .unwrap();
    let again = LeaseClaim {
        succeeds_itself: true,
        ..claim("one", 3_600_000)
    };
    let next = store.acquire(&again).await.unwrap().unwrap();
    assert!(next.epoch > first.epoch);
    assert_eq!(store.renew(&first, HOUR).await.unwrap(), None);
}

pub async fn a_released_lease_is_free_at_once(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
        .unwrap();
    store.release(&first).await.unwrap();
    let row = store.lease().await.unwrap().unwrap();
    assert_eq!(
        (row.holder, row.epoch, row.expired),
        (None, first.epoch, true)
    );
    assert_eq!(store.renew(&first, HOUR).await.unwrap(), None);
    let next = store
        .acquire(&claim("two", 3_600_000))
        .await
        .unwrap()
        .unwrap();
    assert!(next.epoch > first.epoch);
}

pub async fn a_new_epoch_exceeds_all_that_were_seen(place: &dyn Place) {
    let store = place.open().await;
    let seen = LeaseClaim {
        highest_seen: Epoch(41),
        ..claim("one", 3_600_000)
    };
    let first = store.acquire(&seen).await.unwrap().unwrap();
    assert_eq!(first.epoch, Epoch(42));
    store.release(&first).await.unwrap();
    let next = store
        .acquire(&claim("two", 3_600_000))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next.epoch, Epoch(43));
}

pub async fn the_end_of_the_former_mastership_is_told(place: &dyn Place) {
    let store = place.open().await;
    let first = store
        .acquire(&claim("one", 3_600_000))
        .await
        .unwrap()
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
        .unwrap();
    store.renew(&next, HOUR).await.unwrap().unwrap();
    assert_eq!(
        store.active_state().await.unwrap().last_renewed_at,
        Some(ended),
        "the own renewals do not count"
    );
}
