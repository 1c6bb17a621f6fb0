//! What the server's catalogue says of tables, and the comments on them.

use peerflow_rows::{Column, Comments, Error, Trouble};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::driver::Driver;
use crate::kind::kind_of;
use crate::names::{literal, quote};

/// One table, by its number, its quoted name, and what kind of relation it is.
const TABLE: &str = "\
SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass($1::text)";

/// Its columns. A domain has the kind of the type that it narrows; `attgenerated` is unknown before release 12.
const COLUMNS: &str = "\
SELECT a.attname::text, base.oid, base.modifier, a.attnotnull OR t.typnotnull,
       coalesce(to_jsonb(a)->>'attgenerated', '') <> ''
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
CROSS JOIN LATERAL (
    WITH RECURSIVE narrowed(oid, modifier) AS (
        SELECT a.atttypid, a.atttypmod
        UNION ALL
        SELECT d.typbasetype, CASE WHEN n.modifier >= 0 THEN n.modifier ELSE d.typtypmod END
        FROM narrowed n JOIN pg_catalog.pg_type d ON d.oid = n.oid
        WHERE d.typtype = 'd'
    )
    SELECT n.oid, n.modifier FROM narrowed n JOIN pg_catalog.pg_type d ON d.oid = n.oid
    WHERE d.typtype <> 'd'
) base
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum";

const COMMENTS: &str = "\
SELECT a.attname::text, coalesce(pg_catalog.col_description(a.attrelid, a.attnum), ''),
       coalesce(pg_catalog.obj_description($1, 'pg_class'), '')
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum";

/// A table as the server knows it.
struct Table {
    oid: u32,
    /// With its schema, quoted.
    name: String,
    /// What it is called in COMMENT ON.
    sort: &'static str,
}

/// The columns of a table that take values.
pub(crate) async fn columns(
    client: &Client,
    driver: &Driver,
    written: &str,
) -> Result<Option<Vec<Column>>, Error> {
    let Some(table) = find(client, driver, written).await? else {
        return Ok(None);
    };
    let mut columns = Vec::new();
    for row in ask(client, driver, COLUMNS, &[&table.oid]).await? {
        let generated: bool = cell(&row, 4)?;
        if !generated {
            columns.push(Column {
                name: cell(&row, 0)?,
                kind: kind_of(cell(&row, 1)?, cell(&row, 2)?),
                nullable: Some(!cell::<bool>(&row, 3)?),
            });
        }
    }
    Ok(Some(columns))
}

/// The comments of a table and of all its columns.
pub(crate) async fn comments(
    client: &Client,
    driver: &Driver,
    written: &str,
) -> Result<Option<Comments>, Error> {
    let Some(table) = find(client, driver, written).await? else {
        return Ok(None);
    };
    let mut comments = Comments {
        table: Some(String::new()),
        columns: Vec::new(),
    };
    for row in ask(client, driver, COMMENTS, &[&table.oid]).await? {
        comments.table = Some(cell(&row, 2)?);
        comments.columns.push((cell(&row, 0)?, cell(&row, 1)?));
    }
    Ok(Some(comments))
}

/// The statements that set comments. Sent in one, all are set or none.
pub(crate) async fn set_comments(
    client: &Client,
    driver: &Driver,
    written: &str,
    comments: &Comments,
) -> Result<String, Error> {
    let Some(table) = find(client, driver, written).await? else {
        let words = format!("there is no table {written}");
        return Err(Error::new(Trouble::Refused, words));
    };
    let mut sql = String::new();
    if let Some(comment) = &comments.table {
        let Table { sort, name, .. } = &table;
        sql.push_str(&format!("COMMENT ON {sort} {name} IS {};", value(comment)?));
    }
    for (column, comment) in &comments.columns {
        let (column, comment) = (quote(column), value(comment)?);
        sql.push_str(&format!(
            "COMMENT ON COLUMN {}.{column} IS {comment};",
            table.name
        ));
    }
    Ok(sql)
}

fn value(comment: &str) -> Result<String, Error> {
    match comment {
        "" => Ok("NULL".to_owned()),
        _ if comment.contains('\0') => Err(Error::new(
            Trouble::BadValue,
            "a comment with a zero byte (0x00) does not fit PostgreSQL",
        )),
        _ => Ok(literal(comment)),
    }
}

async fn find(client: &Client, driver: &Driver, written: &str) -> Result<Option<Table>, Error> {
    let rows = ask(client, driver, TABLE, &[&written]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let relation: String = cell(row, 2)?;
    let sort = match relation.as_str() {
        "r" | "p" => "TABLE",
        "v" => "VIEW",
        "m" => "MATERIALIZED VIEW",
        "f" => "FOREIGN TABLE",
        _ => {
            let words = format!("{written} is an index, a sequence or a type, and no table");
            return Err(Error::new(Trouble::Refused, words));
        }
    };
    Ok(Some(Table {
        oid: cell(row, 0)?,
        name: cell(row, 1)?,
        sort,
    }))
}

async fn ask(
    client: &Client,
    driver: &Driver,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let rows = client.query(sql, values).await;
    rows.map_err(|error| driver.explain(&error))
}

fn cell<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    index: usize,
) -> Result<T, Error> {
    row.try_get(index).map_err(|error| {
        let words = format!("the server's catalogue is not as expected: {error}");
        Error::new(Trouble::Unsupported, words)
    })
}
