//! `<sql>`.

use std::sync::Arc;
use std::time::Duration;

use peerflow_actions::{Task, TaskResult};
use peerflow_rows::{Database, Error, Executed, Trouble};
use peerflow_sqlite::{Access, Settings, SqliteDatabase};
use peerflow_workflow::{DatabaseLink, InlineDatabase, Sql, Work};

use crate::scripted::{Answer, Script, ScriptedDatabase, result};
use crate::stage::{Setting, Stage, task, until};

/// Statements on the link `db`, which begin in line 10 of their document.
pub(crate) fn sql(statements: &str) -> Task {
    task(Work::Sql(Sql {
        link: DatabaseLink::Named("db".into()),
        statements: statements.into(),
        line: 10,
    }))
}

/// A SQLite file in a folder of its own.
pub(crate) fn sqlite(folder: &tempfile::TempDir) -> Arc<dyn Database> {
    Arc::new(SqliteDatabase::new(Settings {
        access: Access::Create,
        ..Settings::new(folder.path().join("db"))
    }))
}

async fn stage(database: Arc<dyn Database>) -> Stage {
    Stage::with(Setting::with_database(database)).await
}

/// Counts as far as it can, which takes years.
const ENDLESS: &str =
    "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n";

#[tokio::test]
async fn each_statement_is_logged_with_its_rows_and_a_result_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(sqlite(&folder)).await;
    let statements = "\n  create table 订单 (id integer, name text, raw blob);\n\
        -- two of them\n  insert into 订单 values (1, '张三;', x'00ff'), (-20, null, '');\n\
        select * from 订单 order by id desc";
    let end = stage.run(sql(statements)).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    assert!(end.started_at.is_some());
    let log = stage.output();
    let has = |part: &str| {
        assert!(
            log.iter().any(|it| it.starts_with(part)),
            "{part}: {log:#?}"
        )
    };
    has("statement 1 of 3 (line 11): create table 订单 (id integer, name text, raw blob)");
    has("statement 2 of 3 (line 13): insert into 订单 values (1, …");
    has("statement 2: 2 rows changed in ");
    has("statement 3: 2 rows in ");
    let table = &log[log.len() - 4..];
    assert_eq!(
        table,
        [
            "id  | name  | raw",
            "----+-------+-------",
            "  1 | 张三; | 0x00ff",
            "-20 | NULL  | 0x",
        ]
    );
}

#[tokio::test]
async fn the_first_error_ends_the_step_with_its_number_its_line_and_the_databases_words() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(sqlite(&folder)).await;
    let statements = "create table t (n int);\ninsert into t values (1);\n\ninsert into u values (2);\ninsert into t values (3);";
    let end = stage.run(sql(statements)).await;
    assert_eq!(end.result, TaskResult::Failed);
    assert_eq!(
        end.message,
        "statement 3 (line 13) on database link `db`: no such table: u; correct the statement"
    );
    assert_eq!(
        stage.warnings(),
        ["statements 1 to 2 were done before, and stay done unless they stood in a transaction"]
    );
    stage.run(sql("select n from t")).await;
    assert_eq!(stage.output().last().unwrap(), "1");
}

#[tokio::test]
async fn what_to_do_follows_from_what_went_wrong() {
    for (trouble, expected) in [
        (Trouble::Refused, "correct the statement"),
        (Trouble::AccessDenied, "give its user that right"),
        (
            Trouble::Lost,
            "look whether the statement was done before you run the step again",
        ),
        (
            Trouble::Cancelled,
            "a time limit or a person stopped it on the server",
        ),
    ] {
        let error = Error::new(trouble, "the server's words\n");
        let database = ScriptedDatabase::new([("call p()", Answer::Fails(error))]);
        let stage = stage(Arc::new(database.clone())).await;
        let end = stage.run(sql("call p()")).await;
        let message =
            format!("statement 1 (line 10) on database link `db`: the server's words; {expected}");
        assert_eq!(end.message, message);
        assert!(stage.warnings().is_empty());
    }
}

#[tokio::test]
async fn an_open_transaction_is_undone_when_a_later_statement_fails() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(sqlite(&folder)).await;
    stage.run(sql("create table t (n int)")).await;
    let end = stage
        .run(sql(
            "begin; insert into t values (1); insert into u values (2); commit",
        ))
        .await;
    assert_eq!(end.result, TaskResult::Failed);
    let end = stage.run(sql("select count(*) as all_rows from t")).await;
    assert_eq!(
        (end.result, stage.output().pop().unwrap()),
        (TaskResult::Succeeded, "       0".into())
    );
}

#[tokio::test]
async fn a_killed_statement_is_cancelled_and_the_database_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(sqlite(&folder)).await;
    stage.run(sql("create table t (n int)")).await;
    let statements = format!("begin; insert into t values (1); insert into t {ENDLESS}");
    let runs = || {
        let log = stage.output();
        log.iter().any(|it| it.starts_with("statement 3 of 3"))
    };
    let end = stage.kill_once(sql(&statements), runs).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Killed, "stop")
    );
    assert_eq!(
        stage.warnings(),
        [
            "stopped while statement 3 ran",
            "statements 1 to 2 were done before, and stay done unless they stood in a transaction"
        ]
    );
    let end = stage.run(sql("drop table t")).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
}

