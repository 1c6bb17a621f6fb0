//! Logs: each chunk gets its place in the log of its run while the run's row is locked, so that who reads on from a
//! place misses none.

use std::borrow::Cow;
use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_model::{AttemptId, LogLevel, LogLine, RunId};
use tokio::time::{Instant, sleep};

use super::SqlStore;
use super::failure::Failure;
use super::records::{attempt_key, unknown};
use super::rows::{Rows, Table, by_keys};
use super::transaction::{PATIENCE, PAUSE};
use super::value::{Row, Statement, Value};
use crate::error::Error;
use crate::logs::{LogChunk, LogCursor, LogPage, LogSelection, LogStore};

static LOG_RUNS: Table = Table {
    name: "log_runs",
    columns: "instance, run, places",
    width: 3,
};
static LOG_CHUNKS: Table = Table {
    name: "log_chunks",
    columns: "instance, run, place, step, visit, attempt, sequence, line_count, size, body",
    width: 10,
};

/// Lines as text: level, time since the line before in microseconds, bytes, then the line itself.
fn encode(lines: &[LogLine]) -> Vec<u8> {
    let text: usize = lines.iter().map(|line| line.text.len() + 16).sum();
    let mut body = Vec::with_capacity(text);
    let mut before = 0;
    for line in lines {
        let at = line.at.as_microsecond();
        let level = &line.level.as_str()[..1];
        body.extend_from_slice(format!("{level}{} {} ", at - before, line.text.len()).as_bytes());
        body.extend_from_slice(line.text.as_bytes());
        body.push(b'\n');
        before = at;
    }
    body
}

fn decode(mut body: &[u8]) -> Option<Vec<LogLine>> {
    let mut lines = Vec::new();
    let mut at = 0_i64;
    while let Some((level, rest)) = body.split_first() {
        let level = match level {
            b'D' => LogLevel::Debug,
            b'I' => LogLevel::Info,
            b'W' => LogLevel::Warn,
            b'E' => LogLevel::Error,
            _ => return None,
        };
        let (since, rest) = number(rest)?;
        let (length, rest) = number(rest)?;
        let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        at = at.checked_add(since)?;
        let text = std::str::from_utf8(text).ok()?.to_owned();
        lines.push(LogLine {
            at: Timestamp::from_microsecond(at).ok()?,
            level,
            text,
        });
        body = rest.strip_prefix(b"\n")?;
    }
    Some(lines)
}

fn number(text: &[u8]) -> Option<(i64, &[u8])> {
    let end = text.iter().position(|byte| *byte == b' ')?;
    let number = std::str::from_utf8(&text[..end]).ok()?.parse().ok()?;
    Some((number, &text[end + 1..]))
}

fn chunk(row: &Row) -> Result<(u64, LogChunk), Failure> {
    let run = RunId {
        instance: row.text(1)?.into(),
        run: row.count(2)?,
    };
    let visit = peerflow_model::VisitId {
        run,
        step: row.text(3)?.into(),
        visit: row.count(4)?,
    };
    let attempt = AttemptId {
        visit,
        attempt: row.count(5)?,
    };
    let lines = decode(row.bytes(7)?)
        .ok_or_else(|| unknown(&format!("a chunk of the log of {attempt}")))?;
    Ok((
        row.unsigned(0)?,
        LogChunk {
            attempt,
            sequence: row.count(6)?,
            lines,
        },
    ))
}

const CHUNK_COLUMNS: &str = "place, instance, run, step, visit, attempt, sequence, body";

/// The condition of a selection in a run, with its values.
fn selected(selection: &LogSelection, run: u32) -> (String, Vec<Value>) {
    let mut sql = "instance = ? AND run = ?".to_owned();
    let mut values = vec![selection.instance.as_str().into(), run.into()];
    narrow(selection, &mut sql, &mut values);
    (sql, values)
}

fn narrow(selection: &LogSelection, sql: &mut String, values: &mut Vec<Value>) {
    if let Some(step) = &selection.step {
        sql.push_str(" AND step = ?");
        values.push(step.as_str().into());
    }
    if let Some((visit, attempt)) = selection.attempt {
        sql.push_str(" AND visit = ? AND attempt = ?");
        values.extend([visit.into(), attempt.into()]);
    }
}

