//! What takes rows at the target.

use std::sync::Arc;

use bytes::Bytes;
use peerflow_files::WriteFile;
use peerflow_rows::{BatchReceiver, Cancel, Error, Session, Target};

use super::messages::of_database;

/// One of those that write at once.
#[derive(Debug)]
pub(super) enum Writer {
    Table {
        session: Box<dyn Session>,
        target: Target,
        /// The rows go into a staging table, in a transaction of the writer's own.
        staged: bool,
        link: String,
    },
    File {
        file: Box<dyn WriteFile>,
        text: peerflow_text::Writer,
        /// For messages: the link and the path.
        place: String,
    },
}

/// Why a writer gave up.
#[derive(Debug)]
pub(super) struct WriteError {
    pub(super) message: String,
    /// The row, of those that this writer was given, from 1.
    pub(super) row: Option<u64>,
    pub(super) column: Option<String>,
}

impl Writer {
    /// What stops it on its server, with the link for messages.
    pub(super) fn canceller(&self) -> Option<(String, Arc<dyn Cancel>)> {
        match self {
            Self::Table { session, link, .. } => Some((link.clone(), session.canceller())),
            Self::File { .. } => None,
        }
    }

    /// The names of the table's columns.
    pub(super) fn columns(&self) -> Vec<String> {
        match self {
            Self::Table { target, .. } => {
                let columns = target.columns.iter();
                columns.map(|column| column.name.clone()).collect()
            }
            Self::File { .. } => Vec::new(),
        }
    }

    /// Takes all rows that come, and says how many there were. They are not in place yet.
    pub(super) async fn write(&mut self, rows: BatchReceiver) -> Result<u64, WriteError> {
        match self {
            Self::Table {
                session,
                target,
                staged,
                link,
            } => load(&mut **session, target, *staged, rows)
                .await
                .map_err(|error| WriteError {
                    message: of_database(link, "loading rows", &error),
                    row: error.row,
                    column: error.column,
                }),
            Self::File { file, text, place } => {
                write_text(&mut **file, text, rows)
                    .await
                    .map_err(|error| WriteError {
                        message: format!("{place}: cannot write: {error}"),
                        row: None,
                        column: None,
                    })
            }
        }
    }
}

async fn load(
    session: &mut dyn Session,
    target: &Target,
    staged: bool,
    rows: BatchReceiver,
) -> Result<u64, Error> {
    if !staged {
        return Ok(session.load(target, rows).await?.rows);
    }
    session.begin().await?;
    let loaded = session.load(target, rows).await?;
    session.commit().await?;
    Ok(loaded.rows)
}

async fn write_text(
    file: &mut dyn WriteFile,
    text: &mut peerflow_text::Writer,
    mut rows: BatchReceiver,
) -> Result<u64, peerflow_files::Error> {
    let mut written = 0;
    while let Some(batch) = rows.recv().await {
        file.write(Bytes::from(text.write(&batch))).await?;
        written += batch.rows() as u64;
    }
    Ok(written)
}
