//! A text file as a target.

use std::sync::Arc;
use std::time::Duration;

use peerflow_files::WriteFile;
use peerflow_rows::{Column, Kind};
use peerflow_text::Writer as TextWriter;
use peerflow_workflow::{FileTarget, TransferSource};
use tokio::time::timeout;

use super::end::{End, shielded, too_late};
use super::pump::{Pumped, progress, pump};
use super::source::Source;
use super::writer::Writer;
use crate::attempt::{Attempt, Outcome, Unsuccessful};

/// How long the removal of what was written may take.
const DISCARD_LIMIT: Duration = Duration::from_secs(5);

/// Writes a file: `pre`, load, put it in its place, `after`.
pub(super) async fn run(
    attempt: &mut Attempt<'_>,
    source: &TransferSource,
    target: &FileTarget,
) -> Outcome {
    let location = &target.location;
    let links = Arc::clone(&attempt.runner.parts.links);
    let found = attempt.stop.guard(links.files(&location.link)).await?;
    let files = found.map_err(Unsuccessful::failed)?;
    attempt.begin();
    let mut source = Source::open(attempt, source).await?;
    command(attempt, "pre", &target.pre).await?;
    let described = source.describe(attempt).await?;
    let columns = described.unwrap_or_else(|| vec![Column::new("c1", Kind::TEXT)]);
    let columns = source.fit(&columns);
    let path = location.path.trim();
    let place = format!("file link `{}`: {path}", location.link);
    let from = source.described();
    attempt.info(format!("from {from} to {place}")).await;
    let begun = attempt.stop.guard(files.replace(path)).await?;
    let file = begun.map_err(|error| Unsuccessful::failed(format!("{place}: {error}")))?;
    let writer = Writer::File {
        file,
        text: TextWriter::new(&super::format(&target.format), &columns),
        place: place.clone(),
    };
    match pump(attempt, source, vec![writer]).await {
        Ok(pumped) => finish(attempt, pumped, &place).await?,
        Err(broken) => {
            for writer in broken.writers {
                discard(attempt, writer, &place).await;
            }
            return Err(broken.end);
        }
    }
    command(attempt, "after", &target.after)
        .await
        .map_err(|end| {
            let message = format!("the file is in place; {}", end.message);
            Unsuccessful { message, ..end }
        })?;
    Ok(None)
}

/// Runs `<pre>` or `<after>` by bash.
async fn command(attempt: &mut Attempt<'_>, name: &str, command: &str) -> Result<(), Unsuccessful> {
    if command.trim().is_empty() {
        return Ok(());
    }
    let finished = attempt.run_bash(command, 0).await?;
    finished.outcome().map_err(|end| {
        let message = format!("the command of <{name}> failed: {}", end.message);
        Unsuccessful { message, ..end }
    })?;
    Ok(())
}

/// Puts the file in its place.
async fn finish(
    attempt: &mut Attempt<'_>,
    mut pumped: Pumped,
    place: &str,
) -> Result<(), Unsuccessful> {
    let Some(Writer::File { file, text, .. }) = pumped.writers.pop() else {
        return Err(Unsuccessful::failed(format!(
            "{place}: nothing was written"
        )));
    };
    let (done, stopped) = match shielded(attempt, file.finish()).await {
        End::Done(done) => (done, None),
        End::DoneThough(done, stopped) => (done, Some(stopped)),
        End::Unknown(stopped) => {
            let message = format!(
                "{}; {place}: nobody knows whether the new file is in its place already",
                stopped.message
            );
            return Err(Unsuccessful { message, ..stopped });
        }
    };
    match (done, stopped) {
        (Err(_), Some(stopped)) => return Err(stopped),
        (Err(error), None) => {
            return Err(Unsuccessful::failed(format!(
                "{place}: cannot be put in its place: {error}"
            )));
        }
        (Ok(()), Some(stopped)) => return Err(too_late(stopped)),
        (Ok(()), None) => {}
    }
    let Pumped {
        rows, bytes, took, ..
    } = pumped;
    let told = progress(rows, rows, took, bytes);
    attempt.info(format!("all rows are in place: {told}")).await;
    if text.ambiguous() > 0 {
        let count = text.ambiguous();
        attempt
            .warn(format!(
                "{place}: {count} value(s) hold the delimiter, so whoever reads the file sees more columns there; choose another \
                 delimiter, or format=\"csv\""
            ))
            .await;
    }
    Ok(())
}

/// Removes what was written of a file.
async fn discard(attempt: &mut Attempt<'_>, writer: Writer, place: &str) {
    let Writer::File { file, .. } = writer else {
        return;
    };
    let file: Box<dyn WriteFile> = file;
    let problem = match timeout(DISCARD_LIMIT, file.discard()).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => format!("no answer within {} s", DISCARD_LIMIT.as_secs()),
    };
    attempt
        .warn(format!("{place}: what was written may be left: {problem}"))
        .await;
}