impl SqlStore {
    /// The run asked for, or the latest that has any of the selection.
    async fn log_run(&self, selection: &LogSelection) -> Result<Option<u32>, Failure> {
        if selection.run.is_some() {
            return Ok(selection.run);
        }
        let mut sql = "SELECT MAX(run) FROM log_chunks WHERE instance = ?".to_owned();
        let mut values = vec![selection.instance.as_str().into()];
        narrow(selection, &mut sql, &mut values);
        let rows = self.log_read.take().await?.fetch(&sql, &values).await?;
        match rows.first() {
            Some(row) if row.optional_int(0)?.is_some() => row.count(0).map(Some),
            _ => Ok(None),
        }
    }

    async fn append_once(
        &self,
        runs: &[Statement],
        look: &[Statement],
        chunks: &[LogChunk],
    ) -> Result<(), Failure> {
        let mut link = self.log_write.take().await?;
        link.begin().await?;
        let append = async {
            for statement in runs {
                link.execute(statement).await?;
            }
            let mut places: BTreeMap<RunId, i64> = BTreeMap::new();
            for statement in look {
                for row in link.fetch(&statement.sql, &statement.values).await? {
                    places.insert(
                        RunId {
                            instance: row.text(0)?.into(),
                            run: row.count(1)?,
                        },
                        row.int(2)?,
                    );
                }
            }
            for statement in placed(&mut places, chunks).statements(self.dialect().insert_new(), "")
            {
                link.execute(&statement).await?;
            }
            Ok(())
        };
        match append.await {
            Ok(()) => link.commit().await,
            Err(failure) => {
                link.roll_back().await;
                Err(failure)
            }
        }
    }

    /// Chunks of a selection around a place: after it, or the last ones before it, at most `count`.
    async fn chunks(
        &self,
        (sql, values): &(String, Vec<Value>),
        from: u64,
        forward: bool,
        count: usize,
    ) -> Result<Vec<(u64, LogChunk)>, Failure> {
        let (sign, order) = if forward { (">", "ASC") } else { ("<", "DESC") };
        let sql = format!(
            "SELECT {CHUNK_COLUMNS} FROM log_chunks WHERE {sql} AND place {sign} ? ORDER BY place {order} LIMIT {count}"
        );
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let values: Vec<Value> = values.iter().cloned().chain([from.into()]).collect();
        let rows = self.log_read.take().await?.fetch(&sql, &values).await?;
        rows.iter()
            .map(chunk)
            .collect::<Result<_, _>>()
            .map_err(|failure| failure.of("log_chunks"))
    }

    async fn read_logs(
        &self,
        selection: &LogSelection,
        from: LogCursor,
        max_bytes: usize,
    ) -> Result<LogPage, Failure> {
        let mut page = LogPage {
            chunks: Vec::new(),
            next: from,
            more: false,
        };
        let Some(run) = self.log_run(selection).await? else {
            return Ok(page);
        };
        let selected = selected(selection, run);
        let mut bytes = 0;
        // A few at first, because a chunk may be large.
        let mut count = 4;
        loop {
            let found = self.chunks(&selected, page.next.0, true, count).await?;
            let last = found.len() < count;
            for (place, chunk) in found {
                let size: usize = chunk.lines.iter().map(|line| line.text.len()).sum();
                if !page.chunks.is_empty() && bytes + size > max_bytes {
                    page.more = true;
                    return Ok(page);
                }
                bytes += size;
                page.next = LogCursor(place);
                page.chunks.push(chunk);
            }
            if last {
                return Ok(page);
            }
            count = (count * 2).min(64);
        }
    }

    async fn read_tail(
        &self,
        selection: &LogSelection,
        lines: usize,
    ) -> Result<Vec<(AttemptId, LogLine)>, Failure> {
        let mut reversed = Vec::new();
        let Some(run) = self.log_run(selection).await? else {
            return Ok(reversed);
        };
        let selected = selected(selection, run);
        let mut before = u64::MAX;
        while reversed.len() < lines {
            let found = self.chunks(&selected, before, false, 4).await?;
            let Some((first, _)) = found.last() else {
                break;
            };
            before = *first;
            for (_, chunk) in found {
                let LogChunk { attempt, lines, .. } = chunk;
                reversed.extend(lines.into_iter().rev().map(|line| (attempt.clone(), line)));
            }
        }
        reversed.truncate(lines);
        reversed.reverse();
        Ok(reversed)
    }
}

