//! Tries a link: is the other side there, and does it let us in?

use std::time::Duration;

use peerflow_files::FileSystem;
use peerflow_model::LinkKind;
use peerflow_rows::Database;
use tokio::time::timeout;

use crate::error::{LinkError, LinkPart};

/// How long a trial may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Connects to the database of the link `name` and asks it something small. Returns what it is, in words.
///
/// # Errors
/// When it cannot be reached, refuses, or is not done within 15 seconds.
pub async fn test_database(name: &str, database: &dyn Database) -> Result<String, LinkError> {
    let failed =
        |message: String| LinkError::new(LinkKind::Database, name, LinkPart::Connection, message);
    let trial = async {
        let session = database.connect().await?;
        session.close().await;
        Ok::<_, peerflow_rows::Error>(database.dialect().name().to_owned())
    };
    match timeout(LIMIT, trial).await {
        Ok(tried) => tried.map_err(|error| failed(error.to_string())),
        Err(_elapsed) => Err(failed(late())),
    }
}

/// Lists where the file link `name` begins. Returns what lies there, in words.
///
/// # Errors
/// As [`test_database`].
pub async fn test_files(name: &str, files: &dyn FileSystem) -> Result<String, LinkError> {
    let failed =
        |message: String| LinkError::new(LinkKind::File, name, LinkPart::Connection, message);
    match timeout(LIMIT, files.list("/")).await {
        Ok(Ok(entries)) => Ok(format!("reached; {} files in /", entries.len())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_elapsed) => Err(failed(late())),
    }
}

fn late() -> String {
    format!("no answer within {} s", LIMIT.as_secs())
}
