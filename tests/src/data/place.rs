//! Where the rows are kept, each reached by its own means.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::row::{COLUMNS, Row};
use super::{Rows, file, line, mariadb, postgres, sqlite};
use crate::{Database, PostgresDatabase};

/// One of the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    MariaDb,
    Postgres,
    Sqlite,
    /// A text file with fields between delimiters.
    Text,
    Csv,
}

impl Place {
    pub const ALL: [Self; 5] = [
        Self::MariaDb,
        Self::Postgres,
        Self::Sqlite,
        Self::Text,
        Self::Csv,
    ];

    /// Its word in names of tables and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb",
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
            Self::Text => "text",
            Self::Csv => "csv",
        }
    }

    /// Whether it is a file of text.
    pub fn is_file(self) -> bool {
        matches!(self, Self::Text | Self::Csv)
    }
}

/// What the columns of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each of the type that fits.
    Typed,
    /// All of text, as they are when a table is made of a file.
    Text,
}

/// All places, those of one test.
#[derive(Debug)]
pub struct Places {
    folder: PathBuf,
    mariadb: Database,
    postgres: PostgresDatabase,
}

impl Places {
    /// Empty ones, with their files in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            mariadb: Database::new(),
            postgres: PostgresDatabase::new(),
        }
    }

    /// The links to them, as `db_links.xml` has them. A link is called by its place's word.
    pub fn links(&self) -> String {
        let sqlite = self.sqlite();
        format!(
            r#"<db-links>
  <link name="mariadb" type="MYSQL" jdbc-url="jdbc:{}" username="{}"/>
  <link name="postgres" type="POSTGRES" jdbc-url="{}" username="{}"/>
  <link name="sqlite" type="SQLITE" jdbc-url="jdbc:sqlite:{}"/>
</db-links>"#,
            without_user(&self.mariadb.url()),
            user(&self.mariadb.url()),
            self.postgres.jdbc_url(),
            self.postgres.user(),
            sqlite.display()
        )
    }

    /// The path of a file of rows, or of SQLite.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn sqlite(&self) -> PathBuf {
        self.file("rows.db")
    }

    /// Makes a table with the right types; nothing for a file.
    pub fn create(&self, place: Place, table: &str) {
        match place {
            Place::MariaDb => mariadb::create(&self.mariadb, table),
            Place::Postgres => postgres::create(&self.postgres, table),
            Place::Sqlite => sqlite::create(&self.sqlite(), table),
            Place::Text | Place::Csv => {}
        }
    }

    /// Puts rows into a table that was made for them, or into a file, by other means than peerflow.
    ///
    /// # Panics
    /// When the place does not take them.
    pub fn load(&self, place: Place, name: &str, rows: impl Iterator<Item = Row>) {
        let write = match place {
            Place::Text => file::write_text,
            Place::Csv => file::write_csv,
            Place::MariaDb | Place::Postgres | Place::Sqlite => line::write,
        };
        let path = if place.is_file() {
            self.file(name)
        } else {
            self.file("lines")
        };
        write_all(&path, rows, write);
        match place {
            Place::MariaDb => mariadb::load(&self.mariadb, name, &path),
            Place::Postgres => postgres::load(&self.postgres, name, &path),
            Place::Sqlite => sqlite::load(&self.sqlite(), name, &path),
            Place::Text | Place::Csv => return,
        }
        std::fs::remove_file(&path).expect("the lines can be removed");
    }

    /// Gives all rows of a table or file to `each`, read by other means than peerflow.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read(&self, place: Place, name: &str, shape: Shape, mut each: impl FnMut(Row)) {
        let data_is_text = shape == Shape::Text;
        let take = |line: &[u8]| each(line::read(line, data_is_text));
        match place {
            Place::MariaDb => mariadb::read(&self.mariadb, name, take),
            Place::Postgres => postgres::read(&self.postgres, name, data_is_text, take),
            Place::Sqlite => sqlite::read(&self.sqlite(), name, take),
            Place::Text => file::read_text(&self.content(name), each),
            Place::Csv => file::read_csv(&self.content(name), each),
        }
    }

    fn content(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).expect("the file is there")
    }

    /// Removes a table or file.
    ///
    /// # Panics
    /// When it is not there.
    pub fn remove(&self, place: Place, name: &str) {
        let statement = format!("DROP TABLE {name}");
        match place {
            Place::MariaDb => drop(self.mariadb.query(&statement)),
            Place::Postgres => drop(self.postgres.query(&statement)),
            Place::Sqlite => sqlite::execute(&self.sqlite(), &statement),
            Place::Text | Place::Csv => {
                std::fs::remove_file(self.file(name)).expect("the file can be removed");
            }
        }
    }

    /// The tables that are there, and the files whose names begin with `from_`; for a look at what is left.
    pub fn names(&self, place: Place) -> Vec<String> {
        let names = match place {
            Place::MariaDb => self.mariadb.query("SHOW TABLES"),
            Place::Postgres => self
                .postgres
                .query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"),
            Place::Sqlite => sqlite::tables(&self.sqlite()),
            Place::Text | Place::Csv => {
                let entries = std::fs::read_dir(&self.folder).expect("the folder is there");
                let names = entries.map(|entry| entry.expect("an entry").file_name());
                let names: Vec<_> = names
                    .map(|name| name.to_string_lossy().into_owned())
                    .collect();
                names.join("\n")
            }
        };
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// A table or file in which rows differ from those of `expected`, in words: at most five of them.
    pub fn differences(
        &self,
        place: Place,
        name: &str,
        shape: Shape,
        rows: Rows,
        expected: impl Fn(Row) -> Row,
    ) -> Vec<String> {
        let mut found = Vec::new();
        self.read(place, name, shape, |row| {
            if found.len() >= 5 {
                return;
            }
            let Some(wanted) = row.id().and_then(|id| rows.of(id)).map(&expected) else {
                found.push(format!("a row of no known id: {row:?}"));
                return;
            };
            for (column, (is, wanted)) in row.0.iter().zip(&wanted.0).enumerate() {
                if is != wanted {
                    let name = COLUMNS[column];
                    let id = row.id().unwrap_or_default();
                    found.push(format!(
                        "row {id}, {name}: {} and not {}",
                        shown(is),
                        shown(wanted)
                    ));
                }
            }
        });
        found
    }
}

fn shown(value: &Option<Vec<u8>>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(value) => match std::str::from_utf8(&value[..value.len().min(200)]) {
            Ok(text) => format!("{text:?}"),
            Err(_) => format!("{value:x?}"),
        },
    }
}

fn write_all(path: &Path, rows: impl Iterator<Item = Row>, write: fn(&Row, &mut Vec<u8>)) {
    let mut file = BufWriter::new(File::create(path).expect("the folder can be written"));
    let mut out = Vec::new();
    for row in rows {
        out.clear();
        write(&row, &mut out);
        file.write_all(&out).expect("the file can be written");
    }
    file.flush().expect("the file can be written");
}

/// `mysql://user@host:port/database` without the user.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("//").expect("a URL");
    let place = rest.split_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}//{place}")
}

fn user(url: &str) -> &str {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    rest.split_once('@').map_or("root", |(user, _)| user)
}