/// Rows of chunks; `places` holds the last place of each run, of which as many were taken as it has chunks here.
fn placed(places: &mut BTreeMap<RunId, i64>, chunks: &[LogChunk]) -> Rows {
    let mut counts: BTreeMap<&RunId, i64> = BTreeMap::new();
    for chunk in chunks {
        *counts.entry(&chunk.attempt.visit.run).or_default() += 1;
    }
    for (run, count) in counts {
        if let Some(place) = places.get_mut(run) {
            *place -= count;
        }
    }
    let mut rows = Rows::new(&LOG_CHUNKS);
    for chunk in chunks {
        let place = places.entry(chunk.attempt.visit.run.clone()).or_default();
        *place += 1;
        let [instance, run, step, visit, attempt] = attempt_key(&chunk.attempt);
        let body = encode(&chunk.lines);
        let lines = i64::try_from(chunk.lines.len()).unwrap_or(i64::MAX);
        let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
        rows.push([
            instance,
            run,
            Value::Int(*place),
            step,
            visit,
            attempt,
            chunk.sequence.into(),
            lines.into(),
            size.into(),
            body.into(),
        ]);
    }
    rows
}

/// How many places each run needs, in the order of their keys, so that two writers lock them in the same order.
fn wanted(chunks: &[LogChunk]) -> BTreeMap<Cow<'_, RunId>, i64> {
    let mut runs = BTreeMap::new();
    for chunk in chunks {
        *runs
            .entry(Cow::Borrowed(&chunk.attempt.visit.run))
            .or_default() += 1;
    }
    runs
}

#[async_trait]
impl LogStore for SqlStore {
    async fn append_logs(&self, chunks: &[LogChunk]) -> Result<(), Error> {
        chunks
            .iter()
            .try_for_each(|chunk| crate::limits::attempt(&chunk.attempt))?;
        if chunks.is_empty() {
            return Ok(());
        }
        let wanted = wanted(chunks);
        let key =
            |run: &RunId| -> Vec<Value> { vec![run.instance.as_str().into(), run.run.into()] };
        let counts = wanted
            .iter()
            .map(|(run, count)| key(run).into_iter().chain([(*count).into()]).collect());
        let end = self.dialect().or_add("instance, run", "places");
        let runs = Rows::of(&LOG_RUNS, counts).statements("INSERT INTO", &end);
        let keys: Vec<_> = wanted.keys().map(|run| key(run)).collect();
        let dialect = self.dialect();
        let look = by_keys(
            dialect,
            "SELECT instance, run, places FROM log_runs WHERE (instance, run) IN ({keys})",
            &keys,
        );
        let started = Instant::now();
        let mut lost = false;
        loop {
            match self.append_once(&runs, &look, chunks).await {
                Ok(()) => return Ok(()),
                Err(Failure::Busy(_)) if started.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(Failure::Lost(_)) if !lost && started.elapsed() < PATIENCE => lost = true,
                Err(failure) => return Err(self.error(failure)),
            }
        }
    }

    async fn logs(
        &self,
        selection: &LogSelection,
        from: LogCursor,
        max_bytes: usize,
    ) -> Result<LogPage, Error> {
        self.read_logs(selection, from, max_bytes)
            .await
            .map_err(|failure| self.error(failure))
    }

    async fn log_tail(
        &self,
        selection: &LogSelection,
        lines: usize,
    ) -> Result<Vec<(AttemptId, LogLine)>, Error> {
        self.read_tail(selection, lines)
            .await
            .map_err(|failure| self.error(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_written() {
        let line = |at, level, text: &str| LogLine {
            at: Timestamp::from_microsecond(at).unwrap(),
            level,
            text: text.to_owned(),
        };
        let lines = [
            line(1_700_000_000_123_000, LogLevel::Info, "plain"),
            line(1_700_000_000_000_000, LogLevel::Error, "I1 2 \n每日😀\r\0"),
            line(-5, LogLevel::Debug, ""),
            line(0, LogLevel::Warn, " 7 "),
        ];
        assert_eq!(decode(&encode(&lines)).unwrap(), lines);
        assert_eq!(decode(b"").unwrap(), []);
    }

    #[test]
    fn a_broken_body_is_found_out() {
        for body in [
            "X1 1 a\n",
            "I1 9 a\n",
            "I1 1 ab",
            "I1 -1 a\n",
            "I",
            "I1 1 a\nE",
            "I9999999999999999999 1 a\n",
        ] {
            assert_eq!(decode(body.as_bytes()), None, "{body}");
        }
    }
}
