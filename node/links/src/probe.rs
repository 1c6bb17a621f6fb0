//! Tries a link: is the other side there, and does it let us in?

use std::time::Duration;

use peerflow_files::FileSystem;
use peerflow_model::LinkKind;
use peerflow_rows::{Database, Session, Trouble};
use tokio::time::timeout;

use crate::error::{Fault, LinkError, LinkPart, link_words};

/// How long a trial may take.
const LIMIT: Duration = Duration::from_secs(15);
/// Characters of what a server says of itself that are shown.
const SHOWN: usize = 120;

/// Connects to the database of the link `name` and asks it for its version. Returns what it is, in words.
///
/// # Errors
/// When it cannot be reached, refuses, or is not done within 15 seconds.
pub async fn test_database(name: &str, database: &dyn Database) -> Result<String, LinkError> {
    let system = database.dialect().name();
    let trial = async {
        let mut session = database.connect().await?;
        let version = version(session.as_mut(), system).await;
        session.close().await;
        version
    };
    let failed = |message| {
        Fault::new(LinkPart::Connection, message).of(link_words(LinkKind::Database, name))
    };
    match timeout(LIMIT, trial).await {
        Ok(Ok(version)) if version.starts_with(system) => Ok(format!("connected: {version}")),
        Ok(Ok(version)) => Ok(format!("connected: {system} {version}")
            .trim_end()
            .to_owned()),
        Ok(Err(error)) => Err(failed(format!(
            "{error}; {}",
            database_advice(error.trouble)
        ))),
        Err(_elapsed) => Err(failed(late())),
    }
}

/// The server's own words of its version; empty where it answers and has none.
async fn version(session: &mut dyn Session, system: &str) -> Result<String, peerflow_rows::Error> {
    let query = if system.eq_ignore_ascii_case("sqlite") {
        "SELECT sqlite_version()"
    } else {
        "SELECT version()"
    };
    let told = match session.execute(query, 1).await {
        Err(error) if error.trouble == Trouble::Refused => {
            // Old servers have no such function, and answer all the same.
            session.execute("SELECT 1", 1).await?;
            return Ok(String::new());
        }
        told => told?,
    };
    let rows = &told.first_rows;
    let value = if rows.rows() > 0 && rows.columns() > 0 {
        rows.value(0, 0)
    } else {
        None
    };
    Ok(shown(&String::from_utf8_lossy(value.unwrap_or_default())))
}

fn shown(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(SHOWN)
        .collect()
}

/// Lists where the file link `name` begins. Returns what lies there, in words.
///
/// # Errors
/// As [`test_database`].
pub async fn test_files(name: &str, files: &dyn FileSystem) -> Result<String, LinkError> {
    let failed =
        |message| Fault::new(LinkPart::Connection, message).of(link_words(LinkKind::File, name));
    match timeout(LIMIT, files.list("/")).await {
        Ok(Ok(entries)) => Ok(match entries.len() {
            0 => "connected: no files lie in / itself".to_owned(),
            1 => "connected: 1 file lies in / itself".to_owned(),
            more => format!("connected: {more} files lie in / itself"),
        }),
        Ok(Err(error)) if error.has_advice => Err(failed(error.message)),
        Ok(Err(error)) => Err(failed(format!("{error}; {}", files_advice(error.trouble)))),
        Err(_elapsed) => Err(failed(late())),
    }
}

fn database_advice(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Unreachable | Trouble::Lost => {
            "check host and port of the jdbc-url, and whether the server is up and lets this node in"
        }
        Trouble::AccessDenied => "check username and password of the link",
        Trouble::Settings | Trouble::Unsupported => "check the jdbc-url and properties of the link",
        Trouble::Refused | Trouble::BadValue => {
            "the server was reached; check the database in the jdbc-url and the user's rights"
        }
        Trouble::Cancelled => "the server ended it; try again",
    }
}

fn files_advice(trouble: peerflow_files::Trouble) -> &'static str {
    use peerflow_files::Trouble as Files;
    match trouble {
        Files::Unreachable => {
            "check host and port of the link, and whether the server is up and lets this node in"
        }
        Files::AccessDenied => "check username, password and keys of the link",
        Files::NotTrusted => "compare its host key with the server's before you trust it",
        Files::Settings | Files::Unsupported => "check type and properties of the link",
        Files::NotFound | Files::Forbidden => {
            "the server was reached; check the user's rights on /"
        }
        Files::Full | Files::Other => "the server was reached; see its own log",
    }
}

fn late() -> String {
    format!(
        "no answer within {} s; check host and port, and whether a firewall stands between",
        LIMIT.as_secs()
    )
}
