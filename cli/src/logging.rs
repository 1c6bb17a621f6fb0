//! Where a node's own log goes: standard error, and a file a day.

mod daily;

use std::io;

use peerflow_node::{LogConfig, LogFormat};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::error::Error;
use crate::language::Language;
use daily::DailyFile;

/// Sends events of this process where `config` says, from now on; to standard error only warnings where it shall be
/// `quiet`.
///
/// # Errors
/// When the level is no filter, or the folder cannot be written.
pub(crate) fn of_node(config: &LogConfig, quiet: bool, language: Language) -> Result<(), Error> {
    let filter = filter(&config.level)
        .map_err(|error| Error::Usage(language.bad_log_level(&config.level, &error)))?;
    let file =
        match &config.dir {
            Some(directory) => Some(DailyFile::open(directory, config.keep).map_err(|error| {
                Error::Failed(language.cannot_write(directory.display(), &error))
            })?),
            None => None,
        };
    let file = file.map(|file| layer(config.format, file, false));
    let colour = io::IsTerminal::is_terminal(&io::stderr());
    let loudest = if quiet {
        LevelFilter::WARN
    } else {
        LevelFilter::TRACE
    };
    tracing_subscriber::registry()
        .with(
            layer(config.format, io::stderr, colour)
                .with_filter(loudest)
                .and_then(file)
                .with_filter(filter),
        )
        .try_init()
        .map_err(|error| Error::Failed(error.to_string()))
}

/// What is logged, but for what a library would tell of secrets: the FTP client writes passwords down.
fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    let filter = EnvFilter::try_new(level)?;
    Ok(filter.add_directive("suppaftp=off".parse()?))
}

/// Of commands: silence, unless `PEERFLOW_LOG` names a filter. A broken one is silence too.
pub(crate) fn of_commands() {
    let Some(filter) = std::env::var("PEERFLOW_LOG")
        .ok()
        .and_then(|text| filter(&text).ok())
    else {
        return;
    };
    // Only a second call fails, and the first one's choice is the same.
    drop(
        tracing_subscriber::registry()
            .with(fmt::layer().with_writer(io::stderr).with_filter(filter))
            .try_init(),
    );
}

/// Whatever cannot be written is lost: to say so on standard error, which may be what is gone, would end the task that logs.
fn layer<W>(format: LogFormat, writer: W, colour: bool) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    match format {
        LogFormat::Text => fmt::layer()
            .with_writer(writer)
            .with_ansi(colour)
            .log_internal_errors(false)
            .boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .with_writer(writer)
            .log_internal_errors(false)
            .boxed(),
    }
}
