//! Transactions of several statements, tried again when somebody else was in the way.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::SqlStore;
use super::failure::Failure;
use super::pool::Pool;
use super::value::Statement;
use crate::error::Error;

/// For how long a transaction is tried again.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

impl SqlStore {
    /// Does all of `statements` or none; how many rows each matched. They must bear being done twice: a transaction
    /// whose end is unknown is tried once more.
    pub(super) async fn transact(
        &self,
        pool: &Pool,
        statements: &[Statement],
    ) -> Result<Vec<u64>, Error> {
        let started = Instant::now();
        let mut lost = false;
        loop {
            match once(pool, statements).await {
                Ok(counts) => return Ok(counts),
                Err(Failure::Busy(_)) if started.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(Failure::Lost(_)) if !lost && started.elapsed() < PATIENCE => lost = true,
                Err(failure) => return Err(self.error(failure)),
            }
        }
    }
}

async fn once(pool: &Pool, statements: &[Statement]) -> Result<Vec<u64>, Failure> {
    let mut link = pool.take().await?;
    link.begin().await?;
    let mut counts = Vec::with_capacity(statements.len());
    for statement in statements {
        match link.execute(statement).await {
            Ok(count) => counts.push(count),
            Err(failure) => {
                link.roll_back().await;
                return Err(failure);
            }
        }
    }
    link.commit().await?;
    Ok(counts)
}
