//! Files of definitions over a long time, and in databases of earlier versions.

use peerflow_model::{Change, ContentHash, FileRecord, InstanceStatus};
use peerflow_store::contract::samples::{at, file, instance, workflow};
use peerflow_store::contract::{Master, Place};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::places::{InMemory, MysqlDatabase, SqliteDirectory};

const XML: &str = "<w/>";

/// A database that can be changed behind the store's back.
enum Database {
    Sqlite(SqliteDirectory),
    Mysql(MysqlDatabase),
}

impl Database {
    async fn both() -> [Self; 2] {
        [
            Self::Sqlite(SqliteDirectory::new()),
            Self::Mysql(MysqlDatabase::create().await),
        ]
    }

    fn place(&self) -> &dyn Place {
        match self {
            Self::Sqlite(place) => place,
            Self::Mysql(place) => place,
        }
    }

    async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(place) => {
                let mut link = SqliteConnection::connect(place.path().to_str().unwrap())
                    .await
                    .unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
                    .execute(&mut link)
                    .await
                    .unwrap();
                link.close().await.unwrap();
            }
            Self::Mysql(place) => place.run(&format!("USE `{}`; {sql}", place.name)).await,
        }
    }
}

fn put(xml: &str, files: &[FileRecord]) -> (Change, ContentHash) {
    let mut record = workflow("w", "/d", xml);
    record.files = files.to_vec();
    record.hash = ContentHash::of_definition(xml, files);
    let hash = record.hash;
    (Change::PutWorkflow(record), hash)
}

async fn put_files(master: &Master) -> [FileRecord; 2] {
    for content in [b"old", b"new"] {
        let hash = ContentHash::of(content);
        master.store.put_file(hash, content).await.unwrap();
    }
    [file("a", b"old"), file("a", b"new")]
}

/// Forgets all that nothing refers to, of any age.
async fn forget(master: &Master) {
    while master.store.retain(at(0), at(0), 10).await.unwrap() > 0 {}
}

async fn content(master: &Master, file: &FileRecord) -> Option<Vec<u8>> {
    master.store.file_chunk(file.hash, 0).await.unwrap()
}

/// Files are kept for the run that goes by them, however old they are, and for no longer. `age` makes all look old.
async fn is_kept_for_its_run(mut master: Master, age: impl AsyncFn()) {
    let [old, new] = put_files(&master).await;
    let (put_old, first) = put(XML, std::slice::from_ref(&old));
    let mut run = instance("i", "w", InstanceStatus::Succeeded, 1);
    run.definition = first;
    run.ended_at = Some(at(1));
    master.commit(&[put_old, Change::PutInstance(run)]).await;
    master
        .commit(&[put(XML, std::slice::from_ref(&new)).0])
        .await;
    age().await;
    forget(&master).await;
    assert_eq!(content(&master, &old).await.as_deref(), Some(&b"old"[..]));
    assert_eq!(content(&master, &new).await.as_deref(), Some(&b"new"[..]));
    master.commit(&[Change::DeleteInstance("i".into())]).await;
    forget(&master).await;
    assert_eq!(content(&master, &old).await, None);
    assert_eq!(content(&master, &new).await.as_deref(), Some(&b"new"[..]));
    master.commit(&[Change::DeleteWorkflow("w".into())]).await;
    forget(&master).await;
    assert_eq!(content(&master, &new).await, None);
}

#[tokio::test]
async fn a_file_is_kept_for_a_run_that_goes_by_it_and_no_longer() {
    for database in Database::both().await {
        let master = Master::of(database.place().open().await).await;
        is_kept_for_its_run(master, async || {
            database.run("UPDATE files SET touched_at = 0").await;
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_in_memory_is_kept_for_a_run_that_goes_by_it_and_no_longer() {
    let master = Master::of(InMemory::new().open().await).await;
    is_kept_for_its_run(master, async || {
        tokio::time::advance(std::time::Duration::from_secs(3 * 24 * 3600)).await;
    })
    .await;
}

/// Makes a database as version 2 of the schema had it, in which files go with names of workflows. Each statement is
/// taken by both servers.
const BACK_TO_VERSION_2: &str = "\
    DROP TABLE document_files; DROP TABLE file_references; \
    DELETE FROM schema_version WHERE version > 2;";

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one story: made, taken back, opened, looked at"
)]
async fn a_database_of_version_2_keeps_its_files() {
    for database in Database::both().await {
        let place = database.place();
        let mut master = Master::of(place.open().await).await;
        let [old, new] = put_files(&master).await;
        // A hash of the document alone was the identity then.
        let early = |xml: &str, file: &FileRecord| {
            let mut record = workflow("w", "/d", xml);
            record.files = vec![file.clone()];
            record
        };
        let (first, second) = (early(XML, &old), early("<w b='b'/>", &new));
        let mut run = instance("i", "w", InstanceStatus::Waiting, 1);
        run.definition = first.hash;
        let bare = workflow("bare", "/d", "<bare/>");
        master
            .commit(&[
                Change::PutWorkflow(first.clone()),
                Change::PutInstance(run),
                Change::PutWorkflow(second.clone()),
                Change::PutWorkflow(bare.clone()),
            ])
            .await;
        master.store.close().await;
        let types = match database {
            Database::Sqlite(_) => ("BLOB", "BLOB", "INTEGER"),
            Database::Mysql(_) => ("VARBINARY(255)", "BINARY(32)", "BIGINT"),
        };
        let (name, hash, number) = types;
        let uses = [&old, &new].map(|file| {
            format!(
                "INSERT INTO file_uses VALUES (CAST('w' AS BINARY), x'{}', 1);",
                file.hash
            )
            .replace(
                "BINARY",
                if matches!(database, Database::Sqlite(_)) {
                    "BLOB"
                } else {
                    "BINARY"
                },
            )
        });
        database
            .run(&format!(
                "{BACK_TO_VERSION_2} CREATE TABLE file_uses (workflow {name} NOT NULL, hash {hash} NOT NULL, \
                 updated_at {number} NOT NULL, PRIMARY KEY (workflow, hash)); {} UPDATE files SET touched_at = 0",
                uses.concat()
            ))
            .await;

        let store = place.open().await;
        let definition = async |hash| store.definition(hash).await.unwrap().unwrap();
        let current = definition(second.hash).await;
        assert_eq!(
            (&*current.xml, &*current.files),
            (&*second.xml, &[new.clone()][..])
        );
        let former = definition(first.hash).await;
        assert_eq!(&*former.xml, XML);
        assert_eq!(
            &*former.files,
            std::slice::from_ref(&new),
            "which ones it had was not kept"
        );
        assert_eq!(definition(bare.hash).await.files, []);
        while store.retain(at(1000), at(1000), 10).await.unwrap() > 0 {}
        assert!(store.has_file(new.hash).await.unwrap());
        store.close().await;
        // Once more, it is found as it should be.
        assert!(
            place
                .open()
                .await
                .definition(bare.hash)
                .await
                .unwrap()
                .is_some()
        );
    }
}
