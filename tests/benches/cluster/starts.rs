//! Which tasks began when and where, as the tasks themselves say, and which master had given them.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use peerflow_tests::Database;

/// Instance, step and try. There is one run and one visit of each.
pub(crate) type Key = (String, String, String);

/// A file to which each task adds a line as it begins.
#[derive(Debug, Clone)]
pub(crate) struct Starts {
    path: PathBuf,
}

/// The begin of a task.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Seconds since the epoch, by bash.
    pub(crate) at: f64,
    pub(crate) node: String,
    pub(crate) key: Key,
}

/// What the store has of a try.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assigned {
    /// Of the master that gave it.
    pub(crate) epoch: u64,
    /// Seconds since the epoch, by that master.
    pub(crate) at: f64,
}

impl Starts {
    pub(crate) fn new(folder: &Path) -> Self {
        let path = folder.join("starts");
        std::fs::write(&path, "").expect("the folder can be written");
        Self { path }
    }

    /// The line of a script that says that it began.
    pub(crate) fn say(&self) -> String {
        format!(
            r#"echo "$EPOCHREALTIME $TEST_NODE $PEERFLOW_INSTANCE $PEERFLOW_STEP $PEERFLOW_ATTEMPT" >> {}"#,
            self.path.display()
        )
    }

    /// Where the file ends now.
    pub(crate) fn end(&self) -> u64 {
        let file = std::fs::metadata(&self.path).expect("the file is there");
        file.len()
    }

    /// What was added from `place` on.
    pub(crate) fn since(&self, place: u64) -> Vec<Start> {
        let mut text = String::new();
        let mut file = std::fs::File::open(&self.path).expect("the file is there");
        file.seek(SeekFrom::Start(place))
            .and_then(|_| file.read_to_string(&mut text))
            .expect("the file can be read");
        text.lines().map(parse).collect()
    }
}

fn parse(line: &str) -> Start {
    let words: Vec<&str> = line.split(' ').collect();
    let [at, node, instance, step, attempt] = words[..] else {
        panic!("a torn line: {line:?}");
    };
    Start {
        at: at.parse().expect("a time"),
        node: node.to_owned(),
        key: (instance.to_owned(), step.to_owned(), attempt.to_owned()),
    }
}

/// What the store has of all tries.
pub(crate) fn assigned(database: &Database) -> HashMap<Key, Assigned> {
    let body = "CONVERT(body USING utf8mb4)";
    let rows = database.query(&format!(
        "SELECT instance, step, attempt, JSON_VALUE({body}, '$.epoch'), JSON_VALUE({body}, '$.assigned') FROM attempts"
    ));
    let tries = rows.lines().map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        let [instance, step, attempt, epoch, at] = fields[..] else {
            panic!("an unknown row: {row:?}");
        };
        let micros: f64 = at.parse().expect("a time");
        let assigned = Assigned {
            epoch: epoch.parse().expect("an epoch"),
            at: micros / 1e6,
        };
        let key = (instance.to_owned(), step.to_owned(), attempt.to_owned());
        (key, assigned)
    });
    tries.collect()
}
