//! A door without faults is a store like any other.

use std::time::Duration;

use async_trait::async_trait;
use peerflow_store::contract::Place;
use tokio::task::JoinSet;

use super::*;

/// One store, and the world's time, which goes on with the test's.
struct Behind {
    fixture: Fixture,
    _time: JoinSet<()>,
}

impl Behind {
    fn new() -> Self {
        let fixture = Fixture::with(StoreLatency::default());
        let clock = fixture.clock.clone();
        let mut time = JoinSet::new();
        time.spawn(async move {
            let quantum = Duration::from_millis(1);
            let mut ticks = tokio::time::interval(quantum);
            loop {
                ticks.tick().await;
                clock.advance(quantum);
            }
        });
        Self {
            fixture,
            _time: time,
        }
    }
}

#[async_trait]
impl Place for Behind {
    async fn open(&self) -> Arc<dyn Store> {
        self.fixture.door("one")
    }

    async fn put_back(&self, to: Sighting) {
        self.fixture.store.memory().put_back(to);
    }
}

peerflow_store::contract_suite!(behind_a_door, Behind::new());
