//! Ends of attempts that no master has confirmed yet: kept in a file, so that they survive the end of the process.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use peerflow_actions::{TaskEnd, TaskResult};
use peerflow_engine::{AttemptResult, Report};
use peerflow_model::{AttemptId, DataReading};
use serde::{Deserialize, Serialize};

/// The file is written anew when it is larger than this and most of it is confirmed.
const COMPACT_BYTES: u64 = 4 * 1024 * 1024;

/// The end of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    attempt: AttemptId,
    result: Ended,
    exit_code: Option<i32>,
    message: String,
    started_at: Option<Timestamp>,
    ended_at: Timestamp,
    readings: Vec<DataReading>,
    warning: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Succeeded,
    Failed,
    Killed,
    TimedOut,
    Revoked,
    Moved,
}

impl Outcome {
    /// The end of an attempt; `moved`: this node goes in order, so one that was revoked is not lost.
    pub(crate) fn new(attempt: AttemptId, end: TaskEnd, moved: bool) -> Self {
        Self {
            attempt,
            result: match end.result {
                TaskResult::Succeeded => Ended::Succeeded,
                TaskResult::Failed => Ended::Failed,
                TaskResult::Killed => Ended::Killed,
                TaskResult::TimedOut => Ended::TimedOut,
                TaskResult::Revoked if moved => Ended::Moved,
                TaskResult::Revoked => Ended::Revoked,
            },
            exit_code: end.exit_code,
            message: end.message,
            started_at: end.started_at,
            ended_at: end.ended_at,
            readings: end.readings,
            warning: end.warning,
        }
    }

    pub(crate) fn result(&self) -> AttemptResult {
        match self.result {
            Ended::Succeeded => AttemptResult::Succeeded,
            Ended::Failed => AttemptResult::Failed,
            Ended::Killed => AttemptResult::Killed,
            Ended::TimedOut => AttemptResult::TimedOut,
            Ended::Revoked => AttemptResult::Revoked,
            Ended::Moved => AttemptResult::Moved,
        }
    }

    /// As the engine is told.
    pub(crate) fn report(&self) -> Report {
        Report::Ended {
            result: self.result(),
            exit_code: self.exit_code,
            message: self.message.clone(),
            started_at: self.started_at,
            ended_at: self.ended_at,
            readings: self.readings.clone(),
            warning: self.warning.clone(),
        }
    }
}

/// All unconfirmed outcomes, in memory and in a journal: one JSON text a line, written but not flushed to the disk
/// (an outcome must survive the process, not a power cut: then its attempt counts as lost and runs again). The
/// journal is emptied whenever nothing waits, so it stays small.
#[derive(Debug)]
pub(crate) struct Outcomes {
    path: PathBuf,
    journal: File,
    bytes: u64,
    /// Its bytes when it was last written anew.
    compacted: u64,
    waiting: BTreeMap<AttemptId, Outcome>,
}

impl Outcomes {
    /// Opens the journal in `data_dir`; outcomes of an earlier life wait in it.
    pub(crate) fn open(data_dir: &Path) -> std::io::Result<Self> {
        let dir = data_dir.join("outcomes");
        fs::create_dir_all(&dir)?;
        let path = dir.join("journal");
        let waiting = read(&path)?;
        let journal = OpenOptions::new().create(true).append(true).open(&path)?;
        let mut outcomes = Self {
            path,
            journal,
            bytes: 0,
            compacted: 0,
            waiting,
        };
        outcomes.rewrite()?;
        Ok(outcomes)
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&AttemptId, &Outcome)> {
        self.waiting.iter()
    }

    pub(crate) fn get(&self, attempt: &AttemptId) -> Option<&Outcome> {
        self.waiting.get(attempt)
    }

