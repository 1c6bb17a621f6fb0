//! The same with a real database and real files.

use std::path::Path;
use std::sync::Arc;

use peerflow_actions::TaskResult;
use peerflow_rows::{Database, Session};
use peerflow_sqlite::{Access, Settings, SqliteDatabase};
use peerflow_workflow::{FileTarget, TextFormat, TransferTarget};

use super::{files, into_file, into_table, query, transfer};
use crate::stage::{Setting, Stage};

fn tab() -> TextFormat {
    TextFormat::Delimited("\t".to_owned())
}

/// A stage with a SQLite file under the link `db`, and a connection to it.
async fn stage() -> (tempfile::TempDir, Stage, Box<dyn Session>) {
    let root = tempfile::tempdir().unwrap();
    let settings = Settings {
        access: Access::Create,
        ..Settings::new(root.path().join("a.db"))
    };
    let database = SqliteDatabase::new(settings);
    let session = database.connect().await.unwrap();
    let stage = Stage::with(Setting::with_database(Arc::new(database))).await;
    (root, stage, session)
}

fn write(root: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = root.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_string_lossy().into_owned()
}

async fn first_value(session: &mut dyn Session, query: &str) -> Option<String> {
    let executed = session.execute(query, 1).await.unwrap();
    let value = executed.first_rows.value(0, 0);
    value.map(|it| String::from_utf8(it.to_vec()).unwrap())
}

#[tokio::test]
async fn csv_goes_into_a_new_table_and_comes_back_the_same() {
    let (root, stage, mut session) = stage().await;
    let content = "1,\"a,\"\"b\"\"\nc\",,\"\"\n-9223372036854775808,😀,0x00ff,x\n";
    let input = write(root.path(), "in.csv", content);
    let end = stage
        .run(transfer(
            files(input, TextFormat::Csv),
            TransferTarget::Table(into_table("t")),
        ))
        .await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let names = first_value(
        &mut *session,
        "SELECT group_concat(name) FROM pragma_table_info('t')",
    )
    .await;
    assert_eq!(names.as_deref(), Some("c1,c2,c3,c4"));
    let output = root.path().join("out.csv");
    let target = into_file(output.to_string_lossy(), TextFormat::Csv);
    let end = stage
        .run(transfer(
            query("SELECT * FROM t;"),
            TransferTarget::File(target),
        ))
        .await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    assert_eq!(std::fs::read_to_string(&output).unwrap(), content);
}

#[tokio::test]
async fn binary_values_come_back_through_text() {
    let (root, stage, mut session) = stage().await;
    for statement in [
        "CREATE TABLE a (i INTEGER, b BLOB)",
        "CREATE TABLE b (i INTEGER, b BLOB)",
        "INSERT INTO a VALUES (1, x'00ff0a0922'), (2, NULL), (3, x'3078')",
    ] {
        session.execute(statement, 0).await.unwrap();
    }
    for format in [tab(), TextFormat::Csv] {
        let path = root.path().join("a.txt").to_string_lossy().into_owned();
        let out = stage
            .run(transfer(
                query("a"),
                TransferTarget::File(into_file(path.clone(), format.clone())),
            ))
            .await;
        assert_eq!(out.message, "");
        let mut target = into_table("b");
        target.truncate = true;
        let back = stage
            .run(transfer(files(path, format), TransferTarget::Table(target)))
            .await;
        assert_eq!(back.message, "");
        let same = "SELECT count(*) FROM a JOIN b ON a.i = b.i AND a.b IS b.b AND typeof(a.b) = typeof(b.b)";
        assert_eq!(first_value(&mut *session, same).await.as_deref(), Some("3"));
        assert_eq!(
            first_value(&mut *session, "SELECT count(*) FROM b")
                .await
                .as_deref(),
            Some("3")
        );
    }
}

