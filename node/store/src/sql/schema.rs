//! Tables, for both databases, and how an older schema becomes the present one.

use std::fmt::Write as _;

use super::server::Dialect;

/// Which part of the store a step belongs to: SQLite keeps logs in a file of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Main,
    Logs,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Logs => "logs",
        }
    }

    /// The steps that lead to the present schema; the first makes version 1, a later one the version after. A step that was released never changes:
    /// what comes later is appended. Every statement of a step may be run twice, because MySQL cannot undo one.
    pub(crate) fn steps(self, dialect: Dialect) -> Vec<Vec<String>> {
        let tables = match self {
            Self::Main => MAIN,
            Self::Logs => LOGS,
        };
        let mut first: Vec<String> = tables
            .iter()
            .flat_map(|table| table.statements(dialect))
            .collect();
        if self == Self::Main {
            let insert = dialect.insert_new();
            let columns = "name, epoch, renewals, commit_seq, expires_at, queue_order";
            first.push(format!(
                "{insert} lease ({columns}) VALUES ('master', 0, 0, 0, 0, 0)"
            ));
        }
        match self {
            Self::Main => vec![
                first,
                restoration(dialect),
                files_of_documents(dialect),
                vec!["DROP TABLE IF EXISTS file_uses".to_owned()],
                LINKS.statements(dialect),
            ],
            Self::Logs => vec![first],
        }
    }
}

/// What is remembered of a store that went back: the epoch in which it was found out (0 when it did not), when, and up to
/// which place in a queue it is in doubt.
fn restoration(dialect: Dialect) -> Vec<String> {
    let columns = [
        ("restored_epoch", "BIGINT NOT NULL DEFAULT 0"),
        ("restored_at", "BIGINT NOT NULL DEFAULT 0"),
        ("restored_order", "BIGINT"),
    ];
    columns
        .into_iter()
        .flat_map(|(name, kind)| add_column(dialect, "lease", name, kind))
        .collect()
}

/// Adds a column. MySQL cannot undo that nor pass over a column that is there, so there it is looked for first.
fn add_column(dialect: Dialect, table: &str, name: &str, kind: &str) -> Vec<String> {
    let add = format!("ALTER TABLE {table} ADD COLUMN {name} {kind}");
    match dialect {
        Dialect::Sqlite => vec![add],
        Dialect::Mysql => vec![
            format!(
                "SET @peerflow_step = IF((SELECT COUNT(*) FROM information_schema.columns WHERE \
                 table_schema = DATABASE() AND table_name = '{table}' AND column_name = '{name}') > 0, \
                 'DO 0', '{add}')"
            ),
            "PREPARE peerflow_step FROM @peerflow_step".to_owned(),
            "EXECUTE peerflow_step".to_owned(),
            "DEALLOCATE PREPARE peerflow_step".to_owned(),
        ],
    }
}

/// Lists of files go with documents, not with names of workflows. Which files a former definition had was not kept: it
/// goes with those of the present one, as before.
fn files_of_documents(dialect: Dialect) -> Vec<String> {
    let mut statements: Vec<String> = FILES_OF_DOCUMENTS
        .iter()
        .flat_map(|table| table.statements(dialect))
        .collect();
    let list = match dialect {
        Dialect::Sqlite => "CAST(json_extract(CAST(w.body AS TEXT), '$.files') AS BLOB)",
        Dialect::Mysql => "CAST(JSON_EXTRACT(CONVERT(w.body USING utf8mb4), '$.files') AS BINARY)",
    };
    statements.push(format!(
        "REPLACE INTO document_files (hash, owner, body) SELECT d.hash, d.owner, {list} \
         FROM documents d JOIN workflows w ON w.name = d.owner WHERE {list} IS NOT NULL"
    ));
    statements.push(
        "REPLACE INTO file_references (file, hash, owner) SELECT u.hash, d.hash, d.owner \
         FROM documents d JOIN file_uses u ON u.workflow = d.owner"
            .to_owned(),
    );
    statements
}

/// The table that tells which steps were done.
pub(crate) fn version_table(dialect: Dialect) -> Vec<String> {
    TableDefinition {
        name: "schema_version",
        columns: &[
            ("part", Kind::Id),
            ("version", Kind::Int),
            ("applied_at", Kind::Int),
        ],
        primary: "part, version",
        indexes: &[],
        large: false,
    }
    .statements(dialect)
}

