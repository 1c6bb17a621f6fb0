//! `<transfer>`: rows from one source to one target.
//!
//! ```text
//! Source::open ─ pre ─ Source::describe ─ create, check ─ pump ─ commit or finish ─ after
//!                                                           │
//!       reading (a task) ──▸ relay (a task) ──▸ writers (a task each), all by bounded channels
//! ```

mod cleanup;
mod commit;
mod end;
mod files;
mod load;
mod look;
mod messages;
mod pump;
mod relay;
mod source;
mod staging;
mod statements;
mod table;
mod text_file;
mod writer;

use peerflow_workflow::{TextFormat, TransferSource, TransferTarget};

use crate::attempt::{Attempt, Outcome};

/// Moves the rows.
pub(crate) async fn run(
    attempt: &mut Attempt<'_>,
    source: &TransferSource,
    target: &TransferTarget,
) -> Outcome {
    match target {
        TransferTarget::Table(table) => table::run(attempt, source, table).await,
        TransferTarget::File(file) => text_file::run(attempt, source, file).await,
    }
}

/// The format, as the crate that reads and writes it calls it.
fn format(format: &TextFormat) -> peerflow_text::Format {
    match format {
        TextFormat::Delimited(delimiter) => peerflow_text::Format::Delimited(delimiter.clone()),
        TextFormat::Csv => peerflow_text::Format::Csv,
    }
}
