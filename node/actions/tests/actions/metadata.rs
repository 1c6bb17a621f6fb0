//! `<metadata>`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use peerflow_actions::{Task, TaskResult};
use peerflow_rows::Comments;
use peerflow_workflow::{DatabaseLink, Metadata, Work};

use crate::scripted::{Script, ScriptedDatabase};
use crate::sql::{sql, sqlite};
use crate::stage::{Setting, Stage, task};

fn metadata() -> Metadata {
    Metadata {
        link: DatabaseLink::Named("db".into()),
        table: "daily".into(),
        from: Vec::new(),
        column_comments: Vec::new(),
        table_comment: None,
    }
}

fn comment(metadata: Metadata, description: &str) -> Task {
    let mut task = task(Work::Metadata(metadata));
    Arc::make_mut(&mut task.workflow).description = description.into();
    task
}

fn comments(table: &str, columns: &[(&str, &str)]) -> Comments {
    let owned = |&(name, comment): &(&str, &str)| (name.to_owned(), comment.to_owned());
    Comments {
        table: Some(table.to_owned()),
        columns: columns.iter().map(owned).collect(),
    }
}

/// A table of four columns, one with a comment, and two to take comments from.
fn database() -> ScriptedDatabase {
    let daily = comments(
        "",
        &[
            ("Day", ""),
            ("amount", ""),
            ("shop", ""),
            ("note", "free text"),
        ],
    );
    let tables = [
        ("daily", daily),
        (
            "orders",
            comments("all orders", &[("day", "day of the order"), ("amount", "")]),
        ),
        (
            "items",
            comments("", &[("day", "another day"), ("amount", "in yuan")]),
        ),
    ];
    ScriptedDatabase(Arc::new(Script {
        comments: Mutex::new(BTreeMap::from(
            tables.map(|(name, it)| (name.to_owned(), it)),
        )),
        ..Script::default()
    }))
}

async fn run(database: &ScriptedDatabase, task: Task) -> peerflow_actions::TaskEnd {
    let setting = Setting::with_database(Arc::new(database.clone()));
    Stage::with(setting).await.run(task).await
}

#[tokio::test]
async fn comments_come_from_the_first_table_that_has_one_and_written_ones_win() {
    let database = database();
    let wanted = Metadata {
        from: vec!["orders".into(), "items".into()],
        column_comments: vec![
            ("shop".into(), " 门店 ".into()),
            ("AMOUNT".into(), "sum".into()),
        ],
        ..metadata()
    };
    let end = run(&database, comment(wanted, "one row a day")).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let set = database.0.set.lock().unwrap().clone();
    let expected = comments(
        "one row a day",
        &[
            ("Day", "day of the order"),
            ("amount", "sum"),
            ("shop", "门店"),
        ],
    );
    assert_eq!(set, [("daily".to_owned(), expected)]);
    assert_eq!(database.closed(), 1);
}

#[tokio::test]
async fn what_is_said_already_is_not_set_again() {
    let database = database();
    let wanted = Metadata {
        table: "orders".into(),
        column_comments: vec![("amount".into(), "sum".into())],
        table_comment: Some("all orders".into()),
        ..metadata()
    };
    run(&database, comment(wanted, "not this")).await;
    let wanted = Metadata {
        table: "items".into(),
        ..metadata()
    };
    let end = run(&database, comment(wanted, "")).await;
    assert_eq!(end.result, TaskResult::Succeeded);
    let expected = Comments {
        table: None,
        columns: vec![("amount".into(), "sum".into())],
    };
    let set = database.0.set.lock().unwrap().clone();
    assert_eq!(set, [("orders".to_owned(), expected)]);
}

#[tokio::test]
async fn bare_and_unknown_columns_are_all_named_and_nothing_is_set() {
    let database = database();
    let wanted = Metadata {
        from: vec!["orders".into()],
        column_comments: vec![("shopp".into(), "门店".into()), ("day".into(), " ".into())],
        ..metadata()
    };
    let end = run(&database, comment(wanted, "")).await;
    assert_eq!(end.result, TaskResult::Failed);
    assert_eq!(
        end.message,
        "table `daily` on database link `db`: there is no column `shopp`; correct <column-comment>; \
         no comment for column `Day`, `amount`, `shop`; write <column-comment>, or name a table in `from` that has one"
    );
    assert!(database.0.set.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_named() {
    let database = database();
    let of_none = Metadata {
        from: vec!["orders".into(), "order_items".into()],
        ..metadata()
    };
    let end = run(&database, comment(of_none, "")).await;
    assert_eq!(
        end.message,
        "table `order_items` on database link `db` does not exist; correct its name or make it before this step"
    );
}

#[tokio::test]
async fn a_database_without_comments_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::with(Setting::with_database(sqlite(&folder))).await;
    stage.run(sql("create table daily (day text)")).await;
    let end = stage.run(comment(metadata(), "")).await;
    assert_eq!(end.result, TaskResult::Failed);
    let message = end.message;
    assert!(
        message.starts_with("the comments of table `daily` on database link `db` cannot be read: "),
        "{message}"
    );
    assert!(message.contains("name another database"), "{message}");
}