struct TableDefinition {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    primary: &'static str,
    /// Name, columns and which rows.
    indexes: &'static [(&'static str, &'static str, Scope)],
    /// Rows are large: SQLite keeps them apart from their key.
    large: bool,
}

/// Which rows an index has.
#[derive(Clone, Copy)]
enum Scope {
    Every,
    /// Only these are worth an entry; MySQL has all all the same.
    Where(&'static str),
    /// Every row, each with another key.
    Unique,
}

#[derive(Clone, Copy)]
enum Kind {
    /// At most [`crate::MAX_NAME_BYTES`].
    Name,
    /// At most [`crate::MAX_ID_BYTES`].
    Id,
    /// At most [`crate::MAX_DIR_BYTES`].
    Dir,
    Hash,
    /// 64 bits; times in microseconds.
    Int,
    /// A status or a flag.
    Small,
    Body,
    /// The same, absent where it is null.
    MaybeId,
    MaybeInt,
}

impl Kind {
    fn sql(self, dialect: Dialect) -> &'static str {
        match (dialect, self) {
            (Dialect::Sqlite, Self::Name | Self::Id | Self::Dir | Self::Hash | Self::Body) => {
                "BLOB NOT NULL"
            }
            (Dialect::Sqlite, Self::Int | Self::Small) => "INTEGER NOT NULL",
            (Dialect::Sqlite, Self::MaybeId) => "BLOB",
            (Dialect::Sqlite, Self::MaybeInt) => "INTEGER",
            (Dialect::Mysql, Self::Name) => "VARBINARY(255) NOT NULL",
            (Dialect::Mysql, Self::Id) => "VARBINARY(64) NOT NULL",
            (Dialect::Mysql, Self::Dir) => "VARBINARY(500) NOT NULL",
            (Dialect::Mysql, Self::Hash) => "BINARY(32) NOT NULL",
            (Dialect::Mysql, Self::Int) => "BIGINT NOT NULL",
            (Dialect::Mysql, Self::Small) => "TINYINT NOT NULL",
            (Dialect::Mysql, Self::Body) => "LONGBLOB NOT NULL",
            (Dialect::Mysql, Self::MaybeId) => "VARBINARY(64)",
            (Dialect::Mysql, Self::MaybeInt) => "BIGINT",
        }
    }
}

impl TableDefinition {
    fn statements(&self, dialect: Dialect) -> Vec<String> {
        let mut columns = String::new();
        for (name, kind) in self.columns {
            write!(columns, "{name} {}, ", kind.sql(dialect)).ok();
        }
        let Self { name, primary, .. } = self;
        match dialect {
            Dialect::Sqlite => {
                let end = if self.large { "" } else { " WITHOUT ROWID" };
                let table = format!(
                    "CREATE TABLE IF NOT EXISTS {name} ({columns}PRIMARY KEY ({primary})){end}"
                );
                let indexes = self.indexes.iter().map(|(index, columns, scope)| {
                    let (unique, only) = match scope {
                        Scope::Every => ("", String::new()),
                        Scope::Where(only) => ("", format!(" WHERE {only}")),
                        Scope::Unique => ("UNIQUE ", String::new()),
                    };
                    format!("CREATE {unique}INDEX IF NOT EXISTS {name}_by_{index} ON {name} ({columns}){only}")
                });
                std::iter::once(table).chain(indexes).collect()
            }
            Dialect::Mysql => {
                let mut indexes = String::new();
                for (index, columns, scope) in self.indexes {
                    let unique = if matches!(scope, Scope::Unique) {
                        "UNIQUE "
                    } else {
                        ""
                    };
                    write!(indexes, ", {unique}INDEX {name}_by_{index} ({columns})").ok();
                }
                vec![format!(
                    "CREATE TABLE IF NOT EXISTS {name} ({columns}PRIMARY KEY ({primary}){indexes}) \
                     ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4"
                )]
            }
        }
    }
}

const ATTEMPT_KEY: &str = "instance, run, step, visit, attempt";

