//! One seed: run, timeline, summary, page, and the report of a failure.

use std::time::Duration;

use peerflow_simulations::report::Terminal;
use peerflow_simulations::{Outcome, RunError, RunOptions, VirtualTime, Watch, run_watched, trace};

use super::ending::Ending;
use super::progress::Line;
use super::setting::Setting;
use super::write;
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::language::Language;
use crate::session::Session;

/// How often it is told how far a run is.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// Columns where there is no terminal.
const WIDTH: u16 = 120;

/// Runs one seed and shows it.
pub(super) async fn one(session: &Session, setting: &Setting) -> Result<Exit, Error> {
    let output = &session.output;
    let language = output.language;
    let options = setting.options(setting.args.seed);
    let outcome = watched(language, options, setting.lasts()).await?;
    if let Some(path) = &setting.args.trace {
        write(language, path, &trace(&outcome.entries))?;
    }
    let ending = Ending::of(setting, &outcome);
    if let Some(path) = &setting.args.page {
        write(language, path, &ending.page())?;
    }
    if output.is_table() {
        let width = usize::from(output.terminal.width().unwrap_or(WIDTH));
        let terminal = Terminal {
            width,
            colours: output.terminal.colour,
        };
        output.text(&terminal.draw(ending.timeline()))?;
        output.text(&format!("\n{}", ending.summary()))?;
        if let Some(report) = ending.failure(width) {
            output.text(&format!("\n{report}"))?;
        }
    } else {
        output.raw(&ending.raw())?;
    }
    let seed = outcome.options.seed;
    if let Some(violation) = &outcome.violation {
        let told = language.simulate_broken(seed, violation.invariant, violation.at);
        output.note(&language.error(told));
        return Ok(Exit::Failed);
    }
    if output.is_table() {
        output.text(&format!("\n{}", language.simulate_held(seed)))?;
    }
    Ok(Exit::Done)
}

/// Runs it, tells how far it is, and stops it on Ctrl-C.
async fn watched(
    language: Language,
    options: RunOptions,
    lasts: Duration,
) -> Result<Outcome, Error> {
    let mut interrupts = Interrupts::new().map_err(|error| Error::Failed(error.to_string()))?;
    let watch = Watch::default();
    let looked_at = watch.clone();
    let mut running = tokio::task::spawn_blocking(move || run_watched(options, looked_at));
    let mut line = Line::new();
    let mut tell = tokio::time::interval(TELL_EVERY);
    let lasts = VirtualTime::after_start(lasts);
    let ended = loop {
        tokio::select! {
            biased;
            () = interrupts.next() => watch.stop(),
            ended = &mut running => break ended,
            _ = tell.tick() => line.show(&language.simulate_reached(watch.reached(), lasts)),
        }
    };
    line.clear();
    let ended = ended.map_err(|error| Error::Failed(error.to_string()))?;
    ended.map_err(|error| not_run(language, &error))
}

/// Why there was no run.
pub(super) fn not_run(language: Language, error: &RunError) -> Error {
    let text = language.told(&error.to_string()).into_owned();
    match error {
        RunError::Refused { .. } => Error::Usage(text),
        RunError::World(_)
        | RunError::Pin(_)
        | RunError::SetUp { .. }
        | RunError::Stopped
        | RunError::Panicked { .. } => Error::Failed(text),
    }
}
