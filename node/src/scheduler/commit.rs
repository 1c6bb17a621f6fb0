//! Makes a batch durable, however often it takes.

use std::time::Duration;

use peerflow_model::Change;
use peerflow_store::CommitError;
use tokio::time::{Instant, sleep, timeout};

use super::service::TermOver;
use super::term::Term;

/// After this time a commit that has not come back counts as trouble.
const SLOW_COMMIT: Duration = Duration::from_secs(2);
/// Pauses between tries of a batch whose outcome is unknown.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Term<'_> {
    /// Sends the batch until its outcome is known, or the lease is over: then it is fenced unless it was done, and the next
    /// term finds out.
    pub(super) async fn commit(&mut self, changes: &[Change]) -> Result<(), TermOver> {
        let began = Instant::now();
        let fence = self.mandate.fence();
        let mut pause = FIRST_PAUSE;
        loop {
            let scheduler = &*self.scheduler;
            let epoch = self.mandate.epoch();
            let commit = scheduler.store.commit(&fence, changes);
            tokio::pin!(commit);
            let slow = sleep(SLOW_COMMIT);
            let slow = async {
                slow.await;
                scheduler.is_in_trouble(
                    Some(epoch),
                    "the store has not answered a commit for 2 s".to_owned(),
                );
                std::future::pending::<()>().await;
            };
            let outcome = tokio::select! {
                biased;
                outcome = &mut commit => outcome,
                () = scheduler.stop.cancelled() => match timeout(SLOW_COMMIT, &mut commit).await {
                    Ok(outcome) => outcome,
                    Err(_elapsed) => return Err(TermOver::Stopped),
                },
                () = self.mandate.over() => return Err(lease_over()),
                () = slow => continue,
            };
            match outcome {
                Ok(()) => {
                    self.mandate.committed();
                    scheduler.metrics.committed(changes.len(), began.elapsed());
                    scheduler.is_well(epoch);
                    return Ok(());
                }
                Err(CommitError::Unknown(error)) => {
                    tracing::warn!(%error, changes = changes.len(), "the outcome of a commit is unknown; sending it again");
                    scheduler.metrics.commit_retried();
                    scheduler
                        .is_in_trouble(Some(epoch), format!("the store is in trouble: {error}"));
                }
                Err(error @ CommitError::Fenced { .. }) => {
                    return Err(TermOver::SteppedDown {
                        reason: error.to_string(),
                    });
                }
                Err(error @ CommitError::Refused(_)) => {
                    return Err(TermOver::CannotGoOn {
                        reason: error.to_string(),
                    });
                }
            }
            tokio::select! {
                biased;
                () = scheduler.stop.cancelled() => return Err(TermOver::Stopped),
                () = self.mandate.over() => return Err(lease_over()),
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }
}

/// This node must act no more, whatever became of the batch.
pub(super) fn lease_over() -> TermOver {
    TermOver::SteppedDown {
        reason: "the lease could not be renewed in time".to_owned(),
    }
}
