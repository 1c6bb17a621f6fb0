use std::collections::BTreeSet;

use jiff::Timestamp;
use peerflow_model::Incarnation;
use peerflow_store::{LeaseStore, MemoryStore};
use rand::SeedableRng;
use tokio::time::{sleep, sleep_until};

use super::*;
use crate::data_dir::DataDir;
use crate::identity::NodeIdentity;

const TTL: Duration = Duration::from_secs(2);

fn identity() -> NodeIdentity {
    NodeIdentity {
        id: "follower".into(),
        incarnation: Incarnation(1),
        version: "0.1.0",
        started_at: Timestamp::UNIX_EPOCH,
        labels: BTreeSet::new(),
        slots: 1,
        http: None,
        rpc: None,
        cluster_name: "test".to_owned(),
        hosts: BTreeSet::new(),
    }
}

/// Nothing is ever told here by gossip, as if the master had died between its renewal and its next round.
#[tokio::test]
async fn a_renewal_that_was_never_told_puts_nothing_off() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, _lock) = DataDir::open(dir.path()).unwrap();
    let store = Arc::new(MemoryStore::new(Timestamp::UNIX_EPOCH));
    let claim = LeaseClaim {
        holder: "master".into(),
        ttl: TTL,
        seen: Sighting::from(Epoch(0)),
        succeeds_itself: true,
    };
    let claimed = store.acquire(&claim).await.unwrap();
    assert!(matches!(claimed, Claimed::Granted { .. }));
    let config = ElectionConfig {
        ttl: TTL,
        renew_every: TTL / 4,
    };
    let epoch = HighestEpoch::open(Arc::new(data_dir)).unwrap();
    let cluster = ClusterHandle::alone(&identity());
    let hearing = Hearing::new(TTL);
    let mut election = Election::new(store, config, epoch, cluster, hearing);
    let mut random = SmallRng::seed_from_u64(1);
    // The row is read when it holds for a shorter time than progress told by gossip is trusted.
    sleep(TTL / 2).await;
    let Step::Follow { master, until } = election.step(true, &mut random).await else {
        panic!("the master holds the lease");
    };
    assert_eq!(master, "master".into());
    sleep_until(until).await;
    let step = election.step(true, &mut random).await;
    assert!(
        matches!(step, Step::Elected(_)),
        "the lease is over: {step:?}"
    );
}