#[tokio::test]
async fn a_bad_line_is_told_with_file_line_column_and_value_and_the_table_stays() {
    let (root, stage, mut session) = stage().await;
    for statement in [
        "CREATE TABLE t (a INTEGER, b TEXT)",
        "INSERT INTO t VALUES (0, 'old')",
    ] {
        session.execute(statement, 0).await.unwrap();
    }
    let mut content: String = (1..=50_000).map(|row| format!("{row}\tx\n")).collect();
    let good = content.clone();
    content.push_str("none\tx\n");
    let (first, second) = (
        write(root.path(), "1.txt", &good),
        write(root.path(), "2.txt", &content),
    );
    let both = root.path().join("?.txt").to_string_lossy().into_owned();
    let mut target = into_table("t");
    target.truncate = true;
    let task = transfer(
        files(both.clone(), tab()),
        TransferTarget::Table(target.clone()),
    );
    let end = stage.run(task).await;
    let expected = format!(
        "file link `local`: {second}, line 50001, column a: value `none`: database link `db`: loading rows:"
    );
    assert!(end.message.starts_with(&expected), "{}", end.message);
    assert_eq!(
        first_value(&mut *session, "SELECT group_concat(b) FROM t")
            .await
            .as_deref(),
        Some("old")
    );

    std::fs::write(&second, format!("{good}1\t2\t3\n")).unwrap();
    let end = stage
        .run(transfer(
            files(both.clone(), tab()),
            TransferTarget::Table(target.clone()),
        ))
        .await;
    let expected = format!(
        "file link `local`: {second}, line 50001, column 3: value `3`: the line has 3 columns, 2 are expected"
    );
    assert!(end.message.starts_with(&expected), "{}", end.message);
    assert_eq!(
        first_value(&mut *session, "SELECT group_concat(b) FROM t")
            .await
            .as_deref(),
        Some("old")
    );

    std::fs::write(&second, "1\t2\n").unwrap();
    let end = stage
        .run(transfer(files(both, tab()), TransferTarget::Table(target)))
        .await;
    assert_eq!(end.message, "");
    assert_eq!(
        first_value(&mut *session, "SELECT count(*) FROM t")
            .await
            .as_deref(),
        Some("50001")
    );
    assert!(Path::new(&first).exists());
}

#[tokio::test]
async fn columns_too_many_are_told_before_the_first_row() {
    let (root, stage, mut session) = stage().await;
    session.execute("CREATE TABLE t (a, b)", 0).await.unwrap();
    let input = write(root.path(), "in.txt", "1\t2\t3\n");
    let end = stage
        .run(transfer(
            files(input, tab()),
            TransferTarget::Table(into_table("t")),
        ))
        .await;
    assert!(
        end.message.starts_with(
            "database link `db`: the source has 3 column(s) (c1, c2, c3), table `t` has 2 (a, b)"
        ),
        "{}",
        end.message
    );
    let input = write(root.path(), "in.txt", "1,2\n");
    let end = stage
        .run(transfer(
            files(input, tab()),
            TransferTarget::Table(into_table("t")),
        ))
        .await;
    assert_eq!(end.result, TaskResult::Failed);
    assert!(
        stage
            .warnings()
            .iter()
            .any(|line| line.contains("does not hold the delimiter `\\t`"))
    );
}

#[tokio::test]
async fn what_cannot_be_found_is_named() {
    let (root, stage, mut session) = stage().await;
    let path = root.path().join("none.txt").to_string_lossy().into_owned();
    let to_table = |source| transfer(source, TransferTarget::Table(into_table("t")));
    let end = stage.run(to_table(files(path.clone(), tab()))).await;
    assert!(
        end.message.contains("file link `local`") && end.message.contains("none.txt"),
        "{}",
        end.message
    );
    let end = stage.run(to_table(files(format!("{path}*"), tab()))).await;
    assert!(end.message.contains("no file fits"), "{}", end.message);
    let end = stage.run(to_table(query("nowhere"))).await;
    assert!(
        end.message
            .starts_with("database link `db`: the source's query: "),
        "{}",
        end.message
    );
    let empty = write(root.path(), "empty.txt", "");
    let end = stage.run(to_table(files(empty.clone(), tab()))).await;
    assert!(
        end.message
            .contains("table `t` does not exist, and the source has no line"),
        "{}",
        end.message
    );
    session.execute("CREATE TABLE t (a, b)", 0).await.unwrap();
    let end = stage.run(to_table(files(empty, tab()))).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let nowhere = root
        .path()
        .join("no/where.txt")
        .to_string_lossy()
        .into_owned();
    let end = stage
        .run(transfer(
            query("t"),
            TransferTarget::File(into_file(nowhere, tab())),
        ))
        .await;
    assert!(
        end.message.contains("file link `local`") && end.message.contains("where.txt"),
        "{}",
        end.message
    );
}

#[tokio::test]
async fn commands_run_before_and_after_a_file_is_written_and_files_go_into_files() {
    let (root, stage, _session) = stage().await;
    let input = write(root.path(), "in.txt", "a||b\nnull||x\n");
    let made = root.path().join("made");
    let output = made.join("out.csv");
    let target = FileTarget {
        pre: format!("mkdir '{}'", made.display()),
        after: format!("wc -l < '{}'", output.display()),
        ..into_file(output.to_string_lossy(), TextFormat::Csv)
    };
    let source = files(input, TextFormat::Delimited("||".to_owned()));
    let end = stage
        .run(transfer(
            source.clone(),
            TransferTarget::File(target.clone()),
        ))
        .await;
    assert_eq!(end.message, "");
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "a,b\n,x\n");
    assert!(stage.output().contains(&"2".to_owned()));

    let end = stage
        .run(transfer(source, TransferTarget::File(target)))
        .await;
    assert!(
        end.message
            .starts_with("the command of <pre> failed: exit code 1"),
        "{}",
        end.message
    );
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "a,b\n,x\n");
}
