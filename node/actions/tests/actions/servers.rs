//! Actions on real servers: MariaDB at `PEERFLOW_TEST_MYSQL`, PostgreSQL at `PEERFLOW_TEST_POSTGRES`.

use std::sync::Arc;

use peerflow_actions::{Task, TaskEnd, TaskResult};
use peerflow_mysql::MySqlDatabase;
use peerflow_postgres::PostgresDatabase;
use peerflow_rows::{Database, Executed, Session};
use peerflow_workflow::{DatabaseLink, Metadata, Work};
use tokio::sync::watch;

use crate::sql::sql;
use crate::stage::{Setting, Stage, task};

/// A server, and a database or schema of the test's own on it.
pub(crate) struct Server {
    pub(crate) database: Arc<dyn Database>,
    session: Box<dyn Session>,
    /// Sleeps for a minute.
    sleep: String,
    /// Counts those statements on the server.
    sleeping: String,
    /// Removes what the test made.
    end: String,
    /// Counts the tables of the test.
    tables: String,
    place: (String, u16),
    /// The same at another port of this machine, unencrypted.
    through: fn(&Self, u16) -> Arc<dyn Database>,
    name: String,
}

/// User, password, host and port of a URL.
fn parts(variable: &str, default: &str) -> (String, String, String, u16) {
    let url = std::env::var(variable).unwrap_or_else(|_unset| default.to_owned());
    let (_, rest) = url.split_once("://").unwrap();
    let rest = rest.split_once('/').map_or(rest, |(before, _)| before);
    let (user, place) = rest.rsplit_once('@').unwrap_or(("root", rest));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (host, port) = place.rsplit_once(':').unwrap();
    (
        user.to_owned(),
        password.to_owned(),
        host.to_owned(),
        port.parse().unwrap(),
    )
}

fn mariadb_settings() -> peerflow_mysql::Settings {
    let (user, password, host, port) = parts("PEERFLOW_TEST_MYSQL", "mysql://root@127.0.0.1:3306");
    peerflow_mysql::Settings {
        port,
        user,
        password,
        ..peerflow_mysql::Settings::new(host)
    }
}

fn postgres_settings(schema: &str) -> peerflow_postgres::Settings {
    let (user, password, host, port) = parts(
        "PEERFLOW_TEST_POSTGRES",
        "postgres://postgres@127.0.0.1:5432/postgres",
    );
    peerflow_postgres::Settings {
        host,
        port,
        database: "postgres".into(),
        user,
        password,
        properties: vec![("currentSchema".into(), schema.to_owned())],
        connect_timeout: peerflow_postgres::Settings::CONNECT_TIMEOUT,
    }
}

async fn run(session: &mut dyn Session, statement: &str) -> Executed {
    session.execute(statement, 100).await.unwrap()
}

impl Server {
    pub(crate) async fn mariadb(test: &str) -> Self {
        let mut settings = mariadb_settings();
        let name = format!("peerflow_test_actions_{test}_{}", std::process::id());
        let open = |settings: &peerflow_mysql::Settings| {
            Arc::new(MySqlDatabase::new(settings.clone()).unwrap())
        };
        let mut session = open(&settings).connect().await.unwrap();
        run(&mut *session, &format!("create database {name}")).await;
        settings.database = name.clone();
        Self {
            database: open(&settings),
            session,
            sleep: format!("select sleep(60) as {name}"),
            sleeping: format!(
                "select count(*) from information_schema.processlist where info = 'select sleep(60) as {name}'"
            ),
            end: format!("drop database {name}"),
            tables: format!(
                "select count(*) from information_schema.tables where table_schema = '{name}'"
            ),
            place: (settings.host, settings.port),
            through: |server, port| {
                let mut settings = mariadb_settings();
                (settings.host, settings.port) = ("127.0.0.1".into(), port);
                settings.database.clone_from(&server.name);
                settings
                    .properties
                    .insert("sslMode".into(), "DISABLED".into());
                Arc::new(MySqlDatabase::new(settings).unwrap())
            },
            name,
        }
    }

    /// One whose sessions have these variables.
    pub(crate) fn mariadb_with(&self, variables: &str) -> Arc<dyn Database> {
        let mut settings = mariadb_settings();
        settings.database.clone_from(&self.name);
        let property = ("sessionVariables".to_owned(), variables.to_owned());
        settings.properties.extend([property]);
        Arc::new(MySqlDatabase::new(settings).unwrap())
    }