    /// Keeps an outcome until it is confirmed. One that cannot be written is kept in memory only, and said so.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        if let Err(error) = self.append(&outcome) {
            tracing::error!(%error, attempt = %outcome.attempt,
                "cannot write an outcome to the data directory; it is lost if this node ends before it is confirmed");
        }
        self.waiting.insert(outcome.attempt.clone(), outcome);
    }

    /// Forgets a confirmed one.
    pub(crate) fn confirm(&mut self, attempt: &AttemptId) {
        if self.waiting.remove(attempt).is_none() {
            return;
        }
        let grown = self.bytes > COMPACT_BYTES.max(2 * self.compacted);
        if (self.waiting.is_empty() && self.bytes > 0) || grown {
            // A confirmed outcome that stays in the journal is reported once more by the next life, without effect.
            if let Err(error) = self.rewrite() {
                tracing::warn!(%error, "cannot shorten the journal of outcomes");
            }
        }
    }

    fn append(&mut self, outcome: &Outcome) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(outcome)?;
        line.push(b'\n');
        if let Err(error) = self.journal.write_all(&line) {
            // What was written of it must not spoil the next one.
            self.journal.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Makes the journal hold what waits and nothing else.
    fn rewrite(&mut self) -> std::io::Result<()> {
        if self.waiting.is_empty() {
            self.journal.set_len(0)?;
            (self.bytes, self.compacted) = (0, 0);
            return Ok(());
        }
        let mut text = Vec::new();
        for outcome in self.waiting.values() {
            serde_json::to_writer(&mut text, outcome)?;
            text.push(b'\n');
        }
        let new = self.path.with_extension("new");
        fs::write(&new, &text)?;
        fs::rename(&new, &self.path)?;
        self.journal = OpenOptions::new().append(true).open(&self.path)?;
        self.bytes = text.len() as u64;
        self.compacted = self.bytes;
        Ok(())
    }
}

fn read(path: &Path) -> std::io::Result<BTreeMap<AttemptId, Outcome>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut waiting = BTreeMap::new();
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        match serde_json::from_slice::<Outcome>(line) {
            Ok(outcome) => {
                waiting.insert(outcome.attempt.clone(), outcome);
            }
            // The end of a life cut it short: it was not reported either, so its attempt is found lost.
            Err(error) => tracing::warn!(%error, "dropped a damaged outcome"),
        }
    }
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use peerflow_model::{RunId, VisitId};

    use super::*;

    fn outcome(attempt: u32) -> Outcome {
        let run = RunId {
            instance: "i".into(),
            run: 1,
        };
        let visit = VisitId {
            run,
            step: "步骤".into(),
            visit: 1,
        };
        let end = TaskEnd {
            result: TaskResult::Failed,
            exit_code: Some(3),
            message: "exit code 3\nsecond line".to_owned(),
            started_at: None,
            ended_at: Timestamp::UNIX_EPOCH,
            readings: Vec::new(),
            warning: None,
        };
        Outcome::new(AttemptId { visit, attempt }, end, false)
    }

    #[test]
    fn unconfirmed_outcomes_survive_and_confirmed_ones_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut outcomes = Outcomes::open(dir.path()).unwrap();
        for attempt in 1..=3 {
            outcomes.add(outcome(attempt));
        }
        outcomes.confirm(&outcome(2).attempt);
        drop(outcomes);
        let mut outcomes = Outcomes::open(dir.path()).unwrap();
        // Number 2 may still be in the journal; the others must.
        assert_eq!(outcomes.get(&outcome(1).attempt), Some(&outcome(1)));
        assert_eq!(outcomes.get(&outcome(3).attempt), Some(&outcome(3)));
        for attempt in 1..=3 {
            outcomes.confirm(&outcome(attempt).attempt);
        }
        assert_eq!(
            fs::metadata(dir.path().join("outcomes/journal"))
                .unwrap()
                .len(),
            0
        );
        assert_eq!(Outcomes::open(dir.path()).unwrap().len(), 0);
    }

    #[test]
    fn a_line_cut_short_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let mut outcomes = Outcomes::open(dir.path()).unwrap();
        outcomes.add(outcome(1));
        outcomes.add(outcome(2));
        drop(outcomes);
        let path = dir.path().join("outcomes/journal");
        let length = fs::metadata(&path).unwrap().len();
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length - 5)
            .unwrap();
        let mut outcomes = Outcomes::open(dir.path()).unwrap();
        assert_eq!(outcomes.len(), 1);
        outcomes.add(outcome(3));
        drop(outcomes);
        assert_eq!(Outcomes::open(dir.path()).unwrap().len(), 2);
    }
}
