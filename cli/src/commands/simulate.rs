//! `simulate`: a virtual cluster for one seed or for many, or a plan of days.

mod again;
mod documents;
mod ending;
mod one;
mod plan;
mod progress;
mod seeds;
mod setting;
mod times;

use std::path::Path;

use peerflow_simulations::{PlayError, Playbook};

use crate::args::SimulateArgs;
use crate::error::{Error, Exit};
use crate::language::Language;
use crate::session::Session;
use setting::Setting;

/// Does what `args` ask for.
pub(super) async fn simulate(session: &Session, args: SimulateArgs) -> Result<Exit, Error> {
    if args.from.is_some() {
        return plan::plan(session, &args);
    }
    let setting = Setting::read(&session.output, args)?;
    match setting.args.seeds.clone() {
        Some(seeds) => seeds::many(session, setting, seeds).await,
        None => one::one(session, &setting).await,
    }
}

/// What tasks do, by the files of durations and of past instances where there are any.
fn playbook(language: Language, args: &SimulateArgs) -> Result<Playbook, Error> {
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| Error::Usage(language.cannot_read(path.display(), error)))
    };
    let told = |error: PlayError| Error::Usage(language.told(&error.to_string()).into_owned());
    let mut book = Playbook::default();
    if let Some(path) = &args.durations {
        book = book.with_given(&read(path)?).map_err(told)?;
    }
    if let Some(path) = &args.past {
        book = book.with_past(&read(path)?).map_err(told)?;
    }
    Ok(book)
}

/// Writes a file that was asked for.
fn write(language: Language, path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text)
        .map_err(|error| Error::Failed(language.cannot_write(path.display(), error)))
}

/// The source that this program was built from, as far as its build was told; else its release.
fn commit() -> String {
    match option_env!("PEERFLOW_COMMIT") {
        Some(commit) if !commit.is_empty() => commit.to_owned(),
        Some(_) | None => format!("release {}", env!("CARGO_PKG_VERSION")),
    }
}