#[tokio::test]
async fn a_time_limit_cancels_on_the_server_too() {
    let database = ScriptedDatabase::new([("select sleep(60)", Answer::Hangs)]);
    let stage = stage(Arc::new(database.clone())).await;
    let mut late = sql("select sleep(60)");
    late.timeout = Some(Duration::from_millis(50));
    let end = stage.run(late).await;
    assert_eq!(end.result, TaskResult::TimedOut);
    assert_eq!((database.cancelled(), database.closed()), (1, 0));
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_no_killed_step_up() {
    let database = ScriptedDatabase::new([("select 1", Answer::IsStuck)]);
    let stage = stage(Arc::new(database.clone())).await;
    let end = stage
        .kill_once(sql("select 1"), || database.runs("select 1"))
        .await;
    assert_eq!(end.result, TaskResult::Killed);
    assert_eq!(
        stage.warnings()[0],
        "database link `db`: what ran there may run on, since it could not be cancelled: no answer within 2 s"
    );
}

#[tokio::test]
async fn the_log_is_told_while_a_statement_runs() {
    let database = ScriptedDatabase::new([("select 1", Answer::Hangs)]);
    let stage = stage(Arc::new(database.clone())).await;
    let is_told = || {
        stage
            .output()
            .iter()
            .any(|it| it.starts_with("statement 1 of 1"))
    };
    let end = stage.kill_once(sql("select 1"), is_told).await;
    assert_eq!(end.result, TaskResult::Killed);
}

#[tokio::test]
async fn warnings_of_the_server_are_logged_as_such_and_only_the_first_rows_are_shown() {
    let warned = Executed {
        warnings: vec!["truncated\nvalue".into(), "and more".into()],
        ..result("v", &[Some("a"), None], 1_000_000)
    };
    let database = ScriptedDatabase::new([("select v from t", Answer::Done(warned))]);
    let stage = stage(Arc::new(database.clone())).await;
    let end = stage.run(sql("select v from t;")).await;
    assert_eq!((end.result, database.closed()), (TaskResult::Succeeded, 1));
    assert_eq!(
        stage.warnings(),
        ["statement 1: truncated", "value", "statement 1: and more"]
    );
    let log = stage.output();
    assert_eq!(
        log[1..],
        [
            "statement 1: 1000000 rows in 0 ms; the first 2:",
            "v",
            "----",
            "a",
            "NULL"
        ]
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_named_with_what_to_do() {
    for (trouble, expected) in [
        (
            Trouble::Unreachable,
            "database link `my db`: connection refused; check its address, then try `peerflow link db test 'my db'`",
        ),
        (
            Trouble::AccessDenied,
            "database link `my db`: connection refused; check its user name and password, then try \
             `peerflow link db test 'my db'`",
        ),
    ] {
        let database = ScriptedDatabase(Arc::new(Script {
            refusal: Some(Error::new(trouble, "connection refused")),
            ..Script::default()
        }));
        let mut setting = Setting::default();
        let inline = InlineDatabase {
            kind: "MYSQL".into(),
            jdbc_url: "jdbc:mysql://h/d".into(),
            username: "u".into(),
            password: "geheim".into(),
        };
        let by_name = &mut setting.links.databases;
        by_name.insert("my db".into(), Arc::new(database.clone()));
        by_name.insert(inline.jdbc_url.clone(), Arc::new(database));
        let stage = Stage::with(setting).await;
        let on = |link| {
            task(Work::Sql(Sql {
                link,
                statements: "select 1".into(),
                line: 10,
            }))
        };
        let end = stage.run(on(DatabaseLink::Named("my db".into()))).await;
        assert_eq!(end.message, expected);
        let end = stage.run(on(DatabaseLink::Inline(inline))).await;
        let message = end.message;
        assert!(
            message.starts_with("the MYSQL database of the step itself: "),
            "{message}"
        );
        assert!(message.contains("check the step's "), "{message}");
        assert!(!message.contains("geheim"), "{message}");
        let end = stage.run(on(DatabaseLink::Named("none".into()))).await;
        assert_eq!(end.message, "there is no database link `none`");
    }
}

#[tokio::test]
async fn statements_that_cannot_be_told_apart_are_not_begun() {
    let database = ScriptedDatabase::new([("select 1", Answer::Done(Executed::default()))]);
    let stage = stage(Arc::new(database.clone())).await;
    for (statements, expected) in [
        (
            "select 1;\nselect 'a",
            "the statements cannot be told apart: line 11: a quote '",
        ),
        (
            "-- only\n;/* comments */",
            "there is no statement, only comments",
        ),
    ] {
        let end = stage.run(sql(statements)).await;
        assert_eq!((end.result, end.started_at), (TaskResult::Failed, None));
        assert!(end.message.starts_with(expected), "{}", end.message);
    }
    assert!(!database.runs("select 1"));
}

#[tokio::test]
async fn what_any_number_of_statements_say_stays_under_the_logs_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut setting = Setting::with_database(sqlite(&folder));
    setting.log_limit = Some(4_096);
    setting.log_tail = Some(1_024);
    let stage = Stage::with(setting).await;
    let end = stage.run(sql(&"select 1;\n".repeat(1_000))).await;
    assert_eq!(end.result, TaskResult::Succeeded);
    let log = stage.output();
    let bytes: usize = log.iter().map(String::len).sum();
    assert!(bytes < 6_000, "{bytes}");
    assert!(
        log.iter()
            .any(|it| it.starts_with("statement 1000 of 1000")),
        "{log:#?}"
    );
    until("the log is whole", || stage.warnings().len() == 2).await;
}
