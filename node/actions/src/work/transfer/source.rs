//! Where rows come from.

use std::sync::Arc;
use std::time::Duration;

use peerflow_rows::{BatchSender, Cancel, Column, Kind, Session};
use peerflow_workflow::TransferSource;
use tokio::time::timeout;

use super::files::Files;
use super::messages::of_database;
use super::statements::query;
use crate::attempt::{Attempt, Unsuccessful};
use crate::links::shown;

/// How long a good-bye may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A source that is open.
#[derive(Debug)]
pub(super) enum Source {
    Table(Query),
    Files(Files),
}

/// A query and the connection it is read over.
#[derive(Debug)]
pub(super) struct Query {
    session: Box<dyn Session>,
    link: String,
    text: String,
    columns: Vec<Column>,
}

impl Source {
    /// Connects to the source, or finds its files. Nothing is read yet.
    pub(super) async fn open(
        attempt: &mut Attempt<'_>,
        source: &TransferSource,
    ) -> Result<Self, Unsuccessful> {
        match source {
            TransferSource::File(file) => Files::open(attempt, file).await.map(Self::Files),
            TransferSource::Table(table) => {
                let database = attempt.database(&table.link).await?;
                let text = query(&table.table_or_query, database.dialect())?;
                let connection = attempt.connect(&table.link, &*database).await?;
                Ok(Self::Table(Query {
                    session: connection.into_session(),
                    link: shown(&table.link),
                    text,
                    columns: Vec::new(),
                }))
            }
        }
    }

    /// The columns; `None` when there is no row that could tell.
    pub(super) async fn describe(
        &mut self,
        attempt: &mut Attempt<'_>,
    ) -> Result<Option<Vec<Column>>, Unsuccessful> {
        match self {
            Self::Files(files) => Ok(files.width(attempt).await?.map(|width| {
                let columns = (1..=width).map(|it| Column::new(format!("c{it}"), Kind::TEXT));
                columns.collect()
            })),
            Self::Table(query) => {
                let cancel = query.session.canceller();
                let work = query.session.describe(&query.text);
                let described = attempt.supervise(&query.link, cancel, work).await?;
                let columns = described.map_err(|error| {
                    Unsuccessful::failed(of_database(&query.link, "the source's query", &error))
                })?;
                if columns.is_empty() {
                    return Err(Unsuccessful::failed(format!(
                        "{}: the source's statement gives no rows; write a query or a table's name",
                        query.link
                    )));
                }
                query.columns.clone_from(&columns);
                Ok(Some(columns))
            }
        }
    }

    /// Says what the rows go to, and gives what they are.
    pub(super) fn fit(&mut self, target: &[Column]) -> Vec<Column> {
        match self {
            Self::Files(files) => files.fit(target),
            Self::Table(query) => query.columns.clone(),
        }
    }

    /// What stops it on its server, with the link for messages.
    pub(super) fn canceller(&self) -> Option<(String, Arc<dyn Cancel>)> {
        match self {
            Self::Files(_) => None,
            Self::Table(query) => Some((query.link.clone(), query.session.canceller())),
        }
    }

    /// Files can be looked into again to find a row.
    pub(super) fn files(&self) -> Option<Files> {
        match self {
            Self::Files(files) => Some(files.clone()),
            Self::Table(_) => None,
        }
    }

    /// Reads all rows and says how many there were, or in words why there are no more.
    pub(super) async fn run(self, rows: BatchSender) -> Result<u64, String> {
        match self {
            Self::Files(files) => files.run(rows).await,
            Self::Table(mut query) => {
                let read = query.session.read(&query.text, &query.columns, rows).await;
                let read =
                    read.map_err(|error| of_database(&query.link, "reading the source", &error))?;
                // Without an answer it is closed by being dropped.
                drop(timeout(CLOSE_LIMIT, query.session.close()).await);
                Ok(read)
            }
        }
    }

    /// For the log.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Files(files) => files.described(),
            Self::Table(query) => query.link.clone(),
        }
    }
}