const MAIN: &[TableDefinition] = &[
    TableDefinition {
        name: "lease",
        columns: &[
            ("name", Kind::Id),
            ("holder", Kind::MaybeId),
            ("epoch", Kind::Int),
            ("renewals", Kind::Int),
            ("commit_seq", Kind::Int),
            ("expires_at", Kind::Int),
            ("held_at", Kind::MaybeInt),
            ("held_before", Kind::MaybeInt),
            ("queue_order", Kind::Int),
        ],
        primary: "name",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "documents",
        columns: &[
            ("hash", Kind::Hash),
            ("owner", Kind::Name),
            ("body", Kind::Body),
        ],
        primary: "hash, owner",
        indexes: &[],
        large: true,
    },
    TableDefinition {
        name: "workflows",
        columns: &[
            ("name", Kind::Name),
            ("dir", Kind::Dir),
            ("creator", Kind::Name),
            ("description", Kind::Body),
            ("hash", Kind::Hash),
            ("updated_at", Kind::Int),
            ("body", Kind::Body),
            ("xml", Kind::Body),
        ],
        primary: "name",
        indexes: &[
            ("dir", "dir, name", Scope::Every),
            ("creator", "creator", Scope::Every),
        ],
        large: true,
    },
    TableDefinition {
        name: "coordinators",
        columns: &[
            ("name", Kind::Name),
            ("dir", Kind::Dir),
            ("creator", Kind::Name),
            ("description", Kind::Body),
            ("hash", Kind::Hash),
            ("updated_at", Kind::Int),
            ("body", Kind::Body),
            ("xml", Kind::Body),
        ],
        primary: "name",
        indexes: &[("dir", "dir, name", Scope::Every)],
        large: true,
    },
    TableDefinition {
        name: "coordinator_states",
        columns: &[
            ("kind", Kind::Small),
            ("name", Kind::Name),
            ("body", Kind::Body),
        ],
        primary: "kind, name",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "directories",
        columns: &[("path", Kind::Dir)],
        primary: "path",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "instances",
        columns: &[
            ("id", Kind::Id),
            ("run", Kind::Int),
            ("latest", Kind::Small),
            ("workflow", Kind::Name),
            ("status", Kind::Small),
            ("created_at", Kind::Int),
            ("ended_at", Kind::MaybeInt),
            ("definition", Kind::Hash),
            ("body", Kind::Body),
        ],
        primary: "id, run",
        indexes: &[
            ("status", "status, created_at, id", Scope::Every),
            ("workflow", "workflow, status, created_at, id", Scope::Every),
            (
                "end",
                "ended_at, id, run, status",
                Scope::Where("ended_at IS NOT NULL"),
            ),
        ],
        large: false,
    },
    TableDefinition {
        name: "visits",
        columns: &[
            ("instance", Kind::Id),
            ("run", Kind::Int),
            ("step", Kind::Name),
            ("visit", Kind::Int),
            ("sequence", Kind::Int),
            ("status", Kind::Small),
            ("body", Kind::Body),
        ],
        primary: "instance, run, step, visit",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "attempts",
        columns: &[
            ("instance", Kind::Id),
            ("run", Kind::Int),
            ("step", Kind::Name),
            ("visit", Kind::Int),
            ("attempt", Kind::Int),
            ("status", Kind::Small),
            ("body", Kind::Body),
        ],
        primary: ATTEMPT_KEY,
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "ledger",
        columns: &[
            ("kind", Kind::Small),
            ("coordinator", Kind::Name),
            ("instant", Kind::Int),
            ("workflow", Kind::Name),
            ("fate", Kind::Small),
            ("detail", Kind::Body),
            ("decided_at", Kind::Int),
        ],
        primary: "kind, coordinator, instant, workflow",
        indexes: &[
            ("instant", "instant", Scope::Every),
            ("workflow", "workflow, instant", Scope::Every),
            ("fate", "fate", Scope::Where("fate = 0")),
        ],
        large: false,
    },
    TableDefinition {
        name: "ledger_gaps",
        columns: &[
            ("kind", Kind::Small),
            ("coordinator", Kind::Name),
            ("first", Kind::Int),
            ("last", Kind::Int),
            ("body", Kind::Body),
        ],
        primary: "kind, coordinator, first",
        indexes: &[("last", "last", Scope::Every)],
        large: false,
    },
    TableDefinition {
        name: "bloods",
        columns: &[("id", Kind::Id), ("body", Kind::Body)],
        primary: "id",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "mail",
        columns: &[
            ("id", Kind::Name),
            ("state", Kind::Small),
            ("due_at", Kind::Int),
            ("created_at", Kind::Int),
            ("body", Kind::Body),
        ],
        primary: "id",
        indexes: &[
            ("due", "state, due_at", Scope::Every),
            ("age", "state, created_at", Scope::Every),
        ],
        large: false,
    },
    TableDefinition {
        name: "readings",
        columns: &[
            ("instance", Kind::Id),
            ("run", Kind::Int),
            ("step", Kind::Name),
            ("visit", Kind::Int),
            ("attempt", Kind::Int),
            ("workflow", Kind::Name),
            ("day", Kind::Int),
            ("at", Kind::Int),
            ("body", Kind::Body),
        ],
        primary: ATTEMPT_KEY,
        indexes: &[
            ("workflow", "workflow, at", Scope::Every),
            ("time", "at", Scope::Every),
        ],
        large: false,
    },
    TableDefinition {
        name: "plan",
        columns: &[("position", Kind::Int), ("body", Kind::Body)],
        primary: "position",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "answers",
        columns: &[
            ("name", Kind::Name),
            ("request", Kind::Hash),
            ("given_at", Kind::Int),
            ("body", Kind::Body),
        ],
        primary: "name",
        indexes: &[("age", "given_at", Scope::Every)],
        large: true,
    },
    TableDefinition {
        name: "offers",
        columns: &[
            ("node", Kind::Id),
            ("path_hash", Kind::Hash),
            ("hash", Kind::Hash),
            ("path", Kind::Body),
        ],
        primary: "node, path_hash",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "settings",
        columns: &[("name", Kind::Name), ("body", Kind::Body)],
        primary: "name",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "files",
        columns: &[("hash", Kind::Hash), ("touched_at", Kind::Int)],
        primary: "hash",
        indexes: &[("age", "touched_at", Scope::Every)],
        large: false,
    },
    TableDefinition {
        name: "file_chunks",
        columns: &[
            ("hash", Kind::Hash),
            ("chunk", Kind::Int),
            ("body", Kind::Body),
        ],
        primary: "hash, chunk",
        indexes: &[],
        large: true,
    },
    TableDefinition {
        name: "file_uses",
        columns: &[
            ("workflow", Kind::Name),
            ("hash", Kind::Hash),
            ("updated_at", Kind::Int),
        ],
        primary: "workflow, hash",
        indexes: &[
            ("hash", "hash", Scope::Every),
            ("age", "updated_at", Scope::Every),
        ],
        large: false,
    },
];

