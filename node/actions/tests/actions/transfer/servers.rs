//! The same on real servers: MariaDB at `PEERFLOW_TEST_MYSQL`, PostgreSQL at `PEERFLOW_TEST_POSTGRES`.

use std::sync::Arc;

use peerflow_actions::TaskResult;
use peerflow_rows::{Database, Session};
use peerflow_workflow::{TextFormat, TransferTarget};

use super::{files, into_file, into_table, query, transfer};
use crate::servers::Server;
use crate::stage::{Setting, Stage};

const ROWS: usize = 20_000;

fn line(row: usize) -> String {
    match row % 3 {
        0 => format!("{row},,\"\"\n"),
        1 => format!("{row},\"a \"\"quote\"\"\nand a line\",😀\n"),
        _ => format!("{row},\\N,\\\n"),
    }
}

/// Runs what a kind of database must hold, in a database of the test's own.
async fn all_or_nothing(database: Arc<dyn Database>) {
    let mut session = database.connect().await.unwrap();
    let stage = Stage::with(Setting::with_database(Arc::clone(&database))).await;
    let content: String = (0..ROWS).map(line).collect();
    let input = stage.path("in.csv");
    std::fs::write(&input, &content).unwrap();
    let input = input.to_string_lossy().into_owned();
    for writers in [1, 3, 2, 1] {
        let mut target = into_table("t");
        (target.writers, target.truncate) = (writers, true);
        let load = transfer(
            files(input.clone(), TextFormat::Csv),
            TransferTarget::Table(target),
        );
        let end = stage.run(load).await;
        assert_eq!(
            (end.result, end.message.as_str()),
            (TaskResult::Succeeded, "")
        );
        let output = stage.path("out.csv");
        let back = TransferTarget::File(into_file(output.to_string_lossy(), TextFormat::Csv));
        let end = stage
            .run(transfer(
                query("select * from t order by 0 + cast(c1 as decimal)"),
                back,
            ))
            .await;
        assert_eq!(
            (end.result, end.message.as_str()),
            (TaskResult::Succeeded, "")
        );
        assert!(std::fs::read_to_string(&output).unwrap() == content);
    }
    stays(&stage, &mut *session, input).await;
    forgotten(&*database, &mut *session).await;
}

/// A staging table that somebody uses is not taken for one that was left; once its session has ended it is.
async fn forgotten(database: &dyn Database, session: &mut dyn Session) {
    let dialect = database.dialect();
    let staging = dialect.staging_name("t", "peerflow_step_visit_1");
    let hold = dialect.hold_staging(&staging);
    let list = dialect.list_abandoned("t", "peerflow_step_").unwrap();
    let mut user = database.connect().await.unwrap();
    for hold in hold {
        user.execute(&hold, 1).await.unwrap();
    }
    let create = dialect.create_staging(&staging, "t");
    user.execute(&create, 0).await.unwrap();
    let left = session.execute(&list, 9).await.unwrap();
    assert_eq!(left.first_rows.rows(), 0);
    user.close().await;
    let found = loop {
        let left = session.execute(&list, 9).await.unwrap().first_rows;
        if let Some(Some(name)) = left.values().next() {
            break String::from_utf8(name.to_vec()).unwrap();
        }
    };
    let drop = dialect.drop_table(&found);
    session.execute(&drop, 0).await.unwrap();
    let left = session.execute(&list, 9).await.unwrap();
    assert_eq!(left.first_rows.rows(), 0);
}

/// A bad line leaves a table as it was, and nothing beside it.
async fn stays(stage: &Stage, session: &mut dyn Session, input: String) {
    let mut content: Vec<String> = (0..ROWS).map(line).collect();
    session
        .execute("create table n (a int, b text, c text)", 0)
        .await
        .unwrap();
    session
        .execute("insert into n values (7, 'old', null)", 0)
        .await
        .unwrap();
    content[15_000] = "none,x,y\n".to_owned();
    std::fs::write(&input, content.concat()).unwrap();
    for writers in [1, 3] {
        let mut target = into_table("n");
        (target.writers, target.truncate) = (writers, true);
        let load = transfer(
            files(input.clone(), TextFormat::Csv),
            TransferTarget::Table(target),
        );
        let end = stage.run(load).await;
        assert_eq!(end.result, TaskResult::Failed);
        assert!(
            end.message.contains("database link `db`: loading rows: "),
            "{}",
            end.message
        );
        let left = session.execute("select a from n", 2).await.unwrap();
        assert_eq!(
            left.first_rows.values().collect::<Vec<_>>(),
            [Some(&b"7"[..])]
        );
    }
    let others = format!(
        "select table_name from information_schema.tables where table_name not in ('t', 'n') \
         and table_schema = 'peerflow_test_actions_transfer_{}'",
        std::process::id()
    );
    let others = session.execute(&others, 1).await.unwrap();
    assert_eq!(others.first_rows.rows(), 0);
}

#[tokio::test]
async fn mariadb_is_filled_whole_or_stays_as_it_was() {
    let server = Server::mariadb("transfer").await;
    all_or_nothing(Arc::clone(&server.database)).await;
    server.end().await;
}

#[tokio::test]
async fn postgresql_is_filled_whole_or_stays_as_it_was() {
    let server = Server::postgres("transfer").await;
    all_or_nothing(Arc::clone(&server.database)).await;
    server.end().await;
}

