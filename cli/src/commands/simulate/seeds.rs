//! Many seeds: those that fail, and the report of the first.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use peerflow_simulations::{RunError, Watch, run_watched};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::ending::Ending;
use super::one::not_run;
use super::progress::Line;
use super::setting::Setting;
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::output::Output;
use crate::session::Session;

/// Columns of the report of a failure where there is no terminal.
const WIDTH: u16 = 160;

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
    let watch = Watch::default();
    let mut tally = Tally {
        began: Instant::now(),
        of: seeds.end() - seeds.start() + 1,
        done: 0,
        failed: Vec::new(),
        first: None,
        line: Line::new(),
    };
    let width = output.terminal.width().unwrap_or(WIDTH);
    let mut to_come = seeds.clone();
    let mut running = JoinSet::new();
    loop {
        while running.len() < jobs && !watch.stops() {
            let Some(seed) = to_come.next() else { break };
            let (setting, watch) = (Arc::clone(&setting), watch.clone());
            running.spawn_blocking(move || run_one(&setting, seed, watch, width.into()));
        }
        tokio::select! {
            biased;
            () = interrupts.next() => watch.stop(),
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok(Ok(failure))) => tally.count(output, failure),
                Some(Ok(Err(RunError::Stopped))) => {}
                Some(Ok(Err(error))) => {
                    watch.stop();
                    while running.join_next().await.is_some() {}
                    return Err(not_run(output.language, &error));
                }
                Some(Err(error)) => return Err(Error::Failed(error.to_string())),
            },
        }
    }
    tally.line.clear();
    tally.conclude(output, &seeds, watch.stops())
}

/// Runs a seed; what failed, where something did. That a run cannot be made at all is an error of its own, since it
/// concerns all seeds; that one breaks off or does not come up is a failure of that seed.
fn run_one(
    setting: &Setting,
    seed: u64,
    watch: Watch,
    width: usize,
) -> Result<Option<Failure>, RunError> {
    match run_watched(setting.options(seed), watch) {
        Ok(outcome) => {
            let Some(violation) = &outcome.violation else {
                return Ok(None);
            };
            let report = Ending::of(setting, &outcome).failure(width);
            Ok(Some(Failure {
                seed,
                why: violation.to_string(),
                report: report.unwrap_or_default(),
            }))
        }
        Err(error @ (RunError::SetUp { .. } | RunError::Panicked { .. })) => {
            let command = super::again::command(&setting.args, seed);
            let commit = super::commit();
            Ok(Some(Failure {
                seed,
                why: error.to_string(),
                report: format!(
                    "seed     {seed}\ncommit   {commit}\nbroken   {error}\n\nTo see it again:\n\n    {command}\n"
                ),
            }))
        }
        Err(error) => Err(error),
    }
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
