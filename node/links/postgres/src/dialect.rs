//! How PostgreSQL's SQL is written.

use std::time::Duration;

use peerflow_rows::statements::Lexis;
use peerflow_rows::{Column, Dialect, Kind};

use crate::names::{Name, cut, literal, quote};

/// The most digits that `numeric(p, s)` takes.
const MOST_DIGITS: u16 = 1000;

#[derive(Debug)]
pub(crate) struct PostgresDialect;

impl Dialect for PostgresDialect {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn lexis(&self) -> Lexis {
        Lexis::POSTGRES
    }

    fn quote(&self, identifier: &str) -> String {
        quote(identifier)
    }

    fn column_type(&self, kind: Kind) -> String {
        match kind {
            Kind::Boolean => "boolean".to_owned(),
            Kind::Integer { bits, unsigned } => integer(bits, unsigned).to_owned(),
            Kind::Decimal {
                precision: Some(precision),
                scale,
            } if (1..=MOST_DIGITS).contains(&precision) && scale.unwrap_or(0) <= precision => {
                match scale {
                    Some(scale) => format!("numeric({precision},{scale})"),
                    None => "numeric".to_owned(),
                }
            }
            Kind::Decimal { .. } => "numeric".to_owned(),
            Kind::Float { bits: 32 } => "real".to_owned(),
            Kind::Float { .. } => "double precision".to_owned(),
            Kind::Date => "date".to_owned(),
            Kind::Time { decimals } => format!("time({})", decimals.min(6)),
            Kind::Timestamp { decimals } => format!("timestamp({})", decimals.min(6)),
            Kind::Instant { decimals } => format!("timestamptz({})", decimals.min(6)),
            Kind::Text {
                characters: Some(characters @ 1..=10_485_760),
            } => format!("varchar({characters})"),
            Kind::Text { .. } => "text".to_owned(),
            Kind::Binary { .. } => "bytea".to_owned(),
            // Not jsonb, which loses the order of names and those that come twice.
            Kind::Json => "json".to_owned(),
        }
    }

    fn ddl_is_transactional(&self) -> bool {
        true
    }

    /// Not LIKE, which takes NOT NULL with it but not the defaults and generated values that make up for columns which
    /// are not loaded. And logged: an unlogged table is empty after a crash of the server, and nobody would notice.
    fn create_staging(&self, staging: &str, table: &str) -> String {
        format!("CREATE TABLE {staging} AS SELECT * FROM {table} WITH NO DATA")
    }

    fn staging_name(&self, table: &str, mark: &str) -> String {
        let name = Name::parse(table);
        let staging = quote(cut(&format!("{mark}_{}", name.table)));
        match name.schema {
            Some(schema) => format!("{}.{staging}", quote(&schema)),
            None => staging,
        }
    }

    fn list_staging(&self, table: &str, prefix: &str) -> String {
        list(table, prefix, "")
    }

    /// An advisory lock for the name of the table; the server frees it when the session ends, and since release 14 may end
    /// one itself that is silent for long.
    fn hold_staging(&self, staging: &str) -> Vec<String> {
        let name = literal(&Name::parse(staging).table);
        vec![
            "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
             WHERE name = 'idle_session_timeout'"
                .to_owned(),
            format!("SELECT pg_try_advisory_lock({LOCKS}, hashtext({name}))"),
        ]
    }

    fn list_abandoned(&self, table: &str, prefix: &str) -> Option<String> {
        Some(list(table, prefix, &not_held()))
    }

    /// Locks are those of the whole server, so a table's age does not matter. One that is being written to is in use,
    /// whoever has lost his lock.
    fn list_forgotten(&self, table: &str, pattern: &str, _age: Duration) -> Option<String> {
        let condition = format!(
            "{} AND c.relname ~ {} AND pg_catalog.pg_has_role(c.relowner, 'USAGE') \
             AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks w WHERE w.relation = c.oid AND w.pid <> pg_backend_pid())",
            not_held(),
            literal(pattern)
        );
        Some(list(table, "peerflow_", &condition))
    }

    /// Values for identity columns are taken as they are, as COPY takes them.
    fn move_rows(&self, staging: &str, table: &str, columns: &[Column]) -> String {
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let names = names.join(", ");
        format!(
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {staging}"
        )
    }
}

/// What our advisory locks have in common, so that they are not those of others.
const LOCKS: i32 = 0x7065_6572;

/// That no session holds the table `c`.
fn not_held() -> String {
    format!(
        "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database \
         WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = {LOCKS} \
         AND l.objid::bigint = hashtext(c.relname::text)::bigint & 4294967295)"
    )
}

/// Lists tables beside `table`. Beside a table without a schema is where new tables go, as `create_staging` has it.
fn list(table: &str, prefix: &str, condition: &str) -> String {
    let schema = match Name::parse(table).schema {
        Some(schema) => literal(&schema),
        None => "current_schema()".to_owned(),
    };
    let prefix = literal(cut(prefix));
    format!(
        "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {schema} AND c.relkind = 'r' \
         AND left(c.relname::text, length({prefix})) = {prefix} {condition} ORDER BY 1"
    )
}

/// PostgreSQL has no unsigned integers and none of eight bits: the next larger type holds them.
fn integer(bits: u8, unsigned: bool) -> &'static str {
    match (bits, unsigned) {
        (..=8, _) | (9..=16, false) => "smallint",
        (9..=16, true) | (17..=32, false) => "integer",
        (17..=32, true) | (33.., false) => "bigint",
        (33.., true) => "numeric(20,0)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_columns_type_holds_all_that_its_kind_can() {
        let of = |kind| PostgresDialect.column_type(kind);
        assert_eq!(
            of(Kind::Integer {
                bits: 8,
                unsigned: true
            }),
            "smallint"
        );
        assert_eq!(
            of(Kind::Integer {
                bits: 32,
                unsigned: true
            }),
            "bigint"
        );
        assert_eq!(
            of(Kind::Integer {
                bits: 64,
                unsigned: true
            }),
            "numeric(20,0)"
        );
        let decimal = |precision, scale| of(Kind::Decimal { precision, scale });
        assert_eq!(decimal(Some(65), Some(30)), "numeric(65,30)");
        assert_eq!(
            decimal(Some(65), None),
            "numeric",
            "a scale nobody knows is not 0"
        );
        assert_eq!(decimal(None, Some(2)), "numeric");
        assert_eq!(decimal(Some(2), Some(5)), "numeric");
        assert_eq!(of(Kind::Instant { decimals: 9 }), "timestamptz(6)");
        assert_eq!(
            of(Kind::Text {
                characters: Some(20_000_000)
            }),
            "text"
        );
    }

    #[test]
    fn a_staging_table_stays_in_its_schema_and_within_the_length_of_names() {
        let name = PostgresDialect.staging_name("Shop.\"订单\"", "peerflow_7");
        assert_eq!(name, "\"shop\".\"peerflow_7_订单\"");
        let long = PostgresDialect.staging_name(&"订".repeat(40), "peerflow_7");
        assert!(
            long.len() <= 63 + 2 && long.starts_with("\"peerflow_7_订"),
            "{long}"
        );
        let list = PostgresDialect.list_staging("t", "it's_100%");
        assert!(
            list.contains("current_schema()") && list.contains("'it''s_100%'"),
            "{list}"
        );
    }
}
