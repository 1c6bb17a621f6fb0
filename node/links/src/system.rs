//! The kinds of databases and file systems that links lead to.

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatabaseSystem {
    MySql,
    Oracle,
    Hive,
    Postgres,
    Sqlite,
    ClickHouse,
    Impala,
    Odbc,
}

/// A kind of place with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileSystemKind {
    Local,
    Sftp,
    Hdfs,
    WebHdfs,
    S3,
    Ftp,
}

impl DatabaseSystem {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::MySql,
        Self::Oracle,
        Self::Hive,
        Self::Postgres,
        Self::Sqlite,
        Self::ClickHouse,
        Self::Impala,
        Self::Odbc,
    ];

    /// Other words for them that people write.
    const ALIASES: [(&'static str, Self); 6] = [
        ("MARIADB", Self::MySql),
        ("POSTGRESQL", Self::Postgres),
        ("HIVE2", Self::Hive),
        ("SPARK", Self::Hive),
        ("SQLITE3", Self::Sqlite),
        ("SQLSERVER", Self::Odbc),
    ];

    /// As links name it: upper case.
    pub fn word(self) -> &'static str {
        match self {
            Self::MySql => "MYSQL",
            Self::Oracle => "ORACLE",
            Self::Hive => "HIVE",
            Self::Postgres => "POSTGRES",
            Self::Sqlite => "SQLITE",
            Self::ClickHouse => "CLICKHOUSE",
            Self::Impala => "IMPALA",
            Self::Odbc => "ODBC",
        }
    }

    /// The one that `word` names, in any case.
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_uppercase();
        let alias = Self::ALIASES.into_iter().find(|(alias, _)| *alias == word);
        let known = || Self::ALL.into_iter().find(|system| system.word() == word);
        alias.map(|(_, system)| system).or_else(known)
    }
}

impl FileSystemKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Local,
        Self::Sftp,
        Self::Hdfs,
        Self::WebHdfs,
        Self::S3,
        Self::Ftp,
    ];

    /// As links name it: upper case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Sftp => "SFTP",
            Self::Hdfs => "HDFS",
            Self::WebHdfs => "WEBHDFS",
            Self::S3 => "S3",
            Self::Ftp => "FTP",
        }
    }

    /// The one that `word` names, in any case; older files write `LFS` for files of the node itself.
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_uppercase();
        if word == "LFS" {
            return Some(Self::Local);
        }
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The one of `known` that was probably meant by `word`.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.trim().to_lowercase();
    let length = word.chars().count();
    // Comparing takes the product of both lengths, and nobody means a short word by a long one.
    if length > 64 {
        return None;
    }
    let limit = (length / 3).max(1) + usize::from(length > 3);
    known
        .into_iter()
        .map(|known| {
            (
                strsim::damerau_levenshtein(&word, &known.to_lowercase()),
                known,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
