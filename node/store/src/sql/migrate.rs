//! Brings the schema up to date. Nodes may start at once: one works, the others wait and find nothing left to do.

use std::sync::Arc;

use super::failure::Failure;
use super::link::Link;
use super::schema::{Part, version_table};
use super::server::{Dialect, Role, Server};
use super::value::Value;

/// A name for the lock that fits MySQL's 64 characters; locks are the server's, so it tells the database. (The lock
/// that sqlx takes for its own migrations is void on MariaDB, which refuses an endless wait.)
const LOCK: &str =
    "SELECT CAST(COALESCE(GET_LOCK(CONCAT('peerflow.', SHA1(DATABASE())), 60), 0) AS SIGNED)";
const UNLOCK: &str = "DO RELEASE_LOCK(CONCAT('peerflow.', SHA1(DATABASE())))";

pub(crate) async fn migrate(server: &Server) -> Result<(), Failure> {
    for (part, role) in [(Part::Main, Role::Lease), (Part::Logs, Role::LogRead)] {
        let mut link = server.connect(role).await?;
        let done = step_by_step(&mut link, part, server.dialect()).await;
        link.close().await;
        done?;
    }
    Ok(())
}

async fn step_by_step(link: &mut Link, part: Part, dialect: Dialect) -> Result<(), Failure> {
    let target = u32::try_from(part.steps(dialect).len()).unwrap_or(u32::MAX);
    // Most starts find the schema as it should be, and need no lock to see it.
    if let Ok(version) = version(link, part).await
        && version == target
    {
        return Ok(());
    }
    lock(link, dialect, target).await?;
    let done = locked(link, part, dialect, target).await;
    unlock(link, dialect, done.is_ok()).await?;
    done
}

async fn lock(link: &mut Link, dialect: Dialect, target: u32) -> Result<(), Failure> {
    match dialect {
        Dialect::Sqlite => link.plain("BEGIN IMMEDIATE").await,
        Dialect::Mysql => {
            let rows = link.fetch(&Arc::from(LOCK), &[]).await?;
            let got = rows.first().map_or(Ok(0), |row| row.int(0))?;
            if got == 1 {
                return Ok(());
            }
            let reason =
                "another node has been at it for a minute: look at that one, then start again"
                    .to_owned();
            Err(Failure::Migration {
                from: 0,
                to: target,
                reason,
            })
        }
    }
}

async fn unlock(link: &mut Link, dialect: Dialect, done: bool) -> Result<(), Failure> {
    match (dialect, done) {
        (Dialect::Sqlite, true) => link.plain("COMMIT").await,
        (Dialect::Sqlite, false) => link.plain("ROLLBACK").await,
        (Dialect::Mysql, _) => link.plain(UNLOCK).await,
    }
}

async fn locked(link: &mut Link, part: Part, dialect: Dialect, target: u32) -> Result<(), Failure> {
    for statement in version_table(dialect) {
        link.plain(&statement).await?;
    }
    let from = version(link, part).await?;
    let wrong = |reason: String| Failure::Migration {
        from,
        to: target,
        reason,
    };
    if from > target {
        let name = part.name();
        return Err(wrong(format!(
            "its {name} schema was made by a newer peerflow: start that version or a later one"
        )));
    }
    for (number, statements) in (1_u32..).zip(part.steps(dialect)).skip(from as usize) {
        for statement in statements {
            link.plain(&statement)
                .await
                .map_err(|failure| match failure {
                    Failure::Refused(reason) => wrong(reason),
                    other => other,
                })?;
        }
        let insert = format!(
            "INSERT INTO schema_version (part, version, applied_at) VALUES (?, ?, {})",
            dialect.now()
        );
        link.execute(&insert.into(), &[part.name().into(), number.into()])
            .await?;
        tracing::info!(
            part = part.name(),
            version = number,
            "the store's schema was brought up to date"
        );
    }
    Ok(())
}

/// The version of a part; 0 before the first step.
async fn version(link: &mut Link, part: Part) -> Result<u32, Failure> {
    let sql = "SELECT COALESCE(MAX(version), 0) FROM schema_version WHERE part = ?";
    let rows = link
        .fetch(&Arc::from(sql), &[Value::from(part.name())])
        .await?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}
