//! The last moment of a load, which is not broken off lightly: what was asked for may be done all the same.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use crate::attempt::{Attempt, Unsuccessful};

/// How long the end of a load may take once the attempt must stop.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What became of the end of a load.
pub(super) enum End<T> {
    /// It has an answer.
    Done(T),
    /// It has an answer, and the attempt had to stop meanwhile.
    DoneThough(T, Unsuccessful),
    /// The attempt must stop, and there is no answer.
    Unknown(Unsuccessful),
}

/// Does the end of a load. When the attempt must stop meanwhile it is waited for, for a while.
pub(super) async fn shielded<T>(
    attempt: &mut Attempt<'_>,
    work: impl Future<Output = T>,
) -> End<T> {
    let mut work = std::pin::pin!(work);
    let stopped = tokio::select! {
        biased;
        done = &mut work => return End::Done(done),
        stopped = attempt.stop.stopped() => stopped,
    };
    match timeout(PATIENCE, work).await {
        Ok(done) => End::DoneThough(done, stopped),
        Err(_elapsed) => End::Unknown(stopped),
    }
}

/// The end of an attempt that was stopped when its rows were in place already.
pub(super) fn too_late(stopped: Unsuccessful) -> Unsuccessful {
    let message = format!(
        "{}; its rows were in place already, <after> was not run",
        stopped.message
    );
    Unsuccessful { message, ..stopped }
}
