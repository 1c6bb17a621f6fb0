//! Batches of scheduling changes, behind the fence.

use peerflow_model::{Change, Epoch, NodeId};
use tokio::time::{Instant, sleep};

use super::SqlStore;
use super::batch::{Batch, delete_logs};
use super::failure::Failure;
use super::lease::number;
use super::transaction::{PATIENCE, PAUSE};
use super::value::Statement;
use crate::error::CommitError;
use crate::lease::{Fence, LeaseLoss, Sighting};

/// Moves `commit_seq`, which locks the row until the end of the transaction; keeps the largest queue order too.
const MOVE: &str = "UPDATE lease SET commit_seq = commit_seq + 1, \
    queue_order = CASE WHEN queue_order < ? THEN ? ELSE queue_order END \
    WHERE name = 'master' AND holder = ? AND epoch = ? AND commit_seq = ?";
const LOOK: &str = "SELECT holder, epoch, commit_seq FROM lease WHERE name = 'master'";

enum Outcome {
    Done,
    /// The fence does not hold; what the row says.
    Missed {
        holder: Option<NodeId>,
        epoch: u64,
        commit_seq: u64,
    },
}

/// The refusal of a batch by what the row says.
fn fenced(fence: &Fence, holder: Option<NodeId>, stored: Epoch, found: u64) -> CommitError {
    let row = Sighting {
        epoch: stored,
        renewals: 0,
        commit_seq: found,
    };
    CommitError::Fenced {
        epoch: fence.epoch,
        stored,
        expected: fence.commit_seq,
        found,
        loss: LeaseLoss::of(&fence.holder, fence.into(), holder, row, false),
    }
}

impl SqlStore {
    pub(super) async fn commit_batch(
        &self,
        fence: &Fence,
        changes: &[Change],
    ) -> Result<(), CommitError> {
        crate::limits::check(changes).map_err(CommitError::Refused)?;
        let batch = Batch::new(changes);
        let orders = number(batch.queue_order).map_err(CommitError::Refused)?;
        let epoch = number(fence.epoch.0).map_err(CommitError::Refused)?;
        let commit_seq = number(fence.commit_seq).map_err(CommitError::Refused)?;
        let values = [
            orders.into(),
            orders.into(),
            fence.holder.as_str().into(),
            epoch.into(),
            commit_seq.into(),
        ];
        let gone: Vec<_> = batch.deleted_instances.iter().copied().collect();
        let mut statements = vec![Statement::new(MOVE, values)];
        statements.extend(batch.statements(self.dialect()));

        self.commit_settled(fence, &statements).await?;
        if !gone.is_empty()
            && let Err(error) = self
                .transact(&self.log_write, &delete_logs(self.dialect(), gone))
                .await
        {
            tracing::warn!(%error, "logs of deleted instances stay until the next clean-up");
        }
        Ok(())
    }

    /// Sends the batch until its outcome is known: only one of several sendings can pass the fence. Gives up when the
    /// store stays away.
    async fn commit_settled(
        &self,
        fence: &Fence,
        statements: &[Statement],
    ) -> Result<(), CommitError> {
        let started = Instant::now();
        let mut lost = false;
        loop {
            match self.commit_once(statements).await {
                Ok(Outcome::Done) => return Ok(()),
                Ok(Outcome::Missed {
                    holder: Some(holder),
                    epoch,
                    commit_seq,
                }) if holder == fence.holder
                    && epoch == fence.epoch.0
                    && commit_seq == fence.commit_seq + 1 =>
                {
                    return Ok(());
                }
                Ok(Outcome::Missed {
                    holder,
                    epoch,
                    commit_seq,
                }) => return Err(fenced(fence, holder, Epoch(epoch), commit_seq)),
                Err(Failure::Busy(_)) if started.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(Failure::Lost(_)) if !lost && started.elapsed() < PATIENCE => lost = true,
                Err(failure @ (Failure::Limit(_) | Failure::Configuration(_))) => {
                    return Err(CommitError::Refused(self.error(failure)));
                }
                Err(failure) => return Err(CommitError::Unknown(self.error(failure))),
            }
        }
    }

    async fn commit_once(&self, statements: &[Statement]) -> Result<Outcome, Failure> {
        let mut link = self.commit.take().await?;
        link.begin().await?;
        for (position, statement) in statements.iter().enumerate() {
            match link.execute(statement).await {
                // Only the fence must match; it is the first.
                Ok(0) if position == 0 => {
                    let rows = link.fetch(LOOK, &[]).await;
                    link.roll_back().await;
                    return match rows?.first() {
                        None => Ok(Outcome::Missed {
                            holder: None,
                            epoch: 0,
                            commit_seq: 0,
                        }),
                        Some(row) => Ok(Outcome::Missed {
                            holder: row.optional_text(0)?.map(Into::into),
                            epoch: row.unsigned(1)?,
                            commit_seq: row.unsigned(2)?,
                        }),
                    };
                }
                Ok(_) => {}
                Err(failure) => {
                    link.roll_back().await;
                    return Err(failure);
                }
            }
        }
        link.commit().await?;
        Ok(Outcome::Done)
    }
}
