//! Logs in a store in memory.

use async_trait::async_trait;
use peerflow_model::{AttemptId, LogLine, RunId};

use super::MemoryStore;
use super::state::State;
use crate::error::Error;
use crate::logs::{LogChunk, LogCursor, LogPage, LogSelection, LogStore};

fn wanted(selection: &LogSelection, attempt: &AttemptId) -> bool {
    selection
        .step
        .as_ref()
        .is_none_or(|step| *step == attempt.visit.step)
        && selection
            .attempt
            .is_none_or(|wanted| wanted == (attempt.visit.visit, attempt.attempt))
}

/// The chunks of a selection, each with its place.
fn selected<'a>(state: &'a State, selection: &'a LogSelection) -> Vec<(u64, &'a LogChunk)> {
    let first = RunId {
        instance: selection.instance.clone(),
        run: 0,
    };
    let mut runs = state
        .logs
        .range(first..)
        .take_while(|(id, _)| id.instance == selection.instance)
        .filter(|(id, _)| selection.run.is_none_or(|run| run == id.run));
    let chunks = |log: &'a super::state::RunLog| -> Vec<(u64, &'a LogChunk)> {
        let placed = (1..).zip(&log.chunks);
        placed
            .filter(|(_, chunk)| wanted(selection, &chunk.attempt))
            .collect()
    };
    let mut latest = Vec::new();
    for (_, log) in runs.by_ref() {
        let found = chunks(log);
        if !found.is_empty() {
            latest = found;
        }
    }
    latest
}

#[async_trait]
impl LogStore for MemoryStore {
    async fn append_logs(&self, chunks: &[LogChunk]) -> Result<(), Error> {
        chunks
            .iter()
            .try_for_each(|chunk| crate::limits::attempt(&chunk.attempt))?;
        let mut state = self.state();
        for chunk in chunks {
            let log = state
                .logs
                .entry(chunk.attempt.visit.run.clone())
                .or_default();
            if log.seen.insert((chunk.attempt.clone(), chunk.sequence)) {
                log.chunks.push(chunk.clone());
            }
        }
        Ok(())
    }

    async fn logs(
        &self,
        selection: &LogSelection,
        from: LogCursor,
        max_bytes: usize,
    ) -> Result<LogPage, Error> {
        let state = self.state();
        let mut page = LogPage {
            chunks: Vec::new(),
            next: from,
            more: false,
        };
        let mut bytes = 0;
        for (place, chunk) in selected(&state, selection)
            .into_iter()
            .filter(|(place, _)| *place > from.0)
        {
            let size: usize = chunk.lines.iter().map(|line| line.text.len()).sum();
            if !page.chunks.is_empty() && bytes + size > max_bytes {
                page.more = true;
                break;
            }
            bytes += size;
            page.next = LogCursor(place);
            page.chunks.push(chunk.clone());
        }
        Ok(page)
    }

    async fn log_tail(
        &self,
        selection: &LogSelection,
        lines: usize,
    ) -> Result<Vec<(AttemptId, LogLine)>, Error> {
        let state = self.state();
        let all: Vec<_> = selected(&state, selection)
            .into_iter()
            .flat_map(|(_, chunk)| {
                chunk
                    .lines
                    .iter()
                    .map(|line| (chunk.attempt.clone(), line.clone()))
            })
            .collect();
        Ok(all[all.len().saturating_sub(lines)..].to_vec())
    }
}
