//! Many seeds: those that fail, and the report of the first.

use std::ops::RangeInclusive;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use peerflow_simulations::RunError;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::again;
use super::progress::Line;
use super::setting::Setting;
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::output::Output;
use crate::session::Session;

/// A seed that failed.
#[derive(Debug)]
struct Failure {
    seed: u64,
    /// In a line.
    why: String,
    report: String,
}

/// What is known of all seeds.
#[derive(Debug)]
struct Tally {
    began: Instant,
    of: u64,
    done: u64,
    failed: Vec<(u64, String)>,
    /// Of the failed seeds the first, and its report.
    first: Option<(u64, String)>,
    line: Line,
}

/// Runs all `seeds`, several at a time.
pub(super) async fn many(
    session: &Session,
    setting: Setting,
    seeds: RangeInclusive<u64>,
) -> Result<Exit, Error> {
    let output = &session.output;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = setting
        .args
        .jobs
        .and_then(|jobs| usize::try_from(jobs).ok());
    let jobs = jobs.unwrap_or(cores);
    let setting = Arc::new(setting);
    let mut interrupts = Interrupts::new().map_err(|error| Error::Failed(error.to_string()))?;
    let mut stopped = false;
    let mut tally = Tally {
        began: Instant::now(),
        of: seeds.end() - seeds.start() + 1,
        done: 0,
        failed: Vec::new(),
        first: None,
        line: Line::new(),
    };
    let mut to_come = seeds.clone();
    let mut running = JoinSet::new();
    loop {
        while running.len() < jobs
            && let Some(seed) = to_come.next()
        {
            running.spawn(run_one(Arc::clone(&setting), seed));
        }
        tokio::select! {
            biased;
            () = interrupts.next() => {
                stopped = true;
                break;
            }
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok(ended)) => tally.count(output, ended?),
                Some(Err(error)) => return Err(Error::Failed(error.to_string())),
            },
        }
    }
    tally.line.clear();
    tally.conclude(output, &seeds, stopped)
}

/// Runs a seed in a process of its own, since only the first run of a process repeats; what failed, where something did.
async fn run_one(setting: Arc<Setting>, seed: u64) -> Result<Option<Failure>, Error> {
    let failed = |error: std::io::Error| Error::Failed(error.to_string());
    let mut process = tokio::process::Command::new(std::env::current_exe().map_err(failed)?);
    process
        .args(again::arguments(&setting.args, seed))
        .args(["-o", "json"])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = process.output().await.map_err(failed)?;
    if ended.status.success() {
        return Ok(None);
    }
    let mut told = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    if ended.status.code().is_none() {
        told = format!(
            "its process was killed ({}); lower --jobs if memory is short",
            ended.status
        );
    }
    if ended.status.code() == Some(i32::from(Exit::Usage as u8)) {
        // It concerns all seeds.
        return Err(Error::Usage(told));
    }
    let outcome: Value = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    let violation = &outcome["violation"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let why = match (text(&violation["invariant"]), text(&violation["what"])) {
        (Some(invariant), Some(what)) => format!("{invariant} is broken: {what}"),
        _ => told.clone(),
    };
    let report = text(&outcome["report"]).unwrap_or_else(|| {
        let command = again::command(&setting.args, seed);
        let commit = super::commit();
        format!(
            "seed     {seed}\ncommit   {commit}\nbroken   {told}\n\nTo see it again:\n\n    {command}\n"
        )
    });
    Ok(Some(Failure { seed, why, report }))
}

impl Tally {
    /// One more is done.
    fn count(&mut self, output: &Output, failure: Option<Failure>) {
        let language = output.language;
        self.done += 1;
        if let Some(Failure { seed, why, report }) = failure {
            self.line.clear();
            output.note(&language.simulate_seed_failed(seed, &why));
            self.failed.push((seed, why));
            if self.first.as_ref().is_none_or(|(first, _)| seed < *first) {
                self.first = Some((seed, report));
            }
        }
        let told = language.simulate_seeds(self.done, self.of, self.failed.len());
        if self.line.is_terminal() {
            self.line.show(&told);
        } else if self.done * 10 / self.of > (self.done - 1) * 10 / self.of {
            output.note(&told);
        }
    }

    fn per_hour(&self) -> u64 {
        let took = self.began.elapsed().max(Duration::from_millis(1));
        let per_hour = u128::from(self.done) * 3_600_000 / took.as_millis().max(1);
        u64::try_from(per_hour).unwrap_or(u64::MAX)
    }

    fn conclude(
        mut self,
        output: &Output,
        seeds: &RangeInclusive<u64>,
        stopped: bool,
    ) -> Result<Exit, Error> {
        let language = output.language;
        self.failed.sort_unstable();
        let told = language.simulate_all(self.done, self.failed.len(), self.per_hour());
        if output.is_table() {
            if let Some((_, report)) = &self.first {
                output.text(&format!("{report}\n"))?;
            }
            output.text(&told)?;
        } else {
            let failed = self.failed.iter();
            let failed: Vec<_> = failed
                .map(|(seed, why)| json!({"seed": seed, "why": why}))
                .collect();
            output.raw(&json!({
                "first": seeds.start(),
                "last": seeds.end(),
                "done": self.done,
                "failed": failed,
                "seeds_per_hour": self.per_hour(),
                "report": self.first.as_ref().map(|(_, report)| report),
            }))?;
        }
        if stopped {
            return Err(Error::Failed(
                language.told(&RunError::Stopped.to_string()).into_owned(),
            ));
        }
        Ok(if self.failed.is_empty() {
            Exit::Done
        } else {
            Exit::Failed
        })
    }
}