#[tokio::test]
async fn a_table_without_transactions_is_filled_from_a_staging_table_with_a_warning() {
    let server = Server::mariadb("engine").await;
    let mut session = server.database.connect().await.unwrap();
    let stage = Stage::with(Setting::with_database(Arc::clone(&server.database))).await;
    for statement in [
        "create table m (a int) engine = MyISAM",
        "insert into m values (7)",
    ] {
        session.execute(statement, 0).await.unwrap();
    }
    let input = stage.path("in.csv");
    std::fs::write(&input, "1\n2\nnone\n").unwrap();
    let input = input.to_string_lossy().into_owned();
    let mut target = into_table("m");
    target.truncate = true;
    let load = transfer(
        files(input.clone(), TextFormat::Csv),
        TransferTarget::Table(target),
    );
    let end = stage.run(load.clone()).await;
    assert_eq!(end.result, TaskResult::Failed);
    let left = session.execute("select a from m", 3).await.unwrap();
    assert_eq!(
        left.first_rows.values().collect::<Vec<_>>(),
        [Some(&b"7"[..])]
    );
    assert!(
        stage
            .warnings()
            .iter()
            .any(|line| line.contains("an engine without transactions"))
    );

    std::fs::write(&input, "1\n2\n").unwrap();
    let end = stage.run(load).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let moved = session.execute("select a from m", 3).await.unwrap();
    assert_eq!(moved.first_rows.rows(), 2);
    server.end().await;
}

#[tokio::test]
async fn rows_are_moved_in_mariadb_by_the_rules_of_a_load_while_the_connection_waits() {
    let server = Server::mariadb("move").await;
    let mut session = server.database.connect().await.unwrap();
    let create = "create table t (id int auto_increment primary key, n tinyint)";
    session.execute(create, 0).await.unwrap();
    // Loose rules, and a server that ends whoever is silent for a second.
    let loose = server.mariadb_with("sql_mode='',wait_timeout=1");
    let stage = Stage::with(Setting::with_database(loose)).await;
    let mut target = into_table("t");
    target.writers = 2;
    let source = query("select 0, 5 + sleep(2) union all select 7, 6");
    let end = stage
        .run(transfer(source, TransferTarget::Table(target)))
        .await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let kept = "select group_concat(id, ':', n order by id) from t";
    let kept = session.execute(kept, 1).await.unwrap();
    assert_eq!(kept.first_rows.value(0, 0), Some(&b"0:5,7:6"[..]));
    server.end().await;
}

#[tokio::test]
async fn rows_that_a_trigger_of_postgresql_leaves_out_are_missed() {
    let server = Server::postgres("count").await;
    let mut session = server.database.connect().await.unwrap();
    for statement in [
        "create table t (a text)",
        "insert into t values ('old')",
        "create function f() returns trigger language plpgsql as \
         $$ begin if new.a = '2' then return null; end if; return new; end $$",
        "create trigger g before insert on t for each row execute function f()",
    ] {
        session.execute(statement, 0).await.unwrap();
    }
    let stage = Stage::with(Setting::with_database(Arc::clone(&server.database))).await;
    let input = stage.path("in.csv");
    std::fs::write(&input, "1\n2\n3\n").unwrap();
    let mut target = into_table("t");
    target.writers = 2;
    let source = files(input.to_string_lossy(), TextFormat::Csv);
    let end = stage
        .run(transfer(source, TransferTarget::Table(target)))
        .await;
    assert_eq!(end.result, TaskResult::Failed);
    assert!(
        end.message
            .contains("there were 3, and 2 arrived in table `t`"),
        "{}",
        end.message
    );
    let left = session.execute("select a from t", 9).await.unwrap();
    assert_eq!(left.first_rows.rows(), 1);
    server.end().await;
}

/// Staging tables of a step that never runs again are dropped by any other, but not those that somebody uses.
#[tokio::test]
async fn what_another_step_left_is_dropped_unless_somebody_uses_it() {
    let server = Server::postgres("left").await;
    let mut session = server.database.connect().await.unwrap();
    let mut user = server.database.connect().await.unwrap();
    let dialect = server.database.dialect();
    let of = |number: u32| {
        dialect.staging_name("t", &format!("peerflow_0123456789ab_01234567_{number}"))
    };
    let ours = "peerflow_of_a_user";
    for table in ["t", &of(1), &of(2), &of(3), ours] {
        let create = format!("create table {table} (c1 text)");
        session.execute(&create, 0).await.unwrap();
    }
    for hold in dialect.hold_staging(&of(2)) {
        user.execute(&hold, 1).await.unwrap();
    }
    let mut writer = server.database.connect().await.unwrap();
    writer.begin().await.unwrap();
    let write = format!("insert into {} values ('x')", of(3));
    writer.execute(&write, 0).await.unwrap();

    let stage = Stage::with(Setting::with_database(Arc::clone(&server.database))).await;
    let input = stage.path("in.csv");
    std::fs::write(&input, "1\n").unwrap();
    let source = files(input.to_string_lossy(), TextFormat::Csv);
    let load = transfer(source, TransferTarget::Table(into_table("t")));
    let end = stage.run(load).await;
    assert_eq!(end.message, "");
    let exists = |table: &str| format!("select 1 from pg_class where oid = to_regclass('{table}')");
    for (table, stays) in [(of(1), 0), (of(2), 1), (of(3), 1), (ours.to_owned(), 1)] {
        let found = session.execute(&exists(&table), 1).await.unwrap();
        assert_eq!(found.first_rows.rows(), stays, "{table}");
    }
    for session in [session, user, writer] {
        session.close().await;
    }
    server.end().await;
}