/// What version 3 adds.
const FILES_OF_DOCUMENTS: &[TableDefinition] = &[
    TableDefinition {
        name: "document_files",
        columns: &[
            ("hash", Kind::Hash),
            ("owner", Kind::Name),
            ("body", Kind::Body),
        ],
        primary: "hash, owner",
        indexes: &[],
        large: true,
    },
    TableDefinition {
        name: "file_references",
        columns: &[
            ("file", Kind::Hash),
            ("hash", Kind::Hash),
            ("owner", Kind::Name),
        ],
        primary: "file, hash, owner",
        indexes: &[("document", "hash, owner", Scope::Every)],
        large: false,
    },
];

/// What version 5 adds.
const LINKS: TableDefinition = TableDefinition {
    name: "links",
    columns: &[
        ("kind", Kind::Small),
        ("name", Kind::Name),
        ("hash", Kind::Hash),
        ("updated_at", Kind::Int),
        ("body", Kind::Body),
        ("sealed", Kind::Body),
    ],
    primary: "kind, name",
    indexes: &[],
    large: true,
};

const LOGS: &[TableDefinition] = &[
    TableDefinition {
        name: "log_runs",
        columns: &[
            ("instance", Kind::Id),
            ("run", Kind::Int),
            ("places", Kind::Int),
        ],
        primary: "instance, run",
        indexes: &[],
        large: false,
    },
    TableDefinition {
        name: "log_chunks",
        columns: &[
            ("instance", Kind::Id),
            ("run", Kind::Int),
            ("place", Kind::Int),
            ("step", Kind::Name),
            ("visit", Kind::Int),
            ("attempt", Kind::Int),
            ("sequence", Kind::Int),
            ("line_count", Kind::Int),
            ("size", Kind::Int),
            ("body", Kind::Body),
        ],
        primary: "instance, run, place",
        indexes: &[(
            "attempt",
            "instance, run, step, visit, attempt, sequence",
            Scope::Unique,
        )],
        large: true,
    },
];
