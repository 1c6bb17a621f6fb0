//! What is said of tables and columns.

use mysql_async::prelude::Queryable;
use mysql_async::{Error as Driver, Row};
use peerflow_rows::{Comments, Error, Trouble};

use crate::definition::{Definition, literal};
use crate::error::talking;
use crate::names::{TableName, text};
use crate::session::MySqlSession;
use crate::variables::Before;

const NO_SUCH_TABLE: u16 = 1146;

pub(crate) async fn comments(
    session: &mut MySqlSession,
    table: &str,
) -> Result<Option<Comments>, Error> {
    let name = TableName::parse(table)?;
    let conn = session.conn()?;
    let shown = conn
        .query::<Row, _>(format!("SHOW FULL COLUMNS FROM {}", name.quoted()))
        .await;
    let shown = match shown {
        Ok(shown) => shown,
        Err(Driver::Server(server)) if server.code == NO_SUCH_TABLE => return Ok(None),
        Err(error) => return Err(talking(&error)),
    };
    let columns = shown
        .iter()
        .map(|row| {
            let of = |name| row.get::<String, &str>(name).unwrap_or_default();
            (of("Field"), of("Comment"))
        })
        .collect();
    // Names are compared without case there; the very name comes first.
    let query = format!(
        "SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {1} \
         AND TABLE_TYPE <> 'VIEW' ORDER BY BINARY TABLE_NAME = BINARY {1} DESC LIMIT 1",
        name.schema_expression(),
        text(&name.table)
    );
    let of_table: Option<String> = conn.query_first(query).await.map_err(|e| talking(&e))?;
    Ok(Some(Comments {
        table: Some(of_table.unwrap_or_default()),
        columns,
    }))
}

pub(crate) async fn set_comments(
    session: &mut MySqlSession,
    table: &str,
    comments: &Comments,
) -> Result<(), Error> {
    // Definitions are shown and read again under the same rules, and defaults that a strict mode forbids stay.
    let before = Before::set(
        session,
        &[("sql_mode", "''"), ("sql_quote_show_create", "1")],
    )
    .await?;
    let set = alter(session, &TableName::parse(table)?, comments).await;
    before.restore(session).await;
    set
}

async fn alter(
    session: &mut MySqlSession,
    name: &TableName,
    comments: &Comments,
) -> Result<(), Error> {
    let quoted = name.quoted();
    let row: Option<Row> = session
        .conn()?
        .query_first(format!("SHOW CREATE TABLE {quoted}"))
        .await
        .map_err(|e| talking(&e))?;
    let created: Option<String> = row.as_ref().and_then(|row| row.get("Create Table"));
    let Some(created) = created else {
        return Err(Error::new(
            Trouble::Unsupported,
            format!("{quoted} is a view: MySQL keeps comments of tables only"),
        ));
    };
    let definitions = Definition::all(&created);
    let mut changes = Vec::new();
    for (column, comment) in &comments.columns {
        let definition = definitions
            .iter()
            .find(|definition| definition.name.to_lowercase() == column.to_lowercase())
            .ok_or_else(|| {
                let message = format!("table {quoted} has no column `{column}`");
                Error::new(Trouble::Refused, message).at_column(column.as_str())
            })?;
        changes.push(definition.modified(comment));
    }
    if let Some(comment) = &comments.table {
        changes.push(format!("COMMENT = {}", literal(comment)));
    }
    if changes.is_empty() {
        return Ok(());
    }
    session
        .run(&format!("ALTER TABLE {quoted} {}", changes.join(", ")))
        .await
}
