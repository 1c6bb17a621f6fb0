//! Logs through a door.

use async_trait::async_trait;
use peerflow_model::{AttemptId, LogLine};
use peerflow_store::{Error, LogChunk, LogCursor, LogPage, LogSelection, LogStore};

use super::door::Door;

#[async_trait]
impl LogStore for Door {
    async fn append_logs(&self, chunks: &[LogChunk]) -> Result<(), Error> {
        self.call(self.memory().append_logs(chunks)).await?
    }

    async fn logs(
        &self,
        selection: &LogSelection,
        from: LogCursor,
        max_bytes: usize,
    ) -> Result<LogPage, Error> {
        self.call(self.memory().logs(selection, from, max_bytes))
            .await?
    }

    async fn log_tail(
        &self,
        selection: &LogSelection,
        lines: usize,
    ) -> Result<Vec<(AttemptId, LogLine)>, Error> {
        self.call(self.memory().log_tail(selection, lines)).await?
    }
}
