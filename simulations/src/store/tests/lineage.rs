//! Backups and restorations.

use peerflow_store::Claimed;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Commits that many batches.
async fn commit(door: &Arc<dyn Store>, lease: &mut Lease, count: usize) {
    for _ in 0..count {
        door.commit(&fence(lease), &batch("i")).await.unwrap();
        lease.commit_seq += 1;
    }
}

/// Takes the lease over from an own former life that had come as far as `seen`; whether the store went back.
async fn succeed(door: &Arc<dyn Store>, seen: &Lease) -> (Lease, bool) {
    let claim = LeaseClaim {
        seen: Sighting::from(seen),
        succeeds_itself: true,
        ..claim(seen.holder.as_str(), 3_600_000)
    };
    match door.acquire(&claim).await.unwrap() {
        Claimed::Granted { lease, went_back } => (lease, went_back),
        Claimed::Held(row) => panic!("an own former life is succeeded: {row:?}"),
    }
}

#[test]
fn a_restored_store_has_an_older_row_and_the_next_master_finds_out() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    runtime().block_on(async {
        let mut lease = lease_of(&door, "one").await;
        commit(&door, &mut lease, 1).await;
        fixture.store.take_backup();
        fixture.clock.advance(SECOND);
        commit(&door, &mut lease, 2).await;
        assert_eq!(fixture.store.restore(SECOND), Some(2));
        let row = door.lease().await.unwrap().unwrap();
        assert_eq!((row.epoch, row.commit_seq), (lease.epoch, 1));
        let (next, went_back) = succeed(&door, &lease).await;
        assert!(went_back && next.epoch > lease.epoch);
    });
    assert_eq!(
        fixture.told()[4..],
        [
            "the store goes back to commit 1",
            "lease to one, epoch 2, went back"
        ]
    );
}

#[test]
fn commits_are_counted_without_those_that_a_restoration_lost() {
    let fixture = Fixture::new();
    let door = fixture.door("one");
    let back_up = || {
        fixture.store.take_backup();
        fixture.clock.advance(SECOND);
    };
    runtime().block_on(async {
        let mut lease = lease_of(&door, "one").await;
        commit(&door, &mut lease, 2).await;
        back_up();
        commit(&door, &mut lease, 3).await;
        back_up();
        commit(&door, &mut lease, 1).await;
        assert_eq!(fixture.store.restore(2 * SECOND), Some(4));
        let (mut lease, _) = succeed(&door, &lease).await;
        commit(&door, &mut lease, 1).await;
        assert_eq!(
            fixture.store.restore(SECOND),
            Some(1),
            "the newer backup is of a past that is lost"
        );
        let (mut lease, _) = succeed(&door, &lease).await;
        commit(&door, &mut lease, 5).await;
        back_up();
        commit(&door, &mut lease, 1).await;
        assert_eq!(fixture.store.restore(SECOND), Some(1));
    });
    let all = fixture.history.all();
    let restored = all.iter().filter_map(|entry| match entry.what {
        What::Restored { commits } => Some(commits),
        _ => None,
    });
    assert_eq!(restored.collect::<Vec<_>>(), [2, 2, 7]);
}

#[test]
fn without_a_backup_of_that_age_nothing_is_restored() {
    let fixture = Fixture::new();
    assert_eq!(fixture.store.restore(Duration::ZERO), None);
    for _ in 0..33 {
        fixture.store.take_backup();
        fixture.clock.advance(SECOND);
    }
    assert_eq!(fixture.store.restore(33 * SECOND), None, "32 are kept");
    assert!(fixture.history.is_empty());
    assert_eq!(fixture.store.restore(32 * SECOND), Some(0));
}
