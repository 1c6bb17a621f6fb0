//! A node that is asked to go: drained by an operator, or stopped with the whole cluster.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::worker::WorkerHandle;

/// How a node goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It stays.
    #[default]
    Stays,
    /// It takes no new attempts, and leaves when those that run have ended.
    Drains,
    /// The same, but what runs is killed now, to run again elsewhere.
    Moves,
    /// It stops as all others do: nobody takes over.
    ShutsDown,
}

/// What this node was asked. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departures {
    wish: Arc<watch::Sender<Departure>>,
}

impl Departures {
    /// What was asked last.
    pub(crate) fn current(&self) -> Departure {
        *self.wish.borrow()
    }

    /// Asks this node to go, or to stay after all. A shutdown cannot be taken back.
    pub(crate) fn ask(&self, departure: Departure) {
        self.wish.send_if_modified(|wish| {
            let changes = *wish != departure && *wish != Departure::ShutsDown;
            if changes {
                *wish = departure;
            }
            changes
        });
    }

    /// Tells when something else is asked.
    pub(crate) fn watch(&self) -> watch::Receiver<Departure> {
        self.wish.subscribe()
    }
}

/// Does what this node was asked about its going. Owned and run by the node.
#[derive(Debug)]
pub(crate) struct Departing {
    pub(crate) departures: Departures,
    pub(crate) worker: WorkerHandle,
    /// Cancelled once the node shall stop.
    pub(crate) gone: CancellationToken,
}

impl Departing {
    /// Runs until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut wish = self.departures.watch();
        let watching = async {
            loop {
                let departure = *wish.borrow_and_update();
                tokio::select! {
                    biased;
                    changed = wish.changed() => if changed.is_err() { return },
                    () = self.follow(departure) => {
                        self.gone.cancel();
                        return;
                    }
                }
            }
        };
        stop.run_until_cancelled(watching).await;
        stop.cancelled().await;
    }

    /// Returns once the node shall stop.
    async fn follow(&self, departure: Departure) {
        match departure {
            Departure::Stays => {
                self.worker.drain(false).await;
                return std::future::pending().await;
            }
            Departure::ShutsDown => return,
            Departure::Drains => self.worker.drain(true).await,
            Departure::Moves => {
                self.worker.drain(true).await;
                let reason = "its node leaves the cluster; the task runs again elsewhere";
                self.worker.revoke(reason.to_owned()).await;
            }
        }
        tracing::info!(
            running = self.worker.running(),
            "this node is drained: it leaves when nothing runs here any more"
        );
        self.worker
            .wait_for(|load| load.running == 0 && load.unconfirmed == 0)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_can_be_taken_back_and_a_shutdown_cannot() {
        let departures = Departures::default();
        departures.ask(Departure::Drains);
        departures.ask(Departure::Stays);
        assert_eq!(departures.current(), Departure::Stays);
        departures.ask(Departure::ShutsDown);
        departures.ask(Departure::Stays);
        assert_eq!(departures.current(), Departure::ShutsDown);
    }
}