    pub(crate) async fn postgres(test: &str) -> Self {
        let name = format!("peerflow_test_actions_{test}_{}", std::process::id());
        let settings = postgres_settings(&name);
        let place = (settings.host.clone(), settings.port);
        let database = Arc::new(PostgresDatabase::new(settings));
        let mut session = database.connect().await.unwrap();
        run(&mut *session, &format!("create schema {name}")).await;
        Self {
            database,
            session,
            sleep: format!("select pg_sleep(60) as {name}"),
            sleeping: format!(
                "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(60) as {name}'"
            ),
            end: format!("drop schema {name} cascade"),
            tables: format!(
                "select count(*) from information_schema.tables where table_schema = '{name}'"
            ),
            place,
            through: |server, port| {
                let mut settings = postgres_settings(&server.name);
                (settings.host, settings.port) = ("127.0.0.1".into(), port);
                settings
                    .properties
                    .push(("sslmode".into(), "disable".into()));
                Arc::new(PostgresDatabase::new(settings))
            },
            name,
        }
    }

    /// Where it listens.
    pub(crate) fn place(&self) -> (String, u16) {
        self.place.clone()
    }

    /// The same database through another port of this machine.
    pub(crate) fn through(&self, port: u16) -> Arc<dyn Database> {
        (self.through)(self, port)
    }

    /// The query that counts the tables of the test.
    pub(crate) fn count_tables(&self) -> String {
        self.tables.clone()
    }

    async fn stage(&self) -> Stage {
        Stage::with(Setting::with_database(Arc::clone(&self.database))).await
    }

    async fn sleeping(&mut self) -> u32 {
        let counted = run(&mut *self.session, &self.sleeping).await;
        let count = counted.first_rows.value(0, 0).unwrap();
        std::str::from_utf8(count).unwrap().parse().unwrap()
    }

    /// Runs the statement that sleeps, and kills it once the server knows of it.
    async fn kill_asleep(&mut self, stage: &Stage) -> TaskEnd {
        let (kill, signal) = watch::channel(None);
        let asleep = sql(&self.sleep);
        let killing = async {
            let waiting = async {
                while self.sleeping().await == 0 {
                    tokio::task::yield_now().await;
                }
            };
            let bound = std::time::Duration::from_secs(30);
            tokio::time::timeout(bound, waiting).await.unwrap();
            kill.send_replace(Some("stop".to_owned()));
        };
        tokio::join!(stage.run_with(asleep, signal), killing).0
    }

    pub(crate) async fn end(mut self) {
        run(&mut *self.session, &self.end).await;
        self.session.close().await;
    }
}

fn comment() -> Task {
    let mut task = task(Work::Metadata(Metadata {
        link: DatabaseLink::Named("db".into()),
        table: "daily".into(),
        from: vec!["orders".into()],
        column_comments: vec![("amount".into(), "the day's 'sum'; 元".into())],
        table_comment: None,
    }));
    Arc::make_mut(&mut task.workflow).description = "one row a day".into();
    task
}

/// What any server must do.
async fn is_served(mut server: Server) {
    let stage = server.stage().await;
    let end = server.kill_asleep(&stage).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Killed, "stop")
    );
    assert_eq!(stage.warnings(), ["stopped while statement 1 ran"]);
    // The server carries a cancellation out when it comes to it.
    let mut asked = 0;
    while server.sleeping().await > 0 {
        asked += 1;
        assert!(asked < 10_000, "it is still on the server");
        tokio::task::yield_now().await;
    }

    let end = stage
        .run(sql(
            "create table orders (day date, amount decimal(10,2));\n\
            create table daily (day date not null primary key, amount decimal(10,2) default 1.5);\n\
            insert into orders values ('2026-01-01', 1.25), ('2026-01-01', 2);\n\
            insert into daily select day, sum(amount) from orders group by day;\n\
            select * from daily",
        ))
        .await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let log = stage.output();
    assert_eq!(
        log[log.len() - 3..],
        [
            "day        | amount",
            "-----------+-------",
            "2026-01-01 |   3.25"
        ]
    );
    let end = stage.run(sql("select 1;\n\nselect * from nowhere")).await;
    let message = end.message;
    assert!(
        message.starts_with("statement 2 (line 12) on database link `db`: ")
            && message.contains("nowhere"),
        "{message}"
    );

    let end = stage.run(comment()).await;
    assert!(
        end.message.contains("no comment for column `day`"),
        "{}",
        end.message
    );
    let mut session = server.database.connect().await.unwrap();
    let mut of_orders = session.comments("orders").await.unwrap().unwrap();
    of_orders.table = None;
    of_orders.columns[0].1 = "day of the order".into();
    session.set_comments("orders", &of_orders).await.unwrap();
    let end = stage.run(comment()).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let of_daily = session.comments("daily").await.unwrap().unwrap();
    assert_eq!(of_daily.table.as_deref(), Some("one row a day"));
    assert_eq!(of_daily.columns[0].1, "day of the order");
    assert_eq!(of_daily.columns[1].1, "the day's 'sum'; 元");
    session.close().await;
    server.end().await;
}

#[tokio::test]
async fn mariadb_runs_statements_stops_them_and_takes_comments() {
    is_served(Server::mariadb("whole").await).await;
}

#[tokio::test]
async fn postgresql_runs_statements_stops_them_and_takes_comments() {
    is_served(Server::postgres("whole").await).await;
}
